"""What is judged: the settings of `bea judge`, composed by Hydra and checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from engine.errors import ConfigurationError, unknown_name
from engine.schema import CLOSE as PRICE_CLOSE
from engine.schema import IN_PLAY, INSTANTS
from engine.store.universe import Universe
from research.config.compose import flatten
from research.config.keys import METHODS, checked
from research.config.tape_spec import store_place
from research.forecasting.contract import MARKETS
from research.judging.entries import Asked

__all__ = ["CLOSE", "OPEN", "Price", "Settings", "settings_of"]

#: names of the market forecasts that all others are compared with
CLOSE: Final = "market_close"
OPEN: Final = "market_open"
REFITS: Final = ("season", "once")
ALL: Final = "all"
#: parts of the configuration
SECTIONS: Final = ("judge", "data", "seed", "output", "report")
_KINDS: Final = tuple(kind for kind in INSTANTS if kind != IN_PLAY)
_WHOLE: Final = "judge.markets."
#: keys of data.* that a judgement does not have: it decides at the start of an event
_NO_DATA: Final = ("decide_at", "instants", "zone", "memory_mb")
#: each holds a number for every week
_MOST_RESAMPLES: Final = 20_000


@dataclass(frozen=True)
class Price:
    """The prices of one bookmaker at one stage of the market.

    Attributes
    ----------
    bookmaker : str
    kind : str
        ``open``, ``close`` or ``snapshot``: the last one known by the start.
    """

    bookmaker: str
    kind: str

    @classmethod
    def parsed(cls, text: Any, key: str) -> Price:
        """From ``BOOKMAKER:KIND``; raises `ConfigurationError` for another text."""
        bookmaker, _, kind = str(text).partition(":")
        if not bookmaker or kind not in _KINDS:
            raise ConfigurationError(
                "wrong value", where=key, expected=f"BOOKMAKER:KIND with a kind of {', '.join(_KINDS)}", found=str(text)
            )
        return cls(bookmaker, kind)


@dataclass(frozen=True)
class Settings:
    """A judgement before it is made.

    Attributes
    ----------
    store : str or None
        As `research.config.tape_spec.store_place` reads it.
    learned : Universe
        Events that may be learned from; judged ones are among them.
    models : tuple of Asked or None
        Market forecasts and models; None: all.
    market, method, refit : str
    markets : mapping of str to Price
        Market forecasts by name; `CLOSE` is one of them.
    competitions : tuple of str or None
    first_date, last_date : date or None
        Of judged events, both included.
    edge_min : float
    resamples, seed : int
    """

    store: str | None
    learned: Universe
    models: tuple[Asked, ...] | None
    market: str
    markets: Mapping[str, Price]
    method: str
    competitions: tuple[str, ...] | None
    first_date: date | None
    last_date: date | None
    refit: str
    edge_min: float
    resamples: int
    seed: int

    def document(self) -> dict[str, Any]:
        """As plain values, but for the place of the store."""
        values = {name: value for name, value in asdict(self).items() if name not in ("store", "learned", "models")}
        learned = {name: value for name, value in asdict(self.learned).items() if value is not None}
        models = None if self.models is None else [one.label for one in self.models]
        markets = {name: f"{price.bookmaker}:{price.kind}" for name, price in self.markets.items()}
        plain: dict[str, Any] = json.loads(
            json.dumps({**values, "models": models, "markets": markets, "learned": learned}, default=str)
        )
        return plain

    @property
    def store_folder(self) -> str:
        """Folder or address of the store."""
        return store_place(self.store)

    @property
    def decided(self) -> str:
        """The market whose prices a decision may use: `OPEN`, without it the first that is no closing price.

        Without any it is `CLOSE`.
        """
        before = [name for name, price in self.markets.items() if price.kind != PRICE_CLOSE]
        return OPEN if OPEN in before else before[0] if before else CLOSE


def settings_of(tree: Mapping[str, Any]) -> Settings:
    """The settings of a composed configuration.

    Parameters
    ----------
    tree : mapping
        `research.config.compose.resolved` of the configuration ``judge``.

    Raises
    ------
    ConfigurationError
        A value of another type, or out of its range.
    """
    for name in tree:
        if name not in SECTIONS:
            raise ConfigurationError(
                f"a judgement has no key {name}", expected=", ".join(SECTIONS), todo="choose an experiment of judge/"
            )
    flat = flatten(dict(tree))
    for name in _NO_DATA:
        if flat.pop(f"data.{name}", None) is not None:
            raise ConfigurationError(
                f"a judgement has no key data.{name}", expected="events, each decided at its start", todo="leave it out"
            )
    data = {key.partition(".")[2]: checked(key, value) for key, value in flat.items() if key.startswith("data.")}
    names = ("sports", "competitions", "seasons")
    learned = Universe(
        **{name: None if data[name] is None else tuple(data[name]) for name in names},
        first_date=_day(data["first_date"]),
        last_date=_day(data["last_date"]),
    )
    judged = {name: _checked(flat, name) for name in ("competitions", "first_date", "last_date")}
    markets = _markets(flat)
    return Settings(
        store=data["store"],
        learned=learned,
        models=_models(flat["judge.models"]),
        market=_choice(flat, "market", MARKETS),
        markets=markets,
        method=_choice(flat, "method", METHODS),
        competitions=None if judged["competitions"] is None else tuple(judged["competitions"]),
        first_date=_day(judged["first_date"]),
        last_date=_day(judged["last_date"]),
        refit=_choice(flat, "refit", REFITS),
        edge_min=_at_least(flat, "edge_min", -1.0, float),
        resamples=_at_least(flat, "resamples", 100, int, _MOST_RESAMPLES),
        seed=checked("seed", flat["seed"]),
    )


def _markets(flat: Mapping[str, Any]) -> dict[str, Price]:
    given = {key.removeprefix(_WHOLE): value for key, value in flat.items() if key.startswith(_WHOLE)}
    markets = {name: Price.parsed(text, _WHOLE + name) for name, text in given.items() if text is not None}
    if CLOSE not in markets:
        raise ConfigurationError(
            "no closing price to judge by", where=_WHOLE + CLOSE, expected="BOOKMAKER:KIND", found="null",
            todo="name the latest price that the source has",
        )  # fmt: skip
    for name in markets:
        if not name.startswith("market_"):
            raise ConfigurationError("wrong name", where="judge.markets", expected="market_...", found=name)
    return markets


def _models(value: Any) -> tuple[Asked, ...] | None:
    if value in (None, ALL, [ALL]):
        return None
    items = value if isinstance(value, list) else [value]
    if not items:
        raise ConfigurationError("no model to judge", where="judge.models", expected=f"{ALL}, or a list of names")
    return tuple(dict.fromkeys(Asked.parsed(item, "judge.models") for item in items))


def _checked(flat: Mapping[str, Any], name: str) -> Any:
    """A key of judge.* that is written as the one of data.*; an error names the former."""
    try:
        return checked(f"data.{name}", flat[f"judge.{name}"])
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what, where=f"judge.{name}", expected=error.expected, found=error.found, todo=error.todo
        ) from None


def _choice(flat: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = str(flat[f"judge.{name}"])
    if value not in choices:
        raise unknown_name("value", value, choices, where=f"judge.{name}")
    return value


def _at_least(flat: Mapping[str, Any], name: str, least: float, kind: type, most: float = math.inf) -> Any:
    value, key = flat[f"judge.{name}"], f"judge.{name}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most or kind(value) != value:
        noun = "whole number" if kind is int else "number"
        limits = f"a {noun} of at least {least:g}" + (f" and at most {most:,.0f}" if most < math.inf else "")
        raise ConfigurationError("wrong value", where=key, expected=limits, found=str(value))
    return kind(value)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
