"""One block of configurations: the arrays of its walk in lanes, and the measures that follow from them.

A block walks the part of its class's stream that its own filters leave. Reasons that follow from filters alone are
counted from sorted columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.measures import COLUMNS, METRICS
from engine.backtesting.plan import Class, ClassStream, Floats, Longs, Matrix, _aligned, lane_classes, loosest
from engine.kernel.codes import Reason, Staking
from engine.kernel.lanes.cells import (
    CELL,
    COUNTS,
    FIRST_COUNTED,
    N_BETS,
    N_COUNTED,
    N_ROWS,
    STRIP,
    STRIPS,
    WIDTH,
    Block,
)
from engine.kernel.lanes.stream import select, strips_of
from engine.kernel.lanes.walk import Series, Shared, Slots
from engine.kernel.params import FIELD, PARAMETERS
from engine.tape import Tape

#: `engine.kernel.lanes.walk.walk_lanes`, of the built-in kernel or of one with a user's rule
Walk = Callable[..., Any]


@dataclass(frozen=True)
class Daily:
    """The daily results of all configurations: which ones are wanted, and the arrays that receive them.

    Attributes
    ----------
    pnl : float32 (c, days)
        P&L after commission, minor units. It may be mapped to a file (`numpy.lib.format.open_memmap`).
    level : float32 (c, days)
        P&L after commission at level stakes, by day of settlement. A bet with stake s and P&L p counts `w * p / s`,
        where w is the row's `stake_weight`, under Kelly staking s over the equity when the bet was placed.
    clv : float32 (c, days)
        Sum of w times the closing line value over the bets settled on a day that have a closing price.
    level_turnover : float64 (c, 2)
        Sum of w over all settled bets, and over those with a closing price.
    edges : int64 (e,)
        Numbers of days, ascending, from 0 to the number of days.
    marks : float64 (c, e, 2)
        Number of bets, and sum of stakes in minor units, on the days before each edge.
    """

    pnl: NDArray[np.float32]
    level: NDArray[np.float32]
    clv: NDArray[np.float32]
    level_turnover: Floats
    edges: Longs
    marks: Floats

    @classmethod
    def empty(cls, count: int, n_days: int, edges: Longs) -> Daily:
        """Arrays of zeros for `count` configurations."""
        pnl, level, clv = (np.zeros((count, n_days), np.float32) for _ in range(3))
        return cls(pnl, level, clv, np.zeros((count, 2)), edges, np.zeros((count, len(edges), 2)))

    def put(self, rows: NDArray[np.intp], other: Daily | BlockResult) -> None:
        """Write the daily results of the configurations `rows`."""
        self.pnl[rows], self.level[rows], self.clv[rows] = other.pnl, other.level, other.clv
        self.level_turnover[rows], self.marks[rows] = other.level_turnover, other.marks

    def check(self, count: int, n_days: int) -> None:
        """Raise ValueError if an array has another shape or an edge is out of order."""
        shape: tuple[int, ...] = (count, n_days)
        expected = {"pnl": shape, "level": shape, "clv": shape}
        expected |= {"level_turnover": (count, 2), "marks": (count, len(self.edges), 2)}
        for name, wanted in expected.items():
            if getattr(self, name).shape != wanted:
                raise ValueError(f"expected days {wanted}, found {getattr(self, name).shape}, {name}")
        steps = np.diff(self.edges, prepend=0, append=n_days)
        if (steps < 0).any():
            raise ValueError(f"expected edges ascending from 0 to {n_days}, found {self.edges.tolist()}")


@dataclass(frozen=True)
class BlockResult:
    """Results of some configurations, a row each.

    Attributes
    ----------
    measures : float64 (c, len(COLUMNS))
    pnl : float (c, days)
        P&L by day, minor units.
    level, clv : float (c, days)
    level_turnover : float64 (c, 2)
    marks : float64 (c, e, 2)
        As in `Daily`.
    """

    measures: Matrix
    pnl: NDArray[Any]
    level: NDArray[Any]
    clv: NDArray[Any]
    level_turnover: Matrix
    marks: Floats


def run_block(plan: Class, part: slice, walk_lanes: Walk, daily: Daily | None = None) -> BlockResult:
    """Walk the configurations `part` of a class; `daily` states which results of their days are wanted."""
    matrix, shared = plan.matrix[part], plan.shared
    masks = np.empty(len(shared.edges), np.uint8)
    strips_of(shared.edges, shared.odds, _bounds(matrix), masks)
    selected = np.empty(len(shared.stream.codes), np.int64)
    codes = selected[: select(shared.stream.codes, masks, selected)]
    cells = _aligned(N_ROWS * WIDTH)
    of_strips = cells.reshape(STRIPS, N_ROWS, STRIP)
    of_strips[:, : len(PARAMETERS)] = _padded(matrix).reshape(STRIPS, STRIP, -1).transpose(0, 2, 1)
    block = Block(cells=cells, ends=np.empty(2 * WIDTH, np.int64), counted=np.zeros(WIDTH, np.int64))
    n_days = 0 if daily is None else daily.pnl.shape[1]
    edges = np.empty(0, np.int64) if daily is None else daily.edges
    days, levels, clvs = (np.zeros(n_days * WIDTH, np.float32) for _ in range(3))
    series = Series(days, levels, clvs, edges, marks=np.zeros(2 * len(edges) * WIDTH))
    rows = _shared(matrix)
    walk_lanes(block, shared.stream, codes, masks, _slots(shared, rows, n_days > 0), rows, series)
    c = len(matrix)
    table = of_strips.transpose(1, 0, 2).reshape(N_ROWS, WIDTH)[:, :c]
    return BlockResult(
        measures=_measures(shared, matrix, table),
        pnl=days.reshape(n_days, WIDTH)[:, :c].T,
        level=levels.reshape(n_days, WIDTH)[:, :c].T,
        clv=clvs.reshape(n_days, WIDTH)[:, :c].T,
        level_turnover=table[[CELL.level_turnover, CELL.closed_turnover]].T,
        marks=series.marks.reshape(len(edges), 2, WIDTH)[:, :, :c].transpose(2, 0, 1),
    )


def _padded(matrix: Matrix) -> Matrix:
    """The matrix of a block with `WIDTH` rows. A lane without a configuration places no bet."""
    padded = matrix[np.minimum(np.arange(WIDTH), len(matrix) - 1)]
    padded[len(matrix) :, FIELD["edge_min"]] = np.inf
    return padded


def _bounds(matrix: Matrix) -> Matrix:
    """The loosest filters of each strip of a block; none passes that of a strip without a configuration."""
    bounds = np.full((4, STRIPS), np.inf)
    for strip, low in enumerate(range(0, len(matrix), STRIP)):
        bounds[:, strip] = loosest(matrix[low : low + STRIP])
    return bounds


def _slots(shared: ClassStream, rows: Shared, level: bool) -> Slots:
    kelly = rows.staking in (Staking.KELLY, Staking.KELLY_COLUMN)
    n_level = shared.n_commission_markets * WIDTH if level else 0
    return Slots(
        bets=_aligned(shared.n_bets * WIDTH),
        events=_aligned(shared.n_events * WIDTH),
        competitions=_aligned(shared.n_competitions * WIDTH),
        commission_market_pnl=_aligned(shared.n_commission_markets * WIDTH),
        commission_market_open=_aligned(shared.n_commission_markets * WIDTH),
        equities=_aligned(shared.n_bets * WIDTH if level and kelly else 0),
        level_weight=_aligned(n_level),
        level_stake=_aligned(n_level),
        taken=_aligned(shared.n_questions * WIDTH),
        owner=np.full(shared.n_questions, -1, np.int64),
    )


def _shared(matrix: Matrix) -> Shared:
    """The record of what all rows of a block share, or have at all."""

    def first(name: str) -> float:
        return float(matrix[0, FIELD[name]])

    def has_cap(name: str) -> bool:
        return bool(np.isfinite(matrix[:, FIELD[name]]).any())

    return Shared(
        staking=first("staking"),
        slippage_frac=first("slippage_frac"),
        price_tolerance_frac=first("price_tolerance_frac"),
        base_is_cash=first("base_is_cash") == 1.0,
        unit_increment=first("stake_increment_minor") == 1.0,
        one_per_market=bool((matrix[:, FIELD["one_per_market"]] == 1.0).any()),
        event_cap=has_cap("event_cap_frac"),
        competition_cap=has_cap("competition_cap_frac"),
    )


def _measures(shared: ClassStream, matrix: Matrix, cells: Matrix) -> Matrix:
    """Measures of each configuration, columns as in `measures.COLUMNS`, from the rows of the lanes."""
    equity, counts = cells[CELL.equity], cells[COUNTS : COUNTS + N_COUNTED]
    bankroll = matrix[:, FIELD["bankroll_minor"]]
    pnl, turnover = equity - bankroll, cells[CELL.turnover] + cells[CELL.staked_today]
    n_bets = cells[N_BETS]
    clv_n = n_bets - cells[CELL.n_unclosed]
    odds, n_lower = shared.complete_odds, shared.n_complete
    n_odds = n_lower[-1]
    below = n_lower[np.searchsorted(odds, matrix[:, FIELD["odds_min"]], "left")]
    above = n_odds - n_lower[np.searchsorted(odds, matrix[:, FIELD["odds_max"]], "right")]
    with np.errstate(divide="ignore", invalid="ignore"):
        row: dict[str, Any] = {
            "n_opportunities": shared.n_rows, "n_bets": n_bets, "n_won": cells[CELL.n_won],
            "n_void": cells[CELL.n_void], "n_open": cells[CELL.n_open], "turnover_minor": turnover, "pnl_minor": pnl,
            "yield": np.where(turnover > 0, pnl / turnover, np.nan), "roi": pnl / bankroll,
            "bankroll_final_minor": equity, "max_drawdown_frac": cells[CELL.max_drawdown],
            "clv_mean": np.where(clv_n > 0, cells[CELL.clv_sum] / clv_n, np.nan), "clv_n": clv_n,
            "longest_losing_streak": cells[CELL.longest], "commission_minor": cells[CELL.commission],
            "n_streak_warnings": cells[CELL.warnings],
        }  # fmt: skip
    out = np.zeros((len(matrix), len(COLUMNS)))
    for number, name in enumerate(METRICS):
        out[:, number] = row[name]
    reasons = out[:, len(METRICS) :]
    reasons[:, FIRST_COUNTED : FIRST_COUNTED + N_COUNTED] = counts.T
    reasons[:, int(Reason.INCOMPLETE)] = shared.n_rows - n_odds
    reasons[:, int(Reason.ODDS_RANGE)] = below + above
    reasons[:, int(Reason.EDGE)] = n_odds - below - above - counts.sum(axis=0)
    return out


@dataclass(frozen=True)
class Outputs:
    """The arrays that receive the results: `measures` (c, columns), and the daily results, if they are wanted."""

    measures: Matrix
    daily: Daily | None = None

    def keep(self, rows: NDArray[np.intp], result: BlockResult) -> int:
        """Write the results of the configurations `rows`; returns their number."""
        self.measures[rows] = result.measures
        if self.daily is not None:
            self.daily.put(rows, result)
        return len(rows)


def jobs(
    tape: Tape, matrix: Matrix, large: list[NDArray[np.intp]], seed: int, out: Outputs, walk_lanes: Walk
) -> Iterator[Callable[[], int]]:
    """One function for each block. It writes the results of its configurations to `out` and returns their number."""
    for plan in lane_classes(tape, matrix, large, seed):
        for part in plan.parts():
            walk = partial(run_block, plan, part, walk_lanes, out.daily)
            yield partial(_fill, walk, plan.rows[part], out)


def _fill(walk: Callable[[], BlockResult], rows: NDArray[np.intp], out: Outputs) -> int:
    return out.keep(rows, walk())
