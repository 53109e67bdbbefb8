"""The whole runner over a scenario: ledger, journal, executor, paper venue, breakers, on a clock of the world."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from engine.live.clock import SystemClock
from engine.live.feeds.replay import Replay
from engine.live.judgement.rules import opening_deposits
from engine.live.judgement.warm import warm
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.opening import start
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.assembly import Assembled, Knobs, Plan, assemble
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ReplayPrices
from tests.parity import worlds
from tests.parity.drive import Outcome, by_walk, outcome_of
from tests.parity.scenarios import Scenario

_BODY = {"promotion": "5c" * 16, "name": "parity", "currency": "EUR", "mode": "paper"}
OPENED: Final = Entry(Kind.OPENED, "opened", 0, body=_BODY)


def in_memory() -> ChainedLedger:
    """A new ledger in memory, with its lease."""
    return start(ChainedLedger(MemoryStore(MemoryDisk()), SystemClock(), LedgerSettings()), OPENED, "parity")


def put_together(
    scenario: Scenario,
    world: worlds.World,
    bookmakers: list[str],
    ledger: ChainedLedger,
    venue_file: Path | str = ":memory:",
) -> tuple[Assembled, PaperVenue]:
    """A runner of a scenario on a ledger, and its paper venue; the caller closes both."""
    rules, visible = scenario.rules(), scenario.visible(world)
    prices = world.quotes.filter(pl.col("bookmaker").is_in(visible["bookmaker"].unique().to_list()))
    model = FillModel(rules.params, rules.seed, scenario.delay_ns, rules.terms)
    venue = PaperVenue(venue_file, ReplayPrices.from_quotes(prices, world.events), model, zone=rules.zone)
    deposits = tuple(opening_deposits(rules, bookmakers))
    plan = Plan(rules, scenario.strategy, Replay(world.events, visible), scenario.kinds, deposits)
    return assemble(plan, Knobs(), ledger, venue), venue


def by_runner(
    scenario: Scenario, world: worlds.World, bookmakers: list[str], opened: Callable[[], ChainedLedger] = in_memory
) -> tuple[Outcome, int]:
    """The outcome of the runner, and what the paper venue holds in cash."""
    warm(scenario.rules())  # before the lease is taken
    ledger = opened()
    assembled, venue = put_together(scenario, world, bookmakers, ledger)
    assembled.runner.run()
    entries, cash = list(ledger.entries()), venue.balance_minor()
    venue.close()
    ledger.close()
    return outcome_of(entries, assembled.room.account.equity_minor), cash


def compared(
    scenario: Scenario, world: worlds.World, opened: Callable[[], ChainedLedger] = in_memory
) -> tuple[Outcome, Outcome, int]:
    """The outcome of the walk, that of the runner without rows that no tape has, and the venue's cash."""
    tape = scenario.tape(world)
    live, cash = by_runner(scenario, world, tape.bookmaker_names, opened)
    return by_walk(tape, scenario.rules()), live.on_tape(), cash
