"""`bea train`, `bea models` and bets with a stored model, on the embedded sample."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.errors import BeaError, ConfigurationError, DataError
from engine.identity import event_ids
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import Learner, Stored
from research.commands.main import main
from research.config.compose import Composer, resolved
from research.config.tape_spec import TapeSpec, store_place
from research.execution.progress import Silence
from research.forecasting.artifacts import load, paths, save
from research.models import made
from research.tapes.builder import Tapes, building_code
from research.tapes.inputs import strategy_of
from research.training.settings import Settings, settings_of
from research.training.train import Trained, train, window_of
from tests.commands import answer
from tests.stores import stored
from tests.tapes import spec_of

WORDS = [
    "data=sample", "data.competitions=[SIM1]", "data.decide_at=before_start:1h", "data.last_date=2022-06-30",
]  # fmt: skip
LOGIT = ["model=logit", "model.features=[elo]", "model.rows_min=40"]


def settings(*words: str) -> Settings:
    return settings_of(resolved(Composer("train", None).compose([*WORDS, *words])))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("trained")
        patch.setenv("BEA_HOME", str(place))
        yield train(settings(*LOGIT, "tune=optuna", "tune.trials=6", "tune.batch=2", "tune.startup=4"), Silence())


@pytest.fixture
def kept(trained: Trained, home: Path) -> Path:
    """The artifact in the home of a test."""
    return save(trained.artifact)


def bets(*words: str) -> TapeSpec:
    return spec_of(*WORDS[:3], "strategy=model", *words)


def test_a_trial_is_scored_on_what_comes_after_its_past(trained: Trained, home: Path) -> None:
    """The scores of trial 0, by fits made here on the same rows."""
    window = window_of(settings(*LOGIT))
    assert window.rows.height == trained.artifact.n_rows and window.n_left_out == 0
    rows = window.rows
    first = next(trial for trial in trained.trials if trial.number == 0)
    day = rows["decided_at"].dt.date()
    cut = int(len(rows) / 6)
    border = day[cut]
    model = made("logit", {"features": ("elo",), "rows_min": 40})
    second = day[len(rows) * 2 // 6]
    since = dt.datetime(border.year, border.month, border.day, tzinfo=dt.UTC)
    past = rows.filter(pl.col("settled_at") < since)
    asked = rows.filter((pl.col("decided_at").dt.date() >= border) & (pl.col("decided_at").dt.date() < second))
    prob = model.fit(past, ("home", "draw", "away")).probabilities(asked)
    known = ~np.isnan(prob).any(axis=1)
    happened = prob[np.arange(len(prob)), asked["outcome"].to_numpy()]
    assert known.all() and first.score.by_fold[0] == pytest.approx(float(-np.log(happened).mean()), abs=1e-12)


def test_the_window_ends_with_the_last_event_that_is_learned_from(home: Path, tmp_path: Path) -> None:
    """A store of two sports: the events of the other one go on for years."""
    source = Store.open(store_place("embedded:sample"))
    events = source.events(Universe(competitions=("SIM1",), seasons=("2019-2020",)))
    later = events.with_columns(sport=pl.lit("tennis"), date=pl.col("date").dt.offset_by("2y")).with_columns(
        pl.col("starts_at", "settled_at").dt.offset_by("2y")
    )
    later = later.with_columns(pl.Series("event_id", event_ids(later), dtype=pl.Int64))
    quotes = source.quotes(Universe(competitions=("SIM1",), seasons=("2019-2020",), bookmakers=("pinnacle",)))
    stored(tmp_path / "store", pl.concat([events, later]), quotes)
    window = window_of(settings(*LOGIT, f"data.store={tmp_path / 'store'}", "data.last_date=null"))
    settled = events["settled_at"].cast(pl.Int64).max()
    assert window.rows.height == events.height and 0 < window.until_ns - int(str(settled)) <= 86_400 * 10**9


def test_the_artifact_has_the_best_parameters_and_the_fit_on_the_whole_window(trained: Trained, home: Path) -> None:
    best = min((trial for trial in trained.trials if not trial.score.is_pruned), key=lambda one: one.score.log_loss)
    artifact = trained.artifact
    assert artifact.parameters["ridge"] == best.parameters["ridge"] and len(trained.trials) == 6
    assert artifact.metrics["log_loss"] == best.score.log_loss < artifact.metrics["base_log_loss"]  # type: ignore[operator]
    window = window_of(settings(*LOGIT))
    assert artifact.until_ns == window.until_ns > window.rows["settled_at"].cast(pl.Int64).max()  # type: ignore[operator]
    assert window.until_ns - 86_400 * 10**9 <= window.rows["settled_at"].cast(pl.Int64).max()  # type: ignore[operator]
    again = made("logit", artifact.parameters).fit(window.rows, artifact.outcomes).artifact()
    assert json.loads(json.dumps(artifact.plain()["fitted"])) == json.loads(json.dumps(dict(again)))


def test_the_same_study_gives_the_same_artifact(trained: Trained, home: Path) -> None:
    words = (*LOGIT, "tune=optuna", "tune.trials=6", "tune.batch=2", "tune.startup=4")
    again = train(settings(*words), Silence())
    assert again.path.stem == trained.path.stem and again.study == trained.study
    assert (trained.n_read, train(settings(*words), Silence()).n_read) == (0, 6), "a finished study is read"
    plain = train(settings(*LOGIT), Silence())
    assert plain.study == "" and plain.artifact.parameters["ridge"] == made("logit").ridge and len(plain.trials) == 1


def test_a_stored_model_bets_after_its_window_only(kept: Path, home: Path) -> None:
    first_bet = str(pl.Series([load(kept).until_ns]).cast(pl.Datetime("ns")).dt.date()[0])
    of = bets(f"strategy.artifact={kept.stem[:10]}", f"strategy.first_bet={first_bet}")
    strategy = strategy_of(of)
    assert isinstance(strategy, Stored) and not isinstance(strategy, Learner)
    assert strategy.requires().features == ("elo",) and strategy.artifacts() == {"model": kept}
    tape = Tapes().fresh(of)
    assert len(tape) > 500 and tape.decided_at.min() >= load(kept).until_ns
    day_before = str(dt.date.fromisoformat(first_bet) - dt.timedelta(days=1))
    for words in ([], [f"strategy.first_bet={day_before}"]):
        with pytest.raises(DataError, match="trained on the period that it is to bet on") as caught:
            Tapes().fresh(bets(f"strategy.artifact={kept.stem[:10]}", *words))
        assert "\n" not in str(caught.value) and f"strategy.first_bet={first_bet}" in str(caught.value)


def test_its_content_belongs_to_the_run(kept: Path, home: Path) -> None:
    of = bets(f"strategy.artifact={kept}")
    before = building_code(of)
    kept.write_text(kept.read_text().replace('"n_rows"', '"n_rows" '))
    assert building_code(of) != before
    kept.write_text(kept.read_text().replace('"1x2"', '"moneyline"'))
    with pytest.raises(DataError, match="edited or damaged"):
        strategy_of(of)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["model=elo"], "two models"),
        (["strategy.market=moneyline"], "the market of the artifact"),
        (["strategy.first_bet=soon"], "a date such as"),
    ],
)
def test_a_wrong_choice_is_one_line(kept: Path, home: Path, words: list[str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        strategy_of(bets(f"strategy.artifact={kept.stem}", *words))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "no model is chosen"),
        (["model=market", "tune=optuna"], "nothing to tune"),
        (["model=elo", "tune.folds=1"], r"tune\.folds"),
        ([*LOGIT, "tune=optuna", "tune.prune=3"], r"tune\.prune"),
        ([*LOGIT, "tune.embargo=long"], r"tune\.embargo"),
        ([*LOGIT, "strategy=value"], "has no model"),
        (
            [*LOGIT, "data.last_date=2019-08-12"],
            r"6 parts of whole days .* found \d+ decisions on \d days",
        ),
        (["model=welo"], r"model welo is not for this market in strategy\.market: expected moneyline, found 1x2"),
        (["model=logit", "model.features=[welo,pi_ratings]"], r"expected features that have a market in common"),
        ([*LOGIT, "tune=optuna", "tune.storage=sqlite:////none/of/it.db"], r"tune\.storage: found /none/of; make it"),
        ([*LOGIT, "data.seasons=[1999-2000]"], "1999-2000"),
        ([*LOGIT, "tune=optuna", "tune.workers=2"], "several workers need a PostgreSQL server"),
        ([*LOGIT, "tune=optuna", "tune.workers=0"], r"tune\.workers: expected a whole number from 1"),
        ([*LOGIT, "tune.space={ridge: [1, 2]}"], r"nothing is tuned in tune\.space; add tune=optuna"),
        ([*LOGIT, "tune=optuna", "tune.space={rows_min: [0, 9]}"], r"refuses an end of the range in tune\.space"),
        ([*LOGIT, "clv.bookmaker=b365"], "bea train has no key clv.bookmaker"),
        ([*LOGIT, "report=true"], "bea train has no key report"),
    ],
)
def test_a_wrong_setting_is_one_line(words: list[str], text: str, home: Path) -> None:
    with pytest.raises(BeaError, match=text) as caught:
        train(settings(*words), Silence())
    assert "\n" not in str(caught.value) and paths() == []


def test_the_commands(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0 and "no stored model" in capsys.readouterr().out
    document = answer(capsys, "train", *WORDS, *LOGIT, "output=json")
    (path,) = paths()
    assert document["artifact"] == path.stem and document["study"] is None and document["n_rows"] > 800
    assert main(["train", *WORDS, *LOGIT]) == 0
    shown = capsys.readouterr().out
    assert f"strategy.artifact={path.stem[:12]}" in shown and "log loss" in shown
    bet = next(line for line in shown.splitlines() if line.startswith("bet ")).split()[1:]
    assert WORDS[2] in bet and isinstance(strategy_of(spec_of(*WORDS[:2], *bet)), Stored), "it can be copied"
    (listed,) = answer(capsys, "models", "--json")["models"]
    assert listed["hash"] == path.stem and listed["model"] == "logit"
    assert (
        main(["models", "show", path.stem[:8]]) == 0 and f"model.ridge={made('logit').ridge}" in capsys.readouterr().out
    )
    path.write_text(path.read_text().replace("logit", "logix"))
    assert main(["models"]) == 1 and "edited or damaged" in capsys.readouterr().out
    assert main(["models", "hide"]) == 2
