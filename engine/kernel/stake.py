"""The staking rules: the stake that a rule asks for, before any limit. Pure functions of scalars."""

from __future__ import annotations

from engine.kernel.cache import leaf
from engine.kernel.codes import Staking
from engine.kernel.custom import custom_stake_minor
from engine.kernel.whole import liability_for_profit, stake_for_profit, whole_kelly

# float64, as all numbers of a configuration
FLAT = float(Staking.FLAT)
PERCENT = float(Staking.PERCENT)
KELLY = float(Staking.KELLY)
TARGET = float(Staking.TARGET)
KELLY_COLUMN = float(Staking.KELLY_COLUMN)
OWN = float(Staking.OWN)


@leaf
def is_kelly(params):
    """Whether the staking rule is a Kelly rule: its stakes grow with the bankroll by design."""
    return params.staking == KELLY or params.staking == KELLY_COLUMN


@leaf
def edge_net(row):
    """Expected profit per unit at risk, less the commission expected on a win."""
    return row.edge_frac - row.commission * row.prob * (row.odds - 1.0)


@leaf
def kelly_frac(row):
    """Full-Kelly fraction of a win-or-lose bet after commission (Kelly 1956): edge net / ((odds - 1) * (1 - c))."""
    return edge_net(row) / ((row.odds - 1.0) * (1.0 - row.commission))


@leaf
def kelly_minor(full, row, account, params):
    """The stake of a full-Kelly fraction, in minor units, without weights. Decimals lose no whole step."""
    wanted = min(params.fraction * full, params.stake_cap_frac) * account.base
    part = row.prob * row.odds / ((row.odds - 1.0) * (1.0 - row.commission))
    return whole_kelly(wanted, params.fraction * part * account.base)


@leaf
def wanted_minor(row, account, params):
    """The stake that the rule asks for, in minor units, not rounded. A drawdown warning makes it smaller."""
    if params.staking == FLAT:
        wanted = params.amount_minor
    elif params.staking == PERCENT:
        wanted = params.fraction * account.base
    elif params.staking == TARGET:
        if row.is_lay:
            wanted = liability_for_profit(params.amount_minor, row.odds, row.quoted)
        else:
            wanted = stake_for_profit(params.amount_minor, row.odds)
    elif params.staking == OWN:
        wanted = custom_stake_minor(row, account, params)
    else:
        full = kelly_frac(row) if params.staking == KELLY else row.kelly_frac
        wanted = kelly_minor(full, row, account, params)
    return wanted * row.stake_weight * account.warn_factor
