"""Reader of football-data.co.uk: one league and season per file (``Div``), or one country (``Country,League``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from engine.plausibility.seasons import span_of_season
from engine.schema import CLOSE, CORNERS, FIRST_HALF, OPEN
from engine.source import calendar
from engine.source.aliases import Aliases, load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.books import refuse_moved_columns, refuse_partial_books
from engine.source.date_order import check_order
from engine.source.events import finish_events
from engine.source.football_columns import price_columns, unknown_bookmakers
from engine.source.football_forms import refuse_half_pairs, refuse_other_forms, strange_cells
from engine.source.further_scores import INTEGER, read_further_scores
from engine.source.header import refuse_duplicates, refuse_missing
from engine.source.match_statistics import known_text, read_pairs
from engine.source.moved_rows import without_moved_rows
from engine.source.prices import Instants, read_prices
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table, read_table

#: Time zone of the column ``Time``.
_ZONE: Final = "Europe/London"
_WINNERS: Final = {"H": "home", "D": "draw", "A": "away"}
_DATES: Final = ("%d/%m/%Y", "%d/%m/%y")
#: Further scores by scope. Cards are no score: a second yellow card is one card in some leagues and two in others.
_FURTHER: Final = {FIRST_HALF: ("HTHG", "HTAG"), CORNERS: ("HC", "AC")}
#: Statistics by kind. No bet is settled by them, so cards are as each league counts them.
_STATISTICS: Final = {
    "shots": ("HS", "AS"),
    "shots_on_target": ("HST", "AST"),
    "fouls": ("HF", "AF"),
    "offsides": ("HO", "AO"),
    "woodwork": ("HHW", "AHW"),
    "yellow_cards": ("HY", "AY"),
    "red_cards": ("HR", "AR"),
    "xg": ("HxG", "AxG"),
}
#: A league with at most this share of the rows of a file is named.
_FEW_OF_A_LEAGUE: Final = 0.01
#: The source starts with the season 1993-1994.
_FIRST_DAY: Final = date(1993, 7, 1)


@dataclass(frozen=True)
class _Layout:
    """Columns of a layout: teams, goals and result; `country` for one country per file."""

    home: str
    away: str
    goals: tuple[str, str]
    result: str
    country: bool


@dataclass
class _Match:
    """One valid row; names and season are completed later. `index` is its position in the table."""

    index: int
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
    origin : source and file of the rows
    today : rows with a result on a later date are refused

    Raises
    ------
    SourceError
        The first line is not a header of this source, has a duplicate column, or lacks a name beside others of its
        kind; the rows do not hold what the header says; the dates are written month first.
    """
    quarantine = Quarantine()
    table = read_table(raw, quarantine, check=_check_header)
    layout = _layout(table.header)
    columns, unknown = price_columns(table.header, closing_only=layout.country)
    refuse_other_forms(table)
    refuse_moved_columns(table, columns)
    table = without_moved_rows(table, columns, quarantine, strange_cells(table), pairs=True)
    _check_unnamed(table, quarantine)
    aliases = load_aliases("football")
    matches, depends_on_today = _matches(table, layout, quarantine, today)
    n_read = table.n_misfit + len(table.rows)
    matches = _without_duplicates(table, _with_standard_names(table, matches, aliases, quarantine), quarantine)
    _flag_other_leagues(table, matches, quarantine)
    _set_seasons(table, layout, matches, quarantine)
    kept_table = table.only(m.index for m in matches)
    for name in unknown:
        quarantine.flag(None, name, "", "unknown column: not read")
    further = read_further_scores(
        kept_table, _FURTHER, [match.goals for match in matches], quarantine, within=(FIRST_HALF,)
    )
    has_result = [match.winner is not None for match in matches]
    statistics = read_pairs(kept_table, _STATISTICS, quarantine, known=has_result)
    referees = [known_text(name) for name in kept_table.column("Referee")]
    events = _events(kept_table, matches, origin, {**further, **statistics, "referee": referees})
    ids = events["event_id"].to_numpy()
    prices = read_prices(kept_table, ids, columns, _instants(matches), quarantine)
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
        new_names=tuple(sorted(aliases.new(names) | unknown_bookmakers(columns))),
    )
    return Parsed(events, prices.quotes, quarantine.frame(origin), counts, depends_on_today)


def _check_header(header: list[str]) -> None:
    layout = _layout(header)
    refuse_duplicates(header)
    refuse_half_pairs(header)
    refuse_partial_books(price_columns(header, closing_only=layout.country)[0], header)


