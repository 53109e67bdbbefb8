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
from research.judging.blocks import UNKNOWN, Interval, Weeks, plain
from research.verdict.at_level import LevelStakes
from research.verdict.evidence import assess, resampled
from research.verdict.judge import OUT_OF_SAMPLE_LEVEL, Flagged, OutOfSample, PValues, Search, Verdict
from research.verdict.judge import judge as judge_money
from research.verdict.plausibility import SweepMeasures, implausible_flags, yield_errors

__all__ = ["Earning", "earnings_of", "money_verdict"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
        Closing line value: odds taken times the fair closing probability, minus one; NaN where no price is later than
        those taken.
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
    prob: Mapping[str, Floats], odds: Floats, close: Floats | None, outcome: Longs, weeks: Weeks, edge_min: float
) -> tuple[Earning, ...]:
    """Bet on each forecast.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        Forecasts by model.
    odds : float64 (n, n_outcomes)
        Decimal odds taken.
    close : float64 (n, n_outcomes) or None
        Fair closing probabilities; None: no price is later than those taken.
    outcome : int64 (n,)
    weeks : Weeks
    edge_min : float
    """
    won = np.eye(odds.shape[1])[outcome]
    earned = []
    for name, values in prob.items():
        bets = (values * odds - 1.0 >= edge_min).astype(np.float64)
        staked, profit = bets.sum(axis=1), (bets * (odds * won - 1.0)).sum(axis=1)
        value = UNKNOWN
        if close is not None:
            value = weeks.ratio((bets * (odds * close - 1.0)).sum(axis=1), staked)
        earned.append(Earning(name, int(bets.sum()), weeks.ratio(profit, staked), value, staked, profit))
    return tuple(earned)


def money_verdict(earnings: tuple[Earning, ...], judged: pl.DataFrame, weeks: Weeks, seed: int) -> Verdict:
    """The verdict over the bets of all forecasts.

    A forecast whose result is implausible is set aside (`research.verdict.plausibility`). Out of sample is what each
    season's choice earned: the forecast, not set aside, that had done best before the season's first date. The first
    season has none; with a single one nothing is tested out of sample.

    Parameters
    ----------
    earnings : tuple of Earning
    judged : polars.DataFrame
        date and season of the judged events, in order of time.
    weeks : Weeks
        Of the same events.
    seed : int
    """
    day = judged["date"].cast(pl.Int32).to_numpy()
    day = day - day.min()
    profit = np.zeros((int(day.max()) + 1, len(earnings)))
    for column, one in enumerate(earnings):
        np.add.at(profit[:, column], day, one.profit)
    level = LevelStakes(profit.astype(np.float32), np.array([one.staked.sum() for one in earnings]))
    drawn = resampled(level.days, seed, judged.select(pl.col("date").min()).item(), level.days)
    flags = implausible_flags(_measures(earnings, level), drawn.moments)
    flagged = np.logical_or.reduce(list(flags.values()))
    aside, kept = np.flatnonzero(flagged).tolist(), np.flatnonzero(~flagged).tolist()
    best = _best(earnings, kept, np.ones(judged.height, dtype=np.bool_))
    evidence = assess(level.days, best, seed, drawn, cross_validate=False, aside=aside, level=level).evidence
    return judge_money(
        PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble),
        Search(evidence.effective),
        _out_of_sample(earnings, kept, judged["season"].to_numpy(), day, weeks),
        Flagged((), len(aside), len(aside) > evidence.betting),
    )


def _measures(earnings: tuple[Earning, ...], level: LevelStakes) -> SweepMeasures:
    bets = np.array([float(one.bets) for one in earnings])
    values = np.array([one.clv.value for one in earnings])
    known = np.where(np.isfinite(values), bets, 0.0)
    returned = np.array([one.returned.value for one in earnings])
    return SweepMeasures(bets, returned, values, known, yield_errors(level.days.T, level.turnover))


def _best(earnings: tuple[Earning, ...], among: list[int], events: Bools) -> int | None:
    """The forecast whose bets on some events earned most for their spread."""
    scores = {row: _score(earnings[row].staked[events], earnings[row].profit[events]) for row in among}
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] > -np.inf else None


def _score(staked: Floats, profit: Floats) -> float:
    spread = float(profit.std()) if staked.any() else 0.0
    return float(profit.mean()) / spread if spread > 0.0 else -np.inf


def _out_of_sample(
    earnings: tuple[Earning, ...], among: list[int], season: NDArray[np.object_], day: NDArray[np.int32], weeks: Weeks
) -> OutOfSample | None:
    """What the choices of the seasons earned; None: no season had one before it."""
    staked, profit, tested = np.zeros(len(day)), np.zeros(len(day)), False
    for name in dict.fromkeys(season.tolist()):
        here = season == name
        before = day < day[here].min()
        if not before.any():
            continue
        tested = True
        chosen = _best(earnings, among, before)
        if chosen is not None:
            staked[here], profit[here] = earnings[chosen].staked[here], earnings[chosen].profit[here]
    if not tested:
        return None
    bets, days = int(staked.sum()), len(np.unique(day[staked > 0.0]))
    found = weeks.ratio(profit, staked)
    if not (enough(bets, days) and found.known):
        return OutOfSample(bets, days, found.value, np.nan, np.nan, np.nan)
    lower = weeks.ratio(profit, staked, 1.0 - 2.0 * OUT_OF_SAMPLE_LEVEL).low
    return OutOfSample(bets, days, found.value, found.low, found.high, lower)
