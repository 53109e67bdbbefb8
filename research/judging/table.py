"""The table of a judgement: the scores of each model, what separates it from the market, and one verdict line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.inference.rps import ranked
from research.judging.blocks import LEVEL, UNKNOWN, Interval, Weeks, plain
from research.judging.pool import NO_POOL, Pool, pool_of
from research.judging.scores import brier, calibration_error, log_losses
from research.judging.settings import CLOSE, OPEN

__all__ = ["TOO_FEW", "Row", "table_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: verdict where no interval is known
TOO_FEW: Final = "too few weeks to tell"
#: difference of a market to itself
_NONE: Final = Interval(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Row:
    """One model.

    Attributes
    ----------
    model : str
    n : int
        Judged events.
    log_loss, rps, brier, ece : float
    vs_close, vs_open : Interval
        Mean log loss minus that of the closing and of the pre-match market, and its interval; below zero: better than
        the market. NaN where there is no such market; the ends are NaN with too few weeks.
    pool : Pool
        The blend with the closing market.
    adds : bool
        Whether the weight of the model is above zero beyond doubt, for all models of the table together.
    verdict : str
    """

    model: str
    n: int
    log_loss: float
    rps: float
    brier: float
    ece: float
    vs_close: Interval
    vs_open: Interval
    pool: Pool
    adds: bool
    verdict: str

    def document(self) -> dict[str, Any]:
        """As plain values; null for what is not known."""
        weight = self.pool.weight
        return {
            "model": self.model,
            "n": self.n,
            "log_loss": self.log_loss,
            "rps": self.rps,
            "brier": self.brier,
            "ece": self.ece,
            "vs_close": plain(self.vs_close, "diff"),
            "vs_open": plain(self.vs_open, "diff"),
            "blend_weight": plain(weight, "value"),
            "verdict": self.verdict,
        }


def table_of(prob: Mapping[str, Floats], fair: Mapping[str, Floats], outcome: Longs, weeks: Weeks) -> tuple[Row, ...]:
    """Score each model.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        Forecasts by model, without NaN.
    fair : mapping of str to float64 (n, n_outcomes)
        Those of the market; `CLOSE` is one of them.
    outcome : int64 (n,)
    weeks : Weeks
    """
    tested = sum(name != CLOSE for name in prob)
    return tuple(_row(name, values, fair, outcome, weeks, tested) for name, values in prob.items())


def _row(name: str, prob: Floats, fair: Mapping[str, Floats], outcome: Longs, weeks: Weeks, tested: int) -> Row:
    losses = log_losses(prob, outcome)
    against = {market: losses - log_losses(fair[market], outcome) for market in (CLOSE, OPEN) if market in fair}
    versus = {market: _NONE if market == name else weeks.mean(apart) for market, apart in against.items()}
    pool = NO_POOL if name == CLOSE else pool_of(fair[CLOSE], prob, outcome, weeks)
    # Bonferroni: the tails of all models together are that of one
    adds = pool.is_above_zero((1.0 - LEVEL) / 2.0 / max(tested, 1))
    return Row(
        name,
        len(prob),
        float(losses.mean()),
        float(ranked(prob, outcome).mean()),
        float(brier(prob, outcome).mean()),
        calibration_error(prob, outcome),
        versus[CLOSE],
        versus.get(OPEN, UNKNOWN),
        pool,
        adds,
        "the market itself" if name == CLOSE else _verdict(pool, adds, weeks),
    )


def _verdict(pool: Pool, adds: bool, weeks: Weeks) -> str:
    if not weeks.enough:
        return TOO_FEW
    if not adds:
        return "adds nothing to the market"
    return f"adds {pool.gain:.4f} of log loss to the market"
