"""Could the fair closing odds alone have given this result: p-values of a P&L, exact and simulated.

The null hypothesis: every bet wins with its fair closing probability; stakes and odds stay as they were. A bet then
earns its closing line value on average, so a small p-value says that the result is more than closing prices explain:
skill that the close does not know, or a leak. With `at="fair"` a win pays the fair closing odds instead, no bet has
an expectation, and a small p-value says that the result is more than luck at fair odds gives, whatever it came from.
The unit that is drawn is the event with all its bets (`research.inference.payoffs`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from engine.kernel.codes import State
from research.inference.payoffs import BUDGET, law_of

__all__ = ["Fair", "against_fair"]

#: simulated results unless told
PATHS: Final = 2000

_DECIDED: Final = tuple(s.name.lower() for s in (State.LOSE, State.HALF_LOSE, State.HALF_WIN, State.WIN))
_VOID: Final = State.VOID.name.lower()


@dataclass(frozen=True)
class Fair:
    """A result against fair closing odds.

    Attributes
    ----------
    n_bets, n_events : int
        Bets that count, and their events.
    without_close, void, otherwise : int
        Bets left out: without a closing probability; given back; open, or ended in another way (dead heat, cashed).
    observed_minor, turnover_minor : int
        P&L before commission and stakes of the bets that count.
    expected_minor, spread_minor : float
        Mean and standard deviation of the P&L under the null.
    p_exact : float
        Probability under the null of a P&L (and so of a yield) at least as high; NaN where the exact sum is too long.
    p_simulated : float
        The same from `paths` draws, the observed one counted among them.
    paths : int
    """

    n_bets: int
    n_events: int
    without_close: int
    void: int
    otherwise: int
    observed_minor: int
    turnover_minor: int
    expected_minor: float
    spread_minor: float
    p_exact: float
    p_simulated: float
    paths: int

    @property
    def p_value(self) -> float:
        """The exact p-value, or the simulated one where there is none."""
        return self.p_simulated if math.isnan(self.p_exact) else self.p_exact

    @property
    def yield_frac(self) -> float:
        """Observed yield of the bets that count; NaN without a stake."""
        return self.observed_minor / self.turnover_minor if self.turnover_minor else math.nan

    @property
    def expected_yield_frac(self) -> float:
        """Yield that is expected under the null; NaN without a stake."""
        return self.expected_minor / self.turnover_minor if self.turnover_minor else math.nan


def against_fair(
    bets: pl.DataFrame,
    rng: np.random.Generator,
    *,
    paths: int = PATHS,
    at: Literal["placed", "fair"] = "placed",
    apart: bool = False,
    budget: int = BUDGET,
) -> Fair:
    """p-values of the P&L of `bets` where every bet wins with its fair closing probability.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets`: event_id, market, line, selection, side, odds_placed, stake_minor,
        backer_stake_minor, pnl_minor, state and close_prob are read. Of quarter lines the null knows full wins and
        losses only, which is wider than they are. P&L and payoffs are before commission; taxes are not part of the
        null's payoffs, so a taxed result looks worse than it is.
    rng : numpy.random.Generator
    paths : int
        Draws of all events.
    at : str
        Odds of a win under the null: ``placed``, or ``fair`` for the reciprocal of the closing probability.
    apart : bool
        Whether different markets and lines of one event are independent; default one draw for all of them.
    budget : int
        Steps of the exact sum at most.

    Raises
    ------
    DataError
        Where closing probabilities of one market and line contradict each other.
    """
    close = pl.col("close_prob").fill_nan(None)
    closing, decided, void = close.is_not_null(), pl.col("state").is_in(_DECIDED), pl.col("state") == _VOID
    counts = closing & decided
    left = bets.select(
        (~closing).sum().alias("without"), (closing & void).sum().alias("void"), counts.sum().alias("counts")
    ).row(0)
    frame = bets.filter(counts)
    law = law_of(frame, at=at, apart=apart)
    observed = int(frame["pnl_minor"].sum())
    drawn = law.drawn(paths, rng)
    return Fair(
        n_bets=left[2],
        n_events=frame["event_id"].n_unique(),
        without_close=left[0],
        void=left[1],
        otherwise=len(bets) - sum(left),
        observed_minor=observed,
        turnover_minor=int(frame["stake_minor"].sum()),
        expected_minor=law.mean_minor,
        spread_minor=law.spread_minor,
        p_exact=law.exact(observed, budget),
        p_simulated=float((1 + np.count_nonzero(drawn >= observed)) / (1 + paths)),
        paths=paths,
    )
