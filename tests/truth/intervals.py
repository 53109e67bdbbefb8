"""Simulated bets with a known yield, and how often each interval that a report prints holds it.

An event has one to three bets on the same selection, so all of them win or all lose. The true edge is the same for
every bet, so that a yield has one true value whatever is staked on what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.execution.assess import outside_of
from research.inference.bootstrap import generator
from research.inference.calibration import calibration
from research.inference.differences import Ratio, paired_ratio
from research.report.breakdown import mean_interval, yield_groups, yield_interval

Row = dict[str, Any]
Floats = NDArray[np.float64]

EDGE: Final = 0.03
#: what the second of two compared configurations gets less than the first, as a part of the price
WORSE: Final = 0.02
#: closing line value: its mean, its deviation between events, and between bets of one event
CLV: Final = (0.02, 0.06, 0.03)
#: deviation of the logarithms of the strategy's probability and of the market's around the true one
OPINION: Final = (0.10, 0.05)
#: most bets of a log of which scores of probabilities are looked at, and bets that their true values are taken from
SCORED, MANY = 300, 400_000
#: common events from which a difference is printed
COMMON: Final = 100
_FIRST_DAY: Final = np.datetime64("2020-08-01")


@dataclass(frozen=True)
class Bets:
    """What is drawn: so many bets on so many days, odds in a range, stakes ``equal`` or ``kelly``."""

    bets: int
    days: int
    odds: tuple[float, float]
    per_event: int
    stakes: str


def misses(of: Bets, seed: int, batch: int, count: int) -> Row:
    """Of each interval: how many were printed, how often the truth was below it, how often above it."""
    found: dict[str, list[int]] = {}
    rng = generator(seed, "bets", of, batch)
    for number in range(count):
        frame = drawn(of, rng)
        for name, low, high, truth in _intervals(of, frame, int(rng.integers(2**31)) + number):
            tally = found.setdefault(name, [0, 0, 0])
            tally[0] += 1
            tally[1] += truth < low
            tally[2] += truth > high
    return dict(found)


def drawn(of: Bets, rng: np.random.Generator) -> pl.DataFrame:
    """One bet log."""
    event = np.repeat(np.arange(of.bets), rng.integers(1, of.per_event + 1, of.bets))[: of.bets]
    m = int(event[-1]) + 1
    low, high = np.log(of.odds)
    fair = np.exp(rng.uniform(low, high, m))
    odds = np.clip(fair[event] * (1.0 + 0.01 * rng.standard_normal(of.bets)), *of.odds)
    chance = (1.0 + EDGE) / odds
    won = rng.random(m)[event] < chance
    stake = np.full(of.bets, 1_000.0)
    if of.stakes == "kelly":
        stake *= np.exp(0.5 * rng.standard_normal(m))[event] / (odds - 1.0)
    day = np.sort(rng.permutation(np.arange(m) % of.days))[event]
    mean, between, within = CLV
    return pl.DataFrame(
        {
            "event_id": event,
            "day": _FIRST_DAY + day.astype("timedelta64[D]"),
            "date": _FIRST_DAY + day.astype("timedelta64[D]"),
            "market": np.repeat("moneyline", of.bets),
            "selection": np.repeat("home", of.bets),
            "side": np.repeat("back", of.bets),
            "season": np.array(["2020-2021", "2021-2022", "2022-2023"])[3 * day // of.days],
            "odds": odds,
            "stake_minor": stake,
            "pnl_minor": stake * np.where(won, odds - 1.0, -1.0),
            "net_minor": stake * np.where(won, odds - 1.0, -1.0),
            "chance": chance,
            "prob": np.clip(chance * np.exp(OPINION[0] * rng.standard_normal(m))[event], 0.01, 0.99),
            "close_prob": np.clip(chance * np.exp(OPINION[1] * rng.standard_normal(m))[event], 0.01, 0.99),
            "clv": mean + between * rng.standard_normal(m)[event] + within * rng.standard_normal(of.bets),
            "odds_placed": odds,
            "state": np.where(won, "win", "lose"),
            "won": won,
            "second": rng.random(of.bets) < 0.8,
        }
    )


def _intervals(of: Bets, frame: pl.DataFrame, seed: int) -> Iterator[tuple[str, float, float, float]]:
    """Name, ends and true value of every interval that is printed of one bet log."""
    outside, whole, clv = outside_of(frame, seed), yield_interval(frame, seed), mean_interval(frame, "clv", seed)
    paired = paired_ratio(_side(frame), _second(frame), generator(seed, "paired"))
    difference = paired.difference
    if whole.known:
        yield "yield", whole.low, whole.high, EDGE
    if outside.low == outside.low:
        yield "yield out of sample", outside.low, outside.high, EDGE
    if clv.known:
        yield "closing line value", clv.low, clv.high, CLV[0]
    if difference.known and paired.common >= COMMON:
        yield "difference of two", difference.low, difference.high, (1.0 + EDGE) * WORSE
    if frame.height <= SCORED:
        yield from _scores(frame, seed, score_truth(of))
    for by in ("season", "odds"):
        for group in yield_groups(frame, by, seed):
            if group.interval.known and group.n_bets < frame.height:
                yield f"yield by {by}", group.interval.low, group.interval.high, EDGE


def _scores(frame: pl.DataFrame, seed: int, truth: dict[str, float]) -> Iterator[tuple[str, float, float, float]]:
    """Differences of scores between the strategy's probabilities and the market's; the share that won, in one bin."""
    found = calibration(frame, generator(seed, "calibration"))
    assert found is not None
    for weighting, scores in (("", found.plain), (" by odds", found.weighted)):
        for name, score in (("log loss", scores.log_loss), ("Brier score", scores.brier)):
            if score.difference.known:
                yield f"{name}{weighting}", score.difference.low, score.difference.high, truth[f"{name}{weighting}"]
    if len(found.bins) == 1 and found.bins[0].won.known:
        yield "share that won", found.bins[0].won.low, found.bins[0].won.high, truth["share that won"]


@cache
def score_truth(of: Bets) -> dict[str, float]:
    """Expected differences of scores, and share of bets that win, over a log so long that its error does not count."""
    frame = drawn(replace(of, bets=MANY), generator(0, "truth", of))
    chance, own, market, odds = (frame[name].to_numpy() for name in ("chance", "prob", "close_prob", "odds"))

    def gain(loss: Callable[[Floats, float], Floats]) -> Floats:
        """Expected loss of the strategy's probability less that of the market's, of each bet."""
        each = [chance * loss(one, 1.0) + (1.0 - chance) * loss(one, 0.0) for one in (own, market)]
        return each[0] - each[1]

    gains = {
        "log loss": gain(lambda prob, won: -np.log(prob if won else 1.0 - prob)),
        "Brier score": gain(lambda prob, won: (prob - won) ** 2),
    }
    plain = {name: float(found.mean()) for name, found in gains.items()}
    weighted = {f"{name} by odds": float(found @ odds / odds.sum()) for name, found in gains.items()}
    return plain | weighted | {"share that won": float(chance.mean())}


def _side(frame: pl.DataFrame) -> Ratio:
    return Ratio(*(frame[name].to_numpy() for name in ("pnl_minor", "stake_minor", "event_id")))


def _second(frame: pl.DataFrame) -> Ratio:
    """Another configuration: four fifths of the same bets at prices that are worse, with equal stakes."""
    some = frame.filter("second")
    paid = np.where(some["won"].to_numpy(), some["odds"].to_numpy() * (1.0 - WORSE), 0.0)
    return Ratio(paid - 1.0, np.ones(some.height), some["event_id"].to_numpy())
