"""Backtest and runner give equal bets, stakes and reasons in order, and the same bankroll to the unit."""

from __future__ import annotations

from functools import lru_cache

import pytest

from engine.kernel.codes import REASONS
from tests.parity.drive import Outcome
from tests.parity.scenarios import busy_scenarios, exchange_scenarios, plain_scenarios
from tests.parity.worlds import World, exchange, sample

PLAIN, BUSY, EXCHANGE = plain_scenarios(), busy_scenarios(), exchange_scenarios()
ALL = {**PLAIN, **BUSY, **EXCHANGE}


@lru_cache
def history(is_exchange: bool) -> World:
    """The first events of the sample, on which every built-in strategy bets 200 times, or fewer on an exchange."""
    return exchange(sample().first(50), 1) if is_exchange else sample().first(240)


@lru_cache
def outcomes(name: str) -> tuple[Outcome, Outcome]:
    """Of the walk and of the runner."""
    return ALL[name].both(history(name in EXCHANGE))


@pytest.mark.parametrize("name", list(ALL))
def test_runner_and_backtest_are_equal(name: str) -> None:
    walk, live = outcomes(name)
    assert live.decisions == walk.decisions
    assert live.pnl == walk.pnl and len(set(walk.pnl.values())) > 1
    assert live.equity == walk.equity


@pytest.mark.parametrize("name", list(PLAIN))
def test_every_built_in_strategy_bets_at_least_200_times(name: str) -> None:
    assert sum(reason == "placed" for _, reason, _ in outcomes(name)[0].decisions) >= 200


def test_every_reason_occurs() -> None:
    assert {reason for name in ALL for _, reason, _ in outcomes(name)[0].decisions} == set(REASONS)
