"""The view of a market that hears one message at a time is that of the whole history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.asof.view import build_view
from engine.clock import HOUR_NS
from engine.live.feed import Fixture, Gap, Mark, Quote, Result
from engine.live.feeds.market import Market, Moment, Watch
from engine.live.feeds.replay import Replay
from engine.live.judgement.offers import Offer
from engine.schema import EVENTS, INSTANT_DTYPE, QUOTES
from engine.strategy import Requirement

START = int(datetime(2024, 3, 30, 15, tzinfo=UTC).timestamp()) * 10**9
WATCH = Watch(Requirement(("1x2", "totals"), ("a", "b"), ("back", "lay")), ("open", "close", "snapshot"))


def history(rng: np.random.Generator, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events without a result, and quotes with ties: the same series, instant and kind, in play, after the start."""
    events = 2
    starts = START + HOUR_NS * rng.integers(0, 6, events)
    empty = {name: [None] * events for name in EVENTS}
    known: dict[str, Any] = {
        "event_id": list(range(events)),
        "sport": ["football"] * events,
        "competition": rng.choice(["E0", "E1"], events).tolist(),
        "season": ["2023-2024"] * events,
        "starts_at": pl.Series(starts).cast(INSTANT_DTYPE),
        "starts_at_basis": rng.choice(["recorded", "assumed:noon"], events).tolist(),
        "status": ["scheduled"] * events,
    }
    market = rng.choice(["1x2", "totals", "btts"], n)
    quotes: dict[str, Any] = {
        "event_id": rng.integers(0, events, n),
        "market": market.tolist(),
        "line": [float(rng.choice([1.5, 2.5])) if name == "totals" else None for name in market],
        "selection": rng.choice(["x", "x", "x", "y"], n).tolist(),
        "bookmaker": rng.choice(["a", "b", "c"], n).tolist(),
        "side": rng.choice(["back", "lay"], n).tolist(),
        "instant": rng.choice(["open", "close", "snapshot", "snapshot", "in_play"], n).tolist(),
        "known_at": pl.Series(START + HOUR_NS // 2 * rng.integers(-2, 5, n)).cast(INSTANT_DTYPE),
        "known_at_basis": ["recorded"] * n,
        "odds": np.round(rng.uniform(1.1, 3.0, n), 1),
        "size_minor": pl.Series([None if x < 0.5 else 10.0 for x in rng.random(n)], dtype=pl.Float64),
        "suspect": (rng.random(n) < 0.2).tolist(),
    }
    rows = pl.DataFrame(quotes, schema_overrides=QUOTES).select(list(QUOTES))
    key = ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at", "odds"]
    return pl.DataFrame(empty | known, schema=EVENTS), rows.unique(key, keep="first", maintain_order=True)


def seen(quotes: pl.DataFrame) -> pl.DataFrame:
    wanted = pl.col("market").is_in(WATCH.required.markets) & pl.col("bookmaker").is_in(WATCH.required.bookmakers or ())
    return quotes.filter(wanted)


def moments(market: Market, feed: Replay) -> list[Moment]:
    found = []
    while (messages := feed.poll(0)) is not None:
        for message in messages:
            market.receive(message)
        found += list(market.advance(messages[-1].known_at_ns))
    return found


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 120), st.sampled_from(["quote", "before_start:1h", "before_start:3h+30m"]))
def test_views_are_those_of_the_history(seed: int, n: int, decide_at: str) -> None:
    events, quotes = history(np.random.default_rng(seed), n)
    expected = build_view(events, seen(quotes), decide_at).quotes
    market = Market(WATCH, decide_at)
    feed = Replay(events, quotes)
    live = [moment.view.quotes for moment in moments(market, feed) if moment.view is not None]
    live += [moment.view.quotes for moment in market.advance(START + 1_000 * HOUR_NS) if moment.view is not None]
    joined = pl.concat(live) if live else expected.clear()
    assert joined.schema == expected.schema
    assert joined.equals(expected)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 80), st.sampled_from(["quote", "before_start:3h+30m"]))
def test_paths_are_those_of_the_history(seed: int, n: int, decide_at: str) -> None:
    events, quotes = history(np.random.default_rng(seed), n)
    expected = build_view(events, seen(quotes), decide_at, path=True).known()
    market = Market(replace(WATCH, required=replace(WATCH.required, path=True)), decide_at)
    found = moments(market, Replay(events, quotes)) + list(market.advance(START + 1_000 * HOUR_NS))
    live = [moment.view.known() for moment in found if moment.view is not None]
    assert (pl.concat(live) if live else expected.clear()).equals(expected)


def test_midnights_results_and_decisions_come_in_order() -> None:
    events, quotes = history(np.random.default_rng(5), 60)
    market = Market(WATCH, "before_start:1h", "Europe/London")
    found = moments(market, Replay(events, quotes)) + list(market.advance(START + 40 * HOUR_NS))
    instants = [moment.instant_ns for moment in found]
    assert instants == sorted(set(instants))
    nights = [moment.instant_ns for moment in found if moment.is_midnight]
    first = int(datetime(2024, 3, 31, 0, tzinfo=UTC).timestamp()) * 10**9
    assert nights == [first, first + 23 * HOUR_NS]  # the clocks go forward on that day


