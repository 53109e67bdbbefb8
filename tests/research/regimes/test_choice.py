"""The number of states and the penalty, chosen without a look at profit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import ConfigurationError
from research.regimes.choice import (
    Candidate,
    apart,
    candidates,
    held_out_losses,
    number_of_states,
    penalty_of,
)
from research.regimes.gaussian import fit_hmm
from research.regimes.inputs import scaling_of
from research.regimes.jump import fit_jump
from tests.research.regimes.made import switching


@pytest.mark.parametrize("heavy", [False, True])
def test_two_states_are_found_where_there_are_two_and_one_where_there_is_one(heavy: bool) -> None:
    _, raw = switching(1, 2000, heavy)
    values = apart(scaling_of(raw, 5, 0.01).applied(raw), 5)
    assert number_of_states(candidates(values, fit_hmm, (1, 2, 3))) == 2
    noise = np.random.default_rng(0).standard_normal((2000, 3))
    assert number_of_states(candidates(apart(scaling_of(noise, 5, 0.01).applied(noise), 5), fit_hmm, (1, 2))) == 1


def test_the_criterion_and_the_held_out_likelihood_of_one_state_are_those_of_a_normal_law() -> None:
    values = np.random.default_rng(1).normal(0.2, 1.3, (300, 1))
    (found,) = candidates(values, fit_hmm, (1,))

    def log_likelihood(data: np.ndarray, fitted: np.ndarray) -> float:
        variance = fitted.var()
        return float((-0.5 * ((data - fitted.mean()) ** 2 / variance + np.log(2 * math.pi * variance))).sum())

    assert found.bic == pytest.approx(2 * math.log(300) - 2 * log_likelihood(values, values), abs=0.01)
    assert found.held_out == pytest.approx(log_likelihood(values[210:], values[:210]) / 90, abs=1e-3)


def test_a_further_state_needs_both_criteria() -> None:
    found = [Candidate(1, 90, -3.0), Candidate(2, 80, -2.5), Candidate(3, 70, -2.6)]
    assert number_of_states(found) == 2 and number_of_states(found[:1]) == 1
    assert number_of_states([Candidate(1, 80, -3.0), Candidate(2, 90, -2.0)]) == 1
    with pytest.raises(ConfigurationError, match="no number of states"):
        number_of_states([])


def test_the_held_out_loss_is_that_of_a_plain_loop() -> None:
    _, raw = switching(2, 400)
    found = held_out_losses(raw, 2, 3.0, 5, 0.01)
    scaling, plain = scaling_of(raw[:280], 5, 0.01), scaling_of(raw[:280], 0, 0.01)
    exact = plain.applied(raw)
    path = fit_jump(scaling.applied(raw[:280]), 2, 3.0).filtered(scaling.applied(raw)).path
    told = [exact[[t for t in range(1, 280) if path[t - 1] == state]].mean(axis=0) for state in (0, 1)]
    assert found == pytest.approx([0.5 * ((exact[t] - told[path[t - 1]]) ** 2).sum() for t in range(280, 400)])


def test_the_penalty_is_the_largest_that_predicts_as_well() -> None:
    _, raw = switching(2, 2000, heavy=True)
    losses = {one: held_out_losses(raw, 2, one, 5, 0.01) for one in (0.3, 3.0, 30.0)}
    chosen = penalty_of(raw, 2, 5, 0.01, tuple(losses))
    assert chosen == 3.0
    excess = losses[30.0] - losses[chosen]
    assert excess.mean() > excess.std(ddof=1) / math.sqrt(600), "the next larger one predicts worse"
    with pytest.raises(ConfigurationError, match="no penalty"):
        penalty_of(raw, 2, 5, 0.01, ())
