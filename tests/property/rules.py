"""One file of staking rules for all tests: a text is compiled once, which takes half a minute of one core."""

from __future__ import annotations

from typing import Final

#: `amount_minor` that asks for the square root of Kelly's fraction; any other but that of the progressions: Kelly
ROOT: Final = 2.0
#: `amount_minor` that asks for a progression: over days if `fraction` is below 0.5, else within a day
PROGRESSION: Final = 100.0

RULES: Final = '''import math


def stake_minor(row, account, params):
    """A progression, the square root of Kelly's fraction (half of it after a bad day), or Kelly's fraction."""
    if params.amount_minor == 100.0:
        over_days = max(0.0, params.bankroll_minor - account.day_start_equity)
        within_a_day = max(0.0, account.day_start_equity - account.equity) * 2.0
        return (over_days if params.fraction < 0.5 else within_a_day) + params.amount_minor
    win = row.odds - 1.0
    if params.amount_minor == 2.0:
        full = row.edge_frac / win
        if full <= 0.0:
            return 0.0
        factor = 0.5 if account.day_start_equity > account.equity else 1.0
        return params.fraction * math.sqrt(full) * account.base * factor
    net = row.edge_frac - row.commission * row.prob * win
    return min(params.fraction * (net / (win * (1.0 - row.commission))), params.stake_cap_frac) * account.base
'''
