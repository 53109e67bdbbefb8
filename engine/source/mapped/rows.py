"""Rows of a mapped table as events: names, times, results, seasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.clock import SECOND_NS, instant_ns
from engine.plausibility.seasons import span_of_season
from engine.source import calendar
from engine.source.aliases import Aliases, load_aliases
from engine.source.date_order import check_order
from engine.source.mapped.games import numbered, repeated
from engine.source.mapped.results import Result, ResultReader
from engine.source.mapped.row import NO_PRICE, Row
from engine.source.mapped.texts import texts_of
from engine.source.mapped.times import instant_of, read_start, start_texts
from engine.source.mapping.keys import Mapping
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table

_GAME = re.compile(r"(\d{1,2})(?:\.0*)?", re.ASCII)


def read_rows(
    table: Table, mapping: Mapping, quarantine: Quarantine, origin: Origin, today: date
) -> tuple[list[Row], bool]:
    """The valid rows, and whether a row was refused only because of today's date. Other rows are quarantined."""
    reader = _RowReader(table, mapping, quarantine, origin)
    rows: list[Row] = []
    depends_on_today = False
    for index, line in enumerate(table.lines):
        row = reader.row(index, line)
        refusal = row if isinstance(row, str) else calendar.refusal_of_date(row.day, today, row.result.known)
        if refusal:
            depends_on_today |= isinstance(row, Row)
            quarantine.row(line, ",".join(table.rows[index]), refusal)
        elif isinstance(row, Row):
            rows.append(row)
    rows, refused = numbered(rows)
    if not (
        mapping.long or mapping.records or mapping.bookmaker.sources or mapping.known.columns or mapping.known.files
    ):
        refused = {**repeated(rows, table, refused), **refused}
    for row in rows:
        if row.index in refused:
            quarantine.row(row.line, ",".join(table.rows[row.index]), refused[row.index])
    rows = [row for row in rows if row.index not in refused]
    _check_seasons(rows, quarantine)
    return rows, depends_on_today


class _RowReader:
    """Reads the rows of one table with one mapping."""

    def __init__(self, table: Table, mapping: Mapping, quarantine: Quarantine, origin: Origin) -> None:
        self._mapping, self._quarantine, self._name = mapping, quarantine, origin.name
        self._aliases = dict[str, Aliases]()
        texts = ("sport", "competition", "season", "home", "away", "game")
        self._texts = {name: texts_of(table, getattr(mapping, name), origin.name) for name in texts}
        self._results = ResultReader(table, mapping, quarantine, origin.name)
        self._start = start_texts(table, mapping.start)
        check_order(self._start, table.lines, (mapping.start.format,), quarantine)
        self._clock = table.column(mapping.start.time_column)
        self._game_id = table.column(mapping.game_id)
        self._known = [table.column(name) for name in mapping.known.columns]
        self._updated = table.column(mapping.known.updated)
        self._read = [table.column(name) for name in mapping.known.read]
        self._gone = table.column(mapping.known.gone)
        self._zone = mapping.known.zone or mapping.start.zone
        odds = (mapping.long.odds_column,) if mapping.long else tuple(p.column for p in mapping.prices or ())
        priced = [table.column(name) for name in odds if name in table.header]
        self._priced = [any(cells) for cells in zip(*priced, strict=True)] if priced else [False] * len(table.rows)

    def row(self, index: int, line: int) -> Row | str:
        """The row, or the reason why it is quarantined."""
        sport, competition, season, home, away, number = (column[index] for column in self._texts.values())
        start = read_start(self._start[index], self._clock[index], self._mapping.start)
        if start is None:
            return f"unreadable date: {self._start[index][:40]!r}"
        sides = frozenset((home,)), frozenset((away,))
        aliases = self._aliases.get(sport) or self._aliases.setdefault(sport, load_aliases(sport))
        rule = self._mapping.season_rules.get(competition, "")
        competition = aliases.competition(competition)
        home, away = aliases.resolve(home, competition), aliases.resolve(away, competition)
        if not (sport and competition and home and away) or home == away:
            return "no sport, no competition, or not two different names"
        game = _GAME.fullmatch(number or "0")
        if game is None:
            return f"unreadable number of the game: {number[:40]!r}"
        day, starts_at = start
        known = self._known_at(index, line)
        if isinstance(known, str):
            return known
        sides = sides[0] | aliases.spellings(home), sides[1] | aliases.spellings(away)
        result = self._results.read(index, line, *sides).of_sport(sport)
        rule = rule or self._mapping.season_rules.get(competition, self._mapping.season_rule)
        row = Row(
            index=index, line=line, sport=sport, competition=competition, season=_season(season, rule, day),
            day=day, home=home, away=away, starts_at=calendar.noon_ns(day) if starts_at is None else starts_at,
            start_known=starts_at is not None, result=result, **self._settled(day, result, known),
            known_at=known[0], known_basis=known[1], sides=sides, game_id=self._game_id[index],
            game=max(int(game[1]), 1) if number else 0, no_offer=self._has_no_offer(index, known[0]),
            neutral=self._mapping.neutral or sport in self._mapping.neutral_sports,
        )  # fmt: skip
        return _swapped(row) if row.neutral and away < home else row

    def _has_no_offer(self, index: int, known_ns: int) -> bool:
        """Whether the price is not there any more, or was read too long before it became known."""
        if self._gone[index]:
            return True
        text = next((column[index] for column in self._read if column[index]), "")
        read = instant_of(text, self._mapping.known.format, self._zone) if text else None
        return read is not None and known_ns - instant_ns(read) > self._mapping.known.age_s * SECOND_NS

    def _settled(self, day: date, result: Result, known: tuple[int, str]) -> dict[str, Any]:
        """When a result was known: with its row, or at the end of the day in UTC or the event's zone, the later one."""
        if not result.over:
            return {}
        if self._mapping.known.results and known[1] == "recorded":
            return {"settled_at": known[0], "settled_basis": known[1]}
        zone = self._mapping.start.date_zone or self._mapping.start.zone
        last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo(zone))
        return {"settled_at": max(calendar.end_of_day_ns(day), instant_ns(last))}

    def _known_at(self, index: int, line: int) -> tuple[int, str] | str:
        """When the prices of a row were known, and the basis; (0, "") if the mapping has no such times.

        A text is the reason why the row is quarantined. A row without prices needs no such time.
        """
        known = self._mapping.known
        if not known.columns and not known.files:
            return 0, ""
        for name, column in zip(known.columns, self._known, strict=True):
            if not column[index]:
                continue
            instant = instant_of(column[index], known.format, self._zone)
            if instant is None:
                return f"unreadable time: {name} {column[index][:40]!r}"
            updated = instant_of(self._updated[index], known.format, self._zone)
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
        return "no time at which its prices were known" if self._priced[index] else (0, NO_PRICE)


def _season(written: str, rule: str, day: date) -> str:
    season = calendar.season_as_written(written) if written else None
    if season is not None and rule == "ends" and "-" not in season:
        return calendar.season_name(int(season) - 1)
    if season is not None:
        return season
    return written or (str(day.year) if rule == "calendar" else calendar.season_of_date(day))


def _swapped(row: Row) -> Row:
    return replace(row, home=row.away, away=row.home, result=row.result.swapped(), swapped=True)


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
