"""The mutations of a store at an instant: what they claim to leave alone, and what they change.

Each is a pair of functions, one of all events and one of the quotes of a competition, that give the new rows and how
many were changed. Random choices are keyed by (seed, kind, instant, first event of the rows), so that two mutations of
one kind choose the same rows.
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
    RESULT,
    delayed,
    known_after,
    n_changed,
    prices_changed,
    results_changed,
    results_hidden,
    results_shuffled,
    settled_after,
)

TRUNCATED, PERTURBED, DELAYED, SHUFFLED = "truncated", "perturbed", "delayed", "shuffled"
#: the kinds of the search, in the order in which they are tried
KINDS: Final = (TRUNCATED, PERTURBED, DELAYED, SHUFFLED)
#: share of what was known at the instant that a late correction takes out of sight
_DELAYED_FRAC: Final = 0.25

Step = Callable[[pl.DataFrame], tuple[pl.DataFrame, int]]
Where = Callable[[pl.DataFrame], pl.Series]


@dataclass(frozen=True)
class Mutation:
    """What is done to a copy of a store.

    Attributes
    ----------
    events, quotes : callable
        The new rows, and how many were changed.
    """

    events: Step
    quotes: Step


def _same(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    return frame, 0


#: a copy, row for row
UNCHANGED: Final = Mutation(_same, _same)


def hidden(results: Where) -> Mutation:
    """The results of a mask are not known; every price stays."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = results(frame)
        return results_hidden(frame, mask), int(mask.sum())

    return Mutation(events, _same)


def truncated(instant_ns: int) -> Mutation:
    """Nothing that became known after an instant: no later price, no later result; fixtures stay."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = settled_after(frame, instant_ns)
        return results_hidden(frame, mask), int(mask.sum())

    def quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = known_after(frame, instant_ns)
        return frame.filter(~mask), int(mask.sum())

    return Mutation(events, quotes)


def perturbed(instant_ns: int, seed: int) -> Mutation:
    """Another future: all later prices and all later results are others."""
    return changed(
        lambda frame: settled_after(frame, instant_ns),
        lambda frame: known_after(frame, instant_ns),
        (seed, PERTURBED, instant_ns),
    )


def changed(results: Where | None, prices: Where | None, key: tuple[object, ...]) -> Mutation:
    """Results and prices of two masks are others; None: they stay.

    Parameters
    ----------
    key : tuple
        Seed and purpose of the random choices.
    """

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        if results is None:
            return frame, 0
        after = results_changed(frame, results(frame), _rng(key, frame))
        return after, n_changed(frame.select(RESULT), after.select(RESULT))

    def quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        if prices is None:
            return frame, 0
        mask = prices(frame)
        return prices_changed(frame, mask, _rng(key, frame)), int(mask.sum())

    return Mutation(events, quotes)


def shuffled(instant_ns: int, seed: int) -> Mutation:
    """Later results change places; every price stays."""

    def events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        after = results_shuffled(frame, settled_after(frame, instant_ns), _rng((seed, SHUFFLED, instant_ns), frame))
        return after, n_changed(frame.select(RESULT), after.select(RESULT))

    return Mutation(events, _same)


def late(instant_ns: int, seed: int, *, results: bool = True, prices: bool = True) -> tuple[Mutation, Mutation]:
    """Late corrections: a quarter of what was known at an instant becomes known after it, or is not there at all.

    Until the instant both stores say the same, so that every decision until then must be the same in both: one that
    differs has used a row by its date or its kind, and not by the instant at which it was known.

    Parameters
    ----------
    results, prices : bool
        Whether results are delayed, and whether prices are.

    Returns
    -------
    Mutation, Mutation
        Delayed, and taken away.
    """
    key = (seed, DELAYED, instant_ns)

    def of_results(frame: pl.DataFrame) -> pl.Series:
        known = (frame["status"] != "scheduled") & frame["settled_at"].is_not_null() & results
        return known & ~settled_after(frame, instant_ns) & _drawn(key, frame)

    def of_prices(frame: pl.DataFrame) -> pl.Series:
        return ~known_after(frame, instant_ns) & _drawn(key, frame) & prices

    def later_events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = of_results(frame)
        return delayed(frame, "settled_at", mask, instant_ns), int(mask.sum())

    def later_quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = of_prices(frame)
        return delayed(frame, "known_at", mask, instant_ns), int(mask.sum())

    def without_events(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = of_results(frame)
        return results_hidden(frame, mask), int(mask.sum())

    def without_quotes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mask = of_prices(frame)
        return frame.filter(~mask), int(mask.sum())

    return Mutation(later_events, later_quotes), Mutation(without_events, without_quotes)


def every_result(seed: int) -> Mutation:
    """All results are others, early ones too: what does not change then uses no result at all."""
    return changed(lambda frame: frame["status"] != "scheduled", None, (seed, "every result"))


def every_close(seed: int) -> Mutation:
    """All closing prices are others: what does not change then uses no closing price at all."""
    return changed(None, lambda frame: frame["instant"] == CLOSE, (seed, "every close"))


def _rng(key: tuple[object, ...], frame: pl.DataFrame) -> np.random.Generator:
    seed, *purpose = key
    first = frame["event_id"].min() if frame.height else 0
    return generator(int(str(seed)), "leakage", *purpose, first)


def _drawn(key: tuple[object, ...], frame: pl.DataFrame) -> pl.Series:
    return pl.Series(_rng(key, frame).random(frame.height) < _DELAYED_FRAC)
