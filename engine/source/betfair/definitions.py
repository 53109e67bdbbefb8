"""What a market definition of Betfair says: the event, the market in our words, its runners, and how it ended.

Facts: Betfair's Exchange Stream API (`MarketDefinition`, `RunnerDefinition`) and its pages on historical data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.betting.sport import sport_of
from engine.clock import instant_ns
from engine.exchange.book import RunnerKey
from engine.schema import is_selection

#: sports by the number of their event type; others are named by their number
SPORTS: Final = {
    "1": "football", "2": "tennis", "4": "cricket", "5": "rugby_union", "6": "boxing", "7": "horse_racing",
    "1477": "rugby_league", "3503": "darts", "4339": "greyhounds", "6422": "snooker", "6423": "american_football",
    "7511": "baseball", "7522": "basketball", "7524": "ice_hockey", "61420": "australian_rules",
    "468328": "handball", "998917": "volleyball", "26420387": "mma",
}  # fmt: skip
#: fields of runners: their market, by the type of Betfair
RACES: Final = {"WIN": "winner", "PLACE": "place"}
_TYPES: Final = {
    "ASIAN_HANDICAP": "asian_handicap",
    "BOTH_TEAMS_TO_SCORE": "btts",
    "CORRECT_SCORE": "correct_score",
    "DOUBLE_CHANCE": "double_chance",
    "DRAW_NO_BET": "draw_no_bet",
    "HALF_TIME": "first_half_1x2",
}
_TOTALS: Final = re.compile(r"(OVER_UNDER|FIRST_HALF_GOALS)_([0-9]{2,4})")
_BETWEEN: Final = ((" @ ", True), (" v ", False), (" vs ", False))
_DOUBLES: Final = {"home or draw": "1x", "home or away": "12", "draw or away": "x2"}

Definition = Mapping[str, Any]


class UnknownMarket(ValueError):
    """A market that the store has no words for. The message says why."""


@dataclass(frozen=True)
class Described:
    """A market in the words of the store.

    Attributes
    ----------
    sport, competition, season, home, away : str
        The definition names no competition: the venue of a race, else the country.
    starts_ns : int
        `marketTime`, UTC nanoseconds.
    neutral : bool
    market : str
    selections : mapping of RunnerKey to tuple of (str, float or None)
        Selection and line of each runner that has them.
    """

    sport: str
    competition: str
    season: str
    home: str
    away: str
    starts_ns: int
    neutral: bool
    market: str
    selections: Mapping[RunnerKey, tuple[str, float | None]]


def runner_key(runner: Mapping[str, Any]) -> RunnerKey:
    """Id and handicap of a runner of a definition."""
    return int(runner["id"]), float(runner.get("hc") or 0.0)


def describe(definition: Definition) -> Described:
    """A market in the words of the store.

    Raises
    ------
    UnknownMarket
        It has another type, or lacks what tells its event or its sides.
    """
    try:
        return _described(definition)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        if isinstance(error, UnknownMarket):
            raise
        raise UnknownMarket("a market definition that is not as documented") from None


def _described(definition: Definition) -> Described:
    kind, runners = str(definition["marketType"]), list(definition["runners"])
    if definition.get("bettingType", "ODDS") not in ("ODDS", "ASIAN_HANDICAP_DOUBLE_LINE"):
        raise UnknownMarket(f"a market of the betting type {definition['bettingType']}")
    sport = SPORTS.get(str(definition["eventTypeId"]), f"betfair_{definition['eventTypeId']}")
    start = datetime.fromisoformat(str(definition["marketTime"]))
    starts_ns = instant_ns(start)
    country = str(definition.get("countryCode") or "international")
    if kind in RACES:
        place = str(definition.get("venue") or country)
        names = {runner_key(runner): (str(runner["id"]), None) for runner in runners}
        race = f"race {start:%Y-%m-%d %H:%M}"
        return Described(sport, place, f"{start.year}", "field", race, starts_ns, True, RACES[kind], names)
    home, away = _sides(definition, kind, runners)
    neutral = sport_of(sport).has_tour
    if neutral:
        home, away = sorted((home, away))
    market, selections = _selections(kind, runners, home, away)
    if not selections:
        raise UnknownMarket(f"a market of the type {kind} whose runners have no names")
    return Described(sport, country, f"{start.year}", home, away, starts_ns, neutral, market, selections)


def _sides(definition: Definition, kind: str, runners: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Names of home and away: of the event, else of the two sides that the market bets on, else their ids."""
    name = str(definition.get("eventName") or "")
    for word, is_turned in _BETWEEN:
        first, found, second = name.partition(word)
        if found and first.strip() and second.strip():
            return (second.strip(), first.strip()) if is_turned else (first.strip(), second.strip())
    if kind not in ("MATCH_ODDS", "DRAW_NO_BET", "ASIAN_HANDICAP", "MONEY_LINE"):
        raise UnknownMarket(f"a market of the type {kind} whose event has no names of two sides")
    ranked = sorted(runners, key=lambda runner: int(runner.get("sortPriority") or 0))
    sides = list(dict.fromkeys(str(runner.get("name") or runner["id"]) for runner in ranked))[:2]
    if len(sides) < 2:
        raise UnknownMarket("a market without two sides")
    return sides[0], sides[1]


