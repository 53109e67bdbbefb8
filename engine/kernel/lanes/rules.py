"""A decision in lanes: one opportunity in a strip of configurations at once.

The rules themselves are the scalar functions of `limit`, `stake` and `decide`, which the walk of one configuration uses
too. A strip is decided in two steps: stakes without causes, and the causes of refusals only where a lane refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.decide import PENDING, PLACED, decide, screen
from engine.kernel.lanes.cells import CELL, COUNT_BITS, COUNTS, FIRST_COUNTED, N_BETS, STRIP, at, lane_of
from engine.kernel.limit import bet_headroom, competition_headroom, event_headroom, open_headroom
from engine.kernel.params import PARAMETERS, ROW, DecisionParams, Params
from engine.kernel.price import price_moved
from engine.kernel.record import AccountState
from engine.kernel.stake import edge_net, wanted_minor
from engine.kernel.whole import whole_steps

#: the row that counts second bets on one question
TAKEN_BEFORE = COUNTS + int(Reason.ONE_PER_MARKET) - FIRST_COUNTED


class Uses(NamedTuple):
    """Which rules some configuration or row uses. Where the compiler knows them, it leaves the others out.

    ``streaks``: breakers or warnings of losing streaks; ``halts_end``: a drawdown breaker that ends; ``size``: limits
    of a row on its stake; ``moves``: prices on arrival that refuse a row; ``rejections``: random ones.
    """

    staking: float
    unit_increment: bool  # stakes are rounded to whole minor units
    base_is_cash: bool
    one_per_market: bool
    bet_cap: bool
    event_cap: bool
    competition_cap: bool
    day_cap: bool
    open_cap: bool
    drawdown_warn: bool
    drawdown_stop: bool
    halts_end: bool
    daily_loss: bool
    streaks: bool
    commission: bool
    size: bool
    moves: bool
    rejections: bool


class Facts(NamedTuple):
    """What else is known of a row: the venue's draw, the closing line value (0 without a close), 1 without one."""

    draw: float
    clv: float
    unclosed: float


def _make_lane_params() -> Callable[..., Any]:
    """Make `lane_params` from the table: a function with one keyword for each parameter that a decision reads.

    No value may branch: Numba does not compile so many keywords with a branch among them.
    """
    values = {"staking": "staking", "stake_increment_minor": "stake_increment_minor"}
    for parameter in PARAMETERS:
        name = parameter.name
        if parameter.decides and name not in values:
            values[name] = f"shared.{name}" if parameter.shared else f"cells[at(strip, ROW.{name}, lane)]"
            if parameter.lanes_only is not None:
                values[name] = f"ONLY.{name}"
    keywords = ", ".join(f"{name}={value}" for name, value in values.items())
    arguments = "cells, strip, lane, staking, stake_increment_minor, shared"
    source = f"def lane_params({arguments}): return DecisionParams({keywords})"
    only = Params(*(float(parameter.lanes_only or 0.0) for parameter in PARAMETERS))
    names: dict[str, Any] = {"__name__": __name__, "DecisionParams": DecisionParams, "ROW": ROW, "ONLY": only, "at": at}
    exec(source, names)
    function: Callable[..., Any] = names["lane_params"]
    return function


#: the parameters of one lane; what the whole block shares is a scalar
lane_params = leaf(_make_lane_params())


@leaf
def account_of(cells, strip, lane, base_is_cash, warns):
    """The record of the account of one lane. Without warnings (`warns`) their factor is 1."""
    equity, open_ = cells[at(strip, CELL.equity, lane)], cells[at(strip, CELL.open, lane)]
    return AccountState(
        equity=equity,
        base=cells[at(strip, CELL.base, lane)] if base_is_cash else equity,
        warn_factor=cells[at(strip, CELL.warn_factor, lane)] if warns else 1.0,
        limit_factor=1.0,
        cash=equity - open_,
        open=open_,
        open_on_event=cells[at(strip, CELL.event_open, lane)],
        open_on_competition=cells[at(strip, CELL.competition_open, lane)],
        staked_today=cells[at(strip, CELL.staked_today, lane)],
        day_start_equity=cells[at(strip, CELL.day_start, lane)],
    )


@leaf
def least(first, second):
    """The smaller number; NaN only if the first one is."""
    return second if second < first else first


@leaf
def allowed(wanted, size_minor, account, params, day_headroom, uses):
    """The stake of `limit.shrink` without its reason, under the limits in use."""
    stake = wanted
    if uses.bet_cap:
        stake = least(stake, bet_headroom(account, params))
    if uses.event_cap:
        stake = least(stake, event_headroom(account, params))
    if uses.competition_cap:
        stake = least(stake, competition_headroom(account, params))
    if uses.day_cap:
        stake = least(stake, day_headroom)
    if uses.open_cap:
        stake = least(stake, open_headroom(account, params))
    if uses.size:
        stake = least(stake, size_minor)
    return least(stake, account.cash)


