"""Why a strategy saw no opportunity: which prices it looks for, and what the store has of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, Final

import polars as pl

from engine.asof.order import SERIES
from engine.errors import EmptyUniverseError
from engine.store.store import Store
from engine.store.universe import Universe
from research.config.tape_spec import TapeSpec
from research.strategies.named import named_bookmakers, resembling
from research.tapes.inputs import TapeInputs
from research.tapes.names import bookmakers_of

#: quotes that are read together
_AT_ONCE: Final = 1_000_000
_SCOPE: Final = ("sports", "competitions", "seasons")


def why_nothing(store: Store, inputs: TapeInputs, facts: dict[str, Any], refused: pl.DataFrame) -> str:
    """Why a tape has no row, in a clause.

    Parameters
    ----------
    store : Store
    inputs : TapeInputs
        Of the tape.
    facts : dict
        Of its rows: n_quotes, n_events.
    refused : polars.DataFrame
        `Tape.refused`: opportunities that could not be bets.
    """
    spec, known = inputs.spec, bookmakers_of(store)
    if refused.height:
        rows = int(refused["rows"].sum())
        return f"all {rows:,} opportunities were left out, for example: {refused['reason'][0]}, {refused['example'][0]}"
    named = named_bookmakers(inputs.strategy, known, spec.strategy_file is not None)
    for parameter, names in named.items():
        missing = [name for name in names if name not in known]
        if missing:
            return f"the store has no prices of {' or '.join(missing)} (strategy.{parameter})"
    for name in dict.fromkeys(name for names in named.values() for name in names):
        if lack := _lack(store, inputs, (name,), name):
            return lack
    if not facts["n_quotes"]:
        return _lack(store, inputs, inputs.visible.bookmakers, " or ".join(inputs.visible.bookmakers or ())) or (
            "the universe has no price"
        )
    if inputs.required.path and not _is_requoted(store, inputs.visible):
        todo = "add prices in time: data.instants=[open,close], or snapshots"
        return f"each price is known once, and the strategy looks for prices that change; {todo}"
    when = "" if spec.decide_at == "quote" else f", decided at data.decide_at={spec.decide_at}"
    prices, matches = int(facts["n_quotes"]), int(facts["n_events"])
    found = resembling(inputs.strategy, known) if spec.strategy_file is not None else {}
    like = "".join(f"; strategy.{key}={text} resembles the bookmaker {near}" for key, (text, near) in found.items())
    return f"the strategy saw no opportunity in {prices:,} prices of {matches:,} matches{when}{like}"


def _lack(store: Store, inputs: TapeInputs, books: tuple[str, ...] | None, name: str) -> str:
    """What the universe lacks of some bookmakers' prices; empty if it has some."""
    spec = inputs.spec
    if _any(store, replace(inputs.visible, bookmakers=books)):
        return ""
    prices = f"{name} prices" if name else "prices"
    every = Universe(markets=inputs.required.markets, bookmakers=books, sides=inputs.required.sides)
    if not _any(store, every):
        return f"the store has no {prices} of {_listed(inputs.required.markets)}"
    scope = dict(spec.universe)
    scoped = replace(every, **{key: scope[key] for key in _SCOPE})
    if not _any(store, scoped):
        chosen = ", ".join(f"data.{key}={_listed(scope[key])}" for key in _SCOPE if scope[key])
        return f"the store has no {prices} within {chosen}"
    seen = replace(scoped, instants=spec.instants)
    if not _any(store, seen):
        kinds = " and ".join(sorted(store.quotes(scoped)["instant"].unique(), reverse=True))
        of = f" of {name}" if name else ""
        return f"the store has only {kinds} prices{of}, and data.instants is [{_listed(spec.instants)}]"
    return _outside(store, seen, inputs.visible, prices)


def _outside(store: Store, seen: Universe, visible: Universe, prices: str) -> str:
    """How the dates of some prices miss the dates of the universe."""
    held = store.quotes(seen).select("event_id").unique()
    played = store.events(replace(seen, markets=None, bookmakers=None)).join(held, on="event_id", how="semi")
    days: list[date] = played["date"].sort().to_list()
    if visible.last_date is not None and days[0] > visible.last_date:
        return f"the store has no {prices} before {days[0]}"
    if visible.first_date is not None and days[-1] < visible.first_date:
        return f"the store has no {prices} after {days[-1]}"
    return f"the store has no {prices} from {visible.first_date or 'the start'} to {visible.last_date or 'the end'}"


def _is_requoted(store: Store, universe: Universe) -> bool:
    """Whether any bookmaker has two prices of one selection, known at different times; looked for part by part."""
    for part in store.parts(universe, max_quotes=_AT_ONCE):
        with suppress(EmptyUniverseError):
            quotes = store.quotes(part).select(*SERIES, "known_at").unique()
            if quotes.height > quotes.select(SERIES).unique().height:
                return True
    return False


def _any(store: Store, universe: Universe) -> bool:
    try:
        return store.quotes(universe).height > 0
    except EmptyUniverseError:
        return False


def _listed(names: Sequence[str] | None) -> str:
    return ", ".join(names or ())


def differing(specs: Sequence[TapeSpec]) -> list[str]:
    """What distinguishes each specification from the others: values of the keys that vary among those with them.

    Parameters
    ----------
    specs : sequence of TapeSpec
    """
    flat = [_flat(spec) for spec in specs]
    values: dict[str, set[str]] = {}
    for one in flat:
        for key, value in one.items():
            values.setdefault(key, set()).add(repr(value))
    return [", ".join(f"{key}={value}" for key, value in one.items() if len(values[key]) > 1) for one in flat]


def _flat(spec: TapeSpec) -> dict[str, Any]:
    return {
        "strategy": spec.strategy,
        **{f"strategy.{name}": _plain(value) for name, value in spec.parameters},
        **{f"data.{name}": _plain(value) for name, value in spec.universe},
        "data.decide_at": spec.decide_at,
        "data.instants": _plain(spec.instants),
    }


def _plain(value: Any) -> Any:
    return f"[{','.join(str(item) for item in value)}]" if isinstance(value, tuple) else value
