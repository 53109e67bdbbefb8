"""The whole runner over the paper venue ends as the backtest, and the venue's own account agrees with the ledger."""

from __future__ import annotations

from functools import lru_cache

import pytest

from tests.parity.full import compared
from tests.parity.scenarios import busy_scenarios, exchange_scenarios
from tests.parity.worlds import World, exchange, sample

BUSY, EXCHANGE = busy_scenarios(), exchange_scenarios()


@lru_cache
def history(is_exchange: bool) -> World:
    return exchange(sample().first(8), 1) if is_exchange else sample().first(40)


@pytest.mark.parametrize("name", [*BUSY, *EXCHANGE])
def test_the_runner_ends_as_the_backtest(name: str) -> None:
    walk, live, cash = compared({**BUSY, **EXCHANGE}[name], history(name in EXCHANGE))
    assert live.decisions == walk.decisions and live.decisions
    assert live.pnl == walk.pnl
    assert live.equity == walk.equity
    assert cash == sum(recorded.entry.money.cash for recorded in live.entries)
