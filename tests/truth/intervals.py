"""Simulated bets with a known yield, and how often the intervals of a report contain it.

An event has one to three bets on the same selection, so all of them win or all lose. The true edge is the same for all
bets, so the true yield does not depend on the stakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.execution.assess import out_of_sample_yield
from research.inference.bootstrap import FEWEST_BETS, generator
from research.inference.calibration import calibration
from research.inference.differences import Ratio, paired_ratio
from research.report.breakdown import mean_interval, yield_groups, yield_interval

Row = dict[str, Any]
Floats = NDArray[np.float64]

EDGE: Final = 0.03
#: by how much the prices of the second of two compared configurations are worse, as a share of the price
WORSE: Final = 0.02
#: closing line value: mean, standard deviation between events, and between bets of one event
CLV: Final = (0.02, 0.06, 0.03)
#: standard deviation of the log probability around the true one: of the strategy, and of the market
OPINION: Final = (0.10, 0.05)
#: largest log in which probability scores are tested, and number of bets used for their true values
SCORED, MANY = 300, 400_000
_FIRST_DAY: Final = np.datetime64("2020-08-01")


@dataclass(frozen=True)
class Bets:
    """Settings of a bet log: numbers of bets and days, range of odds, stakes ``equal`` or ``kelly``.

    Names of the class and its fields are part of the seeds, so renaming one changes all results.
    """

    bets: int
    days: int
    odds: tuple[float, float]
    per_event: int
    stakes: str


def misses(settings: Bets, seed: int, batch: int, count: int) -> Row:
    """For each interval: how often it was printed, and how often the truth was below it and above it."""
    counts: dict[str, list[int]] = {}
    rng = generator(seed, "bets", settings, batch)
    for number in range(count):
        frame = bet_log(settings, rng)
        for name, low, high, truth in _intervals(settings, frame, int(rng.integers(2**31)) + number):
            count_of = counts.setdefault(name, [0, 0, 0])
            count_of[0] += 1
            count_of[1] += truth < low
            count_of[2] += truth > high
    return dict(counts)


def bet_log(settings: Bets, rng: np.random.Generator) -> pl.DataFrame:
    """Simulate one bet log."""
    n = settings.bets
    event = np.repeat(np.arange(n), rng.integers(1, settings.per_event + 1, n))[:n]
    m = int(event[-1]) + 1
    low, high = np.log(settings.odds)
    fair = np.exp(rng.uniform(low, high, m))
    odds = np.clip(fair[event] * (1.0 + 0.01 * rng.standard_normal(n)), *settings.odds)
    true_prob = (1.0 + EDGE) / odds
    won = rng.random(m)[event] < true_prob
    stake = np.full(n, 1_000.0)
    if settings.stakes == "kelly":
        stake *= np.exp(0.5 * rng.standard_normal(m))[event] / (odds - 1.0)
    day = np.sort(rng.permutation(np.arange(m) % settings.days))[event]
    mean, between, within = CLV
    return pl.DataFrame(
        {
            "event_id": event,
            "day": _FIRST_DAY + day.astype("timedelta64[D]"),
            "date": _FIRST_DAY + day.astype("timedelta64[D]"),
            "market": np.repeat("moneyline", n),
            "selection": np.repeat("home", n),
            "side": np.repeat("back", n),
            "season": np.array(["2020-2021", "2021-2022", "2022-2023"])[3 * day // settings.days],
            "odds": odds,
            "stake_minor": stake,
            "pnl_minor": stake * np.where(won, odds - 1.0, -1.0),
            "net_minor": stake * np.where(won, odds - 1.0, -1.0),
            "true_prob": true_prob,
            "prob": np.clip(true_prob * np.exp(OPINION[0] * rng.standard_normal(m))[event], 0.01, 0.99),
            "close_prob": np.clip(true_prob * np.exp(OPINION[1] * rng.standard_normal(m))[event], 0.01, 0.99),
            "clv": mean + between * rng.standard_normal(m)[event] + within * rng.standard_normal(n),
            "odds_placed": odds,
            "state": np.where(won, "win", "lose"),
            "won": won,
            "second": rng.random(n) < 0.8,
        }
    )


def _intervals(settings: Bets, frame: pl.DataFrame, seed: int) -> Iterator[tuple[str, float, float, float]]:
    """Name, ends and true value of each interval that a report prints for one bet log."""
    outside, total, clv = (
        out_of_sample_yield(frame, seed),
        yield_interval(frame, seed),
        mean_interval(frame, "clv", seed),
    )
    paired = paired_ratio(_first(frame), _second(frame), generator(seed, "paired"))
    difference = paired.difference
    if total.known:
        yield "yield", total.low, total.high, EDGE
    if outside.low == outside.low:
        yield "yield out of sample", outside.low, outside.high, EDGE
    if clv.known:
        yield "closing line value", clv.low, clv.high, CLV[0]
    if difference.known and paired.common >= FEWEST_BETS:
        yield "difference of two", difference.low, difference.high, (1.0 + EDGE) * WORSE
    if frame.height <= SCORED:
        yield from _scores(frame, seed, score_truth(settings))
    for by in ("season", "odds"):
        for group in yield_groups(frame, by, seed):
            if group.interval.known and group.n_bets < frame.height:
                yield f"yield by {by}", group.interval.low, group.interval.high, EDGE


def _scores(frame: pl.DataFrame, seed: int, truth: dict[str, float]) -> Iterator[tuple[str, float, float, float]]:
    """Score differences between the strategy's and the market's probabilities, and the share of bets won in one bin."""
    result = calibration(frame, generator(seed, "calibration"))
    assert result is not None
    for weighting, scores in (("", result.plain), (" by odds", result.weighted)):
        for name, score in (("log loss", scores.log_loss), ("Brier score", scores.brier)):
            if score.difference.known:
                yield f"{name}{weighting}", score.difference.low, score.difference.high, truth[f"{name}{weighting}"]
    if len(result.bins) == 1 and result.bins[0].won.known:
        yield "share that won", result.bins[0].won.low, result.bins[0].won.high, truth["share that won"]


@cache
def score_truth(settings: Bets) -> dict[str, float]:
    """Expected score differences and share of bets won, from a log so long that its error is negligible."""
    frame = bet_log(replace(settings, bets=MANY), generator(0, "truth", settings))
    true_prob, strategy, market, odds = (frame[name].to_numpy() for name in ("true_prob", "prob", "close_prob", "odds"))

    def difference(loss: Callable[[Floats, float], Floats]) -> Floats:
        """Expected loss of the strategy's probability less that of the market's, for each bet."""
        losses = [true_prob * loss(prob, 1.0) + (1.0 - true_prob) * loss(prob, 0.0) for prob in (strategy, market)]
        return losses[0] - losses[1]

    differences = {
        "log loss": difference(lambda prob, won: -np.log(prob if won else 1.0 - prob)),
        "Brier score": difference(lambda prob, won: (prob - won) ** 2),
    }
    plain = {name: float(values.mean()) for name, values in differences.items()}
    weighted = {f"{name} by odds": float(values @ odds / odds.sum()) for name, values in differences.items()}
    return plain | weighted | {"share that won": float(true_prob.mean())}


def _first(frame: pl.DataFrame) -> Ratio:
    return Ratio(*(frame[name].to_numpy() for name in ("pnl_minor", "stake_minor", "event_id")))


def _second(frame: pl.DataFrame) -> Ratio:
    """A second configuration: four fifths of the same bets at worse prices, with equal stakes."""
    bets = frame.filter("second")
    paid = np.where(bets["won"].to_numpy(), bets["odds"].to_numpy() * (1.0 - WORSE), 0.0)
    return Ratio(paid - 1.0, np.ones(bets.height), bets["event_id"].to_numpy())
