"""Calibration: do the probabilities that were bet on come true, and more so than those of the closing market?

Only bets that won or lost in full count. Bets that were voided, settled by halves or are still open say nothing about a
probability. Every score is compared with that of the market (the fair closing probability) on the same bets. The bets
were selected because their probabilities were high, so even those of a calibrated model come true less often than
stated.

Scores: log loss (Good, JRSS B 14 (1952)); Brier (Monthly Weather Review 78 (1950)), here (p - y)^2; ranked probability
score of ordered outcomes (Epstein, Journal of Applied Meteorology 8 (1969)), divided by the number of category
boundaries as in Constantinou & Fenton, Journal of Quantitative Analysis in Sports 8 (2012); expected calibration error
over bins of equal size (Naeini, Cooper & Hauskrecht, AAAI (2015)). Lower is better for all four.

Each score is computed unweighted and weighted by the odds of the bet. The edge is odds * p - 1, so an error of the
probability changes it by the odds times as much: the weight is what an error costs per unit staked. The weighted
calibration error is the promised minus the realised yield of level stakes, bin by bin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernel.codes import State
from engine.plausibility.winnings import event_sums
from research.inference.bootstrap import FEWEST_BETS, Interval, ratio_interval
from research.inference.differences import difference_interval
from research.inference.rps import ranked_probability_scores, win_odds

__all__ = ["Bin", "BinnedError", "Calibration", "Score", "Scores", "calibration"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: most bins of equal size; fewer where a bin would have fewer bets than an interval needs
BINS: Final = 10
#: probabilities are clipped to this distance from 0 and 1 before their logarithm is taken
CLIP: Final = 1e-15

_WIN, _LOSE = State.WIN.name.lower(), State.LOSE.name.lower()


@dataclass(frozen=True)
class Score:
    """One score of the strategy's and of the market's probabilities.

    Attributes
    ----------
    strategy, market : float
    difference : Interval
        Strategy minus market: below zero where the strategy is better. `market` and `difference` are NaN where there is
        no market.
    """

    strategy: float
    market: float
    difference: Interval


@dataclass(frozen=True)
class BinnedError:
    """Calibration error over bins, and the error that chance alone shows if every probability is right.

    A sum of absolute values is above zero by chance, and more so with fewer bets. It has no interval: an interval of
    the difference from resampled events contains the truth in 1 to 93 % of cases instead of 90 %. The `by_chance`
    values are those of a normal sum, E|x| = sd * sqrt(2 / pi), from the spread between events. NaN without a market.
    """

    strategy: float
    market: float
    strategy_by_chance: float
    market_by_chance: float


@dataclass(frozen=True)
class Scores:
    """All scores under one weighting; `rps` is None if no event has bets on all three selections of 1x2."""

    log_loss: Score
    brier: Score
    ece: BinnedError
    rps: Score | None


@dataclass(frozen=True)
class Bin:
    """Bets of similar probability: its mean, and the share that won with an interval over events."""

    mean_prob: float
    won: Interval
    n_bets: int
    n_events: int


@dataclass(frozen=True)
class Calibration:
    """Scores of the strategy's probabilities and of the market's on the same bets.

    Attributes
    ----------
    n_bets, n_events, n_ranked : int
        Bets scored; their events; events with bets on all three selections of 1x2.
    undecided : int
        Bets left out because they did not win or lose in full, or have no probability.
    without_close : int
        Further bets left out because they have no closing probability. If no bet has one, all are scored and there is
        no market.
    has_market : bool
    plain, weighted : Scores
        Unweighted; weighted by the odds of each bet (an event of `rps` by the mean odds of its three selections).
    bins, market_bins : tuple of Bin
        Unweighted, by quantiles of the strategy's and of the market's probability, ascending.
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
class _ScoredBets:
    """Bets as arrays; `close` is all NaN without a market; `day` is any number of the date."""

    event: Longs
    day: Longs
    won: Floats
    prob: Floats
    close: Floats


