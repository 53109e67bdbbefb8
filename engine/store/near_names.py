"""Names that are new in a store and near to a name that it had before, such as a club that a source renames."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from engine.names import near_pairs
from engine.store.store import Store
from engine.store.universe import Universe


def near_names(store: Store, new: Iterable[str], partitions: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Names of the same competition that each new name may stand for.

    Parameters
    ----------
    store : Store
    new : names that no table of aliases has
    partitions : sport, competition and season of what an import has changed

    Returns
    -------
    dict of str to list of str
        Only names with a near one. Names that are in one season of a competition are different clubs.
    """
    changed, names = set(partitions), set(new)
    if not changed or not names:
        return {}
    sports, competitions = sorted({p[0] for p in changed}), sorted({p[1] for p in changed})
    events = store.events(Universe(sports=tuple(sports), competitions=tuple(competitions)))
    where = ["sport", "competition", "season"]
    teams = pl.concat([events.select(*where, pl.col(side).alias("name")) for side in ("home", "away")]).unique()
    found: dict[str, set[str]] = {}
    for _, group in teams.group_by("sport", "competition"):
        seasons = {name: set(part) for name, part in group.group_by("name").agg("season").rows()}
        for pair in near_pairs(seasons):
            for one, other in (pair, pair[::-1]):
                if one in names and other not in names and not seasons[one] & seasons[other]:
                    found.setdefault(one, set()).add(other)
    return {name: sorted(others) for name, others in sorted(found.items())}
