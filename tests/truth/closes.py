"""Closing lines of a simulation whose error is known: fair, noisy, biased; and what a store says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.execution.ruler import Ruler
from research.inference.closing_calibration import CalibratedCell, ClosingCalibration

Floats = NDArray[np.float64]

#: standard error of the mean return at fair closing odds that a store of 60,000 matches measures, and these matches
STORE_ERROR, STORE_MATCHES = 0.004, 60_000


@dataclass(frozen=True)
class Close:
    """A closing line.

    Attributes
    ----------
    name, title : str
    noise : float
        Standard deviation of the logarithm of a price around the fair one.
    bias : float
        By how much all bets are overrated.
    """

    name: str
    title: str
    noise: float = 0.0
    bias: float = 0.0

    def probabilities(self, fair: Floats, rng: np.random.Generator) -> Floats:
        """Closing probabilities where the fair ones are known; their mean is right but for the bias."""
        error = self.noise * rng.standard_normal(len(fair)) - self.noise**2 / 2.0
        return np.minimum(fair * (1.0 + self.bias) * np.exp(error), 0.999)

    @property
    def mean_return(self) -> float:
        """Mean return of bets at fair closing odds."""
        return float(np.exp(self.noise**2)) / (1.0 + self.bias) - 1.0

    def ruler(self, configurations: int, rng: np.random.Generator) -> Ruler:
        """What a sweep is told of this close: its calibration on a store, measured with an error."""
        mean = self.mean_return + STORE_ERROR * float(rng.standard_normal())
        cell = CalibratedCell("football", "moneyline", "home", 1, STORE_MATCHES, STORE_MATCHES, mean, STORE_ERROR)
        calibration = ClosingCalibration("pinnacle", "power", STORE_MATCHES, "", "", (cell,))
        found = calibration.tau([1.0, 0.0])
        return Ruler(
            bookmaker="pinnacle",
            method="power",
            tau=np.full(configurations, found.tau),
            passes=np.full(configurations, found.passes),
            aggregate=np.zeros(configurations, np.bool_),
            aggregates=(),
            exact=lambda _: found,
        )


CLOSES: Final = (
    Close("fair", "fair close"),
    Close("noisy", "noisy close", noise=0.05),
    Close("biased", "overrates by 1.1 %", noise=0.05, bias=0.011),
    Close("far", "overrates by 3.3 %", noise=0.05, bias=0.033),
)
