"""Tapes of a sweep: from store, strategy and closing prices, kept on disk under the hash of their parents."""

from __future__ import annotations

import contextlib
import inspect
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.asof.closing import fair_closing
from engine.asof.decisions import check_memory, max_quotes
from engine.asof.view import of_store
from engine.clock import duration_ns
from engine.errors import ConfigurationError, EmptyUniverseError, StoreError, TapeError
from engine.files import write_json
from engine.identity import digest, source_hash
from engine.paths import home
from engine.schema import CLOSE, OPEN, QUOTES, SNAPSHOT
from engine.store.hashing import FrameHash
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import Requirement, Strategy, View
from engine.tape import Tape
from engine.tape.build import build
from engine.tape.execution import CashOut, Later
from engine.tape.file import load as load_tape
from engine.tape.file import save as save_tape
from research.config.mistakes import nearest
from research.config.tape_spec import Slow
from research.strategies import make
from research.tapes.facts import COUNTS, count_days, facts_of, merged_facts
from research.tapes.fitting import opportunities

_MEMORY_MB: Final = 4_096
_CACHE_MB: Final = 4_096
#: what a bet and later prices of it have in common
_BET: Final = ("event_id", "market", "line", "selection")


@dataclass(frozen=True)
class Rows:
    """The rows that a tape is made of.

    Attributes
    ----------
    hash : str
        Of their content.
    seen : str
        Of the content of events and of the quotes that may be seen alone.
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
    """What is read of a part of the universe; the quotes that may be seen are read by the view."""

    seen: Universe
    events: pl.DataFrame
    closing: pl.DataFrame | None
    later: pl.DataFrame | None


class Tapes:
    """Builds tapes, part by part of the store where it is large.

    Where the quotes of a universe fit into the memory it may take, they are one part, and its rows and view are kept
    for the next tape.

    Parameters
    ----------
    memory_mb : int
        What building may take, beside the tape itself; `data.memory_mb`.
    strategy : callable, optional
        Makes the strategy of a slow part; default: by its name (`strategy_of`).
    """

    def __init__(self, memory_mb: int = _MEMORY_MB, strategy: Callable[[Slow], Strategy] | None = None) -> None:
        check_memory(memory_mb, "data.memory_mb")
        self._memory_mb = memory_mb
        self._strategy = strategy or strategy_of
        self._kept: tuple[str, _Part] | None = None
        self._view: tuple[str, list[View]] | None = None
        self._stores: dict[str, Store] = {}

    def rows(self, slow: Slow) -> Rows:
        """Which rows a tape is made of; from the cache where the store's files are the same."""
        key = self._rows_key(slow)
        path = cache_folder() / "rows" / f"{key}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(path.read_text())
            return Rows(str(kept["hash"]), str(kept["seen"]), dict(kept["facts"]), dict(kept["calendar"]))
        rows = self._counted(slow)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"hash": rows.hash, "seen": rows.seen, "facts": rows.facts, "calendar": rows.calendar})
        return rows

    def tape(self, slow: Slow) -> Tape:
        """The tape; loaded where it was built before."""
        path = cache_folder() / f"{self.key(slow)}.arrow"
        if path.is_file():
            try:
                tape = load_tape(path)
                os.utime(path)
                return tape
            except TapeError:
                path.unlink(missing_ok=True)  # damaged: build it again
        tape = self.fresh(slow)
        save_tape(tape, path)
        evict(keep=path)
        return tape

    def key(self, slow: Slow) -> str:
        """Hash of all that a tape is a function of."""
        return digest({"slow": slow.facts(), "rows": self.rows(slow).hash, "sources": source_hash()})

    def made_of(self, slow: Slow) -> str:
        """Hash of what decides: rows, slow keys and the strategy's source; what the leak finder speaks of.

        Stakes and closing prices are no part of it, nor is the rest of the code.
        """
        facts = slow.facts()
        for name in ("kelly", "clv_bookmaker", "clv_method"):
            del facts[name]
        return digest({"slow": facts, "rows": self.rows(slow).seen, "strategy": _source(self._strategy(slow))})

    def fresh(self, slow: Slow) -> Tape:
        """The tape, built anew; no cache on disk is read or written."""
        strategy, rules = self._strategy(slow), later_rules(slow)
        self._whole(slow)
        offered, events, fair, prices = [], [], [], []
        for part, views in self._parts(slow):
            bets = opportunities(slow, strategy, part.events, views)
            offered.append(bets)
            events.append(part.events.join(bets.select("event_id"), on="event_id", how="semi"))
            if part.closing is not None:
                fair.append(fair_closing(part.events, part.closing, slow.clv_bookmaker, slow.clv_method))
            if part.later is not None:
                own = bets.select(_BET).unique()
                prices.append(part.later.join(own, on=list(_BET), how="semi", nulls_equal=True))
        return build(
            pl.concat(offered, how="diagonal"),
            pl.concat(events),
            pl.concat(fair) if fair else None,
            zone=slow.zone,
            commission_rates=dict(slow.commission_rates),
            venues=thawed(slow.venues),
            later=Later(pl.concat(prices), *rules) if rules is not None and prices else None,
            kelly=slow.kelly,
        )

    def _parts(self, slow: Slow) -> Iterator[tuple[_Part, list[View]]]:
        """Parts of the universe that hold anything, and what was knowable at their decisions."""
        key = self._rows_key(slow)
        cuts = self._cuts(slow)
        for cut in cuts:
            part = self._kept[1] if self._kept is not None and self._kept[0] == key else self._read(slow, cut)
            if part is None:
                continue
            name = f"{key} {slow.decide_at}"
            if self._view is not None and self._view[0] == name:
                yield part, self._view[1]
                continue
            views = list(of_store(self._store(slow), part.seen, slow.decide_at, memory_mb=self._memory_mb))
            if len(cuts) == 1:
                self._kept, self._view = (key, part), (name, views)
            if views:
                yield part, views

    def _cuts(self, slow: Slow) -> list[Universe]:
        seen, _ = universes(slow, self._strategy(slow).requires())
        return self._store(slow).parts(seen, max_quotes=max_quotes(self._memory_mb))

    def _whole(self, slow: Slow) -> None:
        """A model learns from the whole universe at once."""
        if slow.fit_at and len(self._cuts(slow)) > 1:
            raise ConfigurationError(
                "the universe does not fit into memory at once, as a strategy that is fitted needs it",
                where="data.memory_mb",
                todo="allow more memory, or choose fewer competitions and seasons",
            )

    def _read(self, slow: Slow, seen: Universe) -> _Part | None:
        """A part of the universe; None: it holds no event."""
        store, needed, rules = self._store(slow), self._strategy(slow).requires(), later_rules(slow)
        _, closed = universes(slow, needed)
        events = _some(store.events, seen)
        if events is None:
            return None
        closing = later = None
        if _has_closing(store, slow):
            closing = _some(store.quotes, replace(closed, partitions=seen.partitions))
        if rules is not None:
            later = _some(store.quotes, replace(_all_prices(slow, needed, rules[1]), partitions=seen.partitions))
        return _Part(seen, events, closing, later)

    def _store(self, slow: Slow) -> Store:
        if slow.store not in self._stores:
            self._stores[slow.store] = open_store(slow.store)
        return self._stores[slow.store]

    def _rows_key(self, slow: Slow) -> str:
        """Hash of the store's content files and of what is taken from them: cheap, no row is read."""
        store, needed = self._store(slow), self._strategy(slow).requires()
        seen, closed = universes(slow, needed)
        files = [str(p.relative_to(store.root)) for t in ("events", "quotes") for p in store.files(t, seen)]
        if _has_closing(store, slow):
            files += [str(p.relative_to(store.root)) for p in store.files("quotes", closed)]
        rules = later_rules(slow)
        if rules is not None:
            files += [
                str(p.relative_to(store.root)) for p in store.files("quotes", _all_prices(slow, needed, rules[1]))
            ]
        taken = {
            "universe": slow.universe,
            "instants": slow.instants,
            "needed": vars(needed),
            "clv": slow.clv_bookmaker,
            "later": slow.later,
        }
        return digest({"files": sorted(set(files)), **taken, "sources": source_hash()})

    def _counted(self, slow: Slow) -> Rows:
        """Read all rows once, a part at a time, and tell what they are."""
        store, facts = self._store(slow), list[dict[str, Any]]()
        hashes = {name: FrameHash() for name in ("events", "quotes", "closing", "later")}
        _check_rates(store, slow)
        has_closing, calendar = False, dict[str, dict[str, Any]](events=Counter[str](), seasons={})
        for cut in self._cuts(slow):
            part, quotes = self._read(slow, cut), _some(store.quotes, cut)
            if part is None:
                continue
            events = part.events.sort("sport", "competition", "season", "starts_at", "event_id")
            for name, frame in zip(hashes, (events, quotes, part.closing, part.later), strict=True):
                if frame is not None:
                    hashes[name].add(frame)
            has_closing = has_closing or part.closing is not None
            count_days(calendar, events)
            facts.append(facts_of(events, pl.DataFrame(schema=QUOTES) if quotes is None else quotes))
        seen, _ = universes(slow, self._strategy(slow).requires())
        if not facts:
            store.events(seen)  # says what is not there
        if not sum(one["n_quotes"] for one in facts):
            store.quotes(seen)
        notes = [] if has_closing else [f"no closing price of {slow.clv_bookmaker}: CLV has no value"]
        told = merged_facts(facts) | {name: sum(one[name] for one in facts) for name in COUNTS} | {"notes": notes}
        made = {name: one.hexdigest() for name, one in hashes.items()}
        return Rows(digest(list(made.values())), digest([made["events"], made["quotes"]]), told, calendar)


