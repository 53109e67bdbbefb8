"""Measure whether the bets of a run beat the closing line: the numbers behind the verdict of price."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.execution.ruler import Ruler
from research.inference.block_bootstrap import median_block_length
from research.inference.bootstrap import generator
from research.inference.closing_calibration import Tau
from research.inference.closing_line import BestTest, ClosingLine, PricedBets, best_test, estimates
from research.verdict.price import (
    FEWEST_CLOSED,
    FEWEST_DAYS,
    LEAST_CLOSED_FRAC,
    PriceFindings,
    PriceLeader,
    too_few,
)

__all__ = ["RESAMPLES", "measure_price"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: bootstrap resamples of whole days
RESAMPLES: Final = 1000
#: fewer configurations than this are replayed because they lead until the close is known at the odds of their bets
_ROUNDS: Final = 20
#: what the aggregates of a source are
_AGGREGATE: Final = {"max": "highest", "avg": "average"}
#: a series whose yield less closing line value has a smaller standard error is constant, to the rounding of float32
_CONSTANT: Final = 1e-6


def measure_price(
    bets: PricedBets, closed_bets: NDArray[np.int64], ruler: Ruler, aside: Collection[int], seed: int
) -> PriceFindings:
    """Find the configuration that beats the closing line by most, and test it against all.

    Parameters
    ----------
    bets : PricedBets
    closed_bets : int64 (configurations,)
        Bets with a closing price.
    ruler : Ruler
    aside : collection of int
        Rows that are set aside: not judged, but tried.
    seed : int
    """
    judged = np.ones(len(closed_bets), np.bool_)
    judged[list(aside)] = False
    placed = bets.level_turnover > 0.0
    lines = estimates(bets, ruler.tau)
    enough, known = _enough(bets, closed_bets, lines), lines.gap_error > _CONSTANT
    sets = {
        "aggregate": placed & ruler.aggregate,
        "few": placed & ~ruler.aggregate & ~enough,
        "untestable": placed & ~ruler.aggregate & enough & ~known,
        "uncalibrated": placed & ~ruler.aggregate & enough & known & ~ruler.passes,
    }
    eligible = enough & known & ~ruler.aggregate & ruler.passes
    found, eligible, taus = _leader(bets, lines, ruler, (eligible, judged), seed)
    sets["uncalibrated"] |= placed & enough & known & ~ruler.aggregate & ~eligible
    numbers = PriceFindings(
        "",
        ruler.bookmaker,
        ruler.method,
        tested=int(eligible.sum()),
        few=int(sets["few"].sum()),
        aggregate=int(sets["aggregate"].sum()),
        uncalibrated=int(sets["uncalibrated"].sum()),
        untestable=int(sets["untestable"].sum()),
    )
    if ruler.closes_seen:
        return replace(numbers, silent="the decisions know closing prices, so nobody could have placed these bets")
    if found.row is None:
        return replace(numbers, silent=_silent(bets, closed_bets, lines, ruler, sets, bool(eligible.any())))
    leader = _measured(bets, closed_bets, found.lines, found.row, taus[found.row])
    return replace(numbers, p_all=found.p_value, leader=leader, rulers=found.rulers)


def _enough(bets: PricedBets, closed_bets: NDArray[np.int64], lines: ClosingLine) -> Flags:
    """Which configurations have enough bets with a closing price for a test."""
    enough: Flags = (closed_bets >= FEWEST_CLOSED) & (lines.days >= FEWEST_DAYS)
    return enough & (bets.closed_turnover >= LEAST_CLOSED_FRAC * bets.level_turnover)


def _leader(
    bets: PricedBets, lines: ClosingLine, ruler: Ruler, among: tuple[Flags, Flags], seed: int
) -> tuple[BestTest, Flags, dict[int, Tau]]:
    """The test of the best with the exact error of the close at its odds; which could be tested; the exact errors."""
    eligible, judged, taus = among[0].copy(), among[1], dict[int, Tau]()
    length = median_block_length(bets.clv.T, np.flatnonzero(eligible))
    while len(taus) < _ROUNDS:
        statistic = np.where(eligible & judged, lines.statistic, np.nan)
        best = None if np.isnan(statistic).all() else int(np.nanargmax(statistic))
        if best is None or best in taus:
            found = best_test(
                bets, lines, eligible, judged, length, RESAMPLES, generator(seed, "closing line"), ruler.cells
            )
            if found.row is None or found.row in taus:
                return found, eligible, taus
            best = found.row  # dependence between days changed who leads
        taus[best] = ruler.exact(best)
        eligible[best] &= taus[best].passes
        lines = _with_tau(bets, lines, best, taus[best].tau)
    return BestTest(lines, None, math.nan), eligible & ~judged, taus


def _with_tau(bets: PricedBets, lines: ClosingLine, row: int, tau: float) -> ClosingLine:
    """The estimates with another error of the close for one row."""
    one = PricedBets(*(getattr(bets, field.name)[row : row + 1] for field in fields(PricedBets)))
    alone, changed = estimates(one, tau), dict[str, Floats]()
    for field in fields(ClosingLine):
        column = getattr(lines, field.name).copy()
        column[row] = getattr(alone, field.name)[0]
        changed[field.name] = column
    return replace(lines, **changed)  # type: ignore[arg-type]


def _measured(bets: PricedBets, closed_bets: NDArray[np.int64], lines: ClosingLine, row: int, tau: Tau) -> PriceLeader:
    return PriceLeader(
        config=row + 1,
        bets=int(closed_bets[row]),
        days=int(lines.days[row]),
        closed_frac=float(bets.closed_turnover[row] / bets.level_turnover[row]),
        yield_frac=float(lines.yields[row]),
        clv_frac=float(lines.clv[row]),
        clv_error=float(lines.clv_error[row]),
        gap_error=float(lines.gap_error[row]),
        weight=float(lines.weight[row]),
        theta=float(lines.theta[row]),
        luck=float(lines.luck[row]),
        bias=float(lines.bias[row]),
        tau=tau.tau,
        tau_low=tau.low,
        tau_high=tau.high,
    )


def _silent(
    bets: PricedBets,
    closed_bets: NDArray[np.int64],
    lines: ClosingLine,
    ruler: Ruler,
    sets: dict[str, Flags],
    tested: bool,
) -> str:
    """Why there is no verdict, without a full stop."""
    if tested:
        return "every configuration that could be tested carries a flag"
    if not (bets.level_turnover > 0.0).any():
        return "no bet was settled"
    if sets["uncalibrated"].any():
        row = int(np.argmax(np.where(sets["uncalibrated"], closed_bets, -1)))
        return ruler.exact(row).reason or f"the close of {ruler.bookmaker} is not calibrated at the odds of the bets"
    if sets["untestable"].any():
        return "the results of the bets are constant or not a number: look for a fault of the data or rule"
    if sets["few"].any():
        row = int(np.argmax(np.where(sets["few"], closed_bets, -1)))
        if not closed_bets[row]:
            return f"no bet has a closing price of {ruler.bookmaker}"
        return too_few(int(closed_bets[row]), int(lines.days[row]))
    names = " and ".join(f"{_AGGREGATE.get(name, 'aggregate')} of the market ({name})" for name in ruler.aggregates)
    return f"the price taken is the {names}, and no bookmaker is named that offered it: take that of one, or the best"
