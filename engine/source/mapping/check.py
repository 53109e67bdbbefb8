"""Checks of a mapping: required keys, allowed values, and keys that depend on each other."""

from __future__ import annotations

import difflib
import re
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import ConfigurationError
from engine.schema import INSTANTS, SELECTIONS
from engine.source.calendar import read_clock
from engine.source.mapping.keys import Mapping, NamedFile, Text

_ODDS: Final = ("decimal", "american", "fractional")
_SIDES: Final = ("back", "lay")


def check_mapping(mapping: Mapping, name: str) -> None:
    """Check required keys, allowed values, and keys that depend on each other."""
    for key in ("sport", "competition", "home", "away"):
        text: Text = getattr(mapping, key)
        if not (text.column or text.value):
            raise ConfigurationError(f"{key!r} is missing", where=name, expected="a column, or value: a constant")
    if not mapping.start.column:
        raise ConfigurationError("'start' is missing", where=name, expected="column, format, zone")
    if bool(mapping.prices) == (mapping.long is not None):
        raise ConfigurationError("either 'prices' or 'long' is needed", where=name)
    _one_of(mapping.odds, _ODDS, f"{name} odds")
    for rule in (mapping.season_rule, *mapping.season_rules.values()):
        _one_of(rule, ("july", "calendar", "ends"), f"{name} season_rule")
    for file in mapping.known.files:
        _check_pattern(file, f"{name} known.files")
    if len(mapping.delimiter) != 1:
        raise ConfigurationError("the delimiter must be one character", where=name, found=repr(mapping.delimiter))
    for zone in (mapping.start.zone, mapping.start.date_zone):
        _check_zone(zone, name)
    for i, price in enumerate(mapping.prices):
        where = f"{name} prices[{i}]"
        if not price.column:
            raise ConfigurationError("'column' is missing", where=where)
        if not (price.bookmaker or mapping.bookmaker.column or mapping.bookmaker.value):
            raise ConfigurationError(
                "'bookmaker' is missing", where=where, expected="a bookmaker here or for the whole table"
            )
        _one_of(price.market, tuple(SELECTIONS), f"{where} market")
        _one_of(price.selection, SELECTIONS[price.market], f"{where} selection")
        _one_of(price.instant, INSTANTS, f"{where} instant")
        _one_of(price.side, _SIDES, f"{where} side")
        if price.market in ("totals", "asian_handicap") and price.line is None and not price.line_column:
            raise ConfigurationError("the line is missing", where=where, expected="line or line_column")
    if mapping.long is not None and not mapping.long.odds_column:
        raise ConfigurationError("'odds_column' is missing", where=f"{name} long")
    for column, line in mapping.lines.items():
        if line.step <= 0 or line.limit <= 0 or line.factor not in (1.0, -1.0):
            raise ConfigurationError(
                "an invalid rule of lines",
                where=f"{name} lines.{column}",
                expected="step and limit above 0, factor 1 or -1",
            )


def _one_of(value: str, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        close = difflib.get_close_matches(value, choices, 1)
        todo = f"did you mean {close[0]!r}?" if close else ""
        raise ConfigurationError(f"unknown value {value!r}", where=where, expected=", ".join(choices), todo=todo)


def _check_pattern(file: NamedFile, where: str) -> None:
    try:
        groups = set(re.compile(file.pattern).groupindex)
    except re.error as error:
        raise ConfigurationError("an invalid pattern", where=where, found=str(error)) from error
    if not {"year", "month", "day"} <= groups or read_clock(file.time) is None:
        raise ConfigurationError(
            "the time of a file is incomplete", where=where, expected="groups year, month and day; time: HH:MM"
        )


def _check_zone(zone: str, name: str) -> None:
    try:
        if zone:
            ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError("an unknown time zone", where=name, found=zone) from error
