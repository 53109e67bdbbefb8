"""The keys of a mapping: one class for each table of keys, one field for each key."""

from __future__ import annotations

from dataclasses import dataclass, field


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
