"""The ladder of prices against its published numbers and against arithmetic in decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import DataError
from engine.exchange.ladder import CLASSIC, FINEST, Ladder

#: upper end and step of each part, as published
PARTS = [
    ("2", "0.01"), ("3", "0.02"), ("4", "0.05"), ("6", "0.1"), ("10", "0.2"), ("20", "0.5"), ("30", "1"), ("50", "2"),
    ("100", "5"), ("1000", "10"),
]  # fmt: skip


def test_the_classic_ladder_is_the_published_one() -> None:
    price, found = Decimal("1.01"), [Decimal("1.01")]
    for upper, step in PARTS:
        while price < Decimal(upper):
            price += Decimal(step)
            found.append(price)
    assert CLASSIC.prices == tuple(float(price) for price in found) and len(CLASSIC) == 350


@pytest.mark.parametrize(("price", "place"), [(1.01, 0), (1.10, 9), (2.0, 99), (3.5, 159), (1000.0, 349)])
def test_published_places(price: float, place: int) -> None:
    assert CLASSIC.index(price) == place and price in CLASSIC


def test_each_price_finds_itself_and_its_neighbours() -> None:
    for place, price in enumerate(CLASSIC.prices):
        assert CLASSIC.index(price) == place and CLASSIC.at_most(price) == price == CLASSIC.at_least(price)
        assert CLASSIC.shifted(price, 1) == (CLASSIC.prices[place + 1] if place < 349 else None)
        assert CLASSIC.shifted(price, -1) == (CLASSIC.prices[place - 1] if place else None)
    assert (CLASSIC.shifted(500, 1), CLASSIC.shifted(500, -1)) == (510.0, 490.0)


def test_rounding_goes_the_way_that_is_asked_for() -> None:
    assert (CLASSIC.at_most(2.03), CLASSIC.at_least(2.03)) == (2.02, 2.04)
    assert (CLASSIC.at_most(1.0), CLASSIC.at_least(1001.0)) == (None, None)
    assert (CLASSIC.at_most(1.1 + 2e-16), CLASSIC.at_least(3 * 1.1)) == (1.1, 3.3)
    assert CLASSIC.at_most(float("nan")) is None and CLASSIC.at_least(float("nan")) is None


@pytest.mark.parametrize("price", [2.01, 1.0, 0.0, -1.01, 1.0101, 1000.01, float("nan"), float("inf")])
def test_what_is_not_on_the_ladder_is_refused(price: float) -> None:
    assert price not in CLASSIC
    with pytest.raises(DataError, match="not on the ladder"):
        CLASSIC.index(price)


def test_the_finest_ladder_has_every_hundredth() -> None:
    assert len(FINEST) == 99_900 and FINEST.shifted(2.01, 1) == 2.02 and 99.99 in FINEST


def test_lines() -> None:
    assert Ladder.of_lines(0.5, 3.0, 0.5).prices == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    assert Ladder.of_lines(-2.25, 2.25, 0.25).index(0.0) == 9
    for lines in ((0.0, 3.0, 0.0), (3.0, 0.0, 1.0), (0.0, 1.0, 0.3)):
        with pytest.raises(DataError, match="no ladder"):
            Ladder.of_lines(*lines)
