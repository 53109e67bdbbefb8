"""What a runner is doing, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.live.alerts.sender import AlertCounts
from engine.live.feed import Quota

#: decisions that the view shows, newest last
DECISIONS: Final = 8
#: days of the curve of equity
DAYS: Final = 60

#: a line of breakers with this prefix is a channel of alerts: it stops nothing
CHANNEL: Final = "alerts/"
#: shown for a bet that a person took over: the venue settles it, and its money comes as a difference
ADOPTED: Final = "adopted"


@dataclass(frozen=True)
class BetLine:
    """One bet that is not over. Money in minor units.

    Attributes
    ----------
    key, state : str
    event_id : int
    market, selection, bookmaker, side : str
    odds : float
    reserved_minor, stake_minor : int
        Reserved, and matched at cost.
    since_ns : int
        Of its first entry, on the clock of the world.
    """

    key: str
    state: str
    event_id: int
    market: str
    selection: str
    bookmaker: str
    side: str
    odds: float
    reserved_minor: int
    stake_minor: int
    since_ns: int


@dataclass(frozen=True)
class DecisionLine:
    """One decision with its reason.

    Attributes
    ----------
    at_ns, event_id : int
    market, selection, bookmaker : str
    odds : float
    reason : str
        ``placed``, or why no bet was made.
    stake_minor : float
    """

    at_ns: int
    event_id: int
    market: str
    selection: str
    bookmaker: str
    odds: float
    reason: str
    stake_minor: float


@dataclass(frozen=True)
class BreakerLine:
    """One breaker.

    Attributes
    ----------
    name : str
    tripped : bool
    measured, limit : float or None
        How far it is from tripping; None where it does not measure a number.
    until_ns : int or None
        When a trip ends by its rule.
    human : bool
        Whether only a person can end it.
    cause : str
    state : str
        As `engine.live.breakers.Distance.state`; empty where only the ledger tells.
    measure : str
        What is measured, where a breaker has several measures.
    """

    name: str
    tripped: bool
    measured: float | None = None
    limit: float | None = None
    until_ns: int | None = None
    human: bool = False
    cause: str = ""
    state: str = ""
    measure: str = ""


@dataclass(frozen=True)
class BandLine:
    """A measure beside the band that the promotion allows.

    Attributes
    ----------
    measure : str
    value, lower, upper : float or None
    position : str
        inside, outside, or too early to tell.
    """

    measure: str
    value: float | None
    lower: float | None
    upper: float | None
    position: str


@dataclass(frozen=True)
class Latency:
    """From the quote to the committed intent, on the monotonic clock, without the feed.

    Attributes
    ----------
    n : int
        Intents measured.
    p50_ms, p99_ms : float or None
    fsync_frac : float or None
        Share of the time that the commit takes.
    """

    n: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    fsync_frac: float | None = None


@dataclass(frozen=True)
class Status:
    """Everything that `bea status` and the view show. Money in minor units, time in UTC nanoseconds.

    Attributes
    ----------
    name, mode, currency, promotion : str
    runner : str
        running, stopped, or dead (it ended without a word, or does not renew its lease).
    since_ns : int
        Since when it is so, by the machine's clock.
    epoch, entries : int
    at_ns : int
        Where the market is: of the last entry.
    feed : str
    bankroll_minor, equity_minor, cash_minor, reserved_minor, open_minor : int
        Deposited; free, reserved and open together; each of them.
    unknown_minor, unknown_age_ns : int
        Reserved by bets whose fate is unknown, and the age of the oldest on the clock of the world.
    pnl_minor, commission_minor, tax_minor : int
        Won less lost before both, and both.
    killed : bool
    winds_down : bool
        Whether the last start was one that only settles.
    equity_days_minor : tuple of int
        Equity at each roll of the day, the last `DAYS` of them, and now.
    bets : mapping of str to int
        Number of bets by state.
    open_bets : tuple of BetLine
    reasons : mapping of str to int
        Decisions by reason.
    decisions : tuple of DecisionLine
    breakers : tuple of BreakerLine
    bands : tuple of BandLine
    latency : Latency
    alerts : AlertCounts or None
        None: there is no channel, or no run has ended yet.
    passed_over : mapping of str to int
        What the feed brought and could not use, by reason: of this run, or of the last one that ended.
    quota : Quota or None
        Credits of the feed; None: it counts none, or no runner lives.
    acknowledged : tuple of str
        Gates that the promotion failed and a person acknowledged, each with its reason.
    """

    name: str = ""
    mode: str = ""
    currency: str = ""
    promotion: str = ""
    runner: str = "stopped"
    since_ns: int = 0
    epoch: int = 0
    entries: int = 0
    at_ns: int = 0
    feed: str = ""
    bankroll_minor: int = 0
    equity_minor: int = 0
    cash_minor: int = 0
    reserved_minor: int = 0
    open_minor: int = 0
    unknown_minor: int = 0
    unknown_age_ns: int = 0
    pnl_minor: int = 0
    commission_minor: int = 0
    tax_minor: int = 0
    killed: bool = False
    winds_down: bool = False
    equity_days_minor: tuple[int, ...] = ()
    bets: Mapping[str, int] = field(default_factory=dict)
    open_bets: tuple[BetLine, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    decisions: tuple[DecisionLine, ...] = ()
    breakers: tuple[BreakerLine, ...] = ()
    bands: tuple[BandLine, ...] = ()
    latency: Latency = Latency()
    alerts: AlertCounts | None = None
    passed_over: Mapping[str, int] = field(default_factory=dict)
    quota: Quota | None = None
    acknowledged: tuple[str, ...] = ()
