"""What bets matched at an exchange are worth: profit by result, reduction factors, exposure, locked money.

Money is in any one unit, as floats; whole minor units are made of it where it is booked. Sources: Betfair's rules for
customers (dead heats, non-runners), its developer documentation (line markets, each-way).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: below this factor, per cent, prices of a win market stay as they are
SMALLEST_FACTOR_PCT: Final = 2.5
#: no reduced price is lower
_LOWEST: Final = 1.01


@dataclass(frozen=True)
class Matched:
    """A matched bet.

    Attributes
    ----------
    side : str
        back or lay.
    price : float
        Decimal odds.
    size : float
        The backer's stake.
    """

    side: str
    price: float
    size: float

    def profit(self, *, wins: bool, dead_heat: int = 1) -> float:
        """Profit before commission.

        Parameters
        ----------
        wins : bool
            Whether the selection wins.
        dead_heat : int
            So many runners share one place: each is paid that part of the stake at the full price.

        Examples
        --------
        >>> Matched("lay", 5.0, 20.0).profit(wins=True, dead_heat=2)
        -30.0
        """
        backer = (self.price / dead_heat - 1.0) * self.size if wins else -self.size
        return backer if self.side == "back" else -backer

    def each_way_profit(self, *, wins: bool, places: bool, divisor: float) -> float:
        """Profit of two bets of `size` each: one to win, one to be placed at a part of the odds.

        Parameters
        ----------
        wins, places : bool
            A winner is placed too.
        divisor : float
            The place bet is paid at ``1 + (price - 1) / divisor``.
        """
        place = Matched(self.side, 1.0 + (self.price - 1.0) / divisor, self.size)
        return self.profit(wins=wins) + place.profit(wins=wins or places)

    def line_profit(self, result: float) -> float:
        """Profit in a line market, where `price` is the line and the odds are 2: a back wins below it, a lay above.

        A result at the line itself is a win of the lay ("buy"): lines with a half never meet it.
        """
        return Matched(self.side, 2.0, self.size).profit(wins=result < self.price)

    def locked(self) -> float:
        """What the bet can lose: the stake of a back, the liability of a lay."""
        return self.size if self.side == "back" else (self.price - 1.0) * self.size


def reduced(price: float, factor_pct: float, *, is_place: bool = False) -> float:
    """The price of a matched bet after another runner was removed.

    In a win market the price itself is cut, and only from `SMALLEST_FACTOR_PCT` on; in a place market the winnings are
    cut, by every factor. Rounded to hundredths, and never below 1.01.

    Parameters
    ----------
    price : float
    factor_pct : float
        Adjustment factor of the removed runner, per cent.
    is_place : bool

    Examples
    --------
    >>> reduced(8.6, 16.2), reduced(8.6, 2.4), reduced(8.0, 25.0), reduced(8.0, 25.0, is_place=True)
    (7.21, 8.6, 6.0, 6.25)
    """
    part = 1.0 - factor_pct / 100.0
    if is_place:
        price = 1.0 + (price - 1.0) * part
    elif factor_pct >= SMALLEST_FACTOR_PCT:
        price *= part
    return max(_LOWEST, round(price, 2))


def exposure(bets: Sequence[Matched]) -> tuple[float, float]:
    """Profit of all bets on one selection if it wins, and if it loses.

    >>> exposure([Matched("back", 5.0, 2.0), Matched("lay", 3.0, 2.0)])
    (4.0, 0.0)
    """
    return sum(bet.profit(wins=True) for bet in bets), sum(bet.profit(wins=False) for bet in bets)


def closed_profit(bets: Sequence[Matched], price: float) -> float:
    """Profit whatever the result, once the position is closed by one bet at a price.

    Parameters
    ----------
    bets : sequence of Matched
    price : float
        At which the closing bet is matched.
    """
    wins, loses = exposure(bets)
    return loses + (wins - loses) / price
