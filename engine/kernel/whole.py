"""Whole amounts of money, where binary rounding leaves a number just below one. Pure functions of scalars.

0.57 has no exact binary form, so 0.57 * 10000 is 5699.999999999999. Rounded down to steps of 100 this would be 5600. A
number that is below a whole amount by its own rounding only is therefore taken as that amount.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

#: how far below a step a stake may be, in units in its last place (ulp)
ULPS = 4.0
#: the same for a Kelly stake, in ulps of what its return is computed from
KELLY_ULPS = 16.0
#: a little more than half an ulp of 1: x + x * HALF_ULP is the next float64 above x (Rump, Zimmermann, Boldo and
#: Melquiond 2009, "Computing predecessor and successor in rounding to nearest", BIT 49)
HALF_ULP = 2.0**-53 * (1.0 + 2.0**-52)
#: above the error of a product of a decimal fraction and money, which is 2**-52 of it at most
NEARLY = 1.0 + 2.0**-51
#: prices that differ by less than this part of them are equal: far above rounding, far below a step of any price
SAME_PRICE = 1e-12


@leaf
def ulp(x):
    """Distance from x to the next float64 above it, for a normal x above 0."""
    return (x + x * HALF_ULP) - x


@leaf
def whole_steps(stake, step):
    """The stake rounded down to a multiple of `step`; up, if the next multiple is at most 4 ulps above it."""
    steps = stake / step
    above = np.ceil(steps) * step
    return above if above - stake <= ULPS * ulp(stake) else np.floor(steps) * step


@leaf
def whole_allowance(frac, money):
    """`frac * money`, or the whole minor unit that lies above it by the rounding of this product only."""
    product = frac * money
    above = np.ceil(product)
    return above if above <= product * NEARLY else product


@leaf
def stake_for_profit(profit, odds):
    """The stake that wins `profit` at `odds`: profit / (odds - 1).

    `odds - 1` has the absolute error of `odds`, which is large beside a small difference. A whole stake s for which
    `s * odds` equals `s + profit` within 4 ulps is therefore taken as exact.
    """
    stake = profit / (odds - 1.0)
    whole = np.rint(stake)
    returned = whole + profit
    return whole if abs(whole * odds - returned) <= ULPS * ulp(returned) else stake


@leaf
def liability_for_profit(profit, odds, quoted):
    """The liability of a lay that wins `profit`, as `stake_for_profit` of the `odds` of the back bet of equal risk.

    Those odds have an error of their own. A whole liability that equals `profit * (quoted - 1)` within 4 ulps of
    `profit * quoted` is exact too; a taxed lay needs another one, which is not near.
    """
    stake = stake_for_profit(profit, odds)
    whole = np.rint(stake)
    returned = whole + profit
    return whole if abs(profit * quoted - returned) <= ULPS * ulp(returned) else stake


@leaf
def whole_kelly(stake, part):
    """The stake of a Kelly rule, or the whole minor unit that it misses by rounding only.

    The edge is `prob * odds - 1`, a small difference of numbers near 1. Its error is that of `prob * odds`, so that of
    the stake is a few ulps of `part`, the stake if nothing were subtracted.
    """
    whole = np.rint(stake)
    return whole if abs(whole - stake) <= KELLY_ULPS * ulp(part) else stake


@leaf
def backer_steps(liability, odds, step):
    """The backer's stake of a lay, a multiple of `step`: liability / (odds - 1) rounded down.

    The next multiple s is taken where `s * odds` exceeds `s + liability` by at most 4 ulps (see `stake_for_profit`).
    """
    steps = liability / (odds - 1.0) / step
    above = np.ceil(steps) * step
    returned = above + liability
    return above if above * odds - returned <= ULPS * ulp(returned) else np.floor(steps) * step
