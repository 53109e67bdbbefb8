"""A few days of the sample as a runner trades them on a ledger: to the end, or until a probe kills the process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.configuration import Configuration
from engine.live.clock import Clock, SystemClock
from engine.live.crash_points import Probe, no_probe
from engine.live.execution.settings import ExecutionSettings
from engine.live.feeds.replay import Replay
from engine.live.judgement.rules import Rules
from engine.live.judgement.warm import warm
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.ledger.opening import ledger_path, look, open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.assembly import Assembled, Knobs, Plan, assemble
from engine.live.running.runner import RunnerSettings
from engine.live.venue import ForeignBet, Order, Reading, Receipt, VenueFailure
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ReplayPrices
from engine.paths import sample_store
from engine.store.store import Store
from engine.store.universe import Universe
from engine.tape.unresolved import prepared
from research.strategies.value import Value

NAME: Final = "scene"
OPENED: Final = Entry(Kind.OPENED, "opened", 0, body={"promotion": "5c" * 16, "currency": "EUR", "mode": "paper"})
CONFIGURATION: Final = Configuration(
    edge_min=-0.01, amount_minor=5_000.0, rejection_frac=0.2, streak_stop=4.0, price_tolerance_frac=0.02,
    slippage_frac=0.005,
)  # fmt: skip
RATES: Final = {"pinnacle": {"commission_rate": 0.02}}
#: entries that a kill may add or change: attempts, doubts and their end, starts and stops
OF_THE_PROCESS: Final = frozenset(
    {Kind.SENT, Kind.UNKNOWN, Kind.READ, Kind.STARTED, Kind.STOPPED, Kind.ALERTED, Kind.ACKNOWLEDGED, Kind.KILLED}
)


@dataclass(frozen=True)
class History:
    """Events and quotes of the scene."""

    events: pl.DataFrame
    quotes: pl.DataFrame

    @classmethod
    def cut(cls, days: int, folder: Path) -> None:
        """Write the first days of a season of the sample into a folder."""
        store, season = Store.open(sample_store()), Universe(competitions=("SIM1",), markets=("1x2",))
        events = prepared(store.events(season)).sort("starts_at")
        first = events["starts_at"][0]
        events = events.filter((pl.col("starts_at") - first).dt.total_days() < days)
        quotes = store.quotes(season).join(events.select("event_id"), on="event_id", how="semi")
        events.write_ipc(folder / "events.arrow")
        quotes.write_ipc(folder / "quotes.arrow")

    @classmethod
    def read(cls, folder: Path) -> History:
        """What `cut` wrote."""
        return cls(pl.read_ipc(folder / "events.arrow"), pl.read_ipc(folder / "quotes.arrow"))


def rules(edge_min: float = CONFIGURATION.edge_min) -> Rules:
    """Of the scene: rejections, slippage, a tolerance, commission and a breaker."""
    return Rules("5c" * 16, replace(CONFIGURATION, edge_min=edge_min), RATES, seed=7, decide_at="before_start:1h")


class Logged(PaperVenue):
    """A paper venue that writes down who sends what: one line a request, ``process key``.

    Somebody else may have bets in the account, too.
    """

    log: Path | None = None
    foreign: tuple[ForeignBet, ...] = ()

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As the paper venue."""
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("".join(f"{os.getpid()} {order.key}\n" for order in orders))
        return super().place(orders)

    def bets(self) -> Reading:
        """As the paper venue, and the bets of others."""
        return replace(super().bets(), foreign=self.foreign)

    def balance_minor(self) -> int:
        """As the paper venue, less what others have at risk."""
        return super().balance_minor() - sum(bet.at_risk_minor for bet in self.foreign)


@dataclass(frozen=True)
class Around:
    """What is around a runner: the clock, renewal of the lease, the venue as of `Logged`, if it winds down."""

    machine: Clock = field(default_factory=SystemClock)
    renew_ms: int = 5_000
    log: Path | None = None
    foreign: tuple[ForeignBet, ...] = ()
    winds_down: bool = False


def opened(
    history: History,
    stack: ExitStack,
    *,
    probe: Probe = no_probe,
    settings: LedgerSettings | None = None,
    edge_min: float = CONFIGURATION.edge_min,
    hasty: bool = False,
    expires_ns: int | None = None,
    around: Around = Around(),
) -> Assembled:
    """A runner over the scene, with its ledger and its venue in the home folder; `stack` closes them."""
    machine = around.machine
    warm(rules())  # compiling can take longer than a lease lasts
    ledger = open_ledger(NAME, OPENED, settings=settings, clock=machine, probe=probe)
    stack.callback(ledger.close)
    prices = ReplayPrices.from_quotes(history.quotes, history.events)
    venue = Logged(ledger_path(NAME).with_suffix(".venue.db"), prices, FillModel(rules().params, 7, 0, RATES))
    knobs = Knobs(runner=RunnerSettings(poll_ms=50, renew_every_ms=100 if hasty else around.renew_ms))
    if hasty:  # sends that end soon, so that a short lease outlives them
        venue.profile = replace(venue.profile, connect_timeout_ns=50_000_000, send_timeout_ns=50_000_000)
        knobs = replace(knobs, executor=ExecutionSettings(lease_margin_ms=50))
    venue.log, venue.foreign = around.log, around.foreign
    stack.callback(venue.close)
    money = Money(cash=1_000_000, capital=-1_000_000)
    plan = Plan(
        rules(edge_min), Value(), Replay(history.events, history.quotes), ("open", "snapshot"),
        (Entry(Kind.CAPITAL, "capital:1", 0, money=money),), closing=("pinnacle", "multiplicative"),
        expires_ns=expires_ns, winds_down=around.winds_down,
    )  # fmt: skip
    return assemble(plan, knobs, ledger, venue, machine=machine, probe=probe)


def traded(history: History, *, probe: Probe = no_probe, **words: Any) -> str:
    """Run the scene to the end, or until `probe` kills the process; returns why the runner ended."""
    with ExitStack() as stack:
        return opened(history, stack, probe=probe, **words).runner.run()


def entries() -> list[Recorded]:
    """All entries of the scene's ledger."""
    ledger = look(NAME)
    try:
        return list(ledger.entries())
    finally:
        ledger.close()


def essence(recorded: list[Recorded]) -> list[tuple[object, ...]]:
    """What two days must share, whatever happened to their processes: what, when, how much, for which reason."""
    kept = [one.entry for one in recorded if one.entry.kind not in OF_THE_PROCESS]
    kept = [entry for entry in kept if entry.kind is not Kind.RESUMED or entry.body.get("breaker") != "kill"]
    return sorted(
        (e.kind.value, e.key, e.at_ns, e.intent, e.bookmaker, e.money, str(sorted(e.body.items()))) for e in kept
    )
