"""football-data.co.uk: one league and season a file (``Div``), or one country a file (``Country,League,Season``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.schema import CLOSE, OPEN
from engine.source import calendar as moments
from engine.source import calendar as seasons
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.events import finish_events
from engine.source.football_columns import price_columns, unknown_bookmakers
from engine.source.prices import Instants, read_prices
from engine.source.quarantine import Findings, Origin
from engine.source.table import Table, read_table, twins

#: The clock of the column ``Time``.
_ZONE: Final = "Europe/London"
_WINNERS: Final = {"H": "home", "D": "draw", "A": "away"}
_WHOLE = re.compile(r"(\d{1,3})(?:\.0*)?", re.ASCII)
#: The source begins with the season of 1993.
_FIRST_DAY: Final = date(1993, 7, 1)


@dataclass(frozen=True)
class _Layout:
    """Where the facts of a match stand."""

    home: str
    away: str
    goals: tuple[str, str]
    result: str
    country: bool


@dataclass
class _Match:
    """One row that is kept, before its names and season are settled."""

    at: int
    competition: str
    day: date
    home: str
    away: str
    starts_at: int | None
    goals: tuple[int, int] | None
    winner: str | None
    season: str = ""


def read(raw: bytes, origin: Origin, today: date) -> Parsed:
    """Read a file of either layout.

    Parameters
    ----------
    raw : bytes of the file
    origin : names for the rows
    today : a result of a later day is refused

    Raises
    ------
    SourceError
        The first line is no header of this source, or names a column twice.
    """
    findings = Findings()
    table = read_table(raw, findings)
    layout = _layout(table.header)
    _refuse_twins(table.header)
    _check_unnamed(table, findings)
    aliases = load_aliases("football")
    matches, depends_on_today = _matches(table, layout, findings, today)
    n_read = table.n_misfit + len(table.rows)
    for match in matches:
        match.home, match.away = aliases.resolve(match.home), aliases.resolve(match.away)
    matches = _without_repeats(table, matches, findings)
    _set_seasons(table, layout, matches, findings)
    kept = Table(table.header, [table.rows[m.at] for m in matches], [table.lines[m.at] for m in matches])
    columns, unknown = price_columns(table.header, closing_only=layout.country)
    for name in unknown:
        findings.flag(None, name, "", "a column that means nothing known: not read")
    events = _events(kept, matches, origin)
    ids = events["event_id"].to_numpy()
    prices = read_prices(kept, ids, columns, _instants(matches), findings)
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
        new_names=tuple(sorted(aliases.new(names) | unknown_bookmakers(columns))),
    )
    return Parsed(events, prices.quotes, findings.frame(origin), counts, depends_on_today)


def _layout(header: Sequence[str]) -> _Layout:
    names = set(header)
    if {"Country", "League", "Season", "Date", "Home", "Away"} <= names:
        return _Layout("Home", "Away", ("HG", "AG"), "Res", country=True)
    home, away = ("HomeTeam", "AwayTeam") if "HomeTeam" in names else ("HT", "AT")
    if not {"Div", "Date", home, away} <= names:
        raise SourceError(
            "the first line is no header of football-data.co.uk",
            expected="Div,Date,HomeTeam,AwayTeam,... or Country,League,Season,Date,...",
            found=",".join(header)[:80],
            todo="put the header first, or describe the file in a mapping and import it as generic_csv",
        )
    return _Layout(
        home,
        away,
        ("FTHG", "FTAG") if "FTHG" in names else ("HG", "AG"),
        "FTR" if "FTR" in names else "Res",
        country=False,
    )


def _refuse_twins(header: Sequence[str]) -> None:
    twice = twins(header)
    if twice:
        raise SourceError("a column stands twice in the header", found=", ".join(twice[:3]))


def _check_unnamed(table: Table, findings: Findings) -> None:
    """Flag cells that stand under no name: nobody can say what they are."""
    bare = [i for i, name in enumerate(table.header) if not name or name.startswith("Unnamed:")]
    filled = [line for row, line in zip(table.rows, table.lines, strict=True) if any(row[i].strip() for i in bare)]
    if filled:
        findings.flag(filled[0], None, "", f"cells under no name in {len(filled)} rows: not read")


def _matches(table: Table, layout: _Layout, findings: Findings, today: date) -> tuple[list[_Match], bool]:
    """The rows that are matches; the rest is named. And whether a row was refused only because of today's date."""
    columns = [table.column(n) for n in ("Div", "Country", "League", layout.home, layout.away, layout.result, "Time")]
    goals = [table.column(name) for name in layout.goals]
    written = table.column("Date")
    days = moments.read_slashed(written)
    matches, ahead = [], False
    for at, (day, line) in enumerate(zip(days, table.lines, strict=True)):
        division, country, league, home, away, result, clock = (column[at] for column in columns)
        competition = f"{country} {league}".strip() if layout.country else division
        text = ",".join(table.rows[at])
        if day is None or day < _FIRST_DAY:
            findings.row(line, text, f"a date that cannot be read: {written[at]!r}")
            continue
        if not (competition and home and away) or home == away:
            findings.row(line, text, "a row without a league, or without two teams")
            continue
        score, winner = _result(table, at, layout, (goals[0][at], goals[1][at], result), findings)
        refusal = moments.refusal_of_date(day, today, winner is not None)
        if refusal:
            ahead = True
            findings.row(line, text, refusal)
            continue
        matches.append(_Match(at, competition, day, home, away, _start(line, day, clock, findings), score, winner))
    return matches, ahead


