"""The probability of overfitting of a sweep, and the band that it has where no configuration is better than another."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.machine import cores
from research.inference.block_bootstrap import resampled_order
from research.inference.bootstrap import generator
from research.inference.distinct import distinct_columns
from research.inference.overfit import NullSeries, Overfitting, overfitting, sampled_halves
from research.inference.parts import ANEW, Arrays, Parts
from research.regression.threads import single_threaded
from research.verdict.parts import OverfittingEvidence

#: blocks of cross-validation, 12,870 splits; fewer where the days do not suffice
BLOCKS: Final = 16
#: most configurations that are cross-validated; of more, this many are sampled
MOST_CROSS_VALIDATED: Final = 10_000
#: the null band of PBO: replicas, and configurations and pairs of halves of each
REPLICAS: Final = 100
_REPLICA_CONFIGURATIONS: Final = 500
_REPLICA_HALVES: Final = 500
#: replicas that are kept together
_TOGETHER: Final = 10


def cross_validated(
    returns: NDArray[Any], judged: NDArray[np.bool_], length: float, seed: int, parts: Parts = ANEW
) -> tuple[OverfittingEvidence | None, Overfitting | None]:
    """Cross-validate the configurations that bet and are judged; None with too few of them or too few days.

    Parameters
    ----------
    returns : float32 (days, configurations)
        No NaN.
    judged : bool (configurations,)
    length : float
        Mean block length of the bootstrap of the null band, days.
    seed : int
    parts : Parts
        Keeps what is finished, and is told.
    """
    betting = np.flatnonzero((np.ptp(returns, axis=0) > 0.0) & judged)
    blocks = min(BLOCKS, len(returns) // 4 * 2)
    if len(betting) < 2 or blocks < 4:
        return None, None
    rng = generator(seed, "cross-validation")
    columns = betting
    if len(betting) > MOST_CROSS_VALIDATED:
        columns = np.sort(rng.choice(betting, MOST_CROSS_VALIDATED, replace=False))
    name = hashlib.blake2b(columns.astype("<i8").tobytes(), digest_size=8).hexdigest()
    chosen = returns if len(columns) == returns.shape[1] else returns[:, columns]

    def crossed() -> Arrays:
        every = overfitting(chosen, blocks)
        return every.logits, every.in_sample, every.out_of_sample

    parts.begin("cross-validation and its null band", 2 * REPLICAS)
    replicas = _replicas(len(returns), len(columns), (length, blocks), rng)
    # one thread per matrix product, whatever the number of threads, so that the bits are the same
    with single_threaded(), ThreadPoolExecutor(cores()) as pool:
        whole = pool.submit(parts.part, f"splits-{name}", REPLICAS, crossed)
        try:
            null = _null_band(chosen, replicas, name, (parts, pool))
            splits = Overfitting(*whole.result())
        except BaseException:
            whole.cancel()
            raise
    low, middle, high = np.quantile(null, [0.05, 0.5, 0.95])
    evidence = OverfittingEvidence(
        splits.probability,
        splits.slope,
        splits.loss,
        blocks,
        len(splits.logits),
        len(columns),
        float(low),
        float(middle),
        float(high),
    )
    return evidence, splits


@dataclass(frozen=True)
class _Replica:
    """What a replica of the null band draws: configurations, days in a new order, pairs of halves (None: all).

    A configuration is its place among those that are cross-validated.
    """

    sample: NDArray[np.intp]
    order: NDArray[np.int64]
    blocks: int
    halves: NDArray[np.int64] | None


def _replicas(days: int, configurations: int, shape: tuple[float, int], rng: np.random.Generator) -> list[_Replica]:
    (length, blocks), replicas = shape, []
    for _ in range(REPLICAS):
        sample = np.arange(configurations)
        if configurations > _REPLICA_CONFIGURATIONS:
            sample = rng.choice(configurations, _REPLICA_CONFIGURATIONS, replace=False)
        order = resampled_order(days, length, rng)
        replicas.append(_Replica(sample, order, blocks, sampled_halves(blocks, _REPLICA_HALVES, rng)))
    return replicas


def _null_band(
    returns: NDArray[Any], replicas: list[_Replica], name: str, by: tuple[Parts, ThreadPoolExecutor]
) -> NDArray[np.float64]:
    """PBO of each replica, (replicas,)."""
    parts, pool = by
    series = NullSeries.of(returns, distinct_columns(returns))

    def some(low: int) -> Arrays:
        probabilities = [
            series.crossed(one.sample, one.order, one.blocks, one.halves).probability
            for one in replicas[low : low + _TOGETHER]
        ]
        return (np.array(probabilities),)

    def work(low: int) -> NDArray[np.float64]:
        (band,) = parts.part(f"null-{name}-{low}", min(_TOGETHER, len(replicas) - low), lambda: some(low))
        return band

    return np.concatenate(list(pool.map(work, range(0, len(replicas), _TOGETHER))))
