"""A simulated league: who plays whom and when, how strong the teams are, what becomes known, how it ends.

What the market can know of a match is an opinion of the logarithm of each team's rate of goals. At the
opening it follows the strengths; news arrives in equal steps until the close; something stays hidden. The
truth is the sum of all three, so an opinion is right on average at any time, and later ones are sharper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.simulator.goals import HIGHEST_RATE, LOWEST_RATE
from engine.simulator.settings import SimulatorSettings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: equal steps of news from the opening to the close
STEPS: Final = 20
DAY_NS: Final = 86_400_000_000_000
HOUR_NS: Final = DAY_NS // 24
#: kick-offs within a round: days after its Friday, hour (UTC), share of the matches
_SLOTS: Final = (
    (0, 19.0, 0.1),
    (1, 12.5, 0.1),
    (1, 15.0, 0.5),
    (1, 17.5, 0.1),
    (2, 14.0, 0.1),
    (2, 16.5, 0.1),
)


@dataclass(frozen=True)
class League:
    """All matches of one league over all its seasons, in order of time of the rounds; n matches.

    Attributes
    ----------
    season, home, away : int64 (n,)
        Number of the season from 0, and of the teams.
    starts_at : int64 (n,)
        UTC nanoseconds.
    opinion : float64 (STEPS + 1, 2, n)
        Logarithm of the rates of home and away goals as they can be known after each step of news.
    rates : float64 (2, n)
        The true rates.
    goals : int64 (2, n)
        The result, drawn from the truth.
    """

    season: Longs
    home: Longs
    away: Longs
    starts_at: Longs
    opinion: Floats
    rates: Floats
    goals: Longs


def as_rates(log_rates: Floats, shared_rate: float) -> Floats:
    """Rates of logarithms, kept where a team scores more than the shared goals and less than is told
    apart.
    """
    return np.clip(np.exp(log_rates), max(LOWEST_RATE, shared_rate + 0.05), HIGHEST_RATE)


def double_round_robin(teams: int) -> tuple[Longs, Longs, Longs]:
    """Round, home and away of every match: the circle method, then the same with sides changed; (n,) each."""
    ring = np.arange(teams - 1)
    rounds, homes, aways = [], [], []
    for number in range(teams - 1):
        turned = np.roll(ring, number)
        first = np.concatenate(([teams - 1], turned[: teams // 2 - 1]))
        second = turned[teams // 2 - 1 :][::-1]
        swap = (number + np.arange(teams // 2)) % 2 == 1
        rounds.append(np.full(teams // 2, number))
        homes.append(np.where(swap, second, first))
        aways.append(np.where(swap, first, second))
    r, h, a = (np.concatenate(part) for part in (rounds, homes, aways))
    return np.concatenate([r, r + teams - 1]), np.concatenate([h, a]), np.concatenate([a, h])


def play(settings: SimulatorSettings, rng: np.random.Generator) -> League:
    """Draw one league. The order of the draws is part of what a seed means."""
    number, home, away = double_round_robin(settings.teams)
    rounds = 2 * (settings.teams - 1)
    n = len(number) * settings.seasons
    season = np.repeat(np.arange(settings.seasons), len(number))
    week = np.tile(number, settings.seasons) + season * rounds
    home, away = np.tile(home, settings.seasons), np.tile(away, settings.seasons)
    starts_at = _kick_offs(settings, season, np.tile(number, settings.seasons), rng)
    attack, defence = _strengths(settings, rounds * settings.seasons, rng)
    base = np.stack(
        [
            np.log(settings.home_rate) + attack[week, home] - defence[week, away],
            np.log(settings.away_rate) + attack[week, away] - defence[week, home],
        ]
    )
    news = rng.standard_normal((STEPS, 2, n)) * (settings.news_sd / np.sqrt(STEPS))
    opinion = np.concatenate([base[None], base + np.cumsum(news, axis=0)])
    hidden = rng.standard_normal((2, n)) * settings.hidden_sd
    rates = as_rates(opinion[-1] + hidden, settings.shared_rate)
    apart = rng.poisson(rates - settings.shared_rate)
    shared = rng.poisson(np.full(n, settings.shared_rate))
    return League(season, home, away, starts_at, opinion, rates, (apart + shared).astype(np.int64))


def _strengths(settings: SimulatorSettings, weeks: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Attack and defence of each team in each week, (weeks, teams): random walks that are drawn back to the
    mean.

    The pull keeps the spread between teams at `strength_sd` over any number of seasons.
    """
    spread, drift = settings.strength_sd, settings.drift_sd
    keep = np.sqrt(max(0.0, 1.0 - (drift / spread) ** 2)) if spread > 0 else 1.0
    steps = rng.standard_normal((weeks, 2, settings.teams))
    level = np.empty_like(steps)
    level[0] = steps[0] * spread
    for week in range(1, weeks):
        level[week] = keep * level[week - 1] + drift * steps[week]
    return level[:, 0], level[:, 1]


def _kick_offs(settings: SimulatorSettings, season: Longs, number: Longs, rng: np.random.Generator) -> Longs:
    """Instants of the starts: a round a week from the second Friday of August, in fixed slots from Friday to
    Monday.
    """
    shares = np.array([share for _, _, share in _SLOTS])
    slot = rng.choice(len(_SLOTS), size=len(season), p=shares / shares.sum())
    after = np.array([day * DAY_NS + int(hour * HOUR_NS) for day, hour, _ in _SLOTS], dtype=np.int64)
    firsts = []
    for year in range(settings.first_season, settings.first_season + settings.seasons):
        august = np.datetime64(f"{year:04d}-08-08", "D")
        friday = august + np.timedelta64((4 - (int(august.astype(np.int64)) + 3) % 7) % 7, "D")
        firsts.append(int(friday.astype(np.int64)) * DAY_NS)
    return np.array(firsts, dtype=np.int64)[season] + number * 7 * DAY_NS + after[slot]
