"""Draws of the simulation: stakes of progressions by hand, and true edges that depend on time."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernel.codes import State
from tests.truth.draws import MONTH, PROGRESSIONS, Bets, Days, edges, weights
from tests.truth.market import World, market
from tests.truth.sweep import walked


def stakes(kind: str, gains: list[float], days: list[int] | None = None, bankroll: float = 100.0) -> list[float]:
    """Stakes of one configuration at odds of 2, beside one that wins every time."""
    n = len(gains)
    day = np.repeat(np.arange(n) if days is None else days, 2)
    gain = np.stack([gains, np.ones(n)], axis=1).ravel()
    bets = Bets(day, np.tile([0, 1], n), gain, np.full(2 * n, 2.0))
    found = weights(kind, bets, bankroll)
    assert (found[1::2] == 1.0).all()
    return found[::2].tolist()


def test_stakes_of_progressions_by_hand() -> None:
    gains = [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0]
    assert stakes("dalembert", gains) == [1, 2, 3, 2, 3, 2, 1]
    assert stakes("martingale", gains) == [1, 2, 4, 1, 2, 1, 1]
    assert stakes("recover", gains) == [1, 1, 2, 1, 1, 1, 1]  # 2 down after two losses, then 1 down
    # two bets a day: the stake changes from day to day only; the second day ends level and changes nothing back
    assert stakes("martingale_days", [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0], [0, 0, 1, 1, 2, 2]) == [1, 1, 2, 2, 1, 1]


def test_no_stake_is_above_the_account() -> None:
    assert stakes("martingale", [-1.0] * 5, bankroll=10.0) == pytest.approx([1, 2, 4, 3, 0.01])


@pytest.mark.parametrize("kind", sorted(PROGRESSIONS))
def test_a_progression_has_no_edge(kind: str) -> None:
    """Stakes depend on earlier results alone: the mean of stake times gain is zero over many worlds."""
    rng = np.random.default_rng(3)
    world = World("disjoint", 60, configurations=20, days=200, staking=kind, bankroll_stakes=100.0)
    simulated = market(world, rng)
    profits = []
    for _ in range(100):
        tape = simulated.with_results(rng)
        gain = np.where(tape.state == int(State.WIN), tape.quoted - 1.0, -1.0)
        profits.append(np.bincount(simulated.owners(), tape.size_minor / 10_000.0 * gain, 20))
    mean = np.mean(profits)
    assert abs(mean) < 4.0 * np.std(profits) / np.sqrt(np.size(profits))
    assert np.std(profits) > 1.1 * np.sqrt(60)  # larger than flat stakes


def test_the_walk_stakes_the_progression_and_counts_bets_alike_at_level_stakes() -> None:
    rng = np.random.default_rng(6)
    simulated = market(World("disjoint", 60, configurations=10, days=200, staking="martingale"), rng)
    tape = simulated.with_results(rng)
    result, gain = walked(simulated, tape, 1), np.where(tape.state == int(State.WIN), tape.quoted - 1.0, -1.0)
    owners = simulated.owners()
    assert result.days.sum(axis=1) == pytest.approx(np.bincount(owners, tape.size_minor * gain, 10), abs=10.0)
    assert result.level.sum(axis=1) == pytest.approx(np.bincount(owners, gain, 10), abs=0.01)
    assert (result.level_turnover[:, 0] == np.bincount(owners, minlength=10)).all()


def test_edges_have_the_stated_size() -> None:
    rng = np.random.default_rng(4)
    days, owner = Days(np.tile(np.arange(720), 50), 720), np.repeat(np.arange(50), 720)
    wander = edges("wander", 0.04, days, owner, rng).reshape(50, 720 // MONTH, MONTH)
    assert (wander == wander[:, :, :1]).all() and wander.std() == pytest.approx(0.04, rel=0.05)
    months = [edges("months", 0.03, days, owner, rng).reshape(50, 24, MONTH) for _ in range(40)]
    assert (months[0] == months[0][:1, :, :1]).all()
    # one bet a day of variance 1: the months have 3 % of it
    assert np.var(months) == pytest.approx(0.03, rel=0.15)
    drift = edges("drift", 0.05, days, owner, rng)
    assert (drift[0], drift[719]) == pytest.approx((0.05, -0.05)) and abs(drift.mean()) < 1e-12
    form = edges("form", 0.1, days, owner, rng)
    assert form.std() == pytest.approx(0.1, rel=0.05) and len(np.unique(form)) < len(form)


def test_a_fair_close_knows_the_edge_of_each_bet() -> None:
    rng = np.random.default_rng(5)
    simulated = market(World("planted", 2_000, 1, 0.03, beside=3, moved=0.05), rng)
    tapes = [simulated.with_results(rng) for _ in range(10)]
    clv = np.array([tape.quoted * tape.close_prob - 1.0 for tape in tapes])
    won = np.array([tape.state == int(State.WIN) for tape in tapes])
    has_edge = simulated.truth * simulated.tape.quoted > 1.01
    assert clv[:, has_edge].mean() == pytest.approx(0.03, abs=0.002) and clv.std(axis=0).mean() > 0.04
    assert clv[:, ~has_edge].mean() == pytest.approx(0.0, abs=0.002)
    gain = np.where(won, simulated.tape.quoted, 0.0) - 1.0
    high = clv > 0.05
    assert gain[high].mean() == pytest.approx(clv[high].mean(), abs=4.0 / np.sqrt(high.sum()))
