"""The running form of features that fit a goal model to all that was settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.asof.running import ByInstant
from research.goals.matches import Matches, score_of
from research.goals.newton import Played


class Rated(Protocol):
    """A fitted model that rates pairs of teams."""

    @property
    def steps(self) -> int:
        """Steps of the fit; -1: it did not end, and its rates are not used."""
        ...

    def rates(self, home: int, away: int, neutral: bool = False) -> tuple[float, float]:
        """Mean goals of home and away; -1: a team never seen."""
        ...


@dataclass(frozen=True)
class Refits:
    """When and to what a goal model is fitted.

    Attributes
    ----------
    fit : callable
        From matches and the number of teams to a model.
    last : str or None
        Attribute of the model that is the value after the two rates.
    warm_up : int
        Null until so many matches of the competition are settled.
    window_days : float
        Matches so long before the last settled one are left out.
    """

    fit: Callable[[Played, int], Rated]
    last: str | None
    warm_up: int
    window_days: float


class Refitted(ByInstant):
    """A goal model of each competition, fitted again whenever results were settled and somebody asks."""

    def __init__(self, refits: Refits) -> None:
        super().__init__()
        self._refits = refits
        self._matches: dict[tuple[str, str], Matches] = {}
        self._models: dict[tuple[str, str], tuple[int, Rated, dict[str, int]]] = {}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Add the matches of an instant to those of their competitions."""
        for result in results:
            score = score_of(result)
            if score is not None:
                matches = self._matches.setdefault((result["sport"], result["competition"]), Matches())
                matches.add(result, score, settled_ns)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Mean goals of home and away after regulation, and the further value; null, too, where a fit did not end."""
        group = event["sport"], event["competition"]
        matches, last = self._matches.get(group), self._refits.last
        unknown = (None, None) if last is None else (None, None, None)
        if matches is None or matches.count < max(self._refits.warm_up, 1):
            return unknown
        count, model, teams = self._models.get(group, (0, None, {}))
        if model is None or count != matches.count:
            played, teams = matches.window(self._refits.window_days)
            model = self._refits.fit(played, len(teams))
            self._models[group] = matches.count, model, teams
        if model.steps < 0:
            return unknown
        rates = model.rates(teams.get(event["home"], -1), teams.get(event["away"], -1), bool(event["neutral"]))
        return rates if last is None else (*rates, getattr(model, last))