def _layout(header: Sequence[str]) -> _Layout:
    names = set(header)
    country = {"Country", "League", "Season", "Date", "Home", "Away"}
    home, away = ("HT", "AT") if {"HT", "AT"} <= names and "HomeTeam" not in names else ("HomeTeam", "AwayTeam")
    one_league = {"Div", "Date", home, away}
    needed = country if len(country & names) > len(one_league & names) + 1 or country <= names else one_league
    refuse_missing(
        sorted(needed, key=["Div", "Country", "League", "Season", "Date", "Home", "Away", home, away].index),
        header,
        what="the first line is not a header of football-data.co.uk",
        todo="put the header on the first line, or write a mapping and import the file as generic_csv",
    )
    if needed is country:
        return _Layout("Home", "Away", ("HG", "AG"), "Res", country=True)
    return _Layout(
        home,
        away,
        ("FTHG", "FTAG") if "FTHG" in names else ("HG", "AG"),
        "FTR" if "FTR" in names else "Res",
        country=False,
    )


def _check_unnamed(table: Table, quarantine: Quarantine) -> None:
    """Flag cells in columns without a name. Their meaning is unknown."""
    unnamed = [i for i, name in enumerate(table.header) if not name or name.startswith("Unnamed:")]
    filled = [line for row, line in zip(table.rows, table.lines, strict=True) if any(row[i].strip() for i in unnamed)]
    if filled:
        quarantine.flag(filled[0], None, "", f"cells in a column without a name in {len(filled)} rows: not read")


def _matches(table: Table, layout: _Layout, quarantine: Quarantine, today: date) -> tuple[list[_Match], bool]:
    """The valid matches, and whether a row was refused only because of today's date. Other rows are quarantined."""
    columns = [table.column(n) for n in ("Div", "Country", "League", layout.home, layout.away, layout.result, "Time")]
    goals = [table.column(name) for name in layout.goals]
    written = table.column("Date")
    check_order(written, table.lines, _DATES, quarantine)
    days = calendar.read_slashed(written)
    matches, depends_on_today = [], False
    for index, (day, line) in enumerate(zip(days, table.lines, strict=True)):
        division, country, league, home, away, result, clock = (column[index] for column in columns)
        competition = f"{country} {league}".strip() if layout.country else division
        text = ",".join(table.rows[index])
        if day is None or day < _FIRST_DAY:
            quarantine.row(line, text, f"unreadable date: {written[index]!r}")
            continue
        if not (competition and home and away) or home == away:
            quarantine.row(line, text, "no league, or not two different teams")
            continue
        score, winner = _result(table, index, layout, (goals[0][index], goals[1][index], result), quarantine)
        refusal = calendar.refusal_of_date(day, today, winner is not None)
        if refusal:
            depends_on_today = True
            quarantine.row(line, text, refusal)
            continue
        matches.append(_Match(index, competition, day, home, away, _start(line, day, clock, quarantine), score, winner))
    return matches, depends_on_today


def _result(
    table: Table, index: int, layout: _Layout, texts: tuple[str, str, str], quarantine: Quarantine
) -> tuple[tuple[int, int] | None, str | None]:
    """Goals and winner of a row: both or neither. Cells that cannot be used are quarantined."""
    integers = [INTEGER.fullmatch(text) for text in texts[:2]]
    winner = _WINNERS.get(texts[2])
    if integers[0] and integers[1] and winner:
        goals = int(integers[0][1]), int(integers[1][1])
        by_goals = "home" if goals[0] > goals[1] else "away" if goals[0] < goals[1] else "draw"
        if by_goals != winner:
            reason = f"the result contradicts the goals {goals[0]}-{goals[1]}: kept as written"
            quarantine.flag(table.lines[index], layout.result, texts[2], reason)
        return goals, winner
    for name, text, value in zip((*layout.goals, layout.result), texts, (*integers, winner), strict=True):
        if text and not value:
            quarantine.cell(table.lines[index], name, text, "invalid result: expected integer goals and H, D or A")
        elif text:
            quarantine.cell(table.lines[index], name, text, "incomplete result: goals or H, D, A missing")
    return None, None


def _start(line: int, day: date, text: str, quarantine: Quarantine) -> int | None:
    if not text:
        return None
    clock = calendar.read_clock(text)
    if clock is None:
        quarantine.cell(line, "Time", text, "invalid time of day: expected HH:MM")
        return None
    return calendar.local_ns(day, clock, _ZONE)


def _with_standard_names(table: Table, matches: list[_Match], aliases: Aliases, quarantine: Quarantine) -> list[_Match]:
    """Matches with standard names. One whose two teams are spellings of one name is quarantined."""
    kept = []
    for match in matches:
        match.competition = aliases.competition(match.competition)
        names = aliases.resolve(match.home, match.competition), aliases.resolve(match.away, match.competition)
        if names[0] == names[1]:
            reason = f"both teams are {names[0]!r} by the table of aliases"
            quarantine.row(table.lines[match.index], ",".join(table.rows[match.index]), reason)
            continue
        match.home, match.away = names
        kept.append(match)
    return kept