def _result(
    table: Table, at: int, layout: _Layout, texts: tuple[str, str, str], findings: Findings
) -> tuple[tuple[int, int] | None, str | None]:
    """Goals and winner of a row; both or neither. What stands there and cannot be used is named."""
    whole = [_WHOLE.fullmatch(text) for text in texts[:2]]
    winner = _WINNERS.get(texts[2])
    if whole[0] and whole[1] and winner:
        goals = int(whole[0][1]), int(whole[1][1])
        by_goals = "home" if goals[0] > goals[1] else "away" if goals[0] < goals[1] else "draw"
        if by_goals != winner:
            reason = f"the result is not that of the goals {goals[0]}-{goals[1]}: kept as written"
            findings.flag(table.lines[at], layout.result, texts[2], reason)
        return goals, winner
    for name, text, good in zip((*layout.goals, layout.result), texts, (*whole, winner), strict=True):
        if text and not good:
            findings.cell(table.lines[at], name, text, "no result: expected whole goals and H, D or A")
        elif text:
            findings.cell(table.lines[at], name, text, "half a result: goals or H, D, A missing")
    return None, None


def _start(line: int, day: date, text: str, findings: Findings) -> int | None:
    if not text:
        return None
    clock = moments.read_clock(text)
    if clock is None:
        findings.cell(line, "Time", text, "no time of day: expected HH:MM")
        return None
    return moments.local_ns(day, clock, _ZONE)


def _without_repeats(table: Table, matches: list[_Match], findings: Findings) -> list[_Match]:
    """Matches whose key stands once: a later row of the same league, date and teams is put aside and named."""
    seen: dict[tuple[str, date, str, str], _Match] = {}
    kept = []
    for match in matches:
        key = match.competition, match.day, match.home, match.away
        first = seen.setdefault(key, match)
        if first is match:
            kept.append(match)
            continue
        same = [c.strip() for c in table.rows[first.at]] == [c.strip() for c in table.rows[match.at]]
        reason = f"duplicate of line {table.lines[first.at]}" + ("" if same else " with other values")
        findings.row(table.lines[match.at], ",".join(table.rows[match.at]), reason)
    return kept


def _set_seasons(table: Table, layout: _Layout, matches: list[_Match], findings: Findings) -> None:
    """Give each match its season: as written (one country a file), or from the dates of its league in this file."""
    if layout.country:
        written = table.column("Season")
        for match in matches:
            season = seasons.season_as_written(written[match.at])
            match.season = season or seasons.season_of_date(match.day)
            first, last = seasons.span_of_season(match.season)
            if season is None:
                reason = "no season: taken from the date"
                findings.flag(table.lines[match.at], "Season", written[match.at], reason)
            elif not first <= match.day <= last:
                findings.flag(table.lines[match.at], "Date", str(match.day), f"outside the season {season}")
        return
    leagues: dict[str, list[_Match]] = {}
    for match in matches:
        leagues.setdefault(match.competition, []).append(match)
    for group in leagues.values():
        named = seasons.seasons_of_file([m.day for m in group])
        for match, season in zip(group, named, strict=True):
            match.season = season
        for at in seasons.outliers(named):
            line = table.lines[group[at].at]
            findings.flag(line, "Date", str(group[at].day), "another season than nearly all rows of the file")


def _events(kept: Table, matches: list[_Match], origin: Origin) -> pl.DataFrame:
    played = [m.winner is not None for m in matches]
    return finish_events(
        {
            "competition": [m.competition for m in matches],
            "season": [m.season for m in matches],
            "date": [m.day for m in matches],
            "home": [m.home for m in matches],
            "away": [m.away for m in matches],
            "starts_at": [moments.noon_ns(m.day) if m.starts_at is None else m.starts_at for m in matches],
            "starts_at_basis": ["assumed:noon" if m.starts_at is None else "recorded" for m in matches],
            "settled_at": [moments.end_of_day_ns(m.day) if p else None for m, p in zip(matches, played, strict=True)],
            "settled_at_basis": ["assumed:end_of_day" if p else None for p in played],
            "status": ["played" if p else "scheduled" for p in played],
            "home_score": [m.goals[0] if m.goals else None for m in matches],
            "away_score": [m.goals[1] if m.goals else None for m in matches],
            "winner": [m.winner for m in matches],
            "raw_line": kept.lines,
        },
        origin,
        sport="football",
        neutral=False,
    )


def _instants(matches: list[_Match]) -> dict[str, Instants]:
    starts = [moments.noon_ns(m.day) if m.starts_at is None else m.starts_at for m in matches]
    opening = [moments.opening_ns(m.day, start) for m, start in zip(matches, starts, strict=True)]
    return {
        OPEN: Instants(np.array(opening, dtype=np.int64), "assumed:match_day"),
        CLOSE: Instants(np.array(starts, dtype=np.int64), "assumed:kick_off"),
    }
