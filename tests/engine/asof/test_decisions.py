"""Best price, consensus and closing price at decisions: against a plain loop, and on real quotes against Polars."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.asof import query
from engine.asof.decisions import Decisions, best_at, closing_prices, consensus_at, in_force_at
from engine.asof.order import SEQUENCE, last_of_series
from engine.errors import ConfigurationError
from engine.schema import QUARANTINE, SELECTIONS
from engine.simulator.simulate import Bookmaker, SimulatorSettings, simulate_leagues
from engine.store import Store, Universe
from research.commands.main import main as bea
from tests.engine.store.batches import FakeBatch, FakeCounts
from tests.property.markets import world

MINUTE = 60 * 1_000_000_000
AHEAD = (5 * MINUTE, 60 * MINUTE, 300 * MINUTE)
USABLE = ("open", "snapshot")
BET = ("event_id", "ahead_ns", "market", "line", "selection", "side")
Row = dict[str, Any]
InForce = dict[tuple[Any, ...], dict[str, Row]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three partitions of events with all quote kinds, both sides, and gaps."""
    events, quotes = world(11, 40)
    store = Store.create_or_open(tmp_path_factory.mktemp("decided") / "s")
    store.apply([file_of(events, quotes)])
    return store


def file_of(events: pl.DataFrame, quotes: pl.DataFrame) -> FakeBatch:
    return FakeBatch("test", "one.csv", "a" * 64, None, events, quotes, pl.DataFrame(schema=QUARANTINE), FakeCounts())


def joined(parts: Iterator[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts).sort("event_id", "ahead_ns", maintain_order=True)


def plain(store: Store, kinds: tuple[str, ...], ahead: tuple[int, ...], names: tuple[str, ...] | None) -> InForce:
    """The quotes in force by bet and bookmaker, found one quote at a time."""
    starts = dict(store.events().select("event_id", pl.col("starts_at").cast(pl.Int64)).iter_rows())
    in_force: InForce = defaultdict(dict)
    for row in store.quotes().with_columns(pl.col("known_at").cast(pl.Int64)).iter_rows(named=True):
        if row["instant"] not in kinds or not (names is None or row["bookmaker"] in names):
            continue
        place = (row["known_at"], SEQUENCE[row["instant"]])
        for span in ahead:
            if row["known_at"] <= starts[row["event_id"]] - span:
                bet = (row["event_id"], span, row["market"], row["line"], row["selection"], row["side"])
                old = in_force[bet].get(row["bookmaker"])
                if old is None or place > (old["known_at"], SEQUENCE[old["instant"]]):
                    in_force[bet][row["bookmaker"]] = row
    return in_force


def without_aggregates(in_force: InForce) -> InForce:
    real = {bet: {b: row for b, row in books.items() if b not in ("max", "avg")} for bet, books in in_force.items()}
    return {bet: books for bet, books in real.items() if books}


@pytest.mark.parametrize("ahead", [AHEAD, AHEAD[:1], (0,)])
@pytest.mark.parametrize("names", [None, ("aaa", "ccc", "ddd")])
@pytest.mark.parametrize("memory_mb", [64, 1024])
def test_the_best_price_is_that_of_a_plain_loop(
    store: Store, ahead: tuple[int, ...], names: tuple[str, ...] | None, memory_mb: int
) -> None:
    wanted = set()
    for bet, books in without_aggregates(plain(store, USABLE, ahead, names)).items():
        sign = 1 if bet[-1] == "lay" else -1
        name, row = min(books.items(), key=lambda item: (sign * item[1]["odds"], item[0]))
        wanted.add((*bet, row["odds"], name, row["known_at"], SEQUENCE[row["instant"]], len(books)))
    rows = joined(best_at(store, Decisions(ahead, Universe(bookmakers=names), memory_mb, 1)))
    assert set(rows.with_columns(pl.col("known_at").cast(pl.Int64)).iter_rows()) == wanted
    assert rows.height == len(wanted) > 100


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [AHEAD, (0,)])
def test_the_consensus_is_that_of_a_plain_loop(store: Store, ahead: tuple[int, ...]) -> None:
    found = without_aggregates(plain(store, USABLE, ahead, None))
    rows = joined(consensus_at(store, Decisions(ahead)))
    assert rows.height == len(found)
    implied = {}
    for bet, books in found.items():
        inverse = [1.0 / books[name]["odds"] for name in sorted(books)]
        implied[bet] = sum(inverse) / len(inverse)
    books_of: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for other in sorted(implied, key=str):
        books_of[*other[:4], other[5]].append(implied[other])
    for row in rows.iter_rows(named=True):
        bet = tuple(row[name] for name in BET)
        *question, _, side = bet
        books, fair = found[bet], []
        for name in sorted(books):
            prices = [found.get((*question, other, side), {}).get(name) for other in SELECTIONS[row["market"]]]
            if all(prices):
                inverse = [1.0 / price["odds"] for price in prices if price]
                fair.append(1.0 / books[name]["odds"] / sum(inverse))
        assert row["odds_mean"] == sum(books[name]["odds"] for name in sorted(books)) / len(books)
        assert row["prob_implied"] == implied[bet]
        assert row["prob_share"] == implied[bet] / sum(books_of[*question, side])
        assert row["prob_fair"] == (sum(fair) / len(fair) if fair else None)
        assert (row["n_bookmakers"], row["n_fair"]) == (len(books), len(fair))


