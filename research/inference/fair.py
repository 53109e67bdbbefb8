"""Could fair closing odds alone have produced this result? Exact and simulated p-values of a P&L.

Null hypothesis: every bet wins with its fair closing probability; stakes and odds are those of the bets. A bet then
earns its closing line value on average, so a small p-value says that the result is more than closing prices explain:
skill that the close does not contain, or a leak. With ``paid_at="fair"`` a win pays the fair closing odds instead, so
every bet has an expected value of zero. A small p-value then says that the result is more than luck at fair odds,
whatever its cause. Whole events are drawn, each with all its bets (`research.inference.payoffs`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from engine.errors import check_frame
from engine.kernel.codes import State
from research.inference.payoffs import BUDGET, pnl_distribution

__all__ = ["FairOddsTest", "fair_odds_test"]

#: default number of simulated results
PATHS: Final = 2000

_DECIDED: Final = tuple(s.name.lower() for s in (State.LOSE, State.HALF_LOSE, State.HALF_WIN, State.WIN))
_VOID: Final = State.VOID.name.lower()


@dataclass(frozen=True)
class FairOddsTest:
    """Test of a result against fair closing odds.

    Attributes
    ----------
    n_bets, n_events : int
        Bets that are tested, and their events.
    without_close, void, other_outcome : int
        Bets left out: without a closing probability; void; open or settled in another way (dead heat, cashed).
    observed_minor, turnover_minor : int
        P&L before commission and total stakes of the tested bets, minor units.
    expected_minor, deviation_minor : float
        Mean and standard deviation of the P&L under the null, minor units.
    p_exact : float
        Probability under the null of a P&L (and so of a yield) at least as high; NaN if the exact sum is too long.
    p_simulated : float
        The same from `paths` simulations; the observed result counts as one of them.
    paths : int
    """

    n_bets: int
    n_events: int
    without_close: int
    void: int
    other_outcome: int
    observed_minor: int
    turnover_minor: int
    expected_minor: float
    deviation_minor: float
    p_exact: float
    p_simulated: float
    paths: int

    @property
    def p_value(self) -> float:
        """The exact p-value, or the simulated one if there is none."""
        return self.p_simulated if math.isnan(self.p_exact) else self.p_exact

    @property
    def yield_frac(self) -> float:
        """Observed yield of the tested bets; NaN without a stake."""
        return self.observed_minor / self.turnover_minor if self.turnover_minor else math.nan

    @property
    def expected_yield_frac(self) -> float:
        """Expected yield under the null; NaN without a stake."""
        return self.expected_minor / self.turnover_minor if self.turnover_minor else math.nan


def fair_odds_test(
    bets: pl.DataFrame,
    rng: np.random.Generator,
    *,
    paths: int = PATHS,
    paid_at: Literal["placed", "fair"] = "placed",
    independent: bool = False,
    budget: int = BUDGET,
) -> FairOddsTest:
    """Test the P&L of bets against the null that every bet wins with its fair closing probability.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets`. Columns read: event_id, market, line, selection, side, odds_placed,
        stake_minor, backer_stake_minor, pnl_minor, state, close_prob. The null knows only full wins and losses of
        quarter lines, which is wider than their real distribution. P&L and payoffs are before commission. Taxes are not
        part of the payoffs under the null, so a taxed result looks worse than it is.
    rng : numpy.random.Generator
    paths : int
        Simulations of all events.
    paid_at : str
        Odds of a win under the null: ``placed``, or ``fair`` for the reciprocal of the closing probability.
    independent : bool
        Whether different markets and lines of one event are independent. Default: they share one draw.
    budget : int
        Most steps of the exact sum.

    Raises
    ------
    DataError
        If closing probabilities of one market and line contradict each other.
    """
    check_frame(bets, "bets")
    close = pl.col("close_prob").fill_nan(None)
    closing, decided, void = close.is_not_null(), pl.col("state").is_in(_DECIDED), pl.col("state") == _VOID
    tested = closing & decided
    without_close, n_void, n_bets = bets.select(
        (~closing).sum().alias("without"), (closing & void).sum().alias("void"), tested.sum().alias("tested")
    ).row(0)
    frame = bets.filter(tested)
    null = pnl_distribution(frame, paid_at=paid_at, independent=independent)
    observed = int(frame["pnl_minor"].sum())
    simulated = null.simulate(paths, rng)
    return FairOddsTest(
        n_bets=n_bets,
        n_events=frame["event_id"].n_unique(),
        without_close=without_close,
        void=n_void,
        other_outcome=len(bets) - without_close - n_void - n_bets,
        observed_minor=observed,
        turnover_minor=int(frame["stake_minor"].sum()),
        expected_minor=null.mean_minor,
        deviation_minor=null.deviation_minor,
        p_exact=null.tail_probability(observed, budget),
        p_simulated=float((1 + np.count_nonzero(simulated >= observed)) / (1 + paths)),
        paths=paths,
    )
