"""Stake the square root of the Kelly fraction, and half of that on a losing day."""

import math


def stake_minor(row, account, params):
    """Stake in minor units before all limits; 0 without an edge."""
    kelly = row.edge_frac / (row.odds - 1.0)
    if kelly <= 0.0:
        return 0.0
    losing = account.equity < account.day_start_equity
    return params.fraction * math.sqrt(kelly) * account.base * (0.5 if losing else 1.0)
