"""What is done to rows of a store: pure functions of frames and of a mask; rows outside the mask stay bit for bit.

A mask is a boolean series of the frame's length; it must be the caller's promise that no masked row was known.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import INSTANT_DTYPE

#: what a result is made of
RESULT: Final = ("status", "home_score", "away_score", "winner")
#: share of later prices that are gone in a changed future
_GONE_FRAC: Final = 0.1


def nanoseconds(name: str) -> pl.Expr:
    """A column of instants as UTC nanoseconds, int64."""
    return pl.col(name).cast(INSTANT_DTYPE).cast(pl.Int64)


def known_after(quotes: pl.DataFrame, instant_ns: int) -> pl.Series:
    """Prices that became known after an instant."""
    return quotes.select((nanoseconds("known_at") > instant_ns).alias("mask")).to_series()


def settled_after(events: pl.DataFrame, instant_ns: int) -> pl.Series:
    """Results that became known after an instant; one without an instant counts as known never."""
    later = nanoseconds("settled_at").fill_null(np.iinfo(np.int64).max) > instant_ns
    return events.select((later & (pl.col("status") != "scheduled")).alias("mask")).to_series()


def results_hidden(events: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The masked events as they stood before they were played."""
    empty = {name: pl.lit(None, events.schema[name]) for name in (*RESULT[1:], "settled_at", "settled_at_basis")}
    hidden = {"status": pl.lit("scheduled"), **empty}
    return events.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).alias(name) for name, value in hidden.items()
    )


def results_changed(events: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """The masked results are others: another winner, other goals of both, another sum.

    Home wins become draws, draws away wins, away wins home wins; in a sport without draws the sides change places.
    """
    more = pl.Series(rng.integers(1, 4, events.height), dtype=pl.Int32)
    home, away, winner = (pl.col(name) for name in ("home_score", "away_score", "winner"))
    drawn = (winner == "draw").any().over("sport").fill_null(False)
    to_draw, to_away = (winner == "home") & drawn, winner == "draw"
    swapped = winner.is_in(["home", "away"])
    fresh = {
        "home_score": pl.when(to_draw | to_away).then(home + more).when(swapped).then(away + more).otherwise(home),
        "away_score": pl.when(to_draw)
        .then(home + more)
        .when(to_away)
        .then(away + more + 1)
        .when(swapped)
        .then(home + more)
        .otherwise(away + more),
        "winner": pl.when(to_draw)
        .then(pl.lit("draw"))
        .when(to_away)
        .then(pl.lit("away"))
        .when(winner == "away")
        .then(pl.lit("home"))
        .when(winner == "home")
        .then(pl.lit("away")),
    }
    return events.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).cast(events.schema[name]).alias(name)
        for name, value in fresh.items()
    )


def results_shuffled(events: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """The masked results change places among the events of their sport."""
    source = np.arange(events.height)
    chosen, sport = mask.to_numpy(), events["sport"].to_numpy()
    for name in np.unique(sport[chosen].astype(str)):
        rows = np.flatnonzero(chosen & (sport == name))
        source[rows] = rng.permutation(rows)
    return events.with_columns(events[source].select(RESULT))


def delayed(frame: pl.DataFrame, name: str, mask: pl.Series, instant_ns: int) -> pl.DataFrame:
    """The instants of the masked rows are moved by one span, the least by which all of them are later than an instant.

    Parameters
    ----------
    name : str
        Column of instants: ``known_at`` or ``settled_at``.
    """
    first = frame.filter(mask).select(nanoseconds(name).min()).item()
    span = 0 if first is None else instant_ns - int(first) + 10**9
    moved = (nanoseconds(name) + span).cast(INSTANT_DTYPE)
    return frame.with_columns(pl.when(mask).then(moved).otherwise(pl.col(name)).alias(name))


def prices_changed(quotes: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """The masked prices are others by 5 to 60 % of their profit, with other sizes and flags; a tenth is gone."""
    n = quotes.height
    factor = pl.Series(np.where(rng.random(n) < 0.5, rng.uniform(0.6, 0.95, n), rng.uniform(1.05, 1.6, n)))
    flipped = pl.Series(rng.random(n) < 0.1)
    gone = pl.Series(rng.random(n) < _GONE_FRAC)
    fresh = {
        "odds": 1.0 + (pl.col("odds") - 1.0) * factor,
        "size_minor": (pl.col("size_minor") * factor).floor(),
        "suspect": pl.col("suspect") ^ flipped,
    }
    changed = quotes.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).alias(name) for name, value in fresh.items()
    )
    return changed.filter(~(mask & gone))


def n_changed(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """How many rows differ between two frames of the same height and columns."""
    differ = [pl.col(name).ne_missing(pl.col(f"{name}_other")) for name in before.columns]
    both = pl.concat([before, after.rename({name: f"{name}_other" for name in after.columns})], how="horizontal")
    return int(both.select(pl.any_horizontal(differ).sum()).item() or 0)


def chosen(offers: pl.DataFrame, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Instants of decision, one at random in each of `count` parts of equal numbers of them.

    A row that came after a decision is after the instant too only where the instant lies between them; the instant of
    the decision itself always does.

    Parameters
    ----------
    offers : polars.DataFrame
        With `decided_at`.
    count : int
        At least 1; fewer instants are given where fewer are there.

    Returns
    -------
    int64 (n,), n <= count
        UTC nanoseconds, ascending.
    """
    known = np.unique(offers.select(nanoseconds("decided_at")).to_series().to_numpy()).astype(np.int64)
    edges = np.linspace(0, len(known), min(count, len(known)) + 1).astype(np.int64)
    return np.array([known[rng.integers(low, high)] for low, high in pairwise(edges)], np.int64)


def until(frame: pl.DataFrame, instant_ns: int) -> pl.DataFrame:
    """Rows decided at or before an instant."""
    return frame.filter(nanoseconds("decided_at") <= instant_ns)
