"""What is filtered, what is hindsight, and that a bet may rest on the first only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import ConfigurationError, DataError
from research.regimes.gaussian import fit_hmm, fit_mixture
from research.regimes.inputs import scaling_of
from research.regimes.jump import fit_jump
from research.regimes.states import Filtered, States, in_force
from tests.research.regimes.made import switching

FITS: dict[str, Callable[..., States]] = {
    "hmm": fit_hmm,
    "mixture": fit_mixture,
    "jump": lambda values, n_states: fit_jump(values, n_states, 3.0),
}
_, RAW = switching(1, 900)
VALUES = scaling_of(RAW, 5, 0.01).applied(RAW)


@pytest.fixture(scope="module", params=FITS)
def states(request: pytest.FixtureRequest) -> States:
    return FITS[request.param](VALUES[:600], 2)


def test_a_filtered_row_does_not_change_when_the_future_is_cut_off_or_changed(states: States) -> None:
    whole = states.filtered(VALUES).probabilities
    assert whole.sum(axis=1) == pytest.approx(np.ones(900)) and 0.05 < whole[:, 0].mean() < 0.95
    for cut in (1, 333, 899):
        assert np.array_equal(states.filtered(VALUES[:cut]).probabilities, whole[:cut])
    changed = np.concatenate([VALUES[:500], -VALUES[500:]])
    assert np.array_equal(states.filtered(changed).probabilities[:500], whole[:500])


def test_hindsight_knows_the_future_and_is_refused(states: States) -> None:
    late = states.hindsight(VALUES)
    assert in_force(states.filtered(VALUES)) == states.filtered(VALUES).path[-1]
    with pytest.raises(ConfigurationError, match=r"knows the future: .* found smoothed with later observations"):
        in_force(late)
    with pytest.raises(ConfigurationError, match="found ndarray"):
        in_force(late.probabilities)


def test_hindsight_of_a_chain_changes_with_the_future() -> None:
    for fit in (FITS["hmm"], FITS["jump"]):
        states = fit(VALUES[:600], 2)
        whole, cuts = states.hindsight(VALUES).probabilities, range(100, 900, 5)
        assert any(not np.array_equal(whole[:cut], states.hindsight(VALUES[:cut]).probabilities) for cut in cuts)


def test_new_numbers_change_nothing_else(states: States) -> None:
    turned = states.reordered((1, 0))
    assert turned.filtered(VALUES).probabilities == pytest.approx(states.filtered(VALUES).probabilities[:, ::-1])
    assert np.array_equal(turned.centers, states.centers[::-1])
    assert np.array_equal(turned.spreads, states.spreads[::-1])


@pytest.mark.parametrize("name", FITS)
def test_a_fit_is_repeatable_and_needs_observations(name: str) -> None:
    again = [FITS[name](VALUES[:600], 2).filtered(VALUES).probabilities for _ in range(2)]
    assert np.array_equal(*again)
    with pytest.raises(DataError, match="at least 30 for 3 states, found 29"):
        FITS[name](VALUES[:29], 3)


def test_a_probability_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match=r"regime without a probability in observation 2: expected numbers, found NaN"):
        in_force(Filtered(np.array([[0.2, 0.8], [np.nan, np.nan], [0.5, 0.5]])))


def test_equal_probabilities_are_the_first_state() -> None:
    assert in_force(Filtered(np.array([[0.2, 0.8], [0.5, 0.5]]))) == 0
