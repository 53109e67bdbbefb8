"""The days of a growing history: those that were made for an earlier fit are not made again.

A row of a day rests on the decisions and results up to it, so a longer history only adds rows. Whether a history is
indeed longer is looked up, not believed: what lies before the last day must be equal, value for value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.clock import DAY_NS
from engine.strategy import History
from research.regimes.series import day_series

#: gives the bets of a part of a history, as `day_series` takes them; equal ones give the same
Bets = Callable[[History], pl.DataFrame]
#: what a day rests on without bets
_QUOTE: Final = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side", "odds")
_EVENT: Final = ("event_id", "settled_at", "status", "winner")
_FEATURE: Final = "feature "
#: histories whose days are kept
_MOST: Final = 4


def days_before(history: History, market: str, until_day: int, bets: Bets | None = None) -> pl.DataFrame:
    """`research.regimes.series.day_series` of the days before a day.

    Parameters
    ----------
    history : History
        All decisions and results of these days; what is later does not count.
    market : str
    until_day : int
        Days since 1970-01-01.
    bets : callable, optional
        Makes the input ``clv``: the bets of the events of a part of the history; without it clv is NaN.
    """
    given = _Past.of(history, until_day, bets is not None)
    for place, kept in enumerate(_kept):
        if (kept.market, kept.bets) != (market, bets):
            continue
        if until_day <= kept.until_day and given.equals(kept.past.before(until_day)):
            return kept.rows.filter(pl.col("day") < until_day)
        if until_day > kept.until_day and kept.past.equals(given.before(kept.until_day)):
            new = _rows(given.since(kept.until_day), market, bets).filter(pl.col("day") >= kept.until_day)
            del _kept[place]
            return _keep(_Kept(market, bets, until_day, given, pl.concat([kept.rows, new])))
    return _keep(_Kept(market, bets, until_day, given, _rows(given, market, bets)))


@dataclass(frozen=True)
class _Past:
    """The part of a history before a day; frames of decisions sorted by instant, those of events by event."""

    decisions: Mapping[str, pl.DataFrame]
    events: pl.DataFrame
    closing: pl.DataFrame | None

    @classmethod
    def of(cls, history: History, until_day: int, whole: bool) -> _Past:
        frames = {"quotes": history.quotes if whole else history.quotes.select(_QUOTE)}
        if whole:
            frames |= {f"{_FEATURE}{name}": frame for name, frame in history.features.items()}
            frames |= {} if history.path is None else {"path": history.path}
        frames = {name: frame.sort("decided_at", maintain_order=True) for name, frame in frames.items()}
        events = history.events if whole else history.events.select(_EVENT)
        past = cls(frames, events.sort("event_id"), history.closing if whole else None)
        return past.before(until_day)

    def before(self, day: int) -> _Past:
        cut = {name: frame.head(_place(frame, day)) for name, frame in self.decisions.items()}
        events = self.events.filter(_settled() < day * DAY_NS)
        return _Past(cut, events, self._closing(events))

    def since(self, day: int) -> _Past:
        """All decisions on the events that were decided or settled from a day on, and the results from then on."""
        quotes = self.decisions["quotes"]
        events = self.events.filter(_settled() >= day * DAY_NS)
        touched = pl.concat([quotes["event_id"].slice(_place(quotes, day)), events["event_id"]]).unique()
        own = pl.col("event_id").is_in(touched.implode())
        return _Past({name: frame.filter(own) for name, frame in self.decisions.items()}, events, self._closing(events))

    def _closing(self, events: pl.DataFrame) -> pl.DataFrame | None:
        return None if self.closing is None else self.closing.join(events.select("event_id"), on="event_id", how="semi")

    def equals(self, other: _Past) -> bool:
        if self.decisions.keys() != other.decisions.keys() or (self.closing is None) != (other.closing is None):
            return False
        pairs = [(frame, other.decisions[name]) for name, frame in self.decisions.items()]
        if self.closing is not None and other.closing is not None:
            pairs.append((self.closing, other.closing))
        pairs.append((self.events, other.events))
        return all(a.height == b.height for a, b in pairs) and all(a.equals(b) for a, b in pairs)

    def history(self) -> History:
        named = {name.removeprefix(_FEATURE): name for name in self.decisions if name.startswith(_FEATURE)}
        features = {feature: self.decisions[name] for feature, name in named.items()}
        return History(self.events, self.decisions["quotes"], features, self.decisions.get("path"), self.closing)


@dataclass(frozen=True)
class _Kept:
    market: str
    bets: Bets | None
    until_day: int
    past: _Past
    rows: pl.DataFrame


_kept: list[_Kept] = []


def _keep(made: _Kept) -> pl.DataFrame:
    _kept.insert(0, made)
    del _kept[_MOST:]
    return made.rows


def _rows(past: _Past, market: str, bets: Bets | None) -> pl.DataFrame:
    placed = None if bets is None else bets(past.history())
    return day_series(past.events, past.decisions["quotes"], market, placed)


def _place(frame: pl.DataFrame, day: int) -> int:
    instants = frame["decided_at"].dt.cast_time_unit("ns").cast(pl.Int64).to_numpy()
    return int(np.searchsorted(instants, day * DAY_NS, side="left"))


def _settled() -> pl.Expr:
    return pl.col("settled_at").dt.cast_time_unit("ns").cast(pl.Int64)