def test_prices_in_force_and_closing_prices_are_those_of_a_plain_loop(store: Store) -> None:
    for rows, kinds, ahead in (
        (joined(rows for _, rows in in_force_at(store, Decisions(AHEAD))), USABLE, AHEAD),
        (pl.concat(closing_prices(store, Decisions(AHEAD))).with_columns(ahead_ns=0), ("snapshot", "close"), (0,)),
    ):
        found = plain(store, kinds, ahead, None)
        wanted = {
            (*bet, name, row["odds"], row["known_at"]) for bet, books in found.items() for name, row in books.items()
        }
        shown = rows.select(*BET, "bookmaker", "odds", pl.col("known_at").cast(pl.Int64))
        assert set(shown.iter_rows()) == wanted
        assert shown.height == len(wanted)
    suspects = {(r["odds"], r["suspect"]) for r in store.quotes().iter_rows(named=True)}
    assert (
        set(joined(rows for _, rows in in_force_at(store, Decisions())).select("odds", "suspect").iter_rows())
        <= suspects
    )


def test_rows_do_not_depend_on_memory_and_threads(store: Store) -> None:
    for run in (best_at, consensus_at, closing_prices):
        first = pl.concat(run(store, Decisions(AHEAD, threads=2)))
        again = pl.concat(run(store, Decisions(AHEAD[::-1], memory_mb=64, threads=1)))
        order = [name for name in (*BET, "bookmaker") if name in first.columns]
        assert_frame_equal(first.sort(order), again.sort(order), rel_tol=0.0, abs_tol=0.0)


def test_a_part_holds_whole_partitions(store: Store) -> None:
    parts = store.parts(max_quotes=1)
    assert [part.partitions for part in parts] == [(("football", f"L{n}", "2023-2024"),) for n in range(3)]
    assert sum(store.quotes(part).height for part in parts) == store.quotes().height
    assert len(store.parts(max_quotes=10**9)) == 1
    assert store.parts(Universe(competitions=("L1",)), max_quotes=1)[0].partitions == parts[1].partitions


def test_invalid_decisions_are_refused() -> None:
    for wrong in ({"ahead_ns": ()}, {"ahead_ns": (1, 1)}, {"ahead_ns": (-1,)}, {"memory_mb": 63}):
        with pytest.raises(ConfigurationError):
            Decisions(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="in play"):
        Decisions(universe=Universe(instants=("in_play",)))


def test_selections_outside_the_schema_are_distinguished(tmp_path: Path) -> None:
    events, quotes = world(12, 6)
    runner = pl.when(pl.col("market") == "1x2").then(pl.format("runner {}", "selection")).otherwise("selection")
    other = quotes.with_columns(selection=runner)
    store = Store.create_or_open(tmp_path / "s")
    store.apply([file_of(events, other)])
    best = pl.concat(best_at(store, Decisions(AHEAD)))
    assert {"runner home", "runner draw", "over", "home"} <= set(best["selection"])
    assert set(plain(store, USABLE, AHEAD, ("aaa", "bbb", "ccc", "ddd", "pinnacle"))) == set(
        best.select(BET).iter_rows()
    )


