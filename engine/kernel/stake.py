"""The staking rules: what a rule would put on, before any limit. Pure functions of scalars."""

from __future__ import annotations

from engine.kernel.cache import leaf
from engine.kernel.codes import Staking
from engine.kernel.own import own_minor

FLAT = int(Staking.FLAT)
PERCENT = int(Staking.PERCENT)
KELLY = int(Staking.KELLY)
TARGET = int(Staking.TARGET)
KELLY_COLUMN = int(Staking.KELLY_COLUMN)
OWN = int(Staking.OWN)


@leaf
def edge_net(row):
    """Expected profit per unit at risk, less the commission expected on a win."""
    return row.edge_frac - row.commission * row.prob * (row.odds - 1.0)


@leaf
def kelly_frac(row):
    """Full-Kelly fraction of a win-or-lose bet after commission (Kelly 1956): edge net / ((odds - 1) * (1 - c))."""
    return edge_net(row) / ((row.odds - 1.0) * (1.0 - row.commission))


@leaf
def wanted_minor(row, room, params):
    """The stake that the rule asks for, in minor units, not rounded; a warning of the drawdown makes it smaller."""
    if params.staking == FLAT:
        wanted = params.amount_minor
    elif params.staking == PERCENT:
        wanted = params.fraction * room.base
    elif params.staking == TARGET:
        wanted = params.amount_minor / (row.odds - 1.0)
    elif params.staking == OWN:
        wanted = own_minor(row, room, params)
    else:
        full = kelly_frac(row) if params.staking == KELLY else row.kelly_frac
        wanted = min(params.fraction * full, params.stake_cap_frac) * room.base
    return wanted * row.stake_weight * room.warn_factor
