"""Do the probabilities that were bet on come true, and more so than those of the closing market?

Only bets that won or lost in full count; what was given back, halved or is open says nothing about a probability. Every
score stands beside that of the market (the fair closing probability) on the very same bets. The bets were chosen
because their probabilities were high, so that even those of a calibrated model come true less often than they say.

Scores: log loss (Good, JRSS B 14 (1952)); Brier (Monthly Weather Review 78 (1950)), here (p - y)^2; ranked probability
score of ordered outcomes (Epstein, Journal of Applied Meteorology 8 (1969)), divided by the number of borders as in
Constantinou & Fenton, Journal of Quantitative Analysis in Sports 8 (2012); expected calibration error over bins of
equal size (Naeini, Cooper & Hauskrecht, AAAI (2015)). Lower is better in all four.

Each is given plain and weighted by the odds of a bet: an error of a probability is an error of odds times as much in
the edge, odds * p - 1, so that the weight is what a miss costs a unit of stake. The weighted calibration error is the
promised less the realised yield of level stakes, bin by bin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernel.codes import State
from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS, Interval, event_sums, ratio_interval
from research.inference.differences import difference_interval
from research.inference.rps import ranked_scores, won_odds

__all__ = ["Bin", "Binned", "Calibration", "Score", "Scores", "calibration"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: bins of equal size at most; fewer where not so many bets would stand in each that an interval is told
BINS: Final = 10
#: probabilities are held this far from 0 and 1 before their logarithm is taken
EDGE: Final = 1e-15

_WIN, _LOSE = State.WIN.name.lower(), State.LOSE.name.lower()


@dataclass(frozen=True)
class Score:
    """One score; `market` and `difference` (own less market, below zero where ours are better) are NaN without one."""

    own: float
    market: float
    difference: Interval


@dataclass(frozen=True)
class Binned:
    """Calibration error over bins, and how much of it chance alone shows where every probability is right.

    A sum of absolute values is above zero by chance, the more so the fewer the bets; an interval of the difference from
    resampled events holds its 90 % in 1 to 93 % of cases, so that there is none. `by_chance` values are those of a
    normal sum, E|x| = sd * sqrt(2 / pi), from the spread between events. NaN where there is no market.
    """

    own: float
    market: float
    own_by_chance: float
    market_by_chance: float


@dataclass(frozen=True)
class Scores:
    """All scores under one weighting; `ranked` is None where no event has all three of 1x2."""

    log_loss: Score
    brier: Score
    ece: Binned
    ranked: Score | None


@dataclass(frozen=True)
class Bin:
    """Bets of like probability: the mean of it, the share that won with its interval over events."""

    mean_prob: float
    won: Interval
    n_bets: int
    n_events: int


@dataclass(frozen=True)
class Calibration:
    """Scores of the probabilities used and of the market on the same bets.

    Attributes
    ----------
    n_bets, n_events, n_ranked : int
        Bets scored; their events; events with all three of 1x2.
    undecided : int
        Bets left out because they did not win or lose in full, or carry no probability.
    without_close : int
        Further bets left out because they have no closing probability. Where no bet has one, all are scored and there
        is no market.
    has_market : bool
    plain, weighted : Scores
        Every bet alike; each by its odds (an event of `ranked` by the mean odds of its three).
    bins, market_bins : tuple of Bin
        By tenths of the probability used, and by those of the market; ascending, every bet alike.
    """

    n_bets: int
    n_events: int
    n_ranked: int
    undecided: int
    without_close: int
    has_market: bool
    plain: Scores
    weighted: Scores
    bins: tuple[Bin, ...]
    market_bins: tuple[Bin, ...]


@dataclass(frozen=True)
class _Judged:
    """Bets as arrays; `close` is NaN throughout where there is no market; `day` is any number of the date."""

    event: Longs
    day: Longs
    won: Floats
    prob: Floats
    close: Floats
    has_market: bool


def calibration(bets: pl.DataFrame, rng: np.random.Generator, *, level: float = 0.9) -> Calibration | None:
    """Scores of the probabilities of `bets`; None where none of them can be scored.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets`: event_id, date, market, selection, side, odds_placed, prob, state and
        close_prob are
        read. Probabilities are those of OUR win; null and NaN are missing ones.
    rng : numpy.random.Generator
        For the intervals: events are resampled. There are none below 100 bets or 30 days
        (`research.inference.bootstrap`).
    level : float
        Share of the replicates between the ends of an interval.
    """
    known = pl.col("state").is_in((_WIN, _LOSE)) & pl.col("prob").fill_nan(None).is_between(0.0, 1.0)
    judged = bets.filter(known.fill_null(False))
    closing = judged.filter(pl.col("close_prob").fill_nan(None).is_between(0.0, 1.0).fill_null(False))
    has_market = len(closing) > 0
    frame = closing if has_market else judged.with_columns(close_prob=pl.lit(float("nan")))
    if frame.is_empty():
        return None
    of = _Judged(
        frame["event_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        frame["date"].to_physical().cast(pl.Int64).to_numpy(),
        (frame["state"] == _WIN).cast(pl.Float64).to_numpy(),
        frame["prob"].to_numpy().astype(np.float64),
        frame["close_prob"].to_numpy().astype(np.float64),
        has_market,
    )
    odds, ranked = won_odds(frame), ranked_scores(frame)
    plain, weighted = (
        _scores(of, ranked, weight, rng, level)
        for weight in ((np.ones(len(frame)), np.ones(len(ranked))), (odds, ranked["odds"].to_numpy()))
    )
    return Calibration(
        n_bets=len(frame),
        n_events=int(of.event.max()) + 1,
        n_ranked=len(ranked),
        undecided=len(bets) - len(judged),
        without_close=len(judged) - len(frame),
        has_market=has_market,
        plain=plain,
        weighted=weighted,
        bins=_table(of, of.prob, rng, level),
        market_bins=_table(of, of.close, rng, level) if has_market else (),
    )


def _scores(
    of: _Judged, ranked: pl.DataFrame, weights: tuple[Floats, Floats], rng: np.random.Generator, level: float
) -> Scores:
    weight, weight_ranked = weights

    def scored(own: Floats, market: Floats, weight: Floats, event: Longs) -> Score:
        gap = difference_interval(weight * (own - market), weight, event, rng, level=level)
        days = of.day if event is of.event else ranked["date"].to_numpy().repeat(3)
        return Score(_mean(own, weight), _mean(market, weight), _told(gap, days))

    found = None
    if len(ranked):
        found = scored(ranked["own"].to_numpy(), ranked["close"].to_numpy(), weight_ranked, np.arange(len(ranked)))
    return Scores(
        log_loss=scored(_log_loss(of.prob, of.won), _log_loss(of.close, of.won), weight, of.event),
        brier=scored((of.prob - of.won) ** 2, (of.close - of.won) ** 2, weight, of.event),
        ece=_ece(of, weight),
        ranked=found,
    )


def _told(found: Interval, day: NDArray[Any]) -> Interval:
    """An interval as it is told: without ends where too few bets (each with its day) carry it."""
    if len(day) >= FEWEST_BETS and len(np.unique(day)) >= FEWEST_DAYS:
        return found
    return replace(found, low=float("nan"), high=float("nan"), se=float("nan"))


def _mean(values: Floats, weight: Floats) -> float:
    return float(values @ weight / weight.sum())


def _log_loss(prob: Floats, won: Floats) -> Floats:
    held = np.clip(prob, EDGE, 1.0 - EDGE)
    return -np.where(won == 1.0, np.log(held), np.log1p(-held))


def _bins(prob: Floats) -> Longs:
    """Bin of each bet, ascending from 0; bets of equal probability stay together."""
    parts = max(1, min(BINS, len(prob) // FEWEST_BETS))
    _, place, counts = np.unique(prob, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    numbers: Longs = np.unique(before[place] * parts // len(prob), return_inverse=True)[1].astype(np.int64)
    return numbers


def _ece(of: _Judged, weight: Floats) -> Binned:
    """Sum over bins of |weighted sum of (p - y)|, by the weight of all; and what chance adds to it."""
    found = []
    for prob in (of.prob, of.close):
        sums = event_sums(_in_bins(of, prob, weight), of.event)
        noise = len(sums) * sums.var(axis=0)  # of the bin's sum, where events are independent
        found += [np.abs(sums.sum(axis=0)).sum(), np.sqrt(noise * 2.0 / np.pi).sum()]
    own, own_chance, market, market_chance = (float(value / weight.sum()) for value in found)
    return Binned(own, market, own_chance, market_chance)


def _in_bins(of: _Judged, prob: Floats, weight: Floats) -> Floats:
    """Weighted p - y of each bet in the column of its bin, 0 elsewhere; (bets, bins)."""
    place = _bins(prob)
    out = np.zeros((len(prob), int(place.max()) + 1))
    out[np.arange(len(prob)), place] = weight * (prob - of.won)
    return out


def _table(of: _Judged, prob: Floats, rng: np.random.Generator, level: float) -> tuple[Bin, ...]:
    place, out = _bins(prob), []
    for one in range(int(place.max()) + 1):
        part = place == one
        won = ratio_interval(of.won[part], np.ones(part.sum()), of.event[part], rng, level=level)
        won = _told(won, of.day[part])
        out.append(Bin(float(prob[part].mean()), won, int(part.sum()), len(np.unique(of.event[part]))))
    return tuple(out)
