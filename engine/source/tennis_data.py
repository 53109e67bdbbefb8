"""Reader of tennis-data.co.uk: one tour and year per file, as a workbook or as CSV.

The source names its columns by the result (``Winner``, ``Loser``, ``B365W``, ``B365L``). To keep the result out of
the quotes, `home` and `away` are the players in alphabetical order, and so are the quotes of a match. Only the column
`winner` shows who won. The source does not say when its prices were collected; they count as opening prices of the
match day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.plausibility.seasons import span_of_season
from engine.schema import GAMES, OPEN, score_columns
from engine.source import calendar
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.books import refuse_moved_columns
from engine.source.date_order import check_order
from engine.source.events import finish_events
from engine.source.header import refuse_duplicates, refuse_missing
from engine.source.match_statistics import by_side, known_text, read_pairs
from engine.source.moved_rows import without_moved_rows
from engine.source.prices import Instants, PriceColumn, Prices, read_prices
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table, read_table, tabulate

BOOKMAKERS: Final = {
    "Avg": "avg",
    "B365": "b365",
    "B&W": "bwin",
    "BFE": "betfair_exchange",
    "CB": "centrebet",
    "EX": "expekt",
    "GB": "gamebookers",
    "IW": "interwetten",
    "LB": "ladbrokes",
    "Max": "max",
    "PS": "pinnacle",
    "SB": "sportingbet",
    "SJ": "stan_james",
    "UB": "unibet",
}
_STATUS: Final = {
    "completed": "played",
    "retired": "retired",
    "walkover": "walkover",
    "disqualified": "disqualified",
    "abandoned": "abandoned",
    "sched": "scheduled",
}
_NEEDED: Final = ("Tournament", "Date", "Winner", "Loser", "Comment")
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_DATES: Final = ("%d/%m/%Y", "iso")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00:00(?:\.0+)?)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?", re.ASCII)
_GAMES = re.compile(r"(\d{1,2})(?:\.0+)?", re.ASCII)
_SETS = re.compile(r"(\d)(?:\.0+)?", re.ASCII)
_BEST_OF = re.compile(r"([135])(?:\.0+)?", re.ASCII)
_TEXTS: Final = {"surface": "Surface", "court": "Court", "round": "Round"}
_STANDINGS: Final = {"rank": ("WRank", "LRank"), "rank_points": ("WPts", "LPts")}
#: Day 0 of the serial dates of a workbook.
_SERIAL_ZERO: Final = date(1899, 12, 30)

#: Matches of so many last days of December are the first of the next season.
_LAST_DAYS: Final = timedelta(days=12)


@dataclass
class _Match:
    index: int
    day: date
    home: str
    away: str
    home_won: bool
    status: str
    sets: tuple[int, int] | None
    competition: str
    season: str = ""


def read(raw: bytes, origin: Origin, today: date) -> Parsed:
    """Read a workbook (first sheet) or a CSV file.

    Raises
    ------
    SourceError
        The workbook cannot be opened, or its columns are not those of this source.
    """
    quarantine = Quarantine()
    table = (
        _workbook(raw, quarantine) if raw.startswith(_WORKBOOKS) else read_table(raw, quarantine, check=_check_header)
    )
    columns, unknown = _price_columns(table.header)
    refuse_moved_columns(table, columns)
    table = without_moved_rows(table, columns, quarantine)
    check_order(table.column("Date"), table.lines, _DATES, quarantine)
    matches, depends_on_today = _matches(table, quarantine, today)
    n_read = table.n_misfit + len(table.rows)
    matches = _without_duplicates(table, matches, quarantine)
    _set_seasons(table, matches, quarantine)
    kept_table = table.only(m.index for m in matches)
    events = _events(kept_table, matches, origin, quarantine)
    for name in unknown:
        quarantine.flag(None, name, "", "price of an unknown bookmaker: read under its prefix")
    days = [calendar.midnight_ns(m.day) for m in matches]
    instants = {OPEN: Instants(np.array(days, dtype=np.int64), "assumed:match_day")}
    prices = read_prices(kept_table, events["event_id"].to_numpy(), columns, instants, quarantine)
    names = {m.home for m in matches} | {m.away for m in matches}
    counts = Counts(
        rows_read=n_read,
        rows_kept=len(matches),
        rows_quarantined=n_read - len(matches),
        rows_blank=table.n_blank,
        prices_read=prices.n_read,
        prices_kept=prices.n_kept,
        prices_empty=prices.n_empty,
        prices_quarantined=prices.n_quarantined,
        flags=quarantine.n_flags,
        new_names=tuple(sorted(load_aliases("tennis").new(names))),
    )
    quotes = _by_player(prices, matches)
    return Parsed(events, quotes, quarantine.frame(origin), counts, depends_on_today)


def _check_header(header: list[str]) -> None:
    refuse_missing(_NEEDED, header, what="not a table of tennis-data.co.uk")
    refuse_duplicates(header)
    columns = _price_columns(header)[0]
    for column in columns:
        other = column.name[:-1] + ("L" if column.name.endswith("W") else "W")
        refuse_missing([other], header, what=f"a name is missing in the header beside {column.name}")


def _workbook(raw: bytes, quarantine: Quarantine) -> Table:
    import fastexcel

    try:
        sheet = fastexcel.read_excel(raw).load_sheet(0, header_row=None, dtypes="string")
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.to_polars().rows()]
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, ValueError) as error:
        raise SourceError("the workbook cannot be opened", found=" ".join(str(error).split())[:100]) from error
    return tabulate(rows, quarantine, _check_header)


def _matches(table: Table, quarantine: Quarantine, today: date) -> tuple[list[_Match], bool]:
    aliases = load_aliases("tennis")
    names = ("Date", "Tournament", "Winner", "Loser", "Comment", "Wsets", "Lsets")
    columns = {name: table.column(name) for name in names}
    tour = "WTA" if "WTA" in table.header else "ATP"
    matches, depends_on_today = [], False
    for index, line in enumerate(table.lines):
        written, tournament, winner, loser, comment, won, lost = (columns[name][index] for name in names)
        day, text = read_day(written), ",".join(table.rows[index])
        status = _STATUS.get(comment.lower())
        if day is None:
            quarantine.row(line, text, f"unreadable date: {written[:40]!r}")
            continue
        competition = aliases.competition(f"{tour} {tournament}".strip())
        winner, loser = aliases.resolve(winner, competition), aliases.resolve(loser, competition)
        if not winner or not loser or winner == loser:
            quarantine.row(line, text, "not two different players")
            continue
        if status is None:
            quarantine.row(line, text, f"unknown comment: {comment[:40]!r}")
            continue
        refusal = calendar.refusal_of_date(day, today, status != "scheduled")
        if refusal:
            depends_on_today = True
            quarantine.row(line, text, refusal)
            continue
        sets = [_SETS.fullmatch(won), _SETS.fullmatch(lost)]
        home_won = winner < loser
        score = (int(sets[0][1]), int(sets[1][1])) if sets[0] and sets[1] else None
        if score is not None and not home_won:
            score = score[1], score[0]
        home, away = min(winner, loser), max(winner, loser)
        if status == "scheduled":
            quarantine.flag(line, "Comment", comment, "not played according to the comment: kept without a result")
            score = None
        matches.append(_Match(index, day, home, away, home_won, status, score, competition))
    return matches, depends_on_today


def read_day(text: str) -> date | None:
    """Parse a date: ISO, ISO with midnight, a workbook's serial number, or dd/mm/yyyy. None for any other form."""
    iso = _ISO.fullmatch(text)
    if iso:
        return calendar.calendar_day(int(iso[1]), int(iso[2]), int(iso[3]))
    serial = _SERIAL.fullmatch(text)
    if serial:
        return _SERIAL_ZERO + timedelta(days=int(serial[1]))
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def _without_duplicates(table: Table, matches: list[_Match], quarantine: Quarantine) -> list[_Match]:
    """The first match of each date and pair of players. Later rows are quarantined as duplicates.

    Rows with two winners are all quarantined: nobody can say which one is right.
    """
    named: dict[tuple[date, str, str], list[_Match]] = {}
    for match in matches:
        named.setdefault((match.day, match.home, match.away), []).append(match)
    unique = []
    for same in named.values():
        lines = [table.lines[match.index] for match in same]
        if len({match.home_won for match in same if match.status != "scheduled"}) > 1:
            refused, reason = same, f"two winners of one pair on one date (lines {' and '.join(map(str, lines))})"
        else:
            unique.append(same[0])
            refused, reason = same[1:], f"duplicate of line {lines[0]}"
        for match in refused:
            quarantine.row(table.lines[match.index], ",".join(table.rows[match.index]), reason)
    return unique


