"""What the columns of a table mean: a small YAML file, checked word by word.

A mapping has one of two forms. **Wide**: each price has a column of its own, listed under `prices`. **Long**: each row
is one price, described under `long`. The words are documented where they are checked, in the classes below.
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
    """Where a text comes from: a `column`, or a constant `value`; `map` turns what is found into another text."""

    column: str = ""
    value: str = ""
    map: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class When:
    """Where a moment comes from.

    `column` holds a date, or a date and time, in `format` (strptime; ``iso`` for ISO 8601); `time_column` the time of
    day as HH:MM. `zone` is the zone of what is written, where the text does not name its own; `date_zone` the one in
    which the calendar date of an event is counted (default: `zone`). `has_time`: a moment tells the time of day.
    """

    column: str = ""
    format: str = "iso"
    time_column: str = ""
    zone: str = "UTC"
    date_zone: str = ""
    has_time: bool = True


@dataclass(frozen=True)
class NamedFile:
    """When the quotes of a file were known that tells it by its name alone.

    `pattern`: a regular expression with the groups ``year``, ``month``, ``day``, searched in the file's whole name;
    `time`: the time of that day, HH:MM UTC.
    """

    pattern: str = ""
    time: str = ""


@dataclass(frozen=True)
class Known:
    """When quotes were known (instants in ISO 8601, UTC where they name no zone).

    `columns`: the first of them that is filled. `updated`: a column with the last update of the price; one that is
    later than what `columns` tell is named, and changes nothing. `files`: for rows without any of them, the first
    pattern that the file's name has.
    """

    columns: tuple[str, ...] = ()
    updated: str = ""
    files: tuple[NamedFile, ...] = ()


@dataclass(frozen=True)
class Price:
    """A column of prices: market, selection, bookmaker, and the line as a number or a column."""

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
    """How a column of lines is written: multiples of `step`, at most `limit` either way; `factor` -1 turns a spread."""

    step: float = 0.25
    limit: float = 1000.0
    factor: float = 1.0


@dataclass(frozen=True)
class Long:
    """Where the parts of a price stand in a table of one price a row."""

    market: Text = Text()
    selection: Text = Text()
    bookmaker: Text = Text()
    instant: Text = Text(value="open")
    side: Text = Text(value="back")
    line_column: str = ""
    odds_column: str = ""


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. `sport`, `home`, `away`, `start` and one of `prices` and `long` are needed."""

    description: str = ""
    sport: Text = Text()
    competition: Text = Text()
    season: Text = Text()
    season_rule: str = "july"  # by the date: july (to June) | calendar; as written: ends (a year is the season's last)
    season_rules: dict[str, str] = field(default_factory=dict)  # of single competitions
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
    """Names of the mappings that come with the project, with the description of each."""
    return {path.stem: _description(path) for path in sorted((conf_dir() / "source").glob("*.yaml"))}


