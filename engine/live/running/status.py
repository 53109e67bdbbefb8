"""What a runner is doing, as plain values: a fold over the entries of its ledger, so that it can be told without it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.live.alerts.sender import AlertCounts
from engine.live.bets.states import ENDED, BetState
from engine.live.ledger.entries import ACCOUNTS, Kind, Recorded
from engine.live.running.winding import WIND_DOWN

#: decisions that the view shows, newest last
DECISIONS: Final = 8
#: days of the curve of equity
DAYS: Final = 60

_STATES: Final = frozenset(BetState)
#: shown for a bet that a person took over: the venue settles it, and its money comes as a difference
ADOPTED: Final = "adopted"
#: kinds of entry that do not happen in the market
_OUTSIDE: Final = frozenset({Kind.OPENED, Kind.CAPITAL})


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
    acknowledged: tuple[str, ...] = ()


@dataclass
class _Bet:
    body: Mapping[str, Any]  # of its intent
    since_ns: int
    state: str = ""
    reserved_minor: int = 0
    stake_minor: int = 0

    @property
    def is_over(self) -> bool:
        if self.state == ADOPTED:
            return not self.body.get("at_risk_minor")
        return self.state in ENDED and not self.reserved_minor and not self.stake_minor


class StatusFold:
    """Folds entries into a `Status`; an observer of the runner's journal, and of a ledger that is only read."""

    def __init__(self) -> None:
        self._balance = dict.fromkeys(ACCOUNTS, 0)
        self._bets: dict[str, _Bet] = {}
        self._reasons: Counter[str] = Counter()
        self._decisions: deque[DecisionLine] = deque(maxlen=DECISIONS)
        self._days: deque[int] = deque(maxlen=DAYS)
        self._trips: dict[str, BreakerLine] = {}
        self._opened: Mapping[str, Any] = {}
        self._started: Mapping[str, Any] = {}
        self._latency = Latency()
        self._alerts: AlertCounts | None = None
        self._running, self._killed = False, False
        self._since_ns = self._epoch = self._entries = self._at_ns = 0

    def apply(self, recorded: Recorded) -> None:
        """Take in the next entry."""
        entry = recorded.entry
        self._entries, self._epoch = recorded.number, recorded.epoch
        if entry.kind not in _OUTSIDE:
            self._at_ns = max(self._at_ns, entry.at_ns)
        for account in ACCOUNTS:
            self._balance[account] += getattr(entry.money, account)
        if entry.intent:
            self._apply_bet(recorded)
        elif entry.kind is Kind.DECIDED:
            self._apply_decisions(entry.body, entry.at_ns)
        elif entry.kind is Kind.ROLLED:
            self._days.append(self.equity_minor)
        elif entry.kind is Kind.OPENED:
            self._opened = entry.body
        elif entry.kind in (Kind.STARTED, Kind.STOPPED):
            self._apply_runner(recorded)
        elif entry.kind in (Kind.TRIPPED, Kind.RESUMED, Kind.KILLED):
            self._apply_breaker(entry.kind, entry.body)

    @property
    def equity_minor(self) -> int:
        """Free, reserved and open money together, open bets at cost."""
        return self._balance["cash"] + self._balance["reserved"] + self._balance["stakes"]

    def status(self, name: str, **more: Any) -> Status:
        """The status so far.

        Parameters
        ----------
        name : str
            Of the promotion and its ledger.
        more
            Further fields of `Status`, which win: what only a living runner knows.
        """
        lines = tuple(self._line(key, bet) for key, bet in self._bets.items() if not bet.is_over)
        unknown = [line for line in lines if line.state == BetState.UNKNOWN]
        oldest_ns = min((line.since_ns for line in unknown), default=self._at_ns)
        values: dict[str, Any] = {
            "mode": str(self._opened.get("mode", "")),
            "currency": str(self._opened.get("currency", "")),
            "promotion": str(self._opened.get("promotion", "")),
            "runner": "running" if self._running else "stopped",
            "since_ns": self._since_ns,
            "epoch": self._epoch,
            "entries": self._entries,
            "at_ns": self._at_ns,
            "feed": str(self._started.get("feed", "")),
            "bankroll_minor": -self._balance["capital"],
            "equity_minor": self.equity_minor,
            "cash_minor": self._balance["cash"],
            "reserved_minor": self._balance["reserved"],
            "open_minor": self._balance["stakes"],
            "unknown_minor": sum(line.reserved_minor for line in unknown),
            "unknown_age_ns": self._at_ns - oldest_ns,
            "pnl_minor": -self._balance["pnl"],
            "commission_minor": self._balance["commission"],
            "tax_minor": self._balance["tax"],
            "killed": self._killed,
            "winds_down": bool(self._started.get(WIND_DOWN)),
            "equity_days_minor": (*self._days, self.equity_minor),
            "bets": dict(sorted(Counter(bet.state for bet in self._bets.values()).items())),
            "open_bets": lines,
            "reasons": dict(self._reasons.most_common()),
            "decisions": tuple(self._decisions),
            "breakers": tuple(self._trips.values()),
            "latency": self._latency,
            "alerts": self._alerts,
        }
        return Status(name=name, **(values | more))

    def _apply_bet(self, recorded: Recorded) -> None:
        entry = recorded.entry
        bet = self._bets.setdefault(entry.intent, _Bet(entry.body, entry.at_ns))
        bet.reserved_minor += entry.money.reserved
        bet.stake_minor += entry.money.stakes
        if entry.kind is Kind.EXTERNAL:
            bet.state, bet.body = ADOPTED, entry.body
        elif entry.kind.value in _STATES:
            bet.state = entry.kind.value

    def _apply_decisions(self, body: Mapping[str, Any], at_ns: int) -> None:
        for one in body.get("decisions", ()):
            self._reasons[str(one["reason"])] += 1
            self._decisions.append(
                DecisionLine(
                    at_ns=at_ns,
                    event_id=int(one["event_id"]),
                    market=str(one["market"]),
                    selection=str(one["selection"]),
                    bookmaker=str(one["bookmaker"]),
                    odds=float(one["odds"]),
                    reason=str(one["reason"]),
                    stake_minor=float(one.get("stake_minor") or 0),
                )
            )

    def _apply_runner(self, recorded: Recorded) -> None:
        self._running = recorded.entry.kind is Kind.STARTED
        self._since_ns = recorded.wall_ns
        if self._running:
            self._started = recorded.entry.body
            return
        body = recorded.entry.body
        self._latency = Latency(**body["latency"]) if "latency" in body else self._latency
        self._alerts = AlertCounts(**body["alerts"]) if "alerts" in body else None

    def _apply_breaker(self, kind: Kind, body: Mapping[str, Any]) -> None:
        name = str(body.get("breaker", "kill"))
        if kind is Kind.KILLED:
            self._killed = True
        elif kind is Kind.RESUMED:
            self._trips.pop(name, None)
            self._killed = self._killed and name not in ("kill", "")
        else:
            self._trips[name] = BreakerLine(
                name=name,
                tripped=True,
                measured=body.get("measured"),
                limit=body.get("limit"),
                until_ns=body.get("until_ns"),
                human=bool(body.get("human")),
                cause=str(body.get("cause", "")),
            )

    @staticmethod
    def _line(key: str, bet: _Bet) -> BetLine:
        body = bet.body
        return BetLine(
            key=key,
            state=bet.state,
            event_id=int(body.get("event_id") or 0),
            market=str(body.get("market", "")),
            selection=str(body.get("selection", "")),
            bookmaker=str(body.get("bookmaker", "")),
            side=str(body.get("side", "")),
            odds=float(body.get("odds") or 0.0),
            reserved_minor=bet.reserved_minor,
            stake_minor=bet.stake_minor,
            since_ns=bet.since_ns,
        )
