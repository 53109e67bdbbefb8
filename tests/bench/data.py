"""Simulated tapes and lists of configurations, as plain arrays that every contender reads from one file.

Two kinds of tape:

- ``sequential``: one opportunity per event, each settled before the next is decided. Every contender can express it,
  so their results can be compared.
- ``overlapping``: six opportunities per event (three selections, two instants), decided up to a day before the
  start and settled together after it, with voids and half wins. The rules of this project are made for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]

STAKINGS = ("flat", "percent", "kelly")
#: minor units; so large that rounding stakes down stays far below the tolerance of the checks
BANKROLL = 1e12
_SECOND = 10**9
_MINUTE = 60 * _SECOND
_START = 1_600_000_000 * _SECOND - 1_600_000_000 % 86_400 * _SECOND


@dataclass(frozen=True)
class Job:
    """One piece of work: a tape and a number of configurations over it.

    Attributes
    ----------
    rows, count : int
        Opportunities on the tape; configurations.
    passing : float
        Mean share of (row, configuration) pairs that pass the filters.
    kind : str
        ``sequential`` or ``overlapping``.
    stakings : tuple of str
        Staking rules that the configurations take in turn.
    seed : int
    """

    rows: int
    count: int
    passing: float = 0.2
    kind: str = "sequential"
    stakings: tuple[str, ...] = STAKINGS
    seed: int = 20_260_101

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.kind}-{self.rows}-{self.count}-{self.passing:g}-{'-'.join(self.stakings)}-{self.seed}"

    def write(self, folder: Path) -> Path:
        """Write tape and configurations into one file, once."""
        path = folder / f"{self.name}.npz"
        if not path.exists():
            tape = _sequential(self) if self.kind == "sequential" else _overlapping(self)
            np.savez(path, **tape, **_configurations(self, tape), bankroll=np.float64(BANKROLL))
        return path


def _prices(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], ...]:
    """Odds, the strategy's probability and the true one. The mean true edge is -2 %; the strategy takes it for 0."""
    odds = np.round(np.exp(rng.uniform(np.log(1.3), np.log(6.0), n)), 2)
    edge = rng.normal(-0.02, 0.02, n)
    truth = np.clip((1.0 + edge) / odds, 0.01, 0.97)
    prob = np.clip((1.0 + edge + rng.normal(0.02, 0.03, n)) / odds, 0.01, 0.97)
    return odds, prob, truth


def _sequential(job: Job) -> Arrays:
    rng = np.random.default_rng(job.seed)
    odds, prob, truth = _prices(rng, job.rows)
    decided = _START + np.arange(job.rows, dtype=np.int64) * 30 * _MINUTE
    return {
        "odds": odds,
        "prob": prob,
        "won": (rng.random(job.rows) < truth).astype(np.int8),
        "decided_at": decided,
        "settled_at": decided + 20 * _MINUTE,
    }


def _overlapping(job: Job) -> Arrays:
    rng = np.random.default_rng(job.seed)
    events = -(-job.rows // 6)
    start = _START + np.sort(rng.integers(0, events * 20, events)) * _MINUTE + 86_400 * _SECOND
    event = np.repeat(np.arange(events), 6)[: job.rows]
    place = np.arange(job.rows) % 6
    odds, prob, truth = _prices(rng, job.rows)
    ahead = rng.integers(5, 24 * 60, 2 * events)[event * 2 + place // 3] * _MINUTE
    result = np.where(rng.random(job.rows) < truth, "win", "lose")
    odd = rng.random(job.rows)
    result = np.where(odd < 0.02, "void", np.where(odd < 0.05, "half_win", np.where(odd < 0.08, "half_lose", result)))
    return {
        "odds": odds,
        "prob": prob,
        "event": event,
        "competition": event % 20,
        "selection": place % 3,
        "bookmaker": place // 3,
        "result": result,
        "decided_at": start[event] - ahead,
        "settled_at": start[event] + 110 * _MINUTE,
    }


def _configurations(job: Job, tape: Arrays) -> Arrays:
    """Edge thresholds spread around the requested share; a range of odds, a staking rule and its size in turn."""
    number = np.arange(job.count)
    rng = np.random.default_rng(job.seed + 1)
    share = job.passing * (0.5 + rng.random(job.count))
    edge = tape["prob"] * tape["odds"] - 1.0
    turn = number % len(job.stakings)
    codes = np.array([STAKINGS.index(name) for name in job.stakings])
    return {
        "edge_min": np.quantile(edge, 1.0 - share),
        "odds_min": np.where(number % 4 == 1, 1.5, 1.0),
        "odds_max": np.where(number % 4 == 2, 4.5, 1_000.0),
        "staking": codes[turn],
        "amount": BANKROLL * (1e-5 + 9e-5 * rng.random(job.count)),
        "fraction": np.where(codes[turn] == 2, 0.05, 0.002) * (0.5 + rng.random(job.count)),
    }
