"""Which configurations walk together in lanes, and the stream of rows that they walk along.

Configurations of one class share the staking rule and the costs of a bet, so that payoffs and prices are computed once
per row. A class has one stream: the rows that any of its configurations may take.

A block visits every row that any of its configurations may take, so its cost follows the union of their filters. A
class is therefore split in halves, repeatedly, along the filter bound with the smallest unions on a sample of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.columns import terms_of
from engine.kernel.codes import Staking, State
from engine.kernel.draw import rejection_draws
from engine.kernel.lanes.cells import STRIP, WIDTH
from engine.kernel.lanes.stream import OPPORTUNITY, assign_slots, merge
from engine.kernel.lanes.walk import Stream
from engine.kernel.params import FIELD, PARAMETERS
from engine.tape import NEVER, Tape

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: number of rows on which unions are counted
SAMPLE = 4096
#: the same for the strips of a block
SAMPLE_OF_STRIPS = 512


def clustered(edges: Floats, odds: Floats, filters: Floats, width: int) -> Places:
    """Order configurations so that each run of `width` is a block of similar filters.

    Parameters
    ----------
    edges, odds : float64 (n,)
        Net edge and decimal odds of the rows, without NaN.
    filters : float64 (c, 4)
        edge_min, edge_max, odds_min, odds_max of each configuration.
    width : int
        Configurations in a block.

    Returns
    -------
    int (c,): a permutation, the same for the same input.
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


def strips(edges: Floats, odds: Floats, filters: Floats) -> Places:
    """`clustered` in blocks, and each block in strips, unless the rows are too few to repay it."""
    order = clustered(edges, odds, filters, WIDTH)
    if len(edges) < SAMPLE:
        return order
    step = len(edges) // SAMPLE_OF_STRIPS
    edges, odds = edges[::step], odds[::step]
    blocks = (order[low : low + WIDTH] for low in range(0, len(order), WIDTH))
    return np.concatenate([block[clustered(edges, odds, filters[block], STRIP)] for block in blocks])


def _halves(edges: Floats, odds: Floats, filters: Floats, part: Places, width: int) -> tuple[Places, Places]:
    """The best split along one bound. The first half fills whole blocks."""
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
#: smallest class that gets a stream: all 128 lanes cost time, used or not
LEAST = 32
_CLASS = tuple(parameter.name for parameter in PARAMETERS if parameter.shared)
#: fields of `OPPORTUNITY` that are columns of the tape
_OF_TAPE = (
    "competition", "question", "quoted", "filled", "odds", "prob", "edge_frac", "kelly_frac", "stake_weight",
    "size_minor", "stake_min_minor", "id",
)  # fmt: skip
_FILTERS = ("edge_min", "edge_max", "odds_min", "odds_max")


def fits(tape: Tape) -> bool:
    """Whether a tape can be walked in lanes: it has no groups, no lay bets and no recorded offers."""
    return not (tape.group >= 0).any() and not tape.is_lay.any() and not (tape.offer >= 0).any()


def simple(matrix: Matrix) -> NDArray[np.bool_]:
    """Which configurations can walk in lanes: those without a number that lanes cannot handle (`lanes_only`)."""
    supported = np.ones(len(matrix), np.bool_)
    for parameter in PARAMETERS:
        if parameter.lanes_only is not None:
            supported &= matrix[:, FIELD[parameter.name]] == parameter.lanes_only
    return supported


def classes(matrix: Matrix) -> list[NDArray[np.intp]]:
    """The rows of the matrix, class by class."""
    keys = np.column_stack(
        [matrix[:, [FIELD[name] for name in _CLASS]], matrix[:, FIELD["stake_increment_minor"]] == 1]
    )
    _, number = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


@dataclass(frozen=True)
class ClassStream:
    """What classes with the same commission and slippage share: their rows of one tape.

    Attributes
    ----------
    stream : Stream
    edges, odds : float64 (n,)
        Net edge and odds of the rows of the stream.
    n_bets, n_events, n_commission_markets, n_questions, n_competitions : int
        Numbers of slots.
    n_rows : int
        Rows of the tape.
    complete_odds : float64 (u,)
        The different odds of the complete rows of the tape, sorted: far fewer than rows.
    n_complete : int64 (u + 1,)
        Number of complete rows with lower odds than each of these; and of all.
    """

    stream: Stream
    edges: Floats
    odds: Floats
    n_bets: int
    n_events: int
    n_commission_markets: int
    n_questions: int
    n_competitions: int
    n_rows: int
    complete_odds: Floats
    n_complete: Longs


