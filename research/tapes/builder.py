"""Build the tapes of a command from store, strategy and closing prices."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from engine.asof.closing import fair_closing
from engine.errors import StoreError
from engine.files import write_json
from engine.identity import digest
from engine.schema import EVENTS
from engine.store.store import Store
from engine.strategy import Modular, View
from engine.tape import Tape
from engine.tape.build import build_tape
from engine.tape.file import save
from engine.tape.unresolved import Unresolved, prepared, with_unresolved
from research.config.code_hash import code_hash
from research.config.tape_spec import TapeSpec
from research.tapes.absence import why_nothing
from research.tapes.ahead import check_features, of_the_user, some_decisions
from research.tapes.cache import cache_folder, evict, load_tape
from research.tapes.features import Featured, feature_code
from research.tapes.fitting import all_offers, failures_of, offers_of
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
from research.tapes.parts import Part, Parts, rows_of
from research.tapes.rows import Rows, count_rows, rows_key
from research.tapes.suspects import Suspects
from research.tapes.unresolved import latest_of

_MEMORY_MB: Final = 4_096
#: what a bet and later prices of it have in common
_BET: Final = ("event_id", "market", "line", "selection")


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
        self._read = Parts(memory_mb)
        self._strategy = strategy or strategy_of
        self._stores: dict[str, Store] = {}
        self._inputs: dict[TapeSpec, TapeInputs] = {}
        self._rows: dict[TapeSpec, Rows] = {}
        self._suspects: dict[TapeSpec, Suspects] = {}
        self._checked: set[tuple[object, ...]] = set()

    def inputs(self, spec: TapeSpec) -> TapeInputs:
        """What a tape is built from; worked out once a specification."""
        if spec not in self._inputs:
            self._inputs[spec] = TapeInputs.of(spec, self._strategy(spec)).within(bookmakers_of(self._store(spec)))
        return self._inputs[spec]

    def rows(self, spec: TapeSpec) -> Rows:
        """Which rows a tape is made of; from the cache if the store's files are the same; asked once a specification.

        Raises
        ------
        ConfigurationError
            The specification names a bookmaker or a market that the store does not have.
        """
        if spec not in self._rows:
            notes = check_spec(self._store(spec), spec, self.inputs(spec).strategy)
            rows = self._cached_rows(spec)
            if notes:
                rows = replace(rows, facts=rows.facts | {"notes": [*rows.facts["notes"], *notes]})
            self._rows[spec] = rows
        return self._rows[spec]

    def _cached_rows(self, spec: TapeSpec) -> Rows:
        path = cache_folder() / "rows" / f"{rows_key(self._store(spec), self.inputs(spec))}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads(path.read_text(encoding="utf-8"))
            return Rows(str(values["hash"]), str(values["seen"]), dict(values["facts"]), dict(values["calendar"]))
        rows = count_rows(self._read, self._store(spec), self.inputs(spec))
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
        self._check_features(spec)
        tape = self.fresh(spec)
        save(tape, path)
        counts.parent.mkdir(parents=True, exist_ok=True)
        write_json(counts, self._suspects[spec].plain())
        evict(keep=path)
        return tape

    def _check_features(self, spec: TapeSpec) -> None:
        """Refuse a feature of the user that does not keep its contract; once for the same code, rows and decisions."""
        own = of_the_user(self.inputs(spec).features)
        check = (*map(type, own), rows_key(self._store(spec), self.inputs(spec)), spec.decide_at)
        if own and check not in self._checked:
            decisions = some_decisions(self._store(spec), self.inputs(spec), self.rows(spec).calendar["events"])
            with failures_of(spec, self.inputs(spec).strategy):
                check_features(own, self.featured(spec).events, decisions)
            self._checked.add(check)

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
        offers, events, fair, prices = [], [], [], []
        suspects = self._suspects[spec] = Suspects()
        rule, store = Unresolved(**dict(spec.unresolved)), self._store(spec)
        featured, measured = self.featured(spec), (spec.clv_bookmaker, spec.clv_method)
        for part, views in self._parts(spec):
            close, offered = None, []
            if part.closing is not None:
                close = fair_closing(part.events, part.closing, *measured)
                fair.append(close)
            for view, bets in offers_of(spec, inputs.strategy, part.events, views, featured, close):
                offered.append(bets)
                suspects.add(inputs.strategy, view, bets)
            bets = all_offers(offered)
            offers.append(bets)
            bet_on = part.events.join(bets.select("event_id"), on="event_id", how="semi")
            events.append(with_unresolved(bet_on, rule, latest_of(store, bet_on, rule)))
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
            later=later_prices(prices, inputs),
            kelly=spec.kelly,
        )

    def whole(self, spec: TapeSpec) -> tuple[pl.DataFrame, list[View]]:
        """All events of a universe, and the views of all decisions, without features."""
        events, views = list[pl.DataFrame](), list[View]()
        for part, seen in self._parts(spec):
            events.append(part.events)
            views += seen
        return pl.concat(events or [pl.DataFrame(schema=EVENTS)]), views

    def settled(self, spec: TapeSpec, events: pl.DataFrame) -> pl.DataFrame:
        """Events of a universe as its tape settles them."""
        rule = Unresolved(**dict(spec.unresolved))
        return prepared(events, rule, latest_of(self._store(spec), events, rule))

    def featured(self, spec: TapeSpec) -> Featured:
        """The features of a strategy, over the events of all parts: a running number goes on from part to part."""
        inputs = self.inputs(spec)
        if not inputs.features:
            return Featured()
        events = rows_of(self._store(spec).events, inputs.visible)
        return Featured() if events is None else Featured(inputs.features, self.settled(spec, events))

    def _parts(self, spec: TapeSpec) -> Iterator[tuple[Part, Iterator[View]]]:
        inputs, store = self.inputs(spec), self._store(spec)
        return self._read.of(store, inputs, rows_key(store, inputs))

    def _store(self, spec: TapeSpec) -> Store:
        if spec.store not in self._stores:
            self._stores[spec.store] = open_store(spec.store)
        return self._stores[spec.store]


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
