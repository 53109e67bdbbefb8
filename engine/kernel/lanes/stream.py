"""Order and slots of a stream: what happens when, and where the state of open bets is stored.

A slot is to open bets what a register is to variables. It is taken at the first action that needs it and is free again
after the last one, so that the state of a block stays small enough for the cache.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled


@compiled
def merge(decided_at, settled_at, settle_order, codes):
    """Write all actions in order of time, settlements first.

    Parameters
    ----------
    decided_at, settled_at : int64 (n,)
        UTC nanoseconds; rows are in order of decision.
    settle_order : int64 (s,)
        Rows with a known settlement, ordered by (settled_at, row).
    codes : int64 (n + s,)
        Receives the actions: 2 * row + 1 for a decision, 2 * row for a settlement.
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
def assign_slots(codes, keys, uses, slot_of_key, free, slot):
    """Give each key a slot from its first action to its last; returns the number of slots.

    Parameters
    ----------
    codes : int64 (m,)
        As written by `merge`.
    keys : int64 (n,)
        The key of each row, dense from 0.
    uses : int64 (keys,)
        Number of actions of each key, plus one for a key that stays open to the end. It is overwritten.
    slot_of_key, free : int64 (keys,)
        Working space, filled with -1.
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
def strips_of(edges, odds, bounds, masks):
    """Write to `masks` which strips a row concerns, as bits: those whose loosest filters it passes.

    Parameters
    ----------
    edges, odds : float64 (n,)
        Net edge and odds of the rows.
    bounds : float64 (4, strips)
        Lowest and highest edge, lowest and highest odds.
    masks : uint8 (n,)
    """
    low, high = bounds[0, 0], bounds[1, 0]
    for strip in range(bounds.shape[1]):
        low, high = min(low, bounds[0, strip]), max(high, bounds[1, strip])
    for i in range(len(edges)):
        mask = 0
        if low <= edges[i] <= high:
            for strip in range(bounds.shape[1]):
                passes = (edges[i] >= bounds[0, strip]) & (edges[i] <= bounds[1, strip])
                passes &= (odds[i] >= bounds[2, strip]) & (odds[i] <= bounds[3, strip])
                mask |= (1 if passes else 0) << strip
        masks[i] = mask


@compiled
def select(codes, masks, selected):
    """Write the actions of the rows that concern a strip, in order, to `selected`; returns their number."""
    m = 0
    for code in codes:
        selected[m] = code
        m += masks[code >> 1] != 0
    return m


#: One row of a stream. Instants are UTC nanoseconds. ``payoff``: of one unit at risk. ``*_slot``: numbers of slots;
#: ``event_slot`` is -1 if the class has no other row of the event. ``clv``: 0 without a closing price, where
#: ``has_close`` is 0. ``draw``: the venue's answer (`draw.rejection_draws`). The other fields are those of a tape.
OPPORTUNITY = np.dtype(
    [
        ("decided_at", np.int64),
        ("settled_at", np.int64),
        ("payoff", np.float64),
        ("commission", np.float64),
        ("bet_slot", np.int64),
        ("event_slot", np.int64),
        ("commission_market_slot", np.int64),
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
