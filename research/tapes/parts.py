"""The parts of a universe that a tape is built from: their rows, and what was knowable at their decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from engine.asof.decisions import check_memory, max_quotes
from engine.asof.view import store_views
from engine.betting.sport import with_possible_results
from engine.errors import ConfigurationError, EmptyUniverseError
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import INSTANT, View
from research.config.tape_spec import TapeSpec
from research.tapes.inputs import TapeInputs


@dataclass(frozen=True)
class Part:
    """What is read of one part of the universe; its views read the quotes that may be seen.

    Attributes
    ----------
    visible : Universe
        Events and quotes that a strategy may see.
    events : polars.DataFrame
    closing, later : polars.DataFrame or None
        Closing prices, and prices after the decisions; None: there are none, or nothing needs them.
    """

    visible: Universe
    events: pl.DataFrame
    closing: pl.DataFrame | None
    later: pl.DataFrame | None


class Parts:
    """Reads the universe of a tape, a part at a time if its quotes do not fit into memory at once.

    Of a universe of one part, rows and views are kept for the next tape, as long as their paths fit too.

    Parameters
    ----------
    memory_mb : int
        What building may take beside the tape itself; `data.memory_mb`.
    """

    def __init__(self, memory_mb: int) -> None:
        check_memory(memory_mb, "data.memory_mb")
        self._memory_mb = memory_mb
        self._most = max_quotes(memory_mb)
        self._last_part: tuple[str, Part] | None = None
        self._last_views: tuple[str, list[View]] | None = None

    def cuts(self, store: Store, inputs: TapeInputs) -> list[Universe]:
        """The parts as universes."""
        return store.parts(inputs.visible, max_quotes=self._most)

    def read(self, store: Store, inputs: TapeInputs, visible: Universe) -> Part | None:
        """A part of the universe, or None if it holds no event."""
        events = rows_of(store.events, visible)
        if events is None:
            return None
        closing = later = None
        if has_closing(store, inputs.spec):
            closing = rows_of(store.quotes, replace(inputs.closing, partitions=visible.partitions))
        if inputs.later is not None:
            later = rows_of(store.quotes, replace(inputs.later, partitions=visible.partitions))
        return Part(visible, with_possible_results(events), closing, later)

    def of(self, store: Store, inputs: TapeInputs, key: str) -> Iterator[tuple[Part, Iterator[View]]]:
        """Parts that hold anything, each with the views of its decisions, which are built one after another.

        Parameters
        ----------
        store : Store
        inputs : TapeInputs
        key : str
            `research.tapes.rows.rows_key`.

        Raises
        ------
        ConfigurationError
            The strategy needs all views at once, and they do not fit into memory.
        """
        cuts, need = self.cuts(store, inputs), _need_of_all(inputs)
        if need and len(cuts) > 1:
            raise _too_large("the universe", need, "allow more memory, or choose fewer competitions and seasons")
        for cut in cuts:
            part = (
                self._last_part[1] if self._last_part and self._last_part[0] == key else self.read(store, inputs, cut)
            )
            if part is None:
                continue
            if len(cuts) == 1:
                self._last_part = (key, part)
            yield part, self._views(store, inputs, part, f"{key} {inputs.spec.decide_at}", len(cuts) == 1, need)

    def _views(
        self, store: Store, inputs: TapeInputs, part: Part, name: str, is_only: bool, need: str
    ) -> Iterator[View]:
        if self._last_views is not None and self._last_views[0] == name:
            yield from self._last_views[1]
            return
        held, rows = list[View](), 0
        decide_at, path = inputs.spec.decide_at, inputs.required.path
        views: Iterable[View] = store_views(store, part.visible, decide_at, memory_mb=self._memory_mb, path=path)
        if not path:
            views = list(views)  # the query ends, and its database closes, before a strategy that may fail runs
        for view in views:
            rows += 0 if view.path is None else view.path.height
            if need and rows > self._most:
                todo = "allow more memory, or decide less often: data.decide_at=before_start:1h"
                raise _too_large(f"a path of more than {self._most:,} rows", need, todo)
            if is_only and rows <= self._most:
                held.append(view)
            else:
                held.clear()
            yield view
        if held:
            self._last_views = (name, held)


def _need_of_all(inputs: TapeInputs) -> str:
    """Why all views are needed at once; empty: they are not."""
    if inputs.required.scope == INSTANT:
        return "a strategy that bets on all events of an instant together"
    return "a strategy that is fitted" if inputs.spec.fit_at else ""


def _too_large(what: str, need: str, todo: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} does not fit into memory at once, as {need} needs it", where="data.memory_mb", todo=todo
    )


def rows_of(read: Callable[[Universe], pl.DataFrame], universe: Universe) -> pl.DataFrame | None:
    """Rows of a universe, or None if it has none."""
    try:
        return read(universe)
    except EmptyUniverseError:
        return None


def has_closing(store: Store, spec: TapeSpec) -> bool:
    """Whether the store has closing prices to measure the bets against."""
    return any(spec.clv_bookmaker in entry.bookmakers for entry in store.manifest.entries("quotes"))
