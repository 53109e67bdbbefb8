"""When it is said that a feed brings nothing to bet on."""

from __future__ import annotations

from dataclasses import replace

from engine.clock import SECOND_NS
from engine.live.feed import Mark, Quote
from engine.live.feeds.market import Watch
from engine.strategy import Requirement
from research.trading.unseen import Unseen

OTHER = Quote(0, 1, "1x2", None, "home", "b365", "back", 2.0)


def heard(*messages: Quote | Mark) -> list[str]:
    told: list[str] = []
    unseen = Unseen("demo", "lines", Watch(Requirement(("totals",), None)), told.append)
    for message in messages:
        unseen.hear(message)
    return told


def test_it_is_said_once_a_minute_after_the_first_price() -> None:
    early, late = Mark(59 * SECOND_NS), Mark(60 * SECOND_NS)
    assert heard(OTHER, early) == []
    (line,) = heard(OTHER, early, late, late)
    assert line.startswith("warning: demo can bet on none of the prices of lines (1 so far): ")
    assert line.endswith("it wants totals of any bookmaker; found 1x2 of b365")


def test_one_price_that_is_seen_ends_it_and_without_a_price_nothing_is_said() -> None:
    assert heard(OTHER, replace(OTHER, market="totals", line=2.5), Mark(90 * SECOND_NS)) == []
    assert heard(Mark(90 * SECOND_NS)) == []
