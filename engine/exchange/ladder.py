"""The ladder of prices that an exchange takes, and the way from a price to the next one. Prices are decimal odds.

Prices are held as whole hundredths: 1.01 is 101. So a step is exact, and two prices are equal when their numbers are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import isfinite
from typing import Final, Self

from engine.errors import DataError

#: first price, last price and step of each part of the classic ladder, in hundredths (Betfair, placeOrders)
_CLASSIC: Final = (
    (101, 200, 1), (200, 300, 2), (300, 400, 5), (400, 600, 10), (600, 1000, 20), (1000, 2000, 50), (2000, 3000, 100),
    (3000, 5000, 200), (5000, 10000, 500), (10000, 100000, 1000),
)  # fmt: skip
#: how far a binary number may lie from the hundredth that it means
_SLIP: Final = 1e-6


class Ladder:
    """Prices in rising order.

    Parameters
    ----------
    hundredths : sequence of int
        Each price once, rising.

    Attributes
    ----------
    prices : tuple of float
        Decimal odds, or lines of a line market.

    Examples
    --------
    >>> CLASSIC.index(3.5), CLASSIC.shifted(500, 1), CLASSIC.shifted(500, -1)
    (159, 510.0, 490.0)
    """

    def __init__(self, hundredths: Sequence[int]) -> None:
        self._hundredths = tuple(hundredths)
        self.prices = tuple(number / 100.0 for number in self._hundredths)

    @classmethod
    def of_lines(cls, lowest: float, highest: float, interval: float) -> Self:
        """The ladder of a line market: every line from the lowest to the highest.

        Raises
        ------
        DataError
            The interval is not above 0, or does not lead from one to the other.
        """
        low, high, step = (round(number * 100) for number in (lowest, highest, interval))
        if step < 1 or high < low or (high - low) % step:
            raise DataError(
                "the lines of a market are no ladder", where="lineMinUnit, lineMaxUnit, lineInterval",
                expected="an interval above 0 that leads from the lowest line to the highest",
                found=f"{lowest}, {highest}, {interval}",
            )  # fmt: skip
        return cls(range(low, high + 1, step))

    def __len__(self) -> int:
        return len(self._hundredths)

    def __contains__(self, price: float) -> bool:
        return self._place(price) is not None

    def index(self, price: float) -> int:
        """The place of a price, 0 for the lowest.

        Raises
        ------
        DataError
            It is not on the ladder.
        """
        place = self._place(price)
        if place is None:
            raise DataError(
                "a price is not on the ladder", expected="one that `at_most` or `at_least` gives", found=f"{price}"
            )
        return place

    def at_most(self, price: float) -> float | None:
        """The highest price of the ladder up to this one; None: there is none. NaN has none."""
        place = bisect_right(self.prices, price + _SLIP) - 1
        return self.prices[place] if place >= 0 and price == price else None

    def at_least(self, price: float) -> float | None:
        """The lowest price of the ladder from this one on; None: there is none. NaN has none."""
        place = bisect_left(self.prices, price - _SLIP)
        return self.prices[place] if place < len(self.prices) and price == price else None

    def shifted(self, price: float, ticks: int) -> float | None:
        """The price so many ticks further up (down: negative); None: the ladder ends before it.

        Raises
        ------
        DataError
            As `index`.
        """
        place = self.index(price) + ticks
        return self.prices[place] if 0 <= place < len(self.prices) else None

    def _place(self, price: float) -> int | None:
        if not isfinite(price):
            return None
        number = round(price * 100.0)
        place = bisect_left(self._hundredths, number)
        known = place < len(self._hundredths) and self._hundredths[place] == number
        return place if known and abs(price * 100.0 - number) < 100.0 * _SLIP else None


#: of most markets: 350 prices from 1.01 to 1000
CLASSIC: Final = Ladder(sorted({price for first, last, step in _CLASSIC for price in range(first, last + 1, step)}))
#: of Asian handicaps and goal lines: every hundredth from 1.01 to 1000
FINEST: Final = Ladder(range(101, 100_001))