REAL: dict[str, tuple[str, tuple[str, ...]]] = {
    "open and close": ("football_data", ("football_data/E0_1920.csv", "football_data/SP1_0506.csv")),
    "snapshots": ("the_odds_api_snapshots", ("the_odds_api_snapshots/live_pulls_2026_02_to_05.zip",)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["open and close", pytest.param("snapshots", marks=pytest.mark.proof)])
def test_on_real_quotes_the_result_is_that_of_polars(reference_dir: Path, tmp_path: Path, kind: str) -> None:
    source, names = REAL[kind]
    files = [str(reference_dir / "data" / name) for name in names]
    assert bea(["data", "import", source, *files, "--store", str(tmp_path / "s")]) == 0
    store = Store.open(tmp_path / "s")
    quotes, events = store.quotes(), store.events()
    spans = (0, 60 * MINUTE, 26 * 60 * MINUTE)
    decisions = Decisions(spans, memory_mb=64)
    best, consensus = joined(best_at(store, decisions)), joined(consensus_at(store, decisions))
    assert best.height > 1_000
    for span in spans:
        known = quotes.filter(pl.col("instant").is_in(USABLE)).join(
            events.select("event_id", "starts_at"), on="event_id"
        )
        known = known.filter(pl.col("known_at") <= pl.col("starts_at") - pl.duration(nanoseconds=span))
        in_force = last_of_series(known).select(quotes.columns)
        wanted = query.best_price(in_force, 2**62)
        assert_frame_equal(best.filter(ahead_ns=span).select(wanted.columns), wanted)
        means = query.consensus(in_force, 2**62)
        assert_frame_equal(consensus.filter(ahead_ns=span).select(means.columns), means, rel_tol=0.0, abs_tol=0.0)
    closing = pl.concat(closing_prices(store, decisions))
    lines = query.closing_line(quotes, events)
    shared = [name for name in lines.columns if name != "instant"]
    assert_frame_equal(closing.select(shared).sort(pl.all()), lines.select(shared).sort(pl.all()))


CHILD = """
import json, sys
from engine.machine import peak_bytes
from engine.store import Store
from engine.asof.decisions import Decisions, best_at, closing_prices, consensus_at
def peak():
    return peak_bytes() / 1e6
store = Store.open(sys.argv[1])
run = {"best": best_at, "consensus": consensus_at, "closing": closing_prices}[sys.argv[3]]
few = store.parts(max_quotes=1)[0]
list(run(store, Decisions((0,), few, 64)))
before, rows = peak(), 0
for frame in run(store, Decisions((0, 3600 * 10**9), memory_mb=int(sys.argv[2]))):
    rows += frame.height
print(json.dumps({"grown_mb": peak() - before, "rows": rows}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A small partition, and one that takes more than 200 MB of memory as a frame."""
    store = Store.create_or_open(tmp_path_factory.mktemp("memory") / "s")
    books = tuple(Bookmaker(f"book{n:02d}", 0.05, noise_open=0.02) for n in range(12))
    for name, teams, snapshots in (("A", 4, 2), ("B", 18, 90)):
        settings = SimulatorSettings(
            competitions=(name,), seasons=1, teams=teams, snapshots=snapshots, bookmakers=books, aggregates=False
        )
        store.apply(batch for league in simulate_leagues(settings) for batch in league.batches)
    return store


@pytest.mark.proof
@pytest.mark.parametrize("name", ["best", "consensus", "closing"])
def test_memory_stays_within_the_limit_for_a_larger_partition(large: Store, name: str) -> None:
    """The whole store as a frame takes several times the limit."""
    assert large.quotes().estimated_size() > 3 * 64_000_000
    found = {}
    for memory_mb in (64, 2048):
        command = [sys.executable, "-c", CHILD, str(large.root), str(memory_mb), name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        found[memory_mb] = json.loads(done.stdout)
    assert found[64]["rows"] == found[2048]["rows"] > 5_000
    assert found[64]["grown_mb"] < 1.25 * 64
