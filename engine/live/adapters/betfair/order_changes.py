"""Our orders as the order stream tells them (``ocm``): each order whole, positions by price.

An image has only orders that can still be matched. What was completed while nobody listened never appears: it has to be
looked up in the lists of orders, and `Orders.vanished` names it. Even a completed order changes later, by a void or a
removed runner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.exchange.book import RunnerKey, UnreadableChange

_SIDES: Final = {"B": "back", "L": "lay"}
_STATUSES: Final = {"E": False, "EC": True}
_MS_NS: Final = 1_000_000
#: no amount is this large
_BEYOND: Final = 1e13


@dataclass(frozen=True)
class StreamedOrder:
    """An order, as it was last told.

    Attributes
    ----------
    bet_id, market_id : str
    runner : RunnerKey
    our_ref, strategy_ref : str
        What we gave to it; empty: an order that is not from here.
    side : str
        back | lay.
    is_complete : bool
        Nothing of it can be matched any more. It does not say that anything was.
    price : float
        That was asked for.
    size_minor, matched_minor, remaining_minor, lapsed_minor, cancelled_minor, voided_minor : int
        In the currency of the account, hundredths.
    average_price : float
        Of what is matched; 0: nothing is.
    placed_ns, matched_ns : int or None
        UTC nanoseconds.
    lapse_reason : str
        Why the rest lapsed, in the words of the stream; empty: not said.
    """

    bet_id: str
    market_id: str
    runner: RunnerKey
    our_ref: str
    strategy_ref: str
    side: str
    is_complete: bool
    price: float
    size_minor: int
    matched_minor: int
    remaining_minor: int
    lapsed_minor: int
    cancelled_minor: int
    voided_minor: int
    average_price: float
    placed_ns: int | None
    matched_ns: int | None
    lapse_reason: str


@dataclass
class Position:
    """Matched sizes of a runner by price, all orders of the account together."""

    back: dict[float, float] = field(default_factory=dict)
    lay: dict[float, float] = field(default_factory=dict)


class Orders:
    """All orders that the stream has told of.

    Attributes
    ----------
    orders : mapping of str to StreamedOrder
        By bet id.
    positions : mapping of (str, RunnerKey) to Position
    vanished : set of str
        Bet ids that were open before an image and are not in it: look them up. Whoever did takes them out.
    """

    def __init__(self) -> None:
        self.orders: dict[str, StreamedOrder] = {}
        self.positions: dict[tuple[str, RunnerKey], Position] = {}
        self.vanished: set[str] = set()

    def take(self, message: Mapping[str, Any]) -> list[StreamedOrder]:
        """Take in a whole message of the order stream.

        Returns
        -------
        list of StreamedOrder
            Those that it tells of, in its order.

        Raises
        ------
        UnreadableChange
            It has not the documented form. What stood before it is not to be relied on.
        """
        told = list[StreamedOrder]()
        if message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in (None, "SEG_START"):
            self._forget(list(self.orders.values()))
            self.positions.clear()
        for change in _rows(message, "oc"):
            market_id = change.get("id")
            if not isinstance(market_id, str) or not market_id:
                raise UnreadableChange("no market id of orders")
            if change.get("fullImage") is True:
                self._forget([order for order in self.orders.values() if order.market_id == market_id])
                for key in [key for key in self.positions if key[0] == market_id]:
                    del self.positions[key]
            for runner in _rows(change, "orc"):
                told += self._runner(market_id, runner)
        return told

    def _runner(self, market_id: str, change: Mapping[str, Any]) -> Iterator[StreamedOrder]:
        runner_id = change.get("id")
        if not isinstance(runner_id, int) or isinstance(runner_id, bool):
            raise UnreadableChange("no id of a runner")
        runner = runner_id, _number(change, "hc")
        if change.get("fullImage") is True:
            self.positions.pop((market_id, runner), None)
            of_it = [o for o in self.orders.values() if (o.market_id, o.runner) == (market_id, runner)]
            self._forget(of_it)
        for told in _rows(change, "uo"):
            order = _order(market_id, runner, told)
            self.orders[order.bet_id] = order
            self.vanished.discard(order.bet_id)
            yield order
        for word, side in (("mb", "back"), ("ml", "lay")):
            if word in change:
                position = self.positions.setdefault((market_id, runner), Position())
                _points(getattr(position, side), change[word], word)

    def _forget(self, orders: Sequence[StreamedOrder]) -> None:
        """An image begins: open orders that do not come again have ended unseen."""
        for order in orders:
            if not order.is_complete:
                self.vanished.add(order.bet_id)
                del self.orders[order.bet_id]


def _order(market_id: str, runner: RunnerKey, told: Mapping[str, Any]) -> StreamedOrder:
    bet_id, side, status = told.get("id"), told.get("side"), told.get("status")
    if not isinstance(bet_id, str) or not bet_id:
        raise UnreadableChange("an order without an id")
    if side not in tuple(_SIDES) or status not in tuple(_STATUSES):
        raise UnreadableChange("an order without a side or a status")
    return StreamedOrder(
        bet_id=bet_id, market_id=market_id, runner=runner, our_ref=_word(told, "rfo"), strategy_ref=_word(told, "rfs"),
        side=_SIDES[side], is_complete=_STATUSES[status], price=_number(told, "p"), size_minor=_minor(told, "s"),
        matched_minor=_minor(told, "sm"), remaining_minor=_minor(told, "sr"), lapsed_minor=_minor(told, "sl"),
        cancelled_minor=_minor(told, "sc"), voided_minor=_minor(told, "sv"), average_price=_number(told, "avp"),
        placed_ns=_instant(told, "pd"), matched_ns=_instant(told, "md"), lapse_reason=_word(told, "lsrc"),
    )  # fmt: skip


def _points(points: dict[float, float], rows: Any, word: str) -> None:
    """New totals by price; 0 takes a price away, an empty list all of them."""
    if not isinstance(rows, list):
        raise UnreadableChange(f"{word} is no list")
    if not rows:
        points.clear()
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise UnreadableChange(f"{word} has a row that is no price and size")
        price, size = (_number({word: number}, word) for number in row)
        if size == 0.0:
            points.pop(price, None)
        else:
            points[price] = size


def _rows(change: Mapping[str, Any], word: str) -> Sequence[Mapping[str, Any]]:
    rows = change.get(word)
    rows = () if rows is None else rows
    if not isinstance(rows, list | tuple) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableChange(f"{word} is no list of objects")
    return rows


def _word(told: Mapping[str, Any], word: str) -> str:
    value = told.get(word)
    value = "" if value is None else value
    if not isinstance(value, str):
        raise UnreadableChange(f"{word} is no text")
    return value


def _number(told: Mapping[str, Any], word: str) -> float:
    """A number from 0 on, or a handicap of either sign; 0 where there is none."""
    value = told.get(word)
    value = 0 if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise UnreadableChange(f"{word} is no number")
    if value < 0 and word != "hc":
        raise UnreadableChange(f"{word} is below 0")
    return float(value)


def _minor(told: Mapping[str, Any], word: str) -> int:
    return round(_number(told, word) * 100)


def _instant(told: Mapping[str, Any], word: str) -> int | None:
    value = told.get(word)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _BEYOND:
        raise UnreadableChange(f"{word} is no instant")
    return value * _MS_NS
