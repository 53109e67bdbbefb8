"""The walk of a block of configurations along its stream: as `engine.kernel.walk`, for `rules.WIDTH` at once.

A stream holds only the rows that a configuration of the block may take. The order at one instant is that of the walk of
one configuration: settlements, commission, the close, the day roll, decisions. Groups and lay bets are not supported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.kernel import account as acc
from engine.kernel.account import NEVER
from engine.kernel.cache import compiled, leaf
from engine.kernel.custom import HAS_CUSTOM_RULE
from engine.kernel.lanes import close, rules
from engine.kernel.lanes.level import charge_level, copy_equity, frozen_lanes, level_lanes, roll_level
from engine.kernel.record import Row
from engine.kernel.stake import FLAT, KELLY, KELLY_COLUMN, OWN, PERCENT, TARGET


class Stream(NamedTuple):
    """The rows that some configuration of a class may take, and their actions in order of time.

    Attributes
    ----------
    codes : int64
        2 * row + 1 is a decision, 2 * row a settlement.
    rows : records of `stream.OPPORTUNITY`
    midnights : int64
        Instants of the day rolls.
    """

    codes: Any
    rows: Any
    midnights: Any


class Slots(NamedTuple):
    """What is open in a block: float64 (slots * WIDTH,) each; ``owner``, int64 (slots,), is the question of a slot.

    ``equities`` (at the decision of a bet; of Kelly stakes), ``level_weight`` and ``level_stake`` (of a commission
    market) have no elements if level stakes are not asked for.
    """

    bets: Any
    events: Any
    competitions: Any
    commission_market_pnl: Any
    commission_market_open: Any
    equities: Any
    level_weight: Any
    level_stake: Any
    taken: Any
    owner: Any


class Series(NamedTuple):
    """Results of the days of a walk; arrays without elements are not written.

    Attributes
    ----------
    days : float32 (days * WIDTH,)
        P&L of each day.
    levels, clvs : float32 (days * WIDTH,)
        P&L at level stakes, and weighted CLV, of each day.
    edges : int64 (e,)
        Numbers of days, ascending.
    marks : float64 (2 * e * WIDTH,)
        For each edge the number of bets on the days before it, then the sum of their stakes.
    """

    days: Any
    levels: Any
    clvs: Any
    edges: Any
    marks: Any


class Shared(NamedTuple):
    """The parameters that all configurations of a block share, and which limits any of them has."""

    staking: float
    slippage_frac: float
    price_tolerance_frac: float
    base_is_cash: bool
    unit_increment: bool  # stakes are rounded to whole minor units
    one_per_market: bool
    event_cap: bool
    competition_cap: bool


@leaf
def row_at(opportunity):
    """The record of a decision on a back bet."""
    return Row(
        quoted=opportunity.quoted,
        filled=opportunity.filled,
        odds=opportunity.odds,
        is_lay=0,
        ladder=0,
        prob=opportunity.prob,
        edge_frac=opportunity.edge_frac,
        kelly_frac=opportunity.kelly_frac,
        stake_weight=opportunity.stake_weight,
        size_minor=opportunity.size_minor,
        stake_min_minor=opportunity.stake_min_minor,
        commission=opportunity.commission,
    )


@leaf
def decide_by_rule(block, opportunity, shared):
    """Call `rules.decide_lanes` with the staking rule as a constant, so that each rule gets its own vector loop."""
    row, draw, clv = row_at(opportunity), opportunity.draw, opportunity.clv
    if HAS_CUSTOM_RULE:
        if shared.unit_increment:
            rules.decide_lanes(block, row, draw, clv, shared, OWN, True)
        else:
            rules.decide_lanes(block, row, draw, clv, shared, OWN, False)
    elif not shared.unit_increment:
        rules.decide_lanes(block, row, draw, clv, shared, shared.staking, False)
    elif shared.staking == FLAT:
        rules.decide_lanes(block, row, draw, clv, shared, FLAT, True)
    elif shared.staking == PERCENT:
        rules.decide_lanes(block, row, draw, clv, shared, PERCENT, True)
    elif shared.staking == KELLY:
        rules.decide_lanes(block, row, draw, clv, shared, KELLY, True)
    elif shared.staking == TARGET:
        rules.decide_lanes(block, row, draw, clv, shared, TARGET, True)
    else:
        rules.decide_lanes(block, row, draw, clv, shared, KELLY_COLUMN, True)


@leaf
def decide_row(block, opportunity, slots, shared):
    """Decide a row: copy its slots in, apply the rules, copy its slots out."""
    state = block.state
    event = opportunity.event_slot if shared.event_cap else -1
    if event >= 0:
        rules.copy_in(state, rules.EVENT_OPEN, slots.events, event)
    elif shared.event_cap:
        rules.clear_row(state, rules.EVENT_OPEN)
    if shared.competition_cap:
        rules.copy_in(state, rules.COMPETITION_OPEN, slots.competitions, opportunity.competition)
    if shared.one_per_market:
        slot = opportunity.question_slot
        if slots.owner[slot] != opportunity.question:
            slots.owner[slot] = opportunity.question
            rules.clear(slots.taken, slot)
        rules.copy_in(state, rules.TAKEN, slots.taken, slot)
    decide_by_rule(block, opportunity, shared)
    rules.copy_out(state, rules.STAKE, slots.bets, opportunity.bet_slot)
    if len(slots.equities) > 0:
        copy_equity(state, slots.equities, opportunity.bet_slot)
    if event >= 0:
        rules.add_stake(state, slots.events, event, 1.0)
    if shared.competition_cap:
        rules.add_stake(state, slots.competitions, opportunity.competition, 1.0)
    if shared.one_per_market:
        rules.copy_out(state, rules.TAKEN, slots.taken, opportunity.question_slot)
    if opportunity.commission > 0.0:
        rules.count_open(state, slots.commission_market_open, opportunity.commission_market_slot)
    if opportunity.has_close == 0.0:
        rules.count_stakes(state, rules.N_UNCLOSED)
    if opportunity.settled_at == NEVER:
        rules.count_stakes(state, rules.N_OPEN)


@leaf
def settle_level(state, opportunity, slots):
    """Count the settlement of a row at level stakes (`level`), after it was booked to its commission market."""
    if len(slots.equities) > 0:
        rules.copy_in(state, rules.EQUITY, slots.equities, opportunity.bet_slot)
        frozen_lanes(state, opportunity.clv, opportunity.has_close)
    else:
        level_lanes(state, opportunity.stake_weight, opportunity.clv, opportunity.has_close)
    if opportunity.commission > 0.0:
        market = opportunity.commission_market_slot
        rules.copy_in(state, rules.LEVEL_WEIGHT, slots.level_weight, market)
        rules.copy_in(state, rules.LEVEL_STAKE, slots.level_stake, market)
        charge_level(state, opportunity.commission)
        rules.copy_out(state, rules.LEVEL_WEIGHT, slots.level_weight, market)
        rules.copy_out(state, rules.LEVEL_STAKE, slots.level_stake, market)


@leaf
def settle_row(block, opportunity, slots, shared, level):
    """Settle a row, as `decide_row`, and at level stakes if asked for (`level`).

    Returns how many losing streaks reach the length of their breaker.
    """
    state, reached = block.state, 0
    rules.copy_in(state, rules.STAKE, slots.bets, opportunity.bet_slot)
    if opportunity.payoff > 0.0:
        rules.win_lanes(state, opportunity.payoff)
    elif opportunity.payoff < 0.0:
        reached = rules.lose_lanes(block, opportunity.payoff)
    else:
        rules.return_lanes(state)
    if opportunity.is_void == 1.0:
        rules.count_stakes(state, acc.N_VOID)
    if opportunity.commission > 0.0:
        commission_market = opportunity.commission_market_slot
        rules.copy_in(state, rules.COMMISSION_MARKET_PNL, slots.commission_market_pnl, commission_market)
        rules.copy_in(state, rules.COMMISSION_MARKET_OPEN, slots.commission_market_open, commission_market)
        rules.book_lanes(state)
        rules.copy_out(state, rules.COMMISSION_MARKET_PNL, slots.commission_market_pnl, commission_market)
        rules.copy_out(state, rules.COMMISSION_MARKET_OPEN, slots.commission_market_open, commission_market)
    if level:
        settle_level(state, opportunity, slots)
    if shared.event_cap and opportunity.event_slot >= 0:
        rules.add_stake(state, slots.events, opportunity.event_slot, -1.0)
    if shared.competition_cap:
        rules.add_stake(state, slots.competitions, opportunity.competition, -1.0)
    return reached


@leaf
def charge(state, rows, slots, codes):
    """Charge commission for the settlements of this instant. A second charge of one commission market is 0."""
    for code in codes:
        opportunity = rows[code >> 1]
        if opportunity.commission > 0.0:
            commission_market = opportunity.commission_market_slot
            rules.copy_in(state, rules.COMMISSION_MARKET_PNL, slots.commission_market_pnl, commission_market)
            rules.copy_in(state, rules.COMMISSION_MARKET_OPEN, slots.commission_market_open, commission_market)
            rules.charge_lanes(state, opportunity.commission)
            rules.copy_out(state, rules.COMMISSION_MARKET_PNL, slots.commission_market_pnl, commission_market)


@leaf
def mark(block, series, day, edge):
    """Write the bets and stakes so far to every edge up to this day; returns the next edge."""
    if edge < len(series.edges) and series.edges[edge] <= day:
        rules.empty_counts(block)
    while edge < len(series.edges) and series.edges[edge] <= day:
        rules.copy_out(block.counts, rules.PLACED_AT, series.marks, 2 * edge)
        rules.copy_out(block.state, acc.TURNOVER, series.marks, 2 * edge + 1)
        edge += 1
    return edge


@compiled
def walk_lanes(block, stream, codes, slots, shared, series):
    """Walk a block along its part ``codes`` of the stream. The results are in the block; nothing is returned."""
    rules.begin(block)
    rows, level = stream.rows, len(series.levels) > 0
    k, day, visits = 0, 0, 0
    edge = mark(block, series, 0, 0)
    next_end = NEVER
    while True:
        instant = NEVER
        if k < len(codes):
            opportunity = rows[codes[k] >> 1]
            instant = opportunity.decided_at if codes[k] & 1 else opportunity.settled_at
        if day < len(stream.midnights):
            instant = min(instant, stream.midnights[day])
        if instant == NEVER:
            break
        if next_end < instant:
            next_end = close.end_due(block, instant - 1)
        first, reached = k, 0
        while k < len(codes) and codes[k] & 1 == 0 and rows[codes[k] >> 1].settled_at == instant:
            reached += settle_row(block, rows[codes[k] >> 1], slots, shared, level)
            k += 1
        charge(block.state, rows, slots, codes[first:k])
        if next_end <= instant:
            next_end = close.end_due(block, instant)
        if k > first and close.close_lanes(block, reached) > 0:
            next_end = close.set_ends(block, instant)
        if day < len(stream.midnights) and stream.midnights[day] == instant:
            rules.roll_lanes(block.state, series.days, day)
            if level:
                roll_level(block.state, series.levels, series.clvs, day)
            day += 1
            edge = mark(block, series, day, edge)
        if k < len(codes) and shared.base_is_cash:
            rules.hold_base(block.state)
        while k < len(codes) and codes[k] & 1 == 1 and rows[codes[k] >> 1].decided_at == instant:
            decide_row(block, rows[codes[k] >> 1], slots, shared)
            k += 1
            visits += 1
            if visits == rules.COUNT_MAX:
                rules.empty_counts(block)
                visits = 0
    rules.empty_counts(block)
