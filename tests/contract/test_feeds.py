"""The contract of a feed. A new one joins by a line in `FEEDS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from engine.live.feed import Feed, Fixture, Mark, Message, Quote, Result
from engine.live.feeds.recorded import Recorded
from engine.live.feeds.recording import Recorder
from engine.live.feeds.replay import Replay
from engine.live.feeds.sieve import refusal_of
from tests.parity.worlds import World, exchange, sample


@lru_cache
def world() -> World:
    return exchange(sample().first(6), 9)


def replay(folder: Path) -> Feed:
    return Replay(world().events, world().quotes)


def recorded(folder: Path) -> Feed:
    recorder, feed = Recorder(folder, lambda number: None), replay(folder)
    while (messages := feed.poll(0)) is not None:
        for message in messages:
            recorder(message)
    return Recorded(folder)


FEEDS: dict[str, Callable[[Path], Feed]] = {"replay": replay, "recorded": recorded}


def batches(feed: Feed) -> list[list[Message]]:
    found = []
    while (messages := feed.poll(1_000_000)) is not None:
        found.append(list(messages))
    return found


@pytest.fixture(params=list(FEEDS))
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Feed:
    return FEEDS[request.param](tmp_path)


def test_it_has_a_name_and_says_whether_it_is_live(feed: Feed) -> None:
    assert feed.name and isinstance(feed.is_live, bool)


def test_a_batch_holds_at_most_one_mark_and_ends_with_it(feed: Feed) -> None:
    for batch in batches(feed):
        assert [isinstance(message, Mark) for message in batch].count(True) <= 1
        assert not any(isinstance(message, Mark) for message in batch[:-1])


def test_marks_rise_and_nothing_comes_after_its_mark(feed: Feed) -> None:
    reached = None
    for batch in batches(feed):
        for message in batch:
            assert reached is None or message.known_at_ns > reached
        if isinstance(batch[-1], Mark):
            reached = batch[-1].known_at_ns
            assert all(message.known_at_ns <= reached for message in batch)


def test_every_event_is_announced_before_its_quotes_and_results(feed: Feed) -> None:
    known = set()
    for message in (message for batch in batches(feed) for message in batch):
        if isinstance(message, Fixture):
            known.add(message.values["event_id"])
            assert all(message.values[name] is None for name in ("home_score", "away_score", "winner", "settled_at"))
        elif isinstance(message, Quote):
            assert message.event_id in known
        elif isinstance(message, Result):
            assert message.values["event_id"] in known


def test_every_message_can_be_used(feed: Feed) -> None:
    assert not [message for batch in batches(feed) for message in batch if refusal_of(message)]


def test_it_ends_for_good(feed: Feed) -> None:
    assert batches(feed) and feed.poll(0) is None and feed.poll(0) is None


def test_it_is_whole(feed: Feed) -> None:
    messages = [message for batch in batches(feed) for message in batch]
    keys = ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at", "odds"]
    assert sum(isinstance(message, Quote) for message in messages) == world().quotes.unique(keys).height
    settled = world().events.filter(pl.col("settled_at").is_not_null(), pl.col("status") != "scheduled")
    assert sum(isinstance(message, Result) for message in messages) == settled.height
