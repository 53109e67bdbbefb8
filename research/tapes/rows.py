"""Which rows of a store a tape is made of: their content, facts and calendar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from engine.identity import digest
from engine.schema import EVENTS, EVENTS_OPTIONAL, OPTIONAL_EVENTS, QUOTES
from engine.store.hashing import FrameHash
from engine.store.store import Store
from engine.store.universe import Universe
from engine.tape.unresolved import Unresolved
from research.config.code_hash import code_hash
from research.tapes.facts import added, count_days, facts_of, merged_facts
from research.tapes.inputs import TapeInputs
from research.tapes.parts import Parts, has_closing, rows_of
from research.tapes.recorded import recordings_at, recordings_hash
from research.tapes.unresolved import count_unresolved, latest_of, note_of


@dataclass(frozen=True)
class Rows:
    """The rows of the store that a tape is made of.

    Attributes
    ----------
    hash : str
        Of the content of all rows.
    seen : str
        Of the content of the events and of the quotes that the strategy may see.
    facts : dict
        Numbers of events and quotes, first and last date, bases of their times, notes.
    calendar : dict
        Events by ISO date, and the first date of each season: what folds are cut from.
    """

    hash: str
    seen: str
    facts: dict[str, Any]
    calendar: dict[str, dict[str, Any]]


def rows_key(store: Store, inputs: TapeInputs) -> str:
    """Hash of the store's content files and of what is taken from them: cheap, for no row is read."""
    spec = inputs.spec
    files = [path for table in ("events", "quotes") for path in store.files(table, inputs.visible)]
    if has_closing(store, spec):
        files += store.files("quotes", inputs.closing)
    if inputs.later is not None:
        files += store.files("quotes", inputs.later)
    taken = {
        "universe": spec.universe,
        "instants": spec.instants,
        "needed": vars(inputs.required),
        "clv": spec.clv_bookmaker,
        "later": spec.later,
        "unresolved": spec.unresolved,
    }
    if spec.recordings:
        taken["recordings"] = recordings_hash(spec.recordings)
    names = {str(path.relative_to(store.root)) for path in files}
    whole = Universe(sports=inputs.visible.sports, competitions=inputs.visible.competitions)
    names |= {entry.path for table in ("events", "quotes") for entry in store.entries(table, whole)}
    return digest({"files": sorted(names), **taken, "sources": code_hash([__name__])})


def count_rows(parts: Parts, store: Store, inputs: TapeInputs) -> Rows:
    """Read all rows once, a part at a time, and work out their hashes, facts and calendar."""
    spec, facts = inputs.spec, list[dict[str, Any]]()
    hashes = {name: FrameHash() for name in ("events", "quotes", "closing", "later")}
    optional = (list(EVENTS_OPTIONAL), [name for name in OPTIONAL_EVENTS if name not in EVENTS_OPTIONAL])
    further, has_values = [FrameHash() for _ in optional], [False for _ in optional]
    rule, unresolved, latest = Unresolved(**dict(spec.unresolved)), 0, list[str]()
    is_measured, calendar = False, dict[str, dict[str, Any]](events=Counter[str](), seasons={})
    for cut in parts.cuts(store, inputs):
        part, quotes = parts.read(store, inputs, cut), rows_of(store.quotes, cut)
        if part is None:
            continue
        events = part.events.sort("sport", "competition", "season", "starts_at", "event_id")
        frames = (events.select(list(EVENTS)), quotes, part.closing, part.later)
        for name, frame in zip(hashes, frames, strict=True):
            if frame is not None:
                hashes[name].add(frame)
        for number, columns in enumerate(optional):
            described = events.select(columns)
            further[number].add(described)
            has_values[number] |= any(column.null_count() < events.height for column in described)
        is_measured = is_measured or part.closing is not None
        ends = latest_of(store, events, rule)
        latest += [f"{row}" for row in ends.cast({"latest": pl.Int64}).iter_rows()]
        unresolved += count_unresolved(events, ends, rule)
        count_days(calendar, events)
        facts.append(facts_of(events, pl.DataFrame(schema=QUOTES) if quotes is None else quotes))
    if not facts:
        store.events(inputs.visible)  # raises: says what is not there
    notes = [] if is_measured else [f"no closing price of {spec.clv_bookmaker}: CLV has no value"]
    digests = {name: frame_hash.hexdigest() for name, frame_hash in hashes.items()}
    notes += note_of(unresolved, rule)
    recordings = recordings_at(spec.recordings)
    notes += recordings.notes if recordings else ()
    books = [recordings_hash(spec.recordings)] if recordings else []
    stated = [known.hexdigest() for known, has_value in zip(further, has_values, strict=True) if has_value]
    return Rows(
        digest([*digests.values(), *stated, *sorted(set(latest)), *books]),
        digest([digests["events"], digests["quotes"], *stated]),
        merged_facts(facts) | added(facts) | {"notes": notes},
        calendar,
    )
