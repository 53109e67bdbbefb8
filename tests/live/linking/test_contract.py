"""Links at hand are unique both ways."""

from __future__ import annotations

from engine.live.linking.contract import Link, Links, Ours, Theirs

HOME, AWAY = Ours(1, "1x2", None, "home"), Ours(1, "1x2", None, "away")
ONE, TWO = Theirs("9", "1.5", "1"), Theirs("9", "1.5", "2")


def test_the_later_link_of_a_selection_takes_the_place_of_the_earlier_one_on_both_sides() -> None:
    links = Links([Link("v", HOME, ONE, 1.0), Link("v", AWAY, ONE, 1.0)])
    assert links.theirs(HOME) is None and links.theirs(AWAY) == ONE and links.ours(ONE) == AWAY
    links = Links([Link("v", HOME, ONE, 1.0), Link("v", HOME, TWO, 1.0)])
    assert links.ours(ONE) is None and links.theirs(HOME) == TWO
