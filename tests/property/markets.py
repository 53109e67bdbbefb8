"""Random and real events and quotes, for tests of views, strategies and tapes."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from engine.schema import AGGREGATES, EVENTS, QUOTES, SELECTIONS

BOOKS = ("aaa", "bbb", "ccc", "ddd", "pinnacle")
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LINES = {"1x2": (None,), "totals": (2.5, 2.75), "asian_handicap": (-0.25, 0.5)}


def world(seed: int, n_events: int = 30) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and quotes of all quote kinds, markets and sides. Some books have gaps, some events no result."""
    rng = np.random.default_rng(seed)
    events, quotes = [], []
    for event in range(1, n_events + 1):
        start = FIRST + timedelta(days=int(rng.integers(0, 20)), hours=int(rng.integers(10, 22)))
        goals = rng.poisson(1.4, 2)
        status = "scheduled" if rng.random() < 0.1 else "abandoned" if rng.random() < 0.05 else "played"
        events.append(_event(event, start, f"L{event % 3}", status, (int(goals[0]), int(goals[1]))))
        for market, lines in LINES.items():
            for line in lines:
                quotes += _book(rng, event, market, line, start)
    return frames(events, quotes)


def _event(event: int, start: datetime, competition: str, status: str, goals: tuple[int, int]) -> tuple[object, ...]:
    home, away = goals
    played = status == "played"
    end = start.replace(hour=23, minute=59, second=59) if status != "scheduled" else None
    winner = ("home" if home > away else "away" if away > home else "draw") if played else None
    return (
        event, "football", competition, "2023-2024", start.date(), f"H{event}", f"A{event}", False, start, "recorded",
        end, "assumed:end_of_day", status, home if played else None, away if played else None, winner, "test", "", 0,
    )  # fmt: skip


def _book(
    rng: np.random.Generator, event: int, market: str, line: float | None, start: datetime
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    chance = rng.dirichlet(np.full(len(SELECTIONS[market]), 6.0))
    pulls = [start - timedelta(minutes=int(m)) for m in sorted(rng.integers(1, 600, 4), reverse=True)]
    for bookmaker in BOOKS:
        for pull, known in enumerate(pulls):
            if rng.random() < 0.2:
                continue
            drift = chance * np.exp(rng.normal(0, 0.08, len(chance)))
            odds = 1.0 / (drift / drift.sum() * rng.uniform(0.98, 1.06))
            for selection, price in zip(SELECTIONS[market], odds, strict=True):
                if price <= 1.01 or rng.random() < 0.03:
                    continue
                kind = ("open", known) if pull == 0 else ("close", start) if pull == 3 else ("snapshot", known)
                rows.append(_quote(event, market, line, selection, bookmaker, kind, round(float(price), 2)))
                if bookmaker == "ddd":
                    laid = _quote(event, market, line, selection, bookmaker, kind, round(float(price) + 0.1, 2))
                    rows.append((*laid[:5], "lay", *laid[6:]))
    for name, best in zip(AGGREGATES, (1.08, 0.97), strict=True):
        for selection, p in zip(SELECTIONS[market], chance, strict=True):
            price = max(1.02, round(float(best / p), 2))
            rows.append(_quote(event, market, line, selection, name, ("open", pulls[0]), price))
    rows.append(_quote(event, market, line, SELECTIONS[market][0], "aaa", ("in_play", start + timedelta(hours=1)), 9.0))
    return rows


def _quote(
    event: int,
    market: str,
    line: float | None,
    selection: str,
    bookmaker: str,
    kind: tuple[str, datetime],
    odds: float,
) -> tuple[object, ...]:
    instant, known = kind
    return (
        event,
        market,
        line,
        selection,
        bookmaker,
        "back",
        instant,
        known,
        "recorded",
        odds,
        None,
        odds > 30 or round(odds * 100) % 19 == 0,
    )


def frames(events: list[tuple[object, ...]], quotes: list[tuple[object, ...]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows as tables of the schema. Of quotes with the same key and quote kind the first one is kept."""
    table = pl.DataFrame(quotes, schema=dict(QUOTES), orient="row").unique(
        ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at"],
        keep="first",
        maintain_order=True,
    )
    return pl.DataFrame(events, schema=dict(EVENTS), orient="row"), table


def football(folder: Path, names: tuple[str, ...], goals_too: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """1X2 prices from files of football-data.co.uk, and prices of goals; dates are dd/mm/yy(yy)."""
    events, quotes = [], []
    for name in names:
        for row in csv.DictReader((folder / name).read_text("latin-1").splitlines()):
            if not row.get("HomeTeam"):
                continue
            day, month, year = (int(part) for part in str(row["Date"]).split("/"))
            start = datetime(year % 100 + 2000, month, day, 12, tzinfo=UTC)
            goals = int(float(row["FTHG"])), int(float(row["FTAG"]))
            event = len(events) + 1
            events.append(_event(event, start, str(row["Div"]), "played", goals))
            opened, closed = ("open", start - timedelta(hours=12)), ("close", start)
            for prefix, book in (("B365", "b365"), ("PS", "pinnacle"), ("WH", "william_hill"), ("Max", "max"),
                                 ("BbMx", "max"), ("Avg", "avg"), ("BbAv", "avg"), ("PSC", "pinnacle")):  # fmt: skip
                for letter, selection in zip("HDA", SELECTIONS["1x2"], strict=True):
                    price = float(row.get(prefix + letter) or 0)
                    kind = closed if prefix == "PSC" else opened
                    if price > 1:
                        quotes.append(_quote(event, "1x2", None, selection, book, kind, price))
            for prefix, book in (("B365", "b365"), ("P", "pinnacle")) if goals_too else ():
                for column, market, line, selection in (
                    (">2.5", "totals", 2.5, "over"), ("<2.5", "totals", 2.5, "under"),
                    ("AHH", "asian_handicap", float(row["AHh"]), "home"),
                    ("AHA", "asian_handicap", float(row["AHh"]), "away"),
                ):  # fmt: skip
                    if price := float(row[prefix + column] or 0):
                        quotes.append(_quote(event, market, line, selection, book, opened, price))
    return frames(events, quotes)


def snapshots(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Moneylines of recorded pulls with the instant of each pull. The file has no results, so winners are invented."""
    events: dict[str, tuple[object, ...]] = {}
    quotes = []
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.namelist()):
            for row in csv.DictReader(io.StringIO(archive.read(member).decode())):
                seen = row.get("snapshot_taken_at_utc")
                if not seen or not row["ml_home"] or not row["ml_away"]:
                    continue
                start, known = (
                    _instant(row["commence_time"]),
                    max(_instant(seen), _instant(row["bookmaker_last_update_utc"] or seen)),
                )
                game = row["game_id"]
                number = len(events) + 1
                events.setdefault(game, _event(number, start, row["sport"], "played", (number % 3, 1)))
                kind = ("snapshot" if known < start else "in_play", known)
                event = int(str(events[game][0]))
                for selection in ("home", "away"):
                    american = float(row[f"ml_{selection}"])
                    odds = 1 + (american / 100 if american > 0 else -100 / american)
                    quotes.append(_quote(event, "moneyline", None, selection, row["bookmaker"], kind, odds))
    return frames(list(events.values()), quotes)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
