"""The answer of a simulated venue to an order, by the rules of the walk. A compiled function of scalars."""

from __future__ import annotations

from engine.kernel.cache import compiled
from engine.kernel.decide import PENDING, binding_reason, cut_too_small, round_stake, too_small, venue_answer
from engine.kernel.draw import rejection_draw
from engine.kernel.limit import SIZE
from engine.kernel.params import Params
from engine.kernel.price import placed_odds
from engine.kernel.record import Row


@compiled
def answer_order(row: Row, stake: float, params: Params, identity: int, seed: int) -> tuple[int, float, float, float]:
    """Fill an order: (reason, stake, backer's stake of a lay, odds); the reason is `PENDING` if it is accepted.

    Parameters
    ----------
    row : Row
        ``quoted``: odds of the order; ``filled``: odds on arrival, NaN if there are none; ``size_minor``: the most that
        price and venue take, at risk; ``is_lay``, ``ladder``, ``stake_min_minor``. The other fields are not read.
    stake : float
        The most that may be at risk, minor units: of a lay before its backer's stake is rounded.
    params : Params
    identity, seed : int64
        Of the opportunity and of the random rejections.

    Notes
    -----
    The checks come in the order of the walk: size, smallest stake, price, rejection. A stake above the size is cut, or
    refused if less than `fill_min_frac` of it is left.
    """
    allowed = row.size_minor if row.size_minor < stake else stake
    if cut_too_small(allowed, stake, params):
        return SIZE, 0.0, 0.0, 0.0
    placed, backer = round_stake(allowed, row, params)
    if too_small(placed, backer, row, params):
        return binding_reason(stake, SIZE, row, params), 0.0, 0.0, 0.0
    answer = venue_answer(row, params, rejection_draw(identity, params, seed))
    if answer != PENDING:
        return answer, 0.0, 0.0, 0.0
    return PENDING, placed, backer, placed_odds(row.filled, row.is_lay, params.slippage_frac, row.ladder)


@compiled
def worst_odds(quoted: float, is_lay: int, ladder: int, params: Params) -> float:
    """The worst odds at which an order quoted at `quoted` is still taken, after tolerance and slippage."""
    allowed = params.price_tolerance_frac if is_lay else -params.price_tolerance_frac
    odds: float = placed_odds(max(1.0, quoted * (1.0 + allowed)), is_lay, params.slippage_frac, ladder)
    return odds
