"""Which configurations share a block: those that ask nearly the same rows.

A block visits every row that any of its configurations may take, so its cost follows the union of their filters. The
configurations are split in halves, again and again, along the bound of the filter that leaves the smallest unions on a
sample of the rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: rows on which unions are counted
SAMPLE = 4096


def clustered(edges: Floats, odds: Floats, filters: Floats, width: int) -> Places:
    """An order of configurations in which each run of `width` is a block.

    Parameters
    ----------
    edges, odds : float64 (n,)
        Net edge and odds of the rows, without NaN.
    filters : float64 (c, 4)
        edge_min, edge_max, odds_min, odds_max of each configuration.
    width : int
        Configurations a block.

    Returns
    -------
    int (c,): a permutation; the same for the same input.
    """
    step = max(1, len(edges) // SAMPLE)
    edges, odds = edges[::step], odds[::step]
    blocks: list[Places] = []
    waiting: list[Places] = [np.arange(len(filters))]
    while waiting:
        part = waiting.pop()
        if len(part) <= width:
            blocks.append(part)
            continue
        first, second = _halves(edges, odds, filters, part, width)
        waiting += [second, first]
    return np.concatenate(blocks)


def _halves(edges: Floats, odds: Floats, filters: Floats, part: Places, width: int) -> tuple[Places, Places]:
    """The best of the splits along one bound; the first half fills whole blocks."""
    half = -(-len(part) // (2 * width)) * width
    best, least = (part[:half], part[half:]), np.inf
    for bound in range(filters.shape[1]):
        order = part[np.argsort(filters[part, bound], kind="stable")]
        pair = order[:half], order[half:]
        cost = sum(len(side) * _union(edges, odds, filters[side]) for side in pair)
        if cost < least:
            best, least = pair, cost
    return best


def _union(edges: Floats, odds: Floats, filters: Floats) -> int:
    """Rows of the sample within the loosest bounds."""
    low, high = filters.min(axis=0), filters.max(axis=0)
    return int(np.count_nonzero((edges >= low[0]) & (edges <= high[1]) & (odds >= low[2]) & (odds <= high[3])))
