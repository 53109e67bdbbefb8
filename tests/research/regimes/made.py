"""Series whose states are known, and how well a path agrees with them."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from research.regimes.states import Matrix, Path


def switching(seed: int, n: int = 4000, heavy: bool = False) -> tuple[Path, Matrix]:
    """States 0 and 1 that change with a chance of .01, and three inputs; the second state is wider and shifted.

    Noise is standard normal, or a t distribution with three degrees of freedom over the root of three.
    """
    rng = np.random.default_rng(seed)
    states = (np.cumsum(rng.random(n) < 0.01) % 2).astype(np.int64)
    noise = rng.standard_t(3, (n, 3)) / np.sqrt(3) if heavy else rng.standard_normal((n, 3))
    return states, np.where(states[:, None] == 1, noise * [1.5, 1, 1] + [0.8, -0.5, 0.3], noise)


def agreement(path: Path, truth: Path) -> float:
    """Share of observations in the true state, with the states numbered as fits best."""
    n_states = int(max(path.max(), truth.max())) + 1
    orders = permutations(range(n_states))
    return max(float((np.array(order)[path] == truth).mean()) for order in orders)
