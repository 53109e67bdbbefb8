"""The fast parameters: every number that the kernel reads of one configuration, in this order.

NaN stands nowhere; a limit that is off is +inf (or -inf for a lower bound).
"""

from __future__ import annotations

from typing import NamedTuple


class Params(NamedTuple):
    """One configuration as numbers (float64 each). Units stand at the end of the names."""

    bankroll_minor: float
    # filters
    edge_min: float
    edge_max: float
    odds_min: float
    odds_max: float
    one_per_market: float  # 0 | 1
    # staking rule
    staking: float  # schema.Staking
    amount_minor: float  # FLAT: the stake; TARGET: the profit
    fraction: float  # PERCENT, KELLY, KELLY_COLUMN
    stake_cap_frac: float  # cap inside the Kelly rules, as a fraction of the base
    base_is_cash: float  # 0: equity; 1: cash at the start of the instant
    # caps, fractions of equity (day: of equity at the day's start)
    bet_cap_frac: float
    event_cap_frac: float
    competition_cap_frac: float
    day_cap_frac: float
    open_cap_frac: float
    # execution
    stake_min_minor: float
    stake_increment_minor: float
    commission_factor: float
    slippage_frac: float
    rejection_frac: float
    # breakers
    drawdown_warn_frac: float
    drawdown_warn_factor: float
    drawdown_stop_frac: float
    drawdown_reset_after_ns: float
    streak_warn: float
    streak_stop: float
    streak_cool_off_ns: float
    daily_loss_frac: float
    # the market's answers
    price_tolerance_frac: float  # how much worse the price may be at which a delayed order arrives
    fill_min_frac: float  # least part of a stake that the price must take; 0: any
    limiting_profit_minor: float  # a bookmaker cuts its limits whenever it lost this much to us
    limiting_factor: float  # what a cut leaves of them
    wallets: float  # 0: one pool; 1: a wallet a bookmaker


FIELD = {name: number for number, name in enumerate(Params._fields)}
