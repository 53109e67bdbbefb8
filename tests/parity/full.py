"""The whole runner over a scenario: ledger, journal, executor, paper venue, breakers, on a clock of the world."""

from __future__ import annotations

import numpy as np
import polars as pl

from engine.live.account import Account
from engine.live.breakers.collection import Breakers
from engine.live.breakers.for_executor import VenueGuards
from engine.live.breakers.settings import BreakerSettings
from engine.live.clock import SystemClock, WorldClock
from engine.live.day import Room
from engine.live.execution_settings import ExecutionSettings
from engine.live.executor import Executor
from engine.live.feeds.replay import Replay
from engine.live.journal import Journal
from engine.live.judge import Judge
from engine.live.latency import LatencyMeter
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.opening import start
from engine.live.ledger.settings import LedgerSettings
from engine.live.market import Market
from engine.live.progress import Progress
from engine.live.resolver import VenueResolver
from engine.live.rules import opening_wallets
from engine.live.runner import Beginning, Runner, RunnerSettings, World
from engine.live.settlement import Settler
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ReplayPrices
from tests.parity import worlds
from tests.parity.drive import Outcome, bookmakers_of, by_walk, outcome_of
from tests.parity.scenarios import Scenario

_BODY = {"promotion": "5c" * 16, "name": "parity", "currency": "EUR", "mode": "paper"}
_OPENED = Entry(Kind.OPENED, "opened", 0, body=_BODY)


def by_runner(scenario: Scenario, world: worlds.World, bookmakers: list[str]) -> tuple[Outcome, int]:
    """The outcome of the runner, and what the paper venue holds in cash."""
    rules, visible = scenario.rules(), scenario.visible(world)
    machine, clock = SystemClock(), WorldClock()
    ledger = start(ChainedLedger(MemoryStore(MemoryDisk()), machine, LedgerSettings()), _OPENED, "parity")
    market = Market(scenario.watch(), rules.decide_at, rules.zone)
    place = World(Replay(world.events, visible), market, clock, machine)
    prices = world.quotes.filter(pl.col("bookmaker").is_in(visible["bookmaker"].unique().to_list()))
    model = FillModel(rules.params, rules.seed, scenario.delay_ns, rules.terms)
    venue = PaperVenue(":memory:", ReplayPrices.from_quotes(prices, world.events), model, zone=rules.zone)
    journal, account, progress = Journal(ledger), Account(rules), Progress()
    breakers = Breakers(BreakerSettings(), clock, mode="paper", live_feed=False)
    meter = LatencyMeter(machine, lambda: ledger.last_commit_ns)
    for observer in (meter, account, progress, breakers, venue):
        journal.observe(observer)
    executor = Executor(
        journal, venue, clock, ExecutionSettings(), guards=VenueGuards(breakers, venue.profile.name, "replay"),
        generator=np.random.Generator(np.random.Philox(1)),
    )  # fmt: skip
    room = Room(
        journal, account, progress, breakers, Judge(rules, account, market), Settler(rules, account), executor,
        scenario.strategy, meter,
    )  # fmt: skip
    deposits = tuple(
        Entry(Kind.CAPITAL, f"capital:{number}", 0, bookmaker=name, money=Money(cash=amount, capital=-amount))
        for number, (name, amount) in enumerate(opening_wallets(rules, bookmakers).items(), 1)
    )
    Runner(place, room, VenueResolver(executor), RunnerSettings(), Beginning(deposits)).run()
    entries = list(ledger.entries())
    cash = venue.balance_minor()
    venue.close()
    ledger.close()
    return outcome_of(entries, account.equity_minor), cash


def compared(scenario: Scenario, world: worlds.World) -> tuple[Outcome, Outcome, int]:
    """The outcome of the walk, that of the runner without rows that no tape has, and the venue's cash."""
    tape = scenario.tape(world)
    live, cash = by_runner(scenario, world, bookmakers_of(tape))
    return by_walk(tape, scenario.rules()), live.on_tape(), cash
