"""The regime in force at an instant: fitted anew on the days before it, by numbers that keep their meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import ConfigurationError, unknown_name
from research.regimes.choice import PENALTIES, apart, candidates, learned, number_of_states, penalty_of, spacing
from research.regimes.gaussian import fit_hmm, fit_mixture
from research.regimes.inputs import Scaling, scaling_of
from research.regimes.jump import fit_jump
from research.regimes.labels import MOMENTS, STATES_MAX, matched, ordered
from research.regimes.series import INPUTS
from research.regimes.states import OBSERVATIONS_MIN, Matrix, Path, States, in_force

MODELS: Final = ("jump", "hmm", "mixture")
#: numbers of a plan with their smallest and largest value
_RANGES: Final = (
    ("half_life", 0, 1000), ("tail", 0, 0.49), ("days_min", 1, 100_000), ("refit_days", 1, 10_000), ("penalty", 0, 1e9),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How regimes are fitted.

    Attributes
    ----------
    model : str
        ``jump``, ``hmm``, ``mixture``.
    inputs : tuple of str
        Columns of `research.regimes.series.day_series`.
    states : int or None
        Number of states; None: chosen in the first training window.
    penalty : float or None
        Penalty of the jump model; None: chosen in the first training window.
    half_life : float
        Of the moving mean of the inputs, in days with a row.
    tail : float
        Share of the days at each end of an input that is winsorised.
    order_by : str or None
        Input whose moment orders the states of the first fit; None: the first input.
    moment : str
        ``mean`` or ``spread``.
    days_min : int
        Rows that the first fit needs.
    refit_days : int
        Calendar days from one fit to the next.
    """

    model: str = "jump"
    inputs: tuple[str, ...] = ("overround", "dispersion")
    states: int | None = 2
    penalty: float | None = 3.0
    half_life: float = 5.0
    tail: float = 0.01
    order_by: str | None = None
    moment: str = "mean"
    days_min: int = 100
    refit_days: int = 182

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise unknown_name("model of regimes", self.model, MODELS, where="regimes")
        for name in (*self.inputs, *((self.order_by,) if self.order_by else ())):
            if name not in INPUTS:
                raise unknown_name("input of regimes", name, INPUTS, where="regimes")
        if self.order_by is not None and self.order_by not in self.inputs:
            raise ConfigurationError(
                "states ordered by no input", expected=" | ".join(self.inputs), found=self.order_by
            )
        if self.moment not in MOMENTS:
            raise unknown_name("moment", self.moment, MOMENTS, where="regimes")
        if len(set(self.inputs)) < len(self.inputs):
            raise ConfigurationError(
                "wrong inputs of regimes", where="inputs", expected="each once", found=", ".join(self.inputs)
            )
        if self.states is not None and self.states not in range(2, STATES_MAX + 1):
            raise ConfigurationError(
                "wrong number of regimes",
                where="states",
                expected=f"2 to {STATES_MAX}, or null",
                found=str(self.states),
            )
        for key, low, high in _RANGES:
            value = getattr(self, key)
            if value is not None and not low <= value <= high:
                raise ConfigurationError(
                    "wrong value", where=key, expected=f"a number from {low:g} to {high:g}", found=f"{value:g}"
                )
        if self.days_min < self._fewest_days():
            raise ConfigurationError(
                "too few days for the first fit of regimes", where="days_min",
                expected=f"{self._fewest_days()} or more with these states, penalty and half_life",
                found=str(self.days_min),
            )  # fmt: skip

    def _fewest_days(self) -> int:
        """Days with which the first fit, and each choice before it, has enough observations."""
        chooses = self.states is None or (self.model == "jump" and self.penalty is None)
        wanted = OBSERVATIONS_MIN * (self.states or 1)
        enough = next(n for n in count(wanted) if (learned(n) if chooses else n) >= wanted)
        return enough if self.states is not None else enough * spacing(self.half_life)


@dataclass(frozen=True)
class Fit:
    """Regimes as of one fit.

    Attributes
    ----------
    states : States
    scaling : Scaling
    day : int
        Days before it were learned from.
    chosen : tuple of (int, float or None)
        Number of states, and penalty of the jump model.
    """

    states: States
    scaling: Scaling
    day: int
    chosen: tuple[int, float | None]

    @property
    def raw_centers(self) -> Matrix:
        """Centers in the units of the inputs, (k, d)."""
        return self.states.centers * self.scaling.spread + self.scaling.center

    def path(self, values: Matrix) -> Path:
        """Filtered states of a series of raw inputs."""
        return self.states.filtered(self.scaling.applied(values)).path


