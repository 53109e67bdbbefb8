"""Views against a plain loop over the quotes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from engine.asof.view import VIEW, _sizes, build_view, store_views, view_blocks
from engine.clock import duration_ns
from engine.errors import ConfigurationError, DataError
from engine.schema import QUARANTINE, QUOTES
from engine.store import Store, Universe
from engine.strategy import View
from tests.engine.store.batches import FakeBatch, FakeCounts
from tests.property.markets import world

ORDER = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side")
KEYS = ("event_id", "market", "line", "selection", "bookmaker", "side")


def plain(events: pl.DataFrame, quotes: pl.DataFrame, ahead_ns: int | None) -> set[tuple[object, ...]]:
    """The rows of the view, found one decision at a time."""
    starts = dict(events.select("event_id", pl.col("starts_at").cast(pl.Int64)).iter_rows())
    order = {"open": 0, "snapshot": 1, "close": 2}
    rows = [
        row
        for row in quotes.with_columns(pl.col("known_at").cast(pl.Int64)).iter_rows(named=True)
        if row["instant"] != "in_play" and row["known_at"] <= starts[row["event_id"]]
    ]
    decisions: dict[tuple[object, ...], set[int]] = {}
    for row in rows:
        question = (row["event_id"], row["market"], row["line"])
        instant = row["known_at"] if ahead_ns is None else starts[row["event_id"]] - ahead_ns
        decisions.setdefault(question, set()).add(instant)
    shown = set()
    for question, instants in decisions.items():
        quotes_of_question = [r for r in rows if (r["event_id"], r["market"], r["line"]) == question]
        for instant in instants:
            latest: dict[tuple[object, ...], dict[str, object]] = {}
            for row in sorted(quotes_of_question, key=lambda r: (r["known_at"], order[r["instant"]], -r["odds"])):
                if row["known_at"] <= instant:
                    latest[tuple(row[k] for k in KEYS)] = row
            shown |= {(instant, *key, row["odds"], row["known_at"]) for key, row in latest.items()}
    return shown


def as_set(view: pl.DataFrame) -> set[tuple[object, ...]]:
    names = ("decided_at", *KEYS, "odds", "known_at")
    return set(view.with_columns(pl.col("decided_at", "known_at").cast(pl.Int64)).select(names).iter_rows())


@pytest.mark.parametrize("instants", [("open",), ("open", "snapshot"), ("open", "snapshot", "close"), ("close",)])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_view_holds_what_a_plain_loop_finds(seed: int, instants: tuple[str, ...]) -> None:
    events, quotes = world(seed, 8)
    usable = quotes.filter(pl.col("instant").is_in([*instants, "in_play"]))
    view = build_view(events, usable).quotes
    assert as_set(view) == plain(events, usable, None)
    assert len(view) == len(as_set(view))
    assert dict(view.schema) == VIEW


@pytest.mark.parametrize("decide_at", ["quote", "before_start:1h", "before_start:5m+4h+0m"])
@pytest.mark.parametrize("memory_mb", [64, 1024])
def test_views_of_a_store_are_parts_of_the_view_of_its_frames(tmp_path: Path, decide_at: str, memory_mb: int) -> None:
    events, quotes = world(10, 30)
    empty = pl.DataFrame(schema=QUARANTINE)
    store = Store.create_or_open(tmp_path / "s")
    store.apply([FakeBatch("test", "one.csv", "a" * 64, None, events, quotes, empty, FakeCounts())])
    usable = quotes.filter(pl.col("instant").is_in(["open", "snapshot"]))
    universe = Universe(instants=("open", "snapshot"))
    parts = [view.quotes for view in store_views(store, universe, decide_at, memory_mb=memory_mb, threads=1)]
    wanted = build_view(events, usable, decide_at).quotes
    assert all(part.equals(part.sort(ORDER)) and part.schema == VIEW for part in parts)
    assert pl.concat(parts).sort(ORDER).equals(wanted)
    assert wanted.height > 1_000
    last = Universe(instants=("open", "snapshot"), first_date=events["date"].max())  # type: ignore[arg-type]
    ids = events.filter(pl.col("date") == events["date"].max())["event_id"]
    shown = pl.concat(view.quotes for view in store_views(store, last, decide_at, memory_mb=memory_mb))
    assert shown.sort(ORDER).equals(wanted.filter(pl.col("event_id").is_in(ids.implode())))


def known_by(events: pl.DataFrame, quotes: pl.DataFrame, decisions: pl.DataFrame) -> set[tuple[object, ...]]:
    """All quotes of the question of each decision that are known by then, by a plain loop."""
    starts = dict(events.select("event_id", pl.col("starts_at").cast(pl.Int64)).iter_rows())
    rows = quotes.with_columns(pl.col("known_at").cast(pl.Int64)).sort("odds", descending=True).iter_rows(named=True)
    usable = [row for row in rows if row["instant"] != "in_play" and row["known_at"] <= starts[row["event_id"]]]
    rank = {"open": 0, "snapshot": 1, "close": 2}
    usable.sort(key=lambda row: rank[row["instant"]])
    last = {(*(row[key] for key in KEYS), row["known_at"]): row for row in usable}.values()
    found = set()
    for decided, event, market, line in decisions.iter_rows():
        found |= {
            (decided, *(row[key] for key in KEYS), row["odds"], row["known_at"])
            for row in last
            if (row["event_id"], row["market"], row["line"]) == (event, market, line) and row["known_at"] <= decided
        }
    return found


@pytest.mark.parametrize("decide_at", ["quote", "before_start:5m+4h+0m"])
def test_the_path_holds_all_quotes_known_by_each_decision_and_no_other(decide_at: str) -> None:
    events, quotes = world(7, 6)
    view = build_view(events, quotes, decide_at, path=True)
    path = view.known()
    decisions = view.quotes.select(pl.col("decided_at").cast(pl.Int64), "event_id", "market", "line").unique()
    assert as_set(path) == known_by(events, quotes, decisions) and len(path) == len(as_set(path))
    assert dict(path.schema) == VIEW and path.equals(path.sort(*ORDER, "known_at"))
    assert (path["known_at"] <= path["decided_at"]).all() and path.height > view.quotes.height
    in_force = path.unique(ORDER, keep="last", maintain_order=True)
    assert in_force.equals(view.quotes) and build_view(events, quotes, decide_at).quotes.equals(view.quotes)


@pytest.mark.parametrize("decide_at", ["quote", "before_start:1h+3h"])
def test_paths_of_a_store_and_of_blocks_are_parts_of_the_path_of_the_frames(tmp_path: Path, decide_at: str) -> None:
    events, quotes = world(10, 12)
    store = Store.create_or_open(tmp_path / "s")
    empty = pl.DataFrame(schema=QUARANTINE)
    store.apply([FakeBatch("test", "one.csv", "a" * 64, None, events, quotes, empty, FakeCounts())])
    usable = quotes.filter(pl.col("instant").is_in(["open", "snapshot"]))
    wanted = build_view(events, usable, decide_at, path=True)
    stored = list(store_views(store, Universe(instants=("open", "snapshot")), decide_at, path=True))
    most = 5_000 if decide_at == "quote" else 100
    blocks = list(view_blocks(events, usable, decide_at, max_quotes=most, path=True))
    assert len(blocks) > 1
    for views in (stored, blocks):
        assert pl.concat(view.known() for view in views).sort(*ORDER, "known_at").equals(wanted.known())
        assert pl.concat(view.quotes for view in views).sort(ORDER).equals(wanted.quotes)
    nothing = list(store_views(store, Universe(first_date=date(2030, 1, 1)), decide_at, path=True))
    assert [view.known().height for view in nothing] == [0]


def test_a_path_counts_each_quote_at_each_instant_of_its_question_in_64_bits() -> None:
    quotes = world(10, 12)[1]
    for squared in (True, False):
        sizes = _sizes(quotes, squared)
        assert sizes["rows"].dtype == pl.Int64 and sizes["event_id"].is_sorted()
        wanted = dict.fromkeys(sizes["event_id"], 0)
        for (event, *_), of_question in quotes.group_by("event_id", "market", "line"):
            wanted[event] += len(of_question) * (len(set(of_question["known_at"])) if squared else 1)
        assert dict(sizes.iter_rows()) == wanted


def test_a_view_without_a_path_says_how_to_get_one() -> None:
    with pytest.raises(DataError, match="path=True"):
        build_view(*world(3, 2)).known()


def test_several_decisions_per_event_are_the_views_of_each() -> None:
    events, quotes = world(3, 8)
    several = build_view(events, quotes, "before_start:30m+2h").quotes
    each = [build_view(events, quotes, f"before_start:{span}").quotes for span in ("2h", "30m")]
    assert several.equals(pl.concat(each).sort(ORDER))


@pytest.mark.parametrize("decide_at", ["before_start:30m", "before_start:2h", "before_start:0m"])
def test_before_the_start_the_view_holds_the_prices_in_force(decide_at: str) -> None:
    events, quotes = world(3, 8)
    view = build_view(events, quotes, decide_at).quotes
    assert as_set(view) == plain(events, quotes, duration_ns(decide_at.partition(":")[2]))
    assert view.group_by("event_id").agg(pl.col("decided_at").n_unique())["decided_at"].to_list() == [1] * 8


def test_order_and_bits_do_not_depend_on_the_order_of_the_rows() -> None:
    events, quotes = world(4, 10)
    view = build_view(events, quotes).quotes
    mixed = build_view(events.sample(fraction=1, shuffle=True, seed=1), quotes.sample(fraction=1, shuffle=True, seed=2))
    assert view.equals(mixed.quotes)
    names = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
    assert view.equals(view.sort(names))


def test_a_view_holds_no_result_and_no_later_quote() -> None:
    events, quotes = world(5, 10)
    view = build_view(events, quotes).quotes
    assert not {"winner", "home_score", "away_score", "status", "settled_at"} & set(view.columns)
    assert (view["known_at"] <= view["decided_at"]).all()
    assert (view["decided_at"] <= view["starts_at"]).all()
    assert "in_play" not in view["instant"].unique()


def test_blocks_are_the_same_decisions() -> None:
    events, quotes = world(6, 12)
    parts = [part.quotes for part in view_blocks(events, quotes, max_quotes=500)]
    assert len(parts) > 3
    order = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
    assert pl.concat(parts).sort(order).equals(build_view(events, quotes).quotes)


def test_without_quotes_a_view_is_empty() -> None:
    events, quotes = world(7, 3)
    assert build_view(events, quotes.clear()).quotes.schema == VIEW
    assert build_view(events, quotes.clear(), "before_start:1h").quotes.is_empty()
    assert list(view_blocks(events, quotes.clear())) == []


def test_a_quote_after_a_recorded_start_is_left_out_and_after_an_assumed_start_is_not() -> None:
    events, quotes = world(8, 3)
    late = quotes.filter(pl.col("instant") == "open").with_columns(
        known_at=pl.lit(events["starts_at"].max()) + pl.duration(hours=1)
    )
    assert set(late.schema) == set(QUOTES)
    assert build_view(events, late).quotes.is_empty()
    assumed = events.with_columns(starts_at_basis=pl.lit("assumed:noon"))
    assert len(build_view(assumed, late).quotes) > 0


@pytest.mark.parametrize(
    "text",
    [
        "before_start",
        "before_start:",
        "before_start:1w",
        "before_start:-1h",
        "before_start:1h+",
        "before_start:1h+60m",
        "noon",
    ],
)
def test_an_unknown_rule_is_refused_in_one_line(text: str) -> None:
    events, quotes = world(9, 2)
    with pytest.raises(ConfigurationError, match=r"data\.decide_at") as caught:
        build_view(events, quotes, text)
    assert "\n" not in str(caught.value)


def test_a_quote_without_an_event_is_refused() -> None:
    events, quotes = world(9, 3)
    with pytest.raises(DataError, match="quotes without an event"):
        build_view(events.head(2), quotes)


def test_a_view_is_cut_by_its_decisions_with_features_and_path() -> None:
    view = build_view(*world(7, 6), path=True)
    decisions = view.quotes.select("decided_at", "event_id").unique(maintain_order=True).with_row_index("value")
    early = pl.col("decided_at") < decisions["decided_at"].median()
    part = View(view.quotes, {"form": decisions}, view.path).where(early)
    assert part.quotes.equals(view.quotes.filter(early)) and part.known().equals(view.known().filter(early))
    assert part.features["form"].equals(decisions.filter(early)) and 0 < part.quotes.height < view.quotes.height
    assert View(view.quotes).where(early).path is None
