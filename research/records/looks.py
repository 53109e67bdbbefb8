"""What makes two sweeps one look at their family: the same trials on the same events, read by the same rules.

A look is two hashes of 16 bytes, one of the trials and one of the rules. Neither covers the code of this project, so a
repeat by a newer version is the same look. Entries of earlier versions hold no look; from their trials the first half
is known.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from engine.identity import digest
from research import models
from research.config.canonical import canonical
from research.config.code_hash import user_code_hash
from research.records.event_sets import EventSet, id_hash
from research.sweeps.plan import Plan

#: bytes of each half
_HALF: Final = 16
#: groups of keys, and keys, whose values are rules of reading
_RULES: Final = ("validation.", "clv.", "seed")

Row = tuple[str, str, bytes | None]


def look_bytes(plan: Plan, parts: Iterable[tuple[EventSet, Sequence[bytes]]]) -> bytes:
    """The look of a sweep, 32 bytes.

    Parameters
    ----------
    plan : Plan
        Its rules: validation, closing line and seed, and the user's own files of strategies and models.
    parts : iterable of (EventSet, sequence of bytes)
        Its trials: sets of events, each with the hashes of the configurations on it.
    """
    trials = _trials((events.id_hash, configurations) for events, configurations in parts)
    rules = {key: sorted(_values(plan, key)) for key in plan.settings() if key.startswith(_RULES)}
    files = {file for branch in plan.branches if (file := branch.base.get("strategy.file"))}
    named, own = {branch.base.get("model.name") for branch in plan.branches}, models.own()
    files |= {str(file) for name, file in own.items() if name in named}
    if files:
        rules["strategies"] = [user_code_hash(sorted(files))]
    return trials + bytes.fromhex(digest(rules, _HALF))


def _values(plan: Plan, key: str) -> set[str]:
    """All values of a key in a plan, each in its one form."""
    values = (value for branch in plan.branches for value in branch.axes.get(key, [branch.base.get(key)]))
    return {json.dumps(canonical(key, value), sort_keys=True) for value in values}


def _trials(parts: Iterable[tuple[bytes, Iterable[bytes]]]) -> bytes:
    """The first half of a look."""
    plain = sorted([events.hex(), sorted({one.hex() for one in configurations})] for events, configurations in parts)
    return bytes.fromhex(digest(plain, _HALF))


def looks_of(connection: sqlite3.Connection, rows: Sequence[Row]) -> list[object]:
    """What tells the looks of entries apart.

    An entry of an earlier version is the same look as the first later one with the same trials, and else its own.

    Parameters
    ----------
    connection : sqlite3.Connection
        To the ledger.
    rows : sequence of (run, finished_at, look)
        Of entries, in their order.
    """
    first: dict[bytes, bytes] = {}
    for _, _, look in rows:
        if isinstance(look, bytes):
            first.setdefault(look[:_HALF], look)
    earlier: dict[tuple[str, str], object] = {}
    for run, finished_at, look in rows:
        if look is None and (run, finished_at) not in earlier:
            known = _earlier_trials(connection, run, finished_at) if first else None
            earlier[run, finished_at] = run if known is None else first.get(known, run)
    return [earlier[run, finished_at] if look is None else look for run, finished_at, look in rows]


def _earlier_trials(connection: sqlite3.Connection, run: str, finished_at: str) -> bytes | None:
    """The first half of the look of an entry of an earlier version; None where some of its trials are not known.

    Such an entry holds the trials that were new in it.
    """
    entries = connection.execute(
        "SELECT evaluations.id, configurations, fresh, events, sample FROM evaluations "
        "JOIN event_sets ON event_sets.id = event_set WHERE run = ? AND finished_at = ? AND look IS NULL",
        (run, finished_at),
    ).fetchall()
    if any(fresh != configurations for _, configurations, fresh, _, _ in entries):
        return None
    trials = "SELECT configuration FROM trials WHERE evaluation = ?"
    return _trials(
        (id_hash(events, sample), [one for (one,) in connection.execute(trials, (entry,))])
        for entry, _, _, events, sample in entries
    )
