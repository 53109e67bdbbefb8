"""The harness tested on forecasts whose place is known, on the very events of the judgement.

A cheater that knows the outcome must come before the market, the market before the base rate, the base rate before
uniform probabilities, whose log loss is the logarithm of the number of outcomes. On shuffled outcomes no forecast may
beat the shares of the outcomes. Whoever bets the market's own probabilities at its prices finds no edge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.judging.scores import log_losses

__all__ = ["Check", "failed", "self_test"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: below this many events, chance alone may put the base rate before the market
FEWEST: Final = 500
#: probability that the cheater gives to what happened
_CHEAT: Final = 0.98
_EXACT: Final = 1e-12


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


def self_test(
    prob: Mapping[str, Floats], odds: Mapping[str, Floats], market: str, outcome: Longs,
    rng: np.random.Generator,
) -> tuple[Check, ...]:  # fmt: skip
    """Test the harness.

    Parameters
    ----------
    prob : mapping of str to float64 (n, n_outcomes)
        All forecasts of the judgement, those of `market` among them.
    odds : mapping of str to float64 (n, n_outcomes)
        Prices of the market forecasts in `prob`.
    market : str
        Name of the closing market.
    outcome : int64 (n,)
    rng : numpy.random.Generator
        Shuffles the outcomes.
    """
    return (
        _order(prob[market], outcome),
        _uniform(prob[market].shape, outcome),
        _shuffled(prob, outcome, rng),
        *(_own_price(name, prob[name], odds[name]) for name in odds if name in prob),
    )


def cheater(outcome: Longs, n_outcomes: int) -> Floats:
    """Nearly all probability on what happened."""
    rest = (1.0 - _CHEAT) / (n_outcomes - 1)
    return np.where(np.eye(n_outcomes)[outcome] == 1.0, _CHEAT, rest)


def base_rate(outcome: Longs, n_outcomes: int) -> Floats:
    """The shares of the outcomes for each event: with hindsight, so no other constant has a lower log loss."""
    return np.tile(np.bincount(outcome, minlength=n_outcomes) / len(outcome), (len(outcome), 1))


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
    values = list(losses.values())
    in_order = values == sorted(values) and len(set(values)) == len(values)
    return Check("cheater, market, base rate, uniform rank in this order", _told(in_order, n), seen)


def _uniform(shape: tuple[int, ...], outcome: Longs) -> Check:
    loss = float(log_losses(np.full(shape, 1.0 / shape[1]), outcome).mean())
    exact = math.log(shape[1])
    return Check(f"uniform probabilities have a log loss of ln {shape[1]}", abs(loss - exact) < _EXACT, f"{loss:.6f}")


def _shuffled(prob: Mapping[str, Floats], outcome: Longs, rng: np.random.Generator) -> Check:
    shuffled = rng.permutation(outcome)
    n, n_outcomes = next(iter(prob.values())).shape
    least = float(log_losses(base_rate(outcome, n_outcomes), shuffled).mean())
    losses = {name: float(log_losses(values, shuffled).mean()) for name, values in prob.items()}
    best = min(losses, key=losses.__getitem__)
    seen = f"shares {least:.4f}, the best forecast ({best}) {losses[best]:.4f}"
    return Check("on shuffled outcomes no forecast beats the shares", _told(losses[best] >= least - _EXACT, n), seen)


def _own_price(name: str, fair: Floats, odds: Floats) -> Check:
    """A book below 100 % pays on all its sides: the bets there are the bookmaker's, not the harness's."""
    sure = (1.0 / odds).sum(axis=1) < 1.0
    bets = (fair * odds - 1.0 > _EXACT).any(axis=1)
    seen = f"{int((bets & ~sure).sum())} bets" + (f"; {int(sure.sum())} books below 100 %" if sure.any() else "")
    return Check(f"betting the probabilities of {name} at its own prices places no bet", not (bets & ~sure).any(), seen)


def _told(passed: bool, n: int) -> bool | None:
    return True if passed else (False if n >= FEWEST else None)
