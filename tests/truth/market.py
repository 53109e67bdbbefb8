"""Simulated sweeps: a tape with known true edges, and 500 configurations that bet on parts of it.

Each row has a place in [0, 1). The strategy's probability depends on it (`prob * odds - 1` grows with the place), but
the truth does not. A bet wins with probability (1 + edge) / odds. The edge is 0, or the planted edge on the rows of one
class. A configuration bets on a range of places and a range of odds. Depending on these ranges, configurations overlap,
are disjoint, or are nearly copies of each other.
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
from engine.kernel.codes import Staking, State
from engine.schema import INSTANT_DTYPE
from engine.tape import Tape, from_frame
from tests.truth import draws

Floats = NDArray[np.float64]

CONFIGURATIONS = 500
#: length of a sweep in days: two years
DAYS = 731
#: rows per event where bets share their result, and correlation of the results of two events on the same day
ROWS_PER_EVENT, DAY_CORRELATION = 3, 0.2
#: places from here to 1 are the class with the planted edge
_CLASS = 0.9
#: edge believed by the strategy at place 0 and at place 1
_BELIEVED = (0.02, 0.12)
_START_NS = 1_500_000_000 * 10**9 // DAY_NS * DAY_NS
_STAKE_MINOR = 10_000.0
_INF = float("inf")


@dataclass(frozen=True)
class World:
    """Settings of a simulated sweep.

    The names of the fields are part of the seeds, so renaming one changes all results.

    Attributes
    ----------
    kind : str
        ``disjoint``: no two configurations share a bet. ``overlapping``: each bets on a range of places and odds.
        ``correlated``: the same, with three bets per event that share one result, and correlated results on each day.
        ``copies``: any two configurations share nearly all bets. ``planted``: some configurations have an edge; the
        others are as in ``overlapping``, on other rows.
    bets : int
        Mean number of bets of a configuration. For ``planted``: number of bets of the class with the edge, all of
        which the first configuration takes.
    holders : int
        Configurations that bet in that class.
    edge_frac : float
        True expected profit per unit staked in that class.
    odds : tuple of float
        Lowest and highest odds. Their logarithms are uniform between these limits; odds have two decimals.
    beside : int
        Number of rows for the configurations without an edge, in multiples of `bets`.
    days : int
        Length of the tape in days.
    configurations : int
        Number of configurations.
    staking : str
        ``flat``, ``kelly``, or a progression of `draws.PROGRESSIONS` (for ``disjoint`` only).
    bankroll_stakes : float
        Opening bankroll in stakes; 0: ten times the root of `bets`.
    dependence : str
        How the true edge depends on time (`draws.DEPENDENCE`); empty: it does not. The mean over the worlds is zero.
    strength : float
        Size of this dependence.
    moved : float
        Standard deviation of the true edge of a bet around its mean, known to the closing price only.
    """

    kind: str
    bets: int
    holders: int = 0
    edge_frac: float = 0.0
    odds: tuple[float, float] = (1.8, 2.2)
    beside: int = 8
    days: int = DAYS
    configurations: int = CONFIGURATIONS
    staking: str = "flat"
    bankroll_stakes: float = 0.0
    dependence: str = ""
    strength: float = 0.0
    moved: float = 0.0

    def plain(self) -> dict[str, Any]:
        """The settings as a JSON document; those below `configurations` only where they differ from their default."""
        later = ("staking", "bankroll_stakes", "dependence", "strength", "moved")
        same = {name for name in later if getattr(self, name) == World.__dataclass_fields__[name].default}
        return {name: value for name, value in vars(self).items() if name not in same} | {"odds": list(self.odds)}


@dataclass(frozen=True)
class Market:
    """A tape with the true probability of each row, and one row of `kernel.params.Params` per configuration."""

    world: World
    tape: Tape
    truth: Floats
    matrix: Floats

    def with_results(self, rng: np.random.Generator) -> Tape:
        """The same tape with new random results; with fair closing probabilities where prices move (`World.moved`)."""
        world, tape = self.world, self.tape
        uniform = rng.random(len(tape))
        day = (tape.decided_at - _START_NS) // DAY_NS
        if world.kind == "correlated":
            of_day, of_event = rng.random(world.days), rng.random(int(tape.event.max()) + 1)
            follows_day = rng.random(len(of_event)) < DAY_CORRELATION**0.5
            uniform = np.where(follows_day[tape.event], of_day[day], of_event[tape.event])
        truth, owner = self.truth, self.owners()
        if world.dependence:
            days = draws.Days(day, world.days)
            truth = truth + draws.edges(world.dependence, world.strength, days, owner, rng) / tape.quoted
        if world.moved:
            truth = truth + world.moved * rng.standard_normal(len(tape)) / tape.quoted
        won = uniform < truth
        tape = replace(tape, state=np.where(won, int(State.WIN), int(State.LOSE)).astype(np.int8))
        if world.moved:
            tape = replace(tape, close_prob=truth)
        if world.staking in draws.PROGRESSIONS:
            bets = draws.Bets(day, owner, np.where(won, tape.quoted - 1.0, -1.0), tape.quoted)
            stakes = draws.weights(world.staking, bets, bankroll_stakes(world))
            tape = replace(tape, size_minor=np.maximum(np.round(_STAKE_MINOR * stakes), 1.0))
        return tape

    def owners(self) -> NDArray[np.int64]:
        """The configuration that bets on each row of a ``disjoint`` world; otherwise its place, in as many parts."""
        place = (self.tape.edge_frac + 1e-9 - _BELIEVED[0]) / (_BELIEVED[1] - _BELIEVED[0])
        count = self.world.configurations
        return np.clip((place * count).astype(np.int64), 0, count - 1)


def market(world: World, rng: np.random.Generator) -> Market:
    """Simulate prices, places, times and configurations."""
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
    edge = world.edge_frac * (tape.edge_frac >= _believed(np.array(_CLASS)) - 1e-9) if world.holders else 0.0
    return Market(world, tape, (1.0 + edge) / tape.quoted, params_matrix(_configurations(world, rng)))


def bankroll_stakes(world: World) -> float:
    """Opening bankroll in stakes."""
    return world.bankroll_stakes or 10.0 * world.bets**0.5


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
        places = np.linspace(0.0, 1.0, count + 1)
        return [_configuration(world, (low, high)) for low, high in pairwise(places)]
    if world.kind == "copies":
        margins = 0.05 * rng.random((count, 2))
        return [_configuration(world, (low, 1.0 - high)) for low, high in margins]
    margins = 0.15 * rng.random((world.holders, 2))
    margins[:1] = 0.0
    width = 1.0 - _CLASS
    holders = [_configuration(world, (_CLASS + width * low, 1.0 - width * high)) for low, high in margins]
    return holders + [_without_edge(world, rng) for _ in range(count - world.holders)]


def _without_edge(world: World, rng: np.random.Generator) -> Configuration:
    """A configuration on a range of places and a range of odds that together have 1 / `beside` of the rows."""
    share = float(np.exp(rng.uniform(np.log(1.0 / world.beside), 0.0)))
    end = _CLASS if world.kind == "planted" else 1.0
    low = rng.uniform(0.0, 1.0 - share)
    part = 1.0 / (world.beside * share)
    begin = rng.uniform(0.0, 1.0 - part)
    lowest, highest = (float(log) for log in np.interp([begin, begin + part], [0.0, 1.0], np.log(world.odds)))
    return _configuration(world, (end * low, end * (low + share)), (float(np.exp(lowest)), float(np.exp(highest))))


def _configuration(world: World, places: tuple[float, float], odds: tuple[float, float] = (1.0, _INF)) -> Configuration:
    """No caps and no breakers. A progression asks for the whole account, and the tape cuts it to its stake."""
    edges = _believed(np.array(places)) - 1e-9
    return Configuration(
        bankroll_minor=round(_STAKE_MINOR * bankroll_stakes(world)),
        staking=Staking.KELLY if world.staking == "kelly" else Staking.FLAT,
        edge_min=float(edges[0]),
        edge_max=float(edges[1]) if places[1] < 1.0 else _INF,
        odds_min=odds[0],
        odds_max=odds[1],
        amount_minor=_STAKE_MINOR * (bankroll_stakes(world) if world.staking in draws.PROGRESSIONS else 1.0),
        drawdown_warn_frac=_INF,
        drawdown_stop_frac=_INF,
        streak_warn=_INF,
        streak_stop=_INF,
        daily_loss_frac=_INF,
    )
