"""The feed of Pinnacle: events, prices, what becomes stale, results, restarts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from engine.clock import HOUR_NS
from engine.errors import ConfigurationError
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.registry import Coverage
from engine.live.feed import Gap, Mark, Quote
from tests.live.adapters.pinnacle.scene import START_NS, Scene, fails, fixtures, heard, quotes, results, serving
from tests.pinnacle_server.offer import three_way


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serving(tmp_path) as made:
        yield made


def test_events_and_prices_of_a_snapshot(scene: Scene) -> None:
    messages = heard(scene.feed())
    assert [(one.values["home"], one.values["away"]) for one in fixtures(messages)] == [
        ("Arsenal", "Chelsea"), ("Leeds", "Everton"),
    ]  # fmt: skip
    found = quotes(messages)
    assert {series[2]: (one.odds, one.size_minor, one.kind) for series, one in found.items()} == {
        "home": (2.5, 50_000.0, "snapshot"), "draw": (3.4, 50_000.0, "snapshot"), "away": (1.5, 100_000.0, "snapshot"),
    }  # fmt: skip
    assert {(one.market, one.bookmaker, one.side) for one in found.values()} == {("1x2", "pinnacle", "back")}
    assert isinstance(messages[-1], Mark)


def test_a_period_of_a_delta_is_whole_and_the_others_stand(scene: Scene) -> None:
    feed = scene.feed()
    scene.offer.period(11, 1, moneyline=three_way(3.0, 2.0, 4.0))
    heard(feed)
    scene.offer.period(11, spreads=[{"hdp": -0.5, "home": 1.9, "away": 2.0}])
    messages = heard(feed)
    found = quotes(messages)
    assert {series: one.stale for series, one in found.items()} == {
        ("1x2", None, "home"): True, ("1x2", None, "draw"): True, ("1x2", None, "away"): True,
        ("asian_handicap", -0.5, "home"): False, ("asian_handicap", -0.5, "away"): False,
    }  # fmt: skip
    assert [since for path, since in scene.offer.asked if path == "/v2/odds"] == [None, "504"]


def test_what_stands_is_not_said_at_every_reading_but_again_after_five_minutes(scene: Scene) -> None:
    feed = scene.feed()
    heard(feed)
    assert not quotes(heard(feed)) and not quotes(heard(feed))
    again = quotes(heard(feed))
    assert len(again) == 3 and not any(one.stale for one in again.values())


@pytest.mark.parametrize("change", [{"status": 2}, {"moneyline": None}, {"cutoff": "2000-01-01T00:00:00Z"}])
def test_a_market_that_is_not_open_is_stale(scene: Scene, change: dict[str, Any]) -> None:
    feed = scene.feed()
    heard(feed)
    scene.offer.period(11, **{"moneyline": three_way(2.0, 3.0, 4.0)} | change)
    assert [one.stale for one in quotes(heard(feed)).values()] == [True] * 3


def test_a_price_is_stale_from_its_cut_off_on(scene: Scene) -> None:
    feed = scene.feed()
    scene.offer.period(11, cutoff_ns=START_NS + 30 * 10**9, moneyline=three_way(2.0, 3.0, 4.0))
    heard(feed)
    scene.clock.sleep_ns(31 * 10**9)
    assert [one.stale for one in quotes(list(feed.poll(0))).values()] == [True] * 3


def test_after_a_failure_everything_is_stale_until_the_next_snapshot(scene: Scene) -> None:
    feed = scene.feed()
    heard(feed)
    scene.offer.failing.append((500, "x"))
    messages = heard(feed)
    assert [type(one) for one in messages if not isinstance(one, Mark)] == [Gap] and messages[0].source == "pinnacle"  # type: ignore[union-attr]
    assert fails(feed) == "status_500" and fails(feed) == ""
    again = heard(feed)
    assert len(quotes(again)) == 3 and not any(one.stale for one in quotes(again).values())
    assert [since for path, since in scene.offer.asked if path == "/v2/odds"] == [None, "503", None]


def test_the_pace_of_odds_holds_whatever_the_time_out(scene: Scene) -> None:
    feed, at = scene.feed(), list[int]()
    for _ in range(2_000):
        asked = feed._lines.readings
        feed.poll(10**9)
        at += [scene.clock.wall_ns()] * (feed._lines.readings > asked)
    assert len(at) > 10 and min(after - before for before, after in itertools.pairwise(at)) >= PACE_NS


def test_prices_of_a_live_event_are_in_play_prices_of_its_parent(scene: Scene) -> None:
    feed = scene.feed()
    scene.offer.match(21, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS, liveStatus=1, parentId=11)
    scene.offer.period(21, moneyline=three_way(1.2, 5.0, 9.0))
    scene.offer.leagues[8] = ("England - Premier League Corners", "Team1")
    for number, more in ((22, {"liveStatus": 1}), (23, {"liveStatus": 2})):
        scene.offer.match(number, "Arsenal (Corners)", "Chelsea (Corners)", START_NS + 10**13, 8, parentId=11, **more)
        scene.offer.period(number, moneyline=three_way(1.9, 8.0, 2.0))
    messages = heard(feed)
    kinds = {(one.kind, one.odds) for one in messages if isinstance(one, Quote) and one.selection == "home"}
    assert kinds == {("snapshot", 2.5), ("in_play", 1.2)}
    assert len({one.event_id for one in messages if isinstance(one, Quote)}) == 1 and len(fixtures(messages)) == 2


def test_corners_other_competitions_and_leagues_without_a_home_team_are_counted(scene: Scene) -> None:
    scene.offer.leagues |= {8: ("Norway - 1st Division", "Team1"), 9: ("England - Premier League", "")}
    scene.offer.match(31, "A (Corners)", "B (Corners)", START_NS + 10**13, resultingUnit="Corners")
    scene.offer.match(32, "C", "D", START_NS + 10**13, 8)
    scene.offer.match(33, "E", "F", START_NS + 10**13, 9)
    scene.offer.period(33, moneyline=three_way(2.0, 3.0, 4.0))
    feed = scene.feed(Coverage("football", ("England - Premier League",), ("1x2",)))
    messages = heard(feed, 2)
    assert {one.values["home"] for one in fixtures(messages)} == {"Arsenal", "Leeds", "E"}
    assert len(quotes(messages)) == 3
    assert dict(feed.passed_over) == {
        "an event that is settled by corners": 1, "an event of another competition": 1,
        "an event of a league whose home team is not known": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), [("Team1", (2, 1)), ("Team2", (1, 2))])
def test_results_are_those_of_home_and_away_and_of_the_first_half(
    scene: Scene, kind: str, expected: tuple[int, int]
) -> None:
    scene.offer.leagues[7] = ("England - Premier League", kind)
    feed = scene.feed()
    heard(feed)
    scene.offer.end(11, (1, 0), 1)
    assert not results(heard(feed))
    scene.offer.end(11, (2, 1))
    (result,) = results(heard(feed))
    values = result.values
    assert (values["status"], values["home_score"], values["away_score"]) == ("played", *expected)
    assert {values["home_first_half"], values["away_first_half"]} == {0, 1} and result.version == 1
    scene.offer.end(11, (3, 1), status=2)
    (again,) = results(heard(feed))
    assert again.version == 2 and 3 in (again.values["home_score"], again.values["away_score"])
    scene.offer.end(11, None, status=4)
    (void,) = results(heard(feed))
    assert (void.version, void.values["status"], void.values["home_score"]) == (3, "abandoned", None)


def test_a_deleted_event_has_no_result_and_no_price(scene: Scene) -> None:
    feed = scene.feed()
    heard(feed)
    scene.offer.end(11, None, status=5)
    messages = heard(feed, 4)
    assert not results(messages) and [one.stale for one in quotes(messages).values()] == [True] * 3
    assert feed.passed_over["a deleted event"] == 1


def test_of_two_events_that_are_one_the_later_id_counts(scene: Scene) -> None:
    feed = scene.feed()
    event_id = quotes(heard(feed))["1x2", None, "home"].event_id
    scene.offer.match(41, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS)
    scene.offer.period(41, moneyline={"home": 2.9, "draw": 3.4})
    found = quotes(heard(feed))
    assert {series[2]: (one.odds, one.stale) for series, one in found.items()} == {
        "home": (2.9, False), "draw": (3.4, False), "away": (1.5, True),
    }  # fmt: skip
    assert {one.event_id for one in found.values()} == {event_id}


def test_an_event_that_is_moved_keeps_its_id_also_after_a_restart(scene: Scene) -> None:
    feed = scene.feed()
    (before, _) = fixtures(heard(feed))
    scene.offer.match(11, "Arsenal", "Chelsea FC", START_NS + 100 * HOUR_NS)
    (moved,) = fixtures(heard(feed))
    assert moved.values["event_id"] == before.values["event_id"] and moved.starts_ns == START_NS + 100 * HOUR_NS
    scene.clock.sleep_ns(PACE_NS)
    after = fixtures(heard(scene.feed()))
    assert [one.values for one in after if one.values["home"] == "Arsenal"] == [moved.values]


def test_a_result_that_came_while_nobody_listened_is_told_after_a_restart(scene: Scene) -> None:
    heard(scene.feed())
    scene.offer.end(11, (2, 1))
    scene.clock.sleep_ns(PACE_NS)
    (result,) = results(heard(scene.feed()))
    assert (result.values["home"], result.values["home_score"]) == ("Arsenal", 2)


def test_a_result_is_told_however_long_nobody_listened(scene: Scene) -> None:
    heard(scene.feed())
    scene.offer.end(11, (1, 0), 1)
    scene.restart()
    heard(scene.feed())
    scene.offer.end(11, (2, 1))
    scene.clock.sleep_ns(40 * HOUR_NS)
    scene.restart()
    feed = scene.feed()
    scene.offer.spoilt["/v1/fixtures/settled"] = 500
    heard(feed)
    assert fails(feed) == "status_500"
    scene.offer.spoilt.clear()
    (result,) = results(heard(feed))
    values = [result.values[name] for name in ("home_score", "away_score", "home_first_half", "away_first_half")]
    assert values == [2, 1, 1, 0]
    asked = [since for path, since in scene.offer.asked if path == "/v1/fixtures/settled"]
    assert asked[0] is None and None not in asked[1:]
    scene.restart()
    assert results(heard(scene.feed())) == [replace(result, known_at_ns=ANY, values=ANY)], "told again after a restart"


def test_since_is_given_up_where_the_service_refuses_it_and_a_missed_result_is_counted(scene: Scene) -> None:
    heard(scene.feed())
    scene.offer.end(11, (2, 1))
    scene.clock.sleep_ns(50 * HOUR_NS)
    scene.restart()
    feed = scene.feed()
    scene.offer.spoilt["/v1/fixtures/settled"] = {"last": 5, "leagues": 3}
    heard(feed)
    assert fails(feed) == "unreadable_leagues"
    scene.offer.spoilt.clear()
    assert not results(heard(feed, 3))
    assert [since for path, since in scene.offer.asked if path == "/v1/fixtures/settled"][:3] == [None, "503", None]
    assert feed.passed_over["an event without a result a day after its start"] == 1


def test_promotions_of_one_sport_lose_nothing_of_each_other(scene: Scene) -> None:
    scene.offer.leagues[8] = ("Norway - 1st Division", "Team1")
    scene.offer.match(31, "C", "D", START_NS + HOUR_NS, 8)
    england, norway = (Coverage("football", (name,)) for name, _ in scene.offer.leagues.values())
    heard(scene.feed(england))
    scene.restart()
    heard(scene.feed(norway))
    scene.offer.end(11, (2, 1))
    scene.offer.end(31, (0, 0))
    for coverage, home in ((england, "Arsenal"), (norway, "C")):
        scene.clock.sleep_ns(20 * HOUR_NS)
        scene.restart()
        (result,) = results(heard(scene.feed(coverage)))
        assert result.values["home"] == home


def test_events_that_an_earlier_version_kept_are_read(scene: Scene) -> None:
    (before, _) = fixtures(heard(scene.feed()))
    path = scene.folder / "data" / "raw" / "pinnacle" / "events-29.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({"version": 1, "events": [row[:2] for row in kept["events"]]}))
    scene.offer.match(11, "Arsenal", "Chelsea FC", START_NS + 100 * HOUR_NS)
    scene.restart()
    assert before.values["event_id"] in [one.values["event_id"] for one in fixtures(heard(scene.feed()))]


def test_bets_on_a_first_half_that_was_cancelled_are_void(scene: Scene) -> None:
    feed = scene.feed()
    heard(feed)
    scene.offer.end(11, None, 1, status=4)
    scene.offer.end(11, (2, 1))
    (result,) = results(heard(feed))
    assert {(one.market, one.selection, one.state) for one in result.rulings} == {
        ("first_half_1x2", "", "void"), ("first_half_totals", "", "void"), ("first_half_asian_handicap", "", "void"),
    }  # fmt: skip
    assert (result.values["home_score"], result.values["home_first_half"]) == (2, None)
    scene.offer.end(11, (1, 0), 1, status=2)
    (again,) = results(heard(feed))
    assert (again.version, again.rulings, again.values["home_first_half"]) == (2, (), 1)


def test_another_sport_and_unknown_competitions_are_refused(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="another sport"):
        scene.feed(Coverage("tennis"))
    with pytest.raises(ConfigurationError, match="none of the competitions"):
        scene.feed(Coverage("football", ("Atlantis",)))
    assert not scene.offer.asked[1:]


def test_players_on_neutral_ground_are_in_order_and_their_result_is_in_sets(scene: Scene) -> None:
    scene.offer.match(51, "Zverev", "Alcaraz", START_NS + HOUR_NS)
    scene.offer.period(51, moneyline={"home": 3.0, "away": 1.4}, spreads=[{"hdp": 1.5, "home": 1.9, "away": 1.9}])
    feed = scene.feed(Coverage("tennis"), PinnacleSettings(sport_id=33))
    messages = heard(feed)
    event = next(one.values for one in fixtures(messages) if one.values["home"] == "Alcaraz")
    found = {one.selection: one.odds for one in quotes(messages).values() if one.event_id == event["event_id"]}
    assert found == {"home": 1.4, "away": 3.0}
    scene.offer.end(51, (12, 9), team1ScoreSets=0, team2ScoreSets=2)
    (result,) = results(heard(feed))
    assert (result.values["home_score"], result.values["away_score"]) == (2, 0)


def test_an_event_that_cannot_be_read_is_counted_and_the_others_are_read(scene: Scene) -> None:
    feed = scene.feed()
    heard(feed)
    scene.offer.match(12, "Leeds", "Everton", START_NS + 30 * HOUR_NS)
    scene.offer.period(12, moneyline={"home": "two"})
    scene.offer.period(11, moneyline=three_way(2.6, 3.4, 1.5))
    scene.offer.match(13, "Hull", "", START_NS + HOUR_NS, starts="soon")
    found = quotes(heard(feed))
    assert found["1x2", None, "home"].odds == 2.6
    assert feed.passed_over["an event whose prices cannot be read: home"] == 1
    assert feed.passed_over["an event of /v1/fixtures that cannot be read: starts"] == 1
