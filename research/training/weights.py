"""The fitted weights of pools, with their intervals, out of the artifact of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from research.regression import pool


@dataclass(frozen=True)
class Weight:
    """The power of one member of a log-linear pool.

    Attributes
    ----------
    model : str
        The pool: ``stack`` or ``market_blend``.
    member : str
    weight : float
    low, high : float
        Ends of its 95% interval (`research.regression.pool.Pool.intervals`).
    """

    model: str
    member: str
    weight: float
    low: float
    high: float


def weights_of(fitted: Mapping[str, Any]) -> tuple[Weight, ...]:
    """The weights of all pools in what `research.forecasting.contract.Forecaster.artifact` says; empty: it has none."""
    return tuple(_found(fitted))


def _found(fitted: Mapping[str, Any]) -> Iterator[Weight]:
    parts = [part for part in (fitted.get("inner"), *fitted.get("members", ())) if isinstance(part, Mapping)]
    if isinstance(fitted.get("pool"), Mapping):
        found = pool.restored(fitted["pool"])
        for part, weight, (low, high) in zip(parts, found.weights, found.intervals, strict=True):
            yield Weight(str(fitted["model"]), str(part["model"]), weight, low, high)
    for part in parts:
        yield from _found(part)
