"""A model of the user's own, in a file outside the packages: found, fitted, kept, hashed, and held to its contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BeaError, ConfigurationError, DataError
from research.commands.main import main
from research.forecasting.artifacts import paths
from research.models import by_name, made, modules_of, names, own
from research.strategies.model_value import ModelValue
from research.tapes.builder import Tapes, building_code, tape_code
from research.tapes.fitting import fitted_at, opportunities
from research.tapes.inputs import strategy_of
from tests.commands import answer
from tests.own_model import edited, put, with_own_elo
from tests.research.strategies.test_model_value import DATES
from tests.tapes import spec_of

DATA = ["data=sample", "data.competitions=[SIM1]", "data.decide_at=before_start:1h"]


@pytest.fixture
def file(home: Path) -> Path:
    """The example's model in the home of a test."""
    return put(home)


@pytest.fixture(scope="module")
def drawn() -> tuple[Any, ...]:
    """A specification on the model, and events, views and features of the sample."""
    spec, tapes = spec_of(*DATA, "strategy=model", "model=elo"), Tapes()
    own = dict(spec.parameters) | {"model": "elo_bands", "model_parameters": (("rows_min", 50),)}
    return replace(spec, parameters=tuple(own.items())), *tapes.whole(spec), tapes.featured(spec)


def test_a_file_in_the_home_is_a_model(file: Path) -> None:
    assert own() == {"elo_bands": file.resolve()} and "elo_bands" in names() and "logit" in names()
    assert made("elo_bands", {"bands": 3}) == by_name("elo_bands")(bands=3)
    assert modules_of("elo_bands") == (file.resolve(),)
    assert modules_of("market_blend", {"of": ["elo_bands"]})[-1] == file.resolve(), "a pool may hold it"
    with pytest.raises(ConfigurationError, match="did you mean bands"):
        made("elo_bands", {"band": 3})
    file.with_name("_private.py").write_text("")
    assert "_private" not in names()


def test_it_bets_and_an_edit_makes_another_tape(file: Path) -> None:
    spec = spec_of(*DATA, "strategy=model", "model=elo_bands", "model.rows_min=50")
    strategy: Any = strategy_of(spec)
    assert isinstance(strategy, ModelValue) and strategy.requires().features == ("elo",)
    tape = Tapes().fresh(fitted_at(spec, strategy, DATES))
    assert len(tape) > 900 and 6 * 3 < len(set(tape.prob.tolist())) <= 2 * 6 * 3, "six bands, three outcomes, two fits"
    before = building_code(spec), Tapes().made_of(spec)
    assert file.resolve() in tape_code(spec)[0]
    edited(file, "added: float = 1.0", "added: float = 2.0")
    after = building_code(spec), Tapes().made_of(spec)
    assert before[0] != after[0] and before[1] != after[1]


def test_it_is_trained_and_its_artifact_is_refused_without_the_file(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*DATA, "model=elo_bands", "model.rows_min=40", "data.last_date=2022-06-30"]
    tune = ["tune=optuna", "tune.trials=2", "tune.space={bands: [2, 9]}"]
    document = answer(capsys, "train", *words, *tune, "output=json")
    assert document["model"] == "elo_bands" and document["metrics"]["n"] > 700
    assert document["parameters"]["bands"] in range(2, 10) and len(document["trials"]) == 2
    (path,) = paths()
    bet = ["strategy=model", f"strategy.artifact={path.stem}"]
    assert strategy_of(spec_of(*DATA, *bet)).requires().features == ("elo",)
    file.unlink()
    with pytest.raises(BeaError, match="unknown model 'elo_bands'") as caught:
        strategy_of(spec_of(*DATA, *bet))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("frozen=True)\nclass EloBands", "frozen=False)\nclass EloBands", "no such model"),
        ('name: ClassVar[str] = "elo_bands"', 'name: ClassVar[str] = "bands"', "expected a frozen dataclass"),
        ("bands: int = 6", "bands: int", "needs a default"),
        ("def restored(self", "def back(self", "expected methods inputs, fit and restored"),
        ('Inputs(features=("elo",))', '("elo",)', r"wrong inputs of a model in .*elo_bands\.py: expected Inputs\("),
        ('features=("elo",)', 'features="elo"', "wrong inputs of a model"),
        ('("elo",)', '("elo",), markets=("1x3",)', "of the markets 1x2, moneyline, found .*1x3"),
        ("class EloBands:", "class EloBands(:", r"the model is not valid Python in .*elo_bands\.py:4\d"),
        ("import numpy as np", "import numpy_ as np", r"the model failed in .*elo_bands\.py:9: found ModuleNotFound"),
    ],
)
def test_a_file_that_is_no_model_is_one_line(file: Path, old: str, new: str, text: str) -> None:
    edited(file, old, new)
    with pytest.raises(ConfigurationError, match=text) as caught:
        made("elo_bands")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("counts / counts.sum(axis=1, keepdims=True)", "counts", r"wrong probabilities in the answers of model"),
        ("return found\n", "return found[:, :2]\n", r"expected an array of float64 \(\d+, 3\), found float64"),
        ("return found\n", "return found.tolist()\n", "found list"),
        (
            "borders = np.quantile(",
            "borders = np.random.default_rng().normal(0, 9, self.bands - 1) + 0 * np.quantile(",
            r"a second fit on the same past",
        ),
        ('"shares": [', '"shares": [] and [', "."),
        ('Bands(tuple(artifact["borders"])', 'Bands(tuple(b + 9 for b in artifact["borders"])', "restored"),
        (
            "np.searchsorted(self.borders, known)]",
            "np.searchsorted(self.borders, known - np.append(known, 0.0)[0])]",
            "each row alone|another order",
        ),
        ("difference = known[DIFFERENCE]", "difference = known['elo.dif']", r"failed in .*elo_bands\.py:\d+"),
    ],
)
def test_a_model_that_breaks_the_contract_is_one_line(
    file: Path, drawn: tuple[Any, ...], old: str, new: str, text: str
) -> None:
    edited(file, old, new)
    spec, *seen = drawn
    with pytest.raises(BeaError, match=text) as caught:
        opportunities(fitted_at(spec, strategy_of(spec), DATES), strategy_of(spec), *seen)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_taken_is_refused(file: Path) -> None:
    file.rename(file.with_name("elo.py"))
    with pytest.raises(ConfigurationError, match="two models are named elo"):
        made("elo")


def test_a_feature_of_the_user_reaches_it(file: Path) -> None:
    feature = with_own_elo(file)
    spec = spec_of(*DATA, "strategy=model", "model=elo_bands", "model.rows_min=50")
    assert tape_code(spec)[1] == [feature]
    assert len(Tapes().fresh(fitted_at(spec, strategy_of(spec), DATES))) > 900


def test_what_breaks_in_training_names_the_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(file, "counts / counts.sum", "counts / counts.summ")
    assert main(["train", *DATA, "model=elo_bands", "model.rows_min=40"]) == 2
    assert "the model failed in" in (told := capsys.readouterr().err) and told.count("\n") == 1
    with pytest.raises(DataError, match="no such artifact"):
        strategy_of(spec_of(*DATA, "strategy=model", "strategy.artifact=123456"))
