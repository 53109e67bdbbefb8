"""Profit per unit staked of settled back bets, by the kernel's own rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.kernel.record import Ending
from engine.kernel.settle import payoff as of_one_bet


def ending(state: int, dead_heat_share: float = 1.0) -> Ending:
    """A back bet that ends in `state`: no reduction, each-way part, cash-out or tax."""
    return Ending(
        is_lay=0,
        state=state,
        dead_heat_share=dead_heat_share,
        place_share=1.0,
        reduction_frac=0.0,
        reduction_rule=0,
        each_way_frac=0.0,
        hedge_odds=0.0,
        tax_stake_frac=0.0,
        tax_winnings_frac=0.0,
    )


def payoff(state: ArrayLike, odds: ArrayLike) -> NDArray[np.float64]:
    """Profit per unit staked, before rounding to minor units. Arrays broadcast."""
    states, prices = np.broadcast_arrays(np.asarray(state, dtype=np.int64), np.asarray(odds, dtype=np.float64))
    profits = [of_one_bet(o, ending(int(s))) for s, o in zip(states.ravel(), prices.ravel(), strict=True)]
    return np.array(profits, dtype=np.float64).reshape(states.shape)
