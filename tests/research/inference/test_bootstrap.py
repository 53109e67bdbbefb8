"""The bootstrap over events, compared with plain loops and an analytic case; coverage of its intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.bootstrap import (
    FEWEST_EVENTS,
    bca_quantiles,
    generator,
    random_groups,
    ratio_interval,
    resample,
)


def test_draws_depend_only_on_seed_and_purpose() -> None:
    first = generator(3, "yield", "season").random(4)
    assert np.array_equal(first, generator(3, "yield", "season").random(4))
    assert not np.array_equal(first, generator(4, "yield", "season").random(4))
    assert not np.array_equal(first, generator(3, "yield", "month").random(4))
    assert not np.array_equal(generator(1, "ab", "c").random(2), generator(1, "a", "bc").random(2))


def test_replicates_equal_a_plain_loop() -> None:
    """The same index draws, summed one by one in plain Python."""
    sums = np.random.default_rng(1).normal(size=(40, 2))
    found = resample(sums, generator(7, "loop"), 25)
    index = generator(7, "loop").integers(0, 40, size=(25, 40), dtype=np.int64)
    for row in range(25):
        for k in range(2):
            total = 0.0
            for event_index in index[row]:
                total += float(sums[int(event_index), k])
            assert found[row, k] == pytest.approx(total, abs=1e-12)


def test_interval_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    event = np.repeat(np.arange(30), 3)
    profit, stake = rng.normal(size=90), rng.uniform(1, 2, 90)
    found = ratio_interval(profit, stake, event, generator(5, "x"), replicates=400)
    index = generator(5, "x").integers(0, 30, size=(400, 30), dtype=np.int64)
    ratios = []
    for row in index.tolist():
        top = bottom = 0.0
        for event_index in row:
            for bet in range(90):
                if event[bet] == event_index:
                    top, bottom = top + profit[bet], bottom + stake[bet]
        ratios.append(top / bottom)
    total = profit.sum() / stake.sum()
    influence = np.bincount(event, profit - total * stake)
    low, high = bca_quantiles(np.array(ratios), total, influence, [0.05, 0.95])
    assert found.low == pytest.approx(low, abs=1e-12)
    assert found.high == pytest.approx(high, abs=1e-12)
    assert found.estimate == pytest.approx(profit.sum() / stake.sum(), abs=1e-12)


def test_standard_error_of_a_mean_is_the_textbook_one() -> None:
    """With one bet per event and equal stakes the standard error tends to sd / sqrt(n)."""
    values = np.random.default_rng(3).normal(0.02, 1.0, 1500)
    found = ratio_interval(values, np.ones(1500), np.arange(1500), generator(0, "se"), replicates=6000)
    assert found.se == pytest.approx(values.std() / math.sqrt(1500), rel=0.03)
    half = (found.high - found.low) / 2
    assert half == pytest.approx(1.6449 * values.std() / math.sqrt(1500), rel=0.04)


def test_bets_of_one_event_are_not_independent() -> None:
    """Ten equal bets on each event carry as much information as one, so the interval must not shrink."""
    values = np.random.default_rng(4).normal(size=300)
    alone = ratio_interval(values, np.ones(300), np.arange(300), generator(0, "a"), replicates=3000)
    tenfold = ratio_interval(
        np.repeat(values, 10), np.ones(3000), np.repeat(np.arange(300), 10), generator(0, "a"), replicates=3000
    )
    assert tenfold.se == pytest.approx(alone.se, rel=1e-9)


def test_random_groups_keep_total_and_spread() -> None:
    sums = np.random.default_rng(5).exponential(size=(50_000, 2))
    grouped = random_groups(sums, generator(0, "g"))
    assert grouped.shape == (2048, 2)
    assert np.allclose(grouped.sum(axis=0), sums.sum(axis=0), rtol=1e-12)
    exact = math.sqrt(50_000) * sums[:, 0].std()
    assert math.sqrt(2048) * grouped[:, 0].std() == pytest.approx(exact, rel=0.06)


def test_coverage_is_near_the_confidence_level() -> None:
    rng, hits = np.random.default_rng(6), 0
    for trial in range(300):
        won = rng.random(250) < 0.5
        found = ratio_interval(
            np.where(won, 1.0, -1.0), np.ones(250), np.arange(250), generator(trial, "c"), replicates=300
        )
        hits += found.low <= 0.0 <= found.high
    assert 0.84 <= hits / 300 <= 0.95


@pytest.mark.parametrize("events", [0, 1, FEWEST_EVENTS - 1])
def test_too_few_events_give_no_interval(events: int) -> None:
    found = ratio_interval(np.ones(events), np.ones(events), np.arange(events), generator(0, "few"))
    assert not found.known and math.isnan(found.se)
    assert math.isnan(found.estimate) if events == 0 else found.estimate == 1.0


def test_bets_that_were_all_lost_give_no_interval() -> None:
    found = ratio_interval(-np.ones(50), np.ones(50), np.arange(50), generator(0, "lost"))
    assert found.estimate == -1.0 and not found.known
