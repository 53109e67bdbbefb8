"""The backtest over what the runner received: equal where the store holds something else by now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.errors import DataError
from engine.live.feed import Fixture, Mark, Message, Quote, Result
from engine.live.feeds.recording import Recorder
from engine.schema import ALL_EVENTS, QUOTES
from research.drift.causes import Cause
from research.drift.drift import drift_of
from research.drift.heard import history_of, over, recorded_store
from research.promotion.deployed import Deployed, deploy
from research.tapes.builder import Tapes
from tests.research.drift.day import World, traded


def test_a_price_that_the_store_does_not_hold_is_explained_by_the_recording(
    deployed: Deployed, tapes: Tapes, tmp_path: Path
) -> None:
    tape = tapes.tape(deployed.spec)
    event = int(tape.events["event_id"][int(tape.event[5])])
    recorder = Recorder(tmp_path / "feed", sync=lambda number: None)

    def hear(message: Message) -> Message:
        if isinstance(message, Quote) and message.event_id == event:
            message = replace(message, odds=message.odds + 0.1)
        recorder(message)
        return message

    entries = traded(deployed, tapes, World(hear=hear))
    over_store = drift_of(deployed, entries, tapes)
    assert over_store.unexplained == 3, "the store says other odds, known at the same instant"
    seen = deploy(over(deployed.promotion, recorded_store(tmp_path / "feed", tmp_path / "store")))
    over_recording = drift_of(seen, entries)
    causes = dict(over_recording.pairs["cause"].value_counts().iter_rows())
    assert causes == {Cause.IDENTICAL.value: len(tape)} and over_recording.unexplained == 0
    assert over_recording.profit_minor == over_recording.profit_backtest_minor


def test_messages_become_events_and_quotes() -> None:
    values = {"event_id": 7, "sport": "football", "competition": "L", "season": None, "starts_at": 50, "home": "A"}
    result = {**values, "status": "played", "home_score": 1, "away_score": 1, "winner": "draw", "season": "2024"}
    told: list[Message] = [
        Fixture(1, values), Quote(2, 7, "1x2", None, "home", "b365", "back", 2.5), Mark(2),
        Result(100, result), Result(200, {**result, "away_score": 2, "winner": "away"}, version=2), Mark(200),
    ]  # fmt: skip
    events, quotes = history_of(told)
    assert dict(events.schema) == ALL_EVENTS and dict(quotes.schema) == QUOTES
    (event,), (quote,) = events.rows(named=True), quotes.rows(named=True)
    assert (event["away_score"], event["winner"], event["season"]) == (2, "away", "2024")
    settled, starts = events.select(pl.col("settled_at", "starts_at").cast(pl.Int64)).row(0)
    assert (settled, starts) == (100, 50), "a correction does not move the settlement"
    assert (quote["odds"], quote["instant"], quote["suspect"]) == (2.5, "snapshot", False)
    assert history_of([])[0].is_empty()


def test_no_recording_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recording"):
        recorded_store(tmp_path / "nothing", tmp_path / "store")
