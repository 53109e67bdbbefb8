"""Counts and results of simple rules against independent computations, from the frames of the reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from engine.source import football_data
from engine.source.batch import Counts
from engine.source.quarantine import Origin

pytestmark = pytest.mark.slow

FOLDERS = ("football_data", "football_data_leagues", "football_data_rebuilt")


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request: pytest.FixtureRequest, reference_dir: Path) -> Iterator[tuple[dict, pl.DataFrame, Counts]]:
    """Expected results of one folder, its quotes joined with their played events, and its counts."""
    events, quotes, counts = [], [], Counts()
    for path in sorted((reference_dir / "data" / request.param).glob("*.csv")):
        raw = path.read_bytes()
        origin = Origin("football_data", path.name, hashlib.sha256(raw).hexdigest())
        parsed = football_data.read(raw, origin, date(2026, 1, 1))
        assert parsed.counts.add_up, path
        events.append(parsed.events)
        quotes.append(parsed.quotes)
        counts += parsed.counts
    played = pl.concat(events).filter(status="played")
    joined = pl.concat(quotes).join(played.select("event_id", "winner", "home_score", "away_score"), on="event_id")
    expected = json.loads((reference_dir / "reference" / f"{request.param}_results.json").read_text())
    assert played.height == expected["n_matches"] == played["event_id"].n_unique()
    assert str(played["date"].min()) == expected["first"] and str(played["date"].max()) == expected["last"]
    yield expected, joined, counts


def flat(quotes: pl.DataFrame, won: pl.Expr) -> tuple[int, int, float]:
    profit = quotes.select(pl.when(won).then(pl.col("odds") - 1).otherwise(-1.0).sum()).item()
    return quotes.height, quotes.filter(won).height, profit


def test_flat_rules_and_counts(folder: tuple[dict, pl.DataFrame, Counts]) -> None:
    expected, quotes, counts = folder
    unreadable = expected["n_rows_without_a_readable_date"]
    assert counts.rows_quarantined == unreadable and counts.new_names == ()
    all_books = quotes.filter(market="1x2")
    complete = all_books.filter(pl.len().over("event_id", "bookmaker", "instant") == 3)
    rules = [("flat_b365", "b365", "open", all_books), ("flat_pinnacle_closing", "pinnacle", "close", all_books)]
    for rule, bookmaker, instant, rows in [*rules, ("flat_max", "max", "open", complete)]:
        for selection in ("home", "draw", "away"):
            bets = rows.filter(bookmaker=bookmaker, instant=instant, selection=selection)
            wanted = expected[f"{rule}_{selection}"]
            result = flat(bets, pl.col("winner") == selection)
            assert result[:2] == (wanted["n_bets"], wanted["n_won"]), (rule, selection)
            assert result[2] == pytest.approx(wanted["pnl_units"], abs=0.005)


def test_totals_and_handicaps(folder: tuple[dict, pl.DataFrame, Counts]) -> None:
    expected, quotes, _ = folder
    average = quotes.filter(bookmaker="avg", instant="open")
    goals = pl.col("home_score") + pl.col("away_score")
    for selection, won in (("over", goals > 2.5), ("under", goals < 2.5)):
        wanted = expected[f"{selection}_2.5"]
        result = flat(average.filter(market="totals", selection=selection), won)
        assert result[:2] == (wanted["n_bets"], wanted["n_won"])
        assert result[2] == pytest.approx(wanted["pnl_units"], abs=0.005)
    for selection, sign in (("home", 1), ("away", -1)):
        wanted = expected[f"asian_{selection}"]
        margin = sign * (pl.col("home_score") - pl.col("away_score") + pl.col("line"))
        share = (margin * 2).clip(-1, 1)  # a quarter goal wins or loses half of the stake
        bets = average.filter(market="asian_handicap", selection=selection).with_columns(share.alias("share"))
        profit = bets.select(pl.when(share > 0).then(share * (pl.col("odds") - 1)).otherwise(share)).sum().item()
        assert bets.height == wanted["n_bets"] and bets.filter(pl.col("share") > 0).height == wanted["n_won"]
        assert profit == pytest.approx(wanted["pnl_units"], abs=0.005)