def _without_duplicates(table: Table, matches: list[_Match], quarantine: Quarantine) -> list[_Match]:
    """The first match of each league, date and pair of teams. Later rows are quarantined as duplicates.

    Rows with two results are all quarantined: nobody can say which one is right.
    """
    named: dict[tuple[str, date, str, str], list[_Match]] = {}
    for match in matches:
        named.setdefault((match.competition, match.day, match.home, match.away), []).append(match)
    unique = []
    for same in named.values():
        first, *others = same
        if len({match.goals for match in same if match.goals is not None}) > 1:
            lines = " and ".join(str(table.lines[match.index]) for match in same)
            for match in same:
                reason = f"two results of one pair on one date (lines {lines})"
                quarantine.row(table.lines[match.index], ",".join(table.rows[match.index]), reason)
            continue
        unique.append(first)
        cells = [c.strip() for c in table.rows[first.index]]
        for match in others:
            repeats = [c.strip() for c in table.rows[match.index]] == cells
            reason = f"duplicate of line {table.lines[first.index]}" + ("" if repeats else " with other values")
            quarantine.row(table.lines[match.index], ",".join(table.rows[match.index]), reason)
    return unique


def _flag_other_leagues(table: Table, matches: list[_Match], quarantine: Quarantine) -> None:
    """Flag single rows of another league in a file of one league."""
    counts = Counter(match.competition for match in matches)
    for match in matches:
        if counts[match.competition] <= _FEW_OF_A_LEAGUE * len(matches):
            reason = "another league than nearly all other rows of the file"
            quarantine.flag(table.lines[match.index], "Div", match.competition, reason)


def _set_seasons(table: Table, layout: _Layout, matches: list[_Match], quarantine: Quarantine) -> None:
    """Set the season of each match: as written (one country per file), or from the dates of its league in the file."""
    if layout.country:
        written = table.column("Season")
        for match in matches:
            season = calendar.season_as_written(written[match.index])
            match.season = season or calendar.season_of_date(match.day)
            span = span_of_season(match.season)
            if season is None:
                reason = "no readable season: taken from the date"
                quarantine.flag(table.lines[match.index], "Season", written[match.index], reason)
            elif span is None or not span[0] <= match.day <= span[1]:
                quarantine.flag(table.lines[match.index], "Date", str(match.day), f"outside the season {season}")
        return
    leagues: dict[str, list[_Match]] = {}
    for match in matches:
        leagues.setdefault(match.competition, []).append(match)
    for group in leagues.values():
        seasons = calendar.seasons_of_file([m.day for m in group])
        for match, season in zip(group, seasons, strict=True):
            match.season = season
        for index in calendar.outliers(seasons):
            line = table.lines[group[index].index]
            quarantine.flag(line, "Date", str(group[index].day), "not the season of nearly all other rows of the file")


def _events(
    table: Table, matches: list[_Match], origin: Origin, further: Mapping[str, Sequence[float | str | None]]
) -> pl.DataFrame:
    played = [m.winner is not None for m in matches]
    return finish_events(
        {
            "competition": [m.competition for m in matches],
            "season": [m.season for m in matches],
            "date": [m.day for m in matches],
            "home": [m.home for m in matches],
            "away": [m.away for m in matches],
            "starts_at": [calendar.noon_ns(m.day) if m.starts_at is None else m.starts_at for m in matches],
            "starts_at_basis": ["assumed:noon" if m.starts_at is None else "recorded" for m in matches],
            "settled_at": [calendar.end_of_day_ns(m.day) if p else None for m, p in zip(matches, played, strict=True)],
            "settled_at_basis": ["assumed:end_of_day" if p else None for p in played],
            "status": ["played" if p else "scheduled" for p in played],
            "home_score": [m.goals[0] if m.goals else None for m in matches],
            "away_score": [m.goals[1] if m.goals else None for m in matches],
            "winner": [m.winner for m in matches],
            "raw_line": table.lines,
            **further,
        },
        origin,
        sport="football",
        neutral=False,
    )


def _instants(matches: list[_Match]) -> dict[str, Instants]:
    starts = [calendar.noon_ns(m.day) if m.starts_at is None else m.starts_at for m in matches]
    opening = [calendar.opening_ns(m.day, start) for m, start in zip(matches, starts, strict=True)]
    return {
        OPEN: Instants(np.array(opening, dtype=np.int64), "assumed:match_day"),
        CLOSE: Instants(np.array(starts, dtype=np.int64), "assumed:kick_off"),
    }
