"""The contract of every model, built-in ones and those of the user; a new one is tested as soon as its file is there.

``BEA_HOME=FOLDER pytest tests/contract/test_models.py`` tests the models in ``FOLDER/models``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from engine.errors import BeaError, ConfigurationError, DataError
from engine.schema import SELECTIONS
from research.forecasting.contract import Forecaster, Model
from research.forecasting.rows import OUTCOME
from research.models import built_in, by_name, made, names
from tests.contract.model_rows import WARM_UP, asked, drawn, log_loss, of_goals

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "conf" / "model"
#: a model of a user, in a file outside the packages
OWN = "elo_bands"
MARKETS = ("1x2", "moneyline")
N_PAST, N_NEW = 900, 400


class Case:
    """A model, its past and new rows, and the forecaster that it makes of the past; None: not for this market."""

    def __init__(self, name: str, market: str) -> None:
        self.name, self.market = name, market
        self.model = made(name)
        self.outcomes = tuple(SELECTIONS[market])
        self.past = drawn(self.model, N_PAST, market)
        self.new = drawn(self.model, N_NEW, market, seed=2)
        self.forecaster: Forecaster | None = None
        try:
            self.forecaster = self.model.fit(self.past, self.outcomes)
        except BeaError as error:
            # a pool is refused by the member for which there is no such market
            refusing = "score_driven" if name == "stack" else name
            assert market not in self.model.inputs().markets and "\n" not in str(error)
            assert f"model {refusing}" in str(error), "refused in one line"


@pytest.fixture(scope="module", params=[(name, market) for name in (*names(), OWN) for market in MARKETS], ids=str)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param[0] == OWN:
            patch.setenv("BEA_HOME", str(ROOT / "examples"))
        found = Case(*request.param)
        if found.forecaster is None:
            pytest.skip("the model says that it is not for this market")
        yield found


def answers(case: Case, rows: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    assert case.forecaster is not None
    return case.forecaster.probabilities(rows)


def test_it_is_a_frozen_dataclass_with_documented_parameters(case: Case) -> None:
    kind = by_name(case.name)
    assert is_dataclass(kind) and kind.__dataclass_params__.frozen and isinstance(case.model, Model)  # type: ignore[attr-defined]
    assert kind() == case.model and kind.name == case.name
    for field in fields(kind):
        assert field.name in (kind.__doc__ or ""), f"{field.name} is not documented"
    assert is_dataclass(case.forecaster) and type(case.forecaster).__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_rows_are_probabilities_or_nan_throughout(case: Case) -> None:
    found = answers(case, asked(case.new))
    assert found.shape == (N_NEW, len(case.outcomes)) and found.dtype == np.float64
    unknown = np.isnan(found)
    assert (unknown.all(axis=1) == unknown.any(axis=1)).all()
    known = found[~unknown[:, 0]]
    assert known.shape[0] >= N_NEW - WARM_UP and (known > 0).all()
    assert np.allclose(known.sum(axis=1), 1.0, atol=1e-9)
    if case.model.inputs().features and not case.model.inputs().market:
        assert unknown[:WARM_UP].all(), "nothing is guessed before the features are known"


def test_a_row_has_an_answer_only_where_all_that_the_fit_kept_is_known(case: Case) -> None:
    """But for ranking points, whose lack is stated, and trees, which learn what is missing."""
    rows = asked(case.new)[WARM_UP : WARM_UP + 40]
    used = 0
    for column in [name for name in rows.columns if "." in name and "ranking" not in name]:
        found = answers(case, rows.with_columns(pl.lit(None, rows.schema[column]).alias(column)))
        if np.array_equal(found, answers(case, rows)):
            continue  # not read by the fit
        used += 1
        assert case.name == "lightgbm" or np.isnan(found).all(), column
    assert used or not any("." in name for name in rows.columns)


def test_the_same_past_gives_the_same_bits(case: Case) -> None:
    again = case.model.fit(case.past, case.outcomes)
    assert json.dumps(again.artifact()) == json.dumps(case.forecaster.artifact())  # type: ignore[union-attr]
    assert np.array_equal(again.probabilities(asked(case.new)), answers(case, asked(case.new)), equal_nan=True)


def test_a_row_alone_has_the_same_bits_as_among_others_whatever_happened(case: Case) -> None:
    whole = answers(case, asked(case.new))
    alone = [answers(case, asked(case.new[row : row + 1]))[0] for row in range(0, N_NEW, 17)]
    assert np.array_equal(np.array(alone), whole[::17], equal_nan=True)
    turned = answers(case, asked(case.new)[::-1])
    assert np.array_equal(turned[::-1], whole, equal_nan=True)
    other = case.new.with_columns(pl.lit(0, pl.Int8).alias(OUTCOME), home_score=pl.lit(9, pl.Int32))
    assert np.array_equal(answers(case, other), whole, equal_nan=True)


def test_no_rows_give_no_probabilities(case: Case) -> None:
    assert answers(case, asked(case.new[:0])).shape == (0, len(case.outcomes))


def test_an_artifact_of_plain_values_gives_the_same_bits(case: Case) -> None:
    text = json.dumps(case.forecaster.artifact(), allow_nan=False)  # type: ignore[union-attr]
    again = case.model.restored(json.loads(text))
    assert json.dumps(again.artifact()) == text
    assert np.array_equal(again.probabilities(asked(case.new)), answers(case, asked(case.new)), equal_nan=True)


def test_the_artifact_of_another_model_is_refused(case: Case) -> None:
    with pytest.raises(DataError, match="the artifact is of another model: expected"):
        case.model.restored(dict(case.forecaster.artifact()) | {"model": "another"})  # type: ignore[union-attr]


def test_a_missing_column_is_refused_by_its_name(case: Case) -> None:
    read = []
    for column in [name for name in case.new.columns if "." in name]:
        try:
            answers(case, asked(case.new).drop(column))
        except DataError as error:
            assert column in str(error) and "\n" not in str(error)
            read.append(column)
    assert read or not case.model.inputs().features


def test_it_tells_more_than_the_shares_of_the_past_and_less_than_the_truth(case: Case) -> None:
    rows = case.new[WARM_UP:]
    found = answers(case, asked(rows))
    share = np.bincount(case.past[OUTCOME].to_numpy(), minlength=len(case.outcomes)) / N_PAST
    base = log_loss(np.tile(share, (rows.height, 1)), rows)
    assert log_loss(found, rows) < base - 0.04
    if case.market == "1x2":
        rng = np.random.default_rng(2)
        strength = rng.normal(0.0, 0.7, N_NEW)[WARM_UP:]
        truth = of_goals(1.4 * np.exp(0.45 * strength + 0.15), 1.4 * np.exp(-0.45 * strength - 0.15))
        assert log_loss(found, rows) > log_loss(truth, rows) - 0.02


def test_its_file_in_the_configuration_has_every_parameter_at_its_default_with_a_word_about_it(case: Case) -> None:
    if case.name not in built_in():
        return
    text = (CONFIGURATION / f"{case.name}.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    defaults = {field.name: field.default for field in fields(by_name(case.name))}
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}
    assert values == {"name": case.name} | listed
    lines = text.splitlines()
    assert lines[0].startswith("# ") and all("#" in line for line in lines if line.split(":")[0] in defaults)
    given = {name: value for name, value in values.items() if name != "name"}
    assert made(case.name, given).inputs() == case.model.inputs()


@pytest.mark.parametrize("name", [name for name in names() if made(name).inputs().features])
def test_a_past_without_anything_to_learn_from_is_refused_or_not_needed(name: str) -> None:
    model = made(name)
    past = drawn(model, N_PAST)
    try:
        found = model.fit(past[:0], ("home", "draw", "away"))
    except DataError as error:
        assert "\n" not in str(error) and name in str(error)
    else:  # it learns nothing but what its features are
        assert np.array_equal(
            found.probabilities(asked(past)), model.fit(past, ("home", "draw", "away")).probabilities(asked(past)),
            equal_nan=True,
        )  # fmt: skip


def test_an_unknown_model_or_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown model 'markte' in model: .*; did you mean market"):
        made("markte")
    with pytest.raises(ConfigurationError, match=r"unknown parameter 'depth' in model"):
        made("market", {"depth": 1.0})
