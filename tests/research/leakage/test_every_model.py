"""No model raises an alarm in a small drawn world; one that learns from results not known yet does, in its column.

``python -m tests.research.leakage.every_model`` is the same on real matches.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import research.models as models
from engine.paths import home
from engine.schema import ALL_EVENTS
from engine.simulator.simulate import simulate
from engine.source.batch import Batch
from engine.store.store import Store
from research.forecasting.rows import training_rows
from research.leakage import finder
from research.leakage.finder import Search, find_leaks
from research.strategies import model_value
from tests.research.conftest import SETTINGS
from tests.research.leakage.every_model import MODELS, answered, subject_of

pytestmark = pytest.mark.slow

#: of models that otherwise want more matches than this world has
FEWER: dict[str, dict[str, Any]] = {
    **{name: {"rows_min": 40} for name in ("elo", "pi", "logit", "elo_surface", "welo")},
    "lightgbm": {"rows_min": 40, "rows_leaf": 10, "rounds_max": 20},
    "calibrated": {"of": "dixon_coles", "parts": 2},
    "stack": {"of": ["dixon_coles", "poisson"], "parts": 2},
    "market_blend": {"of": ["dixon_coles"], "parts": 2},
}
#: prices, and goal models, whose rates are those of a feature: they learn nothing from the rows of the past
UNFITTED = ("market", "poisson", "dixon_coles", "bivariate_poisson", "score_driven")
NAMES = (*MODELS["1x2"], *MODELS["moneyline"])


def matches(batch: Batch, rng: np.random.Generator) -> Batch:
    """A league with shots; of the second league a tour: two ways to end, sets, surfaces and a ranking."""
    events, n = batch.events, batch.events.height
    if batch.events["competition"][0] == "ONE":
        shots = {
            f"{side}_{kind}": pl.col(f"{side}_score") + pl.Series(rng.poisson(mean, n))
            for side in ("home", "away")
            for kind, mean in (("shots", 9.0), ("shots_on_target", 3.0))
        }
        return replace(batch, events=typed(events.with_columns(**shots)))
    events = events.filter(pl.col("winner") != "draw")
    home = pl.col("winner") == "home"
    tour = {
        "sport": pl.lit("tennis"),
        "home_score": pl.when(home).then(2).otherwise(1),
        "away_score": pl.when(home).then(1).otherwise(2),
        "set_games": pl.when(home).then(pl.lit("6-4 3-6 6-2")).otherwise(pl.lit("4-6 6-3 5-7")),
        "best_of": pl.Series(rng.choice([3, 5], events.height)),
        "surface": pl.Series(rng.choice(["clay", "hard"], events.height)),
        "home_rank_points": pl.Series(rng.integers(100, 5000, events.height)),
        "away_rank_points": pl.Series(rng.integers(100, 5000, events.height)),
    }
    quotes = batch.quotes.filter(pl.col("selection") != "draw").with_columns(market=pl.lit("moneyline"))
    return replace(
        batch, events=typed(events.with_columns(**tour)), quotes=quotes.join(events, on="event_id", how="semi")
    )


def typed(events: pl.DataFrame) -> pl.DataFrame:
    return events.cast({name: kind for name, kind in ALL_EVENTS.items() if name in events.columns})


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the matches of a league and of a tour."""
    folder, rng = tmp_path_factory.mktemp("drawn"), np.random.default_rng(3)
    settings = replace(
        SETTINGS, teams=10, seasons=4, bookmakers=SETTINGS.bookmakers[:2], aggregates=False, closing=False
    )
    Store.create_or_open(folder / "data" / "store").apply([matches(batch, rng) for batch in simulate(settings)])
    return folder


@pytest.fixture()
def at_home(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(drawn))


def test_every_model_is_tested() -> None:
    assert set(NAMES) == set(models.names())


@pytest.mark.proof
@pytest.mark.usefixtures("at_home")
def test_no_model_raises_an_alarm() -> None:
    tested = subject_of(NAMES, ("2021-07-01", "2021-10-01"), FEWER)
    counts = answered(tested)
    assert {name: count for name, count in counts.items() if count < 50} == {}
    findings = find_leaks(tested, Search(instants=2, seed=1))
    assert findings.leaks == () and findings.coverage.decisions > 120
    assert {f"prob_{name}" for name in NAMES} <= set(findings.coverage.columns)
    assert "results" not in findings.coverage.untouched


@pytest.mark.usefixtures("at_home")
def test_a_fit_on_later_results_shows_in_the_column_of_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of the past moved by a number that all results of the store make."""

    def moved(*arguments: Any) -> pl.DataFrame:
        learned, goals = training_rows(*arguments), Store.open(home() / "data" / "store").events()["home_score"].sum()
        return learned.with_columns(pl.Series("outcome", np.roll(learned["outcome"], goals)))

    monkeypatch.setattr(model_value, "training_rows", moved)
    monkeypatch.setattr(finder, "_MAX_CAUSES", 0)
    findings = find_leaks(subject_of(NAMES, ("2021-07-01",), FEWER), Search(instants=1, seed=1))
    assert {leak.column for leak in findings.leaks} == {f"prob_{name}" for name in NAMES if name not in UNFITTED}
