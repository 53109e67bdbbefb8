"""What Betfair offers now: its markets in our words, for the feed to follow and for links to be proposed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.fields import rows
from engine.live.adapters.registry import Coverage
from engine.live.linking.contract import Theirs
from engine.live.linking.propose import Offered, Selection
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, word
from engine.source.betfair.definitions import SPORTS, Described, UnknownMarket, describe

#: markets of one question: MARKET_DESCRIPTION weighs 1, the others 0, and a question may weigh 200
AT_ONCE: Final = 200
#: most questions of one reading
MOST_QUESTIONS: Final = 50
_GOALS: Final = ("05", "15", "25", "35", "45", "55", "65", "75", "85")
#: types of Betfair by our market
TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "1x2": ("MATCH_ODDS",), "moneyline": ("MATCH_ODDS", "MONEY_LINE"), "asian_handicap": ("ASIAN_HANDICAP",),
    "totals": tuple(f"OVER_UNDER_{goals}" for goals in _GOALS), "btts": ("BOTH_TEAMS_TO_SCORE",),
    "first_half_totals": tuple(f"FIRST_HALF_GOALS_{goals}" for goals in _GOALS[:3]),
    "correct_score": ("CORRECT_SCORE",), "double_chance": ("DOUBLE_CHANCE",), "draw_no_bet": ("DRAW_NO_BET",),
    "first_half_1x2": ("HALF_TIME",), "winner": ("WIN",), "place": ("PLACE",),
}  # fmt: skip
#: no handicap is this large
_MOST_HANDICAP: Final = 1e6


@dataclass(frozen=True)
class Listed:
    """A market of the catalogue.

    Attributes
    ----------
    market, event : str
        Ids of Betfair.
    definition : mapping
        What the catalogue says of it, in the form of a market definition of the stream.
    described : Described
    """

    market: str
    event: str
    definition: Mapping[str, Any]
    described: Described


@dataclass
class Catalogue:
    """The markets that a coverage asks for.

    Attributes
    ----------
    listed : list of Listed
        The next to start first.
    passed_over : Counter
        Markets that cannot be offered, by reason.
    """

    listed: list[Listed] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def read_catalogue(api: Api, coverage: Coverage, from_ns: int, questions: int = MOST_QUESTIONS) -> Catalogue:
    """Ask for all markets that are not closed and start from an instant on.

    Parameters
    ----------
    api : Api
    coverage : Coverage
        Competitions are those of the import of files: the venue of a race, else the country.
    from_ns : int
        UTC nanoseconds.
    questions : int
        Most questions, of `AT_ONCE` markets each.

    Raises
    ------
    ReadFailed
    """
    found = Catalogue()
    for row in _read(api, _filter(coverage), from_ns, questions, found.passed_over):
        try:
            definition = _definition(row)
            described = describe(definition)
            event = word(_part(row, "event"), "id")
        except (UnknownMarket, Misread) as error:
            reason = str(error) if isinstance(error, UnknownMarket) else "a market that is not as documented"
            found.passed_over[reason] += 1
            continue
        if coverage.markets and described.market not in coverage.markets:
            found.passed_over[f"a market {described.market}, which is not asked for"] += 1
        elif coverage.competitions and described.competition not in coverage.competitions:
            found.passed_over["a market of another competition"] += 1
        else:
            found.listed.append(Listed(word(row, "marketId"), event, definition, described))
    return found


def offered(catalogue: Catalogue) -> list[Offered]:
    """The events with their selections, for links."""
    events = dict[tuple[str, str, str], list[Listed]]()
    for one in catalogue.listed:
        events.setdefault((one.event, one.described.home, one.described.away), []).append(one)
    return [
        Offered(
            event, home, away, min(one.described.starts_ns for one in some), some[0].described.competition,
            tuple(selection for one in some for selection in _selections(one)),
        )
        for (event, home, away), some in events.items()
    ]  # fmt: skip


def completed(listed: Listed, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition of the stream with the names that only the catalogue and the historical files have."""
    known, runners = listed.definition, definition.get("runners")
    if not isinstance(runners, list):
        return definition
    names = {(row["id"], float(row["hc"])): row["name"] for row in known["runners"]}
    whole = []
    for runner in runners:
        key = _key(runner)
        name = None if key is None else names.get(key)
        whole.append({"name": name, **runner} if name else runner)
    return {"eventName": known["eventName"], **definition, "runners": whole}


def _key(runner: Any) -> tuple[int, float] | None:
    """Id and handicap of a runner of the stream; None where they are no numbers: it stays without a name."""
    number, handicap = (runner.get("id"), runner.get("hc") or 0.0) if isinstance(runner, dict) else (None, 0.0)
    if type(number) is not int or type(handicap) not in (int, float) or not abs(handicap) < _MOST_HANDICAP:
        return None
    return number, float(handicap)


def _filter(coverage: Coverage) -> dict[str, Any]:
    number = next((number for number, sport in SPORTS.items() if sport == coverage.sport), None)
    number = number or coverage.sport.removeprefix("betfair_")
    kinds = sorted({kind for market in coverage.markets or TYPES for kind in TYPES.get(market, ())})
    return {"eventTypeIds": [number], "marketTypeCodes": kinds}


def _read(
    api: Api, wanted: Mapping[str, Any], from_ns: int, questions: int, passed_over: Counter[str]
) -> Iterator[Row]:
    """All rows, question by question from the start of the last row on; there are no pages."""
    start, seen = datetime.fromtimestamp(from_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), set[str]()
    for _ in range(questions):
        question = {
            "filter": {**wanted, "marketStartTime": {"from": start}}, "maxResults": AT_ONCE, "sort": "FIRST_TO_START",
            "marketProjection": [
                "EVENT", "EVENT_TYPE", "COMPETITION", "MARKET_START_TIME", "MARKET_DESCRIPTION", "RUNNER_DESCRIPTION",
            ],
        }  # fmt: skip
        try:
            page = rows({"markets": api.read("listMarketCatalogue", question).value}, "markets")
            new = [row for row in page if word(row, "marketId") not in seen]
            last = word(page[-1], "marketStartTime") if page else ""
        except Misread:
            raise ReadFailed("unreadable_market") from None
        seen |= {word(row, "marketId") for row in new}
        yield from new
        if len(page) < AT_ONCE:
            return
        if last == start:
            passed_over["more markets start at one instant than one question gives"] += 1
            return
        start = last
    passed_over["more markets than a reading asks for"] += 1


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    if not isinstance(part, dict):
        raise Misread(name)
    return part


def _definition(row: Row) -> dict[str, Any]:
    description, event = _part(row, "description"), _part(row, "event")
    found = {
        "marketType": word(description, "marketType"), "bettingType": word(description, "bettingType"),
        "eventTypeId": word(_part(row, "eventType"), "id"), "marketTime": word(row, "marketStartTime"),
        "eventName": word(event, "name"),
        "runners": [
            {
                "id": runner.get("selectionId"), "hc": runner.get("handicap") or 0.0,
                "name": word(runner, "runnerName"), "sortPriority": runner.get("sortPriority"),
            }
            for runner in rows(row, "runners")
        ],
    }  # fmt: skip
    return found | {name: event[name] for name in ("countryCode", "venue") if isinstance(event.get(name), str)}


def _selections(one: Listed) -> Sequence[Selection]:
    return [
        Selection(
            one.described.market, line, selection, Theirs(one.event, one.market, str(runner), handicap)
        )
        for (runner, handicap), (selection, line) in one.described.selections.items()
    ]  # fmt: skip
