"""Fixed multipliers of calendar days: the same in every command, normal, and independent; largest statistics."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from research.inference import multipliers as module
from research.inference.effective_trials import effective_trials
from research.inference.multipliers import DRAWS, day_number, multipliers, null_maxima

FIRST = dt.date(2015, 3, 1)


def noise(many: int, days: int = 500, case: int = 0) -> np.ndarray:
    return np.random.default_rng((71, case)).normal(size=(days, many))


def test_the_normals_of_a_day_are_those_of_its_date_alone() -> None:
    many = multipliers(np.arange(16_000, 16_040))
    assert many.shape == (DRAWS, 40) and many.dtype == np.float32
    assert np.array_equal(multipliers([16_007]), many[:, 7:8])
    assert np.array_equal(multipliers([16_030, 16_002]), many[:, [30, 2]])
    assert multipliers([]).shape == (DRAWS, 0) and np.isfinite(multipliers([-9_000])).all()
    with pytest.raises(ValueError, match="read-only"):
        multipliers([16_007])[0] = 0.0  # the next one who asks gets the same array


def test_the_normals_never_move() -> None:
    """Stored vectors belong together only as long as these numbers stay."""
    assert multipliers([16_495])[[0, 1, 500, 999], 0] == pytest.approx(FIXED, abs=1e-6)


#: of 2015-03-01: from the bits of Philox 4x64-10 with the key (16495, 20260), by `math.log`, `math.cos` and `math.sin`
FIXED = [-0.612212, 1.097131, -0.616488, -0.22697]


def test_they_are_independent_standard_normals() -> None:
    many = multipliers(np.arange(14_000, 14_400)).astype(float)
    assert abs(many.mean()) < 4 / many.size**0.5 and many.var() == pytest.approx(1.0, abs=4 * (2 / many.size) ** 0.5)
    assert np.mean(many**4) == pytest.approx(3.0, abs=4 * (96 / many.size) ** 0.5)
    for beyond, share in ((1.6449, 0.05), (-1.6449, 0.95), (2.3263, 0.01)):
        assert np.mean(many > beyond) == pytest.approx(share, abs=4 * (share * (1 - share) / many.size) ** 0.5)
    between_days = np.corrcoef(many.T) - np.eye(400)
    between_draws = np.corrcoef(many) - np.eye(DRAWS)
    assert np.abs(between_days).max() < 6 / DRAWS**0.5 and np.abs(between_draws).max() < 6 / 400**0.5
    assert between_days.std() == pytest.approx(DRAWS**-0.5, rel=0.03)


def test_the_statistics_are_those_of_their_definition() -> None:
    series = noise(7, days=60)
    series[:, 3], series[10, 4], series[:, 5] = 0.0, np.nan, 0.3
    normals = multipliers(day_number(FIRST) + np.arange(60)).astype(float)
    kept = [0, 1, 2, 5, 6]
    wanted = np.array([[np.dot(g, series[:, j]) / np.sqrt(np.sum(series[:, j] ** 2)) for j in kept] for g in normals])
    found = null_maxima(series, FIRST)
    assert found.shape == (2 * DRAWS,) and found.dtype == np.float32
    assert found[:DRAWS] == pytest.approx(wanted.max(axis=1), abs=1e-4)
    assert found[DRAWS:] == pytest.approx((-wanted).max(axis=1), abs=1e-4)


def test_one_configuration_has_a_standard_normal_statistic_however_few_its_bets() -> None:
    for bets in (1, 3, 400):
        series = np.zeros((500, 1))
        series[:bets, 0] = np.where(np.arange(bets) % 3 == 0, 1.4, -1.0)
        found = null_maxima(series, FIRST).astype(float)
        assert found.var() == pytest.approx(1.0, abs=0.15) and found.mean() == pytest.approx(0.0, abs=1e-6)


def test_where_a_series_begins_and_ends_does_not_matter() -> None:
    series = noise(12, days=200)
    longer = np.vstack([np.zeros((40, 12)), series, np.zeros((25, 12))])
    assert null_maxima(longer, FIRST - dt.timedelta(days=40)) == pytest.approx(null_maxima(series, FIRST), abs=1e-5)
    moved = null_maxima(series, FIRST + dt.timedelta(days=1))
    assert abs(np.corrcoef(moved, null_maxima(series, FIRST))[0, 1]) < 0.1, "other dates, other multipliers"
    assert null_maxima(series * 1e6, FIRST) == pytest.approx(null_maxima(series, FIRST), abs=1e-5)


def test_the_maxima_of_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight backtests are one sweep of the same eight; and the parts that are worked on change nothing."""
    series = noise(8) + noise(1, case=1)
    together = null_maxima(series, FIRST)
    alone = [null_maxima(series[:, [column]], FIRST) for column in range(8)]
    assert np.maximum.reduce(alone) == pytest.approx(together, abs=1e-5)
    sizes = [effective_trials(np.maximum.reduce(alone[: n + 1]), n + 1) for n in range(8)]
    assert sizes == sorted(sizes) and sizes[-1] == pytest.approx(effective_trials(together, 8), rel=1e-4)
    monkeypatch.setattr("research.inference.columns._BATCH", 3 * DRAWS)
    assert null_maxima(series, FIRST) == pytest.approx(together, abs=1e-5)


@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (5, 3)])
def test_nothing_that_bets_is_below_everything(shape: tuple[int, int]) -> None:
    found = null_maxima(np.zeros(shape), FIRST)
    assert found.shape == (2 * DRAWS,) and (found == -np.inf).all()
    assert effective_trials(found, 0) == 0.0
    some = null_maxima(noise(2), FIRST)
    assert np.array_equal(np.maximum(found, some), some)


SCRIPT = """
import datetime as dt, hashlib, numpy as np
from research.inference.multipliers import null_maxima
series = np.random.default_rng(5).normal(size=(300, 3000)).astype(np.float32)
print(hashlib.sha256(null_maxima(series, dt.date(2019, 1, 1)).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_bits_do_not_depend_on_the_threads() -> None:
    def digest(cores: str) -> str:
        own = os.environ | {"OPENBLAS_NUM_THREADS": cores}
        code = f"import engine.machine as m; m.cores = lambda: {cores}\n{SCRIPT}"
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=own,
            cwd=Path(__file__).parents[3],
        ).stdout

    assert digest("1") == digest("2") == digest("5") != ""
    assert module.DRAWS % 2 == 0