def _description(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("description:"):
            return line.removeprefix("description:").strip().strip("\"'")
    return ""


def mapping_text(mapping: str | Path) -> tuple[str, str]:
    """Text and name of a mapping; its form is checked.

    Parameters
    ----------
    mapping : str or Path
        A file, or the name of a mapping that comes with the project or lies in ``BEA_HOME/mappings``.

    Raises
    ------
    ConfigurationError
        There is no such mapping, there are two of that name, or it is wrong.
    """
    path = Path(mapping)
    if not path.is_file():
        path = _named_mapping(str(mapping))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("a mapping that cannot be read", where=str(path), found=str(error)[:80]) from error
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
    """How many members an archive of this mapping may hold, where the mapping says it."""
    return parse_mapping(text, name).archive_files


def parse_mapping(text: str, name: str) -> Mapping:
    """A mapping of its YAML text.

    Raises
    ------
    ConfigurationError
        It is no YAML, has an unknown word (the nearest right one is named), a wrong value, or lacks a part.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            "a mapping that is no YAML", where=name, found=" ".join(str(error).split())[:120]
        ) from None
    mapping = _build(Mapping, content, name, "")
    _check(mapping, name)
    return mapping


def _build(kind: type[T], content: Any, name: str, at: str) -> T:
    """A dataclass of a YAML table, each word checked against its fields."""
    if kind is Text and isinstance(content, str):
        content = {"column": content}
    if not isinstance(content, dict):
        raise ConfigurationError("not a table of words", where=_where(name, at), found=repr(content)[:60])
    words: dict[str, Any] = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for word, value in content.items():
        if word not in words:
            close = difflib.get_close_matches(str(word), words, 1)
            todo = f"did you mean {close[0]!r}?" if close else ""
            expected = "one of " + ", ".join(words)
            raise ConfigurationError(f"unknown word {word!r}", where=_where(name, at), expected=expected, todo=todo)
        factory = words[word].default_factory
        default = words[word].default if factory is MISSING else factory()
        values[word] = _value(word, value, default, name, f"{at}.{word}" if at else word)
    return kind(**values)


def _value(word: str, value: Any, default: Any, name: str, at: str) -> Any:
    if word == "long":
        return _build(Long, value, name, at)
    if word == "lines":
        return {str(k): _build(Line, v, name, f"{at}.{k}") for k, v in _table(value, name, at).items()}
    if word in ("map", "season_rules"):
        return {str(k): str(v) for k, v in _table(value, name, at).items()}
    if word in ("prices", "files"):
        kind = Price if word == "prices" else NamedFile
        return tuple(_build(kind, item, name, f"{at}[{i}]") for i, item in enumerate(_list(value, name, at)))
    if isinstance(default, Text | When | Known):
        return _build(type(default), value, name, at)
    if isinstance(default, tuple):
        return tuple(str(item) for item in _list(value, name, at))
    return _scalar(word, value, default, _where(name, at))


def _scalar(word: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, bool):
        good = isinstance(value, bool)
    elif word == "archive_files":
        good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    elif isinstance(default, float) or word == "line":
        good = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if good else value
    else:
        good = isinstance(value, str | int | float) and not isinstance(value, bool)
        value = str(value) if good else value
    if not good:
        raise ConfigurationError("a value of the wrong kind", where=where, found=repr(value)[:60])
    return value


def _table(value: Any, name: str, at: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError("not a table", where=_where(name, at), found=repr(value)[:60])
    return value


def _list(value: Any, name: str, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError("not a list", where=_where(name, at), found=repr(value)[:60])
    return value


def _check(mapping: Mapping, name: str) -> None:
    """What the fields must say together."""
    for word in ("sport", "competition", "home", "away"):
        text: Text = getattr(mapping, word)
        if not (text.column or text.value):
            raise ConfigurationError(f"{word!r} is missing", where=name, expected="a column, or value: a constant")
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
        raise ConfigurationError("a delimiter is one character", where=name, found=repr(mapping.delimiter))
    for zone in (mapping.start.zone, mapping.start.date_zone):
        _check_zone(zone, name)
    for i, price in enumerate(mapping.prices):
        where = f"{name} prices[{i}]"
        if not price.column:
            raise ConfigurationError("'column' is missing", where=where)
        if not (price.bookmaker or mapping.bookmaker.column or mapping.bookmaker.value):
            raise ConfigurationError("'bookmaker' is missing", where=where, expected="here or for the whole table")
        _one_of(price.market, tuple(SELECTIONS), f"{where} market")
        _one_of(price.selection, SELECTIONS[price.market], f"{where} selection")
        _one_of(price.instant, INSTANTS, f"{where} instant")
        _one_of(price.side, _SIDES, f"{where} side")
        if price.market in ("totals", "asian_handicap") and price.line is None and not price.line_column:
            raise ConfigurationError("a line is missing", where=where, expected="line or line_column")
    if mapping.long is not None and not mapping.long.odds_column:
        raise ConfigurationError("'odds_column' is missing", where=f"{name} long")
    for column, line in mapping.lines.items():
        if line.step <= 0 or line.limit <= 0 or line.factor not in (1.0, -1.0):
            raise ConfigurationError("an impossible rule of lines", where=f"{name} lines.{column}")


def _one_of(value: str, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        close = difflib.get_close_matches(value, choices, 1)
        todo = f"did you mean {close[0]!r}?" if close else ""
        raise ConfigurationError(f"unknown word {value!r}", where=where, expected=", ".join(choices), todo=todo)


def _check_pattern(file: NamedFile, where: str) -> None:
    try:
        groups = set(re.compile(file.pattern).groupindex)
    except re.error as error:
        raise ConfigurationError("a pattern that is wrong", where=where, found=str(error)) from error
    if not {"year", "month", "day"} <= groups or read_clock(file.time) is None:
        raise ConfigurationError("a file's time is incomplete", where=where, expected="year, month, day; time: HH:MM")


def _check_zone(zone: str, name: str) -> None:
    try:
        if zone:
            ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError("an unknown time zone", where=name, found=zone) from error


def _where(name: str, at: str) -> str:
    return f"{name} {at}".strip()
