"""Placeholder of a user's staking rule. `engine.custom_rule` generates a kernel with the user's file in its place."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

#: whether this kernel contains a user's rule; its lanes then contain no other rule
HAS_CUSTOM_RULE = False


@leaf
def custom_stake_minor(row, account, params):
    """The stake that the user's rule asks for, in minor units; NaN without a rule, which places no bet."""
    return np.nan
