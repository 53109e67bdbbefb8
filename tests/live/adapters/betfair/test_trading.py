"""A runner on paper over the feed: from the stream to decision, bet and settlement, with faults and a restart between.

The waits are those of one clock, which goes on a quarter of a second each turn of the loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.clock import DAY_NS, SECOND_NS
from engine.configuration import Configuration
from engine.live.feed import Message, Quote
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import ledger_path, look, open_ledger
from engine.live.running.assembly import Knobs, Plan, assemble
from engine.live.running.runner import RunnerSettings
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices
from research.strategies.flat_all import FlatAll
from tests.live.adapters.betfair.feeding import Feeding, Place, best, closed, definition, placing, row

NAME = "exchange"
OPENED = Entry(Kind.OPENED, "opened", 0, body={"promotion": "5c" * 16, "currency": "GBP", "mode": "paper"})
CAPITAL = Entry(Kind.CAPITAL, "capital:1", 0, money=Money(cash=100_000, capital=-100_000))
RULES = Rules("5c" * 16, Configuration(amount_minor=500.0), {}, seed=7, decide_at="quote")
STRATEGY = FlatAll(selections=("home",), bookmaker="betfair_exchange")
TURN_NS = SECOND_NS // 4
#: one turn of the loop of a test, and what happens before it
Script = Iterator[None]


@dataclass
class Trading:
    """The place, and what a runner there does with it."""

    place: Place
    beats: bool = True
    unreliable: bool = False
    heard: list[Message] = field(default_factory=list)

    def tell(self, change: dict[str, Any], **more: Any) -> None:
        """A change, published now."""
        self.place.server.pt = self.place.scene.clock.wall_ns() // 1_000_000
        self.place.server.publish(change, **more)

    def run(self, script: Callable[[Feeding], Script]) -> str:
        """A process: until its script ends."""
        with ExitStack() as stack:
            one = self.place.opened(stack)
            ledger = open_ledger(NAME, OPENED, clock=one.clock)
            stack.callback(ledger.close)
            prices = ObservedPrices()
            venue = PaperVenue(ledger_path(NAME).with_suffix(".venue.db"), prices, FillModel(RULES.params, 7, 0, {}))
            stack.callback(venue.close)
            plan = Plan(
                RULES, STRATEGY, one.feed, ("open", "snapshot"), (CAPITAL,), listeners=(prices.see, self.heard.append)
            )
            knobs = Knobs(runner=RunnerSettings(poll_ms=250))
            parts = assemble(plan, knobs, ledger, venue, machine=one.clock)
            steps = script(one)
            parts.runner.is_over = lambda: self._over(one, steps)
            return parts.run()

    def _over(self, one: Feeding, steps: Script) -> str:
        one.clock.sleep_ns(TURN_NS)
        if self.beats:
            self.place.server.pt = one.clock.wall_ns() // 1_000_000
            self.place.server.beat(**({"status": 503} if self.unreliable else {}))
        return "" if next(steps, self) is None else "the script has ended"


def entries() -> list[Entry]:
    with closing(look(NAME)) as ledger:
        return [one.entry for one in ledger.entries()]


def count(kind: Kind) -> int:
    return sum(entry.kind is kind for entry in entries())


def until(found: Callable[[], bool], turns: int = 120) -> Script:
    for _ in range(turns):
        if found():
            return
        yield
    raise AssertionError(f"nothing in {turns} turns: {Counter(e.kind.value for e in entries())}")


def turns(number: int) -> Script:
    for _ in range(number):
        yield


@pytest.fixture
def trading(home: Path) -> Iterator[Trading]:
    """Two matches; the second one has no price yet."""
    event = {"id": "31", "name": "Derby v Bury", "countryCode": "GB"}
    with placing(home, [row(), row("1.2", event=event)]) as place:
        yield Trading(place)


def placed() -> list[float]:
    """Odds of the bets, in their order."""
    return [float(entry.body["odds"]) for entry in entries() if entry.kind is Kind.PLACED]


def test_bets_are_made_at_fresh_prices_only_whatever_the_stream_does_and_settled_after_a_restart(
    trading: Trading,
) -> None:
    server, bets = trading.place.server, list[float]()

    def bet(*odds: float) -> Script:
        bets.extend(odds)
        yield from until(lambda: len(placed()) >= len(bets))
        yield from turns(4)
        assert placed() == bets

    def first(one: Feeding) -> Script:
        yield from bet(2.0)
        trading.tell({"id": "1.1", "rc": [best(1, 2.2)]})
        yield from bet(2.2)
        # Betfair calls its stream unreliable
        trading.unreliable = True
        trading.tell({"id": "1.1", "rc": [best(1, 2.3)]}, status=503)
        yield from turns(8)
        yield from bet()
        trading.unreliable = False
        yield from bet(2.3)
        # a change cannot be read: a new subscription over the same connection
        trading.tell({"id": "1.1", "rc": [best(1, 2.5) | {"ltp": "much"}]})
        del server._books["1.1"]["rc"][(1, 0)]["ltp"]
        yield from bet(2.5)
        assert server.connections == 1
        # the connection is cut, and a change is missed
        server.drop()
        trading.tell({"id": "1.1", "rc": [best(1, 2.6)]})
        yield from bet(2.6)
        # heartbeats are lost
        trading.beats = False
        yield from until(lambda: server.connections == 3)
        trading.beats = True
        yield from bet(2.6)
        # a slow reader: much has come since it last read
        trading.heard.clear()
        trading.tell({"id": "1.2", "marketDefinition": definition(eventId="31")})
        for number in range(100):
            trading.tell({"id": "1.2", "rc": [best(2, 3.0 + number % 2)]})
        trading.tell({"id": "1.1", "rc": [best(1, 2.8)]})
        yield from bet(2.8)
        backs = [m.odds for m in trading.heard if isinstance(m, Quote) and (m.selection, m.side) == ("away", "back")]
        assert backs == [3.0, 4.0] * 50 and server.connections == 3

    def second(one: Feeding) -> Script:
        yield from bet(2.9)
        trading.tell({"id": "1.2", "rc": [best(1, 4.0)]})
        yield from bet(4.0)
        trading.tell({"id": "1.1", "marketDefinition": definition(winner=1, status="CLOSED")})
        trading.tell({"id": "1.2", "marketDefinition": definition(winner=2, status="CLOSED", eventId="31")})
        yield from until(lambda: count(Kind.SETTLED) == len(bets))

    assert trading.run(first) == "the script has ended"
    trading.tell({"id": "1.1", "rc": [best(1, 2.9)]})  # nobody listens
    assert trading.run(second) == "the script has ended"
    wins = sum(round(500 * (odds - 1.0)) for odds in bets if odds != 4.0)
    assert -sum(entry.money.pnl for entry in entries()) == wins - 500 and count(Kind.SENT) == len(bets)


def test_bets_on_a_market_that_closed_while_nothing_ran_are_settled_by_its_book(trading: Trading) -> None:
    place = trading.place

    def first(one: Feeding) -> Script:
        yield from until(lambda: len(placed()) == 1)

    def later(one: Feeding) -> Script:
        yield from turns(8)

    assert trading.run(first) == "the script has ended"
    event = {"id": "32", "name": "Leeds v Bury", "countryCode": "GB"}
    place.scene.exchange.listed = [row("1.3", event=event, marketStartTime="2023-11-20T15:00:00.000Z")]
    del place.server._books["1.1"]
    place.scene.clock.sleep_ns(3 * DAY_NS)
    assert trading.run(later) == "the script has ended" and not count(Kind.SETTLED), "it is not closed yet"
    place.scene.exchange.closed["1.1"] = closed(winner=1)
    assert trading.run(later) == "the script has ended" and count(Kind.SETTLED) == 1
    assert -sum(entry.money.pnl for entry in entries()) == 500
    assert trading.run(later) == "the script has ended" and count(Kind.SETTLED) == 1 and not count(Kind.REVERSED)
