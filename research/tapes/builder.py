"""Build the tapes of a command from store, strategy and closing prices."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.asof.closing import fair_closing
from engine.asof.decisions import check_memory, max_quotes
from engine.asof.view import store_views
from engine.betting.sport import with_possible_results
from engine.errors import ConfigurationError, EmptyUniverseError, StoreError
from engine.files import write_json
from engine.identity import digest
from engine.schema import EVENTS, EVENTS_OPTIONAL, OPTIONAL_EVENTS, QUOTES
from engine.store.hashing import FrameHash
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import INSTANT, Modular, View
from engine.tape import Tape
from engine.tape.build import build_tape
from engine.tape.file import save
from engine.tape.unresolved import Unresolved, prepared, with_unresolved
from research.config.code_hash import code_hash
from research.config.tape_spec import TapeSpec
from research.tapes.absence import why_nothing
from research.tapes.ahead import check_features, of_the_user
from research.tapes.cache import cache_folder, evict, load_tape
from research.tapes.facts import added, count_days, facts_of, merged_facts
from research.tapes.features import Featured, feature_code
from research.tapes.fitting import opportunities
from research.tapes.inputs import (
    StrategyFactory,
    TapeInputs,
    artifact_hashes,
    later_prices,
    source_of,
    strategy_of,
    thawed,
)
from research.tapes.names import bookmakers_of, check_spec
from research.tapes.suspects import Suspects
from research.tapes.unresolved import count_unresolved, latest_of, note_of

_MEMORY_MB: Final = 4_096
#: what a bet and later prices of it have in common
_BET: Final = ("event_id", "market", "line", "selection")


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


@dataclass(frozen=True)
class _Part:
    """What is read of one part of the universe; the view reads the quotes that may be seen."""

    visible: Universe
    events: pl.DataFrame
    closing: pl.DataFrame | None
    later: pl.DataFrame | None


class Tapes:
    """Builds tapes, and large ones part by part of the store.

    If the quotes of a universe fit into the memory it may take, they are one part, and its rows and view are kept
    for the next tape.

    Parameters
    ----------
    memory_mb : int
        What building may take beside the tape itself; `data.memory_mb`.
    strategy : callable, optional
        Makes the strategy of a specification; default `research.tapes.inputs.strategy_of`.
    """

    def __init__(self, memory_mb: int = _MEMORY_MB, strategy: StrategyFactory | None = None) -> None:
        check_memory(memory_mb, "data.memory_mb")
        self._memory_mb = memory_mb
        self._strategy = strategy or strategy_of
        self._last_part: tuple[str, _Part] | None = None
        self._last_views: tuple[str, list[View]] | None = None
        self._stores: dict[str, Store] = {}
        self._inputs: dict[TapeSpec, TapeInputs] = {}
        self._suspects: dict[TapeSpec, Suspects] = {}
        self._checked: set[tuple[object, ...]] = set()

    def inputs(self, spec: TapeSpec) -> TapeInputs:
        """What a tape is built from; worked out once a specification."""
        if spec not in self._inputs:
            self._inputs[spec] = TapeInputs.of(spec, self._strategy(spec)).within(bookmakers_of(self._store(spec)))
        return self._inputs[spec]

    def rows(self, spec: TapeSpec) -> Rows:
        """Which rows a tape is made of; from the cache if the store's files are the same.

        Raises
        ------
        ConfigurationError
            The specification names a bookmaker or a market that the store does not have.
        """
        notes = check_spec(self._store(spec), spec, self.inputs(spec).strategy)
        rows = self._cached_rows(spec)
        return replace(rows, facts=rows.facts | {"notes": [*rows.facts["notes"], *notes]}) if notes else rows

    def _cached_rows(self, spec: TapeSpec) -> Rows:
        path = cache_folder() / "rows" / f"{self._rows_key(spec)}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads(path.read_text(encoding="utf-8"))
            return Rows(str(values["hash"]), str(values["seen"]), dict(values["facts"]), dict(values["calendar"]))
        rows = self._count(spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"hash": rows.hash, "seen": rows.seen, "facts": rows.facts, "calendar": rows.calendar})
        return rows

    def tape(self, spec: TapeSpec) -> Tape:
        """The tape; loaded if it was built before."""
        path = cache_folder() / f"{self.key(spec)}.arrow"
        tape, counts = load_tape(path), cache_folder() / "suspects" / f"{path.stem}.json"
        if tape is not None:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._suspects[spec] = Suspects.from_plain(json.loads(counts.read_text(encoding="utf-8")))
                return tape
        own = of_the_user(self.inputs(spec).features)
        check = (*map(type, own), self._rows_key(spec), spec.decide_at)  # all that its answer depends on
        if own and check not in self._checked:
            for _, views in islice(self._parts(self.inputs(spec)), 1):
                check_features(own, self.featured(spec).events, views[0].quotes)
            self._checked.add(check)
        tape = self.fresh(spec)
        save(tape, path)
        counts.parent.mkdir(parents=True, exist_ok=True)
        write_json(counts, self._suspects[spec].plain())
        evict(keep=path)
        return tape

    def suspects(self, spec: TapeSpec) -> Suspects:
        """Suspect prices that the strategy left out, or bet at."""
        if spec not in self._suspects:
            self.tape(spec)
        return self._suspects[spec]

    def key(self, spec: TapeSpec) -> str:
        """Hash of everything that a tape depends on: its specification, rows, and the code that builds it."""
        return digest({"slow": spec.facts(), "rows": self.rows(spec).hash, "sources": building_code(spec)})

    def made_of(self, spec: TapeSpec) -> str:
        """Hash of what the decisions depend on: visible rows, slow keys, the strategy's source.

        The leak finder's result is kept under it. Stakes and closing prices are no part of it, nor is other code.
        """
        facts = spec.facts()
        inputs, needs_closing = self.inputs(spec), self.inputs(spec).required.closing
        for name in ("kelly", "unresolved", *(() if needs_closing else ("clv_bookmaker", "clv_method"))):
            del facts[name]
        sources = {"strategy": source_of(inputs.strategy)}
        sources |= artifact_hashes(inputs.strategy)
        if isinstance(inputs.strategy, Modular):
            sources |= {"model": code_hash(inputs.strategy.modules())}
        if inputs.features:
            sources |= {"features": "\n".join(map(source_of, inputs.features))}
        rows = self.rows(spec)
        return digest({"slow": facts, "rows": rows.hash if needs_closing else rows.seen, **sources})

    def why_nothing(self, spec: TapeSpec, refused: pl.DataFrame) -> str:
        """Why the tape of a specification has no row; `refused` is that of the tape."""
        return why_nothing(self._store(spec), self.inputs(spec), self.rows(spec).facts, refused)

    def fresh(self, spec: TapeSpec) -> Tape:
        """The tape, built anew; no cache on disk is read or written."""
        inputs = self.inputs(spec)
        self._check_whole(inputs)
        offers, events, fair, prices = [], [], [], []
        suspects = self._suspects[spec] = Suspects()
        rule, store = Unresolved(**dict(spec.unresolved)), self._store(spec)
        featured, measured = self.featured(spec), (spec.clv_bookmaker, spec.clv_method)
        for part, views in self._parts(inputs):
            close = None if part.closing is None else fair_closing(part.events, part.closing, *measured)
            bets = opportunities(spec, inputs.strategy, part.events, views, featured, close)
            offers.append(bets)
            suspects.add(inputs.strategy, views, bets)
            bet_on = part.events.join(bets.select("event_id"), on="event_id", how="semi")
            events.append(with_unresolved(bet_on, rule, latest_of(store, bet_on, rule)))
            fair += [] if close is None else [close]
            if part.later is not None:
                wanted = bets.select(_BET).unique()
                prices.append(part.later.join(wanted, on=list(_BET), how="semi", nulls_equal=True))
        bets = pl.concat(offers, how="diagonal")
        used = set(bets["bookmaker"])  # the store has the others, but no bet is made at them
        return build_tape(
            bets,
            pl.concat(events),
            pl.concat(fair) if fair else None,
            zone=spec.zone,
            commission_rates={name: rate for name, rate in spec.commission_rates if name in used},
            venues={name: terms for name, terms in thawed(spec.venues).items() if name in used},
            later=later_prices(pl.concat(prices), inputs) if prices else None,
            kelly=spec.kelly,
        )

    def whole(self, spec: TapeSpec) -> tuple[pl.DataFrame, list[View]]:
        """All events of a universe, and the views of all decisions, without features."""
        inputs = self.inputs(spec)
        self._check_whole(inputs)
        parts = list(self._parts(inputs))
        events = [part.events for part, _ in parts] or [pl.DataFrame(schema=EVENTS)]
        return pl.concat(events), [view for _, views in parts for view in views]

    def settled(self, spec: TapeSpec, events: pl.DataFrame) -> pl.DataFrame:
        """Events of a universe as its tape settles them."""
        rule = Unresolved(**dict(spec.unresolved))
        return prepared(events, rule, latest_of(self._store(spec), events, rule))

    def featured(self, spec: TapeSpec) -> Featured:
        """The features of a strategy, over the events of all parts: a running number goes on from part to part."""
        inputs = self.inputs(spec)
        if not inputs.features:
            return Featured()
        events = _rows_of(self._store(spec).events, inputs.visible)
        return Featured() if events is None else Featured(inputs.features, self.settled(spec, events))

    def _parts(self, inputs: TapeInputs) -> Iterator[tuple[_Part, list[View]]]:
        """Parts of the universe that hold anything, with what was knowable at their decisions."""
        key, spec = self._rows_key(inputs.spec), inputs.spec
        cuts = self._cuts(inputs)
        for cut in cuts:
            part = self._last_part[1] if self._last_part and self._last_part[0] == key else self._read(inputs, cut)
            if part is None:
                continue
            name = f"{key} {spec.decide_at}"
            if self._last_views is not None and self._last_views[0] == name:
                yield part, self._last_views[1]
                continue
            store, path = self._store(spec), inputs.required.path
            views = list(store_views(store, part.visible, spec.decide_at, memory_mb=self._memory_mb, path=path))
            if len(cuts) == 1:
                self._last_part, self._last_views = (key, part), (name, views)
            if views:
                yield part, views

    def _cuts(self, inputs: TapeInputs) -> list[Universe]:
        return self._store(inputs.spec).parts(inputs.visible, max_quotes=max_quotes(self._memory_mb))

    def _check_whole(self, inputs: TapeInputs) -> None:
        """A model learns from the whole universe at once, and a slate holds all events of an instant."""
        is_slate = inputs.required.scope == INSTANT
        if (inputs.spec.fit_at or is_slate) and len(self._cuts(inputs)) > 1:
            need = "that bets on all events of an instant together" if is_slate else "that is fitted"
            raise ConfigurationError(
                f"the universe does not fit into memory at once, as a strategy {need} needs it",
                where="data.memory_mb",
                todo="allow more memory, or choose fewer competitions and seasons",
            )

    def _read(self, inputs: TapeInputs, visible: Universe) -> _Part | None:
        """A part of the universe, or None if it holds no event."""
        store = self._store(inputs.spec)
        events = _rows_of(store.events, visible)
        if events is None:
            return None
        closing = later = None
        if _has_closing(store, inputs.spec):
            closing = _rows_of(store.quotes, replace(inputs.closing, partitions=visible.partitions))
        if inputs.later is not None:
            later = _rows_of(store.quotes, replace(inputs.later, partitions=visible.partitions))
        return _Part(visible, with_possible_results(events), closing, later)

    def _store(self, spec: TapeSpec) -> Store:
        if spec.store not in self._stores:
            self._stores[spec.store] = open_store(spec.store)
        return self._stores[spec.store]

    def _rows_key(self, spec: TapeSpec) -> str:
        """Hash of the store's content files and of what is taken from them: cheap, for no row is read."""
        store, inputs = self._store(spec), self.inputs(spec)
        files = [path for table in ("events", "quotes") for path in store.files(table, inputs.visible)]
        if _has_closing(store, spec):
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
        names = {str(path.relative_to(store.root)) for path in files}
        whole = Universe(sports=inputs.visible.sports, competitions=inputs.visible.competitions)
        names |= {entry.path for table in ("events", "quotes") for entry in store.entries(table, whole)}
        return digest({"files": sorted(names), **taken, "sources": code_hash([__name__])})

    def _count(self, spec: TapeSpec) -> Rows:
        """Read all rows once, a part at a time, and work out their hashes, facts and calendar."""
        store, inputs, facts = self._store(spec), self.inputs(spec), list[dict[str, Any]]()
        hashes = {name: FrameHash() for name in ("events", "quotes", "closing", "later")}
        optional = (list(EVENTS_OPTIONAL), [name for name in OPTIONAL_EVENTS if name not in EVENTS_OPTIONAL])
        further, has_values = [FrameHash() for _ in optional], [False for _ in optional]
        rule, unresolved, latest = Unresolved(**dict(spec.unresolved)), 0, list[str]()
        has_closing, calendar = False, dict[str, dict[str, Any]](events=Counter[str](), seasons={})
        for cut in self._cuts(inputs):
            part, quotes = self._read(inputs, cut), _rows_of(store.quotes, cut)
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
            has_closing = has_closing or part.closing is not None
            ends = latest_of(store, events, rule)
            latest += [f"{row}" for row in ends.cast({"latest": pl.Int64}).iter_rows()]
            unresolved += count_unresolved(events, ends, rule)
            count_days(calendar, events)
            facts.append(facts_of(events, pl.DataFrame(schema=QUOTES) if quotes is None else quotes))
        if not facts:
            store.events(inputs.visible)  # raises: says what is not there
        notes = [] if has_closing else [f"no closing price of {spec.clv_bookmaker}: CLV has no value"]
        digests = {name: frame_hash.hexdigest() for name, frame_hash in hashes.items()}
        notes += note_of(unresolved, rule)
        stated = [known.hexdigest() for known, has_value in zip(further, has_values, strict=True) if has_value]
        return Rows(
            digest([*digests.values(), *stated, *sorted(set(latest))]),
            digest([digests["events"], digests["quotes"], *stated]),
            merged_facts(facts) | added(facts) | {"notes": notes},
            calendar,
        )


