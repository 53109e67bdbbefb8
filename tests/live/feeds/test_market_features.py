"""A market gives, message by message, the features that a whole history has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl
import pytest

from engine.asof.features import frames
from engine.asof.view import build_view
from engine.live.feed import Fixture, Message, Quote, Result
from engine.live.feeds.market import Market, Watch
from engine.live.feeds.replay import Replay
from engine.schema import INSTANT_DTYPE
from engine.strategy import Requirement
from engine.tape.unresolved import prepared
from research.features.running_draws import RunningDraws
from tests.property.markets import world

WATCH = Watch(Requirement(("1x2",), features=("running_draws",)))
FEATURES = (RunningDraws(5),)


def messages(events: pl.DataFrame, quotes: pl.DataFrame) -> list[Message]:
    feed, out = Replay(events, quotes), list[Message]()
    while (batch := feed.poll(0)) is not None:
        out += batch
    return out


def live(told: list[Message], decide_at: str, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """The features of all views, one moment after another."""
    market, out = Market(WATCH, decide_at, features=FEATURES), []
    if before is not None:
        market.load(before)
    for message in told:
        market.receive(message)
        if type(message).__name__ == "Mark":
            out += [m.view.features["running_draws"] for m in market.advance(message.known_at_ns) if m.view]
    return pl.concat(out)


def whole(events: pl.DataFrame, quotes: pl.DataFrame, decide_at: str) -> pl.DataFrame:
    seen = quotes.filter(pl.col("market") == "1x2", pl.col("side") == "back", pl.col("instant") != "close")
    return frames(FEATURES, events, build_view(events, seen, decide_at).quotes)["running_draws"]


@pytest.mark.parametrize("decide_at", ["quote", "before_start:1h", "before_start:30h+2h"])
def test_history_is_live(decide_at: str) -> None:
    events, quotes = world(21, 60)
    events = prepared(events.with_columns(pl.col("settled_at").cast(INSTANT_DTYPE)))
    quoted = quotes["event_id"].unique().sort()[:45]
    quotes = quotes.filter(pl.col("event_id").is_in(quoted.implode()))
    batch = whole(events, quotes, decide_at)
    assert batch["draw_share"].drop_nulls().n_unique() > 10 - 5 * ("30h" in decide_at)
    assert live(messages(events, quotes), decide_at, before=events).equals(batch)
    some = events.join(quotes, on="event_id", how="semi")  # without the results of events that have no quotes
    assert live(messages(events, quotes), decide_at).equals(whole(some, quotes, decide_at))
    assert not whole(some, quotes, decide_at).equals(batch)


@dataclass(frozen=True)
class Place:
    """Says whether the event is played on neutral ground."""

    name: ClassVar[str] = "place"
    columns: ClassVar[Mapping[str, Any]] = {"neutral": pl.Boolean}

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        return asked.select("neutral")

    def start(self) -> Place:
        return self

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        pass

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[Any, ...]:
        return (event["neutral"],)


def test_a_changed_fixture_counts_where_its_start_stays() -> None:
    values: dict[str, Any] = {
        "event_id": 1, "sport": "football", "competition": "E0", "starts_at": 10**12, "starts_at_basis": "recorded",
    }  # fmt: skip
    market = Market(WATCH, "before_start:1s", features=(Place(),))
    for message in (
        Fixture(1, values | {"neutral": False}), Quote(2, 1, "1x2", None, "home", "a", "back", 2.0),
        Fixture(3, values | {"neutral": True}),
    ):  # fmt: skip
        market.receive(message)
    (view,) = (moment.view for moment in market.advance(10**12) if moment.view)
    assert view.features["place"]["neutral"].to_list() == [True]


def test_a_corrected_result_keeps_its_place() -> None:
    events, quotes = world(21, 60)
    events = prepared(events.with_columns(pl.col("settled_at").cast(INSTANT_DTYPE)))
    told = messages(events, quotes)
    results = [place for place, message in enumerate(told) if isinstance(message, Result)]
    first = next(told[place] for place in results if told[place].values["home_score"] is not None)
    assert isinstance(first, Result)
    draw = {"home_score": 3, "away_score": 3, "winner": "draw"}
    last = results[len(results) // 2]
    later = replace(first, known_at_ns=told[last].known_at_ns, values={**first.values, **draw}, version=2)
    corrected = live([*told[:last], later, *told[last:]], "quote")
    same = pl.col("event_id") == first.values["event_id"]
    turned = events.with_columns(
        *(pl.when(same).then(pl.lit(v)).otherwise(pl.col(k)).cast(events.schema[k]).alias(k) for k, v in draw.items())
    )
    after = pl.col("decided_at").cast(pl.Int64) > later.known_at_ns
    before = whole(events.join(quotes, on="event_id", how="semi"), quotes, "quote")
    wanted = whole(turned.join(quotes, on="event_id", how="semi"), quotes, "quote")
    assert corrected.filter(after).equals(wanted.filter(after)) and corrected.filter(~after).equals(
        before.filter(~after)
    )
    assert not corrected.filter(after).equals(before.filter(after))
