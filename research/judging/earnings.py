"""What a value bettor would have earned on each forecast, and the verdict of money over all of them.

Each judged event is decided at the pre-match prices: one unit on every outcome whose edge, probability times odds minus
one, is at least `judge.edge_min`. All forecasts together are the configurations of one search, so the best of them is
tested as the best of all (`research.verdict`). It enters no ledger of trials: nothing was selected for betting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import enough
from research.judging.blocks import Interval, Weeks, plain
from research.verdict.at_level import LevelStakes
from research.verdict.evidence import assess
from research.verdict.judge import OUT_OF_SAMPLE_LEVEL, OutOfSample, PValues, Search, Verdict
from research.verdict.judge import judge as judge_money

__all__ = ["Earning", "earnings_of", "money_verdict"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Earning:
    """The bets on one forecast at level stakes.

    Attributes
    ----------
    model : str
    bets : int
    returned : Interval
        Yield: profit per unit staked. NaN without a bet.
    clv : Interval
        Closing line value: odds taken times the fair closing probability, minus one.
    staked, profit : float64 (n,)
        Units by judged event.
    """

    model: str
    bets: int
    returned: Interval
    clv: Interval
    staked: Floats
    profit: Floats

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "model": self.model,
            "bets": self.bets,
            "yield": plain(self.returned, "value"),
            "clv": plain(self.clv, "value"),
        }


def earnings_of(
    prob: Mapping[str, Floats], odds: Floats, close: Floats, outcome: Longs, weeks: Weeks, edge_min: float
) -> tuple[Earning, ...]:
    """Bet on each forecast.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        Forecasts by model.
    odds, close : float64 (n, n_outcomes)
        Decimal odds taken; fair closing probabilities.
    outcome : int64 (n,)
    weeks : Weeks
    edge_min : float
    """
    won = np.eye(odds.shape[1])[outcome]
    earned = []
    for name, values in prob.items():
        bets = (values * odds - 1.0 >= edge_min).astype(np.float64)
        staked, profit = bets.sum(axis=1), (bets * (odds * won - 1.0)).sum(axis=1)
        value = (bets * (odds * close - 1.0)).sum(axis=1)
        earned.append(
            Earning(name, int(bets.sum()), weeks.ratio(profit, staked), weeks.ratio(value, staked), staked, profit)
        )
    return tuple(earned)


def money_verdict(earnings: tuple[Earning, ...], dates: pl.Series, weeks: Weeks, seed: int) -> Verdict:
    """The verdict over the bets of all forecasts; dates of the judged events in order."""
    day = dates.cast(pl.Int32).to_numpy()
    day = day - day.min()
    profit = np.zeros((int(day.max()) + 1, len(earnings)))
    for column, one in enumerate(earnings):
        np.add.at(profit[:, column], day, one.profit)
    series = profit.astype(np.float32)
    best = _best(earnings)
    turnover = np.array([one.staked.sum() for one in earnings])
    evidence = assess(series, best, seed, cross_validate=False, level=LevelStakes(series, turnover)).evidence
    chosen = None if best is None else _path(earnings[best], day, weeks)
    return judge_money(
        PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble), Search(evidence.effective), chosen
    )


def _best(earnings: tuple[Earning, ...]) -> int | None:
    """The forecast whose bets earned most for their spread."""
    scores = [_score(one) for one in earnings]
    return int(np.argmax(scores)) if max(scores, default=-np.inf) > -np.inf else None


def _score(one: Earning) -> float:
    spread = float(one.profit.std())
    return float(one.profit.mean()) / spread if one.bets and spread > 0.0 else -np.inf


def _path(one: Earning, day: NDArray[np.int32], weeks: Weeks) -> OutOfSample:
    days = len(np.unique(day[one.staked > 0.0]))
    if not enough(one.bets, days):
        return OutOfSample(one.bets, days, one.returned.value, np.nan, np.nan, np.nan)
    lower = weeks.ratio(one.profit, one.staked, 1.0 - 2.0 * OUT_OF_SAMPLE_LEVEL).low
    return OutOfSample(one.bets, days, one.returned.value, one.returned.low, one.returned.high, lower)
