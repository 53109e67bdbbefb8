"""Names in a configuration that the store must have: bookmakers and markets.

A bookmaker whose name is wrong by one letter would be free of commission, or would leave a strategy without prices,
without a word. A name that the user wrote is therefore refused. A default that the store lacks becomes a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from engine.errors import check_names, unknown_name
from engine.paths import conf_dir
from engine.schema import MARKETS
from engine.store.store import Store
from research.config.tape_spec import TapeSpec
from research.strategies.named import named_bookmakers, shipped_defaults

_CLV: Final = "clv.bookmaker"


@dataclass(frozen=True)
class _Named:
    """Bookmakers under one key, and whether the user wrote them."""

    key: str
    names: Sequence[str]
    written: bool


def bookmakers_of(store: Store) -> frozenset[str]:
    """Bookmakers, and aggregates, of all prices of a store."""
    return frozenset(name for entry in store.manifest.entries("quotes") for name in entry.bookmakers)


def check_spec(store: Store, spec: TapeSpec, strategy: Any) -> list[str]:
    """Refuse names that the store does not have.

    Parameters
    ----------
    store : Store
    spec : TapeSpec
    strategy : Strategy or Learner
        Of the specification.

    Returns
    -------
    list of str
        A note for each default that the store lacks (that of closing prices has its own note elsewhere), and for each
        commission that is given twice.

    Raises
    ------
    ConfigurationError
        For a bookmaker or a market that the user wrote; it names the key and the nearest name.
    """
    known, notes = bookmakers_of(store), list[str]()
    for named in _all_named(spec, strategy, known):
        missing = [name for name in named.names if name not in known]
        if missing and named.written:
            raise unknown_name("bookmaker", missing[0], known, where=named.key)
        if missing and named.key != _CLV:
            notes.append(f"the store has no prices of {' or '.join(missing)}, the default of {named.key}")
    markets = {market for entry in store.manifest.entries("quotes") for market in entry.markets}
    for bookmaker, terms in spec.venues:
        wanted = [name for name, _ in dict(terms).get("markets", ())]
        check_names("market", wanted, markets | set(MARKETS), where=f"execution.venues.{bookmaker}.markets")
    return notes + _two_rates(spec)


def _two_rates(spec: TapeSpec) -> list[str]:
    """A note for each bookmaker whose commission is given twice, and differently."""
    rates, venues = dict(spec.commission_rates), {name: dict(terms) for name, terms in spec.venues}
    return [
        f"commission of {name}: {venues[name]['commission_rate']:g} of execution.venues counts, not {rate:g} of "
        "execution.commission_rates"
        for name, rate in rates.items()
        if venues.get(name, {}).get("commission_rate") not in (None, rate)
    ]


def _all_named(spec: TapeSpec, strategy: Any, known: frozenset[str]) -> Iterator[_Named]:
    closes_at = dict(spec.later)["cash_out_bookmaker"]
    yield _Named("execution.commission_rates", [name for name, _ in spec.commission_rates], True)
    yield _Named("execution.venues", [name for name, _ in spec.venues], True)
    yield _Named("execution.cash_out_bookmaker", [] if closes_at is None else [closes_at], True)
    yield _Named(_CLV, [spec.clv_bookmaker], _CLV in spec.written or spec.clv_bookmaker != _default_closing())
    own = spec.strategy_file is not None
    defaults = {} if own else shipped_defaults(spec.strategy)
    values = dict(spec.parameters)
    for parameter, names in named_bookmakers(strategy, known, own).items():
        key = f"strategy.{parameter}" if parameter != "requires" else f"requires() of the strategy {spec.strategy}"
        standard = parameter in defaults and defaults[parameter] == values.get(parameter)
        yield _Named(key, names, own or key in spec.written or not standard)


@cache
def _default_closing() -> str:
    content = yaml.safe_load((conf_dir() / "clv" / "default.yaml").read_text(encoding="utf-8"))
    return str(content["bookmaker"])
