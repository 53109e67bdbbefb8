"""Small histories for tests of features: matches on given days, all settled at the end of their day."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.asof.features import frames
from engine.schema import ALL_EVENTS, INSTANT_DTYPE
from engine.strategy import Feature

FIRST = datetime(2020, 8, 1, tzinfo=UTC)
#: day, home, away, home score, away score, and further columns
Match = tuple[int, str, str, int | None, int | None] | tuple[int, str, str, int | None, int | None, dict[str, Any]]


def events_of(*matches: Match) -> pl.DataFrame:
    """The matches as events 1, 2, ...; without scores they are not played yet."""
    rows = []
    for number, (day, home, away, home_score, away_score, *more) in enumerate(matches, 1):
        start = FIRST + timedelta(days=day, hours=15)
        played = home_score is not None and away_score is not None
        sign = (home_score or 0) - (away_score or 0)
        row: dict[str, Any] = dict.fromkeys(ALL_EVENTS) | {
            "event_id": number, "sport": "football", "competition": "E0", "season": "2020-2021", "date": start.date(),
            "home": home, "away": away, "neutral": False, "starts_at": start,
            "settled_at": start.replace(hour=23, minute=59) if played else None,
            "status": "played" if played else "scheduled", "home_score": home_score, "away_score": away_score,
            "winner": ("draw" if sign == 0 else "home" if sign > 0 else "away") if played else None,
        }  # fmt: skip
        rows.append(row | (more[0] if more else {}))
    return pl.DataFrame(rows, schema=dict(ALL_EVENTS), orient="row")


def seasons(reference: Path, *names: str) -> pl.DataFrame:
    """The matches of files of football-data.co.uk, such as ``E0_1314``, each file a season of its name."""
    matches: list[Match] = []
    for name in names:
        text = (reference / "data" / "football_data" / f"{name}.csv").read_text("latin-1")
        for row in csv.DictReader(text.splitlines()):
            if row.get("HomeTeam"):
                day, month, year = (int(part) for part in row["Date"].split("/"))
                played = (date(year % 100 + 2000, month, day) - FIRST.date()).days
                goals = int(float(row["FTHG"])), int(float(row["FTAG"]))
                columns = {"competition": row["Div"], "season": name}
                matches.append((played, row["HomeTeam"], row["AwayTeam"], *goals, columns))
    return events_of(*matches)


def at_start(feature: Feature, events: pl.DataFrame) -> list[dict[str, Any]]:
    """The values of a feature at the start of each event, in the order of the events."""
    asked = events.select("event_id", decided_at=pl.col("starts_at").cast(INSTANT_DTYPE))
    found = frames([feature], events, asked)[feature.name].drop("decided_at")
    return events.select("event_id").join(found, on="event_id", maintain_order="left").drop("event_id").to_dicts()


def check_means_of_sides(made: Callable[..., Feature], kind: str) -> None:
    """A form in a statistic: the home side's matches at home, the away side's away, from the warm-up on."""
    home, away = f"home_{kind}", f"away_{kind}"
    events = events_of(
        (0, "A", "B", 3, 1, {home: 6, away: 3}),
        (1, "B", "A", 0, 0, {home: 9, away: 1}),
        (2, "A", "C", 1, 2, {home: 2, away: 5}),
        (3, "A", "B", 2, 2, {"home_shots": 9, "away_shots": 9}),
        (4, "A", "B", None, None),
    )
    row = at_start(made(warm_up=3, decay=0.5, prior=1e-12), events)[4]
    assert row[home] == pytest.approx((6 * 0.5 + 2) / 1.5)
    assert row[f"{home}_conceded"] == pytest.approx((3 * 0.5 + 5) / 1.5)
    assert (row[away], row[f"{away}_conceded"]) == pytest.approx((3.0, 6.0))
    late = made(warm_up=4)
    assert at_start(late, events)[4] == dict.fromkeys(late.columns)
