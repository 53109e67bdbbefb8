"""The paired difference: estimate by hand, spread by the delta method, coverage, properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.inference.bootstrap import generator, ratio_interval
from research.inference.differences import PairedRatios, Ratio, paired_ratio

RNG = np.random.default_rng


def market(events: int, seed: int, shared: float = 0.9) -> tuple[Ratio, Ratio]:
    """Two configurations on nearly the same events, one to three bets each; most bets win and lose together."""
    rng = RNG(seed)
    sides = []
    home = rng.random(events) < 0.5
    for extra in (0.00, 0.03):
        event = np.repeat(np.arange(events), rng.integers(1, 4, events))
        kept = rng.random(events)[event] < 0.95
        event = event[kept]
        won = np.where(rng.random(len(event)) < shared, home[event], rng.random(len(event)) < 0.5)
        stake = rng.uniform(10, 30, len(event))
        sides.append(Ratio(np.where(won, 1.0 + extra, -1.0) * stake, stake, event))
    return sides[0], sides[1]


def by_hand(first: Ratio, second: Ratio) -> tuple[float, float, int]:
    """Difference, its standard error by the delta method, and the number of common events; in plain loops."""
    tables: list[dict[int, list[float]]] = []
    for side in (first, second):
        table: dict[int, list[float]] = {}
        for top, bottom, event in zip(side.top, side.bottom, side.event, strict=True):  # type: ignore[arg-type]
            line = table.setdefault(int(event), [0.0, 0.0])
            line[0] += float(top)
            line[1] += float(bottom)
        tables.append(table)
    common = sorted(set(tables[0]) & set(tables[1]))
    totals = [[sum(table[e][k] for e in common) for k in (0, 1)] for table in tables]
    ratios = [top / bottom for top, bottom in totals]
    m = len(common)
    influence = [
        (tables[0][e][0] - ratios[0] * tables[0][e][1]) / (totals[0][1] / m)
        - (tables[1][e][0] - ratios[1] * tables[1][e][1]) / (totals[1][1] / m)
        for e in common
    ]
    spread = math.sqrt(sum(one**2 for one in influence) / (m - 1) / m)
    return ratios[0] - ratios[1], spread, m


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_estimate_and_spread_equal_those_of_the_delta_method(seed: int) -> None:
    first, second = market(1500, seed)
    found = paired_ratio(first, second, generator(seed, "pairs"), replicates=4000)
    estimate, spread, common = by_hand(first, second)
    assert found.difference.estimate == pytest.approx(estimate, abs=1e-12)
    assert found.first - found.second == pytest.approx(estimate, abs=1e-12)
    assert found.common == common
    assert found.difference.se == pytest.approx(spread, rel=0.06)  # 4,000 replicates: 1.1 %; the delta method: 1/m
    assert found.difference.high - found.difference.low == pytest.approx(2 * 1.645 * spread, rel=0.1)


def test_random_groups_of_many_events_keep_the_spread() -> None:
    first, second = market(12_000, 5)
    found = paired_ratio(first, second, generator(5, "pairs"), replicates=4000)
    assert found.difference.se == pytest.approx(by_hand(first, second)[1], rel=0.08)


def test_a_paired_interval_is_narrower_than_two_separate_ones() -> None:
    first, second = market(1500, 7)
    found = paired_ratio(first, second, generator(7, "pairs"))
    apart = [
        ratio_interval(one.top, one.bottom, one.event, generator(7, k)).se for k, one in enumerate((first, second))
    ]
    assert found.difference.se < 0.6 * math.hypot(*apart)


@pytest.mark.slow
def test_nine_in_ten_intervals_contain_the_truth() -> None:
    """At about the smallest reported size, and above: within 4 standard errors of 90 % of 600."""
    for events in (110, 400):
        held = 0
        for seed in range(600):
            first, second = market(events, 10_000 + seed)
            found = paired_ratio(first, second, generator(seed, "coverage"), replicates=400).difference
            held += found.low <= -0.015 <= found.high  # (0 - 0.03) / 2: half of the bets win, at 1.00 and 1.03
        assert abs(held / 600 - 0.9) < 4 * math.sqrt(0.9 * 0.1 / 600), (events, held / 600)


def test_events_of_only_one_side_are_counted_and_left_out() -> None:
    first = Ratio([5.0] * 30 + [1e9], [10.0] * 31, [*range(30), 99])
    second = Ratio([-5.0] * 20, [10.0] * 20, range(10, 30))
    found = paired_ratio(first, second, generator(0))
    assert (found.common, found.first_only, found.second_only) == (20, 11, 0)
    assert (found.first, found.second, found.difference.estimate) == (0.5, -0.5, 1.0)
    assert not found.difference.known  # all events are alike, so there is no spread


@pytest.mark.parametrize(
    ("second", "common"),
    [
        (Ratio([], [], np.empty(0, np.int64)), 0),
        (Ratio([1.0], [1.0], [7]), 0),
        (Ratio([1.0] * 9, [1.0] * 9, range(9)), 9),
    ],
)
def test_too_few_common_events_give_no_interval(second: Ratio, common: int) -> None:
    rng = RNG(0)
    first = Ratio(rng.normal(size=6), np.ones(6), [0, 0, 1, 2, 3, 4])
    found = paired_ratio(first, second, generator(0))
    assert found.common == min(common, 5) and not found.difference.known
    assert math.isnan(found.difference.estimate) == (common == 0)


def test_no_stake_on_the_common_events_gives_nan() -> None:
    zero = Ratio([0.0] * 20, [0.0] * 20, range(20))
    found = paired_ratio(zero, Ratio([1.0] * 20, [2.0] * 20, range(20)), generator(0))
    assert math.isnan(found.first) and found.second == 0.5 and math.isnan(found.difference.estimate)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100))
def test_swapping_the_sides_negates_the_difference_and_units_do_not_matter(seed: int, unit: float) -> None:
    first, second = market(60, seed)
    found = paired_ratio(first, second, generator(seed))
    swapped = paired_ratio(second, first, generator(seed))
    assert swapped.difference.estimate == pytest.approx(-found.difference.estimate, abs=1e-12)
    assert swapped.difference.low == pytest.approx(-found.difference.high, abs=1e-9)
    assert (swapped.first_only, swapped.second_only) == (found.second_only, found.first_only)
    scaled = Ratio(np.asarray(first.top) * unit, np.asarray(first.bottom) * unit, first.event)
    again = paired_ratio(scaled, second, generator(seed))
    assert again.difference.high == pytest.approx(found.difference.high, abs=1e-9)


def test_the_same_seed_gives_the_same_interval_in_any_order_of_bets() -> None:
    first, second = market(300, 1)
    order = RNG(0).permutation(len(np.asarray(first.event)))
    shuffled = Ratio(*(np.asarray(column)[order] for column in (first.top, first.bottom, first.event)))
    one, two = (paired_ratio(side, second, generator(1)) for side in (first, shuffled))
    assert one.difference.low == pytest.approx(two.difference.low, abs=1e-9)
    same: PairedRatios = paired_ratio(first, first, generator(1))
    assert same.difference.estimate == 0.0 and not same.difference.known
