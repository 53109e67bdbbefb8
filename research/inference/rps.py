"""The ranked probability score of ordered outcomes: a miss by two places costs more than a miss by one.

Epstein, "A scoring system for probability forecasts of ranked categories", Journal of Applied Meteorology 8 (1969),
divided by the number of category boundaries as in Constantinou & Fenton, "Solving the problem of inadequate scoring
rules for assessing probabilistic football forecast models", Journal of Quantitative Analysis in Sports 8 (2012),
equation 1; with two outcomes it is the squared error of one of them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernel.codes import State
from engine.schema import SELECTIONS

__all__ = ["ranked", "ranked_probability_scores", "win_odds"]

Floats = NDArray[np.float64]

_MARKET: Final = "1x2"
_WIN: Final = State.WIN.name.lower()


def ranked(prob: Floats, outcome: NDArray[np.int64]) -> Floats:
    """Ranked probability score of each forecast; (n,).

    Parameters
    ----------
    prob : float64 (n, n_outcomes)
        Outcomes in their order. A row with a NaN has the score NaN.
    outcome : int64 (n,)
        Index of what happened.

    Examples
    --------
    >>> ranked(np.array([[0.5, 0.25, 0.25]]), np.array([2])).tolist()
    [0.40625]
    """
    apart = np.cumsum(prob - np.eye(prob.shape[1])[outcome], axis=1)[:, :-1]
    scores: Floats = (apart**2).sum(axis=1) / (prob.shape[1] - 1)
    return scores


def win_odds(bets: pl.DataFrame) -> Floats:
    """Decimal odds of our win: the odds placed, or for a lay those of the back bet of equal risk; (n,)."""
    placed = bets["odds_placed"].to_numpy().astype(np.float64)
    lay = (bets["side"] == "lay").fill_null(False).to_numpy()
    back_equivalent: Floats = np.where(lay, placed / np.where(lay, placed - 1.0, 1.0), placed)
    return back_equivalent


def ranked_probability_scores(bets: pl.DataFrame) -> pl.DataFrame:
    """Score the strategy's and the market's probabilities on the events with bets on home, draw and away.

    Parameters
    ----------
    bets : polars.DataFrame
        Bets that won or lost in full. Columns read: event_id, date, market, selection, side, odds_placed, prob,
        close_prob, state. Several bets on one selection count as their mean. The three probabilities of an event are
        scaled to sum to 1.

    Returns
    -------
    polars.DataFrame
        event_id, date, strategy, market (NaN without a closing probability), odds (mean of the three); sorted by event.
    """
    lay = (pl.col("side") == "lay").fill_null(False)
    odds = pl.Series("odds", win_odds(bets))
    names = SELECTIONS[_MARKET]
    rows = bets.with_columns(odds).filter(pl.col("market").cast(pl.String) == _MARKET)
    selections = rows.group_by("event_id", pl.col("selection").cast(pl.String), maintain_order=True).agg(
        pl.when(lay).then(1.0 - pl.col("prob")).otherwise("prob").mean().alias("strategy"),
        pl.when(lay).then(1.0 - pl.col("close_prob")).otherwise("close_prob").mean().alias("market"),
        ((pl.col("state") == _WIN) != lay).first().cast(pl.Float64).alias("won"),
        pl.col("odds").mean(),
        pl.col("date").first(),
    )

    events = selections.group_by("event_id", maintain_order=True).agg(
        pl.col("date").first(),
        *(
            pl.col(column).filter(pl.col("selection") == name).first().alias(f"{column}_{name}")
            for column in ("strategy", "market", "won", "odds")
            for name in names
        ),
    )
    complete = events.drop_nulls().filter(
        pl.sum_horizontal(f"strategy_{name}" for name in names) > 0.0,
        pl.sum_horizontal(f"won_{name}" for name in names) == 1.0,
    )
    won = complete.select(f"won_{name}" for name in names).to_numpy().argmax(axis=1)

    def score(column: str) -> Floats:
        prob = complete.select(f"{column}_{name}" for name in names).to_numpy()
        return ranked(prob / prob.sum(axis=1, keepdims=True), won)

    return complete.select(
        "event_id",
        "date",
        strategy=pl.Series(score("strategy")),
        market=pl.Series(score("market")),
        odds=pl.mean_horizontal(f"odds_{name}" for name in names),
    ).sort("event_id")
