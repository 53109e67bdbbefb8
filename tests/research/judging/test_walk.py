"""Files of the user in a judgement: models are held to their contract, features may not look ahead."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import BeaError, ConfigurationError, DataError
from research.judging.entries import Entry
from research.judging.judgement import judge
from research.judging.sample import Sample, sample_of
from research.judging.walk import Walk, Walked, decided_rows, refit_instants
from research.models import made
from tests.own_model import edited, put, with_own_elo
from tests.research.judging.test_settings import settings

WHOLE = "np.searchsorted(self.borders, known)]"


@pytest.fixture(scope="module")
def sample(leagues: Path) -> Sample:
    return sample_of(settings(f"data.store={leagues}", "judge.first_date=2019-07-01"))


@pytest.fixture
def file(home: Path) -> Path:
    """The example's model in the home of a test."""
    return put(home)


def walked(sample: Sample) -> Walked:
    """The forecasts of the model in the home."""
    model = made("elo_bands", {"rows_min": 50})
    walk = Walk(sample, decided_rows(sample, [model]), "1x2", refit_instants(sample.judged, "season"))
    return walk.of(Entry("elo_bands", model))


def test_the_example_is_judged(sample: Sample, file: Path) -> None:
    assert walked(sample).prob.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            WHOLE,
            "np.searchsorted(self.borders, known - np.append(known, 0.0)[0])]",
            "each row alone|in another order",
        ),
        ("return found\n", "return found[:, :1]\n", r"expected an array of float64 \(\d+, 3\)"),
        ("return found\n", "return found * 1.0000005\n", "wrong probabilities"),
        (
            "check_columns(rows, [DIFFERENCE], EloBands.name)",
            "1 / 0",
            r"the model failed in .*elo_bands\.py:29: ",
        ),
    ],
)
def test_a_model_that_breaks_its_contract_is_one_line(
    sample: Sample, file: Path, old: str, new: str, text: str
) -> None:
    edited(file, old, new)
    with pytest.raises(BeaError, match=text) as caught:
        walked(sample)
    assert "\n" not in str(caught.value)


def test_a_model_of_another_market_is_refused(leagues: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"model welo is not for this market in judge\.market: exp.*moneyline"):
        judge(settings(f"data.store={leagues}", "judge.models=[welo]"))


def test_a_feature_that_looks_ahead_is_refused(sample: Sample, file: Path) -> None:
    seen = "results.with_columns(pl.col('settled_at') - pl.duration(days=1))"
    ahead = f"_batch = Elo.batch\nElo.batch = lambda self, results, asked: _batch(self, {seen}, asked)\n"
    with_own_elo(file, f"\n\n{ahead}")
    with pytest.raises(DataError, match=r"a feature looks ahead in own_elo\."):
        walked(sample)
