"""A promotion of the sample traded by a runner in memory, whose world does as a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.live.feed import Message
from engine.live.feeds.market import Moment, Watch
from engine.live.feeds.replay import Replay
from engine.live.judgement.judge import Leg
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.promotion import load
from research.promotion.deployed import Deployed, deploy
from research.tapes.builder import Tapes
from tests.parity.drive import Driver, intended
from tests.promoted import promoted

WORDS = (
    "data=sample", "data.competitions=[SIM1]", "data.seasons=[2022-2023]", "report=false", "strategy=value",
    "strategy.fair=consensus", "data.decide_at=before_start:1h", "staking=kelly", "risk=default",
    "execution.commission_rates={pinnacle: 0.02, b365: 0.05}",
)  # fmt: skip


@dataclass
class World:
    """What goes otherwise than in the backtest; by default nothing.

    Attributes
    ----------
    answer : callable
        Takes the number of the proposal from 1, its legs and the instant; the entries of the venue's answer, or None.
    refuse : callable
        Takes the number of the proposal and its legs; why no bet is made.
    ask : callable
        Takes the number of the proposal and the intent; what is written.
    hear : callable
        Takes a message of the feed; what is heard of it, or None.
    settle : callable
        Takes the number of the settlement from 1 and its entries; what is written.
    decide : callable
        Takes the number of the instant from 1; whether the runner is there.
    proposed, settled : list
        Filled by the day: the opportunity of each proposal, and the first bet of each settlement.
    """

    answer: Callable[[int, Sequence[Leg], int], list[Entry] | None] = lambda number, legs, at_ns: None
    refuse: Callable[[int, Sequence[Leg]], str] = lambda number, legs: ""
    ask: Callable[[int, Entry], Entry] = lambda number, entry: entry
    hear: Callable[[Message], Message | None] = lambda message: message
    settle: Callable[[int, list[Entry]], list[Entry]] = lambda number, entries: entries
    decide: Callable[[int], bool] = lambda number: True
    proposed: list[int] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)


def together(worlds: Sequence[World]) -> World:
    """Everything that goes otherwise in one of these worlds goes otherwise; they must not touch the same thing."""

    def settle(number: int, entries: list[Entry]) -> list[Entry]:
        for world in worlds:
            entries = world.settle(number, entries)
        return entries

    return World(
        answer=lambda *a: next((found for world in worlds if (found := world.answer(*a)) is not None), None),
        refuse=lambda *a: next((found for world in worlds if (found := world.refuse(*a))), ""),
        settle=settle,
    )


class Trader(Driver):
    """The runner of the parity tests in a world of its own."""

    world = World()
    proposals = settlements = instants = 0

    def moment(self, moment: Moment) -> None:
        for result in moment.results:
            self.settler.take(result)
        entries = self.settler.entries(moment.instant_ns, [int(result.values["event_id"]) for result in moment.results])
        if entries:
            self.settlements += 1
            self.world.settled.append(entries[0].intent)
            self.memory.write(self.world.settle(self.settlements, entries))
        if moment.is_midnight:
            self.memory.write([Entry(Kind.ROLLED, f"rolled:{moment.instant_ns}", moment.instant_ns)])
        if moment.view is None:
            return
        offers = self.strategy.opportunities(moment.view)
        self.instants += 1
        if offers.is_empty() or not self.world.decide(self.instants):
            return
        sitting = self.judge.sit(moment.instant_ns, offers)
        while (proposal := sitting.next()) is not None:
            self.proposals += 1
            self.world.proposed.append(proposal.legs[0].order.opportunity_id)
            if reason := self.world.refuse(self.proposals, proposal.legs):
                sitting.refuse(reason)
                continue
            asked = [self.world.ask(self.proposals, intended(leg, moment.instant_ns)) for leg in proposal.legs]
            self.memory.write(asked)
            own = self.world.answer(self.proposals, proposal.legs, moment.instant_ns)
            self.memory.write(self.answers(proposal.legs, moment.instant_ns) if own is None else own)
        self.memory.write([sitting.entry()])


def kept(name: str = "day", words: Sequence[str] = WORDS) -> Deployed:
    """A promotion in ``BEA_HOME``."""
    promoted(name, words)
    return deploy(load(name))


class Heard(Replay):
    """The history of the store as a feed, as far as it is heard."""

    world = World()

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        messages = super().poll(timeout_ns)
        if messages is None:
            return None
        return [heard for message in messages if (heard := self.world.hear(message)) is not None]


def traded(deployed: Deployed, tapes: Tapes, world: World | None = None, more: Sequence[Entry] = ()) -> list[Recorded]:
    """The ledger of the whole history, with `more` entries at its end."""
    spec = deployed.spec
    tape, events = tapes.tape(spec), tapes.whole(spec)[0]
    quotes = tapes._store(spec).quotes(tapes.inputs(spec).visible)
    feed = Heard(tapes.settled(spec, events), quotes)
    watch = Watch(deployed.strategy.requires(), spec.instants)
    filled = dict(zip(tape.id.tolist(), tape.filled.tolist(), strict=True))
    trader = Trader(deployed.rules, deployed.strategy, watch, tape.bookmaker_names, filled)
    feed.world = trader.world = world or World()
    body = {"promotion": deployed.promotion.digest, "currency": "EUR", "mode": "paper"}
    trader.memory.write([Entry(Kind.OPENED, "opened", 0, body=body), Entry(Kind.STARTED, "started:1", 0)])
    trader.run(feed)
    trader.memory.write(more)
    return trader.memory.entries
