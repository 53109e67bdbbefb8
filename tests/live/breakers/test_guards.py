"""Stale quotes, and prices that cannot be prices."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.feed import Gap, Quote, Result
from tests.live.breakers.scene import Scene


def quote(scene: Scene, selection: str, odds: float, **values: object) -> Quote:
    """A quote of now, given to the breakers."""
    base: dict[str, object] = {"market": "1x2", "line": None, "bookmaker": "b365", "side": "back"}
    message = Quote(scene.clock.wall, 1, selection=selection, odds=odds, **(base | values))
    scene.breakers.observe(message)
    return message


def book(scene: Scene, *odds: float) -> None:
    """A complete 1x2 book."""
    for selection, price in zip(("home", "draw", "away"), odds, strict=True):
        quote(scene, selection, price)


def test_a_quote_is_bet_at_until_its_age_is_above_the_limit() -> None:
    scene = Scene()
    known = scene.clock.wall
    scene.clock.pass_s(900)
    assert scene.reason(quote_known_at_ns=known) == ""
    scene.clock.pass_s(0.001)
    assert scene.reason(quote_known_at_ns=known) == "stale"


def test_a_quote_from_before_a_gap_is_stale_and_a_later_one_is_not() -> None:
    scene = Scene()
    scene.breakers.observe(Gap(scene.clock.wall, "feed"))
    assert scene.reason() == "stale"
    assert scene.reason(quote_known_at_ns=scene.clock.wall + 1) == ""


def test_a_price_out_of_a_cache_is_stale_until_the_source_gives_it_again() -> None:
    scene = Scene()
    quote(scene, "home", 2.0, stale=True)
    assert scene.reason() == "stale" and scene.reason(selection="away") == ""
    quote(scene, "home", 2.0)
    assert scene.reason() == ""


@pytest.mark.parametrize(
    ("odds", "overround", "reason"),
    [
        ((3.34, 3.34, 3.34), 0.898, "odds_sanity"),
        ((3.3, 3.3, 3.3), 0.909, ""),
        ((2.0, 2.0, 2.0), 1.5, ""),
        ((2.0, 2.0, 1.99), 1.5025, "odds_sanity"),
    ],
)
def test_a_book_must_sum_to_something_like_one(odds: tuple[float, ...], overround: float, reason: str) -> None:
    scene = Scene()
    book(scene, *odds)
    assert sum(1 / price for price in odds) == pytest.approx(overround, abs=0.001)
    assert scene.reason() == reason


def test_a_book_of_double_chance_has_two_winners() -> None:
    scene = Scene()
    for selection in ("1x", "12", "x2"):
        quote(scene, selection, 1.4, market="double_chance")
    assert scene.reason(market="double_chance", selection="1x") == ""  # 3 / 1.4 / 2 = 1.07


def test_an_incomplete_book_and_another_bookmakers_book_say_nothing() -> None:
    scene = Scene()
    quote(scene, "home", 30.0)
    quote(scene, "draw", 30.0)
    quote(scene, "away", 30.0, bookmaker="other")
    assert scene.reason(odds=30.0) == ""


@pytest.mark.parametrize("odds", [float("nan"), float("inf"), 0.0, 1.0, -2.0])
def test_odds_that_are_none_are_refused(odds: float) -> None:
    assert Scene().reason(odds=odds) == "odds_sanity"


@pytest.mark.parametrize("jumped", [2.0 * 1.51, 2.0 / 1.51])
def test_a_jump_waits_for_a_second_quote(jumped: float) -> None:
    scene = Scene()
    quote(scene, "home", 2.0)
    quote(scene, "home", jumped)
    assert scene.reason() == "odds_sanity"
    quote(scene, "home", jumped * 1.01)
    assert scene.reason() == ""


def test_a_jump_that_stands_long_enough_is_believed_and_one_that_goes_back_is_forgotten() -> None:
    scene = Scene()
    quote(scene, "home", 2.0)
    quote(scene, "home", 4.0)
    scene.clock.pass_s(59)
    assert scene.reason() == "odds_sanity"
    scene.clock.pass_s(1)
    assert scene.reason() == ""
    back = Scene()
    for odds in (2.0, 4.0, 2.0):
        quote(back, "home", odds)
    assert back.reason() == ""


def test_a_move_within_the_factor_is_no_jump() -> None:
    scene = Scene()
    quote(scene, "home", 2.0)
    quote(scene, "home", 3.0)
    assert scene.reason() == ""


def test_books_are_forgotten_with_the_result() -> None:
    scene = Scene()
    book(scene, 9.0, 9.0, 9.0)
    assert scene.reason() == "odds_sanity"
    scene.breakers.observe(Result(scene.clock.wall, {"event_id": 1}))
    assert scene.reason() == ""


def test_a_replay_asks_what_the_backtest_would_have_done() -> None:
    scene = Scene(live_feed=False)
    book(scene, 9.0, 9.0, 9.0)
    assert scene.reason(quote_known_at_ns=scene.clock.wall - 10**6 * SECOND_NS) == ""
