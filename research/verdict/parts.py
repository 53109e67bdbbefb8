"""The parts of the evidence: one test each, as numbers that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

#: significance at which the diagnostic of slow dependence warns
SLOW_LEVEL: Final = 0.03


@dataclass(frozen=True)
class OverfittingEvidence:
    """Cross-validated selection (`overfit.Overfitting`), with the null band of PBO.

    Attributes
    ----------
    probability, slope, loss : float
        Probability of overfitting, performance degradation and probability of loss.
    blocks, splits, configurations : int
    null_low, null_middle, null_high : float
        Quantiles 5, 50 and 95 % of PBO over replicas in which no configuration is better than another.
    """

    probability: float
    slope: float
    loss: float
    blocks: int
    splits: int
    configurations: int
    null_low: float
    null_middle: float
    null_high: float


@dataclass(frozen=True)
class SingleTest:
    """One series tested on its own.

    Attributes
    ----------
    row : int
        Row of the configuration, from 0; -1 for the portfolio of all.
    statistic : float
        Studentised mean.
    p_value : float
        One-sided, skew-corrected, not adjusted for other trials.
    n_days : int
    sharpe, skew, kurtosis : float
        Per day (`sharpe.Moments`).
    p_months : float or None
        One-sided p-value of its months with Student's quantiles; None where it was not tested so.
    months : int
        Months that it was tested by; 0 where it was not.
    """

    row: int
    statistic: float
    p_value: float
    n_days: int
    sharpe: float
    skew: float
    kurtosis: float
    p_months: float | None = None
    months: int = 0

    @property
    def larger(self) -> float:
        """The larger of the p-values by days and by months, where there is the second."""
        return self.p_value if self.p_months is None else max(self.p_value, self.p_months)


@dataclass(frozen=True)
class LevelTests:
    """The tests at level stakes, and of the portfolio of all configurations.

    Attributes
    ----------
    statistic, p_value : float
        The best of those judged, at least 0, against the null maxima of all configurations.
    selected : SingleTest or None
        The selected configuration; None if none qualifies.
    ensemble : SingleTest or None
        The portfolio of all configurations that are judged, equal turnover each; None if none bet.
    """

    statistic: float
    p_value: float
    selected: SingleTest | None
    ensemble: SingleTest | None

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> LevelTests:
        """From a JSON document."""
        single = {name: document[name] and SingleTest(**document[name]) for name in ("selected", "ensemble")}
        return cls(**document | single)


@dataclass(frozen=True)
class SlowDependence:
    """Do the sums of weeks, months and seasons vary more than those of independent days?

    Attributes
    ----------
    ratios : dict of str to float
        Variance of the sums of ``week``, ``month``, ``season`` over that of independent days, pooled over the
        configurations; without the spans of which there are too few.
    p_values : dict of str to float
        One-sided, by days with random signs; likewise.
    p_value : float
        Of all of them together, corrected for taking the smallest.
    """

    ratios: dict[str, float]
    p_values: dict[str, float]
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether the page warns, and the verdict looks at months too."""
        return self.p_value <= SLOW_LEVEL


@dataclass(frozen=True)
class Untested:
    """Configurations that no test can say anything about, and why.

    Attributes
    ----------
    reason : str
        ``no bet``, ``constant`` (the same return every day), ``not a number`` or ``few outcomes``: too few days with a
        gain or too few with a loss.
    count : int
    rows : tuple of int
        The first of them, from 0.
    """

    reason: str
    count: int
    rows: tuple[int, ...]
