"""The ranked probability score of home, draw and away: a miss by two places costs more than one by one.

Epstein, "A scoring system for probability forecasts of ranked categories", Journal of Applied Meteorology 8 (1969),
divided by the number of borders as in Constantinou & Fenton, "Solving the problem of inadequate scoring rules for
assessing probabilistic football forecast models", Journal of Quantitative Analysis in Sports 8 (2012), equation 1.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernel.codes import State
from engine.schema import SELECTIONS

__all__ = ["ranked_scores", "won_odds"]

Floats = NDArray[np.float64]

_RANKED: Final = "1x2"
_WIN: Final = State.WIN.name.lower()


def won_odds(frame: pl.DataFrame) -> Floats:
    """Odds of our win: of a lay those of the back bet of equal risk."""
    placed = frame["odds_placed"].to_numpy().astype(np.float64)
    lay = (frame["side"] == "lay").fill_null(False).to_numpy()
    turned: Floats = np.where(lay, placed / np.where(lay, placed - 1.0, 1.0), placed)
    return turned


def ranked_scores(frame: pl.DataFrame) -> pl.DataFrame:
    """Scores of the events whose home, draw and away were all bet, by the probabilities used and by the market's.

    Parameters
    ----------
    frame : polars.DataFrame
        Bets that won or lost in full: event_id, date, market, selection, side, odds_placed, prob, close_prob and state
        are read. Several bets on one selection count as their mean; the three of an event are scaled to add up to 1.

    Returns
    -------
    polars.DataFrame
        event_id, date, own, close (NaN without a closing probability), odds (mean of the three); sorted by event.
    """
    lay = (pl.col("side") == "lay").fill_null(False)
    odds = pl.Series("odds", won_odds(frame))
    names = SELECTIONS[_RANKED]
    chances = frame.with_columns(odds).filter(pl.col("market").cast(pl.String) == _RANKED)
    each = chances.group_by("event_id", pl.col("selection").cast(pl.String), maintain_order=True).agg(
        pl.when(lay).then(1.0 - pl.col("prob")).otherwise("prob").mean().alias("own"),
        pl.when(lay).then(1.0 - pl.col("close_prob")).otherwise("close_prob").mean().alias("close"),
        ((pl.col("state") == _WIN) != lay).first().cast(pl.Float64).alias("won"),
        pl.col("odds").mean(),
        pl.col("date").first(),
    )

    def ranked(column: str) -> pl.Expr:
        whole = pl.sum_horizontal(f"{column}_{name}" for name in names)
        first = pl.col(f"{column}_{names[0]}") / whole - pl.col(f"won_{names[0]}")
        last = pl.col(f"{column}_{names[2]}") / whole - pl.col(f"won_{names[2]}")
        return (first**2 + last**2) / 2.0

    wide = each.group_by("event_id", maintain_order=True).agg(
        pl.col("date").first(),
        *(
            pl.col(column).filter(pl.col("selection") == name).first().alias(f"{column}_{name}")
            for column in ("own", "close", "won", "odds")
            for name in names
        ),
    )
    whole = wide.drop_nulls().filter(
        pl.sum_horizontal(f"own_{name}" for name in names) > 0.0,
        pl.sum_horizontal(f"won_{name}" for name in names) == 1.0,
    )
    return whole.select(
        "event_id",
        "date",
        own=ranked("own"),
        close=ranked("close"),
        odds=pl.mean_horizontal(f"odds_{name}" for name in names),
    ).sort("event_id")
