"""Checks of a mapping: required keys, allowed values, and keys that depend on each other."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import ConfigurationError, nearest_name
from engine.schema import (
    FURTHER_SCOPES,
    IN_PLAY,
    INSTANTS,
    LINE_MARKETS,
    MARKETS,
    SCORE_SCOPES,
    SELECTIONS,
    SNAPSHOT,
    STANDING_TYPES,
    STATISTIC_TYPES,
    VOID_STATUSES,
    is_selection,
    score_columns,
)
from engine.source.calendar import read_clock
from engine.source.mapping.keys import Mapping, NamedFile, Price, Score, Text

_ODDS: Final = ("decimal", "american", "fractional")
_SIDES: Final = ("back", "lay")
_TEXTS: Final = (
    "sport",
    "competition",
    "season",
    "home",
    "away",
    "game",
    "winner",
    "status",
    "score_scope",
    "bookmaker",
    "surface",
    "court",
    "round",
    "level",
    "referee",
    "best_of",
)
_THOUSANDS: Final = ("", ",", ".", " ", "'")


def check_mapping(mapping: Mapping, name: str) -> None:
    """Check required keys, allowed values, and keys that depend on each other.

    Raises
    ------
    ConfigurationError
        A key is missing, a value is not allowed, or two keys contradict each other. `name` is the mapping's.
    """
    for key in ("sport", "competition", "home", "away"):
        if not getattr(mapping, key).given:
            raise ConfigurationError(f"{key!r} is missing", where=name, expected="a column, or value: a constant")
    if not mapping.start.sources:
        raise ConfigurationError("'start' is missing", where=name, expected="column, format, zone")
    if (mapping.prices is None) == (mapping.long is None):
        raise ConfigurationError(
            "either 'prices' or 'long' is needed",
            where=name,
            todo="a file without prices has `prices: []`" if mapping.prices is None else "remove one of them",
        )
    for key in _TEXTS:
        _check_text(getattr(mapping, key), f"{name} {key}")
    _one_of(mapping.odds, _ODDS, f"{name} odds")
    for rule in (mapping.season_rule, *mapping.season_rules.values()):
        _one_of(rule, ("july", "calendar", "ends"), f"{name} season_rule")
    for file in mapping.known.files:
        _check_pattern_of_file(file, f"{name} known.files")
    for zone in (mapping.start.zone, mapping.start.date_zone, mapping.known.zone):
        _check_zone(zone, name)
    _check_file(mapping, name)
    _check_results(mapping, name)
    for i, price in enumerate(mapping.prices or ()):
        _check_price(price, mapping, f"{name} prices[{i}]")
    if mapping.long is not None:
        for key in ("market", "selection", "bookmaker", "instant", "side"):
            _check_text(getattr(mapping.long, key), f"{name} long.{key}")
        if not mapping.long.odds_column:
            raise ConfigurationError("'odds_column' is missing", where=f"{name} long")
    _check_times(mapping, name)
    for column, line in mapping.lines.items():
        _one_of(line.team, ("home", "away", "own"), f"{name} lines.{column} team")
        if line.step <= 0 or line.limit <= 0 or line.factor not in (1.0, -1.0):
            raise ConfigurationError(
                "an invalid rule of lines",
                where=f"{name} lines.{column}",
                expected="step and limit above 0, factor 1 or -1",
            )
    _check_idle(mapping, name)


def _check_idle(mapping: Mapping, name: str) -> None:
    """Refuse keys that would have no effect, because they are in the wrong place or name another column."""
    used = {p.line_column for p in mapping.prices or ()} | ({mapping.long.line_column} if mapping.long else set())
    for column in mapping.lines:
        if column not in used:
            expected = ", ".join(sorted(used - {""})) or "a line_column"
            raise ConfigurationError("no price has this line_column", where=f"{name} lines.{column}", expected=expected)
    texts = {key: getattr(mapping, key) for key in _TEXTS if key != "winner"}
    if mapping.long is not None:
        texts |= {f"long.{key}": getattr(mapping.long, key) for key in ("market", "bookmaker", "instant", "side")}
    for key, text in texts.items():
        if text.names:
            raise ConfigurationError("'names' is for winner and long.selection", where=f"{name} {key}")
    if mapping.start.time_format and not mapping.start.time_column:
        raise ConfigurationError("'time_format' has no time_column", where=f"{name} start")
    if mapping.game_id_lasts and not mapping.game_id:
        raise ConfigurationError("'game_id_lasts' has no game_id", where=name)
    if mapping.known.updated and not mapping.known.columns:
        raise ConfigurationError("'updated' has no columns to be compared with", where=f"{name} known")
    known = mapping.known
    if (known.read or known.gone or known.results) and not known.columns:
        raise ConfigurationError("'read', 'gone' and 'results' need columns with a time", where=f"{name} known")
    if bool(known.read) != (known.age_s > 0):
        raise ConfigurationError("'read' and 'age_s' go together", where=f"{name} known", expected="age_s above 0")


def _check_file(mapping: Mapping, name: str) -> None:
    """Check the keys that say how the file is written."""
    if len(mapping.delimiter) != 1:
        raise ConfigurationError("the delimiter must be one character", where=name, found=repr(mapping.delimiter))
    _one_of(mapping.decimal, (".", ","), f"{name} decimal")
    _one_of(mapping.thousands, _THOUSANDS, f"{name} thousands")
    if mapping.thousands == mapping.decimal:
        raise ConfigurationError("decimal and thousands are the same sign", where=name, found=repr(mapping.decimal))
    if mapping.columns and mapping.header_line is not None:
        raise ConfigurationError(
            "'columns' is for a file without a header", where=name, todo="remove columns or header_line"
        )
    for column in mapping.columns:
        if mapping.columns.count(column) > 1:
            raise ConfigurationError("a column is named twice", where=f"{name} columns", found=column)
    try:
        codecs.lookup(mapping.encoding or "utf-8")
    except LookupError:
        raise ConfigurationError("an unknown encoding", where=name, found=mapping.encoding) from None
    if mapping.records is None:
        return
    if mapping.columns or mapping.header_line is not None or mapping.delimiter != ",":
        raise ConfigurationError(
            "'records' is for JSON, which has no header and no delimiter",
            where=name,
            todo="remove columns, header_line and delimiter",
        )


def _check_results(mapping: Mapping, name: str) -> None:
    """Check the keys of scores."""
    if bool(mapping.home_score) != bool(mapping.away_score):
        raise ConfigurationError("one of two scores is missing", where=name, expected="home_score and away_score")
    if mapping.score is not None:
        if mapping.home_score:
            raise ConfigurationError(
                "the score is given twice", where=name, expected="score, or home_score and away_score"
            )
        _check_score(mapping.score, f"{name} score")
    if mapping.score_scope.value and not mapping.score_scope.map and not mapping.score_scope.match:
        _one_of(mapping.score_scope.value, SCORE_SCOPES, f"{name} score_scope")
    for key, pairs, kinds in (
        ("scores", mapping.scores, FURTHER_SCOPES),
        ("facts", mapping.facts, (*STATISTIC_TYPES, *STANDING_TYPES)),
    ):
        for kind, pair in pairs.items():
            _one_of(kind, kinds, f"{name} {key}")
            if not (pair.home and pair.away):
                raise ConfigurationError(
                    f"one of two {key} is missing",
                    where=f"{name} {key}.{kind}",
                    expected="home: a column, away: a column",
                )


def _check_score(score: Score, where: str) -> None:
    if not score.column:
        raise ConfigurationError("'column' is missing", where=where)
    groups = set(_compiled(score.pattern, where).groupindex)
    allowed = {"home", "away", "note", *(c for scope in FURTHER_SCOPES for c in score_columns(scope))}
    if not {"home", "away"} <= groups <= allowed:
        wrong = ", ".join(sorted(groups - allowed))
        raise ConfigurationError(
            "an invalid pattern of a score", where=where, expected="groups home, away and perhaps note", found=wrong
        )
    for said in score.notes.values():
        _one_of(said, ("", *SCORE_SCOPES, *VOID_STATUSES), f"{where} notes")
    _one_of(score.plain, ("", "both", *SCORE_SCOPES), f"{where} plain")


def _check_price(price: Price, mapping: Mapping, where: str) -> None:
    if not price.column:
        raise ConfigurationError("'column' is missing", where=where)
    if not (price.bookmaker or mapping.bookmaker.given):
        raise ConfigurationError(
            "'bookmaker' is missing", where=where, expected="a bookmaker here or for the whole table"
        )
    _one_of(price.market, MARKETS, f"{where} market")
    if not is_selection(price.market, price.selection):
        if price.market in SELECTIONS:
            _one_of(price.selection, SELECTIONS[price.market], f"{where} selection")
        raise ConfigurationError(
            f"unknown value {price.selection!r}", where=f"{where} selection", expected="a score such as 2-1"
        )
    _one_of(price.instant, INSTANTS, f"{where} instant")
    _one_of(price.side, _SIDES, f"{where} side")
    if price.market in LINE_MARKETS and price.line is None and not price.line_column:
        raise ConfigurationError("the line is missing", where=where, expected="line or line_column")
    if price.market not in LINE_MARKETS and (price.line is not None or price.line_column):
        raise ConfigurationError(f"the market {price.market} has no line", where=where, todo="remove the line")


def _check_times(mapping: Mapping, name: str) -> None:
    """Check that snapshots and prices in play have a time."""
    kinds = [price.instant for price in mapping.prices or ()]
    kinds += [mapping.long.instant.value] if mapping.long and not mapping.long.instant.sources else []
    if {SNAPSHOT, IN_PLAY} & set(kinds) and not (mapping.known.columns or mapping.known.files):
        raise ConfigurationError("prices of kind snapshot have no time", where=name, expected="known: {columns: [...]}")


def _check_text(text: Text, where: str) -> None:
    if sum(map(bool, (text.column, text.columns, text.file, text.value))) > 1:
        raise ConfigurationError("two sources of one text", where=where, expected="one of column, columns, file, value")
    for pattern, replacement in text.match.items():
        found = _compiled(pattern, f"{where} match")
        try:
            if found.groups < max((int(n) for n in re.findall(r"\\(\d+)", replacement)), default=0):
                raise re.error("a group that the pattern does not have")
        except re.error as error:
            raise ConfigurationError("an invalid replacement", where=where, found=f"{replacement}: {error}") from error
    if text.file and not _compiled(text.file, f"{where} file").groups:
        raise ConfigurationError(
            "the pattern has no group", where=f"{where} file", expected=r"one in brackets: ^(\w+)_"
        )


def _one_of(value: str, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        near = nearest_name(value, choices)
        todo = f"did you mean {near!r}?" if near else ""
        expected = ", ".join(choice or "(nothing)" for choice in choices)
        raise ConfigurationError(f"unknown value {value!r}", where=where, expected=expected, todo=todo)


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigurationError("an invalid pattern", where=where, found=str(error)) from error


def _check_pattern_of_file(file: NamedFile, where: str) -> None:
    groups = set(_compiled(file.pattern, where).groupindex)
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


def columns_of(mapping: Mapping) -> Iterator[str]:
    """Every column that a mapping names, in the order of its keys; some of them more than once."""
    for key in _TEXTS:
        yield from getattr(mapping, key).sources
    yield from (*mapping.start.sources, mapping.start.time_column, *mapping.known.columns, mapping.known.updated)
    yield from (*mapping.known.read, mapping.known.gone)
    yield from (mapping.game_id, mapping.home_score, mapping.away_score)
    yield from (mapping.score.column,) if mapping.score else ()
    for pair in (*mapping.scores.values(), *mapping.facts.values()):
        yield from (pair.home, pair.away)
    for price in mapping.prices or ():
        yield from (price.column, price.line_column)
    if mapping.long is not None:
        for key in ("market", "selection", "bookmaker", "instant", "side"):
            yield from getattr(mapping.long, key).sources
        yield from (mapping.long.line_column, mapping.long.odds_column)
