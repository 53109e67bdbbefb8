"""Checks of the parameters of strategies: what a configuration file gives, as values of the right kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.errors import ConfigurationError
from engine.odds import METHODS
from engine.schema import SELECTIONS


def refuse(key: str, expected: str, found: object) -> ConfigurationError:
    """The error for a value that a strategy cannot take."""
    return ConfigurationError("wrong value", where=f"strategy.{key}", expected=expected, found=repr(found))


def set_names(strategy: Any, key: str, *, optional: bool = True) -> None:
    """Turn the list of names under `key` of a frozen strategy into a tuple; one name alone is a list of it."""
    value = getattr(strategy, key)
    if value is None and optional:
        return
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, Collection) or not listed or not all(isinstance(v, str) for v in listed):
        raise refuse(key, "a list of names" + (" or null" if optional else ""), value)
    object.__setattr__(strategy, key, tuple(listed))


def set_lines(strategy: Any, key: str = "lines") -> None:
    """Turn the list of lines under `key` of a frozen strategy into a tuple of numbers; one number is a list of it."""
    value = getattr(strategy, key)
    if value is None:
        return
    listed = (value,) if isinstance(value, int | float) else value
    if not isinstance(listed, Collection) or not listed or not all(isinstance(v, int | float) for v in listed):
        raise refuse(key, "a list of numbers or null", value)
    object.__setattr__(strategy, key, tuple(float(v) for v in listed))


def set_markets(strategy: Any) -> None:
    """As `set_names` for `markets`, of which every one must be in `schema.SELECTIONS`."""
    set_names(strategy, "markets", optional=False)
    for market in strategy.markets:
        one_of("markets", market, SELECTIONS)


def one_of(key: str, value: object, known: Collection[str]) -> None:
    """Refuse a value that is not in a closed list."""
    if value not in known:
        raise refuse(key, " | ".join(known), value)


def method(key: str, value: object) -> None:
    """Refuse an unknown method of margin removal."""
    one_of(key, value, METHODS)


def within(key: str, value: object, low: float, high: float) -> None:
    """Refuse what is not a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise refuse(key, f"a number from {low:g} to {high:g}", value)


def is_name(key: str, value: object) -> None:
    """Refuse what is not a text."""
    if not isinstance(value, str) or not value:
        raise refuse(key, "a name", value)


def is_flag(key: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise refuse(key, "true or false", value)
