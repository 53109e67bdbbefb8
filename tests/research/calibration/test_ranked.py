"""Isotonic regression and Venn-Abers against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from research.calibration import fitted, ranked


def told(seed: int, n: int, digits: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    chance = np.round(rng.uniform(0.02, 0.98, n), digits)
    return chance, (rng.random(n) < chance**1.5).astype(np.int64)


@pytest.mark.parametrize("digits", [1, 6])
def test_levels_are_the_isotonic_regression(digits: int) -> None:
    from sklearn.isotonic import IsotonicRegression

    chance, happened = told(1, 300, digits)
    other = IsotonicRegression(out_of_bounds="clip").fit(chance, happened)
    x, count, hits = ranked._grouped(chance, happened == 1)
    assert np.allclose(ranked._levels(count, hits), other.predict(x), atol=1e-12)
    both = np.stack([chance, 1 - chance], axis=1)
    new = np.linspace(0, 1, 101)
    found = fitted("isotonic", both, 1 - happened, "a test").applied(np.stack([new, 1 - new], axis=1))
    clipped = np.clip(other.predict(x), 0.5 / 300, 1 - 0.5 / 300)
    assert np.allclose(found[:, 0], np.interp(new, x, clipped), atol=1e-12)


@pytest.mark.parametrize("digits", [1, 6])
@pytest.mark.parametrize("seed", range(4))
def test_venn_abers_counts_a_new_forecast_both_ways(seed: int, digits: int) -> None:
    from sklearn.isotonic import IsotonicRegression

    chance, happened = told(seed, 120, digits)
    found = fitted("venn_abers", np.stack([chance, 1 - chance], axis=1), 1 - happened, "a test")
    for new in [0.0, 1.0, *np.linspace(0.01, 0.99, 23), *chance[:10]]:
        values = []
        for label in (0, 1):
            added = IsotonicRegression().fit(np.r_[chance, new], np.r_[happened, label])
            values.append(added.predict([new])[0])
        expected = values[1] / (1 - values[0] + values[1])
        assert found.applied(np.array([[new, 1 - new]]))[0, 0] == pytest.approx(expected, abs=1e-12)
