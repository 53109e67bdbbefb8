"""The parts of a runner over a feed that listens to the world: the checks of a live feed hold, whatever its name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.errors import LedgerError, PromotionError
from engine.live.clock import SystemClock, WorldClock
from engine.live.feed import Feed, Message
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.live.venues.prices import ObservedPrices, ReplayPrices
from research.promotion.deployed import Deployed, start
from research.trading.history import Wish, history_of
from research.trading.settings import live_settings
from research.trading.setup import Trading, compose, feed_of
from tests.promoted import NOW_NS, entries, own_copy

WISH = Wish(last=date(2019, 8, 15))


class Listening:
    """A feed that says that it listens to the world; its messages are those of a replay."""

    is_live = True

    def __init__(self, feed: Feed) -> None:
        self.name, self._feed = "listening", feed

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the replay."""
        return self._feed.poll(timeout_ns)


@pytest.fixture()
def deployed(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The promotion ``demo`` in a copy of the home."""
    own_copy(promoted_home, tmp_path, monkeypatch)
    return start("demo", NOW_NS)


def composed(deployed: Deployed, *, live: bool) -> Trading:
    feed = feed_of(history_of(deployed, WISH), WISH)
    return compose(deployed, live_settings(), WISH, feed=Listening(feed) if live else None)


def assumed(deployed: Deployed) -> Deployed:
    """The same, had its decision times been assumed, and acknowledged."""
    gates = tuple(
        {**gate, "passed": False, "reason": "a demo"} if gate["name"] == "decision_times" else gate
        for gate in deployed.promotion.gates
    )
    return replace(deployed, promotion=replace(deployed.promotion, gates=gates))


def test_decisions_at_assumed_times_are_refused_on_a_feed_that_is_live(deployed: Deployed) -> None:
    with pytest.raises(PromotionError, match="decides at times that its data only assumed: expected a replay"):
        composed(assumed(deployed), live=True)
    with pytest.raises(LedgerError, match="no such ledger"):
        look("demo")
    composed(assumed(deployed), live=False).close()


def test_a_feed_that_is_live_is_treated_as_one(deployed: Deployed) -> None:
    for live, clock, prices in ((False, WorldClock, ReplayPrices), (True, SystemClock, ObservedPrices)):
        with closing(composed(deployed, live=live)) as trading:
            room = trading.parts.room
            assert type(room.executor.clock) is clock and room.breakers._acts is live
            fills = room.executor.venue.fills  # type: ignore[attr-defined]
            assert type(fills.prices) is prices and fills.model.size_on_arrival is live
            assert trading.runner._resolver._audits is live  # type: ignore[attr-defined]
            trading.runner.run()
    starts = [one.entry.body for one in entries() if one.entry.kind is Kind.STARTED]
    assert [(body["feed"], body["is_live"]) for body in starts] == [("replay", False), ("listening", True)]
