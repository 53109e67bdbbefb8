"""A source or venue that stops answering."""

from __future__ import annotations

from engine.live.breakers import BreakerSettings
from engine.live.ledger.entries import Kind
from tests.live.breakers.scene import Scene

NAME = "service/venue/paper"


def opened(**settings: object) -> Scene:
    """Five failures in a row, on record."""
    scene = Scene(settings=BreakerSettings(**settings))
    for _ in range(5):
        scene.breakers.service("venue", "paper").failed("timeout")
    (entry,) = scene.turn()
    assert entry.kind is Kind.TRIPPED and entry.body["cause"].endswith("5 failures in a row, the last one timeout")
    return scene


def test_an_answer_between_failures_starts_the_count_anew() -> None:
    scene = Scene()
    service = scene.breakers.service("venue", "paper")
    for _ in range(3):
        for _ in range(4):
            service.failed("timeout")
        service.answered()
    assert scene.turn() == [] and scene.reason() == ""
    assert scene.breakers.distances()[-2].left_frac == 1.0


def test_at_the_threshold_nothing_is_asked_even_before_the_trip_is_on_record() -> None:
    scene = Scene()
    service = scene.breakers.service("venue", "paper")
    for n in range(5):
        assert scene.reason() == "", n
        service.failed("timeout")
    assert scene.reason() == "breaker_service" and not service.allows()
    assert scene.reason(venue="other") == ""


def test_after_the_open_time_one_probe_is_let_through() -> None:
    scene = opened()
    scene.clock.pass_s(29.9)
    assert scene.state(NAME) == "open" and scene.reason() == "breaker_service"
    scene.clock.pass_s(0.1)
    assert scene.state(NAME) == "half_open" and scene.reason() == ""
    scene.bet("a", Kind.INTENDED, Kind.SENT)
    assert scene.reason(key="a") == "" and scene.reason() == scene.reason(key="b") == "breaker_service"


def test_the_answer_of_the_probe_closes_it_and_is_on_record() -> None:
    scene = opened()
    scene.clock.pass_s(30)
    scene.bet("a", Kind.INTENDED, Kind.SENT)
    scene.breakers.service("venue", "paper").answered()
    (entry,) = scene.turn()
    assert entry.kind is Kind.RESUMED and entry.body["reason"] == "the probe was answered"
    assert scene.state(NAME) == "closed" and scene.reason() == "" and scene.turn() == []


def test_a_failed_probe_opens_it_again_for_the_whole_time() -> None:
    scene = opened()
    scene.clock.pass_s(30)
    scene.bet("a", Kind.INTENDED, Kind.SENT)
    scene.breakers.service("venue", "paper").failed("timeout")
    assert scene.state(NAME) == "open"
    scene.clock.pass_s(29.9)
    assert scene.state(NAME) == "open" and scene.turn() == []
    scene.clock.pass_s(0.1)
    assert scene.state(NAME) == "half_open"


def test_a_probe_that_never_left_frees_its_place() -> None:
    scene = opened()
    scene.clock.pass_s(30)
    scene.bet("a", Kind.INTENDED, Kind.SENT)
    scene.bet("a", Kind.ABANDONED)
    assert scene.reason(key="b") == ""


def test_an_answer_to_an_older_question_does_not_close_an_open_one() -> None:
    scene = opened()
    scene.breakers.service("venue", "paper").answered()
    assert scene.turn() == [] and scene.state(NAME) == "open"


def test_a_restart_keeps_it_and_its_open_time_begins_anew() -> None:
    scene = opened()
    scene.clock.pass_s(20)
    scene.restart()
    scene.clock.pass_s(20)
    assert scene.state(NAME) == "open"
    scene.clock.pass_s(10)
    assert scene.state(NAME) == "half_open"


def test_one_that_is_marked_human_needs_a_person_and_a_reason() -> None:
    scene = opened(service_venue_human=True)
    scene.clock.pass_s(10_000)
    scene.breakers.service("venue", "paper").answered()
    assert scene.turn() == [] and scene.reason() == "breaker_service"
    (entry,) = scene.person(NAME, "the venue is back")
    assert (entry.body["person"], entry.body["reason"]) == ("ann", "the venue is back")
    assert scene.reason() == "" and scene.person(NAME) == ()


def test_it_trips_a_second_time_under_a_key_of_its_own() -> None:
    scene = opened()
    scene.person(NAME)
    scene.restart()
    for _ in range(5):
        scene.breakers.service("venue", "paper").failed("connect")
    assert [entry.key for entry in scene.turn()] == [f"tripped:{NAME}:2"]


def test_a_source_that_fails_stops_bets_on_its_prices_only() -> None:
    scene = Scene()
    for _ in range(5):
        scene.breakers.service("source", "feed").failed("status_503")
    scene.turn()
    assert scene.reason() == "breaker_service" and scene.reason(source="other") == ""
    scene.clock.pass_s(30)
    source = scene.breakers.service("source", "feed")
    assert source.allows()
    source.asked()
    source.answered()
    assert [entry.kind for entry in scene.turn()] == [Kind.RESUMED] and scene.reason() == ""
