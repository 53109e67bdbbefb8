"""One configuration of staking, risk and execution: checked values, and the numbers of the kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.kernel.params import PARAMETERS, FastParameters, Params


@dataclass(frozen=True)
class Configuration(FastParameters):
    """The fast parameters of one backtest.

    `engine.kernel.params.FastParameters` declares every field with its default, unit and range. Money is in minor
    units, caps are fractions of equity (the cap of a day: of the equity at the day's start), durations are in
    nanoseconds. A limit that is off is infinite.

    Raises
    ------
    ConfigurationError
        A value is NaN or out of range, or two limits contradict each other.
    """

    def __post_init__(self) -> None:
        for declared in PARAMETERS:
            parameter = declared.under(float(self.staking))
            value = float(getattr(self, parameter.name))
            if math.isnan(value):
                raise ConfigurationError("not a number", where=parameter.name, expected="a number", found="nan")
            if not parameter.allows(value):
                raise ConfigurationError(
                    "value out of range", where=parameter.name, expected=parameter.range_text(), found=f"{value:g}",
                    todo=parameter.advice(value),
                )  # fmt: skip
        for parameter in PARAMETERS:
            if parameter.at_most:
                self._check_order(parameter.name, parameter.at_most)

    def _check_order(self, low: str, high: str) -> None:
        if getattr(self, low) > getattr(self, high):
            raise ConfigurationError(
                "contradictory limits",
                where=f"{low}, {high}",
                expected=f"{low} <= {high}",
                found=f"{getattr(self, low):g} > {getattr(self, high):g}",
            )

    def params(self) -> Params:
        """The numbers that the kernel reads."""
        return Params(*(float(getattr(self, parameter.name)) for parameter in PARAMETERS))


def params_matrix(configurations: Sequence[Configuration]) -> NDArray[np.float64]:
    """Numbers of many configurations: float64 (c, P), a row each, columns as in `Params`."""
    return np.array([c.params() for c in configurations], dtype=np.float64).reshape(-1, len(PARAMETERS))
