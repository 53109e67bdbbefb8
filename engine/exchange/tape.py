"""Full-depth books of a market as flat arrays: what a compiled replay goes through.

One row is one price of one runner with its new size. Rows of one message stand together. A market whose stream gives
levels in place of ladders has no depth to replay, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.exchange.book import Books, UnreadableChange
from engine.exchange.ladder import CLASSIC, Ladder

#: columns of a book: what can be backed at, laid at, and what was traded
BACK, LAY, TRADED = 0, 1, 2
#: rows that empty a runner, and its traded volumes alone
EMPTY, NO_TRADES = 3, 4
_WORDS: Final = {"atb": BACK, "atl": LAY, "trd": TRADED}
#: bits of the state of a message
OPEN, IN_PLAY = 1, 2


class Tape(NamedTuple):
    """Messages of one market.

    Attributes
    ----------
    at_ns : int64, messages
        When each was published, UTC nanoseconds.
    state : uint8, messages
        `OPEN` and `IN_PLAY`, after the message.
    delay_ns : int64, messages
        How long an order waits before it is matched.
    first : int64, messages + 1
        First row of each message.
    runner : int16, rows
    column : uint8, rows
        `BACK`, `LAY`, `TRADED`; or `EMPTY` or `NO_TRADES`, whose price and size mean nothing.
    price : int32, rows
        Place on the ladder.
    size : float64, rows
        New total; 0: nothing is there any more.
    """

    at_ns: NDArray[np.int64]
    state: NDArray[np.uint8]
    delay_ns: NDArray[np.int64]
    first: NDArray[np.int64]
    runner: NDArray[np.int16]
    column: NDArray[np.uint8]
    price: NDArray[np.int32]
    size: NDArray[np.float64]


@dataclass(frozen=True)
class Taped:
    """A market as a tape.

    Attributes
    ----------
    tape : Tape
    runners : tuple of (int, float)
        Id and handicap by number of the tape.
    ladder : Ladder
    refused : int
        Changes that could not be read: their messages are left out, and the market waits for its next image.
    """

    tape: Tape
    runners: tuple[tuple[int, float], ...]
    ladder: Ladder
    refused: int


def taped(changes: Iterable[tuple[int, Mapping[str, Any]]], ladder: Ladder = CLASSIC) -> Taped:
    """The tape of the changes of one market.

    Parameters
    ----------
    changes : iterable of (int, mapping)
        Instant, UTC nanoseconds, and entry of ``mc``, in order.
    ladder : Ladder

    Raises
    ------
    DataError
        The changes are of several markets, or give levels in place of ladders.
    """
    books, runners, refused = Books(), dict[tuple[int, float], int](), 0
    at, state, delay, first = list[int](), list[int](), list[int](), [0]
    rows: list[tuple[int, int, int, float]] = []
    market = None
    for at_ns, change in changes:
        market = market or change.get("id")
        if change.get("id") != market:
            raise DataError("changes of several markets", expected=f"{market}", found=f"{change.get('id')}")
        try:
            known = market in books.markets
            book = books.apply(change, at_ns)
            found = _rows(change, ladder, runners, is_image=not known or change.get("img") is True)
        except UnreadableChange:
            books.markets.pop(str(market), None)
            refused += 1
            continue
        rows += found
        at.append(at_ns)
        state.append(OPEN * book.is_open | IN_PLAY * book.is_in_play)
        delay.append(book.delay_s * 10**9)
        first.append(len(rows))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    if rows and not {BACK, LAY} & set(columns[1]):
        raise DataError(
            "no full depth to replay", where=f"market {market}", expected="ladders, atb and atl", found="none"
        )
    tape = Tape(
        np.array(at, np.int64), np.array(state, np.uint8), np.array(delay, np.int64), np.array(first, np.int64),
        np.array(columns[0], np.int16), np.array(columns[1], np.uint8), np.array(columns[2], np.int32),
        np.array(columns[3], np.float64),
    )  # fmt: skip
    return Taped(tape, tuple(runners), ladder, refused)


def _rows(
    change: Mapping[str, Any], ladder: Ladder, runners: dict[tuple[int, float], int], *, is_image: bool
) -> list[tuple[int, int, int, float]]:
    """The rows of a change that `Books` has taken in."""
    found = [(number, EMPTY, 0, 0.0) for number in runners.values()] if is_image else []
    for runner in change.get("rc", ()):
        key = runner["id"], float(runner.get("hc", 0))
        number = runners.setdefault(key, len(runners))
        for word, column in _WORDS.items():
            if word == "trd" and word in runner and not runner[word]:
                found.append((number, NO_TRADES, 0, 0.0))
            for price, size in runner.get(word, ()):
                if price not in ladder:
                    raise UnreadableChange("a price that is not on the ladder")
                found.append((number, column, ladder.index(price), float(size)))
    return found
