"""The harness tested on forecasts whose place is known, on the very events of the judgement.

A cheater that knows the outcome must come before the market, the market before the base rate, the base rate before
uniform probabilities, whose log loss is the logarithm of the number of outcomes. In the table of shuffled outcomes no
forecast may add to their shares; one who is told some of the outcomes must add, there and to the market. Whoever bets
the market's own probabilities at its prices finds no edge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.judging.blocks import Weeks
from research.judging.earnings import earnings_of
from research.judging.sample import Sample
from research.judging.scores import log_losses
from research.judging.settings import CLOSE
from research.judging.table import table_of

__all__ = ["Check", "failed", "self_test"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: below this many events, chance alone may put the base rate before the market
FEWEST: Final = 500
#: probability that the cheater gives to what happened
_CHEAT: Final = 0.98
_EXACT: Final = 1e-12
#: share of the outcomes that are told, and the factor of their probabilities
_TOLD: Final = 0.6
_MOVED: Final = 1.3
#: weights and differences beyond this many standard errors are no chance, whatever the number of forecasts
_BEYOND: Final = 4.0
_CHEATER: Final = "told"


@dataclass(frozen=True)
class Check:
    """One check of the harness.

    Attributes
    ----------
    name : str
    passed : bool or None
        None: too few events to tell.
    words : str
        What was seen.
    """

    name: str
    passed: bool | None
    words: str

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {"check": self.name, "passed": self.passed, "seen": self.words}


def failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks that did not pass."""
    return tuple(check for check in checks if check.passed is False)


def self_test(prob: Mapping[str, Floats], sample: Sample, weeks: Weeks, rng: np.random.Generator) -> tuple[Check, ...]:
    """Test the harness.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        All forecasts of the judgement, that of `CLOSE` among them.
    sample : Sample
        Prices and outcomes of the same events.
    weeks : Weeks
        Of the same events.
    rng : numpy.random.Generator
        Shuffles the outcomes, and tells some of them.
    """
    outcome = sample.outcomes
    return (
        _order(prob[CLOSE], outcome),
        _uniform(prob[CLOSE].shape, outcome),
        _shuffled(prob, rng.permutation(outcome), weeks, rng),
        _told(sample.fair[CLOSE], outcome, weeks, rng),
        *(_own_price(name, sample, weeks) for name in sample.odds if name in prob),
    )


def cheater(outcome: Longs, n_outcomes: int) -> Floats:
    """Nearly all probability on what happened."""
    rest = (1.0 - _CHEAT) / (n_outcomes - 1)
    return np.where(np.eye(n_outcomes)[outcome] == 1.0, _CHEAT, rest)


def base_rate(outcome: Longs, n_outcomes: int) -> Floats:
    """The shares of the outcomes for each event: with hindsight, so no other constant has a lower log loss."""
    return np.tile(np.bincount(outcome, minlength=n_outcomes) / len(outcome), (len(outcome), 1))


def told(prob: Floats, outcome: Longs, rng: np.random.Generator) -> Floats:
    """Forecasts moved towards an outcome that is the true one in six of ten events, and any in the others."""
    n_outcomes = prob.shape[1]
    heard = np.where(rng.random(len(outcome)) < _TOLD, outcome, rng.integers(0, n_outcomes, len(outcome)))
    moved = prob * np.where(np.eye(n_outcomes)[heard] == 1.0, _MOVED, 1.0)
    return np.asarray(moved / moved.sum(axis=1, keepdims=True), np.float64)


def _order(market: Floats, outcome: Longs) -> Check:
    n, n_outcomes = market.shape
    ranked = {
        "cheater": cheater(outcome, n_outcomes),
        "market": market,
        "base rate": base_rate(outcome, n_outcomes),
        "uniform": np.full((n, n_outcomes), 1.0 / n_outcomes),
    }
    losses = {name: float(log_losses(values, outcome).mean()) for name, values in ranked.items()}
    seen = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    cheat, priced, shares, even = losses.values()
    in_order = cheat < priced < shares <= even + _EXACT  # outcomes as frequent as each other have uniform shares
    passed = in_order or (None if cheat < priced and _by_chance(market, ranked["base rate"], outcome) else False)
    return Check("cheater, market, base rate, uniform rank in this order", _or_few(passed, n), seen)


def _by_chance(market: Floats, shares: Floats, outcome: Longs) -> bool:
    """Whether a sound market may be behind the shares, which are those of hindsight: matches may be nearly even."""
    apart = log_losses(market, outcome) - log_losses(shares, outcome)
    return float(apart.mean()) <= _BEYOND * float(apart.std()) / math.sqrt(len(apart))


def _uniform(shape: tuple[int, ...], outcome: Longs) -> Check:
    loss = float(log_losses(np.full(shape, 1.0 / shape[1]), outcome).mean())
    exact = math.log(shape[1])
    return Check(f"uniform probabilities have a log loss of ln {shape[1]}", abs(loss - exact) < _EXACT, f"{loss:.6f}")


def _shuffled(prob: Mapping[str, Floats], shuffled: Longs, weeks: Weeks, rng: np.random.Generator) -> Check:
    """The table of the judgement, with the shares for the market: nothing is known beyond them, but by a cheater."""
    n, n_outcomes = next(iter(prob.values())).shape
    shares = base_rate(shuffled, n_outcomes)
    forecasts = {f"{name}, shuffled": values for name, values in prob.items()}
    rows = table_of({**forecasts, _CHEATER: told(shares, shuffled, rng)}, {CLOSE: shares}, shuffled, weeks)
    scores = {row.model: row.pool.weight.value / row.pool.error for row in rows if row.pool.error > 0.0}
    cheats, largest = scores.pop(_CHEATER, math.nan), max(scores.values(), default=math.nan)
    passed = (largest <= _BEYOND < cheats) if scores and math.isfinite(cheats) else None
    seen = f"largest weight {largest:.1f} standard errors, that of one who is told some {cheats:.1f}"
    seen = "no weight has a standard error" if passed is None else seen
    return Check("on shuffled outcomes no forecast adds to their shares", _or_few(passed, n), seen)


def _told(market: Floats, outcome: Longs, weeks: Weeks, rng: np.random.Generator) -> Check:
    (row,) = table_of({_CHEATER: told(market, outcome, rng)}, {CLOSE: market}, outcome, weeks)
    seen = f"{row.verdict}, weight {row.pool.weight.value:.2f}"
    return Check(
        "one who is told some outcomes adds to the market", _or_few(row.adds, len(outcome)) if weeks.enough else None,
        seen,
    )  # fmt: skip


def _own_price(name: str, sample: Sample, weeks: Weeks) -> Check:
    """A book below 100 % pays on all its sides: the bets there are the bookmaker's, not the harness's."""
    odds = sample.odds[name]
    sure = (1.0 / odds).sum(axis=1) < 1.0
    (earned,) = earnings_of({name: sample.fair[name]}, odds, None, sample.outcomes, weeks, _EXACT)
    bets = int(earned.staked[~sure].sum())
    seen = f"{bets} bets" + (f"; {int(sure.sum())} books below 100 %" if sure.any() else "")
    return Check(f"betting the probabilities of {name} at its own prices places no bet", not bets, seen)


def _or_few(passed: bool | None, n: int) -> bool | None:
    """A check that failed, or could not be made, proves nothing with few events."""
    return passed if passed or n >= FEWEST else None
