"""The parts of a runner put together for one promotion."""

from __future__ import annotations

import math
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.live.account import Account
from engine.live.alarm import Alarm
from engine.live.alerts.sender import AlertSender, channels_of
from engine.live.breakers.collection import Breakers
from engine.live.breakers.for_executor import VenueGuards
from engine.live.clock import SystemClock, WorldClock
from engine.live.crash_points import Probe, no_probe
from engine.live.day import Room
from engine.live.executor import Executor
from engine.live.feeds.replay import Replay
from engine.live.herald import Herald
from engine.live.journal import Journal
from engine.live.judge import Judge
from engine.live.latency import LatencyMeter
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import ledger_path, open_ledger
from engine.live.market import Market, Watch
from engine.live.progress import Progress
from engine.live.resolver import VenueResolver
from engine.live.rules import Rules
from engine.live.runner import Beginning, Runner, World
from engine.live.settlement import Settler
from engine.live.status import BreakerLine, Status, StatusFold
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ReplayPrices
from research.promotion.deployed import Deployed
from research.trading.history import Wish, check_tradable, deposits, history_of, opened_entry, rules_of
from research.trading.settings import LiveSettings


@dataclass
class Trading:
    """A runner with all that belongs to it, to be closed at the end.

    Attributes
    ----------
    name : str
    runner : Runner
    room : Room
    fold : StatusFold
    acknowledged : tuple of str
        Gates of the promotion that a person opened, each with the reason.
    stack : contextlib.ExitStack
        Closes venue, ledger and alerts.
    """

    name: str
    runner: Runner
    room: Room
    fold: StatusFold
    acknowledged: tuple[str, ...] = ()
    stack: ExitStack = field(default_factory=ExitStack)

    def status(self) -> Status:
        """What the runner does now, with what only a living one knows."""
        room = self.room
        lines = tuple(
            BreakerLine(
                name=one.breaker, tripped=one.state in ("open", "half_open"), measured=_number(one.measured),
                limit=_number(one.limit), human=one.human, cause=one.cause,
            )
            for one in room.breakers.distances()
        )  # fmt: skip
        return self.fold.status(self.name, latency=room.meter.latency(), breakers=lines, acknowledged=self.acknowledged)

    def close(self) -> None:
        """Close everything, last opened first."""
        self.stack.close()


def venue_path(name: str) -> Path:
    """Database of the paper venue of a promotion."""
    return ledger_path(name).with_suffix(".venue.db")


def compose(
    deployed: Deployed,
    settings: LiveSettings,
    wish: Wish,
    *,
    probe: Probe = no_probe,
    holder: str = "",
) -> Trading:
    """A runner over a replay, on the paper venue.

    Parameters
    ----------
    deployed : Deployed
        A promotion that was checked.
    settings : LiveSettings
    wish : Wish
    probe : Probe
        Of a test; everyday use has none.
    holder : str
        Of the lease; by default machine and process.

    Raises
    ------
    BeaError
        The configuration is not tradable, the store has no such data, the ledger belongs to somebody else.
    """
    check_tradable(deployed)
    with ExitStack() as stack:
        rules = rules_of(deployed, settings.runner.window_s)
        history = history_of(deployed, wish)
        world = World(
            Replay(history.events, history.quotes, wish.feed),
            Market(Watch(deployed.strategy.requires(), deployed.spec.instants), rules.decide_at, rules.zone),
            WorldClock(),
            SystemClock(),
            wish.speed,
        )
        sender = AlertSender(settings.alerts, world.machine, channels_of(settings.alerts, os.environ))
        stack.callback(sender.close)
        ledger = open_ledger(
            deployed.promotion.name, opened_entry(deployed), settings=settings.ledger, clock=world.machine,
            holder=holder, probe=probe,
        )  # fmt: skip
        stack.callback(ledger.close)
        model = FillModel(rules.params, rules.seed, deployed.inputs.delay_ns, rules.terms)
        prices = ReplayPrices.from_quotes(history.prices, history.events)
        herald, fold = Herald(sender), StatusFold()
        venue = PaperVenue(
            venue_path(deployed.promotion.name), prices, model, guard=settings.paper, zone=rules.zone,
            on_finding=lambda text: herald.tell(Alarm("implausible", text)),
        )  # fmt: skip
        stack.callback(venue.close)
        facts = {**wish.plain(), "settings": settings.plain()}
        room = _room(deployed, settings, rules, world, (ledger, venue), (herald, fold), probe)
        runner = Runner(
            world, room, VenueResolver(room.executor), settings.runner,
            Beginning(tuple(deposits(deployed, rules, 0)), facts, herald.begin), probe,
        )  # fmt: skip
        return Trading(deployed.promotion.name, runner, room, fold, _acknowledged(deployed), stack.pop_all())


def _room(
    deployed: Deployed,
    settings: LiveSettings,
    rules: Rules,
    world: World,
    stores: tuple[ChainedLedger, PaperVenue],
    listeners: tuple[Herald, StatusFold],
    probe: Probe,
) -> Room:
    """The parts that follow the journal, in the order in which they are told."""
    ledger, venue = stores
    herald, fold = listeners
    journal, account, progress = Journal(ledger), Account(rules), Progress()
    breakers = Breakers(
        settings.breakers, world.clock, mode=deployed.promotion.mode, live_feed=world.feed.is_live
    )  # fmt: skip
    meter = LatencyMeter(world.machine, lambda: ledger.last_commit_ns)
    for observer in (meter, account, progress, breakers, venue, fold, herald):
        journal.observe(observer)
    executor = Executor(
        journal, venue, world.clock, settings.executor, tell=herald.tell, probe=probe,
        guards=VenueGuards(breakers, venue.profile.name, world.feed.name),
        generator=np.random.Generator(np.random.Philox(rules.seed)),
    )  # fmt: skip
    return Room(
        journal=journal,
        account=account,
        progress=progress,
        breakers=breakers,
        judge=Judge(rules, account, world.market),
        settler=Settler(rules, account),
        executor=executor,
        strategy=deployed.strategy,
        meter=meter,
    )


def _acknowledged(deployed: Deployed) -> tuple[str, ...]:
    gates = deployed.promotion.gates
    return tuple(f"{gate['name']}: {gate['reason']}" for gate in gates if not gate["passed"] and gate.get("reason"))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
