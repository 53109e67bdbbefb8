"""Names of configurations and of their parameters, on the page, in the terminal and in notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from research.report.text import NOTHING, visible

#: reasons of the funnel as the reader sees them
REASON_WORDS: Final = {
    "incomplete": "odds or probability missing",
    "odds_range": "odds out of range",
    "edge": "edge below the minimum",
    "breaker_drawdown": "breaker: drawdown",
    "breaker_daily_loss": "breaker: daily loss",
    "breaker_streak": "breaker: losing streak",
    "one_per_market": "already a bet on this market",
    "cap_bet": "cap per bet",
    "cap_event": "cap per event",
    "cap_competition": "cap per competition",
    "cap_day": "cap per day",
    "cap_open": "cap on open stakes",
    "size": "size available at the price",
    "cash": "no cash available",
    "stake_minimum": "stake below the minimum",
    "price_moved": "price moved before the bet",
    "rejected": "rejected",
    "group": "another leg refused",
    "placed": "placed",
}


def reason_name(reason: str) -> str:
    """A reason as the reader sees it; an unknown one keeps its name."""
    return REASON_WORDS.get(reason, reason.replace("_", " "))


def short_key(key: str) -> str:
    """Heading of a parameter's column: the last part of its key, or the group where that part is `name`."""
    group, _, last = key.rpartition(".")
    return (group if last == "name" and group else last).replace("_", " ")


def value_text(value: object) -> str:
    """A value of a parameter as text."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        text = f"{value:.10g}" if abs(value) < 1e4 else f"{value:,.10g}"
        return text.replace("-", "\u2212")
    if isinstance(value, list | tuple):
        return ", ".join(value_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(item)}" for name, item in value.items())
    return visible(value)


def settings(parameters: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The parameters of a configuration as a phrase: ``strategy value, edge min 0.02, no odds max, staking flat``.

    Parameters
    ----------
    parameters : mapping
        The dotted keys of the configuration.
    keys : sequence of str
        Keys to name, in order; one that the configuration does not have is left out.
    """
    named = [(short_key(key), parameters[key]) for key in keys if key in parameters]
    return ", ".join(f"no {name}" if value is None else f"{name} {value_text(value)}" for name, value in named)
