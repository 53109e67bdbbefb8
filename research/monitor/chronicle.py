"""What the page tells of a ledger beside its status: a fold over entries that keeps a bounded past."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import sqrt
from typing import Any, Final, NamedTuple

from engine.clock import day_of, day_start
from engine.live.alerts.rules import alerts_of
from engine.live.alerts.table import raised
from engine.live.alerts.tally import Tally
from engine.live.bets.states import ENDED
from engine.live.ledger.entries import Kind, Recorded
from engine.promotion.bands import as_back

#: days, alerts and settled bets that are kept, newest last
DAYS: Final = 60
ALERTS: Final = 200
SETTLED: Final = 50
#: settled bets that may still get a closing price
UNCLOSED: Final = 10_000
#: most points of the curve of equity; when there are more, every second one goes
POINTS: Final = 512
#: subjects of rows of control begin with these
SIGN_OFF: Final = "sign-off/"
ALERT: Final = "alert/"
#: two-sided 90% of the normal distribution
_Z: Final = 1.645
_ENDED: Final = frozenset(state.value for state in ENDED)


@dataclass
class DaySums:
    """One day of decisions, in the zone of the promotion.

    Attributes
    ----------
    decisions : int
    reasons : Counter
        Decisions by reason.
    first, last : int
        Numbers of its first and last entry of decisions.
    """

    decisions: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class AlertLine:
    """An alert that an entry of the ledger raised.

    Attributes
    ----------
    key : str
        To acknowledge it by.
    name, severity, text, facts : str
    wall_ns, at_ns : int
        When it was written, by the machine's clock, and when it happened, on the clock of the world.
    person, reason : str
        Who acknowledged it, and with which words; empty: nobody.
    """

    key: str
    name: str
    severity: str
    text: str
    facts: str
    wall_ns: int
    at_ns: int
    person: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SettledLine:
    """A settled bet. Money in minor units.

    Attributes
    ----------
    key, state : str
    event_id : int
    market, selection, bookmaker, side : str
    odds : float
    pnl_minor : int
        After tax, before commission.
    at_ns : int
    """

    key: str
    state: str
    event_id: int
    market: str
    selection: str
    bookmaker: str
    side: str
    odds: float
    pnl_minor: int
    at_ns: int


@dataclass(frozen=True)
class SignOff:
    """A day that somebody reviewed.

    Attributes
    ----------
    person, reason : str
    wall_ns : int
    last : int
        Last entry of decisions of the day when it was signed; later ones were not seen.
    """

    person: str
    reason: str
    wall_ns: int
    last: int


@dataclass(frozen=True)
class Interval:
    """A mean with its 90% interval, by the normal approximation.

    Attributes
    ----------
    n : int
    mean, low, high : float or None
        None: fewer than two values, for `low` and `high`.
    """

    n: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None


class Point(NamedTuple):
    """A point of the curve of equity.

    Attributes
    ----------
    at_ns, minor : int
        Instant, and equity in minor units.
    fall : float
        Drawdown as a fraction of the peak.
    day : int
        Of the promotion: its first day with a decision is 1.
    """

    at_ns: int
    minor: int
    fall: float
    day: int


@dataclass
class _Bet:
    facts: Mapping[str, Any]
    odds: float = 0.0


class Chronicle:
    """An observer of a ledger.

    Attributes
    ----------
    zone : str
        In which days roll.
    days : ordered mapping of date to DaySums
    alerts : ordered mapping of str to AlertLine
    tally : Tally
        Of all alerts of the ledger.
    settled : deque of SettledLine
    signed : mapping of date to SignOff
    equity : list of Point
    """

    def __init__(self) -> None:
        self.zone = "UTC"
        self.days: OrderedDict[date, DaySums] = OrderedDict()
        self.alerts: OrderedDict[str, AlertLine] = OrderedDict()
        self.tally = Tally()
        self.settled: deque[SettledLine] = deque(maxlen=SETTLED)
        self.signed: dict[date, SignOff] = {}
        self.equity: list[Point] = []
        self._bets: dict[str, _Bet] = {}
        self._unclosed: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._equity_minor = self._peak_minor = 0
        self._clv = [0, 0.0, 0.0]
        self._promoted, self._decides = 0, False
        self._day, self._begins_ns, self._day_ends_ns = date.min, 0, -1

    def apply(self, recorded: Recorded) -> None:
        """Take in the next entry."""
        entry = recorded.entry
        money = entry.money
        self._equity_minor += money.cash + money.reserved + money.stakes
        for alert in alerts_of(recorded):
            self._alert(recorded, alert.alert.name, alert.facts)
        if entry.kind is Kind.DECIDED:
            self._decided(recorded)
        elif entry.intent:
            self._bet(recorded)
        elif entry.kind is Kind.OPENED:
            self.zone = str(entry.body.get("zone", "UTC"))
        elif entry.kind is Kind.CLOSED:
            self._closed(entry.body["close_probs"])
        elif entry.kind is Kind.ACKNOWLEDGED:
            self._acknowledged(recorded)
        elif entry.kind is Kind.ROLLED:
            self._decides = False
        if money.capital or money.pnl or money.commission or money.tax or money.adjustment:
            self._point(entry.at_ns)

    @property
    def clv(self) -> Interval:
        """Mean closing line value of the bets that have one."""
        n, total, squares = int(self._clv[0]), self._clv[1], self._clv[2]
        if not n:
            return Interval()
        mean = total / n
        if n < 2:
            return Interval(n, mean)
        half = _Z * sqrt(max(0.0, squares - n * mean * mean) / (n - 1) / n)
        return Interval(n, mean, mean - half, mean + half)

    def _decided(self, recorded: Recorded) -> None:
        day = self._day_at(recorded.entry.at_ns)
        sums = self.days.setdefault(day, DaySums(first=recorded.number))
        sums.last = recorded.number
        found = recorded.entry.body.get("decisions", ())
        for one in found:
            sums.decisions += 1
            sums.reasons[str(one["reason"])] += 1
        if found and not self._decides:
            self._promoted, self._decides = self._promoted + 1, True
        while len(self.days) > DAYS:
            gone, _ = self.days.popitem(last=False)
            self.signed.pop(gone, None)

    def _day_at(self, at_ns: int) -> date:
        if not self._begins_ns <= at_ns < self._day_ends_ns:
            self._day = day_of(at_ns, self.zone)
            self._begins_ns = day_start(self._day, self.zone)
            self._day_ends_ns = self._begins_ns + 82_800_000_000_000  # no day is shorter than 23 hours
        return self._day

    def _bet(self, recorded: Recorded) -> None:
        entry, body = recorded.entry, recorded.entry.body
        if entry.kind is Kind.INTENDED:
            self._bets[entry.intent] = _Bet({name: body.get(name) for name in _FACTS})
            return
        if entry.kind is Kind.UNKNOWN:
            self._alert(recorded, "bet_unknown", f"bet {entry.intent}: {body.get('cause', '')}")
        bet = self._bets.get(entry.intent)
        if bet is None:
            return
        if entry.kind in (Kind.PLACED, Kind.PARTIAL, Kind.LAPSED) and body.get("matched_minor"):
            bet.odds = float(body["odds"])
        if entry.kind in (Kind.SETTLED, Kind.VOID):
            self._settled(recorded, bet)
        if entry.kind.value in _ENDED:
            del self._bets[entry.intent]

    def _settled(self, recorded: Recorded, bet: _Bet) -> None:
        entry, facts = recorded.entry, bet.facts
        side, odds = str(facts["side"]), bet.odds or float(facts["odds"] or 0.0)
        if odds > 1.0:
            self._unclosed[entry.intent] = (side, odds)
        while len(self._unclosed) > UNCLOSED:
            self._unclosed.popitem(last=False)
        self.settled.append(
            SettledLine(
                key=entry.intent, state=str(entry.body.get("state", entry.kind.value)),
                event_id=int(facts["event_id"] or 0), market=str(facts["market"]), selection=str(facts["selection"]),
                bookmaker=str(facts["bookmaker"]), side=side, odds=odds,
                pnl_minor=-entry.money.pnl - entry.money.tax, at_ns=entry.at_ns,
            )
        )  # fmt: skip

    def _closed(self, probs: Mapping[str, float | None]) -> None:
        for key, prob in probs.items():
            side, odds = self._unclosed.pop(str(key), ("", 0.0))
            if not side and (bet := self._bets.get(str(key))) is not None:
                side, odds = str(bet.facts["side"]), bet.odds
            if prob is None or not odds > 1.0:
                continue
            value = as_back(side, odds) * (1.0 - prob if side == "lay" else prob) - 1.0
            self._clv = [self._clv[0] + 1, self._clv[1] + value, self._clv[2] + value * value]

    def _alert(self, recorded: Recorded, name: str, facts: str) -> None:
        alert = raised(name, "", facts)
        key = f"{name}:{recorded.number}"
        self.tally.add(name, recorded.wall_ns)
        self.alerts[key] = AlertLine(
            key, name, alert.alert.severity.value, alert.alert.text, alert.facts, recorded.wall_ns,
            recorded.entry.at_ns,
        )  # fmt: skip
        while len(self.alerts) > ALERTS:
            self.alerts.popitem(last=False)

    def _acknowledged(self, recorded: Recorded) -> None:
        body = recorded.entry.body
        self.acknowledge(
            str(body.get("subject", "")), str(body.get("person", "")), str(body.get("reason", "")), recorded.wall_ns
        )

    def acknowledge(self, subject: str, person: str, reason: str, wall_ns: int) -> None:
        """Take in what a person said of an alert or of a day."""
        if subject.startswith(ALERT):
            key = subject.removeprefix(ALERT)
            if (line := self.alerts.get(key)) is not None:
                self.alerts[key] = AlertLine(**{**vars(line), "person": person, "reason": reason})
        elif subject.startswith(SIGN_OFF):
            day, _, last = subject.removeprefix(SIGN_OFF).partition("/")
            try:
                self.signed[date.fromisoformat(day)] = SignOff(person, reason, wall_ns, int(last or 0))
            except ValueError:  # written by hand
                return

    def _point(self, at_ns: int) -> None:
        self._peak_minor = max(self._peak_minor, self._equity_minor)
        fall = 1.0 - self._equity_minor / self._peak_minor if self._peak_minor > 0 else 0.0
        if not at_ns:  # a deposit, before anything happened
            return
        at_ns = max(at_ns, self.equity[-1].at_ns if self.equity else 0)
        if self.equity and self.equity[-1].at_ns == at_ns:
            self.equity.pop()
        self.equity.append(Point(at_ns, self._equity_minor, fall, self._promoted))
        if len(self.equity) > POINTS:
            self.equity = [*self.equity[:-1:2], self.equity[-1]]


_FACTS: Final = ("event_id", "market", "selection", "bookmaker", "side", "odds")
