"""Closing prices recorded as opening prices are reported; prices that only move little are not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.paths import sample_store
from engine.simulator.simulate import simulate
from engine.source.read import read_files
from engine.store.inspect import check
from engine.store.store import Store
from research.leakage.finder import Search, find_leaks
from research.leakage.prices import faults, still_questions, upper_tail
from tests.research.conftest import SETTINGS
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow

SEASON = "2018-2019"


@pytest.mark.parametrize(("n", "k", "p"), [(10, 9, 0.5), (60, 58, 0.75), (380, 370, 0.9), (5, 0, 0.3)])
def test_the_tail_of_a_binomial_agrees_with_exact_integers(n: int, k: int, p: float) -> None:
    exact = math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert upper_tail(n, k, p) == pytest.approx(exact, rel=1e-9)


def table(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    """Counts of one league and season by bookmaker: name, questions, still."""
    return pl.DataFrame(
        {
            "sport": "football",
            "competition": "E0",
            "season": SEASON,
            "bookmaker": [row[0] for row in rows],
            "questions": [row[1] for row in rows],
            "still": [row[2] for row in rows],
        }
    )


@pytest.mark.parametrize(
    ("rows", "bookmakers"),
    [
        ([("a", 300, 299), ("b", 300, 30), ("c", 300, 40)], ["a"]),
        ([("a", 300, 270), ("b", 300, 30)], []),  # 90 % is too little
        ([("a", 300, 299), ("b", 300, 290)], []),  # a quiet market: no bookmaker moves
        ([("a", 20, 20), ("b", 300, 250)], []),  # too few questions
        ([("a", 300, 300), ("b", 300, 290)], ["a"]),  # a quiet market, and not one of 300 moved
        ([("a", 300, 300), ("b", 300, 300)], ["a", "b"]),  # one column was read as both kinds
        ([("a", 20, 20), ("b", 20, 20)], []),
        ([("a", 300, 300)], ["a"]),  # the only bookmaker, and it never moved
        ([("a", 300, 290)], []),
        ([("a", 300, 299), ("max", 300, 10)], ["a"]),  # an aggregate does not count as another bookmaker
        ([("a", 300, 299), ("b", 300, 299), ("c", 300, 30)], ["a", "b"]),
    ],
)
def test_which_bookmakers_are_reported(rows: list[tuple[str, int, int]], bookmakers: list[str]) -> None:
    assert [fault.bookmaker for fault in faults(table(rows))] == bookmakers


def test_a_store_whose_opening_prices_are_all_closing_prices_is_a_leak(home: Path) -> None:
    """No bookmaker moves, so a comparison with the others shows nothing."""
    batches = []
    for batch in simulate(SETTINGS):
        keys = ["event_id", "market", "line", "selection", "bookmaker", "side"]
        close = batch.quotes.filter(pl.col("instant") == "close").select(*keys, close="odds")
        joined = batch.quotes.join(close, on=keys, how="left", nulls_equal=True, maintain_order="left")
        odds = pl.coalesce(pl.when(pl.col("instant") == "open").then("close"), "odds").alias("odds")
        batches.append(replace(batch, quotes=joined.with_columns(odds).drop("close")))
    store = Store.create_or_open(home / "data" / "store")
    store.apply(batches)
    assert {f.check: f.level for f in check(store)}["opening prices that are closing prices"] == "shout"
    findings = find_leaks(subject(["strategy=value"]), Search(instants=1))
    recorded = [leak for leak in findings.leaks if "recorded" in leak.kinds]
    assert recorded and all("closing prices recorded as opening prices" in leak.cause for leak in recorded)
    assert any("others: 100%" in leak.cause for leak in recorded)


def test_closing_prices_recorded_as_opening_prices_are_a_leak(home: Path) -> None:
    batches = []
    for batch in simulate(SETTINGS):
        keys = ["event_id", "market", "line", "selection", "bookmaker"]
        close = batch.quotes.filter(pl.col("instant") == "close").select(*keys, close="odds")
        joined = batch.quotes.join(close, on=keys, how="left", nulls_equal=True, maintain_order="left")
        faulty = (pl.col("instant") == "open") & (pl.col("bookmaker") == "b365")
        odds = pl.when(faulty).then("close").otherwise("odds").alias("odds")
        in_faulty_season = batch.events["season"][0] == SEASON and batch.events["competition"][0] == "ONE"
        batches.append(replace(batch, quotes=joined.with_columns(odds).drop("close")) if in_faulty_season else batch)
    Store.create_or_open(home / "data" / "store").apply(batches)
    overrides = ["strategy=flat_all", "strategy.bookmaker=b365"]
    findings = find_leaks(subject(overrides), Search(instants=10))
    assert [leak.column for leak in findings.leaks] == ["odds"]
    leak = findings.leaks[0]
    assert leak.kinds == {"recorded": 56}
    assert "b365, ONE 2018-2019" in leak.cause and "56 of 56 markets" in leak.cause
    assert leak.examples[0].home and leak.examples[0].competition == "ONE"
    assert findings.judged and findings.outcome == "leak"
    other = find_leaks(subject(["strategy=flat_all", "strategy.bookmaker=pinnacle"]), Search(instants=1))
    assert other.leaks == ()  # this strategy does not see the faulty prices


def test_sample_and_real_prices_have_no_such_fault(reference_dir: Path, tmp_path: Path) -> None:
    sample = Store.open(sample_store())
    counted = still_questions(sample.events(), sample.quotes())
    assert counted.height > 50
    assert faults(counted) == []
    folder = reference_dir / "data" / "football_data"
    store = Store.create_or_open(tmp_path / "store")
    names = ("E0_1920.csv", "E0_2021.csv", "SP1_1920.csv")
    store.apply(read_files("football_data", [folder / name for name in names]))
    counted = still_questions(store.events(), store.quotes())
    assert counted.height > 10
    assert faults(counted) == []
    assert (counted["still"] / counted["questions"]).max() < 0.5
