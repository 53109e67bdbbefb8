"""The parts of a runner put together for one promotion."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from engine.errors import ConfigurationError, LedgerError
from engine.live.alarm import Alarm
from engine.live.alerts.sender import AlertSender, channels_of
from engine.live.alerts.settings import AlertSettings
from engine.live.clock import SystemClock
from engine.live.crash_points import Probe, no_probe
from engine.live.feed import Feed, Message
from engine.live.feeds.market import Watch
from engine.live.feeds.recorded import Recorded as Recording
from engine.live.feeds.recording import Recorder, not_synced
from engine.live.feeds.replay import Replay
from engine.live.judgement.rules import Rules
from engine.live.judgement.warm import warm
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.opening import ledger_path, open_ledger, start
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.assembly import Assembled, Knobs, Plan, assemble
from engine.live.running.herald import Herald
from engine.live.running.runner import Runner
from engine.live.running.status import Status
from engine.live.running.wellness import Wellness
from engine.live.venue import VenueFailure
from engine.live.venues.exchange import ExchangeFills
from engine.live.venues.fills import FillModel
from engine.live.venues.guard import PaperSettings
from engine.live.venues.locked import ASIDE, DryVenue, LockedVenue
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices, ReplayPrices
from engine.paths import home
from engine.promotion import check_feed
from research.adapters.breakers import own_breakers
from research.promotion.deployed import Deployed
from research.tapes.recorded import recordings_at
from research.trading.history import (
    PAPER,
    REPLAY,
    STORE,
    Recorded,
    Wish,
    check_tradable,
    deposits,
    history_of,
    opened_entry,
    rules_of,
    strategy_of,
)
from research.trading.settings import LiveSettings
from research.trading.unseen import Unseen


@dataclass(frozen=True)
class Trading:
    """A runner with all that belongs to it, to be closed at the end.

    Attributes
    ----------
    name : str
    parts : Assembled
    acknowledged : tuple of str
        Gates of the promotion that a person opened, each with the reason.
    stack : contextlib.ExitStack
        Closes venue, ledger and alerts.
    view_every_ms : int
        The view is drawn at most so often.
    unseen : Unseen or None
        Of a live feed: says where it brings nothing to bet on.
    """

    name: str
    parts: Assembled
    acknowledged: tuple[str, ...]
    stack: ExitStack
    view_every_ms: int = 250
    unseen: Unseen | None = None

    @property
    def runner(self) -> Runner:
        """The runner."""
        return self.parts.runner

    def status(self) -> Status:
        """What the runner does now."""
        return self.parts.status(self.name, acknowledged=self.acknowledged)

    def close(self) -> None:
        """Close everything, last opened first."""
        self.stack.close()


def recording_path(name: str) -> Path:
    """Folder of what a runner received."""
    return home() / "data" / "feed" / name


def feed_of(history: Recorded, wish: Wish) -> Feed:
    """The feed of a wish: the history message by message, or a recording.

    Raises
    ------
    DataError
        There is no recording in the folder.
    """
    if wish.feed in (REPLAY, STORE):
        return Replay(history.events, history.quotes, wish.feed, unquoted=wish.settles is not None)
    return Recording(Path(wish.feed), Path(wish.feed).name)


def venue_path(name: str) -> Path:
    """Database of the paper venue of a promotion."""
    return ledger_path(name).with_suffix(".venue.db")


def compose(
    deployed: Deployed,
    settings: LiveSettings,
    wish: Wish,
    *,
    feed: Feed | None = None,
    venue: LockedVenue | DryVenue | None = None,
    probe: Probe = no_probe,
    holder: str = "",
) -> Trading:
    """A runner over a feed, on the paper venue or a real one.

    Parameters
    ----------
    deployed : Deployed
        A promotion that was checked.
    settings : LiveSettings
    wish : Wish
    feed : Feed, optional
        Of an adapter; by default that of the wish.
    venue : LockedVenue or DryVenue, optional
        A real venue; by default the paper venue. Over one that only shows, the ledger is in memory and nothing is kept,
        unless bets are to be settled.
    probe : Probe
        Of a test.
    holder : str
        Of the lease; by default machine and process.

    Raises
    ------
    PromotionError
        The promotion may not be traded on a feed that is live.
    BeaError
        The configuration is not tradable, the store has no such data, the ledger belongs to somebody else.
    """
    check_tradable(deployed)
    name, machine, rules = deployed.promotion.name, SystemClock(), rules_of(deployed, settings.runner.window_s)
    history = history_of(deployed, wish)
    feed = feed_of(history, wish) if feed is None else feed
    if wish.settles is None:
        _check_feed(deployed, feed, is_real=venue is not None)
    rehearses = isinstance(venue, DryVenue) and wish.settles is None
    plan, prices = _plan(deployed, rules, settings, wish, history, feed), _prices(history, feed)
    unseen = _unseen(deployed, plan)
    plan = replace(plan, listeners=_listeners(name, feed, prices, unseen, keeps=not rehearses))
    knobs = Knobs(settings.executor, settings.runner, settings.breakers)
    with ExitStack() as stack:
        herald = _herald(settings.alerts, name, machine, stack)
        warm(rules)  # compiling can take longer than a lease lasts
        first = opened_entry(deployed.promotion, PAPER if venue is None else venue.profile.name)
        kept = partial(open_ledger, name, first, settings=settings.ledger, clock=machine, holder=holder, probe=probe)
        ledger = _in_memory(first, settings.ledger, machine) if rehearses else kept()
        stack.callback(ledger.close)
        if venue is None:
            paper = _paper(deployed, rules, settings.paper, prices, herald, trades=wish.settles is None)
            stack.callback(paper.close)
        else:
            plan = _at(venue, plan, ledger, herald, int(first.body["bankroll_minor"]))
        parts = assemble(plan, knobs, ledger, venue or paper, herald=herald, machine=machine, probe=probe)
        return Trading(name, parts, _words(deployed), stack.pop_all(), settings.runner.view_every_ms, unseen)


def _check_feed(deployed: Deployed, feed: Feed, *, is_real: bool) -> None:
    """Refuse a feed that the promotion may not be traded on. Orders for the starting price need recordings."""
    check_feed(deployed.promotion, is_live=feed.is_live)
    if (feed.is_live or is_real) and deployed.spec.starting_price:
        raise ConfigurationError(
            "orders for the starting price are filled on a replay only", where=deployed.promotion.name,
            expected="execution.starting_price=false", found="a feed or a venue that is live",
        )  # fmt: skip


def _words(deployed: Deployed) -> tuple[str, ...]:
    return tuple(f"{gate}: {reason}" for gate, reason in deployed.promotion.acknowledged.items())


def _herald(settings: AlertSettings, name: str, machine: SystemClock, stack: ExitStack) -> Herald:
    sender = AlertSender(settings, machine, channels_of(settings, os.environ), name)
    stack.callback(sender.close)
    return Herald(sender, Wellness(settings.all_well_hour, machine))


def _in_memory(first: Entry, settings: LedgerSettings, machine: SystemClock) -> ChainedLedger:
    """A ledger that ends with the process."""
    return start(ChainedLedger(MemoryStore(MemoryDisk()), machine, settings), first)


def _listeners(
    name: str, feed: Feed, prices: ObservedPrices | ReplayPrices, unseen: Unseen | None, *, keeps: bool
) -> tuple[Callable[[Message], None], ...]:
    """Who hears every message of the feed: what keeps them, and the prices that are seen as they come."""
    kept = Recorder(recording_path(name), os.fsync if feed.is_live else not_synced) if keeps else None
    seen = prices.see if isinstance(prices, ObservedPrices) else None
    heard = None if unseen is None else unseen.hear
    return tuple(one for one in (kept, seen, heard) if one is not None)


def _unseen(deployed: Deployed, plan: Plan) -> Unseen | None:
    """Listens to a live feed that may bring nothing to bet on."""
    if not plan.feed.is_live:
        return None
    return Unseen(deployed.promotion.name, plan.feed.name, Watch(deployed.inputs.required, plan.kinds), _warn)


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _paper(
    deployed: Deployed,
    rules: Rules,
    settings: PaperSettings,
    prices: ObservedPrices | ReplayPrices,
    herald: Herald,
    *,
    trades: bool,
) -> PaperVenue:
    """The paper venue. On a replay recorded books fill its orders, where settings or promotion name any."""
    is_live = isinstance(prices, ObservedPrices)
    if is_live and settings.recordings:
        raise ConfigurationError(
            "recordings fill orders of a replay only", where="paper.recordings", expected="none",
            found="a feed that is live",
        )  # fmt: skip
    model = FillModel(
        rules.params, rules.seed, deployed.inputs.delay_ns, rules.terms,
        size_on_arrival=settings.size_on_arrival and is_live,
    )  # fmt: skip
    paths = () if is_live or not trades else settings.recordings or deployed.spec.recordings
    recordings = recordings_at(paths, deployed.spec.starting_price)
    paper = PaperVenue(
        venue_path(deployed.promotion.name), prices, model, guard=settings, zone=rules.zone,
        on_finding=lambda text: herald.tell(Alarm("implausible", text)),
    )  # fmt: skip
    if recordings is not None:
        paper.fills = ExchangeFills(model, prices, recordings, list(paper.account.bets.values()))
    return paper


def _at(venue: LockedVenue | DryVenue, plan: Plan, ledger: ChainedLedger, herald: Herald, bankroll_minor: int) -> Plan:
    """A plan at a real venue; the first start says what of the account is set aside."""
    if isinstance(venue, LockedVenue):
        venue.tell = herald.tell
    if ledger.state().number > 1:
        return plan
    return replace(plan, facts={**plan.facts, ASIDE: _aside(venue, bankroll_minor)})


def _aside(venue: LockedVenue | DryVenue, bankroll_minor: int) -> int:
    """What the account holds beyond the bankroll, whole minor units."""
    name = venue.profile.name
    try:
        free_minor = venue.balance_minor()
    except VenueFailure as failure:
        raise LedgerError("the account cannot be read", where=name, found=failure.cause, todo="start again") from None
    if free_minor < bankroll_minor:
        raise LedgerError(
            "the account holds less than the bankroll", where=name, expected=f"{bankroll_minor} minor units",
            found=str(free_minor), todo="pay money in, or promote with a smaller bankroll_minor",
        )  # fmt: skip
    return free_minor - bankroll_minor


def _prices(history: Recorded, feed: Feed) -> ObservedPrices | ReplayPrices:
    """At what the paper venue fills: of a live feed the quotes that were heard, for nobody knows later ones."""
    return ObservedPrices() if feed.is_live else ReplayPrices.from_quotes(history.prices, history.events)


def _plan(deployed: Deployed, rules: Rules, settings: LiveSettings, wish: Wish, history: Recorded, feed: Feed) -> Plan:
    spec, settles = deployed.spec, wish.settles is not None
    return Plan(
        rules=rules,
        strategy=strategy_of(deployed),
        feed=feed,
        kinds=spec.instants,
        deposits=() if settles else tuple(deposits(deployed, rules)),
        mode=deployed.promotion.mode,
        bands=deployed.promotion.bands,
        closing=(spec.clv_bookmaker, spec.clv_method),
        features=deployed.inputs.features,
        results=history.results,
        speed=wish.speed,
        facts={**wish.plain(), "settings": settings.plain()},
        expires_ns=deployed.promotion.expires_ns,
        breakers=() if settles else own_breakers(settings.breakers.own),
        winds_down=settles,
    )
