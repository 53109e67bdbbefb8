"""The difference to the closing market by competition, season and the price of the favourite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.judging.blocks import Interval, Weeks, plain
from research.judging.scores import log_losses

__all__ = ["Part", "bands_of", "breakdown_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: edges of the bands of the favourite's closing odds
EDGES: Final = (1.25, 1.5, 2.0, 2.5)


@dataclass(frozen=True)
class Part:
    """One model on one part of the judged events.

    Attributes
    ----------
    by, group : str
        What the events are parted by; the part.
    model : str
    n : int
    log_loss : float
    vs_close : Interval
        Mean log loss minus that of the closing market.
    """

    by: str
    group: str
    model: str
    n: int
    log_loss: float
    vs_close: Interval

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "by": self.by,
            "group": self.group,
            "model": self.model,
            "n": self.n,
            "log_loss": self.log_loss,
            "vs_close": plain(self.vs_close, "diff"),
        }


def bands_of(odds: Floats) -> list[str]:
    """Band of the lowest odds of each book.

    >>> bands_of(np.array([[1.2, 7.0, 15.0], [2.0, 3.4, 4.0], [2.6, 3.2, 2.9]]))
    ['below 1.25', '2 to 2.5', '2.5 and more']
    """
    edges = [f"{edge:g}" for edge in EDGES]
    names = [f"below {edges[0]}", *(f"{a} to {b}" for a, b in pairwise(edges))]
    names.append(f"{edges[-1]} and more")
    return [names[place] for place in np.searchsorted(EDGES, odds.min(axis=1), side="right")]


def breakdown_of(
    prob: Mapping[str, Floats], judged: pl.DataFrame, odds: Floats, close: Floats, outcome: Longs, weeks: Weeks
) -> tuple[Part, ...]:
    """Part the judged events by competition, season and band.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        Forecasts by model.
    judged : polars.DataFrame
        competition and season of the events.
    odds, close : float64 (n, n_outcomes)
        Closing odds, and the probabilities without the margin.
    outcome : int64 (n,)
    weeks : Weeks
    """
    market = log_losses(close, outcome)
    losses = {name: log_losses(values, outcome) for name, values in prob.items()}
    parts = []
    for by, labels in (
        ("competition", judged["competition"].to_list()),
        ("season", judged["season"].to_list()),
        ("odds of the favourite", bands_of(odds)),
    ):
        names = np.asarray(labels)
        for group in sorted(set(labels), key=lambda name: (not name.startswith("below"), name)):
            here = (names == group).astype(np.float64)
            for model, loss in losses.items():
                difference = weeks.ratio((loss - market) * here, here)
                mean = float((loss * here).sum() / here.sum())
                parts.append(Part(by, group, model, int(here.sum()), mean, difference))
    return tuple(parts)