def _set_seasons(table: Table, matches: list[_Match], quarantine: Quarantine) -> None:
    """Set the season: the year in which most matches of the file were played. Dates outside it are flagged.

    December of the year before belongs to the season (`engine.plausibility.seasons.span_of_season`). The season begins
    in the last days of December: a running file may have no more than these and the first days of January.
    """
    if not matches:
        return
    year = Counter((m.day + _LAST_DAYS).year for m in matches).most_common(1)[0][0]
    span = span_of_season(str(year), "tennis")
    for match in matches:
        match.season = str(year)
        if span is None or not span[0] <= match.day <= span[1]:
            quarantine.flag(table.lines[match.index], "Date", str(match.day), f"outside the season {year}")


def _price_columns(header: Sequence[str]) -> tuple[list[PriceColumn], list[str]]:
    """Price columns, and names of columns of unknown bookmakers.

    The selections are `winner` and `loser` here; `_by_player` turns them into `home` and `away`.
    """
    columns, unknown = [], []
    not_prices = {"W", "L", "W1", "L1"}
    for index, name in enumerate(header):
        prefix, letter = name[:-1], name[-1:]
        if letter not in ("W", "L") or name in not_prices or not prefix:
            continue
        if prefix not in BOOKMAKERS:
            if prefix + "W" not in header or prefix + "L" not in header:
                continue
            unknown.append(name)
        bookmaker = BOOKMAKERS.get(prefix, prefix.lower())
        columns.append(PriceColumn(index, name, "moneyline", "winner" if letter == "W" else "loser", bookmaker, OPEN))
    return columns, unknown