@dataclass(frozen=True)
class Class:
    """One class of configurations: `rows` of the whole matrix in blocks of similar filters, and the matrix of these."""

    shared: ClassStream
    rows: NDArray[np.intp]
    matrix: Matrix

    def parts(self) -> Iterator[slice]:
        """The blocks: runs of at most `WIDTH` configurations."""
        for low in range(0, len(self.matrix), WIDTH):
            yield slice(low, min(low + WIDTH, len(self.matrix)))


def lane_classes(tape: Tape, matrix: Matrix, large: list[NDArray[np.intp]], seed: int) -> Iterator[Class]:
    """The classes `large`, each with its stream. Classes with the same costs of a bet share one stream."""
    alike: dict[tuple[float, float, bool], list[NDArray[np.intp]]] = {}
    for rows in large:
        alike.setdefault(_costs(matrix[rows[0]]), []).append(rows)
    for members in alike.values():
        shared = _class_stream(tape, matrix[np.concatenate(members)], seed)
        for rows in members:
            filters = matrix[rows][:, [FIELD[name] for name in _FILTERS]]
            ordered = rows[strips(shared.edges, shared.odds, filters)]
            yield Class(shared, ordered, np.ascontiguousarray(matrix[ordered]))


def _costs(row: Matrix) -> tuple[float, float, bool]:
    """Commission factor, slippage, and whether the staking rule needs the tape's column of Kelly fractions."""
    factor, slippage = float(row[FIELD["commission_factor"]]), float(row[FIELD["slippage_frac"]])
    return factor, slippage, bool(row[FIELD["staking"]] == Staking.KELLY_COLUMN)


def _class_stream(tape: Tape, matrix: Matrix, seed: int) -> ClassStream:
    factor, slippage, needs_kelly = _costs(matrix[0])
    complete = ~(np.isnan(tape.odds) | np.isnan(tape.prob) | np.isnan(tape.edge_frac))
    if needs_kelly:
        complete &= ~np.isnan(tape.kelly_frac)
    edges = _net_edges(tape, factor)
    passing = complete & _within(matrix, edges, tape.odds)
    rows = np.flatnonzero(passing)
    edges = edges[rows]
    complete_odds, counts = np.unique(tape.odds[complete], return_counts=True)
    stream, n_slots = _stream(tape, passing, tape.commission_rate[rows] * factor, slippage)
    if (matrix[:, FIELD["rejection_frac"]] > 0.0).any():
        rejection_draws(tape.id[rows], np.int64(seed), stream.rows["draw"])
    return ClassStream(
        stream=stream,
        edges=edges,
        odds=tape.odds[rows],
        n_bets=n_slots["bet_slot"],
        n_events=n_slots["event_slot"],
        n_commission_markets=n_slots["commission_market_slot"],
        n_questions=n_slots["question_slot"],
        n_competitions=_count(tape.competition),
        n_rows=len(tape),
        complete_odds=complete_odds,
        n_complete=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
    )


def _net_edges(tape: Tape, factor: float) -> Floats:
    """`engine.kernel.stake.edge_net` of all rows, with little extra memory."""
    cost = tape.commission_rate * factor
    cost *= tape.prob
    cost *= tape.odds - 1.0
    return np.subtract(tape.edge_frac, cost, out=cost)


def _within(matrix: Matrix, edges: Floats, odds: Floats) -> NDArray[np.bool_]:
    """Which rows pass the loosest filters of some configurations."""
    low, high, odds_low, odds_high = loosest(matrix)
    passing: NDArray[np.bool_] = (edges >= low) & (edges <= high) & (odds >= odds_low) & (odds <= odds_high)
    return passing


def loosest(matrix: Matrix) -> Floats:
    """The loosest bounds of some configurations: lowest and highest edge, lowest and highest odds."""
    low, high, odds_low, odds_high = (matrix[:, FIELD[name]] for name in _FILTERS)
    return np.array([low.min(), high.max(), odds_low.min(), odds_high.max()])


def _count(ids: Longs) -> int:
    return int(ids.max()) + 1 if len(ids) else 0


