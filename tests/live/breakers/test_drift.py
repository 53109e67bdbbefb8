"""The bands of a promotion, and what leaves them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.live.breakers import Breakers
from engine.live.breakers.drift import CALIBRATION, CLV, MODEL
from engine.live.ledger.entries import Entry, Kind, Money
from engine.promotion.bands import MEASURES
from tests.live.breakers.scene import Scene

OPEN: dict[str, Any] = {"lower": [None] * 30, "upper": [None] * 30, "changed": None}


def scene_with(bands: dict[str, dict[str, Any]], *, live_feed: bool = True) -> Scene:
    """A scene whose promotion has these bands."""
    scene = Scene(live_feed=live_feed)
    document = {"days": 30, "measures": {name: OPEN | bands.get(name, {}) for name in MEASURES}}
    scene.fresh = lambda: Breakers(  # type: ignore[method-assign]
        scene.settings, scene.clock, mode="paper", live_feed=live_feed, bands=document
    )
    scene.breakers = scene.fresh()
    scene.write(Entry(Kind.CAPITAL, "capital:1", 1, money=Money(cash=1000, capital=-1000)))
    return scene


def day(scene: Scene, *pnl: int, prob: float = 0.5) -> list[Entry]:
    """A day with bets of 10 at odds of 2.0."""
    n = len(scene.written)
    scene.write(Entry(Kind.DECIDED, f"decided:{n}", n, body={"decisions": [{"reason": "placed"}] * max(1, len(pnl))}))
    for number, won in enumerate(pnl):
        key = f"{n}-{number}"
        scene.bet(key, Kind.INTENDED, Kind.PLACED)
        money, state = Money(cash=10 + won, stakes=-10, pnl=-won), {"state": "win" if won > 0 else "lose"}
        scene.write(Entry(Kind.SETTLED, f"settled:{key}:1", n, intent=key, money=money, body=state))
        scene.write(Entry(Kind.CLOSED, f"closed:{key}", n, body={"event_id": n, "close_probs": {key: prob}}))
    scene.write(Entry(Kind.ROLLED, f"rolled:{n}", n))
    return scene.turn()


def test_each_measure_belongs_to_one_breaker() -> None:
    assert sorted((*MODEL, *CLV, *CALIBRATION)) == sorted(MEASURES)


def test_a_yield_below_its_band_stops_bets_until_a_person_resumes() -> None:
    scene = scene_with({"yield": {"lower": [-2.0, -0.5, *[-0.5] * 28]}})
    assert day(scene, -10, -10) == []
    (entry,) = day(scene, -10)
    assert entry.body["breaker"] == "model" and entry.body["human"] and scene.reason() == "breaker_model"
    assert entry.body["cause"] == "yield is -1 after 2 days, the band is -0.5 to open"
    scene.restart()
    assert scene.reason() == "breaker_model" and scene.turn() == []
    scene.person("model")
    assert scene.reason() == "" and scene.turn() == []
    assert [e.key for e in day(scene, -10)] == ["tripped:model:2"]  # a further day outside


def test_a_measure_that_is_too_good_is_outside_as_well() -> None:
    scene = scene_with({"bets_a_day": {"upper": [2.5] * 30}})
    assert day(scene, 10, 10) == [] and len(day(scene, 10, 10, 10, 10)) == 1


def test_the_closing_line_value_has_a_breaker_of_its_own() -> None:
    scene = scene_with({"clv": {"lower": [-0.05] * 30}})
    assert day(scene, 10, prob=0.48) == []
    (entry,) = day(scene, 10, prob=0.46)
    assert entry.body["breaker"] == "clv" and scene.reason() == "breaker_clv"
    assert entry.body["measured"] == pytest.approx((2 * 0.48 - 1 + 2 * 0.46 - 1) / 2)


def test_bets_that_win_less_often_than_they_promise_stop_the_next_ones() -> None:
    """The closing prices say nothing: the breaker of the closing line value stays closed."""
    scene = scene_with({"calibration": {"lower": [-0.25] * 30}, "clv": {"lower": [-0.05] * 30}})
    assert day(scene, 10, -10) == []  # one of two, promised 0.525 each
    (entry,) = day(scene, -10, -10)
    assert entry.body["breaker"] == "calibration" and entry.body["human"] and scene.reason() == "breaker_calibration"
    assert entry.body["measured"] == pytest.approx(1 / 4 - 0.525) and scene.state("clv") == "closed"
    assert entry.body["cause"] == "calibration is -0.275 after 2 days, the band is -0.25 to open"
    scene.restart()
    assert scene.reason() == "breaker_calibration" and scene.turn() == []
    scene.person("calibration")
    assert scene.reason() == "" and scene.turn() == []


def test_a_promotion_without_a_band_for_it_has_no_such_breaker() -> None:
    scene = Scene()
    document = {"days": 30, "measures": {name: OPEN for name in MEASURES if name != "calibration"}}
    breakers = Breakers(scene.settings, scene.clock, mode="paper", live_feed=True, bands=document)
    names = [row.breaker for row in breakers.distances()]
    assert "calibration" not in names and {"model", "clv"} <= set(names)


def test_the_distance_is_that_of_the_nearest_measure() -> None:
    scene = scene_with({"yield": {"lower": [-1.0] * 30, "upper": [1.0] * 30}, "drawdown": {"upper": [0.5] * 30}})
    day(scene, 10, -5)  # yield 0.25, drawdown 0
    row = next(row for row in scene.breakers.distances() if row.breaker == "model")
    assert (row.state, row.measured, row.limit, row.left_frac) == ("closed", 0.25, 1.0, 0.75)
    assert row.measure == "yield"
    assert {one.measure for one in scene.breakers.standings()} == set(MEASURES)


def test_all_orders_filled_is_no_end_of_a_band() -> None:
    scene = scene_with({"fill_rate": {"lower": [0.9] * 30, "upper": [1.0] * 30}})
    day(scene, 10, -5)
    row = next(row for row in scene.breakers.distances() if row.breaker == "model")
    assert (row.measure, row.measured, row.limit, row.left_frac) == ("fill_rate", 1.0, 0.9, pytest.approx(1 / 9))


def test_on_a_replay_it_is_watched() -> None:
    scene = scene_with({"yield": {"lower": [-0.5] * 30}}, live_feed=False)
    assert day(scene, -10) == [] and scene.state("model") == "watched" and scene.reason() == ""


def test_days_after_the_last_one_of_the_bands_are_not_judged() -> None:
    scene = scene_with({"yield": {"lower": [None] * 30}})
    for _ in range(31):
        assert day(scene, -10) == []
