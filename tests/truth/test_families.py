"""Families of simulated sweeps: their ledgers, pilots, and the verdict of price with a close that is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.truth.closes import CLOSES, Close
from tests.truth.families import LOOKS, PILOTS, families_of, first_days
from tests.truth.market import World, market
from tests.truth.reading import price
from tests.truth.sweep import sweep, sweeps

pytestmark = pytest.mark.slow

WORLD = World("disjoint", 60, configurations=6, days=200)


def test_a_renamed_copy_of_the_events_is_the_same_family() -> None:
    (family,) = families_of("ten", WORLD, 1, 0, 1)
    same, renamed = ([row["ledgers"][name] for row in family] for name in ("same", "renamed"))
    assert [one["look"] for one in same] == [one["look"] for one in renamed] == list(range(1, LOOKS + 1))
    assert [one["effective"] for one in same] == [one["effective"] for one in renamed]
    assert all(
        low < high <= 6 * (look + 1) for look, (low, high) in enumerate(pairwise(e["effective"] for e in same), 1)
    )


def test_pilots_are_looks_and_take_nothing_away() -> None:
    (family,) = families_of("pilots", WORLD, 1, 0, 1)
    ledgers = [row["ledgers"]["same"] for row in family]
    assert [one["look"] for one in ledgers] == list(range(1, 2 * PILOTS + 1))
    effective = [one["effective"] for one in ledgers]
    assert all(low <= high for low, high in pairwise(effective)) and effective[-1] <= 6 * PILOTS
    assert effective[-1] > 4.0 * PILOTS


def test_a_pilot_sees_the_first_days_of_the_same_results() -> None:
    rng = np.random.default_rng(1)
    simulated = market(WORLD, rng)
    tape = simulated.with_results(rng)
    whole, part = sweep(simulated, tape, 3).result, sweep(simulated, first_days(tape, 45), 3).result
    assert part.days.shape == (6, 45) and np.array_equal(part.days, whole.days[:, :45])
    assert part.days.any()


def test_a_close_that_is_far_off_is_silent_and_a_fair_one_finds_the_edge() -> None:
    world = World("planted", 1_000, 1, 0.03, beside=3, days=365, configurations=20, moved=0.05)
    rows = sweeps(world, 1, 0, 6)
    found = {close.name: [price(row, close.name) for row in rows] for close in CLOSES}
    assert found["fair"].count("beats") >= 3 and found["noisy"].count("beats") >= 3
    assert set(found["far"]) == {"silent"} and "silent" not in found["biased"]
    without = sweeps(World("overlapping", 300, beside=4, days=365, configurations=20, moved=0.05), 1, 0, 6)
    assert sum(price(row, close.name) == "beats" for row in without for close in CLOSES) <= 1


@pytest.mark.parametrize("close", CLOSES, ids=lambda close: close.name)
def test_a_close_has_its_mean_return(close: Close) -> None:
    """Return at fair closing odds of many bets, against the stated mean."""
    rng = np.random.default_rng(2)
    fair = np.full(400_000, 0.5)
    returns = fair / close.probabilities(fair, rng) - 1.0
    assert returns.mean() == pytest.approx(close.mean_return, abs=5e-4)
    rulers = [close.ruler(3, rng) for _ in range(200)]
    passed = np.mean([ruler.passes.all() for ruler in rulers])
    assert passed == 0.0 if close.bias > 0.03 else passed > 0.97
    taus = np.mean([ruler.tau[0] for ruler in rulers])
    assert taus == pytest.approx(np.hypot(close.mean_return, 0.0055), abs=0.0015)
