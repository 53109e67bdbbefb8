"""The cause of one pair, from its facts alone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kernel.codes import REASONS
from research.drift.causes import MEANINGS, WORDS, Cause, cause_of, of_word

BET: dict[str, Any] = {
    "reason": "placed", "reason_backtest": "placed", "odds": 2.0, "odds_backtest": 2.0, "prob_differs": False,
    "quote_known_ns": 5, "quote_known_ns_backtest": 5, "was_stopped": False, "asked_minor": 100, "stake_minor": 100,
    "stake_backtest_minor": 100, "odds_placed": 2.0, "odds_placed_backtest": 2.0, "pnl_minor": 100,
    "pnl_backtest_minor": 100, "pnl_by_rule_minor": 100, "ended": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({}, Cause.IDENTICAL),
        ({"reason": None}, Cause.UNKNOWN),
        ({"reason": None, "was_stopped": True}, Cause.STOPPED),
        ({"reason_backtest": None}, Cause.UNKNOWN),
        ({"reason_backtest": None, "reason": "settled"}, Cause.IDENTICAL),
        ({"odds": 2.1, "quote_known_ns": 4}, Cause.LATENCY),
        ({"odds": 2.1}, Cause.UNKNOWN),
        ({"prob_differs": True}, Cause.UNKNOWN),
        ({"reason": "edge", "reason_backtest": "edge"}, Cause.IDENTICAL),
        ({"reason": "edge"}, Cause.UNKNOWN),
        ({"reason": "cap_day"}, Cause.UNKNOWN),
        ({"reason": "breaker_drawdown"}, Cause.UNKNOWN),
        ({"reason": "breaker_service"}, Cause.BREAKER),
        ({"reason": "breaker_drawdown", "ended": "abandoned"}, Cause.BREAKER),
        ({"reason": "order_rate", "ended": "abandoned"}, Cause.BREAKER),
        ({"reason": "connect_refused", "ended": "abandoned"}, Cause.LATENCY),
        ({"reason": "market_suspended", "ended": "rejected"}, Cause.REJECTION),
        ({"reason": "price_moved", "ended": "rejected"}, Cause.PRICE_MOVED),
        ({"reason_backtest": "rejected"}, Cause.REJECTION),
        ({"reason_backtest": "price_moved"}, Cause.PRICE_MOVED),
        ({"odds_placed": 1.99}, Cause.ROUNDING),
        ({"odds_placed": 1.98}, Cause.PRICE_MOVED),
        ({"stake_minor": 50}, Cause.LIMIT),
        ({"stake_minor": 90, "asked_minor": 90}, Cause.UNKNOWN),
        ({"pnl_minor": 99}, Cause.ROUNDING),
        ({"pnl_minor": 98}, Cause.STATED),
        ({"pnl_minor": 100, "pnl_by_rule_minor": None}, Cause.STATED),
        ({"pnl_minor": None}, Cause.LATENCY),
    ],
)
def test_the_cause_of_a_pair(changed: dict[str, Any], cause: Cause) -> None:
    assert cause_of({**BET, **changed}) is cause


def test_every_cause_has_a_meaning_and_no_rule_of_the_account_is_one() -> None:
    assert set(MEANINGS) == set(Cause)
    venue = {"price_moved", "rejected", "size", "stake_minimum"}
    assert set(WORDS) & set(REASONS) == venue and all(of_word(word) is None for word in set(REASONS) - venue)
