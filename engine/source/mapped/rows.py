"""Rows of a mapped table as events: names, times, results, seasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.clock import instant_ns
from engine.plausibility.seasons import span_of_season
from engine.schema import VOID_STATUSES
from engine.source import calendar
from engine.source.aliases import load_aliases
from engine.source.mapped.texts import texts_of
from engine.source.mapped.times import iso_instant, read_start
from engine.source.mapping import Mapping
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table

_INTEGER = re.compile(r"(-?\d{1,4})(?:\.0*)?", re.ASCII)
_STATUSES: Final = frozenset(("scheduled", "played", *VOID_STATUSES))
_WINNERS: Final = frozenset(("home", "draw", "away"))


@dataclass(frozen=True)
class Row:
    """One valid row.

    `index` is its position in the table. `swapped` is true if the two names were put in alphabetical order by swapping
    them (neutral events only). `quote` has market, selection, quote kind and side of a long table.
    """

    index: int
    line: int
    sport: str
    competition: str
    season: str
    day: date
    home: str
    away: str
    starts_at: int
    start_known: bool
    score: tuple[int, int] | None
    winner: str | None
    status: str
    settled_at: int | None
    known_at: int
    known_basis: str
    swapped: bool = False
    quote: tuple[str, str, str, str] = ("", "", "", "")


def read_rows(
    table: Table, mapping: Mapping, quarantine: Quarantine, origin: Origin, today: date
) -> tuple[list[Row], bool]:
    """The valid rows, and whether a row was refused only because of today's date. Other rows are quarantined."""
    reader = _RowReader(table, mapping, quarantine, origin)
    rows: list[Row] = []
    depends_on_today, seen = False, dict[tuple[str, str, date, str, str], Row]()
    repeats_allowed = bool(mapping.long or mapping.bookmaker.column or mapping.known.columns or mapping.known.files)
    for index, line in enumerate(table.lines):
        text = ",".join(table.rows[index])
        row = reader.row(index, line)
        if isinstance(row, str):
            quarantine.row(line, text, row)
            continue
        refusal = calendar.refusal_of_date(row.day, today, row.winner is not None)
        if refusal:
            depends_on_today = True
            quarantine.row(line, text, refusal)
            continue
        first = seen.setdefault((row.sport, row.competition, row.day, row.home, row.away), row)
        if first is not row and not repeats_allowed:
            quarantine.row(line, text, f"duplicate of line {first.line}")
            continue
        rows.append(row)
    _check_seasons(rows, quarantine)
    return rows, depends_on_today


