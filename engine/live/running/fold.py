"""A fold over the entries of a ledger to its `Status`, so that a runner can be told without it."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from sys import intern
from typing import Any, Final

from engine.live.alerts.sender import AlertCounts
from engine.live.bets.states import ENDED, BetState
from engine.live.ledger.entries import ACCOUNTS, Kind, Recorded
from engine.live.running.status import ADOPTED, DAYS, DECISIONS, BetLine, BreakerLine, DecisionLine, Latency, Status
from engine.live.running.winding import WIND_DOWN

#: bets that are over and may come back: a corrected settlement, or a bet that the venue shows after all. Of an older
#: one only its state counts
KEPT: Final = 10_000
_STATES: Final = frozenset(BetState)
_OVER: Final = ENDED | {BetState.LAPSED}
#: what a bet was that is kept no more, by the entry that changes it
_BEFORE: Final = {
    Kind.REVERSED: "settled", Kind.SETTLED: "settled", Kind.VOID: "settled",
    Kind.PLACED: "rejected", Kind.PARTIAL: "rejected",
}  # fmt: skip
#: kinds of entry that do not happen in the market
_OUTSIDE: Final = frozenset({Kind.OPENED, Kind.CAPITAL})


@dataclass(slots=True)
class _Bet:
    event_id: int
    market: str
    selection: str
    bookmaker: str
    side: str
    odds: float
    since_ns: int
    state: str = ""
    reserved_minor: int = 0
    stake_minor: int = 0
    at_risk: bool = False  # of one that a person took over

    @property
    def is_over(self) -> bool:
        if self.state == ADOPTED:
            return not self.at_risk
        return self.state in _OVER and not self.reserved_minor and not self.stake_minor


def _bet(body: Mapping[str, Any], since_ns: int, state: str = "") -> _Bet:
    market, selection, bookmaker, side = (
        intern(str(body.get(name, ""))) for name in ("market", "selection", "bookmaker", "side")
    )
    return _Bet(
        int(body.get("event_id") or 0),
        market,
        selection,
        bookmaker,
        side,
        float(body.get("odds") or 0.0),
        since_ns,
        state,
    )


class StatusFold:
    """Folds entries into a `Status`; an observer of the runner's journal, and of a ledger that is only read."""

    def __init__(self) -> None:
        self._balance = dict.fromkeys(ACCOUNTS, 0)
        self._bets: dict[str, _Bet] = {}  # that are not over
        self._over: OrderedDict[str, _Bet] = OrderedDict()  # the last `KEPT` others
        self._states: Counter[str] = Counter()  # of all bets
        self._reasons: Counter[str] = Counter()
        self._decisions: deque[DecisionLine] = deque(maxlen=DECISIONS)
        self._days: deque[int] = deque(maxlen=DAYS)
        self._trips: dict[str, BreakerLine] = {}
        self._opened: Mapping[str, Any] = {}
        self._started: Mapping[str, Any] = {}
        self._latency = Latency()
        self._alerts: AlertCounts | None = None
        self._passed_over: Mapping[str, int] = {}
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
        lines = tuple(_line(key, bet) for key, bet in self._bets.items())
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
            "bets": {state: n for state, n in sorted(self._states.items()) if n > 0},
            "open_bets": lines,
            "reasons": dict(self._reasons.most_common()),
            "decisions": tuple(self._decisions),
            "breakers": tuple(self._trips.values()),
            "latency": self._latency,
            "alerts": self._alerts,
            "passed_over": self._passed_over,
        }
        return Status(name=name, **(values | more))

    def _apply_bet(self, recorded: Recorded) -> None:
        entry, key = recorded.entry, recorded.entry.intent
        bet = (
            self._bets.get(key)
            or self._over.pop(key, None)
            or _bet(entry.body, entry.at_ns, _BEFORE.get(entry.kind, ""))
        )
        bet.reserved_minor += entry.money.reserved
        bet.stake_minor += entry.money.stakes
        before = bet.state
        if entry.kind is Kind.EXTERNAL:
            taken = _bet(entry.body, bet.since_ns)
            bet = replace(
                taken, state=ADOPTED, reserved_minor=bet.reserved_minor, stake_minor=bet.stake_minor,
                at_risk=bool(entry.body.get("at_risk_minor")),
            )  # fmt: skip
        elif entry.kind.value in _STATES:
            bet.state = entry.kind.value
        if before:
            self._states[before] -= 1
        self._states[bet.state] += 1
        self._keep(key, bet)

    def _keep(self, key: str, bet: _Bet) -> None:
        if not bet.is_over:
            self._bets[key] = bet
            return
        self._bets.pop(key, None)
        self._over[key] = bet
        if len(self._over) > KEPT:
            self._over.popitem(last=False)

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
        self._passed_over = body.get("passed_over", {})

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


def _line(key: str, bet: _Bet) -> BetLine:
    return BetLine(
        key=key, state=bet.state, event_id=bet.event_id, market=bet.market, selection=bet.selection,
        bookmaker=bet.bookmaker, side=bet.side, odds=bet.odds, reserved_minor=bet.reserved_minor,
        stake_minor=bet.stake_minor, since_ns=bet.since_ns,
    )  # fmt: skip
