"""Mappings: small YAML files that describe the columns of a table. Each key is checked.

A mapping has one of two forms. **Wide**: each price has its own column, listed under `prices`. **Long**: each row is
one price, described under `long`. The keys are documented in the classes below.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import yaml

from engine.errors import ConfigurationError
from engine.paths import conf_dir, home
from engine.schema import INSTANTS, SELECTIONS
from engine.source.calendar import read_clock

_ODDS: Final = ("decimal", "american", "fractional")
_SIDES: Final = ("back", "lay")


@dataclass(frozen=True)
class Text:
    """Source of a text: a `column`, or a constant `value`. `map` replaces texts by others."""

    column: str = ""
    value: str = ""
    map: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class When:
    """Source of the start of an event.

    Attributes
    ----------
    column : str
        Column with a date, or a date and time.
    format : str
        Format of the column for strptime; ``iso`` for ISO 8601.
    time_column : str
        Column with the time of day as HH:MM.
    zone : str
        Time zone of the texts that do not name one.
    date_zone : str
        Time zone of the calendar date of an event; default: `zone`.
    has_time : bool
        Whether `column` includes the time of day.
    """

    column: str = ""
    format: str = "iso"
    time_column: str = ""
    zone: str = "UTC"
    date_zone: str = ""
    has_time: bool = True


@dataclass(frozen=True)
class NamedFile:
    """Time of the quotes of a file that gives it only in its name.

    `pattern` is a regular expression with the groups ``year``, ``month`` and ``day``, searched in the full name of the
    file. `time` is the time of that day, HH:MM UTC.
    """

    pattern: str = ""
    time: str = ""


@dataclass(frozen=True)
class Known:
    """When quotes were known, as ISO 8601 times, UTC if they name no zone.

    Attributes
    ----------
    columns : tuple of str
        The first of these columns that is filled gives the time.
    updated : str
        Column with the last update of the price. An update later than the time from `columns` is only flagged.
    files : tuple of NamedFile
        For rows without such a column: the first pattern that matches the name of the file.
    """

    columns: tuple[str, ...] = ()
    updated: str = ""
    files: tuple[NamedFile, ...] = ()


@dataclass(frozen=True)
class Price:
    """A price column: market, selection, bookmaker, quote kind (`instant`), and the line as a number or a column."""

    column: str = ""
    market: str = ""
    selection: str = ""
    bookmaker: str = ""
    instant: str = "open"
    side: str = "back"
    line: float | None = None
    line_column: str = ""


@dataclass(frozen=True)
class Line:
    """A column of lines: multiples of `step` from `-limit` to `limit`. `factor` -1 reverses the sign of a spread."""

    step: float = 0.25
    limit: float = 1000.0
    factor: float = 1.0


@dataclass(frozen=True)
class Long:
    """Columns of a long table, which has one price per row."""

    market: Text = Text()
    selection: Text = Text()
    bookmaker: Text = Text()
    instant: Text = Text(value="open")
    side: Text = Text(value="back")
    line_column: str = ""
    odds_column: str = ""


@dataclass(frozen=True)
class Mapping:
    """A mapping. `sport`, `competition`, `home`, `away`, `start` and either `prices` or `long` are required."""

    description: str = ""
    sport: Text = Text()
    competition: Text = Text()
    season: Text = Text()
    season_rule: str = "july"  # july (to June) | calendar: from the date; ends: the written year is the season's last
    season_rules: dict[str, str] = field(default_factory=dict)  # for single competitions
    home: Text = Text()
    away: Text = Text()
    neutral: bool = False
    start: When = When()
    home_score: str = ""
    away_score: str = ""
    winner: Text = Text()
    status: Text = Text()
    bookmaker: Text = Text()
    known: Known = Known()
    odds: str = "decimal"
    delimiter: str = ","
    missing: tuple[str, ...] = ()
    archive_files: int | None = None
    prices: tuple[Price, ...] = ()
    long: Long | None = None
    lines: dict[str, Line] = field(default_factory=dict)


T = TypeVar("T")


def shipped_mappings() -> dict[str, str]:
    """Name and description of each mapping that comes with the project."""
    return {path.stem: _description(path) for path in sorted((conf_dir() / "source").glob("*.yaml"))}


def _description(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("description:"):
            return line.removeprefix("description:").strip().strip("\"'")
    return ""


def mapping_text(mapping: str | Path) -> tuple[str, str]:
    """Text and path of a mapping. The text is checked.

    Parameters
    ----------
    mapping : str or Path
        A file, or the name of a mapping that comes with the project or is in ``BEA_HOME/mappings``.

    Raises
    ------
    ConfigurationError
        There is no such mapping, there are two with that name, or it is invalid.
    """
    path = Path(mapping)
    if not path.is_file():
        path = _named_mapping(str(mapping))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("the mapping cannot be read", where=str(path), found=str(error)[:80]) from error
    parse_mapping(text, str(path))
    return text, str(path)


def _named_mapping(name: str) -> Path:
    places = [conf_dir() / "source" / f"{name}.yaml", home() / "mappings" / f"{name}.yaml"]
    paths = [place for place in places if name.isidentifier() and place.is_file()]
    if len(paths) == 2:
        raise ConfigurationError(f"two mappings are named {name}", where=str(paths[1]), todo="give yours another name")
    if not paths:
        names = ", ".join(shipped_mappings())
        raise ConfigurationError("no such mapping", where=name, expected=f"a YAML file or one of {names}")
    return paths[0]


def archive_files(text: str, name: str) -> int | None:
    """Largest number of files in an archive that the mapping allows; None if it does not say."""
    return parse_mapping(text, name).archive_files


def parse_mapping(text: str, name: str) -> Mapping:
    """Parse the YAML text of a mapping; `name` is for messages.

    Raises
    ------
    ConfigurationError
        The text is not YAML, has an unknown key (the message suggests the closest one), an invalid value, or lacks a
        required key.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            "the mapping is not valid YAML", where=name, found=" ".join(str(error).split())[:120]
        ) from None
    mapping = _build(Mapping, content, name, "")
    _check(mapping, name)
    return mapping


