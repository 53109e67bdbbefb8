"""Made-up streams of full-depth books: as many messages as wanted, the same for the same seed, in flat memory.

They have the look of recorded horse races before the off (how many runners and prices a message changes, how often
money is taken away, how often there is a trade, sizes, gaps), so that what is measured on them can be believed. They
say nothing about how prices move: no strategy is to be judged on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.exchange.ladder import CLASSIC
from engine.exchange.tape import BACK, EMPTY, LAY, OPEN, TRADED, Tape
from engine.kernel.cache import compiled

#: measured on the recordings with ladders of `1.185781277` and `1.205822330`
RUNNERS: Final = 8
_MORE_RUNNERS: Final = 0.70  # chance of each further runner in a message
_MORE_ROWS: Final = 0.36  # chance of each further price of a runner
_GONE: Final = 0.27  # share of prices that go
_TRADES: Final = 0.032  # share of the looks at a runner that are trades
_DEEPER: Final = 0.72  # chance of each further step from the best price
_LOG_SIZE: Final = (1.95, 1.95)
_LOG_GAP_MS: Final = (4.68, 1.2)
_MOVES: Final = 0.004
_MOST_ROWS: Final = 96


class _State(NamedTuple):
    book: NDArray[np.float64]  # runners x 3 x prices
    fair: NDArray[np.int64]  # runners: back prices are below, lay prices above
    at_ns: NDArray[np.int64]


class _Rows(NamedTuple):
    runner: NDArray[np.int16]
    column: NDArray[np.uint8]
    price: NDArray[np.int32]
    size: NDArray[np.float64]


def streamed(seed: int, messages: int, *, runners: int = RUNNERS, chunk: int = 100_000) -> Iterator[Tape]:
    """A market's messages, some at a time. The first one is an image of every runner.

    Parameters
    ----------
    seed : int
    messages : int
    runners : int
    chunk : int
        Messages of a tape.

    Yields
    ------
    Tape
        Prices are places of `engine.exchange.ladder.CLASSIC`.
    """
    generator, n = np.random.default_rng(seed), len(CLASSIC)
    fair = generator.integers(80, n - 120, runners)
    state = _State(np.zeros((runners, 3, n)), fair, np.array([1_600_000_000 * 10**9]))
    for low in range(0, messages, chunk):
        count = min(chunk, messages - low)
        yield _chunk(state, generator, count, is_first=low == 0)


def _chunk(state: _State, generator: np.random.Generator, count: int, *, is_first: bool) -> Tape:
    most = count * _MOST_ROWS if count < 1_000 else count * 16
    rows = _Rows(np.empty(most, np.int16), np.empty(most, np.uint8), np.empty(most, np.int32), np.empty(most))
    first = np.zeros(count + 1, np.int64)
    gaps = np.exp(generator.normal(*_LOG_GAP_MS, count))
    at_ns = state.at_ns[0] + np.cumsum(np.maximum(1, gaps.astype(np.int64))) * 1_000_000
    sizes = np.maximum(0.01, np.round(np.exp(generator.normal(*_LOG_SIZE, most)), 2))
    used = _write(state, generator, sizes, first, rows, is_first)
    state.at_ns[0] = at_ns[-1]
    flags = np.full(count, OPEN, np.uint8)
    return Tape(
        at_ns, flags, np.zeros(count, np.int64), first, rows.runner[:used], rows.column[:used], rows.price[:used],
        rows.size[:used],
    )  # fmt: skip


@compiled
def _write(
    state: _State,
    generator: np.random.Generator,
    sizes: NDArray[np.float64],
    first: NDArray[np.int64],
    rows: _Rows,
    is_first: bool,
) -> int:
    """Write rows; how many."""
    book, fair = state.book, state.fair
    runner, column, price, size = rows
    n_runners, k = book.shape[0], 0
    for m in range(first.size - 1):
        begin = k
        r = int(generator.random() * n_runners)
        count = 1
        while count < n_runners and generator.random() < _MORE_RUNNERS:
            count += 1
        if is_first and m == 0:
            r, count = 0, n_runners
        for _ in range(count):
            if is_first and m == 0:
                runner[k], column[k], price[k], size[k] = r, EMPTY, 0, 0.0
                k += 1
                for step in range(1, 11):
                    for side in (BACK, LAY):
                        place = fair[r] - step if side == BACK else fair[r] + step
                        book[r, side, place] = sizes[k]
                        runner[k], column[k], price[k], size[k] = r, side, place, sizes[k]
                        k += 1
            else:
                k = _one_runner(state, generator, sizes, rows, r, k)
            r = (r + 1) % n_runners
            if k - begin > 64 or k + 64 > size.size:
                break
        first[m + 1] = k
    return k


@compiled
def _one_runner(
    state: _State, generator: np.random.Generator, sizes: NDArray[np.float64], rows: _Rows, r: int, k: int
) -> int:
    book, n = state.book, state.book.shape[2]
    runner, column, price, size = rows
    if generator.random() < _MOVES:
        step = 1 if generator.random() < 0.5 else -1
        moved = min(max(state.fair[r] + step, 12), n - 13)
        state.fair[r] = moved
        for side in (BACK, LAY):
            if book[r, side, moved] > 0.0:
                book[r, side, moved] = 0.0
                runner[k], column[k], price[k], size[k] = r, side, moved, 0.0
                k += 1
    side = BACK if generator.random() < 0.5 else LAY
    step = -1 if side == BACK else 1
    best = state.fair[r] + step
    while 0 < best < n - 1 and book[r, side, best] <= 0.0:
        best += step
    is_trade = generator.random() < _TRADES and 0 < best < n - 1
    if is_trade:
        part = min(book[r, side, best], sizes[k])
        book[r, TRADED, best] = round(book[r, TRADED, best] + 2.0 * part, 2)
        book[r, side, best] = round(book[r, side, best] - part, 2)
        for word in (TRADED, side):
            runner[k], column[k], price[k], size[k] = r, word, best, book[r, word, best]
            k += 1
        return k
    while True:
        place = state.fair[r] + step
        while generator.random() < _DEEPER and 0 < place + step < n - 1:
            place += step
        gone = book[r, side, place] > 0.0 and generator.random() < _GONE * 1.35
        book[r, side, place] = 0.0 if gone else sizes[k]
        runner[k], column[k], price[k], size[k] = r, side, place, book[r, side, place]
        k += 1
        if generator.random() >= _MORE_ROWS:
            return k
