"""Seasons drawn from known rates, and real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from research.goals.newton import Played
from tests.bench.goals import matches, rows


def drawn(seed: int, n_teams: int = 8, rounds: int = 3, shared: float = 0.0) -> Played:
    """Every pair meets `rounds` times at home; the last round is on neutral ground."""
    rng = np.random.default_rng(seed)
    attack, defence = rng.normal(0.0, 0.3, (2, n_teams))
    pairs = [(i, j) for _ in range(rounds) for i in range(n_teams) for j in range(n_teams) if i != j]
    home, away = np.array(pairs, dtype=np.int64).T.copy()
    neutral = (np.arange(len(home)) >= len(home) * (rounds - 1) // rounds).astype(np.int64)
    both = rng.poisson(shared, len(home))
    home_goals = rng.poisson(np.exp(0.1 + 0.3 * (1 - neutral) + attack[home] + defence[away])) + both
    away_goals = rng.poisson(np.exp(0.1 + attack[away] + defence[home])) + both
    days = np.sort(rng.uniform(0.0, 900.0, len(home)))
    return Played(home, away, neutral, home_goals.astype(float), away_goals.astype(float), days)


def premier_league(reference: Path, seasons: tuple[str, ...]) -> tuple[Played, int]:
    """Matches of some seasons in the order of their dates, and the number of teams."""
    return matches(list(rows(reference / "data", "E0", seasons)))
