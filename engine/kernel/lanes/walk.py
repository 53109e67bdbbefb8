"""The walk of a block of configurations along its stream: as `engine.kernel.walk`, for `rules.WIDTH` of them at once.

Only what a block may ask stands in its stream. At one instant: settlements, commission, the close, the day roll,
decisions, exactly as in the walk of one configuration. Rows with a group and lay bets are not for this walk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.kernel import account as acc
from engine.kernel.account import NEVER
from engine.kernel.cache import compiled, leaf
from engine.kernel.lanes import close, rules
from engine.kernel.own import HAS_OWN
from engine.kernel.record import Row
from engine.kernel.stake import FLAT, KELLY, PERCENT, TARGET


class Stream(NamedTuple):
    """Rows that some configuration of a class may take, and what happens to them in order of time.

    ``codes`` int64: 2 * row + 1 for a decision, 2 * row for a settlement · ``rows``: records of `OFFERED` ·
    ``midnights`` int64.
    """

    codes: Any
    rows: Any
    midnights: Any


class Slots(NamedTuple):
    """What stands open in a block: float64 (slots * WIDTH,) each; ``owner``: the question that a slot belongs to."""

    bets: Any
    events: Any
    competitions: Any
    market_pnl: Any
    market_open: Any
    taken: Any
    owner: Any


class Series(NamedTuple):
    """What a walk tells of its days; without elements where it is not asked for.

    ``days`` float32 (days * WIDTH,): P&L of each day · ``edges`` int64: numbers of days, ascending · ``marks`` float64
    (2 * edges * WIDTH,): of each edge the bets placed, then the stakes, on the days before it.
    """

    days: Any
    edges: Any
    marks: Any


class Shared(NamedTuple):
    """What all configurations of a block have in common, and which limits any of them has."""

    staking: int
    commission_factor: float
    slippage_frac: float
    price_tolerance_frac: float
    base_is_cash: bool
    whole_units: bool
    one_per_market: bool
    event_cap: bool
    competition_cap: bool


@leaf
def row_at(offered):
    """The record of a decision: a back bet."""
    return Row(
        offered.quoted,
        offered.filled,
        offered.odds,
        0,
        0,
        offered.prob,
        offered.edge_frac,
        offered.kelly_frac,
        offered.stake_weight,
        offered.size_minor,
        offered.stake_min_minor,
        offered.commission,
    )


@leaf
def decide_by_rule(block, offered, shared):
    """`rules.decide_lanes` with the staking rule as a constant: each rule gets vector instructions of its own."""
    row, draw, clv = row_at(offered), offered.draw, offered.clv
    if HAS_OWN:
        if shared.whole_units:
            rules.decide_lanes(block, row, draw, clv, shared, 5.0, True)
        else:
            rules.decide_lanes(block, row, draw, clv, shared, 5.0, False)
    elif not shared.whole_units:
        rules.decide_lanes(block, row, draw, clv, shared, np.float64(shared.staking), False)
    elif shared.staking == FLAT:
        rules.decide_lanes(block, row, draw, clv, shared, 0.0, True)
    elif shared.staking == PERCENT:
        rules.decide_lanes(block, row, draw, clv, shared, 1.0, True)
    elif shared.staking == KELLY:
        rules.decide_lanes(block, row, draw, clv, shared, 2.0, True)
    elif shared.staking == TARGET:
        rules.decide_lanes(block, row, draw, clv, shared, 3.0, True)
    else:
        rules.decide_lanes(block, row, draw, clv, shared, 4.0, True)


@leaf
def decide_row(block, offered, slots, shared):
    """Decide a row: its slots in, the rules, its slots out."""
    state = block.state
    event = offered.event_slot if shared.event_cap else -1
    if event >= 0:
        rules.copy_in(state, rules.EVENT_OPEN, slots.events, event)
    elif shared.event_cap:
        rules.clear_row(state, rules.EVENT_OPEN)
    if shared.competition_cap:
        rules.copy_in(state, rules.COMPETITION_OPEN, slots.competitions, offered.competition)
    if shared.one_per_market:
        slot = offered.question_slot
        if slots.owner[slot] != offered.question:
            slots.owner[slot] = offered.question
            rules.clear(slots.taken, slot)
        rules.copy_in(state, rules.TAKEN, slots.taken, slot)
    decide_by_rule(block, offered, shared)
    rules.copy_out(state, rules.STAKE, slots.bets, offered.bet_slot)
    if event >= 0:
        rules.add_stake(state, slots.events, event, 1.0)
    if shared.competition_cap:
        rules.add_stake(state, slots.competitions, offered.competition, 1.0)
    if shared.one_per_market:
        rules.copy_out(state, rules.TAKEN, slots.taken, offered.question_slot)
    if offered.commission > 0.0:
        rules.count_open(state, slots.market_open, offered.market_slot)
    if offered.has_close == 0.0:
        rules.count_stakes(state, rules.N_UNCLOSED)
    if offered.settled_at == NEVER:
        rules.count_stakes(state, rules.N_OPEN)


@leaf
def settle_row(block, offered, slots, shared):
    """Settle a row: its slots in, the rules, its slots out; returns how many streaks are as long as is allowed."""
    state, reached = block.state, 0
    rules.copy_in(state, rules.STAKE, slots.bets, offered.bet_slot)
    if offered.payoff > 0.0:
        rules.win_lanes(state, offered.payoff)
    elif offered.payoff < 0.0:
        reached = rules.lose_lanes(block, offered.payoff)
    else:
        rules.return_lanes(state)
    if offered.is_void == 1.0:
        rules.count_stakes(state, acc.N_VOID)
    if offered.commission > 0.0:
        market = offered.market_slot
        rules.copy_in(state, rules.MARKET_PNL, slots.market_pnl, market)
        rules.copy_in(state, rules.MARKET_OPEN, slots.market_open, market)
        rules.book_lanes(state)
        rules.copy_out(state, rules.MARKET_PNL, slots.market_pnl, market)
        rules.copy_out(state, rules.MARKET_OPEN, slots.market_open, market)
    if shared.event_cap and offered.event_slot >= 0:
        rules.add_stake(state, slots.events, offered.event_slot, -1.0)
    if shared.competition_cap:
        rules.add_stake(state, slots.competitions, offered.competition, -1.0)
    return reached


@leaf
def charge(state, rows, slots, codes):
    """Commission of the markets that had a settlement at this instant; a second charge of one market takes nothing."""
    for code in codes:
        offered = rows[code >> 1]
        if offered.commission > 0.0:
            market = offered.market_slot
            rules.copy_in(state, rules.MARKET_PNL, slots.market_pnl, market)
            rules.copy_in(state, rules.MARKET_OPEN, slots.market_open, market)
            rules.charge_lanes(state, offered.commission)
            rules.copy_out(state, rules.MARKET_PNL, slots.market_pnl, market)


@leaf
def mark(block, series, day, edge):
    """Write the bets and stakes until now to every edge that lies here; returns the next edge."""
    if edge < len(series.edges) and series.edges[edge] <= day:
        rules.empty_counts(block)
    while edge < len(series.edges) and series.edges[edge] <= day:
        rules.copy_out(block.counts, rules.PLACED_AT, series.marks, 2 * edge)
        rules.copy_out(block.state, acc.TURNOVER, series.marks, 2 * edge + 1)
        edge += 1
    return edge


@compiled
def walk_lanes(block, stream, codes, slots, shared, series):
    """Walk a block along its part ``codes`` of the stream; its state and counts hold what it did. Returns nothing."""
    rules.begin(block)
    rows = stream.rows
    k, day, visits = 0, 0, 0
    edge = mark(block, series, 0, 0)
    next_end = NEVER
    while True:
        instant = NEVER
        if k < len(codes):
            offered = rows[codes[k] >> 1]
            instant = offered.decided_at if codes[k] & 1 else offered.settled_at
        if day < len(stream.midnights):
            instant = min(instant, stream.midnights[day])
        if instant == NEVER:
            break
        if next_end < instant:
            next_end = close.end_due(block, instant - 1)
        first, reached = k, 0
        while k < len(codes) and codes[k] & 1 == 0 and rows[codes[k] >> 1].settled_at == instant:
            reached += settle_row(block, rows[codes[k] >> 1], slots, shared)
            k += 1
        charge(block.state, rows, slots, codes[first:k])
        if next_end <= instant:
            next_end = close.end_due(block, instant)
        if k > first and close.close_lanes(block, reached) > 0:
            next_end = close.set_ends(block, instant)
        if day < len(stream.midnights) and stream.midnights[day] == instant:
            rules.roll_lanes(block.state, series.days, day)
            day += 1
            edge = mark(block, series, day, edge)
        if k < len(codes) and shared.base_is_cash:
            rules.hold_base(block.state)
        while k < len(codes) and codes[k] & 1 == 1 and rows[codes[k] >> 1].decided_at == instant:
            decide_row(block, rows[codes[k] >> 1], slots, shared)
            k += 1
            visits += 1
            if visits == rules.FULL:
                rules.empty_counts(block)
                visits = 0
    rules.empty_counts(block)
