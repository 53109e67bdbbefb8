"""Changes to the rows of a store, as pure functions of a frame and a mask.

A mask is a boolean series of the frame's length. Rows outside the mask stay bit for bit as they are. The caller has to
make sure that no row in the mask was known at the instant of the test.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import FURTHER_SCOPES, INSTANT_DTYPE, KNOWN_AFTER, STATISTIC_TYPES, score_columns

#: columns of a result; a frame may have further scores and statistics (`result_columns`)
RESULT: Final = ("status", "home_score", "away_score", "winner")
#: share of the masked prices that `prices_changed` removes
_REMOVED_FRAC: Final = 0.1


def nanoseconds(name: str) -> pl.Expr:
    """A column of instants as UTC nanoseconds (int64)."""
    return pl.col(name).cast(INSTANT_DTYPE).cast(pl.Int64)


def known_after(quotes: pl.DataFrame, instant_ns: int) -> pl.Series:
    """Mask of the prices that became known after an instant."""
    return quotes.select((nanoseconds("known_at") > instant_ns).alias("mask")).to_series()


def settled_after(events: pl.DataFrame, instant_ns: int) -> pl.Series:
    """Mask of the results that became known after an instant. A result without `settled_at` counts as later."""
    later = nanoseconds("settled_at").fill_null(np.iinfo(np.int64).max) > instant_ns
    return events.select((later & (pl.col("status") != "scheduled")).alias("mask")).to_series()


def result_columns(events: pl.DataFrame) -> list[str]:
    """The columns of a result: `RESULT`, and the further scores and statistics that the frame has."""
    return [*RESULT, *(name for name in KNOWN_AFTER if name in events.columns)]


def results_hidden(events: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Events, the masked ones as before they were played: scheduled and without a result."""
    names = (*result_columns(events)[1:], "settled_at", "settled_at_basis")
    empty = {name: pl.lit(None, events.schema[name]) for name in names}
    hidden = {"status": pl.lit("scheduled"), **empty}
    return events.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).alias(name) for name, value in hidden.items()
    )


def results_changed(events: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """Events with changed results in the mask: another winner, other scores of both sides, another sum.

    Home wins become draws, draws become away wins, and away wins become home wins. In a sport without draws the sides
    swap. Further scores and statistics (first half, corners, shots, ...) swap sides and grow; games of sets are swapped
    by set.
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
    for scope in (*FURTHER_SCOPES, *STATISTIC_TYPES):
        first, second = score_columns(scope)
        if first in events.columns and second in events.columns:
            fresh |= {first: pl.col(second) + more, second: pl.col(first) + more}
    if "set_games" in events.columns:
        fresh["set_games"] = pl.col("set_games").str.replace_all(r"(\d+)-(\d+)", "$2-$1")
    return events.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).cast(events.schema[name]).alias(name)
        for name, value in fresh.items()
    )


def results_shuffled(events: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """Events with the masked results permuted within their sport."""
    source = np.arange(events.height)
    masked, sport = mask.to_numpy(), events["sport"].to_numpy()
    for name in np.unique(sport[masked].astype(str)):
        rows = np.flatnonzero(masked & (sport == name))
        source[rows] = rng.permutation(rows)
    return events.with_columns(events[source].select(result_columns(events)))


def delayed(frame: pl.DataFrame, name: str, mask: pl.Series, instant_ns: int) -> pl.DataFrame:
    """The frame with the masked instants moved, all by the same span, so that the earliest is 1 s after an instant.

    Parameters
    ----------
    frame : polars.DataFrame
    name : str
        Column of instants: ``known_at`` or ``settled_at``.
    mask : polars.Series
    instant_ns : int
        UTC nanoseconds.
    """
    first = frame.filter(mask).select(nanoseconds(name).min()).item()
    span = 0 if first is None else instant_ns - int(first) + 10**9
    moved = (nanoseconds(name) + span).cast(INSTANT_DTYPE)
    return frame.with_columns(pl.when(mask).then(moved).otherwise(pl.col(name)).alias(name))


def prices_changed(quotes: pl.DataFrame, mask: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """Quotes with changed prices in the mask.

    ``odds - 1`` changes by 5 to 60 %, with the size; some flags `suspect` flip. A tenth of the masked rows is removed.
    """
    n = quotes.height
    factor = pl.Series(np.where(rng.random(n) < 0.5, rng.uniform(0.6, 0.95, n), rng.uniform(1.05, 1.6, n)))
    flipped = pl.Series(rng.random(n) < 0.1)
    removed = pl.Series(rng.random(n) < _REMOVED_FRAC)
    fresh = {
        "odds": 1.0 + (pl.col("odds") - 1.0) * factor,
        "size_minor": (pl.col("size_minor") * factor).floor(),
        "suspect": pl.col("suspect") ^ flipped,
    }
    changed = quotes.with_columns(
        pl.when(mask).then(value).otherwise(pl.col(name)).alias(name) for name, value in fresh.items()
    )
    return changed.filter(~(mask & removed))


def n_changed(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """Number of rows that differ between two frames of the same height and columns."""
    differ = [pl.col(name).ne_missing(pl.col(f"{name}_other")) for name in before.columns]
    both = pl.concat([before, after.rename({name: f"{name}_other" for name in after.columns})], how="horizontal")
    return int(both.select(pl.any_horizontal(differ).sum()).item() or 0)


def random_instants(offers: pl.DataFrame, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random decision instants, one from each of `count` groups with equal numbers of consecutive instants.

    Only decision instants are used: every row that became known after such a decision, however soon, then also lies
    after the tested instant.

    Parameters
    ----------
    offers : polars.DataFrame
        With `decided_at`.
    count : int
        At least 1. The result is shorter if there are fewer distinct instants.
    rng : numpy.random.Generator

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
