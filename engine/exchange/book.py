"""The books of markets, kept from the changes that an exchange streams. Facts: Betfair Exchange Stream API.

A change says new totals, never differences. A market whose image was not seen, or that a change cannot be read for, is
not known any more until its next image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

#: a runner of a market: its id, and its handicap (0 where it has none)
RunnerKey = tuple[int, float]

#: ladders by the words of the stream: price and size
POINTS: Final = ("atb", "atl", "trd", "spb", "spl")
#: best prices by the words of the stream: level, price and size. The `b` of `bdatb` is with virtual prices.
LEVELS: Final = ("batb", "batl", "bdatb", "bdatl")
#: no price, size or volume is this large
_BEYOND: Final = 1e18
_NUMBERS: Final = ("ltp", "tv", "spn", "spf")


@dataclass
class RunnerBook:
    """What is known of a runner.

    Attributes
    ----------
    points : mapping of str to mapping of float to float
        Sizes by price, for each of `POINTS`: what can be backed (`atb`) and laid (`atl`) at, what was traded.
    levels : mapping of str to mapping of int to tuple of (float, float)
        Price and size by level, 0 for the best, for each of `LEVELS`.
    numbers : mapping of str to float
        `ltp` last traded price, `tv` traded volume, `spn` and `spf` near and far starting price; absent: not known.
    """

    points: dict[str, dict[float, float]] = field(default_factory=lambda: {word: {} for word in POINTS})
    levels: dict[str, dict[int, tuple[float, float]]] = field(default_factory=lambda: {word: {} for word in LEVELS})
    numbers: dict[str, float] = field(default_factory=dict)

    def best(self, side: str) -> list[tuple[float, float]]:
        """Prices and sizes that can be taken, best first, from the deepest ladder that the stream gives.

        Parameters
        ----------
        side : str
            ``back``: prices at which one can back, highest first. ``lay``: at which one can lay, lowest first.
        """
        word = "atb" if side == "back" else "atl"
        if points := self.points[word]:
            return sorted(points.items(), reverse=side == "back")
        for levels in (self.levels["b" + word], self.levels["bd" + word]):
            if levels:
                return [levels[level] for level in sorted(levels)]
        return []

    def size_at(self, side: str, price: float) -> float:
        """What can be taken at a price of a side; 0: nothing."""
        if points := self.points["atb" if side == "back" else "atl"]:
            return points.get(price, 0.0)
        return dict(self.best(side)).get(price, 0.0)


@dataclass
class MarketBook:
    """What is known of a market.

    Attributes
    ----------
    market_id : str
    published_ns : int
        When the last change was published, UTC nanoseconds.
    definition : mapping
        The market definition, as it was last sent; empty: none was.
    runners : mapping of RunnerKey to RunnerBook
    traded : float or None
        Volume of the market, where the stream says it.
    is_conflated : bool
        Whether the last change is several in one.
    """

    market_id: str
    published_ns: int = 0
    definition: Mapping[str, Any] = field(default_factory=dict)
    runners: dict[RunnerKey, RunnerBook] = field(default_factory=dict)
    traded: float | None = None
    is_conflated: bool = False

    @property
    def is_open(self) -> bool:
        """Whether orders are taken now."""
        return self.definition.get("status") == "OPEN"

    @property
    def is_in_play(self) -> bool:
        """Whether the event has begun."""
        return self.definition.get("inPlay") is True

    @property
    def delay_s(self) -> int:
        """How long an order waits before it is matched."""
        delay = self.definition.get("betDelay")
        return delay if isinstance(delay, int) else 0


class UnreadableChange(ValueError):
    """A change of a market has not the documented form. The message says what, in a few words."""


class Books:
    """All markets of a stream or a file.

    Attributes
    ----------
    markets : mapping of str to MarketBook
    """

    def __init__(self) -> None:
        self.markets: dict[str, MarketBook] = {}

    def forget(self) -> None:
        """Nothing is known any more: a new image begins."""
        self.markets.clear()

    def apply(self, change: Mapping[str, Any], published_ns: int) -> MarketBook:
        """Take in the change of one market (an entry of ``mc``).

        Parameters
        ----------
        change : mapping
        published_ns : int
            ``pt`` of the message, as UTC nanoseconds.

        Returns
        -------
        MarketBook
            As it is now.

        Raises
        ------
        UnreadableChange
            The market is forgotten: half a change must not be traded on.
        """
        market_id = change.get("id")
        if not isinstance(market_id, str) or not market_id:
            raise UnreadableChange("no market id")
        try:
            return self._applied(market_id, change, published_ns)
        except UnreadableChange:
            self.markets.pop(market_id, None)
            raise

    def _applied(self, market_id: str, change: Mapping[str, Any], published_ns: int) -> MarketBook:
        book = self.markets.get(market_id)
        if book is None or change.get("img") is True:
            book = self.markets[market_id] = MarketBook(market_id)
        book.published_ns, book.is_conflated = published_ns, change.get("con") is True
        if "marketDefinition" in change:
            definition = change["marketDefinition"]
            if not isinstance(definition, Mapping):
                raise UnreadableChange("marketDefinition is no object")
            book.definition = definition
        if "tv" in change:
            book.traded = _number(change["tv"], "tv")
        for runner in _rows(change.get("rc", ()), "rc"):
            if not isinstance(runner, Mapping):
                raise UnreadableChange("a runner is no object")
            _take(book.runners.setdefault(_key(runner), RunnerBook()), runner)
        return book


def _take(book: RunnerBook, change: Mapping[str, Any]) -> None:
    """Take in the change of one runner. An empty `trd` empties the ladder; any other empty list changes nothing."""
    for word in _NUMBERS:
        if word in change:
            _put(book.numbers, word, change[word])
    for word in POINTS:
        if word not in change:
            continue
        points = book.points[word]
        if word == "trd" and not change[word]:
            points.clear()
        for price, size in _numbers(change[word], word, 2):
            if size == 0.0:
                points.pop(price, None)
            else:
                points[price] = size
    for word in LEVELS:
        levels = book.levels[word]
        for level, price, size in _numbers(change.get(word, ()), word, 3):
            if size == 0.0:
                levels.pop(int(level), None)
            else:
                levels[int(level)] = (price, size)


def _put(numbers: dict[str, float], word: str, value: Any) -> None:
    """A number of a runner; ``NaN`` and ``Infinity``, which starting prices can be, mean that there is none."""
    if value is None or value in ("NaN", "Infinity") or (isinstance(value, float) and not isfinite(value)):
        numbers.pop(word, None)
    else:
        numbers[word] = _number(value, word)


def _key(runner: Mapping[str, Any]) -> RunnerKey:
    runner_id = runner.get("id")
    if not isinstance(runner_id, int) or isinstance(runner_id, bool):
        raise UnreadableChange("no id of a runner")
    return runner_id, _number(runner.get("hc", 0), "hc")


def _rows(value: Any, word: str) -> Sequence[Any]:
    if type(value) is list:  # the usual form first: a file has millions of them
        return value
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise UnreadableChange(f"{word} is no list")
    return value


def _numbers(value: Any, word: str, width: int) -> Iterator[tuple[float, ...]]:
    """Rows of so many numbers, none negative."""
    for row in _rows(value, word):
        numbers = tuple([_number(number, word) for number in _rows(row, word)])
        if len(numbers) != width or min(numbers) < 0.0:
            raise UnreadableChange(f"{word} has a row that is no {width} numbers from 0 on")
        yield numbers


def _number(value: Any, word: str) -> float:
    if type(value) is float and -_BEYOND < value < _BEYOND:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise UnreadableChange(f"{word} is no number")
    return float(value)
