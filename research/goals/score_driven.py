"""Attack and defence that move with the score of the likelihood after every match."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.asof.running import ByInstant
from research.goals.matches import score_of

#: columns of events that are read
READS: Final = (
    "sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "score_scope",
    "home_regulation", "away_regulation", "home_shots_on_target", "away_shots_on_target",
)  # fmt: skip
_DAY_NS: Final = 86_400_000_000_000
_YEAR: Final = 365.0
#: no log mean goes beyond, a mean of 54; one that would has no value: this is no model of a sport of so many points
_HIGHEST: Final = 4.0


@dataclass(frozen=True)
class Gains:
    """How fast the levels move, and where a team begins.

    Attributes
    ----------
    goals, shots : float
        Step of attack and defence per unit of the score of goals, and of shots on target. 0: they move nothing.
    level : float
        Step of the counts of an average team and of the home advantage.
    slope : float
        Of attack and defence in the log mean of shots, where it is 1 in that of goals.
    keeps : float
        Share of its distance from the average that a team keeps over a pause of `pause_days` or more.
    pause_days : float
        A pause between two seasons, days.
    newcomer : float
        A team that comes in later than the first year of the competition, or comes back after a year, starts with the
        attack -newcomer and the defence newcomer.
    """

    goals: float
    shots: float
    level: float
    slope: float
    keeps: float
    pause_days: float
    newcomer: float


@dataclass(frozen=True)
class Level:
    """Log of the count of an average team away, and the advantage of the home side."""

    mu: float
    h: float


#: 1.16 goals away and 1.49 at home, 4.1 and 5.2 shots on target: where a competition begins
GOALS, SHOTS = Level(0.15, 0.25), Level(1.4, 0.25)


@dataclass
class _Team:
    attack: float
    defence: float
    last_ns: int


@dataclass
class _Competition:
    first_ns: int
    goals: Level = GOALS
    shots: Level = SHOTS
    n_goals: int = 0
    n_shots: int = 0
    teams: dict[str, _Team] = field(default_factory=dict)


@dataclass(frozen=True)
class _Move:
    """Scaled scores of one match, home and away; None: not counted."""

    home: str
    away: str
    at_home: bool
    goals: tuple[float, float] | None
    shots: tuple[float, float] | None


class ScoreDriven(ByInstant):
    """Attack and defence of each team of a competition, moved once by each of its matches.

    With e = attack_home + defence_away the home side's mean of goals is exp(mu + h + e), and its mean of shots on
    target exp(mu' + h' + slope * e); those of the away side have the other attack and defence, without h. The
    derivative of the Poisson log likelihood by the log of a mean is the count less the mean; divided by the root of the
    mean it is the scaled score (Creal, Koopman & Lucas 2013, Journal of Applied Econometrics 28(5), equations 2 to 4,
    scaled by the inverse root of the information; Koopman & Lit 2019, International Journal of Forecasting 35(2), for
    football). All matches of one instant are scored by the levels before it.

    Parameters
    ----------
    gains : Gains
    warm_up : int
        Null until so many matches of the competition have counted.
    of_shots : bool
        Whether the values are means of shots on target, instead of goals.
    further : tuple of float
        Values after the two means.
    """

    def __init__(self, gains: Gains, warm_up: int, *, of_shots: bool, further: tuple[float, ...] = ()) -> None:
        super().__init__()
        self._gains, self._warm_up, self._of_shots, self._further = gains, warm_up, of_shots, further
        self._competitions: dict[tuple[str, str], _Competition] = {}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Score all matches of an instant, then move the levels in the order of event_id."""
        moves: list[tuple[_Competition, _Move]] = []
        for result in results:
            goals, shots = score_of(result), _shots_of(result)
            if goals is None and shots is None:
                continue
            here = self._competitions.setdefault((result["sport"], result["competition"]), _Competition(settled_ns))
            for name in (result["home"], result["away"]):
                here.teams[name] = self._now(here, name, settled_ns)
            scored, shot = (
                None if counts is None else _scaled(counts, self._means(here, result, settled_ns, of_shots))
                for counts, of_shots in ((goals, False), (shots, True))
            )
            moves.append((here, _Move(result["home"], result["away"], not result["neutral"], scored, shot)))
        for here, move in moves:
            self._move(here, move, settled_ns)

    def _move(self, here: _Competition, move: _Move, settled_ns: int) -> None:
        gains, by_home, by_away = self._gains, 0.0, 0.0
        if move.goals is not None:
            by_home, by_away = gains.goals * move.goals[0], gains.goals * move.goals[1]
            here.goals = _moved(here.goals, move.goals, gains.level, move.at_home)
            here.n_goals += 1
        if move.shots is not None:
            by_home, by_away = by_home + gains.shots * move.shots[0], by_away + gains.shots * move.shots[1]
            here.shots = _moved(here.shots, move.shots, gains.level, move.at_home)
            here.n_shots += 1
        for name, scored, conceded in ((move.home, by_home, by_away), (move.away, by_away, by_home)):
            team = here.teams[name]
            team.attack += scored
            team.defence += conceded
            team.last_ns = settled_ns

    def _now(self, here: _Competition, name: str, at_ns: int) -> _Team:
        """A team before its next match: a copy, after a pause moved towards the average."""
        gains, team = self._gains, here.teams.get(name)
        since_ns = here.first_ns if team is None else team.last_ns
        away_days = (at_ns - since_ns) / _DAY_NS
        if away_days > _YEAR:
            return _Team(-gains.newcomer, gains.newcomer, at_ns)
        if team is None:
            return _Team(0.0, 0.0, at_ns)
        if away_days < gains.pause_days:
            return _Team(team.attack, team.defence, team.last_ns)
        return _Team(team.attack * gains.keeps, team.defence * gains.keeps, at_ns)

    def _means(self, here: _Competition, event: Mapping[str, Any], at_ns: int, of_shots: bool) -> tuple[float, float]:
        home, away = (self._now(here, event[side], at_ns) for side in ("home", "away"))
        level, slope = (here.shots, self._gains.slope) if of_shots else (here.goals, 1.0)
        lift = 0.0 if event["neutral"] else level.h
        return (
            math.exp(min(level.mu + lift + slope * (home.attack + away.defence), _HIGHEST)),
            math.exp(min(level.mu + slope * (away.attack + home.defence), _HIGHEST)),
        )

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Means of home and away, and the further values; null before the warm-up and for a mean above 54."""
        here = self._competitions.get((event["sport"], event["competition"]))
        counted = 0 if here is None else here.n_shots if self._of_shots else here.n_goals
        unknown = (None,) * (2 + len(self._further))
        if here is None or counted < max(self._warm_up, 1):
            return unknown
        means = self._means(here, event, decided_ns, self._of_shots)
        return unknown if max(means) >= math.exp(_HIGHEST) else (*means, *self._further)


def _shots_of(result: Mapping[str, Any]) -> tuple[int, int] | None:
    """Shots on target; None: not played to its end, or not counted by the source."""
    home, away = result["home_shots_on_target"], result["away_shots_on_target"]
    return None if result["status"] != "played" or home is None or away is None else (home, away)


def _scaled(counts: tuple[int, int], means: tuple[float, float]) -> tuple[float, float]:
    return (counts[0] - means[0]) / math.sqrt(means[0]), (counts[1] - means[1]) / math.sqrt(means[1])


def _moved(level: Level, scores: tuple[float, float], gain: float, at_home: bool) -> Level:
    lift = gain * (scores[0] - scores[1]) if at_home else 0.0
    return Level(level.mu + gain * (scores[0] + scores[1]), level.h + lift)
