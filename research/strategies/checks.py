"""Checks of strategy parameters, and their conversion from the types of a configuration file.

Every function raises ConfigurationError for a wrong value.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.errors import ConfigurationError, unknown_name
from engine.kernel.parameter import hundredth
from engine.odds import METHODS
from engine.schema import MARKETS, OPEN_MARKETS, SELECTIONS, is_selection


def refuse(key: str, expected: str, found: object, todo: str = "") -> ConfigurationError:
    """The error for a wrong value of a parameter."""
    return ConfigurationError("wrong value", where=f"strategy.{key}", expected=expected, found=repr(found), todo=todo)


def set_names(strategy: Any, key: str, *, optional: bool = True) -> None:
    """Convert parameter `key` of a frozen strategy to a tuple of names. A single name counts as a list."""
    value = getattr(strategy, key)
    if value is None and optional:
        return
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, Collection) or not listed or not all(isinstance(item, str) for item in listed):
        raise refuse(key, "a list of names" + (" or null" if optional else ""), value)
    object.__setattr__(strategy, key, tuple(listed))


def set_lines(strategy: Any, key: str = "lines") -> None:
    """Convert parameter `key` of a frozen strategy to a tuple of lines. A single number counts as a list."""
    value = getattr(strategy, key)
    if value is None:
        return
    listed = (value,) if isinstance(value, int | float) else value
    if not isinstance(listed, Collection) or not listed or not all(isinstance(item, int | float) for item in listed):
        raise refuse(key, "a list of numbers or null", value)
    object.__setattr__(strategy, key, tuple(float(item) for item in listed))


def set_markets(strategy: Any, whole_books: bool = True) -> None:
    """Convert the parameter `markets` like `set_names`; every market must be in `schema.MARKETS`.

    A strategy of `whole_books` needs every selection of a market, so it takes no market with an open list of them.
    """
    set_names(strategy, "markets", optional=False)
    for market in strategy.markets:
        if whole_books and market in OPEN_MARKETS:
            expected = "a market whose selections form a book: " + " | ".join(SELECTIONS)
            raise refuse("markets", expected, market)
        one_of("markets", market, MARKETS)


def set_selections(strategy: Any) -> None:
    """Require that each of the `selections` of a strategy is one of a market in `markets`."""
    for selection in strategy.selections or ():
        if not any(is_selection(market, selection) for market in strategy.markets):
            known = {name for market in strategy.markets for name in SELECTIONS.get(market, ())}
            raise unknown_name("selection", selection, known, where="strategy.selections")


def one_of(key: str, value: object, known: Collection[str]) -> None:
    """Require a value of a closed list."""
    if value not in known:
        raise refuse(key, " | ".join(known), value)


def method(key: str, value: object) -> None:
    """Require a method of margin removal."""
    one_of(key, value, METHODS)


def within(key: str, value: object, low: float, high: float) -> None:
    """Require a number from `low` to `high`, both included. Of a fraction, 5 for 5 % is told as 0.05."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        is_fraction = high <= 1.0 and isinstance(value, int | float) and low <= value / 100.0 <= high
        advice = hundredth(float(value)) if is_fraction and isinstance(value, int | float) else ""
        raise refuse(key, f"a number from {low:g} to {high:g}", value, advice)


def is_name(key: str, value: object) -> None:
    """Require a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise refuse(key, "a name", value)


def is_flag(key: str, value: object) -> None:
    """Require true or false."""
    if not isinstance(value, bool):
        raise refuse(key, "true or false", value)
