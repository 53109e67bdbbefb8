"""Scaling of inputs against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.errors import ConfigurationError, DataError
from research.regimes.inputs import scaling_of

RNG = np.random.default_rng(5)


def test_moving_means_are_those_of_pandas_and_the_training_window_is_standardised() -> None:
    values = RNG.standard_normal((400, 2)) * [1, 30] + [5, -2]
    values[37, 0] = np.nan
    scaling = scaling_of(values[:200], 5, 0)
    found = scaling.applied(values)
    inside = np.clip(values, np.nanmin(values[:200], axis=0), np.nanmax(values[:200], axis=0))
    smoothed = pd.DataFrame(inside).ewm(halflife=5, adjust=False, ignore_na=True).mean()
    expected = (smoothed - smoothed[:200].mean()) / smoothed[:200].std(ddof=0)
    assert found == pytest.approx(expected.to_numpy(), abs=1e-12)
    assert found[:200].mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert found[:200].std(axis=0) == pytest.approx([1, 1])


def test_a_row_rests_on_rows_up_to_it_and_outliers_are_bounded() -> None:
    values = RNG.standard_t(2, (300, 1))
    scaling = scaling_of(values[:200], 4, 0.05)
    whole = scaling.applied(values)
    assert np.array_equal(scaling.applied(values[:250]), whole[:250])
    changed = values.copy()
    changed[250] = 1e9
    assert np.array_equal(scaling.applied(changed)[:250], whole[:250])
    assert np.abs(scaling.applied(changed)).max() < 10
    low, high = np.quantile(values[:200], (0.05, 0.95))
    assert (scaling.low[0], scaling.high[0]) == (low, high)


def test_a_value_not_known_yet_is_the_mean_and_bad_inputs_are_named() -> None:
    values = np.array([[np.nan], [1.0], [3.0]])
    assert scaling_of(values, 0, 0).applied(values)[0, 0] == 0.0
    with pytest.raises(DataError, match="no value in overround"):
        scaling_of(np.full((5, 1), np.nan), 5, 0, ("overround",))
    with pytest.raises(DataError, match=r"no value in volatility: .* several decisions on an event: data\.decide_at"):
        scaling_of(np.full((5, 1), np.nan), 5, 0, ("volatility",))
    with pytest.raises(DataError, match="does not vary in clv"):
        scaling_of(np.column_stack([np.arange(5.0), np.ones(5)]), 5, 0, ("a", "clv"))
    with pytest.raises(ConfigurationError, match=r"tail < 0\.5"):
        scaling_of(values, 5, 0.5)
