"""Rows of a mapped table as events: names, moments, results, seasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from engine.clock import instant_ns
from engine.schema import CLOSE, IN_PLAY, OPEN, SNAPSHOT, VOID_STATUSES
from engine.source import calendar as moments
from engine.source import calendar as seasons
from engine.source.aliases import load_aliases
from engine.source.events import finish_events
from engine.source.mapping import Mapping, Text, When
from engine.source.prices import Instants
from engine.source.quarantine import Findings, Origin
from engine.source.table import Table

_WHOLE = re.compile(r"(-?\d{1,4})(?:\.0*)?", re.ASCII)
_STATUSES: Final = frozenset(("scheduled", "played", *VOID_STATUSES))
_WINNERS: Final = frozenset(("home", "draw", "away"))


@dataclass(frozen=True)
class Row:
    """One row that is kept. `exchanged`: the names stood the other way round (neutral events only)."""

    at: int
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
    exchanged: bool = False
    quote: tuple[str, str, str, str] = ("", "", "", "")


def texts_of(table: Table, text: Text) -> list[str]:
    """The texts that a part of the mapping stands for, one a row."""
    found = table.column(text.column) if text.column else [text.value] * len(table.rows)
    return [text.map.get(value, value) for value in found] if text.map else found


def read_rows(
    table: Table, mapping: Mapping, findings: Findings, origin: Origin, today: date
) -> tuple[list[Row], bool]:
    """Rows that can be kept; what cannot is named. And whether one was refused only because of today's date."""
    reader = _RowReader(table, mapping, findings, origin)
    rows: list[Row] = []
    ahead, seen = False, dict[tuple[str, str, date, str, str], Row]()
    many = bool(mapping.long or mapping.bookmaker.column or mapping.known.columns or mapping.known.files)
    for at, line in enumerate(table.lines):
        text = ",".join(table.rows[at])
        row = reader.row(at, line)
        if isinstance(row, str):
            findings.row(line, text, row)
            continue
        refusal = moments.refusal_of_date(row.day, today, row.winner is not None)
        if refusal:
            ahead = True
            findings.row(line, text, refusal)
            continue
        first = seen.setdefault((row.sport, row.competition, row.day, row.home, row.away), row)
        if first is not row and not many:
            findings.row(line, text, f"duplicate of line {first.line}")
            continue
        rows.append(row)
    _check_seasons(rows, findings)
    return rows, ahead


