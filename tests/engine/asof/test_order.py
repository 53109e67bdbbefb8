"""Quotes known at the same instant: DuckDB, Polars and views choose the same one."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.asof import query
from engine.asof.order import SEQUENCE, last_of_series
from engine.asof.view import build_view
from engine.schema import INSTANT_DTYPE, QUOTES
from engine.store import Store
from tests.engine.store.batches import FakeBatch, batch, match

DAY = date(2021, 8, 14)
NINE = datetime(2021, 8, 14, 9, tzinfo=UTC)
LATE = datetime(2030, 1, 1, tzinfo=UTC)


def pull(name: str, kinds: list[tuple[str, float]], at: datetime = NINE) -> FakeBatch:
    """A file with home prices of one bookmaker, all known at one instant."""
    made = batch([match("A", "B", DAY)], name=name)
    rows = [
        {"event_id": made.events["event_id"][0], "market": "1x2", "selection": "home", "bookmaker": "b365",
         "side": "back", "instant": kind, "known_at": at, "known_at_basis": "recorded", "odds": odds, "suspect": False}
        for kind, odds in kinds
    ]  # fmt: skip
    schema = {**QUOTES, "known_at": pl.Datetime("us", "UTC")}
    return FakeBatch(**{**vars(made), "quotes": pl.DataFrame(rows, schema=schema).cast({"known_at": INSTANT_DTYPE})})


def odds_of(store: Store) -> set[float]:
    """Odds in force according to each query in DuckDB and in Polars."""
    with store.duckdb() as connection:
        return {
            float(query.quotes_as_of(connection, LATE)["odds"].item()),
            float(query.quotes_as_of(store.quotes(), LATE)["odds"].item()),
            float(query.best_price(connection, LATE)["odds"].item()),
            float(query.best_price(store.quotes(), LATE)["odds"].item()),
        }


@pytest.mark.parametrize("order", [(2.0, 2.2), (2.2, 2.0)])
@pytest.mark.parametrize("together", [True, False])
def test_of_two_quotes_of_one_kind_the_later_import_is_in_force(
    tmp_path: Path, order: tuple[float, float], together: bool
) -> None:
    store = Store.create_or_open(tmp_path / "s")
    if together:
        store.apply([pull("a.csv", [("snapshot", odds) for odds in order])])
    else:
        store.apply([pull("a.csv", [("snapshot", order[0])])])
        store.apply([pull("b.csv", [("snapshot", order[1])])])
    assert store.quotes().height == 1
    assert odds_of(store) == {order[1]}


@pytest.mark.parametrize("kinds", list(itertools.permutations(("open", "snapshot", "close"))))
def test_of_several_kinds_the_last_in_the_life_of_a_market_is_in_force(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    prices = {"open": 2.0, "snapshot": 2.4, "close": 2.2}
    for left in (3, 2):
        store = Store.create_or_open(tmp_path / str(left))
        store.apply([pull("a.csv", [(kind, prices[kind]) for kind in kinds[:left]])])
        wanted = prices[max(kinds[:left], key=lambda kind: SEQUENCE[kind])]
        assert odds_of(store) == {wanted}
        for decide_at in ("quote", "before_start:1h"):
            shown = build_view(store.events(), store.quotes(), decide_at).quotes
            assert shown["odds"].to_list() == [wanted]


def test_of_duplicates_in_a_frame_the_lower_odds_are_in_force_in_any_order() -> None:
    duplicates = pl.concat([pull("a.csv", [("snapshot", odds)]).quotes for odds in (2.0, 2.4, 2.2)])
    for order in itertools.permutations(range(3)):
        assert last_of_series(duplicates[list(order)])["odds"].to_list() == [2.0]
