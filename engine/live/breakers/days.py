"""The days of a ledger as the bands of a promotion count them, folded from its entries."""

from __future__ import annotations

from dataclasses import dataclass

from engine.live.ledger.entries import Kind, Recorded
from engine.promotion.bands import FIELDS, NOT_FILLED, Day, as_back, surprise


@dataclass
class _Bet:
    day: int
    side: str
    quoted: float
    edge_frac: float
    odds: float = 0.0
    counted: bool = False
    surprise: float = float("nan")


@dataclass
class _Sums:
    decisions: int = 0
    bets: int = 0
    attempts: int = 0
    stake_minor: int = 0
    pnl_minor: int = 0
    clv_sum: float = 0.0
    clv_n: int = 0
    start_minor: int = 0
    surprise_sum: float = 0.0
    surprise_n: int = 0

    @property
    def return_frac(self) -> float:
        return self.pnl_minor / self.start_minor if self.start_minor > 0 else 0.0


class DayFold:
    """An observer of the ledger that gives `engine.promotion.bands.Day` for each day that has ended.

    As the bands define it, a day counts if a decision was made on it, and what is settled on another day counts with
    the day before. A bet and its fill count with the day of the decision, its settlement with the day of the
    settlement. The closing line value of a bet is its odds, as a back bet of equal risk, times the fair closing
    probability of what it wins on, less 1. A settlement that is reversed takes its surprise back.
    """

    def __init__(self) -> None:
        self._days: list[_Sums] = [_Sums()]
        self._bets: dict[str, _Bet] = {}
        self._unclosed: dict[str, int] = {}
        self._equity_minor = 0
        self.ended = 0

    def days(self) -> list[Day]:
        """Days that have ended, in order."""
        found: list[Day] = []
        for sums in self._days[: self.ended]:
            if sums.decisions:
                found.append(_day(sums))
            elif found:
                found[-1] = _joined(found[-1], _day(sums))
        return found

    def apply(self, recorded: Recorded) -> None:
        """Take an entry of the ledger in."""
        entry, body = recorded.entry, recorded.entry.body
        today = self._days[-1]
        before = self._equity_minor
        self._equity_minor += entry.money.cash + entry.money.reserved + entry.money.stakes
        if entry.kind is Kind.CAPITAL:
            today.start_minor += self._equity_minor - before
        elif entry.kind is Kind.DECIDED:
            today.decisions += len(body["decisions"])
        elif entry.kind is Kind.ROLLED:
            self.ended = len(self._days)
            self._days.append(_Sums(start_minor=self._equity_minor))
        elif entry.kind is Kind.INTENDED:
            edge = float(body.get("edge_frac", float("nan")))  # an older ledger may hold bets without
            side, odds = str(body["side"]), float(body.get("odds", float("nan")))
            self._bets[entry.intent] = _Bet(len(self._days) - 1, side, as_back(side, odds), edge)
        elif entry.kind is Kind.CLOSED:
            for key, prob in body["close_probs"].items():
                self._closed(str(key), prob)
        elif entry.intent in self._bets:
            self._bet(recorded, self._bets[entry.intent])
        today.pnl_minor += 0 if entry.kind is Kind.CAPITAL else self._equity_minor - before

    def _bet(self, recorded: Recorded, bet: _Bet) -> None:
        entry, body = recorded.entry, recorded.entry.body
        if entry.kind in (Kind.PLACED, Kind.PARTIAL, Kind.LAPSED) and body.get("matched_minor", 0):
            bet.odds = float(body["odds"])
            if not bet.counted:
                bet.counted = True
                self._days[bet.day].bets += 1
                self._days[bet.day].attempts += 1
        elif entry.kind is Kind.REJECTED and body.get("reason") in NOT_FILLED:
            self._days[bet.day].attempts += 1
        elif entry.kind in (Kind.SETTLED, Kind.VOID, Kind.REVERSED):
            self._days[-1].stake_minor -= entry.money.stakes
            self._unclosed.setdefault(entry.intent, len(self._days) - 1)
            ended = "" if entry.kind is Kind.REVERSED else str(body.get("state"))
            self._told(bet, surprise(ended, bet.quoted, bet.edge_frac))

    def _told(self, bet: _Bet, told: float) -> None:
        """The surprise of a bet becomes another one: NaN for none."""
        for value, sign in ((bet.surprise, -1), (told, 1)):
            if value == value:
                self._days[-1].surprise_sum += sign * value
                self._days[-1].surprise_n += sign
        bet.surprise = told

    def _closed(self, key: str, prob: float | None) -> None:
        bet, day = self._bets.get(key), self._unclosed.get(key)
        if bet is None or day is None or prob is None or not bet.odds > 1.0:
            return
        wins = 1.0 - prob if bet.side == "lay" else prob
        self._days[day].clv_sum += as_back(bet.side, bet.odds) * wins - 1.0
        self._days[day].clv_n += 1


def _day(sums: _Sums) -> Day:
    return Day(**{name: getattr(sums, name) for name in FIELDS})


def _joined(day: Day, later: Day) -> Day:
    sums = {name: getattr(day, name) + getattr(later, name) for name in FIELDS if name != "return_frac"}
    return Day(**sums, return_frac=(1.0 + day.return_frac) * (1.0 + later.return_frac) - 1.0)
