"""What Pinnacle offers now: events that have not begun, with their selections in our words, for links."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from engine.live.adapters.pinnacle.events import Events
from engine.live.adapters.pinnacle.fixtures import Fixtures, Match
from engine.live.adapters.pinnacle.lines import Lines
from engine.live.adapters.registry import Coverage
from engine.live.linking.propose import Offered, Selection


@dataclass
class Catalogue:
    """What a coverage asks for.

    Attributes
    ----------
    offered : list of Offered
    passed_over : Counter
        Events that cannot be offered, by reason.
    """

    offered: list[Offered] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def read_catalogue(lines: Lines, fixtures: Fixtures, coverage: Coverage, now_ns: int) -> Catalogue:
    """Ask for all events that start from now on and have prices.

    Parameters
    ----------
    lines : Lines
    fixtures : Fixtures
    coverage : Coverage
        A competition is a league of Pinnacle, under its name there or under ours.
    now_ns : int
        UTC nanoseconds.

    Raises
    ------
    ReadFailed
    """
    lines.refresh()
    fixtures.read()
    found, events = Catalogue(), Events(coverage)
    latest: dict[tuple[str, str, str, str], Match] = {}
    for _, match in sorted(fixtures.matches.items()):
        if reason := events.unfit(match) or ("an event that has begun" if match.starts_ns <= now_ns else ""):
            found.passed_over[reason] += 1
            continue
        name = events.name_of(match)
        key = name.competition, name.home, name.away, name.day
        found.passed_over["an event that is there again under a later id"] += key in latest
        latest[key] = match
    periods: dict[int, list[int]] = {}
    for event, number in lines.periods:
        periods.setdefault(int(event), []).append(number)
    for match in latest.values():
        teams, name = lines.teams(match.league), events.name_of(match)
        selections = () if teams is None else tuple(
            Selection(*ours, theirs)
            for number in periods.get(match.number, ())
            for theirs, ours in events.selections(match, lines.periods[f"{match.number}", number], teams).items()
        )  # fmt: skip
        if selections:
            competition = match.competition
            offer = Offered(f"{match.number}", name.home, name.away, match.starts_ns, competition, selections)
            found.offered.append(offer)
        else:
            found.passed_over["an event without a price of a market that is asked for"] += 1
    found.passed_over += lines.passed_over + fixtures.passed_over
    return found
