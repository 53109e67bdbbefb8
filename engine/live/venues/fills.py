"""How the paper venue fills an order: the execution of the backtest, at prices that were recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from engine.kernel.answer import answer_order
from engine.kernel.codes import REASONS, Reason
from engine.kernel.decide import PENDING
from engine.kernel.params import Params
from engine.kernel.record import Row
from engine.kernel.supply import update_limits
from engine.kernel.whole import SAME_PRICE
from engine.live.venue import IMPLAUSIBLE, INSUFFICIENT_FUNDS, Order, Outcome, Receipt
from engine.live.venues.guard import is_far
from engine.live.venues.prices import Price, PriceSource
from engine.tape.facts import liability
from engine.tape.terms import Venue as Terms
from engine.tape.terms import venue_of

__all__ = ["Draft", "FillModel", "Fills", "together"]

_SIZING: Final = frozenset({"size", "stake_minimum", INSUFFICIENT_FUNDS, IMPLAUSIBLE})


@dataclass(frozen=True)
class FillModel:
    """How orders are filled: the execution of the backtest.

    Attributes
    ----------
    params : Params
        Numbers of the configuration (`engine.configuration.Configuration.params`).
    seed : int
        Of the random rejections.
    delay_ns : int
        From a decision to the arrival of its order, nanoseconds.
    terms : mapping
        Terms of the venues by bookmaker (`engine.tape.build.merged_terms`).
    size_on_arrival : bool
        Whether a delayed order also has to fit the size of the price on arrival. The backtest looks at the size at the
        decision only, so a replay that must equal it says no; a live feed says yes.
    """

    params: Params
    seed: int = 0
    delay_ns: int = 0
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    size_on_arrival: bool = False


@dataclass(frozen=True)
class Draft:
    """What an order would get.

    Attributes
    ----------
    order : Order
    receipt : Receipt
    arrives_ns : int
        UTC nanoseconds.
    facts : mapping
        What the answer rests on, plain JSON.
    """

    order: Order
    receipt: Receipt
    arrives_ns: int
    facts: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """Why it is rejected; empty if it is not."""
        return self.receipt.reason

    @property
    def at_risk_minor(self) -> int:
        """Money that it takes."""
        return self.receipt.at_risk_minor


class Fills:
    """Answers orders by the rules of the walk; it writes nothing.

    Parameters
    ----------
    model : FillModel
    prices : PriceSource
    """

    def __init__(self, model: FillModel, prices: PriceSource) -> None:
        self.model, self.prices = model, prices
        self._limits = _Limits(model.params)
        self._terms: dict[tuple[str, str], Terms] = {}

    def draft(self, order: Order, free_minor: int, results: Sequence[tuple[str, int]], *, alone: bool = True) -> Draft:
        """What an order would get: placed, pending, or rejected with its reason.

        Parameters
        ----------
        order : Order
        free_minor : int
            Money that is free for it, minor units.
        results : sequence of (str, int)
            Bookmaker and P&L of all settled bets, in their order.
        alone : bool
            Whether it is no leg of a group; a leg is never cut.
        """
        arrives_ns = order.decided_at_ns + self.model.delay_ns
        offered = self.prices.offered(order)
        arrival = self._arrival(order, offered, arrives_ns)
        if arrival is None:
            if order.stake_minor > free_minor:
                return rejected(order, INSUFFICIENT_FUNDS, arrives_ns)
            return waiting(order, arrives_ns)
        facts: dict[str, Any] = {
            "filled": arrival.odds if arrival.odds > 1.0 else None, "known_at_ns": arrival.known_at_ns,
        }  # fmt: skip
        row = self._row(order, offered, arrival, results)
        reason, stake, backer, odds = self._answer(order, row)
        if not reason and row.size_minor < order.stake_minor > stake and not alone:
            reason = "size"  # a leg that is cut would leave the others uncovered
        if not reason and stake > free_minor:
            reason = INSUFFICIENT_FUNDS
        if reason:
            return rejected(order, reason, arrives_ns, facts)
        facts["far"] = is_far(odds, self.prices.compared(order))
        return Draft(order, Receipt(order.key, "", Outcome.PLACED, odds, stake, backer), arrives_ns, facts)

    def keep(self, drafts: Sequence[Draft]) -> None:
        """Drafts are the venue's answers, and stand: what they took is not there again. Here no price runs out."""

    def is_ready(self, order: Order, arrives_ns: int) -> bool:
        """Whether it is known at which price a delayed order arrives."""
        return self._arrival(order, self.prices.offered(order), arrives_ns) is not None

    def _arrival(self, order: Order, offered: Price, arrives_ns: int) -> Price | None:
        """The price at which the order arrives. Without delay that is its own, if the offered one is no worse."""
        if self.model.delay_ns and offered.odds > 1.0:
            return self.prices.on_arrival(order, arrives_ns)
        better = offered.odds <= order.odds if _is_lay(order) else offered.odds >= order.odds
        return offered._replace(odds=order.odds) if better else offered

    def _row(self, order: Order, offered: Price, arrival: Price, results: Sequence[tuple[str, int]]) -> Row:
        """The order as the kernel reads it, with what price and venue take as its size."""
        terms, lay = self._terms_of(order), _is_lay(order)
        size = math.inf
        if arrival.odds > 1.0:
            size = min(self._size_bound(order, offered, arrival), terms.limit_minor)
            size = _liability(size, order.odds) if lay else size
            size *= self._limits.factor(order.bookmaker, results)
        return Row(
            quoted=order.odds, filled=arrival.odds, odds=order.odds, is_lay=int(lay), ladder=int(terms.ladder),
            prob=0.0, edge_frac=0.0, kelly_frac=0.0, stake_weight=1.0, size_minor=float(size), commission=0.0,
            stake_min_minor=float(terms.stake_min_minor),
        )  # fmt: skip

    def _size_bound(self, order: Order, offered: Price, arrival: Price) -> float:
        """The size that the prices take, of a lay the backer's, minor units."""
        return min(offered.size_minor, arrival.size_minor) if self.model.size_on_arrival else offered.size_minor

    def _terms_of(self, order: Order) -> Terms:
        key = (order.bookmaker, order.market)
        if key not in self._terms:
            self._terms[key] = venue_of(self.model.terms, *key)
        return self._terms[key]

    def _answer(self, order: Order, row: Row) -> tuple[str, int, int, float]:
        """The reason of a rejection (or nothing), what is at risk, the backer's stake of a lay, the odds."""
        params, seed = self.model.params, self.model.seed
        reason, stake, backer, odds = answer_order(row, float(order.stake_minor), params, order.opportunity_id, seed)
        if reason != PENDING:
            return REASONS[reason], 0, 0, 0.0
        worst = order.odds_worst
        beyond = odds > worst * (1.0 + SAME_PRICE) if row.is_lay else odds < worst * (1.0 - SAME_PRICE)
        return (REASONS[Reason.PRICE_MOVED] if beyond else ""), int(stake), int(backer), float(odds)