class _RowReader:
    """Reads rows of one table by one mapping."""

    def __init__(self, table: Table, mapping: Mapping, findings: Findings, origin: Origin) -> None:
        self._mapping, self._findings, self._name = mapping, findings, origin.name
        texts = ("sport", "competition", "season", "home", "away", "winner", "status")
        self._texts = {name: texts_of(table, getattr(mapping, name)) for name in texts}
        self._start = table.column(mapping.start.column)
        self._clock = table.column(mapping.start.time_column)
        self._scores = table.column(mapping.home_score), table.column(mapping.away_score)
        self._known = [table.column(name) for name in mapping.known.columns]
        self._updated = table.column(mapping.known.updated)

    def row(self, at: int, line: int) -> Row | str:
        """The row, or why it is put aside."""
        sport, competition, season, home, away, _, _ = (column[at] for column in self._texts.values())
        start = read_moment(self._start[at], self._clock[at], self._mapping.start)
        if start is None:
            return f"a date that cannot be read: {self._start[at][:40]!r}"
        aliases = load_aliases(sport) if sport.isidentifier() else None
        if aliases is not None:
            home, away = aliases.resolve(home), aliases.resolve(away)
        if not (sport and competition and home and away) or home == away:
            return "a row without sport, competition, or two names"
        day, starts_at = start
        known = self._known_at(at, line)
        if isinstance(known, str):
            return known
        score, winner, status = self._result(at, line)
        begins = moments.noon_ns(day) if starts_at is None else starts_at
        over = winner is not None or status not in ("scheduled", "played")
        row = Row(
            at=at, line=line, sport=sport, competition=competition, season=self._season(season, competition, day),
            day=day, home=home, away=away, starts_at=begins, start_known=starts_at is not None, score=score,
            winner=winner, status=status, settled_at=self._settled(day) if over else None, known_at=known[0],
            known_basis=known[1],
        )  # fmt: skip
        return _exchanged(row) if self._mapping.neutral and away < home else row

    def _settled(self, day: date) -> int:
        """End of the day, in UTC or where the event is counted: the later of the two."""
        zone = self._mapping.start.date_zone or self._mapping.start.zone
        last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo(zone))
        return max(moments.end_of_day_ns(day), instant_ns(last))

    def _season(self, written: str, competition: str, day: date) -> str:
        rule = self._mapping.season_rules.get(competition, self._mapping.season_rule)
        season = seasons.season_as_written(written) if written else None
        if season is not None and rule == "ends" and "-" not in season:
            return seasons.season_name(int(season) - 1)
        if season is not None:
            return season
        return written or (str(day.year) if rule == "calendar" else seasons.season_of_date(day))

    def _result(self, at: int, line: int) -> tuple[tuple[int, int] | None, str | None, str]:
        """Score, winner and status; a cell that cannot be used is named."""
        texts = self._scores[0][at], self._scores[1][at]
        found = [_WHOLE.fullmatch(text) for text in texts]
        columns = self._mapping.home_score, self._mapping.away_score
        for name, text, good in zip(columns, texts, found, strict=True):
            if text and not good:
                self._findings.cell(line, name, text, "not a whole score")
        score = (int(found[0][1]), int(found[1][1])) if found[0] and found[1] else None
        winner: str | None = self._texts["winner"][at] or None
        if winner is not None and winner not in _WINNERS:
            self._findings.cell(line, self._mapping.winner.column, winner, "no winner: expected home, draw or away")
            winner = None
        if winner is None and score is not None:
            winner = "home" if score[0] > score[1] else "away" if score[0] < score[1] else "draw"
        status = self._texts["status"][at] or ("played" if winner else "scheduled")
        if status not in _STATUSES:
            self._findings.cell(line, self._mapping.status.column, status, "a status that means nothing known")
            status = "played" if winner else "scheduled"
        return (None, None, status) if status == "scheduled" else (score, winner, status)

    def _known_at(self, at: int, line: int) -> tuple[int, str] | str:
        """When the prices of a row were known, and by what; (0, "") where the mapping does not tell it."""
        known = self._mapping.known
        if not known.columns and not known.files:
            return 0, ""
        for name, column in zip(known.columns, self._known, strict=True):
            if not column[at]:
                continue
            instant = _iso(column[at], "UTC")
            if instant is None:
                return f"an instant that cannot be read: {name} {column[at][:40]!r}"
            updated = _iso(self._updated[at], "UTC")
            if updated is not None and updated > instant:
                reason = f"an update later than the snapshot: known at the snapshot {column[at][:30]}"
                self._findings.flag(line, known.updated, self._updated[at], reason)
            return instant_ns(instant), "recorded"
        for file in known.files:
            found = re.search(file.pattern, self._name)
            day = moments.calendar_day(*(int(found[g]) for g in ("year", "month", "day"))) if found else None
            clock = moments.read_clock(file.time)
            if day is not None and clock is not None:
                return moments.local_ns(day, clock, "UTC"), "assumed:file_name"
        return "a row that does not tell when its prices were known"


def _exchanged(row: Row) -> Row:
    score = (row.score[1], row.score[0]) if row.score else None
    winner = {"home": "away", "away": "home"}.get(row.winner or "", row.winner)
    return replace(row, home=row.away, away=row.home, score=score, winner=winner, exchanged=True)