def calibration(bets: pl.DataFrame, rng: np.random.Generator, *, level: float = 0.9) -> Calibration | None:
    """Score the probabilities of bets against their outcomes and the closing market.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets`. Columns read: event_id, date, market, selection, side, odds_placed, prob,
        state, close_prob. Probabilities are those of OUR win; null and NaN mean missing.
    rng : numpy.random.Generator
        For the bootstrap over events. An interval has ends only where `bootstrap.enough` holds.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    Calibration or None
        None if no bet can be scored.
    """
    known = pl.col("state").is_in((_WIN, _LOSE)) & pl.col("prob").fill_nan(None).is_between(0.0, 1.0)
    decided = bets.filter(known.fill_null(False))
    closing = decided.filter(pl.col("close_prob").fill_nan(None).is_between(0.0, 1.0).fill_null(False))
    has_market = len(closing) > 0
    frame = closing if has_market else decided.with_columns(close_prob=pl.lit(float("nan")))
    if frame.is_empty():
        return None
    scored = _ScoredBets(
        frame["event_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        frame["date"].to_physical().cast(pl.Int64).to_numpy(),
        (frame["state"] == _WIN).cast(pl.Float64).to_numpy(),
        frame["prob"].to_numpy().astype(np.float64),
        frame["close_prob"].to_numpy().astype(np.float64),
    )
    odds, ranked = win_odds(frame), ranked_probability_scores(frame)
    plain, weighted = (
        _scores(scored, ranked, weights, rng, level)
        for weights in ((np.ones(len(frame)), np.ones(len(ranked))), (odds, ranked["odds"].to_numpy()))
    )
    return Calibration(
        n_bets=len(frame),
        n_events=int(scored.event.max()) + 1,
        n_ranked=len(ranked),
        undecided=len(bets) - len(decided),
        without_close=len(decided) - len(frame),
        has_market=has_market,
        plain=plain,
        weighted=weighted,
        bins=_table(scored, scored.prob, rng, level),
        market_bins=_table(scored, scored.close, rng, level) if has_market else (),
    )


def _scores(
    bets: _ScoredBets, ranked: pl.DataFrame, weights: tuple[Floats, Floats], rng: np.random.Generator, level: float
) -> Scores:
    bet_weight, event_weight = weights

    def scored(strategy: Floats, market: Floats, weight: Floats, event: Longs) -> Score:
        gap = difference_interval(weight * (strategy - market), weight, event, rng, level=level)
        # a ranked event has three bets
        days = bets.day if event is bets.event else ranked["date"].to_numpy().repeat(3)
        return Score(_mean(strategy, weight), _mean(market, weight), gap.if_enough(len(days), len(np.unique(days))))

    rps = None
    if len(ranked):
        columns = ranked["strategy"].to_numpy(), ranked["market"].to_numpy()
        rps = scored(*columns, event_weight, np.arange(len(ranked)))
    return Scores(
        log_loss=scored(_log_loss(bets.prob, bets.won), _log_loss(bets.close, bets.won), bet_weight, bets.event),
        brier=scored((bets.prob - bets.won) ** 2, (bets.close - bets.won) ** 2, bet_weight, bets.event),
        ece=_ece(bets, bet_weight),
        rps=rps,
    )


def _mean(values: Floats, weight: Floats) -> float:
    return float(values @ weight / weight.sum())


def _log_loss(prob: Floats, won: Floats) -> Floats:
    clipped = np.clip(prob, CLIP, 1.0 - CLIP)
    return -np.where(won == 1.0, np.log(clipped), np.log1p(-clipped))


def _bins(prob: Floats) -> Longs:
    """Bin of each bet, ascending from 0; bets of equal probability share a bin."""
    parts = max(1, min(BINS, len(prob) // FEWEST_BETS))
    _, place, counts = np.unique(prob, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    numbers: Longs = np.unique(before[place] * parts // len(prob), return_inverse=True)[1].astype(np.int64)
    return numbers


def _ece(bets: _ScoredBets, weight: Floats) -> BinnedError:
    """Sum over bins of |weighted sum of (p - y)|, over the total weight, and its expected value by chance."""
    totals = []
    for prob in (bets.prob, bets.close):
        sums = event_sums(_errors_by_bin(bets, prob, weight), bets.event)
        noise = len(sums) * sums.var(axis=0)  # variance of the bin's sum, as events are independent
        totals += [np.abs(sums.sum(axis=0)).sum(), np.sqrt(noise * 2.0 / np.pi).sum()]
    strategy, strategy_chance, market, market_chance = (float(value / weight.sum()) for value in totals)
    return BinnedError(strategy, market, strategy_chance, market_chance)


def _errors_by_bin(bets: _ScoredBets, prob: Floats, weight: Floats) -> Floats:
    """Weighted p - y of each bet in the column of its bin, 0 elsewhere; (bets, bins)."""
    place = _bins(prob)
    out = np.zeros((len(prob), int(place.max()) + 1))
    out[np.arange(len(prob)), place] = weight * (prob - bets.won)
    return out


def _table(bets: _ScoredBets, prob: Floats, rng: np.random.Generator, level: float) -> tuple[Bin, ...]:
    place, out = _bins(prob), []
    for number in range(int(place.max()) + 1):
        part = place == number
        n_bets, n_days = int(part.sum()), len(np.unique(bets.day[part]))
        won = ratio_interval(bets.won[part], np.ones(n_bets), bets.event[part], rng, level=level)
        n_events = len(np.unique(bets.event[part]))
        out.append(Bin(float(prob[part].mean()), won.if_enough(n_bets, n_days), n_bets, n_events))
    return tuple(out)
