"""A simulated league: fixtures, kick-off times, team strengths, news and results.

The market's knowledge of a match is an opinion of the logarithm of each team's scoring rate. At the opening it
follows from the team strengths. News arrives in equal steps until the close, and some information stays hidden. The
true log rate is the sum of all three, so an opinion is unbiased at any time and later opinions are sharper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.clock import DAY_NS, HOUR_NS
from engine.simulator.goals import HIGHEST_RATE, LOWEST_RATE
from engine.simulator.settings import SimulatorSettings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: number of equal steps of news from the opening to the close
STEPS: Final = 20
#: kick-off slots of a round: days after Friday, hour (UTC), share of the matches
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
    """The n matches of one league over all its seasons, ordered by round.

    Attributes
    ----------
    season, home, away : int64 (n,)
        Numbers of the season and of the two teams, from 0.
    starts_at : int64 (n,)
        Kick-off, UTC nanoseconds.
    opinion : float64 (STEPS + 1, 2, n)
        Logarithm of the home and away scoring rates as known after each step of news.
    rates : float64 (2, n)
        True scoring rates, goals per match.
    goals : int64 (2, n)
        Result, drawn from the true rates.
    """

    season: Longs
    home: Longs
    away: Longs
    starts_at: Longs
    opinion: Floats
    rates: Floats
    goals: Longs


def as_rates(log_rates: Floats, shared_rate: float) -> Floats:
    """Scoring rates from log rates, clipped above the shared rate and below `HIGHEST_RATE`."""
    return np.clip(np.exp(log_rates), max(LOWEST_RATE, shared_rate + 0.05), HIGHEST_RATE)


def double_round_robin(teams: int) -> tuple[Longs, Longs, Longs]:
    """Round, home team and away team of each match, (n,) each.

    The circle method gives the first half of the season; the second half repeats it with home and away swapped.
    """
    ring = np.arange(teams - 1)
    rounds, homes, aways = [], [], []
    for number in range(teams - 1):
        rotated = np.roll(ring, number)
        first = np.concatenate(([teams - 1], rotated[: teams // 2 - 1]))
        second = rotated[teams // 2 - 1 :][::-1]
        swap = (number + np.arange(teams // 2)) % 2 == 1
        rounds.append(np.full(teams // 2, number))
        homes.append(np.where(swap, second, first))
        aways.append(np.where(swap, first, second))
    r, h, a = (np.concatenate(part) for part in (rounds, homes, aways))
    return np.concatenate([r, r + teams - 1]), np.concatenate([h, a]), np.concatenate([a, h])


def play(settings: SimulatorSettings, rng: np.random.Generator) -> League:
    """Simulate one league. The order in which `rng` is used must not change, or a seed would give another league."""
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
    separate = rng.poisson(rates - settings.shared_rate)
    shared = rng.poisson(np.full(n, settings.shared_rate))
    return League(season, home, away, starts_at, opinion, rates, (separate + shared).astype(np.int64))


def _strengths(settings: SimulatorSettings, weeks: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Attack and defence of each team in each week, (weeks, teams): random walks with mean reversion.

    The mean reversion keeps the spread between teams at `strength_sd` over any number of seasons.
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
    """Kick-offs in UTC nanoseconds: one round a week from the second Friday of August, in fixed slots.

    The slots run from Friday to Sunday.
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
