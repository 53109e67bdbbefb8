"""Blocks of configurations over one tape: classes, streams, and the threads over the compiled walk in lanes.

Configurations of one class share the staking rule and what turns a row into numbers (commission, slippage), so that
all of this is worked out once a row. A class has one stream, of the rows that any of its configurations may take; a
block walks the part of it that its own filters leave. What follows from filters alone is counted from sorted columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.measures import COLUMNS, METRICS
from engine.backtesting.plan import Class, Floats, Longs, Matrix, Offer, _aligned, _within, planned
from engine.kernel import account as acc
from engine.kernel.codes import Reason
from engine.kernel.lanes.rules import (
    FIRST_COUNTED,
    N_COUNTED,
    N_OPEN,
    N_ROWS,
    N_UNCLOSED,
    STRIDE,
    WIDTH,
    WORST_FALL,
    WORST_HIGH,
    Block,
)
from engine.kernel.lanes.stream import select
from engine.kernel.lanes.walk import Series, Shared, Slots
from engine.kernel.params import FIELD, Params
from engine.tape import Tape

#: `kernel.lanes.walk.walk_lanes`, of whichever kernel
Walk = Callable[..., Any]


@dataclass(frozen=True)
class Daily:
    """What is asked of the days of all configurations, and where it is written.

    Attributes
    ----------
    pnl : float32 (c, days)
        P&L after commission, minor units; it may be mapped to a file (`numpy.lib.format.open_memmap`).
    edges : int64 (e,)
        Numbers of days, ascending, from 0 to the number of days.
    marks : float64 (c, e, 2)
        Bets placed, and stakes in minor units, on the days before each edge.
    """

    pnl: NDArray[np.float32]
    edges: Longs
    marks: Floats

    @classmethod
    def empty(cls, count: int, n_days: int, edges: Longs) -> Daily:
        """Room for so many configurations."""
        return cls(np.zeros((count, n_days), np.float32), edges, np.zeros((count, len(edges), 2)))

    def check(self, count: int, n_days: int) -> None:
        """Refuse room of another size; raises ValueError."""
        if self.pnl.shape != (count, n_days) or self.marks.shape != (count, len(self.edges), 2):
            raise ValueError(f"expected days ({count}, {n_days}), found {self.pnl.shape}, marks {self.marks.shape}")
        steps = np.diff(self.edges, prepend=0, append=n_days)
        if (steps < 0).any():
            raise ValueError(f"expected edges ascending from 0 to {n_days}, found {self.edges.tolist()}")


@dataclass(frozen=True)
class Found:
    """What some configurations gave, one row each: measures, P&L by day, marks (`Daily`)."""

    measures: Matrix
    pnl: NDArray[Any]
    marks: Floats


def run_block(plan: Class, part: slice, walk_lanes: Walk, daily: Daily | None = None) -> Found:
    """Walk one block; one row a configuration of the block, with what `daily` asks for of its days."""
    matrix = plan.matrix[part]
    offer = plan.offer
    passing = _within(matrix, offer.edges, offer.odds)
    chosen = np.empty(len(offer.stream.codes), np.int64)
    codes = chosen[: select(offer.stream.codes, passing, chosen)]
    numbers = _aligned(len(Params._fields) * STRIDE)
    table = numbers.reshape(-1, STRIDE)
    table[:, : len(matrix)] = matrix.T
    table[:, len(matrix) :] = matrix[-1][:, None]
    table[FIELD["edge_min"], len(matrix) :] = np.inf  # lanes without a configuration take nothing
    state = _aligned(N_ROWS * STRIDE)
    counts = _aligned(N_COUNTED * STRIDE)
    n_bets, n_events, n_markets, n_questions = offer.n_slots
    slots = Slots(
        _aligned(n_bets * WIDTH), _aligned(n_events * WIDTH), _aligned(offer.n_competitions * WIDTH),
        _aligned(n_markets * WIDTH), _aligned(n_markets * WIDTH), _aligned(n_questions * WIDTH),
        np.full(n_questions, -1, np.int64),
    )  # fmt: skip
    block = Block(numbers, state, _aligned(2 * STRIDE).view(np.int64), np.zeros(WIDTH, np.int64), counts)
    n_days = 0 if daily is None else daily.pnl.shape[1]
    edges = np.empty(0, np.int64) if daily is None else daily.edges
    series = Series(np.zeros(n_days * WIDTH, np.float32), edges, np.zeros(2 * len(edges) * WIDTH))
    walk_lanes(block, offer.stream, codes, slots, _shared(matrix), series)
    c = len(matrix)
    measures = _measures(offer, matrix, state.reshape(-1, STRIDE)[:, :c], counts.reshape(-1, STRIDE)[:, :c])
    marks = series.marks.reshape(len(edges), 2, WIDTH)[:, :, :c].transpose(2, 0, 1)
    return Found(measures, series.days.reshape(n_days, WIDTH)[:, :c].T, marks)


def _shared(matrix: Matrix) -> Shared:
    first = {name: matrix[0, number] for name, number in FIELD.items()}
    return Shared(
        int(first["staking"]),
        float(first["commission_factor"]),
        float(first["slippage_frac"]),
        float(first["price_tolerance_frac"]),
        bool(first["base_is_cash"] == 1.0),
        bool(first["stake_increment_minor"] == 1.0),
        bool((matrix[:, FIELD["one_per_market"]] == 1.0).any()),
        bool(np.isfinite(matrix[:, FIELD["event_cap_frac"]]).any()),
        bool(np.isfinite(matrix[:, FIELD["competition_cap_frac"]]).any()),
    )


def _measures(offer: Offer, matrix: Matrix, state: Matrix, counts: Matrix) -> Matrix:
    """Rows of `result.COLUMNS` from what stands in the lanes."""
    equity = state[acc.CASH] + state[acc.OPEN]
    bankroll = matrix[:, FIELD["bankroll_minor"]]
    pnl, turnover = equity - bankroll, state[acc.TURNOVER] + state[acc.STAKED_TODAY]
    n_bets = counts[int(Reason.PLACED) - FIRST_COUNTED]
    clv_n = n_bets - state[N_UNCLOSED]
    odds = offer.complete_odds
    below = np.searchsorted(odds, matrix[:, FIELD["odds_min"]], "left")
    above = len(odds) - np.searchsorted(odds, matrix[:, FIELD["odds_max"]], "right")
    with np.errstate(divide="ignore", invalid="ignore"):
        row: dict[str, Any] = {
            "n_opportunities": offer.n_rows, "n_bets": n_bets, "n_won": state[acc.N_WON], "n_void": state[acc.N_VOID],
            "n_open": state[N_OPEN], "turnover_minor": turnover, "pnl_minor": pnl,
            "yield": np.where(turnover > 0, pnl / turnover, np.nan), "roi": pnl / bankroll,
            "bankroll_final_minor": equity, "max_drawdown_frac": state[WORST_FALL] / state[WORST_HIGH],
            "clv_mean": np.where(clv_n > 0, state[acc.CLV_SUM] / clv_n, np.nan), "clv_n": clv_n,
            "longest_losing_streak": state[acc.LONGEST], "commission_minor": state[acc.COMMISSION],
            "n_streak_warnings": state[acc.WARNINGS],
        }  # fmt: skip
    out = np.zeros((len(matrix), len(COLUMNS)))
    for number, name in enumerate(METRICS):
        out[:, number] = row[name]
    reasons = out[:, len(METRICS) :]
    reasons[:, FIRST_COUNTED : FIRST_COUNTED + N_COUNTED] = counts.T
    reasons[:, int(Reason.INCOMPLETE)] = offer.n_rows - len(odds)
    reasons[:, int(Reason.ODDS_RANGE)] = below + above
    reasons[:, int(Reason.EDGE)] = len(odds) - below - above - counts.sum(axis=0)
    return out


@dataclass(frozen=True)
class Outputs:
    """Where the results of configurations go: `measures` (c, columns), and what is asked of their days, or None."""

    measures: Matrix
    daily: Daily | None = None

    def keep(self, rows: NDArray[np.intp], found: Found) -> int:
        """Write what some configurations gave; returns their number."""
        self.measures[rows] = found.measures
        if self.daily is not None:
            self.daily.pnl[rows] = found.pnl
            self.daily.marks[rows] = found.marks
        return len(rows)


def jobs(
    tape: Tape, matrix: Matrix, large: list[NDArray[np.intp]], seed: int, out: Outputs, walk_lanes: Walk
) -> Iterator[Callable[[], int]]:
    """One function a block: it writes what its configurations gave and returns their number."""
    for plan in planned(tape, matrix, large, seed):
        for part in plan.parts():
            walk = partial(run_block, plan, part, walk_lanes, out.daily)
            yield partial(_fill, walk, plan.rows[part], out)


def _fill(walk: Callable[[], Found], rows: NDArray[np.intp], out: Outputs) -> int:
    return out.keep(rows, walk())
