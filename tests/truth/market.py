"""Simulated sweeps: a tape whose true edges are known, and 500 configurations that bet on parts of it.

Each row has a place in [0, 1) that the strategy's probability tells (`prob * odds - 1` grows with it) and the truth
ignores: a bet wins with probability (1 + edge) / odds, where the edge is 0, or the planted one on the rows of the
class that holds it. A configuration bets on a span of places and on a span of odds, so configurations overlap, are
disjoint, or are nearly copies of each other as their spans are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import DAY_NS
from engine.configuration import Configuration, params_matrix
from engine.kernel.codes import State
from engine.schema import INSTANT_DTYPE
from engine.tape import Tape, from_frame

Floats = NDArray[np.float64]

CONFIGURATIONS = 500
#: days of a sweep: two years
DAYS = 731
#: rows of an event where bets share their result, and correlation of the results of two events of one day
ROWS_PER_EVENT, DAY_CORRELATION = 3, 0.2
#: part of [0, 1) that belongs to the class that holds the edge
_CLASS = 0.9
#: believed edge of the first place and of the last
_BELIEVED = (0.02, 0.12)
_START_NS = 1_500_000_000 * 10**9 // DAY_NS * DAY_NS
_STAKE_MINOR = 10_000.0
_INF = float("inf")


@dataclass(frozen=True)
class World:
    """What a simulated sweep is made of.

    Attributes
    ----------
    kind : str
        ``disjoint``: no two configurations share a bet. ``overlapping``: spans of places and odds. ``correlated``: the
        same, three bets an event with one result, and results of one day correlated. ``copies``: any two
        configurations share nearly all bets. ``planted``: some configurations hold an edge, the others as in
        ``overlapping``, on other rows.
    bets : int
        Bets of a configuration, in the mean; of ``planted`` those of the class that holds the edge, all of which the
        first configuration takes.
    holders : int
        Configurations that bet inside that class.
    edge_frac : float
        Its true expected profit per unit staked.
    odds : tuple of float
        Lowest and highest odds; logarithms are uniform between them, odds have two digits.
    beside : int
        Rows that configurations without an edge bet on parts of, in multiples of `bets`.
    """

    kind: str
    bets: int
    holders: int = 0
    edge_frac: float = 0.0
    odds: tuple[float, float] = (1.8, 2.2)
    beside: int = 8
    days: int = DAYS
    configurations: int = CONFIGURATIONS

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return {**vars(self), "odds": list(self.odds)}


@dataclass(frozen=True)
class Market:
    """A tape with the true probability of each row, and the configurations (`kernel.params.Params`, a row each)."""

    world: World
    tape: Tape
    truth: Floats
    matrix: Floats

    def drawn(self, rng: np.random.Generator) -> Tape:
        """The same tape with results drawn anew."""
        chance = rng.random(len(self.tape))
        if self.world.kind == "correlated":
            day = (self.tape.decided_at - _START_NS) // DAY_NS
            shared, own = rng.random(self.world.days), rng.random(int(self.tape.event.max()) + 1)
            follows = rng.random(len(own)) < DAY_CORRELATION**0.5
            chance = np.where(follows[self.tape.event], shared[day], own[self.tape.event])
        state = np.where(chance < self.truth, int(State.WIN), int(State.LOSE)).astype(np.int8)
        return replace(self.tape, state=state)


def market(world: World, rng: np.random.Generator) -> Market:
    """Draw prices, places, times and configurations."""
    place = _places(world, rng)
    n = len(place)
    low, high = np.log(world.odds)
    odds = np.round(np.exp(rng.uniform(low, high, n)), 2)
    per_event = ROWS_PER_EVENT if world.kind == "correlated" else 1
    event = np.arange(n) // per_event
    day = rng.integers(0, world.days, event[-1] + 1)
    decided = _START_NS + day[event] * DAY_NS + rng.integers(8 * 3_600, 18 * 3_600, len(day))[event] * 10**9
    frame = pl.DataFrame(
        {
            "event": event,
            "selection": [f"s{number}" for number in range(per_event)] * (n // per_event),
            "decided_at": pl.Series(decided).cast(INSTANT_DTYPE),
            "settled_at": pl.Series(decided + 2 * 3_600 * 10**9).cast(INSTANT_DTYPE),
            "odds": odds,
            "prob": (1.0 + _believed(place)) / odds,
            "result": pl.repeat("lose", n, eager=True),
        }
    )
    tape = from_frame(frame)
    held = world.edge_frac * (tape.edge_frac >= _believed(np.array(_CLASS)) - 1e-9) if world.holders else 0.0
    return Market(world, tape, (1.0 + held) / tape.quoted, params_matrix(_configurations(world, rng)))


def _places(world: World, rng: np.random.Generator) -> Floats:
    rows = {
        "disjoint": world.bets * world.configurations,
        "copies": world.bets,
        "overlapping": world.bets * world.beside,
        "correlated": world.bets * world.beside // ROWS_PER_EVENT * ROWS_PER_EVENT,
        "planted": world.bets * (1 + world.beside),
    }[world.kind]
    place = rng.random(rows)
    if world.kind != "planted":
        return place
    place[: world.bets] = _CLASS + (1.0 - _CLASS) * place[: world.bets]
    place[world.bets :] *= _CLASS
    return rng.permutation(place)


def _believed(place: Floats) -> Any:
    return _BELIEVED[0] + (_BELIEVED[1] - _BELIEVED[0]) * place


def _configurations(world: World, rng: np.random.Generator) -> list[Configuration]:
    count = world.configurations
    if world.kind == "disjoint":
        borders = np.linspace(0.0, 1.0, count + 1)
        return [_one(world, (low, high)) for low, high in pairwise(borders)]
    if world.kind == "copies":
        cut = 0.05 * rng.random((count, 2))
        return [_one(world, (low, 1.0 - high)) for low, high in cut]
    inside = 0.15 * rng.random((world.holders, 2))
    inside[:1] = 0.0
    width = 1.0 - _CLASS
    holding = [_one(world, (_CLASS + width * low, 1.0 - width * high)) for low, high in inside]
    return holding + [_span(world, rng) for _ in range(count - world.holders)]


def _span(world: World, rng: np.random.Generator) -> Configuration:
    """A configuration on a span of places and a span of odds that together hold 1 / `beside` of the rows."""
    share = float(np.exp(rng.uniform(np.log(1.0 / world.beside), 0.0)))
    end = _CLASS if world.kind == "planted" else 1.0
    low = rng.uniform(0.0, 1.0 - share)
    part = 1.0 / (world.beside * share)
    begin = rng.uniform(0.0, 1.0 - part)
    least, most = (float(one) for one in np.interp([begin, begin + part], [0.0, 1.0], np.log(world.odds)))
    return _one(world, (end * low, end * (low + share)), (float(np.exp(least)), float(np.exp(most))))


def _one(world: World, places: tuple[float, float], odds: tuple[float, float] = (1.0, _INF)) -> Configuration:
    """Flat stakes of a tenth of the bankroll over the root of the bets; no limit and no breaker."""
    edges = _believed(np.array(places)) - 1e-9
    return Configuration(
        bankroll_minor=round(10.0 * _STAKE_MINOR * world.bets**0.5),
        edge_min=float(edges[0]),
        edge_max=float(edges[1]) if places[1] < 1.0 else _INF,
        odds_min=odds[0],
        odds_max=odds[1],
        amount_minor=_STAKE_MINOR,
        drawdown_warn_frac=_INF,
        drawdown_stop_frac=_INF,
        streak_warn=_INF,
        streak_stop=_INF,
        daily_loss_frac=_INF,
    )
