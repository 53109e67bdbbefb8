"""Mutations: the changes that a copy of a store gets at an instant.

A mutation is a pair of functions, one for all events and one for the quotes of a partition (sport, competition,
season). Each returns the new rows and the number of rows it changed. Random choices are keyed by (seed, kind, instant,
first event of the rows), so that two mutations of the same kind choose the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.schema import CLOSE
from research.inference.bootstrap import generator
from research.leakage.rows import (
    delayed,
    known_after,
    n_changed,
    prices_changed,
    result_columns,
    results_changed,
    results_hidden,
    results_shuffled,
    settled_after,
)

TRUNCATED, PERTURBED, DELAYED, SHUFFLED = "truncated", "perturbed", "delayed", "shuffled"
#: kinds of mutation, in the order of the tests
KINDS: Final = (TRUNCATED, PERTURBED, DELAYED, SHUFFLED)
#: share of the rows known at the instant that `delayed_and_removed` delays or removes
_DELAYED_FRAC: Final = 0.25

#: rows to new rows and the number changed
Change = Callable[[pl.DataFrame], tuple[pl.DataFrame, int]]
#: rows to a boolean mask
Mask = Callable[[pl.DataFrame], pl.Series]


@dataclass(frozen=True)
class Mutation:
    """The changes to a copy of a store.

    Attributes
    ----------
    events, quotes : callable
        Take rows; return the new rows and how many of them were changed.
    """

    events: Change
    quotes: Change


def _unchanged(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    return frame, 0


#: an exact copy
UNCHANGED: Final = Mutation(_unchanged, _unchanged)


def without_results(results: Mask) -> Mutation:
    """Remove the masked results; prices stay."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = results(frame)
        return results_hidden(frame, mask), int(mask.sum())

    return Mutation(events, _unchanged)


def truncated(instant_ns: int) -> Mutation:
    """Remove all prices and results that became known after an instant; fixtures stay."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = settled_after(frame, instant_ns)
        return results_hidden(frame, mask), int(mask.sum())

    def quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = known_after(frame, instant_ns)
        return frame.filter(~mask), int(mask.sum())

    return Mutation(events, quotes)


def perturbed(instant_ns: int, seed: int) -> Mutation:
    """Change all prices and results that became known after an instant."""
    return changed(
        lambda frame: settled_after(frame, instant_ns),
        lambda frame: known_after(frame, instant_ns),
        (seed, PERTURBED, instant_ns),
    )


def changed(results: Mask | None, prices: Mask | None, key: tuple[object, ...]) -> Mutation:
    """Change the masked results and the masked prices.

    Parameters
    ----------
    results, prices : callable or None
        Masks of events and of quotes, or None to leave all of them.
    key : tuple
        Seed and purpose of the random choices.
    """

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        if results is None:
            return frame, 0
        after = results_changed(frame, results(frame), _rng(key, frame))
        return after, n_changed(frame.select(result_columns(frame)), after.select(result_columns(frame)))

    def quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        if prices is None:
            return frame, 0
        mask = prices(frame)
        return prices_changed(frame, mask, _rng(key, frame)), int(mask.sum())

    return Mutation(events, quotes)


def shuffled(instant_ns: int, seed: int) -> Mutation:
    """Permute the results that became known after an instant; prices stay."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        after = results_shuffled(frame, settled_after(frame, instant_ns), _rng((seed, SHUFFLED, instant_ns), frame))
        return after, n_changed(frame.select(result_columns(frame)), after.select(result_columns(frame)))

    return Mutation(events, _unchanged)


def delayed_and_removed(
    instant_ns: int, seed: int, *, results: bool = True, prices: bool = True
) -> tuple[Mutation, Mutation]:
    """Late corrections: a quarter of the rows known at an instant become known after it, or are missing.

    Up to the instant both copies hold the same, so that every decision until then must be the same in both. A decision
    that differs has used a row by its date or its quote kind instead of the instant at which it was known.

    Parameters
    ----------
    instant_ns : int
        UTC nanoseconds.
    seed : int
    results, prices : bool
        Whether results and prices are affected.

    Returns
    -------
    Mutation, Mutation
        One that delays the rows, and one that removes them.
    """
    key = (seed, DELAYED, instant_ns)

    def late_results(frame: pl.DataFrame) -> pl.Series:
        known = (frame["status"] != "scheduled") & frame["settled_at"].is_not_null() & results
        return known & ~settled_after(frame, instant_ns) & _random_quarter(key, frame)

    def late_prices(frame: pl.DataFrame) -> pl.Series:
        return ~known_after(frame, instant_ns) & _random_quarter(key, frame) & prices

    def delay_events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = late_results(frame)
        return delayed(frame, "settled_at", mask, instant_ns), int(mask.sum())

    def delay_quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = late_prices(frame)
        return delayed(frame, "known_at", mask, instant_ns), int(mask.sum())

    def remove_events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = late_results(frame)
        return results_hidden(frame, mask), int(mask.sum())

    def remove_quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = late_prices(frame)
        return frame.filter(~mask), int(mask.sum())

    return Mutation(delay_events, delay_quotes), Mutation(remove_events, remove_quotes)


def every_result(seed: int) -> Mutation:
    """Change all results, known ones too. Decisions that stay the same depend on no result."""
    return changed(lambda frame: frame["status"] != "scheduled", None, (seed, "every result"))


def every_close(seed: int) -> Mutation:
    """Change all closing prices. Decisions that stay the same depend on no closing price."""
    return changed(None, lambda frame: frame["instant"] == CLOSE, (seed, "every close"))


def _rng(key: tuple[object, ...], frame: pl.DataFrame) -> np.random.Generator:
    seed, *purpose = key
    first = frame["event_id"].min() if frame.height else 0
    return generator(int(str(seed)), "leakage", *purpose, first)


def _random_quarter(key: tuple[object, ...], frame: pl.DataFrame) -> pl.Series:
    return pl.Series(_rng(key, frame).random(frame.height) < _DELAYED_FRAC)
