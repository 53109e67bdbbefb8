"""How an exchange would have matched our orders against a recorded market that never saw them.

What stands in the recorded book is taken at once, each part of it once. The rest waits behind the money that stood at
its price before, and moves up with what is traded there. Left out: cross-matching between runners, which recordings do
not hold, and what our own orders would have changed in others. Sources: Betfair's developer documentation (placeOrders,
betDelay, marketVersion); volumes are counted on both sides of a bet, so half of them was there to be matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.exchange.book import RunnerBook

#: smaller sizes are rounding
_NOTHING: Final = 1e-9


@dataclass
class SimulatedOrder:
    """An order and what became of it. Sizes are backer's stakes in the currency of the recording.

    Attributes
    ----------
    side : str
        back or lay.
    price : float
        The worst price that is taken; of a fill-or-kill order the worst average price.
    size : float
    fill_or_kill : bool
        What is not matched at once is cancelled.
    fill_least : float
        Of a fill-or-kill order: less than this is not taken at all. 0: whatever there is.
    persists : bool
        Whether it stays when the event begins.
    matched : float
        Size.
    paid : float
        Sum of price times size of what is matched.
    cancelled : float
        Size.
    ahead : float
        Size that stands before it at its price.
    """

    side: str
    price: float
    size: float
    fill_or_kill: bool = False
    fill_least: float = 0.0
    persists: bool = False
    matched: float = 0.0
    paid: float = 0.0
    cancelled: float = 0.0
    ahead: float = 0.0

    @property
    def open(self) -> float:
        """Size that may still be matched."""
        left = self.size - self.matched - self.cancelled
        return left if left > _NOTHING else 0.0

    @property
    def average(self) -> float:
        """Average price of what is matched; 0 where nothing is."""
        return self.paid / self.matched if self.matched > 0.0 else 0.0

    def fill(self, price: float, size: float) -> None:
        """Match a part."""
        self.matched += size
        self.paid += price * size

    def cancel(self) -> None:
        """Cancel the open rest."""
        self.cancelled += self.open


@dataclass
class Queue:
    """Our orders on one runner, and what of its recorded book is taken already.

    Attributes
    ----------
    orders : list of SimulatedOrder
        Those that wait, in the order of arrival.
    taken : mapping of str to mapping of float to float
        Size by price that we took, of what stands there now, by side.
    """

    orders: list[SimulatedOrder] = field(default_factory=list)
    taken: dict[str, dict[float, float]] = field(default_factory=lambda: {"back": {}, "lay": {}})
    _traded: dict[float, float] | None = None

    def arrive(self, order: SimulatedOrder, book: RunnerBook, *, is_open: bool = True) -> None:
        """An order reaches the exchange: it takes what it can, and what is left waits or is cancelled.

        Parameters
        ----------
        order : SimulatedOrder
        book : RunnerBook
            As it stands when the order is matched: after the delay of the market. Its volumes were traded before, and
            fill nothing. Once the queue has seen a book, `change` has seen each later one.
        is_open : bool
            Whether the market takes orders. One that is suspended refuses them.
        """
        if not is_open:
            order.cancel()
            return
        if self._traded is None:
            self.look(book)
        parts = self._parts(order, book)
        if order.fill_or_kill and sum(size for _, size in parts) < order.fill_least - _NOTHING:
            parts = []
        taken = self.taken[order.side]
        for price, size in parts:
            order.fill(price, size)
            taken[price] = taken.get(price, 0.0) + size
        if order.fill_or_kill:
            order.cancel()
        elif order.open:
            order.ahead = book.points[_waits_in(order)].get(order.price, 0.0)
            self.orders.append(order)

    def _parts(self, order: SimulatedOrder, book: RunnerBook) -> list[tuple[float, float]]:
        """Prices and sizes that an order takes from the book at once, best first."""
        sign = 1.0 if order.side == "back" else -1.0
        parts, left, credit = list[tuple[float, float]](), order.size, 0.0
        for price, standing in book.best(order.side):
            better = sign * (price - order.price)
            if better < 0.0 and not order.fill_or_kill:
                break
            size = min(left, standing - self.taken[order.side].get(price, 0.0))
            if better < 0.0:  # worse than the limit: as much as the better parts before it make up for
                size = min(size, credit / -better)
            if size <= _NOTHING:
                if better < 0.0:
                    break
                continue
            parts.append((price, size))
            left, credit = left - size, credit + better * size
            if left <= _NOTHING:
                break
        return parts

    def change(self, book: RunnerBook, *, is_open: bool = True) -> None:
        """The recorded book has changed: what was traded since moves our orders up, and fills them.

        Parameters
        ----------
        book : RunnerBook
            As it is now.
        is_open : bool
            Whether the market trades. Volumes that appear while it does not are no trades that an order could have had.
        """
        for side, taken in self.taken.items():
            standing = dict(book.best(side))
            for price in list(taken):  # what others took is not ours to leave out any more
                taken[price] = min(taken[price], standing.get(price, 0.0))
                if taken[price] <= _NOTHING:
                    del taken[price]
        traded = self._new_trades(book.points["trd"])
        if is_open:
            for price, size in sorted(traded.items()):
                self._trade(price, size)
        self.orders = [order for order in self.orders if order.open]
        for order in self.orders:  # who stood before it has cancelled
            order.ahead = min(order.ahead, book.points[_waits_in(order)].get(order.price, 0.0))

    def _new_trades(self, volumes: Mapping[float, float]) -> dict[float, float]:
        """What was traded since the last look, by price: half of the volume. A volume that falls is a correction."""
        before = self._traded or {}
        new = {
            price: (volume - before.get(price, 0.0)) / 2.0
            for price, volume in volumes.items()
            if volume - before.get(price, 0.0) > _NOTHING
        }
        self._traded = dict(volumes)
        return new

    def _trade(self, price: float, size: float) -> None:
        """A trade at a price meets the orders that stood at it, or before it; each part of it meets one of ours.

        A trade beyond the price of an order shows that nothing stood at its price any more.
        """
        waiting = [order for order in self.orders if order.open and _meets(order, price)]
        for order in sorted(waiting, key=lambda order: order.price if order.side == "back" else -order.price):
            if price != order.price:
                order.ahead = 0.0
            moved = min(order.ahead, size)
            order.ahead -= moved
            part = min(order.open, size - moved)
            if part > _NOTHING:
                order.fill(order.price, part)
                size -= part

    def look(self, book: RunnerBook) -> None:
        """Take the volumes of the book as traded before our first order."""
        self._traded = dict(book.points["trd"])

    def begin(self) -> None:
        """The event begins: orders that do not persist lapse."""
        for order in self.orders:
            if not order.persists:
                order.cancel()
        self.orders = [order for order in self.orders if order.open]

    def start_at(self, price: float, order: SimulatedOrder) -> None:
        """The starting price is made: an order for it is matched there, if the price is no worse than its limit.

        Parameters
        ----------
        price : float
        order : SimulatedOrder
            Its `price` is the limit: 1.01 of a back and 1000 of a lay take any.
        """
        sign = 1.0 if order.side == "back" else -1.0
        if sign * (price - order.price) >= 0.0:
            order.fill(price, order.open)
        else:
            order.cancel()


def _meets(order: SimulatedOrder, price: float) -> bool:
    """Whether a trade at a price would have met an order: it stood at the price, or was offered before it."""
    return price >= order.price if order.side == "back" else price <= order.price


def _waits_in(order: SimulatedOrder) -> str:
    """The ladder in which an order that waits would stand."""
    return "atl" if order.side == "back" else "atb"
