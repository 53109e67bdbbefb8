"""Which configurations share a block: those that ask nearly the same rows.

A block visits every row that any of its configurations may take, so its cost follows the union of their filters. The
configurations are split in halves, again and again, along the bound of the filter that leaves the smallest unions on a
sample of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.columns import terms_of
from engine.kernel.codes import Staking, State
from engine.kernel.draw import refusals
from engine.kernel.lanes.rules import (
    WIDTH,
)
from engine.kernel.lanes.stream import OFFERED, merge, places
from engine.kernel.lanes.walk import Stream
from engine.kernel.params import FIELD
from engine.tape import NEVER, Tape

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: rows on which unions are counted
SAMPLE = 4096


def clustered(edges: Floats, odds: Floats, filters: Floats, width: int) -> Places:
    """An order of configurations in which each run of `width` is a block.

    Parameters
    ----------
    edges, odds : float64 (n,)
        Net edge and odds of the rows, without NaN.
    filters : float64 (c, 4)
        edge_min, edge_max, odds_min, odds_max of each configuration.
    width : int
        Configurations a block.

    Returns
    -------
    int (c,): a permutation; the same for the same input.
    """
    step = max(1, len(edges) // SAMPLE)
    edges, odds = edges[::step], odds[::step]
    blocks: list[Places] = []
    waiting: list[Places] = [np.arange(len(filters))]
    while waiting:
        part = waiting.pop()
        if len(part) <= width:
            blocks.append(part)
            continue
        first, second = _halves(edges, odds, filters, part, width)
        waiting += [second, first]
    return np.concatenate(blocks)


def _halves(edges: Floats, odds: Floats, filters: Floats, part: Places, width: int) -> tuple[Places, Places]:
    """The best of the splits along one bound; the first half fills whole blocks."""
    half = -(-len(part) // (2 * width)) * width
    best, least = (part[:half], part[half:]), np.inf
    for bound in range(filters.shape[1]):
        order = part[np.argsort(filters[part, bound], kind="stable")]
        pair = order[:half], order[half:]
        cost = sum(len(side) * _union(edges, odds, filters[side]) for side in pair)
        if cost < least:
            best, least = pair, cost
    return best


def _union(edges: Floats, odds: Floats, filters: Floats) -> int:
    """Rows of the sample within the loosest bounds."""
    low, high = filters.min(axis=0), filters.max(axis=0)
    return int(np.count_nonzero((edges >= low[0]) & (edges <= high[1]) & (odds >= low[2]) & (odds <= high[3])))


Longs = NDArray[np.int64]
Matrix = NDArray[np.float64]
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
