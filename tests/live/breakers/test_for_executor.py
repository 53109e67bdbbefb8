"""What the executor asks, and what it tells."""

from __future__ import annotations

from engine.live.breakers.for_executor import VenueGuards
from engine.live.ledger.entries import Kind
from engine.live.venue import Order
from tests.live.breakers.scene import Scene
from tests.live.clock import START_NS

ORDER = Order("ab" * 16, 1, 1, "1x2", None, "home", "b365", "back", 2.0, 1.9, 100, 0, START_NS, START_NS + 10**10)


def test_the_age_of_the_quote_is_in_the_facts_of_the_intent() -> None:
    scene = Scene()
    guards = VenueGuards(scene.breakers, "paper", "feed")
    now = scene.clock.wall
    assert guards.reason(ORDER, {"quote_known_at_ns": now}, now) == ""
    assert guards.reason(ORDER, {"quote_known_at_ns": now - 901 * 10**9}, now) == "stale"
    assert guards.reason(ORDER, {}, now + 901 * 10**9) == "stale"


def test_failures_of_the_venue_open_its_breaker_and_answers_close_it() -> None:
    scene = Scene()
    guards = VenueGuards(scene.breakers, "paper", "feed")
    for _ in range(5):
        guards.heard("timeout")
    scene.turn()
    assert guards.reason(ORDER, {}, START_NS) == "breaker_service"
    scene.clock.pass_s(30)
    assert guards.reason(ORDER, {}, START_NS) == ""
    scene.bet(ORDER.key, Kind.INTENDED, Kind.SENT)
    assert guards.reason(ORDER, {}, START_NS) == "" and scene.reason() == "breaker_service"
    guards.heard("")
    assert [entry.kind for entry in scene.turn()] == [Kind.RESUMED]


def test_a_trip_stands_once_it_is_written() -> None:
    scene = Scene()
    guards = VenueGuards(scene.breakers, "paper")
    entry = guards.trip("price/venue/paper", "matched at 1.8, the limit was 1.9", START_NS)
    assert guards.reason(ORDER, {}, START_NS) == "" and entry.body["human"]
    scene.write(entry)
    assert guards.reason(ORDER, {}, START_NS) == "breaker_price"


def test_the_order_rate_says_how_long_to_wait() -> None:
    scene = Scene()
    for n in range(10):
        scene.bet(str(n), Kind.SENT)
    assert VenueGuards(scene.breakers, "paper").wait_ns() == 60 * 10**9
