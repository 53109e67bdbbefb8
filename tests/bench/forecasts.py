"""Forecasts of penaltyblog and sports-betting beside ours, on the same matches and splits, in one run.

    python -m tests.bench.forecasts STORE [--every DAYS] [--environment FOLDER]

STORE holds five leagues of football-data.co.uk. The judged matches are those of
`bea judge experiment=judge/five_leagues`; a match that one of the contenders does not answer is judged for none. The
packages are installed into an environment of their own (`tests.bench.environment`). Prints one row for each forecast.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.config.compose import Composer, resolved
from research.forecasting.rows import OUTCOME
from research.goals.fitted import Prior, fitted
from research.goals.grid import low_score_grid
from research.goals.newton import Played
from research.inference.rps import ranked
from research.judging.entries import Asked, entry_of
from research.judging.sample import Sample, sample_of
from research.judging.scores import log_losses
from research.judging.settings import Settings, settings_of
from research.judging.walk import Walk, decided_rows, refit_instants
from tests.bench.environment import default_folder, peers_python
from tests.bench.measure import Worker

Floats = NDArray[np.float64]

LEAGUES = ("E0", "SP1", "D1", "I1", "F1")
#: of the goal models of both: weights by age, and the days of matches that count
DECAY, WINDOW = 0.0018, 1461
#: a peer that takes longer is given up, seconds
LIMIT_S = 7200.0
MODELS = ("elo", "pi", "poisson", "dixon_coles", "score_driven", "logit")
PEERS = {
    "penaltyblog Elo": ("penaltyblog_forecasts", "elo"),
    "penaltyblog pi-ratings": ("penaltyblog_forecasts", "pi"),
    "penaltyblog Poisson": ("penaltyblog_forecasts", "poisson"),
    "penaltyblog Dixon-Coles": ("penaltyblog_forecasts", "dixon_coles"),
    "sports-betting, teams and form": ("sportsbetting_forecasts", "teams"),
    "sports-betting, the terms of logit": ("sportsbetting_forecasts", "terms"),
}


@dataclass(frozen=True)
class Spoken:
    """What one forecaster said of the judged matches, and how long it took.

    Attributes
    ----------
    prob : float64 (n, 3)
        NaN: no answer.
    seconds : float
        Of processor time, from results to probabilities, without imports and compilation.
    """

    prob: Floats
    seconds: float


def five_leagues(store: Path) -> Settings:
    """The settings of the judgement, learning from these leagues only."""
    words = ["experiment=judge/five_leagues", f"data.store={store}", f"data.competitions=[{','.join(LEAGUES)}]"]
    return settings_of(resolved(Composer("judge").compose(words)))


def timed(work: Callable[[], Floats]) -> Spoken:
    """What a piece of work says the second time: the first one compiles."""
    work()
    start = process_time()
    prob = work()
    return Spoken(prob, process_time() - start)


def of_model(name: str, settings: Settings, sample: Sample) -> Spoken:
    """One of our models, walked as `bea judge` does."""
    entry = entry_of(Asked(name), settings)

    def work() -> Floats:
        rows = decided_rows(sample, [entry.model])
        return Walk(sample, rows, settings.market, refit_instants(sample.judged, settings.refit)).of(entry).prob

    return timed(work)


def played_of(sample: Sample) -> pl.DataFrame:
    """All played matches, in the order of their starts."""
    played = sample.events.filter((pl.col("status") == "played") & pl.col("home_score").is_not_null())
    return played.sort("starts_at", "event_id")


def task(sample: Sample) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """All played matches as arrays by name, and the places of the judged ones among them."""
    played = played_of(sample)
    teams = pl.concat([played["home"], played["away"]]).unique().sort()
    place = {name: k for k, name in enumerate(teams)}
    judged = played["event_id"].is_in(sample.judged["event_id"].implode()).to_numpy()
    arrays = {
        "day": played["date"].cast(pl.Int32).cast(pl.Int64).to_numpy(),
        "season": played["season"].cast(pl.String).to_numpy().astype(str),
        "league": np.array([LEAGUES.index(name) for name in played["competition"]]),
        "home": np.array([place[name] for name in played["home"]]),
        "away": np.array([place[name] for name in played["away"]]),
        "home_goals": played["home_score"].to_numpy().astype(np.int64),
        "away_goals": played["away_score"].to_numpy().astype(np.int64),
        "judged": judged.astype(np.int64),
        "teams": np.array(teams.to_list()),
    }
    order = {event: k for k, event in enumerate(played["event_id"].to_list())}
    return arrays, np.array([order[event] for event in sample.judged["event_id"].to_list()])


def inputs_of(sample: Sample, settings: Settings, features: Mapping[str, tuple[str, ...]]) -> Floats:
    """Columns of our features of all played matches, in the order of `task`; rates as their logarithms."""
    names = list(features)
    rows = decided_rows(sample, [entry_of(Asked("logit", (("features", tuple(names)),)), settings).model])
    asked = played_of(sample).select("event_id").join(rows, on="event_id", how="left")
    columns = [
        pl.col(f"{name}.{column}").log() if column.endswith("rate") else pl.col(f"{name}.{column}")
        for name in names for column in features[name]
    ]  # fmt: skip
    return asked.select(columns).cast(pl.Float64).fill_null(np.nan).to_numpy()


def ours_at_their_cuts(job: Mapping[str, NDArray[Any]], every: int, with_rho: bool) -> Floats:
    """Our compiled fit at the same cuts, with the same weights and without a prior, as penaltyblog has it."""
    prob = np.full((len(job["day"]), 3), np.nan)
    start = job["day"].min()
    for league in range(len(LEAGUES)):
        rows = np.flatnonzero(job["league"] == league)
        judged = rows[job["judged"][rows] > 0]
        block = (job["day"][judged] - start) // every
        for number in np.unique(block):
            asked, first = judged[block == number], start + number * every
            past = rows[(job["day"][rows] < first) & (job["day"][rows] >= first - WINDOW)]
            known, sides = np.unique(np.concatenate([job["home"][past], job["away"][past]]), return_inverse=True)
            home, away = np.split(sides.astype(np.int64), 2)
            scored, conceded = (job[f"{side}_goals"][past].astype(np.float64) for side in ("home", "away"))
            neutral, days = np.zeros(len(past), dtype=np.int64), job["day"][past].astype(np.float64)
            played = Played(home, away, neutral, scored, conceded, days)
            model = fitted(played, len(known), decay=DECAY, prior=Prior(1e-6), with_rho=with_rho)
            here = asked[np.isin(job["home"][asked], known) & np.isin(job["away"][asked], known)]
            if len(here):
                at = (np.searchsorted(known, job[side][here]) for side in ("home", "away"))
                rates = np.array([model.rates(*pair) for pair in zip(*at, strict=True)])
                prob[here] = low_score_grid(rates[:, 0], rates[:, 1], np.full(len(here), model.rho)).result()
    return prob


def of_peer(python: Path, name: str, job: Mapping[str, NDArray[Any]], folder: Path) -> Spoken:
    """One of `PEERS`, in a process of its own environment."""
    file, kind = PEERS[name]
    path = folder / f"{file}_{kind}.npz"
    arrays: dict[str, Any] = {**job, "kind": np.array(kind)}
    np.savez(path, **arrays)
    process = Worker(python, Path(__file__).parent / "contenders" / f"{file}.py", 1, LIMIT_S)
    try:
        process.ask(do="prepare", job=kind, path=str(path))
        answer = process.ask(do="run", job=kind)
    finally:
        process.close()
    return Spoken(np.array(answer["prob"]).reshape(-1, 3), answer["seconds"] * answer["cores"])


def table(spoken: Mapping[str, Spoken], outcome: NDArray[np.int64]) -> list[str]:
    """A row for each forecast over the matches that all answered: log loss, RPS, seconds of one core."""
    common = np.all([np.isfinite(one.prob).all(axis=1) for one in spoken.values()], axis=0)
    lines = [f"{int(common.sum()):,} of {len(common):,} matches are answered by all"]
    for name, one in spoken.items():
        prob, happened = one.prob[common], outcome[common]
        log_loss, rps = log_losses(prob, happened).mean(), ranked(prob, happened).mean()
        lines.append(f"| {name} | {log_loss:.4f} | {rps:.4f} | {one.seconds:,.2f} |")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--every", type=int, default=14, help="days between refits of penaltyblog's goal models")
    parser.add_argument("--environment", type=Path, help="folder of the packages' environment")
    given = parser.parse_args()
    settings = five_leagues(given.store.absolute())
    sample = sample_of(settings)
    job, judged = task(sample)
    job |= {"every": np.array(given.every), "window": np.array(WINDOW), "decay": np.array(DECAY)}
    spoken = {"Pinnacle, closing": Spoken(sample.fair["market_close"], 0.0)}
    for name in MODELS:
        spoken[f"`{name}`"] = of_model(name, settings, sample)
    for name, with_rho in (("Poisson", False), ("Dixon-Coles", True)):
        one = timed(lambda: ours_at_their_cuts(job, given.every, with_rho))  # noqa: B023
        spoken[f"our {name} fit at penaltyblog's cuts"] = Spoken(one.prob[judged], one.seconds)
    form = ("home_scored", "home_conceded", "away_scored", "away_conceded", "home_points", "away_points")
    rates = dict.fromkeys(("dixon_coles", "score_driven", "score_driven_shots"), ("home_rate", "away_rate"))
    inputs = {"teams": inputs_of(sample, settings, {"form": form}), "terms": inputs_of(sample, settings, rates)}
    python = peers_python(given.environment or default_folder())
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, kind) in PEERS.items():
            one = of_peer(python, name, job | {"inputs": inputs.get(kind, np.zeros((1, 1)))}, Path(folder))
            spoken[name] = Spoken(one.prob[judged], one.seconds)
    sys.stdout.write("\n".join(table(spoken, sample.judged[OUTCOME].to_numpy().astype(np.int64))) + "\n")


if __name__ == "__main__":
    main()
