"""The parts of a runner put together, below any promotion file: a plan, a ledger and a venue give one runner."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from engine.clock import DAY_NS
from engine.errors import LedgerError, printable
from engine.live.alerts.sender import AlertSender
from engine.live.alerts.settings import AlertSettings
from engine.live.bets.journal import Journal
from engine.live.breakers.closing import ClosingLines
from engine.live.breakers.collection import Breakers
from engine.live.breakers.contract import Breaker, RiskState
from engine.live.breakers.for_executor import VenueGuards
from engine.live.breakers.settings import BreakerSettings
from engine.live.clock import Clock, SystemClock, WorldClock
from engine.live.crash_points import Probe, no_probe
from engine.live.execution.executor import Executor
from engine.live.execution.resolver import VenueResolver
from engine.live.execution.settings import ExecutionSettings
from engine.live.feed import Feed, Message, Quota
from engine.live.feeds.market import Market, Watch
from engine.live.judgement.account import Account
from engine.live.judgement.judge import Judge
from engine.live.judgement.models import Learning
from engine.live.judgement.rules import Rules
from engine.live.judgement.settlement import Settler
from engine.live.judgement.warm import warm
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Recorded
from engine.live.running.day import Room
from engine.live.running.fold import StatusFold
from engine.live.running.herald import Herald
from engine.live.running.latency import LatencyMeter
from engine.live.running.progress import Progress
from engine.live.running.pulse import pulse_text
from engine.live.running.runner import Beginning, Runner, RunnerSettings, World
from engine.live.running.status import CHANNEL, BandLine, BreakerLine, Status
from engine.live.running.winding import WIND_DOWN, Idle, end_of, without_sends
from engine.live.venue import Venue
from engine.strategy import Feature, Strategy

#: a promotion that expires within a week is told
_EXPIRES_SOON_NS: Final = 7 * DAY_NS
#: reasons that a status names; of the others it has the sum
_REASONS: Final = 12


class PaperLike(Venue, Protocol):
    """A venue whose own account follows the ledger: a venue on paper."""

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry: deposits, settlements and commission."""
        ...


@dataclass(frozen=True)
class Knobs:
    """Settings of the parts."""

    executor: ExecutionSettings = field(default_factory=ExecutionSettings)
    runner: RunnerSettings = field(default_factory=RunnerSettings)
    breakers: BreakerSettings = field(default_factory=BreakerSettings)


@dataclass(frozen=True)
class Plan:
    """What is traded, and from which feed.

    Attributes
    ----------
    rules : Rules
    strategy : Strategy or Learning
    feed : Feed
    kinds : tuple of str
        Kinds of quote that the strategy may see.
    deposits : tuple of Entry
        Of a new ledger.
    mode : str
        ``paper`` or ``live``.
    bands : mapping
        Of the promotion; empty: none.
    closing : tuple of (str, str) or None
        Bookmaker and method of closing prices; None: no closing line value.
    features : sequence of Feature
        What the strategy requires beside prices.
    results : polars.DataFrame or None
        Events of the whole universe, also of before the feed: what features are made of.
    speed : float
        Of a replay; 0: as fast as it goes.
    facts : mapping
        For the STARTED entry.
    listeners : tuple of callable
        Called with every message of the feed.
    expires_ns : int or None
        When the promotion expires, by the machine's clock; None: never.
    breakers : tuple of Breaker
        Of the user.
    winds_down : bool
        Only what is open is settled: `strategy` is not asked, nothing is sent, and it ends when nothing is open.
    """

    rules: Rules
    strategy: Strategy | Learning
    feed: Feed
    kinds: tuple[str, ...]
    deposits: tuple[Entry, ...] = ()
    mode: str = "paper"
    bands: Mapping[str, Any] = field(default_factory=dict)
    closing: tuple[str, str] | None = None
    features: Sequence[Feature] = ()
    results: pl.DataFrame | None = None
    speed: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    listeners: tuple[Callable[[Message], None], ...] = ()
    expires_ns: int | None = None
    breakers: tuple[Breaker, ...] = ()
    winds_down: bool = False


