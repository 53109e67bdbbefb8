"""The days of a ledger as the bands of a promotion count them, folded from its entries."""

from __future__ import annotations

from dataclasses import dataclass

from engine.live.ledger.entries import Kind, Recorded
from engine.promotion.bands import NOT_FILLED, Day


@dataclass
class _Bet:
    day: int
    side: str
    odds: float = 0.0
    counted: bool = False


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

    @property
    def return_frac(self) -> float:
        return self.pnl_minor / self.start_minor if self.start_minor > 0 else 0.0


class DayFold:
    """An observer of the ledger that gives `engine.promotion.bands.Day` for each day that has ended.

    As the bands define it, a day counts if a decision was made on it, and what is settled on another day counts with
    the day before. A bet and its fill count with the day of the decision, its settlement with the day of the
    settlement. The closing line value of a bet is its odds, as a back bet of equal risk, times the fair closing
    probability of what it wins on, less 1.
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
            self._bets[entry.intent] = _Bet(len(self._days) - 1, str(body["side"]))
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

    def _closed(self, key: str, prob: float | None) -> None:
        bet, day = self._bets.get(key), self._unclosed.get(key)
        if bet is None or day is None or prob is None or not bet.odds > 1.0:
            return
        odds, wins = (bet.odds / (bet.odds - 1.0), 1.0 - prob) if bet.side == "lay" else (bet.odds, prob)
        self._days[day].clv_sum += odds * wins - 1.0
        self._days[day].clv_n += 1


def _day(sums: _Sums) -> Day:
    return Day(sums.bets, sums.attempts, sums.stake_minor, sums.pnl_minor, sums.clv_sum, sums.clv_n, sums.return_frac)


def _joined(day: Day, later: Day) -> Day:
    return Day(
        day.bets + later.bets,
        day.attempts + later.attempts,
        day.stake_minor + later.stake_minor,
        day.pnl_minor + later.pnl_minor,
        day.clv_sum + later.clv_sum,
        day.clv_n + later.clv_n,
        (1.0 + day.return_frac) * (1.0 + later.return_frac) - 1.0,
    )
