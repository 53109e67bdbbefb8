"""What may be judged besides prices: parameters, models of the user's own, stored models and what refuses them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import BeaError
from research.forecasting.artifacts import Artifact, load, save
from research.judging.entries import Asked, entry_of
from research.judging.judgement import judge
from research.judging.sample import sample_of
from research.judging.settings import Settings
from research.judging.walk import Walk, decided_rows, refit_instants
from research.models import made
from research.strategies.model_value import ModelValue
from research.tapes.stored import answering_code, versions_of
from tests.research.judging.test_settings import settings

OUTCOMES = ("home", "draw", "away")
OWN = '''
"""A model that always says the same."""
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from research.forecasting.contract import Inputs
@dataclass(frozen=True)
class Said:
    shares: tuple
    def probabilities(self, rows):
        return np.tile(self.shares, (rows.height, 1))
    def artifact(self):
        return {"shares": list(self.shares)}
@dataclass(frozen=True)
class Mine:
    name: ClassVar[str] = "mine"
    home: float = 0.45
    def inputs(self):
        return Inputs()
    def fit(self, past, outcomes):
        return Said((self.home, 0.25, 0.75 - self.home))
    def restored(self, artifact):
        return Said(tuple(artifact["shares"]))
'''


def chosen(store: Path, *words: str) -> Settings:
    """Settings over the small store, the last season judged."""
    return settings(f"data.store={store}", "judge.first_date=2020-07-01", "judge.resamples=100", *words)


@pytest.fixture(scope="module")
def base(leagues: Path) -> Artifact:
    """A model that is fitted on the seasons before the judged one."""
    sample = sample_of(chosen(leagues))
    model = made("pi")
    walk = Walk(sample, decided_rows(sample, [model]), "1x2", refit_instants(sample.judged, "once"))
    (until,) = walk.instants
    past, of = walk.past(until), ModelValue(model="pi")
    return Artifact(
        model="pi", parameters={}, market="1x2", outcomes=OUTCOMES, features=model.inputs().features,
        reads_market=False, first_ns=int(past["decided_at"].dt.epoch("ns").min()),  # type: ignore[arg-type]
        until_ns=until, n_rows=past.height, rows_hash="aa",
        rows={"data.decide_at": "quote", "data.first_date": None, "data.seasons": None}, code=answering_code(of),
        versions=versions_of(of), metrics={}, fitted=model.fit(past, OUTCOMES).artifact(),
    )  # fmt: skip


def stored(artifact: Artifact, **other: Any) -> str:
    """Keep it, with other facts; returns its hash."""
    return load(save(replace(artifact, **other))).hash


def test_a_stored_model_says_what_the_fit_said_and_is_fitted_no_more(leagues: Path, home: Path, base: Artifact) -> None:
    found = stored(base)
    judgement = judge(chosen(leagues, f"judge.models=[pi,'artifact:{found[:10]}']"))
    assert list(judgement.prob) == ["market_close", "pi", f"pi@{found[:12]}"]
    assert (judgement.prob["pi"] == judgement.prob[f"pi@{found[:12]}"]).all()
    fresh, kept = judgement.fits
    assert (fresh.until_ns, fresh.rows) == (kept.until_ns, kept.rows) and kept.model == f"pi@{found[:12]}"


@pytest.mark.parametrize(
    ("other", "words", "message"),
    [
        ({}, ["judge.first_date=2019-09-01"], "a model trained on the period that it is judged on in artifact"),
        ({}, ["data.first_date=2019-07-01"], "a model trained on other rows: data.first_date differs in artifact"),
        ({"market": "moneyline"}, [], "a stored model of another market"),
        ({"rows": {"strategy.market_bookmaker": "b365"}}, [], "rows: judge.markets.market_open differs"),
        ({"rows": {"strategy.method": "shin"}}, [], "rows: judge.method differs"),
        ({"code": "0" * 16}, [], "the code of the model or of its features has changed"),
        ({"versions": {"numpy": "1"}}, [], "a model trained with another version of numba"),
    ],
)
def test_a_stored_model_of_other_things_is_one_line(
    leagues: Path, home: Path, base: Artifact, other: dict[str, Any], words: list[str], message: str
) -> None:
    found = stored(base, **other)
    with pytest.raises(BeaError) as caught:
        judge(chosen(leagues, f"judge.models=['artifact:{found}']", *words))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_edited_artifact_is_refused(leagues: Path, home: Path, base: Artifact) -> None:
    found = stored(base)
    path = home / "data" / "models" / f"{found}.json"
    path.write_text(path.read_text().replace('"n_rows": ', '"n_rows": 1'))
    with pytest.raises(BeaError, match="it was edited or damaged"):
        entry_of(Asked(f"artifact:{found}"), chosen(leagues))


def test_parameters_reach_the_model_and_its_label(leagues: Path, home: Path) -> None:
    asked = "{model:logit,features:[pi_ratings.diff]},{model:logit,ridge:1e9,features:[pi_ratings.diff]}"
    judgement = judge(chosen(leagues, f"judge.models=[{asked}]"))
    names = ["logit{features: [pi_ratings.diff]}", "logit{ridge: 1000000000.0, features: [pi_ratings.diff]}"]
    assert list(judgement.prob) == ["market_close", *names]
    free, flat = (np.ptp(judgement.prob[name], axis=0).max() for name in names)
    assert flat < 1e-3 < 0.1 < free


def test_a_model_of_the_users_own_is_judged_by_its_name(leagues: Path, home: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "mine.py").write_text(OWN)
    judgement = judge(chosen(leagues, "judge.models=[mine,{model:mine,home:0.4}]"))
    assert judgement.prob["mine"][0].tolist() == [0.45, 0.25, 0.3]
    assert judgement.prob["mine{home: 0.4}"][0] == pytest.approx([0.4, 0.25, 0.35])
    with pytest.raises(BeaError, match=r"unknown model 'mime' in judge.models.*did you mean mine"):
        judge(chosen(leagues, "judge.models=[mime]"))
    with pytest.raises(BeaError, match="unknown parameter 'hone'"):
        judge(chosen(leagues, "judge.models=[{model:mine,hone:0.4}]"))