class _RowReader:
    """Reads the rows of one table with one mapping."""

    def __init__(self, table: Table, mapping: Mapping, quarantine: Quarantine, origin: Origin) -> None:
        self._mapping, self._quarantine, self._name = mapping, quarantine, origin.name
        texts = ("sport", "competition", "season", "home", "away", "winner", "status")
        self._texts = {name: texts_of(table, getattr(mapping, name)) for name in texts}
        self._start = table.column(mapping.start.column)
        self._clock = table.column(mapping.start.time_column)
        self._scores = table.column(mapping.home_score), table.column(mapping.away_score)
        self._known = [table.column(name) for name in mapping.known.columns]
        self._updated = table.column(mapping.known.updated)

    def row(self, index: int, line: int) -> Row | str:
        """The row, or the reason why it is quarantined."""
        sport, competition, season, home, away, _, _ = (column[index] for column in self._texts.values())
        start = read_start(self._start[index], self._clock[index], self._mapping.start)
        if start is None:
            return f"unreadable date: {self._start[index][:40]!r}"
        aliases = load_aliases(sport) if sport.isidentifier() else None
        if aliases is not None:
            home, away = aliases.resolve(home), aliases.resolve(away)
        if not (sport and competition and home and away) or home == away:
            return "no sport, no competition, or not two different names"
        day, starts_at = start
        known = self._known_at(index, line)
        if isinstance(known, str):
            return known
        score, winner, status = self._result(index, line)
        begins = calendar.noon_ns(day) if starts_at is None else starts_at
        over = winner is not None or status not in ("scheduled", "played")
        row = Row(
            index=index, line=line, sport=sport, competition=competition, season=self._season(season, competition, day),
            day=day, home=home, away=away, starts_at=begins, start_known=starts_at is not None, score=score,
            winner=winner, status=status, settled_at=self._settled(day) if over else None, known_at=known[0],
            known_basis=known[1],
        )  # fmt: skip
        return _swapped(row) if self._mapping.neutral and away < home else row

    def _settled(self, day: date) -> int:
        """Assumed instant of the result: the end of the day in UTC or in the event's zone, whichever is later."""
        zone = self._mapping.start.date_zone or self._mapping.start.zone
        last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo(zone))
        return max(calendar.end_of_day_ns(day), instant_ns(last))

    def _season(self, written: str, competition: str, day: date) -> str:
        rule = self._mapping.season_rules.get(competition, self._mapping.season_rule)
        season = calendar.season_as_written(written) if written else None
        if season is not None and rule == "ends" and "-" not in season:
            return calendar.season_name(int(season) - 1)
        if season is not None:
            return season
        return written or (str(day.year) if rule == "calendar" else calendar.season_of_date(day))

    def _result(self, index: int, line: int) -> tuple[tuple[int, int] | None, str | None, str]:
        """Score, winner and status. Cells that cannot be used are quarantined."""
        texts = self._scores[0][index], self._scores[1][index]
        integers = [_INTEGER.fullmatch(text) for text in texts]
        columns = self._mapping.home_score, self._mapping.away_score
        for name, text, integer in zip(columns, texts, integers, strict=True):
            if text and not integer:
                self._quarantine.cell(line, name, text, "score is not an integer")
        score = (int(integers[0][1]), int(integers[1][1])) if integers[0] and integers[1] else None
        winner: str | None = self._texts["winner"][index] or None
        if winner is not None and winner not in _WINNERS:
            reason = "invalid winner: expected home, draw or away"
            self._quarantine.cell(line, self._mapping.winner.column, winner, reason)
            winner = None
        if winner is None and score is not None:
            winner = "home" if score[0] > score[1] else "away" if score[0] < score[1] else "draw"
        status = self._texts["status"][index] or ("played" if winner else "scheduled")
        if status not in _STATUSES:
            self._quarantine.cell(line, self._mapping.status.column, status, "unknown status")
            status = "played" if winner else "scheduled"
        return (None, None, status) if status == "scheduled" else (score, winner, status)

    def _known_at(self, index: int, line: int) -> tuple[int, str] | str:
        """When the prices of a row were known, and the basis; (0, "") if the mapping has no such times.

        A text is the reason why the row is quarantined.
        """
        known = self._mapping.known
        if not known.columns and not known.files:
            return 0, ""
        for name, column in zip(known.columns, self._known, strict=True):
            if not column[index]:
                continue
            instant = iso_instant(column[index], "UTC")
            if instant is None:
                return f"unreadable time: {name} {column[index][:40]!r}"
            updated = iso_instant(self._updated[index], "UTC")
            if updated is not None and updated > instant:
                reason = f"update later than the snapshot: known at the snapshot {column[index][:30]}"
                self._quarantine.flag(line, known.updated, self._updated[index], reason)
            return instant_ns(instant), "recorded"
        for file in known.files:
            match = re.search(file.pattern, self._name)
            day = calendar.calendar_day(*(int(match[g]) for g in ("year", "month", "day"))) if match else None
            clock = calendar.read_clock(file.time)
            if day is not None and clock is not None:
                return calendar.local_ns(day, clock, "UTC"), "assumed:file_name"
        return "no time at which its prices were known"


def _swapped(row: Row) -> Row:
    score = (row.score[1], row.score[0]) if row.score else None
    winner = {"home": "away", "away": "home"}.get(row.winner or "", row.winner)
    return replace(row, home=row.away, away=row.home, score=score, winner=winner, swapped=True)


def _check_seasons(rows: Sequence[Row], quarantine: Quarantine) -> None:
    """Flag each date outside its season, and the whole file if there are many of them."""
    outside = []
    for row in rows:
        span = span_of_season(row.season, row.sport)
        if span is not None and not span[0] <= row.day <= span[1]:
            outside.append(row)
            quarantine.flag(row.line, None, str(row.day), f"outside the season {row.season}")
    if len(outside) > max(2, len(rows) // 50):
        reason = f"{len(outside)} of {len(rows)} dates are outside their season: are day and month swapped?"
        quarantine.flag(None, None, "", reason)