def _by_player(prices: Prices, matches: list[_Match]) -> pl.DataFrame:
    """Replace winner and loser by home and away, and order the quotes of a match by bookmaker and player."""
    home_won = pl.Series([matches[row].home_won for row in prices.rows], dtype=pl.Boolean)
    is_home = (pl.col("selection") == "winner") == pl.lit(home_won)
    quotes = prices.quotes.with_columns(
        pl.when(is_home).then(pl.lit("home")).otherwise(pl.lit("away")).alias("selection"),
        pl.Series("row", prices.rows),
    )
    return quotes.sort("row", "bookmaker", "selection", descending=[False, False, True]).drop("row")


def _games(table: Table, matches: list[_Match], quarantine: Quarantine) -> dict[str, Sequence[Any]]:
    """Games of both players over all sets and in each, where every set that was counted has its games.

    The columns are ``W1``, ``L1``, ``W2``, ... The sets of a match that was given up may be unfinished.
    """
    pairs = [(f"W{number}", f"L{number}") for number in range(1, 6)]
    texts = [(table.column(won), table.column(lost)) for won, lost in pairs]
    home: list[int | None] = [None] * len(matches)
    away: list[int | None] = [None] * len(matches)
    sets: list[str | None] = [None] * len(matches)
    for row, match in enumerate(matches):
        if match.sets is None or match.status == "scheduled":
            continue
        cells = [(won[row], lost[row]) for won, lost in texts if won[row] or lost[row]]
        games = [int(number[1]) for pair in cells for cell in pair if (number := _GAMES.fullmatch(cell))]
        if len(games) < 2 * max(len(cells), sum(match.sets)):
            if cells:
                found = " ".join(f"{won}-{lost}" for won, lost in cells)
                quarantine.cell(table.lines[row], "W1", found, "games of a set are missing")
            continue
        by_set = list(zip(games[::2], games[1::2], strict=True))
        if not match.home_won:
            by_set = [pair[::-1] for pair in by_set]
        home[row], away[row] = sum(first for first, _ in by_set), sum(second for _, second in by_set)
        sets[row] = " ".join(f"{first}-{second}" for first, second in by_set)
    return {**dict(zip(score_columns(GAMES), (home, away), strict=True)), "set_games": sets}


def _circumstances(table: Table, matches: list[_Match], quarantine: Quarantine) -> dict[str, Sequence[Any]]:
    """What is known before a match: surface, court, round, level, number of sets, and rankings of both players."""
    columns = {**_TEXTS, "level": "Series" if "Series" in table.header else "Tier"}
    texts = {name: [known_text(text) for text in table.column(column)] for name, column in columns.items()}
    for name in ("surface", "court"):
        texts[name] = [text and text.lower() for text in texts[name]]
    best_of = list[int | None]()
    for line, text in zip(table.lines, table.column("Best of"), strict=True):
        found = _BEST_OF.fullmatch(text)
        if known_text(text) and not found:
            quarantine.cell(line, "Best of", text, "expected 1, 3 or 5 sets")
        best_of.append(int(found[1]) if found else None)
    standings = by_side(read_pairs(table, _STANDINGS, quarantine), [not match.home_won for match in matches])
    return {**texts, "best_of": best_of, **standings}


def _events(table: Table, matches: list[_Match], origin: Origin, quarantine: Quarantine) -> pl.DataFrame:
    over = [m.status != "scheduled" for m in matches]
    winners = ["home" if m.home_won else "away" for m in matches]
    return finish_events(
        {
            "competition": [m.competition for m in matches],
            "season": [m.season for m in matches],
            "date": [m.day for m in matches],
            "home": [m.home for m in matches],
            "away": [m.away for m in matches],
            "starts_at": [calendar.noon_ns(m.day) for m in matches],
            "starts_at_basis": ["assumed:noon"] * len(matches),
            "settled_at": [calendar.end_of_day_ns(m.day) if o else None for m, o in zip(matches, over, strict=True)],
            "settled_at_basis": ["assumed:end_of_day" if o else None for o in over],
            "status": [m.status for m in matches],
            "home_score": [m.sets[0] if m.sets else None for m in matches],
            "away_score": [m.sets[1] if m.sets else None for m in matches],
            "winner": [name if o else None for name, o in zip(winners, over, strict=True)],
            "raw_line": table.lines,
            **_games(table, matches, quarantine),
            **_circumstances(table, matches, quarantine),
        },
        origin,
        sport="tennis",
        neutral=True,
    )
