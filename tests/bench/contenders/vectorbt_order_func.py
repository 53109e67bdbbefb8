"""vectorbt, `Portfolio.from_order_func`: filters and stakes in a compiled function that the user writes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb
from vectorbt.portfolio.enums import SizeType

sys.path.insert(0, str(Path(__file__).parent))

from vectorbt_orders import prices_of

_AMOUNT, _TARGET_AMOUNT, _TARGET_PERCENT = (
    int(kind) for kind in (SizeType.Amount, SizeType.TargetAmount, SizeType.TargetPercent)
)


@njit
def _value(c, price):
    for col in range(c.from_col, c.to_col):
        c.last_val_price[col] = price[c.i]
    return ()


@njit
def _order(c, price, odds, prob, edge_min, odds_min, odds_max, staking, amount, fraction):
    row, col = c.i // 2, c.col
    edge = prob[row] * odds[row] - 1.0
    if edge < edge_min[col] or odds[row] < odds_min[col] or odds[row] > odds_max[col]:
        return nb.order_nothing_nb()
    if c.i % 2 == 1:
        return nb.order_nb(size=0.0, price=price[c.i], size_type=_TARGET_AMOUNT)
    if staking[col] == 0:
        return nb.order_nb(size=amount[col] * odds[row], price=price[c.i], size_type=_AMOUNT)
    share = fraction[col] if staking[col] == 1 else fraction[col] * edge / (odds[row] - 1.0)
    return nb.order_nb(size=share, price=price[c.i], size_type=_TARGET_PERCENT)


_NAMES = ("odds", "prob", "edge_min", "odds_min", "odds_max", "staking", "amount", "fraction")


def prepare(job, threads):
    """Prices. A run of a few rows compiles everything."""
    few = dict(job) | {name: job[name][:50] for name in ("odds", "prob", "won")}
    few["edge_min"] = np.full(len(job["edge_min"]), -1.0)
    run((few, prices_of(few)))
    return job, prices_of(job)


def run(state):
    """All configurations."""
    job, price = state
    close = pd.DataFrame(np.broadcast_to(price[:, None], (len(price), len(job["staking"]))))
    portfolio = vbt.Portfolio.from_order_func(
        close,
        _order,
        price,
        *(job[name] for name in _NAMES),
        pre_segment_func_nb=_value,
        pre_segment_args=(price,),
        init_cash=float(job["bankroll"]),
        freq="15min",
    )
    counts = portfolio.orders.count().to_numpy() // 2
    return {"final": portfolio.final_value().to_numpy(), "bets": counts}
