"""One row of a stream: what a decision and a settlement read of an opportunity, side by side.

Two hundred bytes of one row lie in three cache lines; the same in a column each would be two dozen, and a block that
visits few of the rows would wait for most of them.
"""

from __future__ import annotations

import numpy as np

#: times in UTC nanoseconds; ``payoff`` of one unit at risk; ``*_slot``: places of the open bet, event, market and
#: question, used again when they are free, event -1 where the class has no other row of it; ``clv`` 0 where there is
#: no closing price, ``has_close`` 0 | 1; ``draw``: the venue's answer (`draw.refusals`); the others as on a tape
OFFERED = np.dtype(
    [
        ("decided_at", np.int64),
        ("settled_at", np.int64),
        ("payoff", np.float64),
        ("commission", np.float64),
        ("bet_slot", np.int64),
        ("event_slot", np.int64),
        ("market_slot", np.int64),
        ("competition", np.int64),
        ("is_void", np.float64),
        ("has_close", np.float64),
        ("clv", np.float64),
        ("question", np.int64),
        ("question_slot", np.int64),
        ("quoted", np.float64),
        ("filled", np.float64),
        ("odds", np.float64),
        ("prob", np.float64),
        ("edge_frac", np.float64),
        ("kelly_frac", np.float64),
        ("stake_weight", np.float64),
        ("size_minor", np.float64),
        ("stake_min_minor", np.float64),
        ("draw", np.float64),
        ("id", np.int64),
    ]
)