def rejected(order: Order, reason: str, arrives_ns: int, facts: Mapping[str, Any] | None = None) -> Draft:
    """The draft of an order that is refused."""
    return Draft(order, Receipt(order.key, "", Outcome.REJECTED, reason=reason), arrives_ns, facts or {})


def waiting(order: Order, arrives_ns: int) -> Draft:
    """The draft of an order that waits for its price: its whole stake may still be matched."""
    return Draft(order, Receipt(order.key, "", Outcome.PENDING, open_minor=order.stake_minor), arrives_ns, {})


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """The legs of a group, all or none.

    If a leg fails, the others are refused for the reason ``group``. If a stake fails, no leg's price is looked at, as
    in the walk. If a leg waits for its price, all legs wait.
    """
    if len(drafts) == 1:
        return list(drafts)
    if any(draft.receipt.outcome is Outcome.PENDING for draft in drafts):
        return [waiting(draft.order, draft.arrives_ns) for draft in drafts]
    reasons = {draft.reason for draft in drafts} - {""}
    if not reasons:
        return list(drafts)
    own = reasons & _SIZING or reasons
    return [d if d.reason in own else rejected(d.order, "group", d.arrives_ns, d.facts) for d in drafts]


class _Limits:
    """How far each bookmaker has cut its limits, by the rule of the walk, from the results in their order."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._taken, self._work = 0, SimpleNamespace(won_since={}, limit_factor={})

    def factor(self, bookmaker: str, results: Sequence[tuple[str, int]]) -> float:
        """What is left of a bookmaker's limits after all results so far."""
        if self._params.limiting_profit_minor == math.inf:
            return 1.0
        if len(results) < self._taken:
            self._taken, self._work = 0, SimpleNamespace(won_since={}, limit_factor={})
        for name, pnl in results[self._taken :]:
            self._work.won_since.setdefault(name, 0.0)
            self._work.limit_factor.setdefault(name, 1.0)
            update_limits(self._work, name, float(pnl), self._params)  # type: ignore[no-untyped-call]
        self._taken = len(results)
        return float(self._work.limit_factor.get(bookmaker, 1.0))


def _is_lay(order: Order) -> bool:
    return order.side == "lay"


def _liability(size_minor: float, odds: float) -> float:
    """The liability of a lay of that size, as on the tape; infinite where the size is."""
    return float(liability(np.array([size_minor]), np.array([odds]))[0]) if math.isfinite(size_minor) else math.inf
