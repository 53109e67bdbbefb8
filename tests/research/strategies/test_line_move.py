"""Moves of prices, worked out by hand; the path of a decision ends at the decision."""

from __future__ import annotations

from datetime import timedelta
from math import log
from typing import Any

import polars as pl
import pytest

from engine.asof.view import build_view
from engine.errors import DataError
from engine.schema import SELECTIONS
from engine.strategy import View
from engine.tape.build import build_tape
from engine.tape.execution import LaterPrices
from research.strategies import make
from tests.property.markets import FIRST, _event, _quote, frames

START = FIRST + timedelta(hours=12)
#: hours after the first quote, by bookmaker: prices of home, draw and away
PATH: dict[str, dict[float, tuple[float, ...]]] = {
    "pinnacle": {0.0: (2.0, 3.5, 4.0), 3.0: (1.9, 3.5, 4.4), 6.0: (1.8, 3.6, 4.8), 11.5: (2.5, 3.3, 2.9)},
    "slow": {0.0: (2.02, 3.4, 3.9)},
}


def market(path: dict[str, dict[float, tuple[float, ...]]] = PATH) -> tuple[pl.DataFrame, pl.DataFrame]:
    quotes = [
        _quote(1, "1x2", None, selection, name, ("snapshot", FIRST + timedelta(hours=hours)), price)
        for name, pulls in path.items()
        for hours, odds in pulls.items()
        for selection, price in zip(SELECTIONS["1x2"], odds, strict=True)
    ]
    return frames([_event(1, START, "L", "played", (1, 0))], quotes)


def at(hours: float, path: dict[str, dict[float, tuple[float, ...]]] = PATH) -> View:
    return build_view(*market(path), f"before_start:{int((12 - hours) * 60)}m", path=True)


def fair_of(odds: tuple[float, ...]) -> list[float]:
    return [1.0 / price / sum(1.0 / other for other in odds) for price in odds]


def bets(view: View, **parameters: Any) -> dict[str, tuple[str, float, float]]:
    rows = make("line_move", parameters).opportunities(view)
    return {s: (b, o, p) for s, b, o, p in rows.select("selection", "bookmaker", "odds", "prob").iter_rows()}


def test_what_has_shortened_since_the_opening_is_backed_at_a_price_that_has_not_followed() -> None:
    first, now = fair_of(PATH["pinnacle"][0.0]), fair_of(PATH["pinnacle"][6.0])
    found = bets(at(7))
    assert log(now[0] / first[0]) > 0.02 > log(now[1] / first[1]) and found == {
        "home": ("slow", 2.02, pytest.approx(now[0], abs=1e-15))
    }
    drifted = bets(at(7), pick="against")
    assert set(drifted) == {"draw", "away"} and drifted["away"][:2] == ("pinnacle", 4.8)
    assert set(bets(at(7), pick="against", move_min=0.1)) == {"away"}
    assert bets(at(7), move_min=log(now[0] / first[0]) + 1e-9) == {}
    assert set(bets(at(7), move_min=log(now[0] / first[0]) - 1e-9)) == {"home"}


def test_a_move_can_be_counted_from_some_time_before_the_decision() -> None:
    """At 7 h, 3 h before is the price of 3 h; at 10 h, 2 h before is the price in force: nothing has moved."""
    then, now = fair_of(PATH["pinnacle"][3.0]), fair_of(PATH["pinnacle"][6.0])
    move = log(now[0] / then[0])
    assert set(bets(at(7), since="3h", move_min=move - 1e-9)) == {"home"}
    assert bets(at(7), since="3h", move_min=move + 1e-9) == {}
    assert bets(at(10), since="2h", move_min=0.001) == {} and set(bets(at(10), since="2h", move_min=0.0)) > {"home"}
    assert bets(at(7), since="8h", move_min=0.0) == {}  # nobody had a price then


def test_a_later_turn_of_the_price_changes_no_earlier_decision() -> None:
    ends = {name: {h: odds for h, odds in pulls.items() if h < 11.0} for name, pulls in PATH.items()}
    for hours in (4, 7, 10):
        assert bets(at(hours)) == bets(at(hours, ends)) != {}
    assert set(bets(at(11.75))) == {"draw", "away"}  # after the turn


def test_a_carried_move_goes_on_or_comes_back_and_the_probabilities_keep_their_sum() -> None:
    first, now = fair_of(PATH["pinnacle"][0.0]), fair_of(PATH["pinnacle"][6.0])
    raw = [n * (n / f) ** 0.5 for n, f in zip(now, first, strict=True)]
    both = bets(at(7), carry=0.5, move_min=0.0) | bets(at(7), carry=0.5, move_min=0.0, pick="against")
    for selection, value in zip(SELECTIONS["1x2"], raw, strict=True):
        assert both[selection][2] == pytest.approx(value / sum(raw), abs=1e-14)
    back = bets(at(7), carry=-1.0)["home"][2]
    assert back == pytest.approx(first[0], abs=1e-14)  # all of the move comes back


def test_the_move_of_a_consensus_is_the_mean_of_the_moves_of_its_bookmakers() -> None:
    """A bookmaker that starts late moves by its own prices only: it is no move of the others."""
    late = {"a": PATH["pinnacle"], "b": PATH["pinnacle"], "late": {6.0: (1.5, 4.0, 8.0)}}
    first, now = fair_of(PATH["pinnacle"][0.0]), fair_of(PATH["pinnacle"][6.0])
    want = 2.0 * log(now[0] / first[0]) / 3.0
    for shift, found in ((-1e-9, {"home"}), (1e-9, set())):
        assert set(bets(at(7, late), fair="consensus", move_min=want + shift)) == found
    assert bets(at(7, late), fair="consensus", fair_min=4) == {}


def test_an_order_that_takes_time_is_filled_at_the_next_quote() -> None:
    events, quotes = market({**PATH, "slow": {0.0: (2.02, 3.4, 3.9), 8.0: (1.84, 3.5, 4.6)}})
    found = make("line_move", {}).opportunities(build_view(events, quotes, "before_start:5h", path=True))
    assert found["odds"].to_list() == [2.02]
    tape = build_tape(found, events, later=LaterPrices(quotes, int(3600e9)))
    assert tape.odds.tolist() == [2.02] and tape.filled.tolist() == [1.84]


def test_without_a_path_there_is_no_move() -> None:
    with pytest.raises(DataError, match="without the path"):
        make("line_move", {}).opportunities(build_view(*market()))
