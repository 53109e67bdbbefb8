"""Each query has the same result in DuckDB and in Polars."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.asof import query
from engine.errors import ConfigurationError
from engine.schema import INSTANT_DTYPE, QUOTES
from engine.store import Store, Universe
from tests.engine.store.batches import FakeBatch, batch, league, match

DAY = date(2021, 8, 14)
NOON = datetime(2021, 8, 14, 12, tzinfo=UTC)
LATE = datetime(2030, 1, 1, tzinfo=UTC)


def quotes(event_id: int, rows: list[tuple[str, str, int, float]]) -> pl.DataFrame:
    """(bookmaker, instant, hour of the day, odds) of a home win."""
    return pl.DataFrame(
        [
            {"event_id": event_id, "market": "1x2", "selection": "home", "bookmaker": b, "side": "back", "instant": i,
             "known_at": datetime(2021, 8, 14, h, tzinfo=UTC), "known_at_basis": "recorded", "odds": o,
             "suspect": False}
            for b, i, h, o in rows
        ],
        schema={**QUOTES, "known_at": pl.Datetime("us", "UTC")},
    ).cast({"known_at": INSTANT_DTYPE})  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = batch([match("A", "B", DAY)], bookmakers=("b365",))
    prices = quotes(
        made.events["event_id"][0],
        [("b365", "snapshot", 8, 2.0), ("b365", "snapshot", 11, 2.2), ("b365", "snapshot", 14, 1.9),
         ("bwin", "open", 9, 2.2), ("bwin", "close", 15, 2.4), ("max", "open", 7, 9.0), ("avg", "open", 7, 8.0),
         ("pinnacle", "in_play", 16, 3.0)],
    )  # fmt: skip
    store = Store.create_or_open(tmp_path_factory.mktemp("small") / "s")
    store.apply([FakeBatch(**{**vars(made), "quotes": prices})])
    return store


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.create_or_open(tmp_path_factory.mktemp("large") / "s")
    store.apply([league("E0", 2021, 60, 7), league("E1", 2021, 60, 7)])
    return store


@pytest.fixture()
def connection(large: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with large.duckdb(threads=1, memory_limit="512MB") as opened:
        yield opened


def test_the_quote_in_force_is_the_latest_known(small: Store) -> None:
    for source in (small.quotes(), small.duckdb()):
        rows = query.quotes_as_of(source, NOON)
        assert dict(zip(rows["bookmaker"], rows["odds"], strict=True)) == {
            "avg": 8.0,
            "b365": 2.2,
            "bwin": 2.2,
            "max": 9.0,
        }
        assert query.quotes_as_of(source, 0).is_empty()


def test_aggregates_are_never_part_of_a_best_price_or_a_consensus(small: Store) -> None:
    for source in (small.quotes(), small.duckdb()):
        row = query.best_price(source, NOON).row(0, named=True)
        assert (row["bookmaker"], row["odds"], row["n_bookmakers"]) == ("b365", 2.2, 2)
        assert query.best_price(source, NOON, ("bwin",))["bookmaker"].to_list() == ["bwin"]
        with pytest.raises(ConfigurationError, match="aggregate"):
            query.best_price(source, NOON, ("max",))
        with pytest.raises(ConfigurationError, match="aggregate"):
            query.consensus(source, NOON, ("avg", "bwin"))
        assert query.consensus(source, NOON)["odds_mean"].to_list() == pytest.approx([2.2])


def test_the_closing_line_is_the_last_before_the_start(small: Store) -> None:
    for source, events in ((small.quotes(), small.events()), (small.duckdb(), None)):
        rows = query.closing_line(source, events)
        assert dict(zip(rows["bookmaker"], rows["odds"], strict=True)) == {"b365": 1.9, "bwin": 2.4}
        with pytest.raises(ConfigurationError, match="in play"):
            query.closing_line(source, events, instants=("in_play",))
    with pytest.raises(ConfigurationError, match="needs the events"):
        query.closing_line(small.quotes())


def test_a_naive_instant_is_refused(small: Store) -> None:
    with pytest.raises(ConfigurationError, match="without a zone"):
        query.quotes_as_of(small.quotes(), datetime(2021, 8, 14))


@pytest.mark.parametrize("instant", [LATE, datetime(2021, 11, 1, 12, tzinfo=UTC)])
def test_duckdb_and_polars_agree(large: Store, connection: duckdb.DuckDBPyConnection, instant: datetime) -> None:
    frame, books = large.quotes(), ("b365", "pinnacle", "book1")
    assert_frame_equal(query.quotes_as_of(connection, instant), query.quotes_as_of(frame, instant))
    for names in (None, books):
        best = query.best_price(connection, instant, names)
        assert best.height
        assert_frame_equal(best, query.best_price(frame, instant, names))
        consensus = query.consensus(connection, instant, names)
        assert_frame_equal(consensus, query.consensus(frame, instant, names), rel_tol=1e-12, abs_tol=0.0)
        closing = query.closing_line(connection, bookmakers=names)
        assert_frame_equal(closing, query.closing_line(frame, large.events(), names))


def test_duckdb_views_hold_the_universe(large: Store) -> None:
    universe = Universe(competitions=("E0",), markets=("1x2",), bookmakers=("b365",), first_date=date(2021, 9, 1))
    with large.duckdb(universe) as opened:
        counted = opened.execute("SELECT count(*) FROM quotes").fetchone()
        assert counted == (large.quotes(universe).height,)
        settings = dict(opened.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert settings["autoinstall_known_extensions"] == settings["autoload_known_extensions"] == "false"
    with pytest.raises(ConfigurationError):
        large.duckdb(memory_limit="much")
