"""Is a closing line a fair ruler? Its bias at the odds of some bets, the error that it leaves, and whether it passes.

A closing line value is measured with fair closing odds. If bets at those odds lose b on average, the close overrates
their chance by b, and a closing line value is too large by b. What is known of b comes from past results: the mean
return m of bets at fair closing odds, with a standard error e. The closing line value is then known up to an error of

    tau^2 = m^2 + e^2,

whatever the number of bets that it is averaged over. m and e are of the odds that the bets have: cells of sport,
market, selection and band of fair odds, weighted by the bets. Two measures of m compete, and the larger one counts: the
weighted mean over the cells, and the spread between the cells, because bets that are chosen within a cell may be as far
from its mean as the cells are from each other (method of moments with weights of the inverse variance of each term,
DerSimonian & Laird 1986, "Meta-analysis in clinical trials", Controlled Clinical Trials 7, around zero).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from statistics import NormalDist
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.asof.calibration import ALL, BANDS, LAID

__all__ = ["BIAS_MOST", "CalibratedCell", "ClosingCalibration", "Tau", "Taus"]

Floats = NDArray[np.float64]

_NORMAL: Final = NormalDist()
#: a close passes if the upper end of the 90 % interval of its bias is at most this
BIAS_MOST: Final = 0.025
#: one-sided level of the ends of a 90 % interval
_SIDE: Final = 0.05
#: how surely a fair close passes with the stated number of matches
_SURE: Final = 0.80
#: error of a cell in which no match was measured: nothing is known about it
_UNKNOWN: Final = 1.0
#: bands of the odds that most bets have, 1.5 to 6
USUAL: Final = (1, 2, 3)
#: fewest matches for which a mean return is shown with an interval
FEWEST_MATCHES: Final = 100


@dataclass(frozen=True)
class CalibratedCell:
    """Return of bets at fair closing odds in one band of odds.

    Attributes
    ----------
    sport, market : str
    selection : str or None
        None: all selections of the market together.
    band : int
        Number of the band of fair closing odds, 0 for the shortest; -1: all odds, with all selections together.
    matches, selections : int
        What was measured.
    mean : float
        Mean return per unit staked; below zero where the close overrates the chance.
    error : float
        Its standard error, with matches as clusters; of a single selection at least that of a fair close.
    """

    sport: str
    market: str
    selection: str | None
    band: int
    matches: int
    selections: int
    mean: float
    error: float

    @property
    def odds(self) -> str:
        """Its fair closing odds in words: ``below 1.5``, ``1.5 to 2.5``, ``above 10``."""
        if self.band == ALL:
            return "all"
        if self.band == 0:
            return f"below {BANDS[0]:g}"
        return (
            f"above {BANDS[-1]:g}" if self.band == len(BANDS) else f"{BANDS[self.band - 1]:g} to {BANDS[self.band]:g}"
        )

    @property
    def laid(self) -> bool:
        """Whether it is of bets that lay a selection."""
        return self.selection is not None and self.selection.startswith(LAID)

    @property
    def interval(self) -> tuple[float, float] | None:
        """90 % interval of the mean; None below 100 matches."""
        if self.matches < FEWEST_MATCHES:
            return None
        reach = _NORMAL.inv_cdf(1.0 - _SIDE) * self.error
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True)
class Taus:
    """What the close leaves open for each of many configurations; arrays of one shape.

    Attributes
    ----------
    tau, tau_low, tau_high : float64
        Error of a closing line value from the close, and its 90 % interval.
    mean : float64
        Mean return at fair closing odds over the cells of the bets; below zero where the close overrates them.
    bias : float64
        The larger of the size of `mean` and the spread between the cells.
    error : float64
        Standard error of `mean`, cells taken as independent.
    bias_high : float64
        Upper end of the 90 % interval of the bias.
    passes : bool
        Whether the close is calibrated well enough: `bias_high` is at most `BIAS_MOST`. False without a bet.
    """

    tau: Floats
    tau_low: Floats
    tau_high: Floats
    mean: Floats
    bias: Floats
    error: Floats
    bias_high: Floats
    passes: NDArray[np.bool_]


@dataclass(frozen=True)
class Tau:
    """What the close leaves open for the bets of one configuration.

    Attributes
    ----------
    tau, low, high : float
        Error of a closing line value from the close, and its 90 % interval; NaN: not measured.
    mean, error : float
        Mean return at fair closing odds of such bets, and its standard error.
    passes : bool
    reason : str
        Why the close does not pass; empty if it does.
    matches_needed : int or None
        Matches with closing prices with which a fair close passes in 80 of 100 cases; None if it is not for want of
        matches.
    """

    tau: float
    low: float
    high: float
    mean: float
    error: float
    passes: bool
    reason: str = ""
    matches_needed: int | None = None


@dataclass(frozen=True)
class ClosingCalibration:
    """How well the closing prices of one bookmaker foretold the results of a store.

    Attributes
    ----------
    bookmaker, method : str
        Whose closing prices, and how their margin is removed.
    matches : int
        Matches with a closing price and a result.
    first_date, last_date : str
        ISO dates of those matches; empty without one.
    cells : tuple of CalibratedCell
        By sport, market, selection and band, in this order. Rows with selection None are of all selections together.
    """

    bookmaker: str
    method: str
    matches: int
    first_date: str
    last_date: str
    cells: tuple[CalibratedCell, ...] = field(default=())

    @classmethod
    def of_sums(
        cls, bookmaker: str, method: str, matches: int, dates: tuple[str, str], rows: Sequence[dict[str, Any]]
    ) -> Self:
        """From the rows of `engine.asof.calibration.sums_of`, as mappings."""
        return cls(bookmaker, method, matches, *dates, tuple(_cell(row) for row in rows))

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Self:
        """What `plain` gave, also after a way through JSON."""
        return cls(**{**values, "cells": tuple(CalibratedCell(**cell) for cell in values["cells"])})

    def plain(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return {**asdict(self), "cells": [asdict(cell) for cell in self.cells]}

    @property
    def bands(self) -> tuple[CalibratedCell, ...]:
        """The rows for all selections together, by sport, market and band: what is shown."""
        return tuple(cell for cell in self.cells if cell.selection is None and cell.band != ALL)

    def matches_of(self, sport: str, market: str) -> int:
        """Matches with a closing price of a market and a result."""
        where = (sport, market, None, ALL)
        found = (c.matches for c in self.cells if (c.sport, c.market, c.selection, c.band) == where)
        return next(found, self.matches)

    @cached_property
    def single(self) -> tuple[CalibratedCell, ...]:
        """The cells of single selections: what weights of bets belong to, in this order."""
        return tuple(cell for cell in self.cells if cell.selection is not None)

    def weights(self, bets: dict[tuple[str, str, str, int], float]) -> Floats:
        """Weights of the cells from numbers of bets by sport, market, selection and band.

        Returns
        -------
        float64 (cells + 1,): the last one counts bets in cells in which no match was measured.
        """
        place = {(cell.sport, cell.market, cell.selection, cell.band): i for i, cell in enumerate(self.single)}
        out = np.zeros(len(self.single) + 1)
        for cell, number in bets.items():
            out[place.get(cell, len(self.single))] += number
        return out

    def usual(self, sport: str, market: str) -> Floats:
        """Weights of bets on every selection of a market at fair odds of 1.5 to 6."""
        bets = [
            cell.selections
            * float((cell.sport, cell.market) == (sport, market) and cell.band in USUAL and not cell.laid)
            for cell in self.single
        ]
        return np.array([*bets, 0.0])

    def taus(self, weights: ArrayLike) -> Taus:
        """The error tau of many configurations.

        Parameters
        ----------
        weights : float64 (..., cells + 1)
            Bets, or turnover at level stakes, in each cell of `single` and, last, in none of them.

        Returns
        -------
        Taus
            Arrays of shape (...); NaN, and not passed, for a configuration without a bet.

        Notes
        -----
        The 90 % interval of the bias M is max(0, |m| - 1.645 e) to |m| + 1.645 e: each end errs in at most 5 % of
        cases, since |m| is normal around |M| or farther out. That of tau is the root of M^2 + e^2 at its ends. So a
        close that is known too little never passes, however small its measured bias happens to be.
        """
        given = np.asarray(weights, np.float64)
        means = np.array([*(cell.mean for cell in self.single), 0.0])
        errors = np.array([*(cell.error for cell in self.single), _UNKNOWN])
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = given / given.sum(axis=-1, keepdims=True)
            precision = shares / errors**4
            spread = (precision @ (means**2 - errors**2)) / precision.sum(axis=-1)
            mean, error = shares @ means, np.sqrt(shares**2 @ errors**2)
            bias = np.sqrt(np.maximum(mean**2, spread))
        reach = _NORMAL.inv_cdf(1.0 - _SIDE) * error
        low, high = np.maximum(bias - reach, 0.0), bias + reach
        tau, tau_low, tau_high = (np.hypot(size, error) for size in (bias, low, high))
        return Taus(tau, tau_low, tau_high, mean, bias, error, high, np.nan_to_num(high, nan=math.inf) <= BIAS_MOST)

    def tau(self, weights: ArrayLike, where: str = "these odds") -> Tau:
        """The error tau of the bets of one configuration, and in words why the close does not pass.

        Parameters
        ----------
        weights : float64 (cells + 1,)
            As in `taus`.
        where : str
            The odds in the words of the reason.
        """
        if not np.asarray(weights).sum() > 0.0:
            return _silent(f"no bet has a closing price of {self._whose}")
        if not self.single:
            return _silent(f"no match has a closing price of {self._whose} and a result")
        found = self.taus(weights)
        mean, error, bias, high = (float(value) for value in (found.mean, found.error, found.bias, found.bias_high))
        reason, needed = "", None
        if not found.passes:
            used = {(c.sport, c.market) for c, n in zip(self.single, np.asarray(weights)[:-1], strict=True) if n > 0.0}
            matches = max((self.matches_of(*one) for one in used), default=self.matches)
            reason, needed = self._why_not((mean, error, bias, high), matches, where)
            if not used:
                reason, needed = (
                    f"no match with a bet like these has a closing price of {self.bookmaker} and a result",
                    None,
                )
        ends = float(found.tau_low), float(found.tau_high)
        return Tau(float(found.tau), *ends, mean, error, bool(found.passes), reason, needed)

    @property
    def _whose(self) -> str:
        return self.bookmaker.replace("_", " ").title()

    def _why_not(self, found: tuple[float, float, float, float], matches: int, where: str) -> tuple[str, int | None]:
        """Why a close does not pass: too few matches, and how many it takes; or a bias."""
        mean, error, bias, high = found
        side = _NORMAL.inv_cdf(1.0 - _SIDE)
        most = BIAS_MOST / (side + _NORMAL.inv_cdf(0.5 + _SURE / 2.0))
        if error > most and abs(mean) - side * error <= BIAS_MOST:
            exact = math.ceil(matches * (error / most) ** 2)
            needed = round(exact, 2 - len(str(exact)))
            return (
                f"{matches:,} matches are too few to know whether the close of {self._whose} is fair at {where}; "
                f"it takes about {needed:,}"
            ), needed
        way = "overrates" if mean < 0.0 else "underrates"
        size = f"{way} such bets by {abs(mean):.1%}" if abs(mean) >= 0.9 * bias else f"is off by {bias:.1%}"
        return f"the close of {self._whose} is not calibrated at {where}: it {size} (up to {high:.1%})", None


def _silent(reason: str) -> Tau:
    return Tau(math.nan, math.nan, math.nan, math.nan, math.nan, passes=False, reason=reason)


def _cell(row: dict[str, Any]) -> CalibratedCell:
    """Mean and error of a cell: a ratio over clusters, with the variance m / (m - 1) sum (s_m - r n_m)^2 / n^2.

    That is the variance of a ratio (Cochran 1977, "Sampling Techniques", section 6.3). Of single selections the error
    is at least that of a fair close: a cell in which nothing has won yet shows no spread.
    """
    matches, n = int(row["matches"]), int(row["n"])
    mean = row["profit"] / n
    squares = row["profit_squared"] - 2.0 * mean * row["profit_n"] + mean * mean * row["n_squared"]
    clustered = math.sqrt(max(squares, 0.0) * matches / (matches - 1)) / n if matches > 1 else math.inf
    fair = math.sqrt(row["variance"]) / n
    if row["selection"] is not None or matches == 1:
        clustered = fair if matches == 1 else max(clustered, fair)
    return CalibratedCell(
        row["sport"], row["market"], row["selection"], int(row["band"]), matches, n, float(mean), float(clustered)
    )
