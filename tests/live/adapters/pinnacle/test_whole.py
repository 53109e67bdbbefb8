"""Spreads and totals of Pinnacle from its feed to a decision, a line check, a bet, and its settlement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.configuration import Configuration
from engine.live.adapters.pinnacle.open import catalogue_over, venue_over
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.registry import TERMS
from engine.live.clock import SystemClock
from engine.live.feed import Feed, Fixture, Message
from engine.live.judgement.rules import Rules, opening_deposits
from engine.live.judgement.warm import warm
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.opening import start
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Links
from engine.live.linking.propose import Known, propose
from engine.live.running.assembly import Knobs, Plan, assemble
from engine.live.running.runner import RunnerSettings
from engine.live.venues.locked import LockedVenue
from engine.live.venues.locks import Permit, RealMoney
from engine.schema import OPPORTUNITIES
from engine.strategy import Requirement, View
from tests.live.adapters.pinnacle.scene import FOOTBALL, START_NS, Scene, serving

OPENED = Entry(Kind.OPENED, "opened", 0, body={"promotion": "5c" * 16, "currency": "EUR", "mode": "live"})
LIMITS = RealMoney("pinnacle", "somebody", "EUR", 100_000, 10_000)


@dataclass(frozen=True)
class Backs:
    """Backs the away side of a handicap, and over."""

    name: ClassVar[str] = "backs"

    def requires(self) -> Requirement:
        return Requirement(("asian_handicap", "totals"), ("pinnacle",))

    def opportunities(self, view: View) -> pl.DataFrame:
        wanted = view.quotes.filter(pl.col("selection").is_in(["away", "over"]))
        return wanted.with_columns(prob=0.6).select(*OPPORTUNITIES)


class Until:
    """A feed that ends at an instant, and lets the world change on the way."""

    is_live, name = True, "pinnacle"

    def __init__(self, feed: Feed, scene: Scene, hours: float) -> None:
        self._feed, self._scene, self._end_ns = feed, scene, START_NS + round(hours * HOUR_NS)
        self.changes: list[tuple[int, Callable[[], None]]] = []

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        now = self._scene.clock.wall_ns()
        while self.changes and self.changes[0][0] <= now:
            self.changes.pop(0)[1]()
        return self._feed.poll(timeout_ns) if now < self._end_ns else None


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serving(tmp_path) as made:
        yield made


def links(scene: Scene) -> Links:
    """Proposed from the catalogue for the events that the feed tells."""
    told = [one for one in scene.feed().poll(0) if isinstance(one, Fixture)]
    known = [
        Known(one.values["event_id"], one.values["home"], one.values["away"], one.starts_ns or 0) for one in told
    ]  # fmt: skip
    return Links(
        propose("pinnacle", known, catalogue_over(scene.line, PinnacleSettings(), FOOTBALL, scene.around())).links
    )


def win(scene: Scene) -> None:
    """The match ends with three goals, the away side wins, and the service pays all bets of ten euros."""
    scene.offer.end(11, (2, 1))  # team 1 is away
    for key, line in scene.service.placed.items():
        scene.service.desk.settle(key, round((line["price"] - 1.0) * 1_000))


def test_spreads_and_totals_go_from_the_feed_to_the_settlement(scene: Scene) -> None:
    scene.offer.leagues[7] = ("England - Premier League", "Team2")
    scene.offer.period(
        11, maxSpread=200.0, maxTotal=200.0, spreads=[
            {"hdp": -0.5, "home": 1.9, "away": 2.0},
            {"hdp": -1.0, "home": 2.3, "away": 1.75, "altLineId": 9, "max": 500.0},
        ], totals=[{"points": 2.5, "over": 1.8, "under": 2.1}],
    )  # fmt: skip
    directory = links(scene)
    scene.clock.sleep_ns(300 * SECOND_NS)
    rules = Rules("5c" * 16, Configuration(amount_minor=1_000.0, edge_min=0.01), decide_at="before_start:1h")
    warm(rules)  # compiling can take longer than a lease lasts
    ledger = start(ChainedLedger(MemoryStore(MemoryDisk()), SystemClock(), LedgerSettings()), OPENED, "whole")
    with ExitStack() as stack:
        stack.callback(ledger.close)
        feed = Until(scene.feed(), scene, 6)
        feed.changes = [(START_NS + 5 * HOUR_NS, lambda: win(scene))]
        real = venue_over(scene.line, PinnacleSettings(), directory, scene.around())
        venue = LockedVenue(real, TERMS["pinnacle"].bookmakers, Permit(LIMITS), scene.clock, "UTC")
        plan = Plan(rules, Backs(), feed, ("snapshot",), tuple(opening_deposits(rules, ["pinnacle"])), mode="live")
        knobs = Knobs(runner=RunnerSettings(poll_ms=60_000))
        made = assemble(plan, knobs, ledger, venue, machine=scene.clock)
        made.run()
        entries = [one.entry for one in ledger.entries()]
    assert {(one["betType"], one.get("team"), one.get("side"), one["altLineId"]) for one in scene.service.bodies} == {
        ("SPREAD", "TEAM1", None, None), ("SPREAD", "TEAM1", None, 9), ("TOTAL_POINTS", None, "OVER", None),
    }  # fmt: skip
    paths = [path for path, _ in scene.service.asked if path in ("/v1/line", "/v4/bets/straight")]
    assert paths[0] == "/v1/line" and paths.count("/v1/line") == 1 and len(scene.service.bodies) == 3
    placed = {one.body["line"] for one in entries if one.kind is Kind.INTENDED}
    assert placed == {-0.5, -1.0, 2.5}
    settled = {one.body["pnl_minor"] for one in entries if one.kind is Kind.SETTLED}
    assert settled == {1_000, 750, 800}, "by the result and by the list of the service alike"
    assert not [one for one in entries if one.kind is Kind.REVERSED]
