"""The walk of a block of configurations along its stream: as `engine.kernel.walk`, for `cells.WIDTH` at once.

A stream holds only the rows that a configuration of the block may take, and each of them only concerns the strips in
its mask. The order at one instant is that of the walk of one configuration: settlements, commission, the close, the day
roll, decisions. Groups and lay bets are not supported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.kernel.account import NEVER
from engine.kernel.cache import compiled, leaf
from engine.kernel.custom import HAS_CUSTOM_RULE
from engine.kernel.lanes import cells as cel
from engine.kernel.lanes import close
from engine.kernel.lanes.cells import CELL, STRIPS, copy_in, copy_out, has
from engine.kernel.lanes.level import charge_level, copy_equity, frozen_strip, level_strip, roll_level
from engine.kernel.lanes.rules import Facts, Uses, all_blocked, count_refusals, decide_strip, wait_strip
from engine.kernel.lanes.settle import charge_strip, lose_strip, return_strip, win_strip
from engine.kernel.record import Row
from engine.kernel.stake import FLAT, KELLY, KELLY_COLUMN, OWN, PERCENT, TARGET

#: a staking rule that is known at run time only
ANY = -1.0


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
def decide_by_rule(cells, strip, opportunity, shared, uses):
    """Call `rules.decide_strip` with the staking rule as a constant, so that each rule gets its own vector loop."""
    row = row_at(opportunity)
    facts = Facts(draw=opportunity.draw, clv=opportunity.clv, unclosed=1.0 - opportunity.has_close)
    if uses.staking != ANY:
        return decide_strip(cells, strip, row, facts, shared, uses, uses.staking, uses.unit_increment)
    if HAS_CUSTOM_RULE:
        if shared.unit_increment:
            return decide_strip(cells, strip, row, facts, shared, uses, OWN, True)
        return decide_strip(cells, strip, row, facts, shared, uses, OWN, False)
    if not shared.unit_increment:
        return decide_strip(cells, strip, row, facts, shared, uses, shared.staking, False)
    if shared.staking == FLAT:
        return decide_strip(cells, strip, row, facts, shared, uses, FLAT, True)
    if shared.staking == PERCENT:
        return decide_strip(cells, strip, row, facts, shared, uses, PERCENT, True)
    if shared.staking == KELLY:
        return decide_strip(cells, strip, row, facts, shared, uses, KELLY, True)
    if shared.staking == TARGET:
        return decide_strip(cells, strip, row, facts, shared, uses, TARGET, True)
    return decide_strip(cells, strip, row, facts, shared, uses, KELLY_COLUMN, True)


@leaf
def decide_row(block, strip, opportunity, slots, shared, uses):
    """Decide a row in a strip: copy slots in, apply the rules, copy slots out. Returns how many lanes refuse."""
    cells = block.cells
    if (uses.drawdown_stop or uses.daily_loss or uses.streaks) and all_blocked(cells, strip):
        wait_strip(cells, strip, row_at(opportunity), shared)
        copy_out(cells, strip, CELL.stake, slots.bets, opportunity.bet_slot)
        if len(slots.equities) > 0:
            copy_equity(cells, strip, slots.equities, opportunity.bet_slot)
        return 0
    event = opportunity.event_slot if uses.event_cap and shared.event_cap else -1
    if event >= 0:
        copy_in(cells, strip, CELL.event_open, slots.events, event)
    elif uses.event_cap and shared.event_cap:
        cel.clear_row(cells, strip, CELL.event_open)
    if uses.competition_cap and shared.competition_cap:
        copy_in(cells, strip, CELL.competition_open, slots.competitions, opportunity.competition)
    if uses.one_per_market and shared.one_per_market:
        copy_in(cells, strip, CELL.taken, slots.taken, opportunity.question_slot)
    market = opportunity.commission_market_slot
    if uses.commission and opportunity.commission > 0.0:
        copy_in(cells, strip, CELL.commission_market_open, slots.commission_market_open, market)
    n_refused = decide_by_rule(cells, strip, opportunity, shared, uses)
    if n_refused > 0:
        count_refusals(block, strip, row_at(opportunity), opportunity.draw, shared, shared.base_is_cash)
    copy_out(cells, strip, CELL.stake, slots.bets, opportunity.bet_slot)
    if len(slots.equities) > 0:
        copy_equity(cells, strip, slots.equities, opportunity.bet_slot)
    if event >= 0:
        copy_out(cells, strip, CELL.event_open, slots.events, event)
    if uses.competition_cap and shared.competition_cap:
        copy_out(cells, strip, CELL.competition_open, slots.competitions, opportunity.competition)
    if uses.one_per_market and shared.one_per_market:
        copy_out(cells, strip, CELL.taken, slots.taken, opportunity.question_slot)
    if uses.commission and opportunity.commission > 0.0:
        copy_out(cells, strip, CELL.commission_market_open, slots.commission_market_open, market)
    if opportunity.settled_at == NEVER:
        cel.count_stakes(cells, strip, CELL.n_open)
    return n_refused


@leaf
def settle_level(cells, strip, opportunity, slots, uses):
    """Count the settlement of a row at level stakes (`level`), after it was booked to its commission market."""
    if len(slots.equities) > 0:
        copy_in(cells, strip, CELL.bet_equity, slots.equities, opportunity.bet_slot)
        frozen_strip(cells, strip, opportunity.clv, opportunity.has_close)
    else:
        level_strip(cells, strip, opportunity.stake_weight, opportunity.clv, opportunity.has_close)
    if uses.commission and opportunity.commission > 0.0:
        market = opportunity.commission_market_slot
        copy_in(cells, strip, CELL.level_weight, slots.level_weight, market)
        copy_in(cells, strip, CELL.level_stake, slots.level_stake, market)
        charge_level(cells, strip, opportunity.commission)
        copy_out(cells, strip, CELL.level_weight, slots.level_weight, market)
        copy_out(cells, strip, CELL.level_stake, slots.level_stake, market)


@leaf
def settle_row(cells, strip, opportunity, slots, shared, uses, level):
    """Settle a row in a strip, as `decide_row`, and at level stakes if asked for (`level`).

    Returns how many losing streaks reach the length of their breaker.
    """
    reached = 0
    event = opportunity.event_slot if uses.event_cap and shared.event_cap else -1
    copy_in(cells, strip, CELL.stake, slots.bets, opportunity.bet_slot)
    if event >= 0:
        copy_in(cells, strip, CELL.event_open, slots.events, event)
    if uses.competition_cap and shared.competition_cap:
        copy_in(cells, strip, CELL.competition_open, slots.competitions, opportunity.competition)
    market, charged = opportunity.commission_market_slot, uses.commission and opportunity.commission > 0.0
    if charged:
        copy_in(cells, strip, CELL.commission_market_pnl, slots.commission_market_pnl, market)
        copy_in(cells, strip, CELL.commission_market_open, slots.commission_market_open, market)
    if opportunity.payoff > 0.0:
        win_strip(cells, strip, opportunity.payoff, uses)
    elif opportunity.payoff < 0.0:
        reached = lose_strip(cells, strip, opportunity.payoff, uses)
    else:
        return_strip(cells, strip, opportunity.is_void, uses)
    if event >= 0:
        copy_out(cells, strip, CELL.event_open, slots.events, event)
    if uses.competition_cap and shared.competition_cap:
        copy_out(cells, strip, CELL.competition_open, slots.competitions, opportunity.competition)
    if charged:
        copy_out(cells, strip, CELL.commission_market_pnl, slots.commission_market_pnl, market)
        copy_out(cells, strip, CELL.commission_market_open, slots.commission_market_open, market)
    if level:
        settle_level(cells, strip, opportunity, slots, uses)
    return reached


@leaf
def charge(cells, rows, slots, codes, masks):
    """Charge commission for the settlements of this instant. A second charge of one commission market is 0."""
    for code in codes:
        opportunity = rows[code >> 1]
        if opportunity.commission > 0.0:
            market = opportunity.commission_market_slot
            for strip in range(STRIPS):
                if has(masks[code >> 1], strip):
                    copy_in(cells, strip, CELL.commission_market_pnl, slots.commission_market_pnl, market)
                    copy_in(cells, strip, CELL.commission_market_open, slots.commission_market_open, market)
                    charge_strip(cells, strip, opportunity.commission)
                    copy_out(cells, strip, CELL.commission_market_pnl, slots.commission_market_pnl, market)


@leaf
def close_instant(block, instant, touched, reached, uses):
    """Close an instant in the strips `touched`; returns the earliest end of the breakers where one starts.

    In the strips `reached` a losing streak has the length of its breaker.
    """
    first = NEVER
    for strip in range(STRIPS):
        if has(touched, strip):
            n_started = close.close_strip(block.cells, strip, uses)
            if n_started > 0 or has(reached, strip):
                close.start_breakers(block.cells, strip)
                first = min(first, close.set_ends(block, strip, instant))
    return first


@leaf
def mark(block, series, day, edge):
    """Write the bets and stakes so far to every edge up to this day; returns the next edge."""
    while edge < len(series.edges) and series.edges[edge] <= day:
        cel.copy_all(block.cells, cel.N_BETS, series.marks, 2 * edge)
        cel.copy_all(block.cells, CELL.turnover, series.marks, 2 * edge + 1)
        edge += 1
    return edge


@leaf
def settle_strips(cells, mask, opportunity, slots, shared, uses, level):
    """Settle a row in the strips of its mask; returns those where a losing streak reaches its breaker."""
    reached = 0
    for strip in range(STRIPS):
        if has(mask, strip):
            n_reached = settle_row(cells, strip, opportunity, slots, shared, uses, level)
            reached |= (1 if n_reached > 0 else 0) << strip
    return reached


@leaf
def decide_strips(block, mask, opportunity, slots, shared, uses):
    """Decide a row in the strips of its mask; returns whether a lane refuses it."""
    if uses.one_per_market and shared.one_per_market:
        slot = opportunity.question_slot
        if slots.owner[slot] != opportunity.question:
            cel.clear(slots.taken, slot)
        slots.owner[slot] = opportunity.question
    n_refused = 0
    for strip in range(STRIPS):
        if has(mask, strip):
            n_refused += decide_row(block, strip, opportunity, slots, shared, uses)
    return n_refused > 0


@leaf
def all_rules(shared):
    """Every rule in use, of a staking rule that is known at run time."""
    return Uses(
        staking=ANY,
        unit_increment=False,
        base_is_cash=shared.base_is_cash,
        one_per_market=True,
        bet_cap=True,
        event_cap=True,
        competition_cap=True,
        day_cap=True,
        open_cap=True,
        drawdown_warn=True,
        drawdown_stop=True,
        halts_end=True,
        daily_loss=True,
        streaks=True,
        commission=True,
        size=True,
        moves=True,
        rejections=True,
    )


@compiled
def walk_lanes(block, stream, codes, masks, slots, shared, series):
    """Walk a block along its part ``codes`` of the stream. The results are in the block; nothing is returned.

    ``masks``, uint8 (rows,): the strips that each row of the stream concerns, as bits.
    """
    uses = all_rules(shared)
    close.begin(block)
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
        first, touched, reached = k, 0, 0
        while k < len(codes) and codes[k] & 1 == 0 and rows[codes[k] >> 1].settled_at == instant:
            mask = masks[codes[k] >> 1]
            reached |= settle_strips(block.cells, mask, rows[codes[k] >> 1], slots, shared, uses, level)
            touched |= mask
            k += 1
        if uses.commission:
            charge(block.cells, rows, slots, codes[first:k], masks)
        if next_end <= instant:
            next_end = close.end_due(block, instant)
        if k > first:
            next_end = min(next_end, close_instant(block, instant, touched, reached, uses))
        if day < len(stream.midnights) and stream.midnights[day] == instant:
            close.roll(block, series.days, day, uses)
            if level:
                roll_level(block.cells, series.levels, series.clvs, day)
            day += 1
            edge = mark(block, series, day, edge)
        if k < len(codes) and shared.base_is_cash:
            close.hold_base(block.cells)
        while k < len(codes) and codes[k] & 1 == 1 and rows[codes[k] >> 1].decided_at == instant:
            refused = decide_strips(block, masks[codes[k] >> 1], rows[codes[k] >> 1], slots, shared, uses)
            k += 1
            visits += 1 if refused else 0
            if visits == cel.COUNT_MAX:
                close.empty_counts(block)
                visits = 0
    close.empty_counts(block)
    for strip in range(STRIPS):
        close.count_waiting(block.cells, strip)
