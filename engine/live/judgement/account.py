"""The account of a runner: a fold of the ledger's entries into the numbers that the kernel reads.

The kernel's own leaves close instants, roll days and count streaks. Amounts are whole minor units in float64, so that
locking and unlocking are exact, and a fold from the first entry gives the bits that the account had before a restart.

An instant has the order of the walk: settlements, commission, the close, the day roll, decisions. The first entry of a
later instant ends the one before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernel import account as acc
from engine.live.judgement.positions import Bet, Positions, Standing, line_of
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Entry, Kind, Money, Recorded

#: before every instant
_BEFORE: Final = -(2**63) + 1
_OF_BET: Final = frozenset(
    {
        Kind.ABANDONED, Kind.SENT, Kind.UNKNOWN, Kind.PENDING, Kind.PLACED, Kind.PARTIAL, Kind.REJECTED, Kind.LAPSED,
    }
)  # fmt: skip
#: what a decision is called while its bet stands like this; a refusal is called by its own reason
_WORDS: Final = {
    Kind.SENT: "unknown",
    Kind.UNKNOWN: "unknown",
    Kind.PENDING: "pending",
    Kind.PLACED: "placed",
    Kind.PARTIAL: "placed",
    Kind.LAPSED: "placed",
}


class _Hold(NamedTuple):
    """Money at risk in a bet that is not ours, and the dense ids where it counts."""

    risk: float = 0.0
    event: int | None = None
    competition: int | None = None
    bookmakers: tuple[int, ...] = ()


_NO_HOLD: Final = _Hold()


class Account:
    """Cash, open stakes, wallets, streaks and risk breakers, as the walk of the backtest has them.

    Parameters
    ----------
    rules : Rules

    Attributes
    ----------
    cells : float64 (`engine.kernel.account.N_CELLS`,)
    ends : int64 (2,)
        Ends of the drawdown and the streak breaker, UTC nanoseconds.
    positions : Positions
        Dense ids and the kernel's arrays by id.
    bets : dict
        Every bet by its key.
    at_risk : set of int
        Events on which something is open.
    instant_ns : int
        The instant that entries and decisions have reached, UTC nanoseconds.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._kernel: Any = rules.kernel
        self.cells = np.zeros(acc.N_CELLS)
        self.ends = np.zeros(2, np.int64)
        self.positions = Positions()
        self.bets: dict[str, Bet] = {}
        self.instant_ns = _BEFORE
        self.days = 0
        self.at_risk: set[int] = set()
        self._of_event: dict[int, list[Bet]] = {}
        self._external: dict[str, _Hold] = {}
        self._closed = True
        self._decisions_ns = _BEFORE
        self._base = 0.0
        self._kernel.start_account(self.cells, 0.0)

    @property
    def equity_minor(self) -> int:
        """Cash and open stakes at cost, whole minor units."""
        return int(self._equity())

    @property
    def cash_minor(self) -> int:
        """Free cash, whole minor units."""
        return int(self.cells[acc.CASH])

    @property
    def open_minor(self) -> int:
        """Open stakes at cost, reserved ones included, whole minor units."""
        return int(self.cells[acc.OPEN])

    def bets_on(self, event_id: int) -> list[Bet]:
        """All bets on an event, in the order of their decisions."""
        return list(self._of_event.get(event_id, ()))

    def wallet_minor(self, bookmaker: str) -> int:
        """Cash in the wallet of a bookmaker, whole minor units."""
        book = self.positions.bookmaker(bookmaker)
        return int(self.positions.work.wallet[book])

    def reversal(self, bet: Bet, instant_ns: int) -> Entry:
        """The entry that takes the settlement of a bet back; an open rest that it released does not come back."""
        was = bet.settlement
        money = Money(cash=-(was.cash + was.reserved), stakes=-was.stakes, pnl=-was.pnl, tax=-was.tax)
        key, body = f"reversed:{bet.key}:{bet.version}", {"version": bet.version}
        return Entry(Kind.REVERSED, key, instant_ns, intent=bet.key, bookmaker=bet.bookmaker, money=money, body=body)

    def apply(self, recorded: Recorded) -> None:
        """Fold one entry; entries come in the order of the ledger."""
        entry = recorded.entry
        if entry.kind is Kind.INTENDED:
            self._intend(recorded)
        elif entry.kind in _OF_BET:
            self._answer(entry)
        elif entry.kind in (Kind.SETTLED, Kind.VOID):
            self._settle(entry)
        elif entry.kind is Kind.REVERSED:
            self._reverse(entry)
        elif entry.kind is Kind.COMMISSION:
            self._charge(entry)
        elif entry.kind is Kind.ROLLED:
            self.close_at(entry.at_ns)
            self._kernel.roll_day(self.cells)
            self.days += 1
        elif entry.kind is Kind.DECIDED:
            self.decisions_at(entry.at_ns)
        elif entry.kind is Kind.CAPITAL:
            self._deposit(entry)
        elif entry.kind is Kind.ADJUSTED:
            self._pay(entry)
        elif entry.kind is Kind.EXTERNAL:
            self._count_external(entry)
        elif entry.kind is Kind.RESUMED and entry.body.get("breaker") == "drawdown" and entry.body.get("person"):
            self._end_halt()

    def enter(self, instant_ns: int) -> None:
        """Begin an instant; the one before is closed. An earlier instant than the last one changes nothing."""
        if instant_ns > self.instant_ns:
            self._close()
            self.instant_ns = instant_ns
            self._kernel.open_instant(self.cells, self.ends, np.int64(instant_ns))
            self._closed = False

    def close_at(self, instant_ns: int) -> None:
        """Close an instant after its settlements: equity, peak, drawdown, ends and starts of breakers."""
        self.enter(instant_ns)
        self._close()

    def decisions_at(self, instant_ns: int) -> float:
        """Begin the decisions of an instant; returns the base of percent and Kelly stakes, minor units.

        The base is the same for all decisions of the instant, also after a restart in the midst of them.
        """
        self.close_at(instant_ns)
        if self.instant_ns != self._decisions_ns:
            self._decisions_ns = self.instant_ns
            by_cash = self.rules.configuration.base_is_cash
            self._base = float(self.cells[acc.CASH] if by_cash else self._equity())
        return self._base

    def suspend(self, bet: Bet) -> None:
        """Take a bet's lock out, to judge again what was decided before it; `resume` puts it back."""
        self._lock(bet, -bet.locked)
        self.positions.count(bet, -1)

    def resume(self, bet: Bet, locked: float) -> None:
        """Put the lock of a suspended bet back."""
        self._lock(bet, locked)
        self.positions.count(bet, 1)

    def _reopen(self, instant_ns: int) -> None:
        """Begin an instant, or go on with it after its close: money has changed, so it is closed again."""
        self.enter(instant_ns)
        self._closed = False

    def _equity(self) -> float:
        return float(self.cells[acc.CASH] + self.cells[acc.OPEN])

    def closed_cells(self) -> NDArray[np.float64]:
        """The cells as the close of the instant leaves them; nothing is changed."""
        if self._closed:
            return self.cells
        cells, ends = self.cells.copy(), self.ends.copy()
        self._kernel.close_instant(cells, ends, np.int64(self.instant_ns), self.rules.params)
        return cells

    def _close(self) -> None:
        if self._closed:
            return
        self._kernel.close_instant(self.cells, self.ends, np.int64(self.instant_ns), self.rules.params)
        self._closed = True

    def _deposit(self, entry: Entry) -> None:
        """A deposit or withdrawal moves the marks of the breakers too: it is neither profit nor loss."""
        amount = float(entry.money.cash)
        self._pay(entry)
        for cell in (acc.PEAK, acc.HIGH, acc.DAY_START):
            self.cells[cell] += amount

    def _end_halt(self) -> None:
        """A person ends the drawdown breaker: as at its end by rule, the equity becomes the peak."""
        self._close()
        self.cells[acc.HALTED], self.cells[acc.PEAK], self.cells[acc.DRAWDOWN] = acc.INACTIVE, self._equity(), 0.0

    def _count_external(self, entry: Entry) -> None:
        """A bet that is not ours locks money of the same account: it takes room from the limits of all open stakes, of
        its event and competition, and of the day on which it is first seen; and cash from its wallet. One of which
        nobody says whose wallet it is in takes it from each of them, for it may be any. The equity stays; what it
        earns comes as an adjustment.
        """
        name, hold = str(entry.body["venue_bet_id"]), self._hold_of(entry.body)
        before = self._external.pop(name, _NO_HOLD)
        if hold.risk:
            self._external[name] = hold
        self._hold(before, -before.risk)
        self._hold(hold, hold.risk)
        self.cells[acc.STAKED_TODAY] += max(0.0, hold.risk - before.risk)

    def _hold_of(self, body: Mapping[str, Any]) -> _Hold:
        positions, name, event_id = self.positions, body.get("bookmaker", ""), body.get("event_id")
        place, risk = (str(body.get("sport", "")), str(body.get("competition", ""))), float(body["at_risk_minor"])
        if not risk:
            return _NO_HOLD
        return _Hold(
            risk,
            None if event_id is None else positions.event(int(event_id)),
            positions.competition(*place) if place[1] else None,
            (positions.bookmaker(str(name)),) if name else positions.bookmakers(),
        )

    def _hold(self, hold: _Hold, change: float) -> None:
        work = self.positions.work
        self.cells[acc.CASH] -= change
        self.cells[acc.OPEN] += change
        if hold.event is not None:
            work.open_on_event[hold.event] += change
        if hold.competition is not None:
            work.open_on_competition[hold.competition] += change
        for book in hold.bookmakers:
            work.wallet[book] -= change

    def _pay(self, entry: Entry) -> None:
        self.cells[acc.CASH] += entry.money.cash
        if entry.bookmaker:
            book = self.positions.bookmaker(entry.bookmaker)  # may make the array longer
            self.positions.work.wallet[book] += entry.money.cash

    def _intend(self, recorded: Recorded) -> None:
        entry, body = recorded.entry, recorded.entry.body
        self.decisions_at(int(body["decided_at_ns"]))
        bet = Bet.of(recorded.number, entry.intent, body, self.positions.ids_of(body), self.days)
        self.bets[bet.key] = bet
        self._of_event.setdefault(bet.event_id, []).append(bet)
        self.positions.count(bet, 1)
        self.cells[acc.N_BETS] += 1.0
        self._lock(bet, float(entry.money.reserved))

    def _lock(self, bet: Bet, change: float) -> None:
        """Move money between cash and the bet; whole amounts, so every step can be undone exactly."""
        cells = self.cells
        bet.locked += change
        cells[acc.CASH] -= change
        self.positions.work.wallet[bet.ids.bookmaker] -= change
        if bet.day == self.days:
            cells[acc.STAKED_TODAY] += change
        cells[acc.TURNOVER] += change
        self._count_open(bet, change)

    def _count_open(self, bet: Bet, change: float) -> None:
        """Change what is open in all, on a bet's event and competition; keep the events on which something is."""
        work = self.positions.work
        self.cells[acc.OPEN] += change
        work.open_on_event[bet.ids.event] += change
        work.open_on_competition[bet.ids.competition] += change
        is_open = any(other.locked > 0.0 for other in self._of_event[bet.event_id])
        (self.at_risk.add if is_open else self.at_risk.discard)(bet.event_id)

    def _answer(self, entry: Entry) -> None:
        bet, body = self.bets[entry.intent], entry.body
        if "odds" in body:
            bet.odds, bet.backer = float(body["odds"]), float(body.get("backer_minor", 0))
            bet.matched = float(body.get("matched_minor", 0))
        filled = body.get("raw", {}).get("filled")
        bet.arrived_odds = math.nan if filled is None else float(filled)
        self._lock(bet, float(entry.money.reserved + entry.money.stakes))
        bet.standing = Standing.OPEN
        bet.word = _WORDS[entry.kind] if entry.kind in _WORDS else str(body.get("reason", entry.kind.value))
        if entry.kind in (Kind.REJECTED, Kind.ABANDONED) and not bet.is_over:
            bet.standing = Standing.REFUSED
            self.positions.count(bet, -1)
            self.cells[acc.N_BETS] -= 1.0

    def _settle(self, entry: Entry) -> None:
        bet, cells, work = self.bets[entry.intent], self.cells, self.positions.work
        self._reopen(entry.at_ns)
        pnl = float(entry.body["pnl_minor"])
        bet.locked, bet.pnl, bet.version = 0.0, pnl, int(entry.body["version"])
        bet.standing, bet.is_void = Standing.SETTLED, entry.kind is Kind.VOID
        bet.settlement, bet.is_by_venue = entry.money, entry.body.get("by") == "venue"
        self._pay(entry)
        self._update_limits(bet, pnl)
        self._count_open(bet, float(entry.money.stakes + entry.money.reserved))
        cells[acc.N_SETTLED] += 1.0
        cells[acc.N_WON] += pnl > 0.0
        cells[acc.N_VOID] += entry.kind is Kind.VOID
        self._kernel.count_settled(cells, pnl, self.rules.params.streak_warn)
        market = bet.ids.market
        work.commission_market_pnl[market] += pnl
        work.commission_market_open[market] -= 1

    def _update_limits(self, bet: Bet, pnl: float) -> None:
        work, params, book = self.positions.work, self.rules.params, bet.ids.bookmaker
        work.won_since[book] += pnl
        if work.won_since[book] >= params.limiting_profit_minor:
            work.limit_factor[book] *= params.limiting_factor
            work.won_since[book] = 0.0

    def _reverse(self, entry: Entry) -> None:
        """Take a settlement back: the bet is open again. The streaks that it made stay."""
        bet, cells, work = self.bets[entry.intent], self.cells, self.positions.work
        self._reopen(entry.at_ns)
        bet.locked = float(entry.money.stakes + entry.money.reserved)
        self._pay(entry)
        self._count_open(bet, bet.locked)
        cells[acc.N_SETTLED] -= 1.0
        cells[acc.N_WON] -= bet.pnl > 0.0
        cells[acc.N_VOID] -= bet.is_void
        work.won_since[bet.ids.bookmaker] -= bet.pnl
        market = bet.ids.market
        work.commission_market_pnl[market] += self.positions.reopen(market) - bet.pnl
        work.commission_market_open[market] += 1
        bet.pnl, bet.standing = 0.0, Standing.OPEN

    def _charge(self, entry: Entry) -> None:
        body = entry.body
        self._reopen(entry.at_ns)
        self._pay(entry)
        self.cells[acc.COMMISSION] += entry.money.commission
        question = int(body["event_id"]), str(body["market"]), line_of(body["line"])
        market = self.positions.market(question, str(body["bookmaker"]))
        self.positions.work.commission_market_pnl[market] = 0.0
        self.positions.charged(market, int(body["charge_minor"]), float(body["net_minor"]))
