"""The jump model: its cost, its limits, and what its penalty does."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ConfigurationError
from research.regimes.jump import fit_jump
from research.regimes.measures import changes
from tests.research.regimes.made import switching


@pytest.mark.parametrize("penalty", [0.0, 0.5, 3.0])
def test_a_fit_has_the_lowest_cost_of_all_paths(penalty: float) -> None:
    rng = np.random.default_rng(6)
    values = np.concatenate([rng.normal(0, 1, 8), rng.normal(3, 1, 6), rng.normal(0, 1, 6)])
    paths = (np.arange(2**20)[:, None] >> np.arange(19, -1, -1) & 1).astype(np.int8)  # all of them
    ones, total = paths.sum(axis=1), paths @ values
    parts = [(ones, total), (20 - ones, values.sum() - total)]
    within = (values**2).sum() - sum(np.where(n > 0, s**2 / np.maximum(n, 1), 0) for n, s in parts)
    costs = 0.5 * within + penalty * (np.diff(paths) != 0).sum(axis=1)  # each path with the best centers for it
    found = fit_jump(values[:, None], 2, penalty)
    path = found.hindsight(values[:, None]).path
    assert costs[int("".join(map(str, path)), 2)] == pytest.approx(costs.min())
    assert found.means[path[0], 0] == pytest.approx(values[path == path[0]].mean())
    assert found.deviations[path[0], 0] == pytest.approx(values[path == path[0]].std())


def test_without_a_penalty_each_observation_is_in_the_nearest_state_and_a_large_one_allows_no_change() -> None:
    _, values = switching(2, 500)
    free = fit_jump(values, 2, 0.0)
    nearest = ((values[:, None, :] - free.means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(free.filtered(values).path, nearest) and np.array_equal(free.hindsight(values).path, nearest)
    assert changes(fit_jump(values, 2, 1e9).filtered(values).path) == 0
    counts = [changes(fit_jump(values, 2, penalty).hindsight(values).path) for penalty in (0.0, 1.0, 3.0, 10.0)]
    assert counts == sorted(counts, reverse=True) and counts[0] > 5 * counts[-1]


def test_a_negative_penalty_is_refused_and_equal_observations_are_one_state() -> None:
    for penalty in (-1.0, float("nan")):
        with pytest.raises(ConfigurationError, match="wrong penalty of a jump"):
            fit_jump(np.zeros((50, 1)), 2, penalty)
    assert set(fit_jump(np.zeros((50, 1)), 2, 1.0).filtered(np.zeros((50, 1))).path) == {0}