def read_moment(text: str, clock: str, when: When) -> tuple[date, int | None] | None:
    """Date of an event and its start in nanoseconds UTC (None: no time of day), or None: not readable."""
    moment = _iso(text, when.zone) if when.format == "iso" else _formatted(text, when.format, when.zone)
    if moment is None:
        return None
    if when.time_column:
        time = moments.read_clock(clock)
        if time is None:
            return moment.date(), None
        moment = datetime.combine(moment.date(), time, tzinfo=ZoneInfo(when.zone))
    elif not when.has_time:
        return moment.date(), None
    local = moment.astimezone(ZoneInfo(when.date_zone or when.zone))
    return local.date(), instant_ns(moment)


@lru_cache(maxsize=8_192)
def _iso(text: str, zone: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return _placed(moment, zone)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=8_192)
def _formatted(text: str, form: str, zone: str) -> datetime | None:
    try:
        return _placed(datetime.strptime(text, form), zone)
    except (ValueError, OverflowError):
        return None


def _placed(moment: datetime, zone: str) -> datetime | None:
    """A moment in its zone; None outside the years that an instant of nanoseconds can hold with room to spare."""
    if not 1900 <= moment.year <= 2200:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))


def _check_seasons(rows: Sequence[Row], findings: Findings) -> None:
    """Flag every date outside its season, and the file where there are many of them."""
    outside = []
    for row in rows:
        if not re.fullmatch(r"(19|20)\d\d(-(19|20)\d\d)?", row.season, re.ASCII):
            continue
        first, last = seasons.span_of_season(row.season)
        if not first <= row.day <= last:
            outside.append(row)
            findings.flag(row.line, None, str(row.day), f"outside the season {row.season}")
    if len(outside) > max(2, len(rows) // 50):
        reason = f"{len(outside)} of {len(rows)} dates lie outside their season: are day and month exchanged?"
        findings.flag(None, None, "", reason)


def events_of(rows: Sequence[Row], mapping: Mapping, origin: Origin) -> tuple[pl.DataFrame, list[int]]:
    """The events of rows, each once (the last row of an event that has a result goes before others), and the
    identity of each row's event."""
    frame = finish_events(
        {
            "competition": [r.competition for r in rows],
            "season": [r.season for r in rows],
            "date": [r.day for r in rows],
            "home": [r.home for r in rows],
            "away": [r.away for r in rows],
            "starts_at": [r.starts_at for r in rows],
            "starts_at_basis": ["recorded" if r.start_known else "assumed:noon" for r in rows],
            "settled_at": [r.settled_at for r in rows],
            "settled_at_basis": [None if r.settled_at is None else "assumed:end_of_day" for r in rows],
            "status": [r.status for r in rows],
            "home_score": [r.score[0] if r.score else None for r in rows],
            "away_score": [r.score[1] if r.score else None for r in rows],
            "winner": [r.winner for r in rows],
            "raw_line": [r.line for r in rows],
        },
        origin,
        sport=[r.sport for r in rows],
        neutral=mapping.neutral,
    )
    ids: list[int] = frame["event_id"].to_list()
    ranked = frame.with_columns((pl.col("status") != "scheduled").alias("over")).sort("over", maintain_order=True)
    once = ranked.unique("event_id", keep="last", maintain_order=True).drop("over")
    return once.sort("raw_line"), ids


def instants_of(rows: Sequence[Row]) -> dict[str, Instants]:
    """When the prices of each kind of instant were known; a snapshot at or after the start is in play."""
    opening = np.array([moments.opening_ns(r.day, r.starts_at) for r in rows], dtype=np.int64)
    starts = np.array([r.starts_at for r in rows], dtype=np.int64)
    known = np.array([r.known_at for r in rows], dtype=np.int64)
    kinds = [IN_PLAY if r.known_at >= r.starts_at else SNAPSHOT for r in rows]
    recorded = [r.known_basis == "recorded" for r in rows]
    told = bool(rows) and all(r.known_basis for r in rows)
    snapshot = Instants(known, "recorded" if all(recorded) else "assumed:file_name", kinds)
    return {
        OPEN: Instants(known, "recorded") if told else Instants(opening, "assumed:match_day"),
        CLOSE: Instants(starts, "assumed:kick_off"),
        SNAPSHOT: snapshot,
        IN_PLAY: snapshot,
    }
