"""The share of sends that were not matched."""

from __future__ import annotations

from engine.live.ledger.entries import Entry, Kind
from tests.live.breakers.scene import Scene


def send(scene: Scene, unfilled: int, filled: int) -> None:
    """So many bets that were sent and resolved."""
    for n in range(unfilled + filled):
        key = f"k{len(scene.written)}"
        scene.bet(key, Kind.INTENDED, Kind.SENT, Kind.REJECTED if n < unfilled else Kind.PLACED)


def row(scene: Scene) -> tuple[str, float]:
    """State and measured share."""
    return next((d.state, d.measured) for d in scene.breakers.distances() if d.breaker == "fills")


def test_more_than_half_of_the_last_twenty_stops_bets_until_a_person_resumes() -> None:
    scene = Scene()
    send(scene, 10, 10)
    assert scene.turn() == [] and row(scene) == ("closed", 0.5)
    send(scene, 1, 0)  # pushes out an unfilled one
    assert scene.turn() == []
    send(scene, 11, 0)
    (entry,) = scene.turn()
    assert entry.body["human"] and scene.reason() == "breaker_fills"
    scene.restart()
    assert scene.reason() == "breaker_fills"
    scene.person("fills")
    assert scene.reason() == "" and scene.turn() == []


def test_fewer_sends_say_nothing() -> None:
    scene = Scene()
    send(scene, 19, 0)
    assert scene.turn() == [] and row(scene)[1] != row(scene)[1]
    send(scene, 1, 0)
    assert len(scene.turn()) == 1


def test_a_bet_counts_once_when_it_is_resolved_and_only_if_it_was_sent() -> None:
    scene = Scene()
    for n in range(30):
        scene.bet(f"never sent {n}", Kind.INTENDED, Kind.ABANDONED)
        scene.bet(f"open {n}", Kind.INTENDED, Kind.SENT, Kind.UNKNOWN, Kind.PENDING)
    assert row(scene)[1] != row(scene)[1]
    for n in range(20):
        scene.bet(f"open {n}", Kind.PARTIAL, Kind.PLACED)
    assert row(scene)[1] == 0.0


def test_a_rest_that_lapsed_after_a_match_is_a_fill() -> None:
    scene = Scene()
    for n in range(20):
        scene.bet(f"k{n}", Kind.INTENDED, Kind.SENT)
        body = {"matched_minor": 100 if n % 2 else 0, "odds": 2.0}
        scene.write(Entry(Kind.LAPSED, f"lapsed:k{n}", scene.clock.wall, intent=f"k{n}", body=body))
    assert row(scene)[1] == 0.5


def test_on_a_replay_it_is_watched_and_stops_nothing() -> None:
    scene = Scene(live_feed=False)
    send(scene, 20, 0)
    assert scene.turn() == [] and row(scene) == ("watched", 1.0) and scene.reason() == ""