def _build(kind: type[T], content: Any, name: str, path: str) -> T:
    """Build a dataclass from a YAML table and check each key against its fields; `path` is for messages."""
    if kind is Text and isinstance(content, str):
        content = {"column": content}
    if not isinstance(content, dict):
        raise ConfigurationError("not a table of keys", where=_where(name, path), found=repr(content)[:60])
    keys: dict[str, Any] = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in keys:
            close = difflib.get_close_matches(str(key), keys, 1)
            todo = f"did you mean {close[0]!r}?" if close else ""
            expected = "one of " + ", ".join(keys)
            raise ConfigurationError(f"unknown key {key!r}", where=_where(name, path), expected=expected, todo=todo)
        factory = keys[key].default_factory
        default = keys[key].default if factory is MISSING else factory()
        values[key] = _value(key, value, default, name, f"{path}.{key}" if path else key)
    return kind(**values)


def _value(key: str, value: Any, default: Any, name: str, path: str) -> Any:
    if key == "long":
        return _build(Long, value, name, path)
    if key == "lines":
        return {str(k): _build(Line, v, name, f"{path}.{k}") for k, v in _table(value, name, path).items()}
    if key in ("map", "season_rules"):
        return {str(k): str(v) for k, v in _table(value, name, path).items()}
    if key in ("prices", "files"):
        kind = Price if key == "prices" else NamedFile
        return tuple(_build(kind, item, name, f"{path}[{i}]") for i, item in enumerate(_list(value, name, path)))
    if isinstance(default, Text | When | Known):
        return _build(type(default), value, name, path)
    if isinstance(default, tuple):
        return tuple(str(item) for item in _list(value, name, path))
    return _scalar(key, value, default, _where(name, path))


def _scalar(key: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, bool):
        valid = isinstance(value, bool)
    elif key == "archive_files":
        valid = isinstance(value, int) and not isinstance(value, bool) and value > 0
    elif isinstance(default, float) or key == "line":
        valid = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if valid else value
    else:
        valid = isinstance(value, str | int | float) and not isinstance(value, bool)
        value = str(value) if valid else value
    if not valid:
        raise ConfigurationError("a value of the wrong type", where=where, found=repr(value)[:60])
    return value


def _table(value: Any, name: str, path: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError("not a table", where=_where(name, path), found=repr(value)[:60])
    return value


def _list(value: Any, name: str, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError("not a list", where=_where(name, path), found=repr(value)[:60])
    return value


def _check(mapping: Mapping, name: str) -> None:
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


def _where(name: str, path: str) -> str:
    return f"{name} {path}".strip()
