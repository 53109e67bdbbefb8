"""Runs over a store with events that never got a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import research
from engine.errors import ConfigurationError
from engine.schema import INSTANT_DTYPE
from engine.store import Store
from tests.engine.store.batches import FakeBatch, batch, match

WORDS = ("strategy=flat_all", "strategy.selections=[home]", "strategy.bookmaker=b365", "risk=off", "report=false")
Fill = Callable[..., Store]


@pytest.fixture()
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Fills the store of a new home with batches."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    store = Store.create_or_open(tmp_path / "data" / "store")

    def apply(*batches: FakeBatch) -> Store:
        store.apply(batches)
        return store

    return apply


def never_played(last: date = date(2021, 9, 20), **more: str) -> list[dict]:
    return [
        match("A", "B", date(2021, 9, 4), status="scheduled", **more),
        match("C", "D", last, **more),
        match("E", "F", date(2021, 12, 18), status="scheduled", **more),
    ]


def counts(*words: str) -> tuple[int, int, int]:
    """Bets, void ones, and open ones of a backtest."""
    run = research.backtest([*WORDS, *words])
    row = run.metrics()
    return row["n_bets"], row["n_void"], row["n_open"]


def test_the_stake_of_a_match_that_was_never_played_comes_back(fill: Fill) -> None:
    fill(batch(never_played()))
    assert counts() == (3, 1, 1)
    run = research.backtest(list(WORDS))
    assert [note for note in run.manifest["notes"] if "no result" in note] == [
        "1 event has no result 7d after the start: bets on such an event are void, the stakes come back, "
        "unless a bookmaker has other terms"
    ]
    void = run.bets().filter(pl.col("state") == "void")
    assert void.select("home", "pnl_minor").row(0) == ("A", 0)
    assert void["settled_at"].cast(INSTANT_DTYPE).to_list() == [datetime(2021, 9, 11, 15, tzinfo=UTC)]


def test_open_leaves_the_bets_open_and_another_wait_moves_the_end(fill: Fill) -> None:
    fill(batch(never_played()))
    assert counts("execution.unresolved=open") == (3, 0, 2)
    assert counts("execution.unresolved={after: 7d, settle: open}") == (3, 0, 2)
    assert counts("execution.unresolved.after=20d") == (3, 0, 2)
    assert counts("execution.unresolved.after=10d") == (3, 1, 1)


def test_terms_of_a_bookmaker_come_first(fill: Fill) -> None:
    fill(batch(never_played()))
    assert counts("execution.venues={b365: {postponed: stands}}") == (3, 0, 2)


def test_the_latest_instant_is_that_of_the_whole_store(fill: Fill) -> None:
    fill(batch(never_played()))
    assert counts("data.last_date=2021-09-04") == (1, 1, 0)
    fill(batch([match("A", "B", date(2022, 5, 1), season="2022-2023")], name="next.csv"))
    assert counts("data.seasons=[2021-2022]", "execution.unresolved.after=60d") == (3, 2, 0)


def test_a_new_result_of_another_season_is_noticed(fill: Fill) -> None:
    fill(batch(never_played(date(2021, 9, 6))))
    words = ("data.seasons=[2021-2022]",)
    assert counts(*words) == (3, 0, 2)
    fill(batch([match("A", "B", date(2022, 9, 1), season="2022-2023")], name="next.csv"))
    assert counts(*words) == (3, 2, 0)


def test_a_recorded_price_is_an_instant_and_an_assumed_one_is_none(fill: Fill) -> None:
    made = batch(never_played(date(2021, 9, 6)))
    fill(made)
    assert counts() == (3, 0, 2), "the opening price of the fixture in December is assumed"
    seen = pl.lit(datetime(2021, 9, 12, tzinfo=UTC)).cast(INSTANT_DTYPE)
    future = made.events.filter(home="E").select("event_id")
    recorded = made.quotes.join(future, on="event_id", how="semi").with_columns(
        known_at=seen, known_at_basis=pl.lit("recorded"), instant=pl.lit("snapshot")
    )
    fill(replace(made, quotes=recorded.unique("selection", keep="first"), name="later.csv", raw_sha256="f" * 64))
    assert counts()[1] == 1


def test_a_sweep_holds_both(fill: Fill) -> None:
    fill(batch(never_played()))
    run = research.sweep([*WORDS, "execution.unresolved=open,void"])
    assert sorted(run.results["n_void"]) == [0, 1]


def test_wrong_values_name_the_key(fill: Fill) -> None:
    fill(batch(never_played()))
    for word in ("=opn", ".after=2h", "={aftr: 7d}", ".settle=lost", "=null", "=[7d]"):
        with pytest.raises(ConfigurationError, match=r"execution\.unresolved"):
            research.backtest([*WORDS, f"execution.unresolved{word}"])