def _stream(tape: Tape, passing: NDArray[np.bool_], rate: Floats, slippage: float) -> tuple[Stream, dict[str, int]]:
    """The rows that pass with their actions in order, and the number of slots of each kind.

    Each column is written as soon as it is known: all of them at once would take as much memory as the stream.
    """
    rows = np.flatnonzero(passing)
    decided, settled = tape.decided_at[rows], tape.settled_at[rows]
    codes = _codes(tape, passing, decided, settled)
    opportunities = _aligned(len(rows) * (OPPORTUNITY.itemsize // 8)).view(OPPORTUNITY)
    opportunities["decided_at"], opportunities["settled_at"] = decided, settled
    never = settled == NEVER
    del decided, settled
    for name in _OF_TAPE:
        opportunities[name] = getattr(tape, name)[rows]
    opportunities["commission"], opportunities["draw"] = rate, 1.0
    opportunities["is_void"] = tape.state[rows] == State.VOID
    _put_prices(tape, rows, slippage, opportunities)
    n_slots = {}
    for name, keys in (
        ("bet", np.arange(len(rows))),
        ("event", tape.event[rows]),
        ("commission_market", tape.market[rows]),
    ):
        opportunities[f"{name}_slot"], n_slots[f"{name}_slot"] = _slots(codes, keys, never)
    opportunities["event_slot"][_alone(tape.event[rows])] = -1
    decisions = codes[codes & 1 == 1]
    opportunities["question_slot"], n_slots["question_slot"] = _slots(decisions, tape.question[rows], None)
    return Stream(codes=codes, rows=opportunities, midnights=np.array(tape.midnights)), n_slots


def _codes(tape: Tape, passing: NDArray[np.bool_], decided: Longs, settled: Longs) -> Longs:
    """The actions of the rows that pass, in order (`engine.kernel.lanes.stream.merge`)."""
    place = np.cumsum(passing, dtype=np.int32)
    ends = place[tape.settle_order[passing[tape.settle_order]]].astype(np.int64) - 1
    codes = np.empty(len(decided) + len(ends), np.int64)
    merge(decided, settled, ends, codes)
    return codes


def _put_prices(tape: Tape, rows: NDArray[np.intp], slippage: float, opportunities: NDArray[np.void]) -> None:
    """Write what a unit at risk pays, and the closing line values."""
    placed, payoff = terms_of(tape, rows, slippage)
    no_price = np.isnan(placed)  # such a row never becomes a bet, but 0 times NaN is NaN
    placed[no_price], payoff[no_price] = 1.0, 0.0
    opportunities["payoff"] = payoff
    close = tape.close_prob[rows]
    has_close = ~np.isnan(close)
    opportunities["has_close"] = has_close
    opportunities["clv"] = np.where(has_close, placed * close - 1.0, 0.0)


def _alone(keys: Longs) -> NDArray[np.bool_]:
    """Which rows have a key that no other row has."""
    alone: NDArray[np.bool_] = np.bincount(keys, minlength=1)[keys] == 1
    return alone


def _slots(codes: Longs, keys: Longs, never: NDArray[np.bool_] | None) -> tuple[Longs, int]:
    """The slot of each row's key, and the number of slots. A row of `never` keeps its slot to the end."""
    dense = (np.cumsum(np.bincount(keys, minlength=1) > 0) - 1)[keys]
    uses = np.bincount(dense[codes >> 1], minlength=_count(dense))
    if never is not None:
        uses += np.bincount(dense[never], minlength=len(uses))
    slot_of_key, free = np.full(len(uses), -1), np.full(len(uses), -1)
    slot = np.zeros(len(keys), np.int64)
    n_slots = assign_slots(codes, dense, uses.astype(np.int64), slot_of_key, free, slot)
    return slot, int(n_slots)


def _aligned(n: int) -> Floats:
    """Zeros that start at a cache line: a vector across two lines costs double."""
    spare = np.zeros(n + 8)
    skip = (64 - spare.ctypes.data % 64) % 64 // 8
    return spare[skip : skip + n]


def split(tape: Tape, matrix: Matrix) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """The rows of the matrix that walk in lanes, class by class, and the rows that walk alone.

    These walk alone: all configurations on a tape with groups or lay bets, configurations that are not `simple`, and
    classes of fewer than `LEAST`.
    """
    if not fits(tape):
        return [], np.arange(len(matrix))
    lanes = np.flatnonzero(simple(matrix))
    large = [rows for part in classes(matrix[lanes]) if len(rows := lanes[part]) >= LEAST]
    alone = np.ones(len(matrix), np.bool_)
    for rows in large:
        alone[rows] = False
    return large, np.flatnonzero(alone)
