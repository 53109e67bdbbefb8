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

from engine.cluster import clustered
from engine.columns import terms_of
from engine.kernel import account as acc
from engine.kernel.draw import refusals
from engine.kernel.lane_walk import Series, Shared, Slots, Stream
from engine.kernel.lanes import (
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
from engine.kernel.offered import OFFERED
from engine.kernel.params import Params
from engine.kernel.stream import merge, places, select
from engine.result import COLUMNS, METRICS
from engine.schema import Reason, Staking, State
from engine.tape import NEVER, Tape

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Matrix = NDArray[np.float64]
#: `kernel.lane_walk.walk_lanes`, of whichever kernel
Walk = Callable[..., Any]
FIELD = {name: number for number, name in enumerate(Params._fields)}
#: fewer configurations of a class than this are not worth a stream: 128 lanes are paid, used or not
LEAST = 32
_CLASS = ("staking", "commission_factor", "slippage_frac", "price_tolerance_frac", "base_is_cash")
#: columns of a stream that are those of the tape
_OF_TAPE = (
    "competition", "question", "quoted", "filled", "odds", "prob", "edge_frac", "kelly_frac", "stake_weight",
    "size_minor", "stake_min_minor", "id",
)  # fmt: skip
_FILTERS = ("edge_min", "edge_max", "odds_min", "odds_max")


def fits(tape: Tape) -> bool:
    """Whether the walk in lanes knows all rows of a tape: no groups, no lay bets."""
    return not (tape.group >= 0).any() and not tape.is_lay.any()


def simple(matrix: Matrix) -> NDArray[np.bool_]:
    """Which configurations the walk in lanes knows: no wallets, no cuts of limits, any part of a stake is welcome."""
    wallets, least, cut = (matrix[:, FIELD[name]] for name in ("wallets", "fill_min_frac", "limiting_profit_minor"))
    known: NDArray[np.bool_] = (wallets == 0.0) & (least == 0.0) & (cut == np.inf)
    return known


def classes(matrix: Matrix) -> list[NDArray[np.intp]]:
    """Rows of the matrix by class."""
    keys = np.column_stack(
        [matrix[:, [FIELD[name] for name in _CLASS]], matrix[:, FIELD["stake_increment_minor"]] == 1]
    )
    _, number = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


@dataclass(frozen=True)
class Offer:
    """What classes with the same commission and slippage may take of one tape."""

    stream: Stream
    edges: Floats  # net edge of the stream's rows
    odds: Floats  # and their odds
    n_slots: tuple[int, ...]  # open bets, events, markets, questions
    n_competitions: int
    n_rows: int  # of the tape
    complete_odds: Floats  # of all complete rows of the tape, sorted


@dataclass(frozen=True)
class Class:
    """One class of configurations, ready to be walked block by block."""

    offer: Offer
    rows: NDArray[np.intp]  # of the whole matrix, clustered
    matrix: Matrix  # these rows

    def parts(self) -> Iterator[slice]:
        """Runs of configurations that walk together."""
        for low in range(0, len(self.matrix), WIDTH):
            yield slice(low, min(low + WIDTH, len(self.matrix)))


def planned(tape: Tape, matrix: Matrix, large: list[NDArray[np.intp]], seed: int) -> Iterator[Class]:
    """Classes, each with its offer; the offer is made once for all that share it."""
    alike: dict[tuple[float, float, bool], list[NDArray[np.intp]]] = {}
    for rows in large:
        staking, factor, slippage = (float(matrix[rows[0], FIELD[name]]) for name in _CLASS[:3])
        alike.setdefault((factor, slippage, staking == Staking.KELLY_COLUMN), []).append(rows)
    for members in alike.values():
        offer = _offer(tape, matrix[np.concatenate(members)], seed)
        for rows in members:
            filters = matrix[rows][:, [FIELD[name] for name in _FILTERS]]
            own = rows[clustered(offer.edges, offer.odds, filters, WIDTH)]
            yield Class(offer, own, np.ascontiguousarray(matrix[own]))


def _offer(tape: Tape, matrix: Matrix, seed: int) -> Offer:
    staking, factor, slippage = (float(matrix[0, FIELD[name]]) for name in _CLASS[:3])
    complete = ~(np.isnan(tape.odds) | np.isnan(tape.prob) | np.isnan(tape.edge_frac))
    if staking == Staking.KELLY_COLUMN:
        complete &= ~np.isnan(tape.kelly_frac)
    edges = _net_edges(tape, factor)
    passing = complete & _within(matrix, edges, tape.odds)
    rows = np.flatnonzero(passing)
    edges = edges[rows]
    sorted_odds = tape.odds[complete]
    sorted_odds.sort()
    stream, n_slots = _stream(tape, passing, tape.commission_rate[rows] * factor, slippage)
    if (matrix[:, FIELD["rejection_frac"]] > 0.0).any():
        refusals(tape.id[rows], np.int64(seed), stream.rows["draw"])
    return Offer(stream, edges, tape.odds[rows], n_slots, _count(tape.competition), len(tape), sorted_odds)


def _net_edges(tape: Tape, factor: float) -> Floats:
    """`kernel.stake.edge_net` of all rows, with few columns beside it."""
    cost = tape.commission_rate * factor
    cost *= tape.prob
    cost *= tape.odds - 1.0
    return np.subtract(tape.edge_frac, cost, out=cost)


def _within(matrix: Matrix, edges: Floats, odds: Floats) -> NDArray[np.bool_]:
    """Rows that pass the loosest filters of some configurations."""
    filters = matrix[:, [FIELD[name] for name in _FILTERS]]
    low, high = filters.min(axis=0), filters.max(axis=0)
    passing: NDArray[np.bool_] = (edges >= low[0]) & (edges <= high[1]) & (odds >= low[2]) & (odds <= high[3])
    return passing


def _count(ids: Longs) -> int:
    return int(ids.max()) + 1 if len(ids) else 0


def _stream(tape: Tape, passing: NDArray[np.bool_], rate: Floats, slippage: float) -> tuple[Stream, tuple[int, ...]]:
    """The columns of the rows that pass, their actions in order, and their slots."""
    rows = np.flatnonzero(passing)
    decided, settled = tape.decided_at[rows], tape.settled_at[rows]
    place = np.cumsum(passing, dtype=np.int32)
    ends = place[tape.settle_order[passing[tape.settle_order]]].astype(np.int64) - 1
    del place
    codes = np.empty(len(rows) + len(ends), np.int64)
    merge(decided, settled, ends, codes)
    placed, payoff = terms_of(tape, rows, slippage)
    gone = np.isnan(placed)  # no price is left: never a bet, but 0 times NaN is NaN
    placed[gone], payoff[gone] = 1.0, 0.0
    close = tape.close_prob[rows]
    closed = ~np.isnan(close)
    never = settled == NEVER
    slots = [
        _places(codes, np.arange(len(rows)), never),
        _places(codes, tape.event[rows], never),
        _places(codes, tape.market[rows], never),
        _places(codes[codes & 1 == 1], tape.question[rows], None),
    ]
    offered = _aligned(len(rows) * (OFFERED.itemsize // 8)).view(OFFERED)
    for name in _OF_TAPE:
        offered[name] = getattr(tape, name)[rows]
    for name, (slot, _) in zip(("bet_slot", "event_slot", "market_slot", "question_slot"), slots, strict=True):
        offered[name] = slot
    offered["event_slot"][_alone(tape.event[rows])] = -1
    offered["decided_at"], offered["settled_at"] = decided, settled
    offered["payoff"], offered["commission"] = payoff, rate
    offered["is_void"], offered["has_close"] = tape.state[rows] == State.VOID, closed
    offered["clv"] = np.where(closed, placed * close - 1.0, 0.0)
    offered["draw"] = 1.0
    return Stream(codes=codes, rows=offered, midnights=np.array(tape.midnights)), tuple(n for _, n in slots)


def _alone(keys: Longs) -> NDArray[np.bool_]:
    """Whether no other row has the key of a row."""
    alone: NDArray[np.bool_] = np.bincount(keys, minlength=1)[keys] == 1
    return alone


def _places(codes: Longs, keys: Longs, never: NDArray[np.bool_] | None) -> tuple[Longs, int]:
    """Slot of each row's key, and how many slots there are."""
    dense = (np.cumsum(np.bincount(keys, minlength=1) > 0) - 1)[keys]
    uses = np.bincount(dense[codes >> 1], minlength=_count(dense))
    if never is not None:
        uses += np.bincount(dense[never], minlength=len(uses))
    slot_of_key, free = np.full(len(uses), -1), np.full(len(uses), -1)
    slot = np.zeros(len(keys), np.int64)
    n_slots = places(codes, dense, uses.astype(np.int64), slot_of_key, free, slot)
    return slot, int(n_slots)


def _aligned(n: int) -> Floats:
    """Zeros at the start of a cache line: a vector that spans two costs double."""
    whole = np.zeros(n + 8)
    skip = (64 - whole.ctypes.data % 64) % 64 // 8
    return whole[skip : skip + n]


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


def split(tape: Tape, matrix: Matrix) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """Rows of the matrix that walk in lanes, by class, and those that walk alone.

    Alone walk all of a tape with groups or lay bets, configurations that are not `simple`, and classes too small to be
    worth a stream.
    """
    if not fits(tape):
        return [], np.arange(len(matrix))
    lanes = np.flatnonzero(simple(matrix))
    large = [rows for part in classes(matrix[lanes]) if len(rows := lanes[part]) >= LEAST]
    alone = np.ones(len(matrix), np.bool_)
    for rows in large:
        alone[rows] = False
    return large, np.flatnonzero(alone)


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
