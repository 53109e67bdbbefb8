"""The walk of a block of configurations along its stream: as `engine.kernel.walk`, for `lanes.WIDTH` of them at once.

Only what a block may ask stands in its stream. At one instant: settlements, commission, the close, the day roll,
decisions, exactly as in the walk of one configuration. Rows with a group and lay bets are not for this walk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.kernel import lane_close, lanes
from engine.kernel.cache import compiled, leaf
from engine.kernel.own import HAS_OWN
from engine.kernel.record import Row
from engine.kernel.stake import FLAT, KELLY, PERCENT, TARGET
from engine.kernel.walk import NEVER


class Stream(NamedTuple):
    """Rows that some configuration of a class may take, and what happens to them in order of time.

    ``codes`` int64: 2 * row + 1 for a decision, 2 * row for a settlement. The columns of rows are those of the tape;
    ``payoff`` (of one unit at risk), ``commission``, ``clv`` (0 where there is none) and ``clv_n`` (0 | 1) hold what
    the class shares. ``*_slot``: places of the open bet, event, market and question; slots are used again.
    """

    codes: Any
    id: Any
    decided_at: Any
    settled_at: Any
    quoted: Any
    filled: Any
    odds: Any
    prob: Any
    edge_frac: Any
    kelly_frac: Any
    stake_weight: Any
    size_minor: Any
    stake_min_minor: Any
    commission: Any
    payoff: Any
    is_void: Any
    clv: Any
    clv_n: Any
    question: Any
    competition: Any
    bet_slot: Any
    event_slot: Any
    market_slot: Any
    question_slot: Any
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
def row_at(stream, i):
    """The record of a row: a back bet."""
    return Row(
        stream.id[i],
        stream.quoted[i],
        stream.filled[i],
        stream.odds[i],
        0,
        0,
        stream.prob[i],
        stream.edge_frac[i],
        stream.kelly_frac[i],
        stream.stake_weight[i],
        stream.size_minor[i],
        stream.stake_min_minor[i],
        stream.commission[i],
    )


@leaf
def decide_by_rule(block, stream, i, shared, seed):
    """`lanes.decide_lanes` with the staking rule as a constant: each rule gets vector instructions of its own."""
    row, clv, clv_n = row_at(stream, i), stream.clv[i], stream.clv_n[i]
    if HAS_OWN:
        if shared.whole_units:
            lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 5.0, True)
        else:
            lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 5.0, False)
    elif not shared.whole_units:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, np.float64(shared.staking), False)
    elif shared.staking == FLAT:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 0.0, True)
    elif shared.staking == PERCENT:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 1.0, True)
    elif shared.staking == KELLY:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 2.0, True)
    elif shared.staking == TARGET:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 3.0, True)
    else:
        lanes.decide_lanes(block, row, clv, clv_n, shared, seed, 4.0, True)


@leaf
def decide_row(block, stream, slots, i, shared, seed):
    """Decide a row: its slots in, the rules, its slots out."""
    state = block.state
    if shared.event_cap:
        lanes.copy_in(state, lanes.EVENT_OPEN, slots.events, stream.event_slot[i])
    if shared.competition_cap:
        lanes.copy_in(state, lanes.COMPETITION_OPEN, slots.competitions, stream.competition[i])
    if shared.one_per_market:
        slot = stream.question_slot[i]
        if slots.owner[slot] != stream.question[i]:
            slots.owner[slot] = stream.question[i]
            lanes.clear(slots.taken, slot)
        lanes.copy_in(state, lanes.TAKEN, slots.taken, slot)
    decide_by_rule(block, stream, i, shared, seed)
    lanes.copy_out(state, lanes.STAKE, slots.bets, stream.bet_slot[i])
    if shared.event_cap:
        lanes.add_stake(state, slots.events, stream.event_slot[i], 1.0)
    if shared.competition_cap:
        lanes.add_stake(state, slots.competitions, stream.competition[i], 1.0)
    if shared.one_per_market:
        lanes.copy_out(state, lanes.TAKEN, slots.taken, stream.question_slot[i])
    if stream.commission[i] > 0.0:
        lanes.count_open(state, slots.market_open, stream.market_slot[i])


@leaf
def settle_row(block, stream, slots, i, shared):
    """Settle a row: its slots in, the rules, its slots out."""
    state = block.state
    charged = stream.commission[i] > 0.0
    market = stream.market_slot[i]
    lanes.copy_in(state, lanes.STAKE, slots.bets, stream.bet_slot[i])
    if charged:
        lanes.copy_in(state, lanes.MARKET_PNL, slots.market_pnl, market)
        lanes.copy_in(state, lanes.MARKET_OPEN, slots.market_open, market)
    lanes.settle_lanes(block, stream.payoff[i], stream.is_void[i])
    if charged:
        lanes.copy_out(state, lanes.MARKET_PNL, slots.market_pnl, market)
        lanes.copy_out(state, lanes.MARKET_OPEN, slots.market_open, market)
    if shared.event_cap:
        lanes.add_stake(state, slots.events, stream.event_slot[i], -1.0)
    if shared.competition_cap:
        lanes.add_stake(state, slots.competitions, stream.competition[i], -1.0)


@leaf
def charge(state, stream, slots, codes):
    """Commission of the markets that had a settlement at this instant; a second charge of one market takes nothing."""
    for code in codes:
        i = code >> 1
        if stream.commission[i] > 0.0:
            market = stream.market_slot[i]
            lanes.copy_in(state, lanes.MARKET_PNL, slots.market_pnl, market)
            lanes.copy_in(state, lanes.MARKET_OPEN, slots.market_open, market)
            lanes.charge_lanes(state, stream.commission[i])
            lanes.copy_out(state, lanes.MARKET_PNL, slots.market_pnl, market)


@compiled
def walk_lanes(block, stream, codes, slots, shared, seed, daily):
    """Walk a block along its part ``codes`` of the stream; its state and counts hold what it did. Returns nothing.

    ``daily``: float32 (days * WIDTH,), receives the P&L of each day; without an element it is not asked for.
    """
    lanes.begin(block)
    k, day, visits = 0, 0, 0
    next_end = NEVER
    while True:
        instant = NEVER
        if k < len(codes):
            i = codes[k] >> 1
            instant = stream.decided_at[i] if codes[k] & 1 else stream.settled_at[i]
        if day < len(stream.midnights):
            instant = min(instant, stream.midnights[day])
        if instant == NEVER:
            break
        if next_end < instant:
            next_end = lane_close.end_due(block, instant - 1)
        first = k
        while k < len(codes) and codes[k] & 1 == 0 and stream.settled_at[codes[k] >> 1] == instant:
            settle_row(block, stream, slots, codes[k] >> 1, shared)
            k += 1
        charge(block.state, stream, slots, codes[first:k])
        if next_end <= instant:
            next_end = lane_close.end_due(block, instant)
        if k > first and lane_close.close_lanes(block) > 0:
            next_end = lane_close.set_ends(block, instant)
        if day < len(stream.midnights) and stream.midnights[day] == instant:
            lanes.roll_lanes(block.state, daily, day)
            day += 1
        if k < len(codes) and shared.base_is_cash:
            lanes.hold_base(block.state)
        while k < len(codes) and codes[k] & 1 == 1 and stream.decided_at[codes[k] >> 1] == instant:
            decide_row(block, stream, slots, codes[k] >> 1, shared, seed)
            k += 1
            visits += 1
            if visits == lanes.FULL:
                lanes.empty_counts(block)
                visits = 0
    lanes.empty_counts(block)
