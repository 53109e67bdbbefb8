"""Scores of forecasts: log loss, ranked probability score, Brier, calibration error. Lower is better for all.

Log loss: Good, "Rational decisions", JRSS B 14 (1952). Ranked probability score: `research.inference.rps.ranked`.
Brier: Monthly Weather Review 78 (1950), equation 2, the sum over all outcomes. Calibration error by class: Kull and
others, "Beyond temperature scaling", NeurIPS (2019), section 2, with bins of equal size (Naeini, Cooper & Hauskrecht,
AAAI (2015)).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "CLIP", "brier", "calibration_error", "log_losses"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: probabilities are clipped to this before their logarithm is taken
CLIP: Final = 1e-15
#: bins of the calibration error, each with the same number of events
BINS: Final = 10


def log_losses(prob: Floats, outcome: Longs) -> Floats:
    """Minus the logarithm of the probability of what happened; (n,).

    Parameters
    ----------
    prob : float64 (n, n_outcomes)
    outcome : int64 (n,)
        Index of what happened.

    Examples
    --------
    >>> log_losses(np.array([[0.5, 0.25, 0.25]]), np.array([1])).round(6).tolist()
    [1.386294]
    """
    happened = prob[np.arange(len(prob)), outcome]
    losses: Floats = -np.log(np.clip(happened, CLIP, 1.0))
    return losses


def brier(prob: Floats, outcome: Longs) -> Floats:
    """Sum of squared errors over all outcomes of each event, from 0 to 2; (n,); arguments as in `log_losses`.

    >>> brier(np.array([[0.5, 0.25, 0.25]]), np.array([0])).tolist()
    [0.375]
    """
    scores: Floats = ((prob - np.eye(prob.shape[1])[outcome]) ** 2).sum(axis=1)
    return scores


def calibration_error(prob: Floats, outcome: Longs) -> float:
    """Mean over outcomes of the calibration error of its probability, in `BINS` bins of equal size.

    Of each outcome: events are sorted by its probability (ties by their place) and cut into bins; the error is the sum
    over bins of \\|sum of probabilities - times that it happened\\|, over the number of events.

    Parameters
    ----------
    prob, outcome
        As in `log_losses`, at least one event.

    Returns
    -------
    float
    """
    happened, errors = np.eye(prob.shape[1])[outcome], []
    for column in range(prob.shape[1]):
        order = np.argsort(prob[:, column], kind="stable")
        apart = (prob[:, column] - happened[:, column])[order]
        errors.append(sum(abs(float(part.sum())) for part in np.array_split(apart, BINS)) / len(prob))
    return float(np.mean(errors))
