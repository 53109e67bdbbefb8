"""Random draws without state: a uniform number that depends on (seed, id, purpose) only.

The finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA)
combines the three numbers. The upper 53 bits give a float64 in [0, 1).
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled, leaf

#: purpose of a draw
REJECTION = 1

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MUL1 = np.uint64(0xBF58476D1CE4E5B9)
_MUL2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_SCALE = 1.0 / 9007199254740992.0  # 2**-53


@leaf
def _mix(bits):
    bits = bits + _GAMMA
    bits = (bits ^ (bits >> _S30)) * _MUL1
    bits = (bits ^ (bits >> _S27)) * _MUL2
    return bits ^ (bits >> _S31)


@leaf
def uniform(seed, identity, purpose):
    """A float64 in [0, 1), keyed by seed, id and purpose (int64 each)."""
    bits = _mix(_mix(_mix(np.uint64(seed)) ^ np.uint64(identity)) ^ np.uint64(purpose))
    return np.float64(bits >> _S11) * _SCALE


@leaf
def rejection_draw(identity, params, seed):
    """The draw for one order, which is rejected if it is below `rejection_frac`; 1 if nothing can be rejected."""
    return uniform(seed, identity, REJECTION) if params.rejection_frac > 0.0 else 1.0


@compiled
def rejection_draws(ids, seed, draws):
    """Write the draws of many orders to ``draws``, float64, as long as ``ids``."""
    for i in range(len(ids)):
        draws[i] = uniform(seed, ids[i], REJECTION)
