"""Calibrations with a few numbers: temperature, matrix scaling, Platt, beta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.regression import multinomial, ordered, pool

Array = NDArray[np.float64]
#: smallest probability, and smallest distance to one, of which a logarithm is taken
_SMALLEST: Final = 1e-9
#: precision of the normal prior of the entries of W, around 0: a standard deviation of .3
_RIDGE: Final = 10.0


@dataclass(frozen=True)
class Identity:
    """No correction."""

    def applied(self, chance: Array) -> Array:
        """The same probabilities."""
        return chance

    def artifact(self) -> dict[str, Any]:
        """Nothing but the method."""
        return {"method": "none"}


@dataclass(frozen=True)
class Temperature:
    """``p ** (1 / T)``, divided by the sum: Guo, Pleiss, Sun & Weinberger (2017), ICML, section 4.2.

    Attributes
    ----------
    pool : research.regression.pool.Pool
        Its only weight is 1 / T.
    """

    pool: pool.Pool

    def applied(self, chance: Array) -> Array:
        """As `research.calibration.Calibration.applied`."""
        return self.pool.probabilities([chance])

    def artifact(self) -> dict[str, Any]:
        """As `research.calibration.Calibration.artifact`."""
        return {"method": "temperature", **self.pool.artifact()}


@dataclass(frozen=True)
class Matrix:
    """A softmax of ``ln p + W ln p + b``: Dirichlet calibration, Kull and others (2019), NeurIPS 32, equation 2.

    The matrix is drawn towards the identity in its own unit, so that few rows change little, and forecasts that hardly
    differ cannot teach a slope that would throw those that do.

    Attributes
    ----------
    regression : research.regression.multinomial.MultinomialLogit
        W and b.
    """

    regression: multinomial.MultinomialLogit

    def applied(self, chance: Array) -> Array:
        """As `research.calibration.Calibration.applied`."""
        logs = _logs(chance)
        found = self.regression.probabilities(logs, logs)
        found[np.isnan(chance).any(axis=1)] = np.nan
        return found

    def artifact(self) -> dict[str, Any]:
        """As `research.calibration.Calibration.artifact`."""
        return {"method": "matrix", **self.regression.artifact()}


@dataclass(frozen=True)
class OneVersusRest:
    """A binary logit for each outcome, of its log odds (Platt) or of ``ln p`` and ``-ln(1 - p)`` (beta).

    Platt (1999), Advances in Large Margin Classifiers, on log odds; Kull, Silva Filho & Flach (2017), AISTATS, eq. 6.

    Attributes
    ----------
    method : str
        ``platt`` or ``beta``.
    inputs : tuple of tuple of int
        Which inputs the logit of each outcome uses; beta drops one whose slope would be negative, the most negative
        first, and without any the answer is the share of the outcome.
    regressions : tuple of research.regression.ordered.OrderedLogit
        One for each outcome; of two outcomes only one.
    """

    method: str
    inputs: tuple[tuple[int, ...], ...]
    regressions: tuple[ordered.OrderedLogit, ...]

    def applied(self, chance: Array) -> Array:
        """As `research.calibration.Calibration.applied`."""
        parts = [
            regression.probabilities(_of_one(chance[:, k], self.method)[:, list(used)])[:, 0]
            for k, (regression, used) in enumerate(zip(self.regressions, self.inputs, strict=True))
        ]
        return normalised(parts, chance)

    def artifact(self) -> dict[str, Any]:
        """As `research.calibration.Calibration.artifact`."""
        found = [regression.artifact() for regression in self.regressions]
        return {"method": self.method, "inputs": [list(used) for used in self.inputs], "regressions": found}


def singles(chance: Array) -> range:
    """The outcomes that have a function of their own: of two only the first, whose rest is the second."""
    return range(1 if chance.shape[1] == 2 else chance.shape[1])


def normalised(parts: list[Array], chance: Array) -> Array:
    """Probabilities of single outcomes over their sum; of two outcomes the second is the rest of the first."""
    if chance.shape[1] == 2:
        found = np.stack([parts[0], 1.0 - parts[0]], axis=1)
    else:
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        found = np.stack([part / total for part in parts], axis=1)
    found[np.isnan(chance).any(axis=1)] = np.nan
    return found


def identity(chance: Array, outcome: NDArray[np.int64], where: str) -> Identity:
    """Nothing is learnt."""
    return Identity()


def temperature(chance: Array, outcome: NDArray[np.int64], where: str) -> Temperature:
    """The power of the highest likelihood."""
    return Temperature(pool.fitted([chance], outcome, f"{where}, temperature"))


def matrix(chance: Array, outcome: NDArray[np.int64], where: str) -> Matrix:
    """The matrix of the highest likelihood with the prior."""
    logs, n_outcomes = _logs(chance), chance.shape[1]
    names = tuple(f"ln p{k}" for k in range(n_outcomes))
    found = multinomial.fitted(
        logs, outcome, names, n_outcomes, f"{where}, matrix", ridge=_RIDGE, is_scaled=False, offset=logs
    )
    return Matrix(found)


def platt(chance: Array, outcome: NDArray[np.int64], where: str) -> OneVersusRest:
    """A logit of the log odds of each outcome."""
    return _one_versus_rest(chance, outcome, "platt", where)


def beta(chance: Array, outcome: NDArray[np.int64], where: str) -> OneVersusRest:
    """A logit of the two logarithms of each outcome, with slopes of 0 or more."""
    return _one_versus_rest(chance, outcome, "beta", where)


def restored(artifact: Mapping[str, Any]) -> Identity | Temperature | Matrix | OneVersusRest:
    """The calibration of an artifact of this module."""
    method = artifact["method"]
    if method == "none":
        return Identity()
    if method == "temperature":
        return Temperature(pool.restored(artifact))
    if method == "matrix":
        return Matrix(multinomial.restored(artifact))
    regressions = tuple(ordered.restored(part) for part in artifact["regressions"])
    return OneVersusRest(method, tuple(tuple(used) for used in artifact["inputs"]), regressions)


def _one_versus_rest(chance: Array, outcome: NDArray[np.int64], method: str, where: str) -> OneVersusRest:
    regressions, inputs = [], []
    for k in singles(chance):
        values, happened = _of_one(chance[:, k], method), (outcome != k).astype(np.int64)
        used = tuple(range(values.shape[1]))
        while True:
            names = tuple(f"input {place} of outcome {k}" for place in used)
            found = ordered.fitted(values[:, list(used)], happened, names, 2, f"{where}, {method}")
            if method == "platt" or not used or min(found.slopes) >= 0.0:
                break
            used = tuple(np.delete(used, int(np.argmin(found.slopes))).tolist())
        regressions.append(found)
        inputs.append(used)
    return OneVersusRest(method, tuple(inputs), tuple(regressions))


def _logs(chance: Array) -> Array:
    return np.stack([np.log(np.maximum(np.ascontiguousarray(c), _SMALLEST)) for c in chance.T], axis=1)


def _of_one(chance: Array, method: str) -> Array:
    held = np.clip(np.ascontiguousarray(chance), _SMALLEST, 1.0 - _SMALLEST)
    own, rest = np.log(held), -np.log1p(-held)
    return (own + rest)[:, None] if method == "platt" else np.stack([own, rest], axis=1)