@dataclass(frozen=True)
class Assembled:
    """A runner and the parts that tell what it does.

    Attributes
    ----------
    runner : Runner
    room : Room
    fold : StatusFold
    herald : Herald
    feed : Feed
    """

    runner: Runner
    room: Room
    fold: StatusFold
    herald: Herald
    feed: Feed

    def run(self) -> str:
        """As `Runner.run`; an error of the ledger is told to people before it ends the process."""
        self.runner.pulse = self._pulse
        try:
            return self.runner.run()
        except LedgerError as error:
            self.herald.ended(error)
            raise

    def _pulse(self) -> str:
        status, runner = self.status(""), self.runner
        self.herald.look(status, runner.heard_ns)
        return pulse_text(status, runner.machine.wall_ns(), runner.heard_ns, self.herald.raised())

    def status(self, name: str, **more: Any) -> Status:
        """What the runner does now, with what only a living one knows."""
        room = self.room
        lines = tuple(
            BreakerLine(
                name=one.breaker, tripped=one.state in ("open", "half_open"), measured=_number(one.measured),
                limit=_number(one.limit), human=one.human, cause=one.cause, state=one.state, measure=one.measure,
            )
            for one in room.breakers.distances()
        )  # fmt: skip
        lines += tuple(
            BreakerLine(f"{CHANNEL}{one.name}", one.dead, one.failed, cause="does not take alerts" if one.dead else "")
            for one in self.herald.channels()
        )
        bands = tuple(
            BandLine(one.measure, _number(one.value), _number(one.lower), _number(one.upper), str(one.position))
            for one in room.breakers.standings()
        )
        now = {
            "latency": room.meter.latency(), "alerts": self.herald.counts(), "passed_over": _passed_over(self.feed),
            "quota": _quota(self.feed),
        }  # fmt: skip
        return self.fold.status(name, breakers=lines, bands=bands, **now, **more)


def assemble(
    plan: Plan,
    knobs: Knobs,
    ledger: ChainedLedger,
    venue: PaperLike,
    *,
    herald: Herald | None = None,
    machine: Clock | None = None,
    probe: Probe = no_probe,
) -> Assembled:
    """Put a runner together. Observers are told in this order: latency, account, progress, breakers, venue, status.

    Parameters
    ----------
    plan : Plan
    knobs : Knobs
    ledger : ChainedLedger
        Open, with its lease.
    venue : PaperLike
    herald : Herald, optional
        None: nobody is told.
    machine : Clock, optional
        Of the machine.
    probe : Probe
        Of a test; everyday use has none.
    """
    machine = machine or SystemClock()
    plan, knobs = _as_it_ends(plan, knobs) if plan.winds_down else (plan, knobs)
    warm(plan.rules)
    clock = machine if plan.feed.is_live else WorldClock()
    breakers, market = _breakers(plan, knobs.breakers, clock), _market(plan)
    account, fold = Account(plan.rules), StatusFold()
    meter, progress = LatencyMeter(machine, lambda: ledger.last_commit_ns), Progress()
    herald = herald or Herald(AlertSender(AlertSettings(), machine, {}))
    herald.warnings = lambda: _warnings(breakers, machine.wall_ns(), plan.expires_ns)
    herald.warned = lambda at_ns: _warned(breakers, account, at_ns, plan.expires_ns)
    heard = (breakers.observe, herald.observe, *plan.listeners)
    journal = Journal(ledger)
    for observer in (meter, account, progress, breakers, venue, fold, herald):
        journal.observe(observer)
    executor = Executor(
        journal, venue, clock, knobs.executor, guards=VenueGuards(breakers, venue.profile.name, plan.feed.name),
        tell=herald.tell, probe=probe,
    )  # fmt: skip
    executor.generator = np.random.Generator(np.random.Philox(plan.rules.seed))
    room = Room(
        journal=journal, account=account, progress=progress, breakers=breakers,
        judge=Judge(plan.rules, account, market), settler=Settler(plan.rules, account), executor=executor,
        strategy=_strategy(plan, journal), meter=meter,
    )  # fmt: skip
    world = World(plan.feed, market, clock, machine, plan.speed, heard)
    resolver = VenueResolver(
        executor, restored=bool(ledger.restored()), audits=plan.feed.is_live, competition_of=market.competition_of
    )
    beginning = Beginning(plan.deposits, plan.facts, herald.begin)
    runner = Runner(world, room, resolver, knobs.runner, beginning, probe)
    runner.is_over = end_of(journal.book) if plan.winds_down else lambda: _expired(machine, plan.expires_ns)
    runner.last_facts = lambda: _last_facts(herald, plan.feed)
    return Assembled(runner, room, fold, herald, plan.feed)


