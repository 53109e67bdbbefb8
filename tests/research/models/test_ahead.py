"""What calibrations, stacks and blends learn from: forecasts by models that did not know what they forecast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError, TooShortError
from engine.schema import INSTANT_DTYPE
from research.forecasting.contract import Inputs, Probabilities
from research.models import made
from research.models._ahead import ahead
from research.models.calibrated import Calibrated
from research.models.elo import Elo
from research.models.market_blend import MarketBlend
from tests.contract.model_rows import asked, drawn

OUTCOMES = ("home", "draw", "away")


@dataclass
class Watched:
    """A model that notes what it was told and asked; it answers the share of its past."""

    told: list[pl.DataFrame] = field(default_factory=list)
    asked: list[pl.DataFrame] = field(default_factory=list)
    name: ClassVar[str] = "watched"

    def inputs(self) -> Inputs:
        return Inputs()

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Watched:
        if past.height < 100:
            raise TooShortError("the past is too short", where="watched")
        self.told.append(past)
        return self

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        self.asked.append(rows)
        return np.full((rows.height, 3), 1 / 3)

    def artifact(self) -> dict[str, Any]:
        return {}

    def restored(self, artifact: Any) -> Watched:
        return self


def test_each_part_is_forecast_from_what_was_settled_before_it_began() -> None:
    past = drawn(Elo(), 1000).with_columns(
        decided_at=pl.col("decided_at").dt.truncate("1d"),
        settled_at=(pl.col("settled_at") + pl.duration(days=2)).cast(INSTANT_DTYPE),
    )
    watched = Watched()
    found = ahead([watched], past, OUTCOMES, 4, "a test")
    assert len(watched.told) == len(watched.asked) == 4 and found.outcome.size == sum(p.height for p in watched.asked)
    for told, part in zip(watched.told, watched.asked, strict=True):
        assert told["settled_at"].max() < part["decided_at"].min()  # type: ignore[operator]
        assert told.height >= past.filter(pl.col("settled_at") < part["decided_at"].min()).height
    for early, late in zip(watched.asked, watched.asked[1:], strict=False):
        assert early["decided_at"].max() < late["decided_at"].min(), "an instant is not divided"  # type: ignore[operator]


def test_a_part_before_which_nothing_can_be_fitted_is_left_out_and_a_past_of_none_refused() -> None:
    watched = Watched()
    found = ahead([watched], drawn(Elo(), 400), OUTCOMES, 8, "a test")
    assert len(watched.asked) == found.n_parts == 6 and found.outcome.size == 400 - 400 * 3 // 9
    with pytest.raises(TooShortError, match=r"the past is too short to learn from in a test: .*; begin earlier"):
        ahead([Watched()], drawn(Elo(), 90), OUTCOMES, 3, "a test")


def test_an_error_that_a_longer_past_would_not_mend_is_not_hidden() -> None:
    past = drawn(Elo(), 900)
    for of, error in (
        (past.drop("elo.diff"), "a column is missing"),
        (past.with_columns(outcome=0), "a fit has no finite opt"),
    ):
        with pytest.raises(DataError, match=f"^{error}"):
            ahead([Elo()], of, OUTCOMES, 4, "a test")


def test_a_calibration_changes_nothing_but_what_the_model_says() -> None:
    past = drawn(Elo(), 900)
    plain = made("calibrated", {"of": "elo", "method": "none"}).fit(past, OUTCOMES).probabilities(asked(past))
    assert np.array_equal(plain, Elo().fit(past, OUTCOMES).probabilities(asked(past)), equal_nan=True)
    matrix = Calibrated(of="elo").fit(past, OUTCOMES).probabilities(asked(past))
    assert 1e-4 < np.nanmax(np.abs(matrix - plain)) < 0.1


def test_the_market_gets_the_weight_where_it_knows_more() -> None:
    model = MarketBlend(of=("elo",))
    found = model.fit(drawn(model, 3000), OUTCOMES)
    (low, high), (low_model, high_model) = found.pool.intervals
    assert low < 1.0 < high and low_model < 0.0 < high_model
    assert max(high - low, high_model - low_model) < 0.6, "intervals that tell something"
    assert found.n_parts == 4 and found.n_forecasts == 3000 - 600, "the first fifth is only learnt from"


def test_members_that_cannot_be_are_refused() -> None:
    for parameters in ({"of": ("stack",)}, {"of": ("elo", "elo")}):
        with pytest.raises(ConfigurationError, match=r"no such pool in model.of: expected other models, each once"):
            made("stack", parameters)
    with pytest.raises(ConfigurationError, match=r"a model of itself in model.of"):
        made("calibrated", {"of": "calibrated"})
    with pytest.raises(ConfigurationError, match=r"value out of range in model.parts: expected 1 or more"):
        made("calibrated", {"parts": 0})


def test_years_without_prices_are_too_short_a_past_for_a_blend() -> None:
    """99 rows that the market and the model both forecast are refused as a short past; 100 are not."""
    model = MarketBlend(of=("elo",))
    past = drawn(model, 1000)
    sides = [f"market.{side}" for side in OUTCOMES]
    for n, is_enough in ((0, False), (99, False), (100, True)):
        late = pl.int_range(past.height) >= past.height - n
        some = past.with_columns(pl.when(late).then(name).otherwise(None).alias(name) for name in sides)
        if is_enough:
            assert model.fit(some, OUTCOMES).n_forecasts == 100
            continue
        with pytest.raises(
            TooShortError, match=f"expected 100 forecasts ahead by all its models, found {n} of"
        ) as caught:
            model.fit(some, OUTCOMES)
        assert "\n" not in str(caught.value)
