"""Tapes of a sweep: from store, strategy and closing prices, kept on disk under the hash of their parents."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.closing import fair_closing
from engine.errors import ConfigurationError, EmptyUniverseError, StoreError, TapeError
from engine.schema import CLOSE, OPEN, SNAPSHOT
from engine.settings import home
from engine.store.hashing import frame_hash
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import Requirement, Strategy, View
from engine.tape import Tape
from engine.tape.build import build
from engine.tape.file import load as load_tape
from engine.tape.file import save as save_tape
from engine.tape.later import CashOut, Later
from engine.view import blocks, duration_ns
from engine.view import build as build_view
from research.config import Slow
from research.mistakes import nearest
from research.run.folder import write_json
from research.run.identity import digest, source_hash
from research.strategies import make

#: more quotes than this are shown to a strategy in several views
_VIEW_QUOTES: Final = 2_000_000
_CACHE_MB: Final = 4_096


@dataclass(frozen=True)
class Rows:
    """The rows that a tape is made of.

    Attributes
    ----------
    hash : str
        Of their content.
    facts : dict
        Numbers of events and quotes, first and last date, bases of their times, notes.
    """

    hash: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Frames:
    events: pl.DataFrame
    quotes: pl.DataFrame
    closing: pl.DataFrame | None
    later: Later | None
    rows: Rows


class Tapes:
    """Builds tapes, and keeps the rows and the view of the last universe for the next one."""

    def __init__(self) -> None:
        self._frames: tuple[str, _Frames] | None = None
        self._view: tuple[str, View] | None = None
        self._stores: dict[str, Store] = {}

    def rows(self, slow: Slow) -> Rows:
        """Which rows a tape is made of; from the cache where the store's files are the same."""
        key = self._rows_key(slow)
        path = cache_folder() / "rows" / f"{key}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(path.read_text())
            return Rows(str(kept["hash"]), dict(kept["facts"]))
        rows = self._read(slow, key).rows
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"hash": rows.hash, "facts": rows.facts})
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
        tape = self._build(slow)
        save_tape(tape, path)
        evict(keep=path)
        return tape

    def key(self, slow: Slow) -> str:
        """Hash of all that a tape is a function of."""
        return digest({"slow": slow.facts(), "rows": self.rows(slow).hash, "sources": source_hash()})

    def _build(self, slow: Slow) -> Tape:
        strategy = _strategy(slow)
        key = self._rows_key(slow)
        frames = self._read(slow, key)
        offered = self._offered(strategy, slow, frames, key)
        closing = frames.closing
        fair = None if closing is None else fair_closing(frames.events, closing, slow.clv_bookmaker, slow.clv_method)
        return build(
            offered,
            frames.events,
            fair,
            zone=slow.zone,
            commission_rates=dict(slow.commission_rates),
            venues=thawed(slow.venues),
            later=frames.later,
            kelly=slow.kelly,
        )

    def _offered(self, strategy: Strategy, slow: Slow, frames: _Frames, key: str) -> pl.DataFrame:
        if frames.quotes.height > _VIEW_QUOTES:
            views = blocks(frames.events, frames.quotes, slow.decide_at, max_quotes=_VIEW_QUOTES)
            return pl.concat([strategy.opportunities(view) for view in views], how="diagonal")
        name = f"{key} {slow.decide_at}"
        if self._view is None or self._view[0] != name:
            self._view = (name, build_view(frames.events, frames.quotes, slow.decide_at))
        return strategy.opportunities(self._view[1])

    def _store(self, slow: Slow) -> Store:
        if slow.store not in self._stores:
            self._stores[slow.store] = open_store(slow.store)
        return self._stores[slow.store]

    def _rows_key(self, slow: Slow) -> str:
        """Hash of the store's content files and of what is taken from them: cheap, no row is read."""
        store, needed = self._store(slow), _strategy(slow).requires()
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

    def _read(self, slow: Slow, key: str) -> _Frames:
        if self._frames is not None and self._frames[0] == key:
            return self._frames[1]
        store = self._store(slow)
        seen, closed = universes(slow, _strategy(slow).requires())
        _check_rates(store, slow)
        events, quotes, closing = store.events(seen), store.quotes(seen), None
        if _has_closing(store, slow):
            with contextlib.suppress(EmptyUniverseError):
                closing = store.quotes(closed)
        rules, later = later_rules(slow), None
        if rules is not None:
            later = Later(store.quotes(_all_prices(slow, _strategy(slow).requires(), rules[1])), *rules)
        notes = [] if closing is not None else [f"no closing price of {slow.clv_bookmaker}: CLV has no value"]
        read = (events, quotes, closing, None if later is None else later.quotes)
        hashes = [frame_hash(frame) for frame in read if frame is not None]
        frames = _Frames(events, quotes, closing, later, Rows(digest(hashes), _facts(events, quotes, notes)))
        self._frames = (key, frames)
        return frames


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


def _strategy(slow: Slow) -> Strategy:
    return make(slow.strategy, {name: list(v) if isinstance(v, tuple) else v for name, v in slow.parameters})


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


def _facts(events: pl.DataFrame, quotes: pl.DataFrame, notes: list[str]) -> dict[str, Any]:
    return {
        "n_events": events.height,
        "n_quotes": quotes.height,
        "n_suspect": int(quotes["suspect"].sum()),
        "first_date": str(events["date"].min()),
        "last_date": str(events["date"].max()),
        "known_at_basis": sorted(quotes["known_at_basis"].unique().to_list()),
        "settled_at_basis": sorted(events["settled_at_basis"].drop_nulls().unique().to_list()),
        "instants": sorted(quotes["instant"].unique().to_list()),
        "sources": sorted(events["source"].unique().to_list()),
        "notes": notes,
    }


def merged_facts(facts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Facts of several tapes as one: the most rows, the whole span, all bases and notes."""
    lists = ("known_at_basis", "settled_at_basis", "instants", "sources", "notes")
    return {
        "n_events": max(one["n_events"] for one in facts),
        "n_quotes": max(one["n_quotes"] for one in facts),
        "n_suspect": max(one["n_suspect"] for one in facts),
        "first_date": min(one["first_date"] for one in facts),
        "last_date": max(one["last_date"] for one in facts),
        **{name: sorted({item for one in facts for item in one[name]}) for name in lists},
    }


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