@dataclass(frozen=True)
class Known:
    """The regime that is known at an instant.

    Attributes
    ----------
    state : int or None
        None: too few days yet.
    fits : tuple of Fit
        All fits so far, the last one in force.
    days : array of int64, (n,)
        Days of the series.
    values : array of float64, (n, d)
        Raw inputs of these days; NaN: no value.
    """

    state: int | None = None
    fits: tuple[Fit, ...] = ()
    days: Path = field(default_factory=lambda: np.empty(0, np.int64))
    values: Matrix = field(default_factory=lambda: np.empty((0, 0)))

    @cached_property
    def path(self) -> Path:
        """State that was known at the start of the day after each day, by the fit in force then; -1: none yet."""
        path = np.full(len(self.days), -1, np.int64)
        for fit in self.fits:
            since = self.days + 1 >= fit.day
            path[since] = fit.path(self.values)[since]
        return path

    def hindsight(self) -> Path:
        """The states of all days by the last fit, each day with what came later; empty before there is a fit.

        For pictures and for measuring a lag, never for a bet.
        """
        if not self.fits:
            return np.empty(0, np.int64)
        last = self.fits[-1]
        return last.states.hindsight(last.scaling.applied(self.values)).path


def known(series: pl.DataFrame, plan: Plan, until_day: int) -> Known:
    """The regimes of the days before a day; a pure function of these days.

    Fits are made on the days of a fixed calendar, each `Plan.refit_days` after the one before, on all days before it.
    So a fit is the same whenever it is asked for, and between two fits only the filter moves on.

    Parameters
    ----------
    series : polars.DataFrame
        `research.regimes.series.day_series`; days from `until_day` on do not count.
    plan : Plan
    until_day : int
        Days since 1970-01-01.

    Raises
    ------
    DataError
        An input has no value or does not vary in a training window.
    """
    past = series.filter(pl.col("day") < until_day).sort("day")
    days = past["day"].to_numpy().astype(np.int64)
    values = past.select(plan.inputs).to_numpy().astype(np.float64)
    fits: list[Fit] = []
    for day in _calendar(days, plan, until_day):
        before = days < day
        content = days[before].tobytes(), np.ascontiguousarray(values[before]).tobytes()
        fits.append(_kept(plan, day, content, _Previous(fits[-1] if fits else None)))
    state = in_force(fits[-1].states.filtered(fits[-1].scaling.applied(values))) if fits else None
    return Known(state, tuple(fits), days, values)


def _calendar(days: Path, plan: Plan, until_day: int) -> list[int]:
    """Days of fits: multiples of `Plan.refit_days`, from the first with enough days before it to `until_day`."""
    if len(days) < plan.days_min:
        return []
    step = plan.refit_days
    first = -(-(int(days[plan.days_min - 1]) + 1) // step) * step
    return list(range(first, until_day + 1, step))


class _Previous:
    """The fit before, equal to any other: days and values that a fit learns from hold those of all fits before it."""

    def __init__(self, fit: Fit | None) -> None:
        self.fit = fit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Previous)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _kept(plan: Plan, day: int, content: tuple[bytes, bytes], before: _Previous) -> Fit:
    values = np.frombuffer(content[1], dtype=np.float64).reshape(-1, len(plan.inputs))
    scaling = scaling_of(values, plan.half_life, plan.tail, plan.inputs)
    scaled = scaling.applied(values)
    previous = before.fit
    n_states, penalty = previous.chosen if previous else _chosen(plan, values, scaled)
    states: Any
    if penalty is not None:
        states = fit_jump(scaled, n_states, penalty)
    else:
        states = (fit_hmm if plan.model == "hmm" else fit_mixture)(scaled, n_states)
    if previous is None:
        column = plan.inputs.index(plan.order_by) if plan.order_by else 0
        return Fit(ordered(states, column, plan.moment), scaling, day, (n_states, penalty))
    centers = states.centers * scaling.spread + scaling.center
    unit = previous.scaling.spread  # so that no input counts more for the size of its numbers
    return Fit(matched(states, centers / unit, previous.raw_centers / unit), scaling, day, (n_states, penalty))


def _chosen(plan: Plan, values: Matrix, scaled: Matrix) -> tuple[int, float | None]:
    """Number of states and penalty, from the first training window."""
    n_states = plan.states
    if n_states is None:
        fit = fit_mixture if plan.model == "mixture" else fit_hmm
        thin = apart(scaled, plan.half_life)
        most = max(1, min(4, int(0.7 * len(thin)) // 10))
        n_states = number_of_states(candidates(thin, fit, range(1, most + 1)))
    if plan.model != "jump":
        return n_states, None
    if plan.penalty is not None:
        return n_states, plan.penalty
    return n_states, penalty_of(values, n_states, plan.half_life, plan.tail, PENALTIES)
