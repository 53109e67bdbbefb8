"""Order and places of a stream: what happens when, and where what is open stands.

A slot is to open bets what a register is to variables: it is taken at the first action that needs it and free again
after the last one, so that the store of a block stays small enough for the cache.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled


@compiled
def merge(decided_at, settled_at, settle_order, codes):
    """Write all actions in order of time, settlements first: 2 * row + 1 a decision, 2 * row a settlement.

    Rows are in order of decision; ``settle_order`` holds the rows with a known end by (settled_at, row); ``codes``
    int64 (rows + ends,).
    """
    j, m = 0, 0
    for i in range(len(decided_at)):
        while j < len(settle_order) and settled_at[settle_order[j]] <= decided_at[i]:
            codes[m] = 2 * settle_order[j]
            j += 1
            m += 1
        codes[m] = 2 * i + 1
        m += 1
    while j < len(settle_order):
        codes[m] = 2 * settle_order[j]
        j += 1
        m += 1


@compiled
def places(codes, keys, uses, slot_of_key, free, slot):
    """A slot for each key from its first action to its last; returns the number of slots.

    Parameters
    ----------
    codes : int64 (m,)
        As `merge` gives them.
    keys : int64 (n,)
        The key of each row, dense from 0.
    uses : int64 (keys,)
        How many actions of each key there are; one more for a key that is never done. It is used up.
    slot_of_key, free : int64 (keys,)
        Working space, -1 throughout.
    slot : int64 (n,)
        Receives the slot of each row's key.
    """
    n_free, n_slots = 0, 0
    for code in codes:
        row = code >> 1
        key = keys[row]
        if slot_of_key[key] < 0:
            if n_free > 0:
                n_free -= 1
                slot_of_key[key] = free[n_free]
            else:
                slot_of_key[key] = n_slots
                n_slots += 1
        slot[row] = slot_of_key[key]
        uses[key] -= 1
        if uses[key] == 0:
            free[n_free] = slot_of_key[key]
            n_free += 1
    return n_slots


@compiled
def select(codes, passing, chosen):
    """Actions of the rows that pass, in order, written to `chosen`; returns their number."""
    m = 0
    for code in codes:
        chosen[m] = code
        m += passing[code >> 1]
    return m


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