def building_code(spec: TapeSpec) -> str:
    """Hash of what builds a tape: this module and all it imports, the strategy's own code, and the files it reads."""
    code, artifacts = code_hash(*tape_code(spec)), artifact_hashes(strategy_of(spec))
    return digest([code, artifacts]) if artifacts else code


def tape_code(spec: TapeSpec) -> tuple[list[str | Path], list[Path]]:
    """Modules and files of the user that a tape is built with, for `code_hash`."""
    strategy = strategy_of(spec)
    modules, files = feature_code(strategy.requires().features, spec.strategy_file)
    modules = [*modules, *(strategy.modules() if isinstance(strategy, Modular) else ())]
    if spec.strategy_file is not None:
        return [__name__, *modules], [Path(spec.strategy_file), *files]
    return [__name__, f"research.strategies.{spec.strategy}", *modules], files


def _rows_of(read: Callable[[Universe], pl.DataFrame], universe: Universe) -> pl.DataFrame | None:
    """Rows of a universe, or None if it has none."""
    try:
        return read(universe)
    except EmptyUniverseError:
        return None


def open_store(path: str) -> Store:
    """The store; the error of a missing one also says where there is something to try on."""
    try:
        return Store.open(path)
    except StoreError as error:
        if "import with" not in error.todo:
            raise
        advice = "import odds with `bea data import`, or try data=sample"
        raise StoreError(
            error.what, where=error.where, expected=error.expected, found=error.found, todo=advice
        ) from None


def _has_closing(store: Store, spec: TapeSpec) -> bool:
    return any(spec.clv_bookmaker in entry.bookmakers for entry in store.manifest.entries("quotes"))
