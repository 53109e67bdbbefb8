"""What links are proposed from: our coming events, of the store and of feeds, and the catalogue of a venue."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

import polars as pl

from engine.clock import DAY_NS
from engine.errors import UsageError, printable
from engine.live.adapters.registry import Around, Coverage
from engine.live.clock import SystemClock
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.propose import Known, Proposal, propose
from engine.live.linking.store import LinkStore, Put
from engine.logs.secrets import Secrets, environment_secrets
from engine.paths import home
from engine.source.aliases import load_aliases
from engine.store.store import Store
from engine.store.universe import Universe
from research.adapters.by_name import open_catalogue
from research.drift.heard import played
from research.trading.settings import LiveSettings

#: columns that a comparison needs
_COLUMNS: Final = ("event_id", "sport", "competition", "home", "away", "starts_at")


def coming(coverage: Coverage, now_ns: int, days: int) -> list[Known]:
    """Our events that start from now on within some days: of the store and of all recordings, a later one counts.

    Parameters
    ----------
    coverage : Coverage
    now_ns : int
        UTC nanoseconds.
    days : int

    Raises
    ------
    UsageError
        There is none.
    """
    start = pl.col("starts_at").cast(pl.Int64)
    frames = [events.select(_COLUMNS) for events in _events(coverage)]
    events = pl.concat(frames, how="vertical_relaxed") if frames else None
    if events is not None:
        events = events.unique("event_id", keep="last").filter(
            pl.col("sport") == coverage.sport,
            start.is_between(now_ns, now_ns + days * DAY_NS),
            pl.col("competition").is_in(list(coverage.competitions)) | pl.lit(not coverage.competitions),
        )
    if events is None or events.is_empty():
        where = ", ".join((coverage.sport, *coverage.competitions))
        raise UsageError(
            "no coming event to link", where=printable(where, 80), expected=f"events that start within {days} days",
            found="none in the store and in recordings of feeds", todo="run `bea paper NAME --feed ...` first",
        )  # fmt: skip
    rows = events.with_columns(start.alias("starts_ns")).sort("starts_ns", "event_id")
    return [Known(*row) for row in rows.select("event_id", "home", "away", "starts_ns").iter_rows()]


def _events(coverage: Coverage) -> list[pl.DataFrame]:
    found, path = [], home() / "data" / "store"
    if path.is_dir():
        store = Store.open(str(path))
        if any(entry.sport == coverage.sport for entry in store.manifest.entries("events")):
            found.append(store.events(Universe(sports=(coverage.sport,))))
    recordings = sorted(path for path in (home() / "data" / "feed").glob("*") if path.is_dir())
    return found + [played(path)[0] for path in recordings if any(path.iterdir())]


def propose_links(
    venue: str, coverage: Coverage, settings: LiveSettings, store: LinkStore, *, days: int
) -> tuple[Proposal, Put]:
    """Ask a venue what it offers, compare it with our coming events, and keep the links that are clear.

    Parameters
    ----------
    venue : str
    coverage : Coverage
    settings : LiveSettings
    store : LinkStore
    days : int
        Only events that start within so many.

    Raises
    ------
    BeaError
        There is no such venue, it does not answer, or there is nothing to link.
    """
    clock = SystemClock()
    known = coming(coverage, clock.wall_ns(), days)
    with ExitStack() as stack:
        here = surroundings(Secrets(environment_secrets(os.environ)), stack)
        offered = open_catalogue(venue, settings.of(venue), coverage, here)
    proposal = propose(venue, known, offered, load_aliases(coverage.sport).resolve)
    return proposal, store.put(venue, proposal, offered)


def surroundings(
    secrets: Secrets,
    stack: ExitStack,
    *,
    dry_run: bool = False,
    ledger: LedgerSettings = LedgerSettings(),  # noqa: B008
) -> Around:
    """What surrounds an adapter of this process; the stack closes what it opens.

    The requests of a dry run are its result and go to stdout. What an adapter notes goes to stderr.
    """
    return Around(
        environment=os.environ, secrets=secrets, clock=SystemClock(), folder=Path(home()),
        show=partial(_show, sys.stdout if dry_run else sys.stderr), dry_run=dry_run, at_end=stack.callback,
        ledger=ledger,
    )  # fmt: skip


def _show(stream: TextIO, text: Any) -> None:
    stream.write("".join(f"{printable(line, 2_000)}\n" for line in str(text).splitlines()))
