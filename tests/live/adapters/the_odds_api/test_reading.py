"""Odd answers that are documented or were seen: each is read, or passed over and counted; none is a failure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.adapters.the_odds_api.reading import Read, Reader
from engine.live.feed import FeedFailure
from tests.live.adapters.the_odds_api.service import START_NS
from tests.odds_server.world import iso

HOME, AWAY, DRAW = {"name": "Arsenal", "price": 1.95}, {"name": "Chelsea", "price": 4.1}, {"name": "Draw", "price": 3.6}
THREE = {("1x2", None, "home", 1.95), ("1x2", None, "away", 4.1), ("1x2", None, "draw", 3.6)}


def market(*outcomes: dict[str, Any], key: str = "h2h", **words: Any) -> dict[str, Any]:
    return {"key": key, "last_update": iso(START_NS), "outcomes": list(outcomes), **words}


def book(*markets: dict[str, Any], key: str = "pinnacle") -> dict[str, Any]:
    return {"key": key, "title": "A name", "last_update": iso(START_NS), "markets": list(markets)}


def event(*books: dict[str, Any], **words: Any) -> dict[str, Any]:
    return {
        "id": "a" * 32, "sport_key": "soccer_epl", "sport_title": "EPL", "home_team": "Arsenal", "away_team": "Chelsea",
        "commence_time": iso(START_NS + HOUR_NS), "bookmakers": list(books), **words,
    }  # fmt: skip


def read(*events: Any) -> Read:
    found = Reader(300 * SECOND_NS).read(list(events), START_NS)
    assert {size for *_, size, _, _ in found.quotes} <= {None}
    return found


def prices(found: Read) -> set[tuple[Any, ...]]:
    return {(market, line, selection, odds) for _, market, line, selection, _, _, odds, *_ in found.quotes}


def test_names_say_who_is_who_whatever_the_order() -> None:
    assert prices(read(event(book(market(AWAY, DRAW, HOME))))) == THREE
    assert prices(read(event(book(market(DRAW, HOME, AWAY))))) == THREE


def test_lay_markets_are_lays_wherever_they_stand() -> None:
    lay = market({"name": "Arsenal", "price": 2.0}, key="h2h_lay")
    for markets in ((lay, market(HOME)), (market(HOME), lay)):
        found = read(event(book(*markets, key="betfair_ex_eu")))
        assert {(side, odds) for *_, side, odds, _, _, _ in found.quotes} == {("lay", 2.0), ("back", 1.95)}


@pytest.mark.parametrize("key", ["brand_new", "player_points", "btts_lay", "alternate_asian_handicap"])
def test_an_unknown_market_is_passed_over_and_counted_and_the_others_are_read(key: str) -> None:
    odd = market({"name": "Over", "description": "A player", "price": 2.0, "point": 2.5}, key=key)
    found = read(event(book(odd, market(HOME, AWAY, DRAW))))
    assert prices(found) == THREE and found.passed_over == 1


def test_events_without_teams_are_passed_over_and_counted() -> None:
    winner = event(
        book(market({"name": "Arsenal", "price": 3.0}, key="outrights")), home_team=None, away_team=None,
        sport_key="soccer_epl_winner",
    )  # fmt: skip
    alone, mixed = read(winner), read(winner, event(book(market(HOME, AWAY, DRAW))))
    assert (alone.events, alone.quotes, alone.passed_over) == ({}, [], 1)
    assert prices(mixed) == THREE and mixed.passed_over == 1


def test_prices_that_are_none_are_passed_over_and_counted() -> None:
    found = read(event(book(market({"name": "Arsenal", "price": 1.0}, {"name": "Draw", "price": 0}, AWAY))))
    assert prices(found) == {("1x2", None, "away", 4.1)} and found.passed_over == 2


@pytest.mark.parametrize(("price", "suspect"), [(1.01, True), (1.0, None), (1.9, False)])
def test_a_price_that_only_stands_for_none_is_suspect(price: float, suspect: bool | None) -> None:
    others = [book(market(AWAY, DRAW, HOME), key=name) for name in ("skybet", "coolbet", "unibet_nl")]
    found = read(event(book(market(AWAY, DRAW, {**HOME, "price": price})), *others))
    marked = {(quote[4], quote[3]): quote[-1] for quote in found.quotes}
    assert marked.get(("pinnacle", "home")) == suspect and sum(marked.values()) == (suspect is True)


@pytest.mark.parametrize("books", [(), (book(),), (book(market()),), (book(market()), book(market(), key="skybet"))])
def test_an_event_that_nobody_prices_is_an_event(books: tuple[dict[str, Any], ...]) -> None:
    found = read(event(*books))
    assert len(found.events) == 1 and found.quotes == [] and found.passed_over == 0


def test_one_side_alone_is_a_price_and_a_stranger_is_none() -> None:
    found = read(event(book(market(HOME, {"name": "Fulham", "price": 3.0}))))
    assert prices(found) == {("1x2", None, "home", 1.95)} and found.passed_over == 1


def test_a_point_of_zero_and_of_a_quarter_are_lines() -> None:
    spreads = market({**AWAY, "point": 0}, {**HOME, "point": 0}, key="spreads")
    totals = market({"name": "Over", "price": 2, "point": 2.25}, key="totals")
    assert prices(read(event(book(spreads, totals)))) == {
        ("asian_handicap", 0.0, "home", 1.95), ("asian_handicap", 0.0, "away", 4.1), ("totals", 2.25, "over", 2.0),
    }  # fmt: skip


def test_fields_that_may_lack_or_be_null_are_not_needed() -> None:
    some = book(market({**HOME, "link": None, "sid": None, "bet_limit": None, "multiplier": 1}, link=None, sid=None))
    del some["last_update"]  # as on event odds
    plain = event(some, home_rotation=None)
    del plain["sport_title"]
    assert prices(read(plain)) == {("1x2", None, "home", 1.95)}


@pytest.mark.parametrize(
    ("completed", "scores", "expected"),
    [
        (False, None, ("scheduled", None, None)), (False, [], ("scheduled", None, None)),
        (False, [("Arsenal", "1"), ("Chelsea", "0")], ("scheduled", None, None)),
        (True, [("Chelsea", "0"), ("Arsenal", "2")], ("played", 2, 0)),
        (True, [("Arsenal", "2")], ("scheduled", None, None)),
    ],
)  # fmt: skip
def test_only_a_completed_event_with_both_scores_has_a_result(
    completed: bool, scores: list[tuple[str, str]] | None, expected: tuple[Any, ...]
) -> None:
    said = None if scores is None else [{"name": name, "score": score} for name, score in scores]
    document = event(commence_time=iso(START_NS - 3 * HOUR_NS), completed=completed, scores=said, last_update=None)
    del document["bookmakers"]
    (found,) = Reader(300 * SECOND_NS).read([document], START_NS).events.values()
    assert (found["status"], found["home_score"], found["away_score"]) == expected


def test_an_answer_that_is_nothing_of_it_is_a_failure() -> None:
    for value in ([1], [None], [{"id": 1}], ["x"], [event(book(market({**HOME, "price": float("inf")})))]):
        with pytest.raises(FeedFailure):
            read(*value)


@pytest.mark.parametrize(
    ("sport", "used", "passed_over", "results"),
    [
        ("soccer_epl", 5_097, 0, 0), ("soccer_germany_bundesliga", 4_388, 0, 0), ("tennis_atp_munich", 762, 0, 0),
        ("basketball_nba", 2_452, 0, 4), ("baseball_mlb", 3_331, 1, 40),
    ],
)  # fmt: skip
def test_of_real_answers_every_price_is_used_or_counted(
    reference_dir: Path, sport: str, used: int, passed_over: int, results: int
) -> None:
    folder, reader = reference_dir / "data" / "the_odds_api" / sport, Reader(300 * SECOND_NS)
    at_ns = round(datetime(2026, 4, 16, 19, tzinfo=UTC).timestamp()) * SECOND_NS
    events, scores = (json.loads((folder / f"{name}.json").read_bytes()) for name in ("odds", "scores"))
    prices = sum(len(m["outcomes"]) for one in events for b in one["bookmakers"] for m in b["markets"])
    found = reader.read(events, at_ns)
    assert (len(found.quotes), found.passed_over) == (used, passed_over)
    assert used + passed_over == prices and len(found.events) == len(events)
    ended = reader.read(scores, at_ns).events.values()
    assert (len(ended), sum(one["status"] == "played" for one in ended)) == (len(scores), results)
