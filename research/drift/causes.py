"""Why a decision that was traded differs from the backtest's: one cause each, from what the ledger states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Cause(StrEnum):
    """The cause of a difference, as it is printed."""

    IDENTICAL = "identical"
    PRICE_MOVED = "price moved"
    LATENCY = "latency"
    LIMIT = "limit"
    REJECTION = "rejection"
    STALE = "stale"
    BREAKER = "breaker"
    ROUNDING = "venue rounding"
    STATED = "stated by the venue"
    STOPPED = "runner stopped"
    FOLLOWS = "follows from these"
    UNKNOWN = "unknown"


#: what each cause means, for the page and the guide
MEANINGS: Final[dict[Cause, str]] = {
    Cause.IDENTICAL: "the same reason, stake, price and result, to the cent",
    Cause.PRICE_MOVED: "the order met another price than in the backtest",
    Cause.LATENCY: "an older price was seen, the window was over, or the venue has not answered yet",
    Cause.LIMIT: "the venue took another stake",
    Cause.REJECTION: "the venue refused the bet, or took one that the backtest has refused",
    Cause.STALE: "the price was too old, from a cache, or could not be one, so that it was not bet at",
    Cause.BREAKER: "a breaker or the kill switch was open",
    Cause.ROUNDING: "the venue rounded odds, profit or commission: at most one cent, or a hundredth of the odds",
    Cause.STATED: "the venue or a person stated another result, or a difference of money",
    Cause.STOPPED: "no runner was there at the instant of the decision",
    Cause.FOLLOWS: "with the account as it then was, the same rules give just this decision",
    Cause.UNKNOWN: "nothing on record explains it",
}

#: words of a decision that say what kept the bet back
WORDS: Final[dict[str, Cause]] = {
    "price_moved": Cause.PRICE_MOVED,
    "size": Cause.LIMIT,
    "stake_minimum": Cause.LIMIT,
    "rejected": Cause.REJECTION,
    "refused": Cause.REJECTION,
    "absent": Cause.REJECTION,
    "insufficient_funds": Cause.REJECTION,
    "in_flight": Cause.REJECTION,
    "no_groups": Cause.REJECTION,
    "adopted": Cause.STATED,
    "stale": Cause.STALE,
    "odds_sanity": Cause.STALE,
    "implausible": Cause.BREAKER,
    "pending": Cause.LATENCY,
    "unknown": Cause.LATENCY,
    "market_unknown": Cause.LATENCY,
    "window_over": Cause.LATENCY,
    "lease": Cause.LATENCY,
    "not_sent": Cause.LATENCY,
    "killed": Cause.BREAKER,
    "clock": Cause.BREAKER,
    "order_rate": Cause.BREAKER,
}
#: words that end in a cause of their own: ``breaker_service`` and so on. Those of the kernel are rules of the account.
_RULES: Final = ("breaker_drawdown", "breaker_daily_loss", "breaker_streak")
#: what a bet that ended like this has as its cause where its word is another one
_ENDED: Final = {"abandoned": Cause.LATENCY, "rejected": Cause.REJECTION}
#: words of a decision that is on no tape: it wins nothing after tax, or its event is settled
_OFF_TAPE: Final = ("worthless", "settled")


def of_word(word: str, ended: str | None = None) -> Cause | None:
    """The cause that the reason of a decision states by itself; None for a bet, and for a rule of the kernel.

    Parameters
    ----------
    word : str
        Reason of the decision, or of the bet that came to nothing.
    ended : str, optional
        ``abandoned`` (it was never sent, or provably not taken) or ``rejected``, of such a bet.
    """
    if word in _RULES and ended is None:
        return None
    if word.startswith(("breaker_", "service")):
        return Cause.BREAKER
    return WORDS.get(word) or _ENDED.get(ended or "")


def cause_of(pair: Mapping[str, Any]) -> Cause:
    """The cause of the difference between a decision and its twin of the backtest; FOLLOWS is not decided here.

    Parameters
    ----------
    pair : mapping
        A row of `research.drift.pairs.COLUMNS`.
    """
    if pair["reason"] is None:
        return Cause.STOPPED if pair["was_stopped"] else Cause.UNKNOWN
    if pair["reason_backtest"] is None:
        return Cause.IDENTICAL if pair["reason"] in _OFF_TAPE else Cause.UNKNOWN
    if pair["odds"] != pair["odds_backtest"] or pair["prob_differs"]:
        older = pair["quote_known_ns"] is not None and pair["quote_known_ns_backtest"] is not None
        return Cause.LATENCY if older and pair["quote_known_ns"] < pair["quote_known_ns_backtest"] else Cause.UNKNOWN
    if pair["reason"] != pair["reason_backtest"]:
        of_backtest = of_word(pair["reason_backtest"]) if pair["reason"] == "placed" else None
        return of_word(pair["reason"], pair["ended"]) or of_backtest or Cause.UNKNOWN
    return _of_bets(pair) if pair["reason"] == "placed" else Cause.IDENTICAL


def _of_bets(pair: Mapping[str, Any]) -> Cause:
    """The cause of the difference between two bets that were both placed."""
    stated = pair["pnl_minor"], pair["pnl_by_rule_minor"]
    off = abs(stated[0] - stated[1]) if None not in stated else 0
    if off > 1 or (stated[0] is not None and stated[1] is None):
        return Cause.STATED
    if pair["odds_placed"] != pair["odds_placed_backtest"]:
        near = abs(pair["odds_placed"] - pair["odds_placed_backtest"]) <= 0.01 + 1e-9
        return Cause.ROUNDING if near else Cause.PRICE_MOVED
    if pair["stake_minor"] != pair["stake_backtest_minor"]:
        return Cause.UNKNOWN if pair["asked_minor"] == pair["stake_minor"] else Cause.LIMIT
    if off:
        return Cause.ROUNDING
    return Cause.IDENTICAL if pair["pnl_minor"] == pair["pnl_backtest_minor"] else Cause.LATENCY