def _selections(
    kind: str, runners: Sequence[Mapping[str, Any]], home: str, away: str
) -> tuple[str, dict[RunnerKey, tuple[str, float | None]]]:
    ranked = sorted(runners, key=lambda runner: int(runner.get("sortPriority") or 0))
    names = {runner_key(runner): str(runner.get("name") or runner["id"]).strip() for runner in ranked}
    if kind in ("MATCH_ODDS", "MONEY_LINE", "HALF_TIME", "DRAW_NO_BET"):
        market = _TYPES.get(kind) or ("1x2" if len(names) == 3 else "moneyline")
        by_name = {home: "home", away: "away", "The Draw": "draw"}
        words = {key: by_name.get(name, "") for key, name in names.items()}
        if "home" not in words.values() and "away" not in words.values():
            words = dict(zip(names, ("home", "away", "draw"), strict=False))
        return market, {key: (word, None) for key, word in words.items() if is_selection(market, word)}
    if kind == "ASIAN_HANDICAP":
        sides = {home: ("home", 1.0), away: ("away", -1.0)}
        found = {key: (*sides[name], key[1]) for key, name in names.items() if name in sides}
        return "asian_handicap", {key: (word, sign * line + 0.0) for key, (word, sign, line) in found.items()}
    if total := _TOTALS.fullmatch(kind):
        market = "totals" if total[1] == "OVER_UNDER" else "first_half_totals"
        words = {key: name.split(" ")[0].lower() for key, name in names.items()}
        line = int(total[2]) / 10.0
        return market, {key: (word, line) for key, word in words.items() if is_selection(market, word)}
    if kind not in _TYPES:
        raise UnknownMarket(f"a market of the type {kind}")
    market = _TYPES[kind]
    words = {key: _DOUBLES.get(name.lower(), name.lower().replace(" ", "")) for key, name in names.items()}
    return market, {key: (word, None) for key, word in words.items() if is_selection(market, word)}


def winner_of(definition: Definition, described: Described) -> str | None:
    """Home, draw or away, as the runners of a market of the winner ended; None where it says nothing of it."""
    if described.market not in ("1x2", "moneyline"):
        return None
    won = [runner_key(runner) for runner in definition["runners"] if runner.get("status") == "WINNER"]
    words = [described.selections[key][0] for key in won if key in described.selections]
    return words[0] if len(words) == 1 else None


def finish_of(definition: Definition) -> str:
    """How each runner of a race ended, as the column `winner_finish` or `place_finish` of events has it.

    Words with spaces between them: ``ID:won``, ``ID:lost``, ``ID:void`` (removed), ``ID:tied`` (more runners won than
    there are places, and nobody can say which of them share one); ``share:0.5`` of a dead heat for the win; and
    ``removed:NS:FRACTION`` for each removal, UTC nanoseconds and reduction factor.
    """
    runners = list(definition["runners"])
    places = int(definition.get("numberOfWinners") or 1)
    won = [runner for runner in runners if runner.get("status") in ("WINNER", "PLACED")]
    is_tied = len(won) > places
    words = []
    for runner in runners:
        status = runner.get("status")
        if status in ("WINNER", "PLACED"):
            words.append(f"{runner['id']}:{'tied' if is_tied and places > 1 else 'won'}")
        elif status == "LOSER":
            words.append(f"{runner['id']}:lost")
        elif status in ("REMOVED", "REMOVED_VACANT"):
            words.append(f"{runner['id']}:void")
            if runner.get("removalDate") and runner.get("adjustmentFactor"):
                at_ns = instant_ns(datetime.fromisoformat(str(runner["removalDate"])))
                words.append(f"removed:{at_ns}:{float(runner['adjustmentFactor']) / 100.0:.6g}")
    if is_tied and places == 1:
        words.append(f"share:{1.0 / len(won):.6g}")
    return " ".join(words)
