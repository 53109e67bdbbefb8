"""Families of sweeps on the same events, each sweep read as it comes with a trial ledger of its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.identity import hash_texts
from engine.tape import Tape
from research.inference.bootstrap import generator
from research.records.event_sets import EventSet
from research.records.trials import Entry, Ledger, Part
from tests.truth.market import Market, World, market
from tests.truth.sweep import Done, sweep

Row = dict[str, Any]

#: sweeps of a family; days of a pilot, and sweeps that have one
LOOKS, PILOT_DAYS, PILOTS = 10, 45, 4
#: matches of the seasons that all sweeps of a family are on, and clubs
_MATCHES, _CLUBS = 1_200, 60
_FIRST: Final = dt.date(2017, 7, 14)


def families_of(kind: str, world: World, seed: int, batch: int, count: int) -> list[list[Row]]:
    """`count` families; each is a list of looks with the numbers of their verdicts.

    Parameters
    ----------
    kind : str
        ``ten``: ten independent sweeps, entered in two ledgers: ``same`` holds the same events each time, ``renamed``
        has every second sweep on a copy of the events under other ids, with longer names of clubs and the date of
        another zone. ``pilots``: four sweeps on the first 45 days, then the same four on all days.
    world : World
    seed, batch, count : int
        As in `sweep.sweeps`.
    """
    shared = market(world, generator(seed, "market", world.plain(), batch))
    rng = generator(seed, "families", kind, world.plain(), batch)
    return [_pilots(shared, rng) if kind == "pilots" else _ten(shared, rng) for _ in range(count)]


def _ten(shared: Market, rng: np.random.Generator) -> list[Row]:
    events = [_season(), _season(renamed=True)]
    looks = [
        Look(number, shared.with_results(rng), {"same": events[0], "renamed": events[number % 2]})
        for number in range(LOOKS)
    ]
    return _read(shared, looks, rng)


def _pilots(shared: Market, rng: np.random.Generator) -> list[Row]:
    tapes = [shared.with_results(rng) for _ in range(PILOTS)]
    first, whole = {"same": _season(days=PILOT_DAYS)}, {"same": _season()}
    looks = [Look(number, first_days(tape, PILOT_DAYS), first) for number, tape in enumerate(tapes)]
    return _read(shared, looks + [Look(number, tape, whole) for number, tape in enumerate(tapes)], rng)


@dataclass(frozen=True)
class Look:
    """A sweep of a family: the number that its configurations come from, its tape, its events in each ledger."""

    number: int
    tape: Tape
    events: dict[str, EventSet]


def _read(shared: Market, looks: Sequence[Look], rng: np.random.Generator) -> list[Row]:
    """Assess each sweep, enter it in the ledgers, and read from them what its verdict needs."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bea-truth-") as folder:
        for place, look in enumerate(looks):
            done = sweep(shared, look.tape, int(rng.integers(2**31)))
            ledgers = {
                name: _entered(Ledger(Path(folder) / f"{name}.sqlite"), done, place, look.number, events)
                for name, events in look.events.items()
            }
            rows.append(done.row() | {"ledgers": ledgers})
    return rows


def _entered(ledger: Ledger, done: Done, place: int, number: int, events: EventSet) -> Row:
    """Enter a sweep in a ledger: how many trials it then counts, and which look this is."""
    count, run = len(done.simulated.matrix), f"run{place:03}"
    configurations = [hashlib.blake2b(f"{number} {row}".encode(), digest_size=16).digest() for row in range(count)]
    entry = Entry(run, f"2026-01-01T00:00:{place:02}Z", "bea sweep", "sweep", run.encode())
    ledger.record(entry, [Part(configurations, events, done.maxima)])
    sets = [events.hash.hex()]
    return {"effective": ledger.count(sets).effective, "look": ledger.look(sets, run).number}


def first_days(tape: Tape, days: int) -> Tape:
    """The first days of a tape whose bets are all settled on the day of their decision."""
    end = tape.midnights[days - 1]
    rows = int(np.searchsorted(tape.decided_at, end))
    columns = {
        name: column[:rows]
        for name, column in vars(tape).items()
        if isinstance(column, np.ndarray) and len(column) == len(tape) and name != "settle_order"
    }
    columns |= {"settle_order": tape.settle_order[tape.settle_order < rows], "midnights": tape.midnights[:days]}
    return replace(tape, rows=tape.rows[:rows], **columns)


def _season(*, days: int = 731, renamed: bool = False) -> EventSet:
    """Matches of sixty clubs, the same ones every time; a renamed copy has other ids, names and dates."""
    rng = np.random.default_rng(7)
    home = rng.integers(0, _CLUBS, _MATCHES)
    away = (home + rng.integers(1, _CLUBS, _MATCHES)) % _CLUBS
    day = np.sort(rng.integers(0, 731, _MATCHES))
    kept = day < days
    source, suffix, shift = ("copy", " FC", 1) if renamed else ("original", "", 0)
    clubs = [f"{chr(97 + club % 26)}{chr(97 + club // 26)}{'xyz'[club % 3]}ton{suffix}" for club in range(_CLUBS)]
    frame = pl.DataFrame(
        {
            "event_id": hash_texts(pl.Series([f"{source} {number}" for number in range(_MATCHES)])),
            "sport": "football",
            "date": pl.Series([_FIRST + dt.timedelta(days=int(one) + shift) for one in day]),
            "home": [clubs[club] for club in home],
            "away": [clubs[club] for club in away],
        }
    ).filter(pl.Series(kept))
    ends = str(frame["date"].min()), str(frame["date"].max())
    return EventSet.of_events(frame, *ends, (source,))
