"""The place of a staking rule of the user's own: `engine.custom_rule` writes another file here."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

#: whether this kernel holds a rule of the user's own, and then no other one in its lanes
HAS_OWN = False


@leaf
def own_minor(row, room, params):
    """What the rule asks for, in minor units; NaN: nothing is asked where there is none."""
    return np.nan
