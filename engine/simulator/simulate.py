"""A seeded simulator of betting markets with known true probabilities.

It simulates leagues of teams whose strengths drift, bookmakers that differ in margin, delay, error and longshot
bias, prices from the opening to the close, and results drawn from the true probabilities. On request it plants
edges: a known class of prices that is wrong by a known amount. The truth is returned in separate tables, never among
the quotes, so a statistic can be checked against it. The same settings give the same rows. Each league has its own
random stream.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.schema import QUARANTINE
from engine.simulator.prices import quote
from engine.simulator.season import play
from engine.simulator.settings import DEFAULT_BOOKMAKERS, MARKETS, Bookmaker, PlantedEdge, SimulatorSettings
from engine.simulator.tables import PLANTED, SOURCE, TRUTH, events_of, planted_of, quotes_of, truth_of
from engine.source.batch import Batch, Counts

__all__ = [
    "DEFAULT_BOOKMAKERS",
    "MARKETS",
    "PLANTED",
    "TRUTH",
    "Bookmaker",
    "PlantedEdge",
    "SimulatedLeague",
    "SimulatorSettings",
    "simulate",
    "simulate_leagues",
]


@dataclass(frozen=True)
class SimulatedLeague:
    """One simulated league.

    Attributes
    ----------
    batches : tuple of Batch
        Events and quotes, one batch per season.
    truth : polars.DataFrame
        `TRUTH`: true probabilities of each quoted selection, at each line.
    planted : polars.DataFrame
        `PLANTED`: the planted prices and their true expected profit per unit staked.
    """

    batches: tuple[Batch, ...]
    truth: pl.DataFrame
    planted: pl.DataFrame

    def save_truth(self, folder: Path) -> None:
        """Write `truth-<competition>.parquet` and `planted-<competition>.parquet` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        competition = self.batches[0].events["competition"][0]
        self.truth.write_parquet(folder / f"truth-{competition}.parquet")
        self.planted.write_parquet(folder / f"planted-{competition}.parquet")


def simulate(settings: SimulatorSettings) -> list[Batch]:
    """All events and quotes of a simulation, one batch per league and season."""
    return [batch for league in simulate_leagues(settings) for batch in league.batches]


def simulate_leagues(settings: SimulatorSettings) -> Iterator[SimulatedLeague]:
    """Simulate one league after another, each with its truth tables."""
    for number, competition in enumerate(settings.competitions):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([settings.seed, number])))
        yield _league(settings, competition, rng)


def _league(settings: SimulatorSettings, competition: str, rng: np.random.Generator) -> SimulatedLeague:
    league = play(settings, rng)
    prices, planted = quote(settings, league, competition, rng)
    events = events_of(settings, league, competition)
    event_id = events["event_id"].to_numpy()
    batches = []
    for season in range(settings.seasons):
        first, end = (int(row) for row in np.searchsorted(league.season, [season, season + 1]))
        quotes = quotes_of(prices, event_id, slice(first, end))
        batches.append(_batch(settings, events[first:end], quotes))
    truth = truth_of(settings, league, event_id, prices)
    return SimulatedLeague(tuple(batches), truth, planted_of(planted, event_id, truth))


def _batch(settings: SimulatorSettings, events: pl.DataFrame, quotes: pl.DataFrame) -> Batch:
    """One season as if it were one raw file. Its hash is computed from its name and the settings."""
    name = f"{SOURCE}/{settings.seed}/{events['competition'][0]}/{events['season'][0]}"
    sha = hashlib.sha256(f"{name}\n{settings.canonical()}".encode()).hexdigest()
    return Batch(
        source=SOURCE,
        name=name,
        raw_sha256=sha,
        raw_bytes_path=None,
        events=events.with_columns(raw_file=pl.lit(sha)),
        quotes=quotes,
        quarantine=pl.DataFrame(schema=QUARANTINE),
        counts=Counts(rows_read=len(events), rows_kept=len(events), prices_read=len(quotes), prices_kept=len(quotes)),
        refused=None,
    )