def _some(read: Callable[[Universe], pl.DataFrame], universe: Universe) -> pl.DataFrame | None:
    """Rows of a universe; None: there are none."""
    try:
        return read(universe)
    except EmptyUniverseError:
        return None


def open_store(path: str) -> Store:
    """The store, or an error that also says where there is something to try on."""
    try:
        return Store.open(path)
    except StoreError as error:
        if "import with" not in error.todo:
            raise
        advice = "import odds with `bea data import`, or try data=sample"
        raise StoreError(
            error.what, where=error.where, expected=error.expected, found=error.found, todo=advice
        ) from None


def thawed(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Nested mappings again of nested pairs."""
    return {name: thawed(value) if isinstance(value, tuple) else value for name, value in pairs}


def later_rules(slow: Slow) -> tuple[int, CashOut] | None:
    """Delay in nanoseconds and the rules of cash-out; None where neither asks for prices after the decisions."""
    rules = dict(slow.later)
    profit, loss, before = (rules[f"cash_out_{name}"] for name in ("profit_frac", "loss_frac", "before_start"))
    cash_out = CashOut(
        math.inf if profit is None else profit,
        math.inf if loss is None else loss,
        None if before is None else duration_ns(before, "execution.cash_out_before_start"),
        rules["cash_out_bookmaker"],
    )
    delay_ns = 0 if rules["delay"] is None else duration_ns(rules["delay"], "execution.delay")
    return (delay_ns, cash_out) if delay_ns or cash_out.on else None


def _all_prices(slow: Slow, needed: Requirement, cash_out: CashOut) -> Universe:
    """All prices of what a strategy bets on, closing ones too; both sides where bets are closed again."""
    common = dict(slow.universe)
    for name in ("first_date", "last_date"):
        common[name] = date.fromisoformat(common[name]) if common[name] else None
    books = needed.bookmakers
    if books is not None and cash_out.on and cash_out.bookmaker is not None:
        books = (*books, cash_out.bookmaker)
    sides = ("back", "lay") if cash_out.on else needed.sides
    instants = (OPEN, SNAPSHOT, CLOSE)
    return Universe(**common, markets=needed.markets, bookmakers=books, instants=instants, sides=sides)


def universes(slow: Slow, needed: Requirement) -> tuple[Universe, Universe]:
    """What a strategy may see, and the closing prices that it is measured against."""
    common = dict(slow.universe)
    for name in ("first_date", "last_date"):
        common[name] = date.fromisoformat(common[name]) if common[name] else None
    seen = Universe(
        **common, markets=needed.markets, bookmakers=needed.bookmakers, instants=slow.instants, sides=needed.sides
    )
    closed = Universe(
        **common, markets=needed.markets, bookmakers=(slow.clv_bookmaker,), instants=(CLOSE, SNAPSHOT), sides=("back",)
    )
    return seen, closed


def strategy_of(slow: Slow) -> Strategy:
    """The strategy of a slow part, by its name."""
    return make(slow.strategy, {name: list(v) if isinstance(v, tuple) else v for name, v in slow.parameters})


def _source(strategy: Strategy) -> str:
    """Text of the module that a strategy is written in; nothing where it has no file, as in a notebook."""
    try:
        return inspect.getsource(inspect.getmodule(type(strategy)) or type(strategy))
    except (OSError, TypeError):
        return ""


def _check_rates(store: Store, slow: Slow) -> None:
    """A rate of a bookmaker that the store does not have would be free of commission in silence."""
    known = {name for entry in store.manifest.of("quotes") for name in entry.bookmakers}
    closes_at = dict(slow.later)["cash_out_bookmaker"]
    named = {
        "execution.commission_rates": [name for name, _ in slow.commission_rates],
        "execution.venues": [name for name, _ in slow.venues],
        "execution.cash_out_bookmaker": [] if closes_at is None else [closes_at],
    }
    for key, names in named.items():
        for name in names:
            if name not in known:
                raise ConfigurationError(f"no bookmaker {name} in the store", where=key, todo=nearest(name, known))


def _has_closing(store: Store, slow: Slow) -> bool:
    return any(slow.clv_bookmaker in entry.bookmakers for entry in store.manifest.of("quotes"))


def cache_folder() -> Path:
    """Where tapes are kept."""
    return home() / "data" / "cache" / "tapes"


def evict(limit_mb: int | None = None, keep: Path | None = None) -> int:
    """Remove the least recently used tapes beyond the limit (``BEA_CACHE_MB``, default 4096); returns their number."""
    limit = (limit_mb if limit_mb is not None else int(os.environ.get("BEA_CACHE_MB", _CACHE_MB))) * 1_000_000
    found = []
    for path in cache_folder().glob("*.arrow"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path.stat().st_size, path))
    total, gone = sum(size for _, size, _ in found), 0
    for _, size, path in sorted(found):
        if total <= limit or path == keep:
            continue
        path.unlink(missing_ok=True)
        total, gone = total - size, gone + 1
    return gone