def test_an_event_whose_quotes_are_gone_comes_with_its_result_where_it_is_asked_for() -> None:
    events, quotes = history(np.random.default_rng(5), 60)
    over = pl.Series([START + 9 * HOUR_NS] * 2).cast(INSTANT_DTYPE)
    events = events.with_columns(settled_at=over, status=pl.lit("finished"))
    quotes = quotes.filter(pl.col("event_id") == 1)
    for unquoted, ids in ((False, {1}), (True, {0, 1})):
        feed, heard = Replay(events, quotes, unquoted=unquoted), list[Any]()
        while (messages := feed.poll(0)) is not None:
            heard += messages
        assert {one.values["event_id"] for one in heard if isinstance(one, Result)} == ids
        assert {one.values["event_id"] for one in heard if isinstance(one, Fixture)} == ids
        assert [one.known_at_ns for one in heard] == sorted(one.known_at_ns for one in heard)
    waiting = events.with_columns(settled_at=pl.lit(None, INSTANT_DTYPE), status=pl.lit("scheduled"))
    assert Replay(waiting, quotes.clear(), unquoted=True).poll(0) is None


def quote(known_at_ns: int, odds: float = 2.0, **changes: Any) -> Quote:
    fields: dict[str, Any] = {
        "event_id": 1, "market": "1x2", "line": None, "selection": "x", "bookmaker": "a", "side": "back", "odds": odds,
    }  # fmt: skip
    return Quote(known_at_ns, **(fields | changes))


def fixture(known_at_ns: int, start: datetime = datetime(2024, 3, 30, 15, tzinfo=UTC)) -> Fixture:
    values = {
        "event_id": 1,
        "sport": "football",
        "competition": "E0",
        "starts_at": start,
        "starts_at_basis": "recorded",
    }
    return Fixture(known_at_ns, values)


def offer(**changes: Any) -> Offer:
    fields: dict[str, Any] = {
        "id": 1, "event_id": 1, "market": "1x2", "line": None, "selection": "x", "bookmaker": "a", "side": "back",
        "odds": 2.0, "prob": 0.5, "edge_frac": 0.0, "stake_weight": 1.0, "group": None, "sport": "football",
        "competition": "E0",
    }  # fmt: skip
    return Offer(**(fields | changes))


def test_a_late_quote_changes_the_book_and_makes_no_decision() -> None:
    market, at = Market(WATCH), START - HOUR_NS
    for message in (fixture(at - 10), quote(at, 2.0), Mark(at)):
        market.receive(message)
    assert [m.view is not None for m in market.advance(at)] == [False, True]
    market.receive(quote(at - 5, 3.0))
    assert [m.view for m in market.advance(at + 1)] == [None]
    assert market.refused["late"] == 1
    assert market.quoted_at(offer()) == (at, True)  # the last by known_at is in force


def test_a_gap_makes_quotes_stale_until_a_new_one_of_each_comes() -> None:
    market, at = Market(WATCH), START - HOUR_NS
    for message in (fixture(at), quote(at), quote(at, bookmaker="b"), Gap(at + 1, "a")):
        market.receive(message)
    list(market.advance(at + 1))
    assert market.quoted_at(offer()) == (at, False)
    assert market.quoted_at(offer(bookmaker="b")) == (at, True)
    market.receive(quote(at + 2))
    list(market.advance(at + 2))
    assert market.quoted_at(offer()) == (at + 2, True)


def test_a_gap_of_an_unknown_source_concerns_all_quotes() -> None:
    market, at = Market(WATCH), START - HOUR_NS
    for message in (fixture(at), quote(at), quote(at, bookmaker="b"), Gap(at + 1, "the feed")):
        market.receive(message)
    list(market.advance(at + 1))
    assert not market.quoted_at(offer())[1] and not market.quoted_at(offer(bookmaker="b"))[1]


def test_a_moved_start_moves_the_decision() -> None:
    market, at = Market(WATCH, "before_start:1h"), START - 5 * HOUR_NS
    for message in (fixture(at), quote(at), fixture(at + 1, datetime(2024, 3, 30, 18, tzinfo=UTC))):
        market.receive(message)
    decided = [moment.instant_ns for moment in market.advance(START + 9 * HOUR_NS) if moment.view is not None]
    assert decided == [START + 2 * HOUR_NS]


@pytest.mark.parametrize("after", [False, True])
def test_no_quote_counts_after_a_result(after: bool) -> None:
    market, at = Market(WATCH), START - HOUR_NS
    result = Result(at + 1, {"event_id": 1, "status": "played"})
    for message in (fixture(at), quote(at), *([result] if after else []), quote(at + 2)):
        market.receive(message)
    views = [moment.view is not None for moment in market.advance(at + 2)]
    assert views == ([True, False, False] if after else [True, True])
    assert market.event_of(1)[2] == after and market.competition_of(1) == market.event_of(1)[:2]
    assert market.competition_of(99) is None
