"""What the defaults of `calibrated` and `stack` were chosen by: log loss on seasons and leagues that no table judges.

``python -m scripts.choices STORE E0,SP1,D1,I1,F1 2008-2012 elo,score_driven,logit`` for the seasons 2008/09 to 2012/13.
Each season is forecast by fits on all that was settled before its first match; calibrations and pools are learnt from
forecasts made ahead inside that past, in four parts. All matches that every model answers count, priced or not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.features import frames
from engine.schema import SELECTIONS, with_optional
from engine.store.store import Store
from engine.store.universe import Universe
from research.calibration import METHODS, fitted
from research.features import built_in
from research.forecasting.rows import OUTCOME, rows_of, training_rows
from research.judging.scores import log_losses
from research.models import made
from research.models._ahead import Ahead, ahead
from research.regression import pool

Floats = NDArray[np.float64]

MARKET: Final = "1x2"
PARTS: Final = 4


@dataclass(frozen=True)
class Season:
    """Forecasts of one season by all models: those of the past, made ahead, and those of the season itself."""

    past: Ahead
    chance: tuple[Floats, ...]
    outcome: NDArray[np.int64]


def seasons_of(store: Path, competitions: list[str], years: range, names: list[str]) -> list[Season]:
    """Walk through the seasons that begin in some years."""
    models = [made(name) for name in names]
    events = with_optional(Store.open(store).events(Universe()))
    decisions = events.select(pl.col("starts_at").alias("decided_at"), "event_id")
    features = dict.fromkeys(name for model in models for name in model.inputs().features)
    rows = rows_of(decisions, events, frames([built_in(name) for name in features], events, decisions))
    learned = training_rows(rows, events, np.iinfo(np.int64).max, MARKET)
    found = []
    for year in years:
        asked = learned.filter(pl.col("season") == f"{year}-{year + 1}", pl.col("competition").is_in(competitions))
        start = int(asked["decided_at"].cast(pl.Int64).min())  # type: ignore[arg-type]
        past = learned.filter(pl.col("settled_at").cast(pl.Int64) < start)
        known = ahead(models, past, SELECTIONS[MARKET], PARTS, "the choices")
        chance = tuple(model.fit(past, SELECTIONS[MARKET]).probabilities(asked) for model in models)
        found.append(Season(known, chance, asked[OUTCOME].cast(pl.Int64).to_numpy()))
    return found


def pooled(season: Season, places: tuple[int, ...]) -> Floats:
    """A pool of some of the models, its weights learnt from the past."""
    weights = pool.fitted([season.past.chance[place] for place in places], season.past.outcome, "the choices")
    return weights.probabilities([season.chance[place] for place in places])


def line(label: str, season_chance: list[Floats], seasons: list[Season]) -> None:
    """Print the mean log loss over the matches that every model answers."""
    losses = []
    for chance, season in zip(season_chance, seasons, strict=True):
        answered = ~np.isnan(np.stack([one[:, 0] for one in season.chance])).any(axis=0)
        losses.append(log_losses(chance[answered], season.outcome[answered]))
    whole = np.concatenate(losses)
    print(f"{label:28} {len(whole):7,} {whole.mean():.5f}", flush=True)


def main(store: str, competitions: str, years: str, models: str) -> None:
    """Print the table."""
    first, _, last = years.partition("-")
    names = models.split(",")
    seasons = seasons_of(Path(store), competitions.split(","), range(int(first), int(last or first) + 1), names)
    for place, name in enumerate(names):
        for method in METHODS:
            corrected = [
                fitted(method, s.past.chance[place], s.past.outcome, name).applied(s.chance[place]) for s in seasons
            ]
            line(f"{name} {method}", corrected, seasons)
    for size in range(2, len(names) + 1):
        for places in combinations(range(len(names)), size):
            line("+".join(names[place] for place in places), [pooled(s, places) for s in seasons], seasons)


if __name__ == "__main__":
    main(*sys.argv[1:])
