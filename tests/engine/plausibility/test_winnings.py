"""Winnings that fair odds do not allow are found; luck and a true edge are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.plausibility.winnings import FEWEST_FLAGGED_BETS, event_sums, implausible_yield, too_many_hits


def test_event_sums_equal_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    columns, event = rng.normal(size=(500, 2)), rng.integers(-9, 9, 500) * 10**15
    found = event_sums(columns, event)
    for place, name in enumerate(sorted(set(event.tolist()))):
        for k in range(2):
            expected = math.fsum(columns[i, k] for i in range(500) if event[i] == name)
            assert found[place, k] == pytest.approx(expected, abs=1e-12)


def test_hits_beyond_fair_odds_are_flagged() -> None:
    rng = np.random.default_rng(34)
    for fair in (0.1, 0.5, 0.8):
        chances = np.full(4_000, fair)
        assert not too_many_hits(rng.random(4_000) < fair, chances, np.arange(len(chances)))
        assert not too_many_hits(rng.random(4_000) < fair * 1.05, chances, np.arange(len(chances)))
        assert not too_many_hits(rng.random(4_000) < fair * 0.5, chances, np.arange(len(chances)))
    assert too_many_hits(rng.random(4_000) < 0.7, np.full(4_000, 0.5), np.arange(4_000))
    assert too_many_hits(rng.random(4_000) < 0.3, np.full(4_000, 0.2), np.arange(4_000))


def test_the_bound_of_hits() -> None:
    """100 bets at 1/2: the bound is 57.5 hits, and four standard deviations are 20 more."""
    chances = np.full(100, 0.5)
    assert not too_many_hits(np.arange(100) < 77, chances, np.arange(len(chances)))
    assert too_many_hits(np.arange(100) < 78, chances, np.arange(len(chances)))


def test_hits_without_a_closing_price_do_not_count() -> None:
    won, chances = np.ones(120, bool), np.full(120, np.nan)
    chances[:49] = 0.5
    assert not too_many_hits(won, chances, np.arange(len(chances)))
    chances[49] = 0.5
    assert too_many_hits(won, chances, np.arange(len(chances)))
    won[50:] = False
    assert too_many_hits(won, chances, np.arange(len(chances)))


def test_bets_of_one_event_are_one_observation() -> None:
    """Five equal bets per match: counted as five, a few in thousands would be flagged without any edge."""
    rng, chances = np.random.default_rng(35), np.full(300, 0.5)
    event = np.repeat(np.arange(60), 5)
    assert not any(too_many_hits(np.repeat(rng.random(60) < 0.5, 5), chances, event) for _ in range(3_000))
    assert not too_many_hits(np.ones(245, bool), chances[:245], event[:245]), "49 events are too few"
    assert too_many_hits(np.ones(300, bool), chances, event)
    together, apart = np.arange(300) < 240, np.arange(300)
    assert too_many_hits(together, chances, apart) and not too_many_hits(together, chances, event)


def test_a_yield_of_luck_is_plausible_and_one_of_noise_is_not() -> None:
    rng, event = np.random.default_rng(38), np.arange(400)
    won = rng.random(400) < 0.55
    assert not implausible_yield(np.where(won, 100.0, -100.0), np.full(400, 100.0), event)
    assert implausible_yield(np.where(won, 300.0, -100.0), np.full(400, 100.0), event)
    few = FEWEST_FLAGGED_BETS - 1
    assert not implausible_yield(np.full(few, 900.0), np.full(few, 100.0), np.arange(few))