def _breakers(plan: Plan, settings: BreakerSettings, clock: Clock) -> Breakers:
    closing = None if plan.closing is None else ClosingLines(*plan.closing)
    return Breakers(
        settings, clock, mode=plan.mode, live_feed=plan.feed.is_live, bands=plan.bands or None, closing=closing,
        own=plan.breakers,
    )  # fmt: skip


def _market(plan: Plan) -> Market:
    watch = Watch(plan.strategy.requires(), plan.kinds)
    market = Market(watch, plan.rules.decide_at, plan.rules.zone, plan.features)
    if plan.results is not None:
        market.load(plan.results)
    return market


def _expired(machine: Clock, expires_ns: int | None) -> str:
    return "" if expires_ns is None or machine.wall_ns() < expires_ns else "the promotion has expired"


def _as_it_ends(plan: Plan, knobs: Knobs) -> tuple[Plan, Knobs]:
    """What only settles: nothing decides, deposits or sends."""
    facts = {**plan.facts, WIND_DOWN: True}
    plan = replace(plan, strategy=Idle(), features=(), results=None, deposits=(), facts=facts)
    return plan, replace(knobs, executor=without_sends(knobs.executor))


def _strategy(plan: Plan, journal: Journal) -> Strategy:
    """What decides; a model follows the journal, in which it keeps its hashes."""
    if not isinstance(plan.strategy, Learning):
        return plan.strategy
    model = plan.strategy.model(lambda entry: journal.write([entry]))
    journal.observe(model)
    return model


def _warnings(breakers: Breakers, now_ns: int, expires_ns: int | None) -> dict[str, str]:
    """The warnings that hold now, each with its facts, by the names of their alerts."""
    names = breakers.warnings()
    found = {
        f"{one.breaker}_warning": f"measured {one.measured:g}, bets stop at {one.limit:g}"
        for one in (breakers.distances() if names else ())  # asked at each instant, and hardly ever needed
        if one.breaker in names
    }
    if expires_ns is not None and 0 < (left_ns := expires_ns - now_ns) < _EXPIRES_SOON_NS:
        found["promotion_expires"] = f"in {left_ns / DAY_NS:.1f} days"
    return found


def _warned(breakers: Breakers, account: Account, wall_ns: int, expires_ns: int | None) -> frozenset[str]:
    """Names of the warnings that hold at a stop, with what its last instant brought."""
    breakers.look(RiskState.of(account.closed_cells(), account.rules.params))
    return frozenset(_warnings(breakers, wall_ns, expires_ns))


def _last_facts(herald: Herald, feed: Feed) -> dict[str, Any]:
    """What a run that ends leaves in the ledger, beside its reason and latency."""
    counts, passed_over = herald.counts(), _passed_over(feed)
    found: dict[str, Any] = {} if counts is None else {"alerts": asdict(counts)}
    return found | ({"passed_over": passed_over} if passed_over else {})


def _passed_over(feed: Feed) -> dict[str, int]:
    """What a feed could not use, the most frequent reason first; empty where the feed does not count."""
    counts, stated = Counter[str](), getattr(feed, "passed_over", None)
    for reason, number in stated.items() if isinstance(stated, Mapping) else ():
        counts[printable(reason, 100)] += number
    found = {reason: number for reason, number in counts.most_common(_REASONS) if number}
    rest = counts.total() - sum(found.values())
    return found | ({"of other kinds": rest} if rest else {})


def _quota(feed: Feed) -> Quota | None:
    """The credits of a feed; None where it counts none."""
    stated = getattr(feed, "quota", None)
    return stated if isinstance(stated, Quota) else None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
