"""Numbers of states over many fits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import ConfigurationError
from research.regimes.gaussian import fit_hmm
from research.regimes.inputs import scaling_of
from research.regimes.jump import JumpStates, fit_jump
from research.regimes.labels import matched, ordered
from research.regimes.states import States
from tests.research.regimes.made import switching


def test_states_are_ordered_by_the_moment_that_is_named() -> None:
    states = JumpStates(np.array([[3.0, 0], [1, 5], [2, 1]]), np.array([[1.0, 9], [2, 8], [3, 7]]), 1.0)
    assert ordered(states, 0).means[:, 0].tolist() == [1, 2, 3]
    assert ordered(states, 1).means[:, 1].tolist() == [0, 1, 5]
    assert ordered(states, 1, "spread").deviations[:, 1].tolist() == [7, 8, 9]
    with pytest.raises(ConfigurationError, match=r"unknown moment .* found 'kurtosis'"):
        ordered(states, 0, "kurtosis")


def test_states_take_the_numbers_of_the_nearest_ones_before() -> None:
    states = JumpStates(np.array([[3.0, 0], [1, 5], [2, 1]]), np.ones((3, 2)), 1.0)
    previous = np.array([[2.1, 1.1], [2.9, 0], [0, 4]])
    assert matched(states, states.means, previous).means.tolist() == [[2, 1], [3, 0], [1, 5]]
    with pytest.raises(ConfigurationError, match="as many as before"):
        matched(states, states.means, previous[:2])


FITS: dict[str, Callable[..., States]] = {
    "hmm": lambda v, k, seed: fit_hmm(v, k, 10 * seed, 3),
    "jump": lambda v, k, seed: fit_jump(v, k, 3.0, seed),
}


@pytest.mark.parametrize("name", FITS)
def test_in_twenty_fits_no_state_changes_its_number(name: str) -> None:
    truth, raw = switching(4, 2400, heavy=True)
    previous, turned, names = None, 0, []
    for number in range(20):
        until = 500 + 100 * number
        scaling = scaling_of(raw[:until], 5, 0.01)
        values = scaling.applied(raw[:until])
        states = FITS[name](values, 2, number)  # another first guess each time
        first = states.centers
        states = (
            ordered(states, 0)
            if previous is None
            else matched(states, states.centers * scaling.spread + scaling.center, previous)
        )
        turned += not np.array_equal(first, states.centers)
        previous = states.centers * scaling.spread + scaling.center
        names.append(bool((states.filtered(values).path == truth[:until]).mean() > 0.5))
    assert names == [True] * 20 and 0 < turned < 20
