"""The keys of a mapping: one class for each table of keys, one field for each key."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """Source of a text: a column, several columns, the name of the file, or a constant.

    The steps are taken in this order: the text is read, `match` and then `map` replace it, and `names` compares it
    with the names of the two sides.

    Attributes
    ----------
    column : str
        A column. A mapping may write its name in place of the whole table of keys.
    columns, join : tuple of str, str
        Several columns, joined by a text. Empty cells are left out.
    file : str
        A regular expression, searched in the name of the file without folders. Its first group is the text.
    value : str
        A constant.
    match : dict
        Regular expressions and the texts that replace the whole text; the first that is found counts. ``\\1`` stands
        for the first group.
    map : dict
        Texts and the texts that replace them.
    names : bool
        Whether the name of a side stands for that side: a text equal to it becomes ``home`` or ``away``.
    """

    column: str = ""
    columns: tuple[str, ...] = ()
    join: str = " "
    file: str = ""
    value: str = ""
    match: dict[str, str] = field(default_factory=dict)
    map: dict[str, str] = field(default_factory=dict)
    names: bool = False

    @property
    def given(self) -> bool:
        """Whether the mapping says where the text comes from."""
        return bool(self.column or self.columns or self.file or self.value)

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns that the text is read from."""
        return (self.column,) if self.column else self.columns


@dataclass(frozen=True)
class When:
    """Source of the start of an event.

    Attributes
    ----------
    column : str
        Column with a date, or a date and time.
    columns, join : tuple of str, str
        Several columns in its place, joined by a text: year, month and day.
    format : str
        Format of the text for strptime; ``iso`` for ISO 8601; ``unix`` and ``unix_ms`` for seconds and milliseconds
        since 1970.
    time_column : str
        Column with the time of day.
    time_format : str
        Format of `time_column` for strptime; default: HH:MM or HH:MM:SS.
    zone : str
        Time zone of the texts that do not name one.
    date_zone : str
        Time zone of the calendar date of an event; default: `zone`.
    has_time : bool
        Whether `column` includes the time of day.
    """

    column: str = ""
    columns: tuple[str, ...] = ()
    join: str = "-"
    format: str = "iso"
    time_column: str = ""
    time_format: str = ""
    zone: str = "UTC"
    date_zone: str = ""
    has_time: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns that the date is read from."""
        return (self.column,) if self.column else self.columns


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
    """When quotes were known.

    Attributes
    ----------
    columns : tuple of str
        The first of these columns that is filled gives the time.
    format : str
        Format of `columns` and `updated`, as in `When`.
    zone : str
        Time zone of texts that do not name one; default: the zone of the start.
    updated : str
        Column with the last update of the price. An update later than the time from `columns` is only flagged.
    read : tuple of str
        The first of these columns that is filled says when the source last read the price, in the same format.
    age_s : float
        A price that was read longer ago, when it became known, is kept with size 0: nobody could bet at it.
    gone : str
        Column with a text where the price is not there any more: it is kept with size 0, too.
    results : bool
        Whether a result is known from the time in `columns`, too; otherwise from the end of its day.
    files : tuple of NamedFile
        For rows without such a column: the first pattern that matches the name of the file.
    """

    columns: tuple[str, ...] = ()
    format: str = "iso"
    zone: str = ""
    updated: str = ""
    read: tuple[str, ...] = ()
    age_s: float = 0.0
    gone: str = ""
    results: bool = False
    files: tuple[NamedFile, ...] = ()


@dataclass(frozen=True)
class Score:
    """A score written as one text, such as ``2:1``, ``2-1 AET`` or ``2:1 PEN.``.

    Attributes
    ----------
    column : str
        Column of the text.
    pattern : str
        Regular expression of the whole text with the groups ``home`` and ``away``. A group ``note`` is looked up in
        `notes`; groups such as ``home_first_half`` and ``away_first_half`` are further scores.
    notes : dict
        What a note says: a scope of the score, or the status of the event. They come before the usual ones, which are
        in `engine.source.mapped.notes`. Case and full stops do not matter.
    plain : str
        Scope of a score without a note: a scope, or ``both`` where it means that there was no overtime, so that it is
        the score of regulation and the final score. Default: `score_scope` of the mapping.
    """

    column: str = ""
    pattern: str = r"(?P<home>\d{1,3})\s*[:\-\u2013]\s*(?P<away>\d{1,3})(?:\s*\(?(?P<note>[^\d()]+)\)?)?"
    notes: dict[str, str] = field(default_factory=dict)
    plain: str = ""


@dataclass(frozen=True)
class FurtherScore:
    """The two columns of a further score, or of a fact about both sides."""

    home: str = ""
    away: str = ""


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
    """A column of lines.

    Attributes
    ----------
    step, limit : float
        Lines are multiples of `step` from `-limit` to `limit`.
    team : str
        Whose handicap the column has: ``home`` (on both selections), ``away``, or ``own``: that of the side the price
        is for, so home -3.5 and away 3.5 are one line.
    factor : float
        -1 reverses the sign of a handicap: the column has the points by which the team is favoured.
    """

    step: float = 0.25
    limit: float = 1000.0
    team: str = "home"
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
class Records:
    """Rows of a JSON document. The columns of the mapping are then paths such as ``bookmakers.markets.key``.

    Attributes
    ----------
    list : str
        Path of the list of records. A document that is a list itself needs none.
    each : tuple of str
        Lists inside of a record, one inside the other: each item of the last one gives a row. A record whose lists are
        empty gives one row.
    """

    list: str = ""
    each: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """A mapping. `sport`, `competition`, `home`, `away`, `start` and either `prices` or `long` are required.

    ``prices: []`` means a file of fixtures or results without prices.
    """

    description: str = ""
    # the file
    records: Records | None = None
    encoding: str = ""  # default: byte order mark, UTF-8, cp1252
    delimiter: str = ","
    header_line: int | None = None  # number of the line with the names; the lines before it are skipped
    columns: tuple[str, ...] = ()  # names of the columns of a file without a header
    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()
    archive_files: int | None = None
    # the event
    sport: Text = Text()
    competition: Text = Text()
    season: Text = Text()
    season_rule: str = "july"  # july (to June) | calendar: from the date; ends: the written year is the season's last
    season_rules: dict[str, str] = field(default_factory=dict)  # for single competitions
    home: Text = Text()
    away: Text = Text()
    neutral: bool = False
    neutral_sports: tuple[str, ...] = ()
    start: When = When()
    game: Text = Text()  # number of the game, where a pair plays twice on a date
    game_id: str = ""  # column with the source's own identity of a game
    game_id_lasts: bool = False  # whether a game keeps it in all files, even where it is put off to another day
    # the result
    home_score: str = ""
    away_score: str = ""
    score: Score | None = None
    score_scope: Text = Text()
    scores: dict[str, FurtherScore] = field(default_factory=dict)
    winner: Text = Text()
    status: Text = Text()
    # what describes the event; no bet is settled by it
    facts: dict[str, FurtherScore] = field(default_factory=dict)  # by schema.STATISTIC_TYPES and STANDING_TYPES
    surface: Text = Text()
    court: Text = Text()
    round: Text = Text()
    level: Text = Text()
    referee: Text = Text()
    best_of: Text = Text()  # largest number of sets
    # the prices
    bookmaker: Text = Text()
    known: Known = Known()
    odds: str = "decimal"
    prices: tuple[Price, ...] | None = None
    long: Long | None = None
    lines: dict[str, Line] = field(default_factory=dict)
