"""Events of a store that never got a result, by the rule of a configuration."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from engine.schema import INSTANT_DTYPE
from engine.store.store import Store
from engine.store.universe import Universe
from engine.tape.unresolved import OPEN, Unresolved, is_unresolved, latest_results, without_result

_COMPETITION: Final = ["sport", "competition"]
_LATEST: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "sport": pl.String,
    "competition": pl.String,
    "latest": INSTANT_DTYPE,
}


def latest_of(store: Store, events: pl.DataFrame, rule: Unresolved) -> pl.DataFrame:
    """The latest instant of each competition that has events without a result, over the whole store.

    It is the last result, or the last recorded price if that is later. An assumed time of a price is none: it may lie
    in the future.

    Parameters
    ----------
    store : Store
    events : polars.DataFrame
        Of a part of the store.
    rule : Unresolved

    Returns
    -------
    polars.DataFrame
        sport, competition, latest; empty if the rule leaves all bets open.
    """
    waiting = events.filter(without_result()).select(_COMPETITION).unique()
    if rule.settle == OPEN or waiting.is_empty():
        return pl.DataFrame(schema=_LATEST)
    sports, competitions = (tuple(sorted(set(waiting[name]))) for name in _COMPETITION)
    whole = Universe(sports=sports, competitions=competitions)
    found = [latest_results(store.events(whole)), _recorded(store, whole)]
    latest = pl.concat(found).group_by(_COMPETITION).agg(pl.col("latest").max())
    return latest.join(waiting, on=_COMPETITION, how="semi", nulls_equal=True).sort(_COMPETITION)


def _recorded(store: Store, universe: Universe) -> pl.DataFrame:
    """The last recorded price of each competition."""
    rows = []
    for entry in store.entries("quotes", universe):
        if "recorded" in entry.bases:
            part = Universe(partitions=(entry.partition,))
            for path in store.files("quotes", part):
                known = pl.scan_parquet(path, glob=False).filter(pl.col("known_at_basis") == "recorded")
                rows.append((entry.sport, entry.competition, known.select(pl.col("known_at").max()).collect().item()))
    return pl.DataFrame(rows, schema=_LATEST, orient="row").drop_nulls("latest")


def count_unresolved(events: pl.DataFrame, latest: pl.DataFrame, rule: Unresolved) -> int:
    """Number of events that the rule makes void."""
    return 0 if rule.settle == OPEN else int(is_unresolved(events, latest, rule).sum())


def note_of(count: int, rule: Unresolved) -> Collection[str]:
    """What the notes of a run say about unresolved events; nothing if there are none."""
    if not count:
        return ()
    events = "1 event has" if count == 1 else f"{count:,} events have"
    ends = "bets on such an event are void, the stakes come back, unless a bookmaker has other terms"
    return (f"{events} no result {rule.after} after the start: {ends}",)