@leaf
def passes_filters(row, params):
    """Whether the net edge and the odds of a row are within the bounds."""
    edge = edge_net(row)
    passes = (edge >= params.edge_min) & (edge <= params.edge_max)
    return passes & (row.odds >= params.odds_min) & (row.odds <= params.odds_max)


@leaf
def all_blocked(cells, strip):
    """Whether a breaker is active in every lane of a strip."""
    n_free = 0
    for lane in range(STRIP):
        n_free += 1 if cells[at(strip, CELL.blocked, lane)] == 0.0 else 0
    return n_free == 0


@leaf
def wait_strip(cells, strip, row, shared):
    """What `decide_strip` does where `all_blocked`: count the lanes that would take the row; no stake."""
    for lane in range(STRIP):
        passes = passes_filters(row, lane_params(cells, strip, lane, shared.staking, 1.0, shared))
        cells[at(strip, CELL.waiting, lane)] += 1.0 if passes else 0.0
        cells[at(strip, CELL.stake, lane)] = 0.0


@leaf
def decide_strip(cells, strip, row, facts, shared, uses, staking, unit_increment):
    """Decide one opportunity in a strip: lock the stake and write it to the row `stake`.

    Returns how many lanes refuse it for another reason than a breaker or a bet on the same question: `count_refusals`
    says why.
    """
    n_refused = 0
    accepted = not (uses.moves and price_moved(row, lane_params(cells, strip, 0, staking, 1.0, shared)))
    for lane in range(STRIP):
        increment = 1.0 if unit_increment else cells[at(strip, ROW.stake_increment_minor, lane)]
        params = lane_params(cells, strip, lane, staking, increment, shared)
        account = account_of(cells, strip, lane, uses.base_is_cash, uses.drawdown_warn)
        day_headroom = cells[at(strip, CELL.day_allowance, lane)] - account.staked_today
        wanted = wanted_minor(row, account, params)
        stake = whole_steps(allowed(wanted, row.size_minor, account, params, day_headroom, uses), increment)
        passes = passes_filters(row, params)
        places = accepted & (stake >= params.stake_min_minor)
        if uses.size:
            places &= stake >= row.stake_min_minor
        if uses.rejections:
            places &= facts.draw >= params.rejection_frac
        if uses.drawdown_stop or uses.daily_loss or uses.streaks:
            blocked = cells[at(strip, CELL.blocked, lane)] != 0.0
            cells[at(strip, CELL.waiting, lane)] += 1.0 if passes & blocked else 0.0
            passes &= not blocked
        if uses.one_per_market:
            again = passes & (params.one_per_market * cells[at(strip, CELL.taken, lane)] == 1.0)
            cells[at(strip, TAKEN_BEFORE, lane)] += 1.0 if again else 0.0
            passes &= not again
        places &= passes
        n_refused += 1 if passes & (not places) else 0
        stake = stake if places else 0.0
        cells[at(strip, CELL.stake, lane)] = stake
        cells[at(strip, CELL.open, lane)] += stake
        cells[at(strip, CELL.staked_today, lane)] += stake
        cells[at(strip, N_BETS, lane)] += 1.0 if places else 0.0
        cells[at(strip, CELL.clv_sum, lane)] += facts.clv if places else 0.0
        cells[at(strip, CELL.n_unclosed, lane)] += facts.unclosed if places else 0.0
        if uses.event_cap:
            cells[at(strip, CELL.event_open, lane)] += stake
        if uses.competition_cap:
            cells[at(strip, CELL.competition_open, lane)] += stake
        if uses.commission:
            cells[at(strip, CELL.commission_market_open, lane)] += 1.0 if places else 0.0
        if uses.one_per_market:
            taken = cells[at(strip, CELL.taken, lane)]
            cells[at(strip, CELL.taken, lane)] = 1.0 if places else taken
    return n_refused


@leaf
def count_refusals(block, strip, row, draw, shared, base_is_cash):
    """Count the reason in every lane of a strip that `decide_strip` has just returned as one that refuses."""
    cells, counted = block.cells, block.counted
    for lane in range(STRIP):
        increment = cells[at(strip, ROW.stake_increment_minor, lane)]
        params = lane_params(cells, strip, lane, shared.staking, increment, shared)
        account = account_of(cells, strip, lane, base_is_cash, True)
        reason, _, _ = decide(row, account, params, draw, np.inf)
        taken = cells[at(strip, CELL.taken, lane)]
        passes = screen(row, params) == PENDING and cells[at(strip, CELL.blocked, lane)] == 0.0
        passes = passes and params.one_per_market * taken != 1.0
        refuses = passes and cells[at(strip, CELL.stake, lane)] == 0.0
        shift = COUNT_BITS * ((reason if refuses else PLACED) - FIRST_COUNTED)
        counted[lane_of(strip, lane)] += (1 if refuses else 0) << shift
