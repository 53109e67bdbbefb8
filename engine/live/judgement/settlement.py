"""Results become settlements by the rules of the tape: the same states, the same kernel, the same order as the walk.

Bets settle in the order of their decisions; then each market whose last open bet has ended is charged commission. A bet
whose fate at the venue is not known yet waits for it; its result is kept. A result that differs from the one before
takes the settlement back and settles anew. A settlement that the venue stated stands: the venue decides the money.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from engine.kernel.codes import Reduction, State
from engine.kernel.record import Ending
from engine.live.feed import Result
from engine.live.judgement.account import Account
from engine.live.judgement.positions import Bet, Standing, line_of
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Entry, Kind, Money
from engine.schema import EVENTS_OPTIONAL, VOID_STATUSES
from engine.tape.finish import with_ends

_MIRRORED: Final = (int(State.LOSE), int(State.WIN))
_OF_EVENT: Final[dict[str, Any]] = {
    "event_id": pl.Int64,
    "sport": pl.String,
    "home_score": pl.Int32,
    "away_score": pl.Int32,
    "winner": pl.String,
    "status": pl.String,
    **{name: dtype for name, dtype in EVENTS_OPTIONAL.items() if name != "game"},
}
_OF_BET: Final[dict[str, Any]] = {
    "market": pl.String, "line": pl.Float64, "selection": pl.String, "decided_at": pl.Int64, "rule": pl.String,
}  # fmt: skip


class _End(NamedTuple):
    """How a bet ends, from our side; only a dead heat is that of the selection.

    `reduction_frac` is what runners that were removed after the decision take off.
    """

    state: int
    share: float = 1.0
    void_frac: float = 0.0
    reduction_frac: float = 0.0

    @property
    def is_void(self) -> bool:
        return self.state == State.VOID or self.void_frac == 1.0


class Settler:
    """Turns results into entries; it keeps the last result of each event, and judges a bet by it once.

    Parameters
    ----------
    rules : Rules
    account : Account
        An observer of the journal.
    """

    def __init__(self, rules: Rules, account: Account) -> None:
        self._rules, self._account, self._kernel = rules, account, rules.kernel
        self._results: dict[int, Result] = {}
        self._judged: dict[str, tuple[Result, Standing]] = {}  # by what a bet was judged, and how it stood after that

    def take(self, result: Result) -> None:
        """Keep a result. Of several for one event the one with the highest version counts, of equal ones the last."""
        event_id = int(result.values["event_id"])
        known = self._results.get(event_id)
        if known is None or result.version >= known.version:
            self._results[event_id] = result

    def entries(self, instant_ns: int, event_ids: Sequence[int]) -> list[Entry]:
        """Entries that settle all bets on some events at an instant, to be written in one transaction.

        Parameters
        ----------
        instant_ns : int
            UTC nanoseconds.
        event_ids : sequence of int
            Events with a new result, or with a bet that the venue has just confirmed.
        """
        bets = [
            bet
            for event_id in dict.fromkeys(event_ids)
            if event_id in self._results
            for bet in self._account.bets_on(event_id)
            if bet.matched > 0.0 and bet.standing is not Standing.REFUSED and bet.word == "placed"
            if not bet.is_by_venue and not self._is_judged(bet)
        ]
        bets.sort(key=lambda bet: bet.number)
        if not bets:
            return []
        ends = self._ends(bets)
        written, changes = list[Entry](), list[tuple[Bet, int, int]]()
        for bet, end in zip(bets, ends, strict=True):
            state = end.state
            after = bet.standing if state == State.UNKNOWN else Standing.SETTLED
            self._judged[bet.key] = self._results[bet.event_id], after
            if state == State.UNKNOWN:
                continue
            pnl, tax = self._profit(bet, end)
            if bet.standing is Standing.SETTLED and (pnl, end.is_void) == (int(bet.pnl), bet.is_void):
                continue
            written += self._settled(bet, end, pnl, tax, instant_ns)
            changes.append((bet, pnl, -int(bet.pnl) if bet.standing is Standing.SETTLED else int(bet.locked)))
        return written + self._commission(changes, instant_ns)

    def _is_judged(self, bet: Bet) -> bool:
        """Whether the result in force has been held against a bet: it would say the same again."""
        result, after = self._judged.get(bet.key, (None, None))
        return result is self._results[bet.event_id] and after is bet.standing

    def waiting(self) -> list[int]:
        """Events with a result on which a bet is not settled."""
        return sorted(event_id for event_id in self._account.at_risk if event_id in self._results)

    def _ends(self, bets: Sequence[Bet]) -> list[_End]:
        """How each bet ends: as a ruling says, else by score, status and the end of its runner."""
        ends = []
        for bet, (state, share, reduction) in zip(bets, self._states(bets), strict=True):
            rulings = self._results[bet.event_id].rulings
            named = {(one.market, line_of(one.line), one.selection): one for one in rulings}
            ruled = named.get((bet.market, bet.line, bet.selection), named.get((bet.market, None, "")))
            void = 0.0
            if ruled is not None:
                state, share, void = int(State[ruled.state.upper()]), ruled.share, ruled.void_frac
            ends.append(_End(_ours(bet, state), share, void, reduction))
        return ends

    def _states(self, bets: Sequence[Bet]) -> list[tuple[int, float, float]]:
        """Of the selection of each bet: state, share of a dead heat, and what removed runners take off."""
        rows: list[tuple[Any, ...]] = []
        for bet in bets:
            values = self._results[bet.event_id].values
            status = str(values["status"])
            venue = self._rules.venue(bet.bookmaker, bet.market)
            rule = getattr(venue, status) if status in VOID_STATUSES else "void"
            of_bet = bet.market, bet.line, bet.selection, bet.decided_at_ns, rule
            rows.append((*(values.get(name) for name in _OF_EVENT), *of_bet))
        frame = with_ends(pl.DataFrame(rows, schema={**_OF_EVENT, **_OF_BET}, orient="row"))
        state = pl.when(pl.col("refusal").is_null()).then("state").otherwise(int(State.UNKNOWN))
        return list(frame.select(state, "dead_heat_share", "reduction_frac").iter_rows())

    def _profit(self, bet: Bet, end: _End) -> tuple[int, int]:
        """Profit after tax, and the tax: what the same bet would have paid without one, less what it pays.

        Of a part void the stakes are those that are left, in whole minor units, halves to even.
        """
        venue, lay = self._rules.venue(bet.bookmaker, bet.market), bet.side == "lay"
        taxes = 0.0 if lay else venue.tax_stake_frac, venue.tax_winnings_frac
        left = 1.0 - end.void_frac
        stakes = (bet.matched, bet.backer) if left == 1.0 else (np.rint(bet.matched * left), np.rint(bet.backer * left))
        end_of = partial(
            ending_of, lay, end.state, share=end.share, reduction_frac=end.reduction_frac,
            is_place=bet.market == "place",
        )  # fmt: skip
        pnl, untaxed = (self._kernel.settled_pnl(*stakes, bet.odds, end_of(*fracs)) for fracs in (taxes, (0.0, 0.0)))
        return int(pnl), int(untaxed) - int(pnl)

    def _settled(self, bet: Bet, end: _End, pnl: int, tax: int, instant_ns: int) -> list[Entry]:
        result, entries = self._results[bet.event_id], list[Entry]()
        matched, rest = int(bet.matched), int(bet.locked) - int(bet.matched)
        if bet.standing is Standing.SETTLED:
            entries.append(self._account.reversal(bet, instant_ns))
            rest = 0
        money = Money(stakes=-matched, reserved=-rest, cash=matched + rest + pnl, pnl=-(pnl + tax), tax=tax)
        version = bet.version + 1
        body: dict[str, Any] = {
            "version": version,
            "state": State(end.state).name.lower(),
            "pnl_minor": pnl,
            "tax_minor": tax,
            "settled_at_ns": result.known_at_ns,
            "result_version": result.version,
        }
        body |= {
            name: getattr(end, name) for name, usual in _End._field_defaults.items() if getattr(end, name) != usual
        }
        kind = Kind.VOID if end.is_void else Kind.SETTLED
        key = f"settled:{bet.key}:{version}"
        entries.append(Entry(kind, key, instant_ns, intent=bet.key, bookmaker=bet.bookmaker, money=money, body=body))
        return entries

    def _commission(self, changes: list[tuple[Bet, int, int]], instant_ns: int) -> list[Entry]:
        """Charges on the markets whose last open bet ends with these settlements, in the order of those last bets."""
        positions, work = self._account.positions, self._account.positions.work
        left, net, last = dict[int, int](), dict[int, float](), dict[int, Bet]()
        cash, wallets = self._account.cash_minor, dict[str, int]()
        for bet, pnl, locked in changes:
            market = bet.ids.market
            again = bet.standing is Standing.SETTLED
            if market not in net:
                left[market] = int(work.commission_market_open[market])
                net[market] = float(work.commission_market_pnl[market])
                if again:
                    net[market] += positions.net_of_last_charge(market)
            left[market] -= 0 if again else 1
            net[market] += pnl - (bet.pnl if again else 0.0)
            last.pop(market, None)
            last[market] = bet
            change = pnl + locked
            cash += change
            wallets[bet.bookmaker] = wallets.get(bet.bookmaker, self._account.wallet_minor(bet.bookmaker)) + change
        entries = []
        for market, bet in last.items():
            rate = self._rules.venue(bet.bookmaker, bet.market).commission_rate
            rate *= self._rules.params.commission_factor
            if left[market] or rate <= 0.0:
                continue
            free = wallets[bet.bookmaker] if self._rules.configuration.wallets else cash
            before = positions.charge(market)
            refund = before.charge_minor if bet.standing is Standing.SETTLED else 0
            charge = int(min(self._kernel.market_commission(rate, net[market]), float(free + refund)))
            paid = charge - refund
            cash -= paid
            wallets[bet.bookmaker] -= paid
            entries.append(_charged(bet, before.number + 1, charge, paid, net[market], instant_ns))
        return entries


def _charged(bet: Bet, number: int, charge: int, paid: int, net: float, instant_ns: int) -> Entry:
    line = "" if bet.line is None else f"{bet.line:g}"
    return Entry(
        Kind.COMMISSION,
        f"commission:{bet.event_id}:{bet.market}:{line}:{bet.bookmaker}:{number}",
        instant_ns,
        bookmaker=bet.bookmaker,
        money=Money(cash=-paid, commission=paid),
        body={
            "event_id": bet.event_id, "market": bet.market, "line": bet.line, "bookmaker": bet.bookmaker,
            "n": number, "net_minor": net, "charge_minor": charge,
        },
    )  # fmt: skip


def _ours(bet: Bet, end: int) -> int:
    """The state of a bet of ours from that of its selection."""
    return sum(_MIRRORED) - end if bet.side == "lay" and _MIRRORED[0] <= end <= _MIRRORED[1] else end


def ending_of(
    lay: bool,
    state: int,
    tax_stake_frac: float,
    tax_winnings_frac: float,
    *,
    share: float = 1.0,
    reduction_frac: float = 0.0,
    is_place: bool = False,
) -> Ending:
    """How a bet ends, as the kernel reads it: without a cash-out."""
    return Ending(
        is_lay=int(lay),
        state=int(state),
        dead_heat_share=share,
        place_share=1.0,
        reduction_frac=reduction_frac,
        reduction_rule=int(Reduction.EXCHANGE_PLACE if is_place else Reduction.EXCHANGE_WIN),
        each_way_frac=0.0,
        hedge_odds=0.0,
        tax_stake_frac=tax_stake_frac,
        tax_winnings_frac=tax_winnings_frac,
    )
