"""Chains and mixtures against the libraries that fit them, and against the numbers that made the data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from research.regimes.gaussian import GaussianStates, fit_hmm, fit_mixture
from tests.research.regimes.made import switching


def test_smoothing_is_that_of_hmmlearn_and_the_filter_is_not() -> None:
    hmm = pytest.importorskip("hmmlearn.hmm")
    _, values = switching(2, 800)
    ours = fit_hmm(values, 2)
    theirs = hmm.GaussianHMM(2, "diag")
    theirs.startprob_, theirs.transmat_ = ours.start, ours.transition
    theirs.means_, theirs.covars_ = ours.means, ours.variances
    assert np.abs(ours.hindsight(values).probabilities - theirs.predict_proba(values)).max() < 1e-9
    assert ours.log_likelihood(values) == pytest.approx(theirs.score(values), abs=1e-7)
    assert np.abs(ours.filtered(values).probabilities - theirs.predict_proba(values)).max() > 0.3


def test_a_chain_finds_the_numbers_that_made_the_data() -> None:
    truth, values = switching(3, 6000)
    found = fit_hmm(values, 2)
    found = found.reordered((0, 1) if found.means[0, 0] < found.means[1, 0] else (1, 0))
    assert found.means == pytest.approx(np.array([[0, 0, 0], [0.8, -0.5, 0.3]]), abs=0.1)
    assert found.variances == pytest.approx(np.array([[1, 1, 1], [2.25, 1, 1]]), abs=0.2)
    assert found.transition == pytest.approx(np.array([[0.99, 0.01], [0.01, 0.99]]), abs=0.007)
    assert (found.filtered(values).path == truth).mean() > 0.9 and found.n_parameters == 15


def test_a_mixture_gives_each_observation_the_probabilities_of_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture = pytest.importorskip("sklearn.mixture")
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(4, 0.5, (100, 2))])
    ours = fit_mixture(values, 2)
    theirs = mixture.GaussianMixture(2, covariance_type="diag", n_init=3, max_iter=300, random_state=0, reg_covar=1e-3)
    expected = theirs.fit(values).predict_proba(values)
    assert np.abs(ours.filtered(values).probabilities - expected).max() < 1e-12
    assert ours.hindsight(values).probabilities == pytest.approx(ours.filtered(values).probabilities, abs=1e-12)
    assert ours.log_likelihood(values) == pytest.approx(theirs.score(values) * 400) and ours.n_parameters == 9
    assert sorted(ours.start) == pytest.approx([0.25, 0.75], abs=0.01)


def test_a_state_that_was_never_left_has_equal_chances() -> None:
    values = np.concatenate([np.zeros((20, 1)), np.full((20, 1), 9.0)])
    found = fit_hmm(values, 2)
    assert isinstance(found, GaussianStates) and np.isfinite(found.filtered(values).probabilities).all()
    path = found.filtered(values).path
    assert found.transition.sum(axis=1) == pytest.approx([1, 1]) and (path[20:] != path[0]).all()
