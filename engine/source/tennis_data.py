"""tennis-data.co.uk: one tour and year a file, as a workbook or as CSV.

The result is in the row (``Winner``, ``Loser``, ``B365W``, ``B365L``). So the players stand in alphabetical order as
`home` and `away`, the quotes of a match in that order too, and nothing but the column `winner` tells who won. The
source does not say when its prices were collected: they are taken as opening prices of the match day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.schema import OPEN
from engine.source import calendar as moments
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.events import finish_events
from engine.source.prices import Instants, PriceColumn, Prices, read_prices
from engine.source.quarantine import Findings, Origin
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
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00:00(?:\.0+)?)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?", re.ASCII)
_SETS = re.compile(r"(\d)(?:\.0+)?", re.ASCII)
#: Day 0 of a workbook's serial numbers.
_SERIAL_ZERO: Final = date(1899, 12, 30)


@dataclass
class _Match:
    at: int
    day: date
    home: str
    away: str
    home_won: bool
    status: str
    sets: tuple[int, int] | None
    tour: str
    season: str = ""


def read(raw: bytes, origin: Origin, today: date) -> Parsed:
    """Read a workbook (first sheet) or a CSV file.

    Raises
    ------
    SourceError
        It is no workbook that can be opened, or its columns are not those of this source.
    """
    findings = Findings()
    table = _workbook(raw, findings) if raw.startswith(_WORKBOOKS) else read_table(raw, findings)
    missing = [name for name in _NEEDED if name not in table.header]
    if missing:
        found = ",".join(table.header)[:80]
        raise SourceError("no table of tennis-data.co.uk", expected=",".join(_NEEDED), found=found)
    matches, ahead = _matches(table, findings, today)
    n_read = table.n_misfit + len(table.rows)
    matches = _without_repeats(table, matches, findings)
    _set_seasons(table, matches, findings)
    kept = Table(table.header, [table.rows[m.at] for m in matches], [table.lines[m.at] for m in matches])
    events = _events(kept, matches, origin)
    columns, unknown = _price_columns(table.header)
    for name in unknown:
        findings.flag(None, name, "", "a price of a bookmaker that is in no table: read under its prefix")
    days = [moments.midnight_ns(m.day) for m in matches]
    instants = {OPEN: Instants(np.array(days, dtype=np.int64), "assumed:match_day")}
    prices = read_prices(kept, events["event_id"].to_numpy(), columns, instants, findings)
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
        flags=findings.n_flags,
        new_names=tuple(sorted(load_aliases("tennis").new(names))),
    )
    quotes = _by_name(prices, matches)
    return Parsed(events, quotes, findings.frame(origin), counts, ahead)


def _workbook(raw: bytes, findings: Findings) -> Table:
    import fastexcel

    try:
        sheet = fastexcel.read_excel(raw).load_sheet(0, header_row=None, dtypes="string")
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.to_polars().rows()]
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, ValueError) as error:
        raise SourceError("a workbook that cannot be opened", found=" ".join(str(error).split())[:100]) from error
    return tabulate(rows, findings)


def _matches(table: Table, findings: Findings, today: date) -> tuple[list[_Match], bool]:
    aliases = load_aliases("tennis")
    names = ("Date", "Winner", "Loser", "Comment", "Wsets", "Lsets")
    columns = {name: table.column(name) for name in names}
    tour = "WTA" if "WTA" in table.header else "ATP"
    matches, ahead = [], False
    for at, line in enumerate(table.lines):
        written, winner, loser, comment, won, lost = (columns[name][at] for name in names)
        day, text = read_day(written), ",".join(table.rows[at])
        status = _STATUS.get(comment.lower())
        if day is None:
            findings.row(line, text, f"a date that cannot be read: {written[:40]!r}")
            continue
        winner, loser = aliases.resolve(winner), aliases.resolve(loser)
        if not winner or not loser or winner == loser:
            findings.row(line, text, "a row without two players")
            continue
        if status is None:
            findings.row(line, text, f"a comment that means nothing known: {comment[:40]!r}")
            continue
        refusal = moments.refusal_of_date(day, today, status != "scheduled")
        if refusal:
            ahead = True
            findings.row(line, text, refusal)
            continue
        sets = [_SETS.fullmatch(won), _SETS.fullmatch(lost)]
        home_won = winner < loser
        score = (int(sets[0][1]), int(sets[1][1])) if sets[0] and sets[1] else None
        if score is not None and not home_won:
            score = score[1], score[0]
        home, away = min(winner, loser), max(winner, loser)
        if status == "scheduled":
            findings.flag(line, "Comment", comment, "not played, says the comment: kept without a result")
            score = None
        matches.append(_Match(at, day, home, away, home_won, status, score, tour))
    return matches, ahead


def read_day(text: str) -> date | None:
    """A date as ISO text, as a midnight of a workbook, or as its serial number; None for any other form."""
    found = _ISO.fullmatch(text)
    if found:
        return moments.calendar_day(int(found[1]), int(found[2]), int(found[3]))
    serial = _SERIAL.fullmatch(text)
    if serial:
        return _SERIAL_ZERO + timedelta(days=int(serial[1]))
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def _without_repeats(table: Table, matches: list[_Match], findings: Findings) -> list[_Match]:
    seen: dict[tuple[date, str, str], _Match] = {}
    kept = []
    for match in matches:
        first = seen.setdefault((match.day, match.home, match.away), match)
        if first is match:
            kept.append(match)
        else:
            reason = f"duplicate of line {table.lines[first.at]}"
            findings.row(table.lines[match.at], ",".join(table.rows[match.at]), reason)
    return kept


def _set_seasons(table: Table, matches: list[_Match], findings: Findings) -> None:
    """The year in which most matches of the file are played; a date more than a month outside it is flagged."""
    if not matches:
        return
    year = Counter(m.day.year for m in matches).most_common(1)[0][0]
    for match in matches:
        match.season = str(year)
        if not date(year - 1, 12, 1) <= match.day <= date(year, 12, 31):
            findings.flag(table.lines[match.at], "Date", str(match.day), f"outside the season {year}")


def _price_columns(header: Sequence[str]) -> tuple[list[PriceColumn], list[str]]:
    """Price columns: `home` stands for the winner here and is exchanged afterwards by `_by_name`."""
    columns, unknown = [], []
    facts = {"W", "L", "W1", "L1"}
    for index, name in enumerate(header):
        prefix, letter = name[:-1], name[-1:]
        if letter not in ("W", "L") or name in facts or not prefix:
            continue
        if prefix not in BOOKMAKERS:
            if prefix + "W" not in header or prefix + "L" not in header:
                continue
            unknown.append(name)
        bookmaker = BOOKMAKERS.get(prefix, prefix.lower())
        columns.append(PriceColumn(index, name, "moneyline", "winner" if letter == "W" else "loser", bookmaker, OPEN))
    return columns, unknown


def _by_name(prices: Prices, matches: list[_Match]) -> pl.DataFrame:
    """Turn winner and loser into home and away; the order of a match's quotes then follows bookmaker and name."""
    home_won = pl.Series([matches[row].home_won for row in prices.rows], dtype=pl.Boolean)
    is_home = (pl.col("selection") == "winner") == pl.lit(home_won)
    named = prices.quotes.with_columns(
        pl.when(is_home).then(pl.lit("home")).otherwise(pl.lit("away")).alias("selection"),
        pl.Series("row", prices.rows),
    )
    return named.sort("row", "bookmaker", "selection", descending=[False, False, True]).drop("row")


def _events(kept: Table, matches: list[_Match], origin: Origin) -> pl.DataFrame:
    over = [m.status != "scheduled" for m in matches]
    winners = ["home" if m.home_won else "away" for m in matches]
    tournaments, tours = kept.column("Tournament"), [m.tour for m in matches]
    return finish_events(
        {
            "competition": [f"{tour} {name}".strip() for tour, name in zip(tours, tournaments, strict=True)],
            "season": [m.season for m in matches],
            "date": [m.day for m in matches],
            "home": [m.home for m in matches],
            "away": [m.away for m in matches],
            "starts_at": [moments.noon_ns(m.day) for m in matches],
            "starts_at_basis": ["assumed:noon"] * len(matches),
            "settled_at": [moments.end_of_day_ns(m.day) if o else None for m, o in zip(matches, over, strict=True)],
            "settled_at_basis": ["assumed:end_of_day" if o else None for o in over],
            "status": [m.status for m in matches],
            "home_score": [m.sets[0] if m.sets else None for m in matches],
            "away_score": [m.sets[1] if m.sets else None for m in matches],
            "winner": [name if o else None for name, o in zip(winners, over, strict=True)],
            "raw_line": kept.lines,
        },
        origin,
        sport="tennis",
        neutral=True,
    )
