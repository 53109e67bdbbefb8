"""How the metrics that choose a configuration are written and which axis they have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from research.report.words import number, percent

#: calendar days of a year: ratios per day are shown per year, and only shown
YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Metric:
    """Name of the axis with its unit; the factor from the value per day to the one shown; its digits and form."""

    axis: str
    word: str
    factor: float = 1.0
    digits: int = 2
    percent: bool = False

    def told(self, value: float) -> str:
        """A value (already multiplied by the factor) with its unit."""
        return percent(value, self.digits) if self.percent else number(value, self.digits)

    def tick(self, value: float, spread: float) -> str:
        """A label of the axis, with as many digits as the spread asks for."""
        size = spread * (100 if self.percent else 1)
        digits = 0 if size >= 4.5 else 1 if size >= 0.45 else 2 if size >= 0.045 else 3
        return percent(value, digits) if self.percent else number(value, digits)


_FORMS: Final = {
    "sharpe": Metric("Sharpe ratio a year", "Sharpe ratio", math.sqrt(YEAR_DAYS)),
    "growth": Metric("mean daily return, % of equity", "mean daily return", digits=3, percent=True),
    "yield": Metric("yield, % of turnover", "yield", percent=True),
}


def metric_of(name: str) -> Metric:
    """The form of ``sharpe``, ``growth`` or ``yield``; another name is written as it is, a plain number."""
    return _FORMS.get(name, Metric(name, name, digits=3))
