"""A compiled replay of a tape with a quoting strategy: what `engine.exchange.matching` says, many times as fast.

The strategy keeps one back and one lay order waiting on every runner while the market is open and the event has not
begun: at the best price of its side, or some ticks behind it. When that price moves, the order is cancelled and a new
one is sent. Size 0 sends none: then the books alone are replayed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.exchange.ladder import CLASSIC, Ladder
from engine.exchange.tape import BACK, EMPTY, IN_PLAY, LAY, NO_TRADES, OPEN, TRADED, Tape
from engine.kernel.cache import compiled, leaf

_NOTHING: Final = 1e-9
#: numbers of `World.counts`
MESSAGES, ROWS, ORDERS, FILLS = 0, 1, 2, 3


class World(NamedTuple):
    """Everything that a replay knows between two messages. A long stream is replayed tape by tape with one world.

    Attributes
    ----------
    book : float64, runners x 3 x prices
        Sizes by `BACK`, `LAY`, `TRADED`.
    seen : float64, runners x prices
        Traded volumes at the last look.
    taken : float64, runners x 2 x prices
        What our orders took of what stands there now.
    best : int32, runners x 2
        Best place to back and to lay at; -1 and the number of prices: none.
    price : int32, runners x 2
        Of the waiting back and lay order; -1: none.
    order : float64, runners x 2 x 4
        Its size, matched size, sum of price times size, and the size that stands before it.
    coming_price, coming_ns : int32, int64, runners x 2
        Of the order that has not arrived yet; -1: none.
    total : float64, runners x 2 x 2
        Matched size and sum of price times size of all orders.
    counts : int64, 4
    flags : uint8, 1
        State of the last message.
    """

    book: NDArray[np.float64]
    seen: NDArray[np.float64]
    taken: NDArray[np.float64]
    best: NDArray[np.int32]
    price: NDArray[np.int32]
    order: NDArray[np.float64]
    coming_price: NDArray[np.int32]
    coming_ns: NDArray[np.int64]
    total: NDArray[np.float64]
    counts: NDArray[np.int64]
    flags: NDArray[np.uint8]


class Quoting(NamedTuple):
    """The strategy.

    Attributes
    ----------
    size : float
        Of each order, backer's stake; 0: none is sent.
    ticks : int
        Behind the best price of its side: a back order so much higher than the lowest price asked, a lay order so much
        lower than the highest price bid.
    latency_ns : int
        From a message to the arrival of the order that follows from it; the delay of the market comes on top.
    """

    size: float = 0.0
    ticks: int = 0
    latency_ns: int = 0


def new_world(runners: int, ladder: Ladder = CLASSIC) -> World:
    """A world in which nothing is known."""
    n = len(ladder)
    best = np.empty((runners, 2), np.int32)
    best[:, BACK], best[:, LAY] = -1, n
    return World(
        np.zeros((runners, 3, n)), np.zeros((runners, n)), np.zeros((runners, 2, n)), best,
        np.full((runners, 2), -1, np.int32), np.zeros((runners, 2, 4)), np.full((runners, 2), -1, np.int32),
        np.zeros((runners, 2), np.int64), np.zeros((runners, 2, 2)), np.zeros(4, np.int64), np.zeros(1, np.uint8),
    )  # fmt: skip


def replay(tape: Tape, world: World, quoting: Quoting | None = None, ladder: Ladder = CLASSIC) -> None:
    """Go through a tape. The world is changed in place.

    Parameters
    ----------
    tape : Tape
    world : World
        Of as many runners as the tape names, and as many prices as the ladder has.
    quoting : Quoting, optional
        None: the books alone.
    ladder : Ladder
    """
    marks = np.full((3, world.price.shape[0]), -1, np.int64)
    _walk(tape, world, quoting or Quoting(), np.array(ladder.prices), marks)


@compiled
def _walk(tape: Tape, world: World, quoting: Quoting, prices: NDArray[np.float64], marks: NDArray[np.int64]) -> None:
    marked, swept, touched = marks[0], marks[1], marks[2]
    for m in range(tape.at_ns.size):
        at = tape.at_ns[m]
        if quoting.size > 0.0:
            _arrivals(world, quoting, prices, at)
        n_touched = 0
        for row in range(tape.first[m], tape.first[m + 1]):
            r = tape.runner[row]
            if marked[r] != m:
                marked[r] = m
                touched[n_touched] = r
                n_touched += 1
            if _put(world, r, tape.column[row], tape.price[row], tape.size[row]):
                swept[r] = m
        state = tape.state[m]
        is_open = state & OPEN != 0
        if state & IN_PLAY and not world.flags[0] & IN_PLAY:
            world.price[:] = -1
            world.coming_price[:] = -1
        if quoting.size > 0.0:
            for k in range(n_touched):
                r = touched[k]
                if swept[r] == m:
                    _sweep(world, prices, r, is_open)
                else:
                    _look(world, prices, r, is_open, tape, m)
                _behind(world, r)
                if is_open and not state & IN_PLAY:
                    _quote(world, quoting, r, at + quoting.latency_ns + tape.delay_ns[m])
        world.flags[0] = state
        world.counts[MESSAGES] += 1
        world.counts[ROWS] += tape.first[m + 1] - tape.first[m]


@leaf
def _put(world: World, r: int, column: int, price: int, size: float) -> bool:
    """Take a row in; whether the whole runner must be looked at afterwards."""
    n = world.book.shape[2]
    if column == EMPTY:
        world.book[r] = 0.0
        world.best[r, BACK], world.best[r, LAY] = -1, n
        return True
    if column == NO_TRADES:
        world.book[r, TRADED] = 0.0
        return True
    world.book[r, column, price] = size
    if column == BACK:
        best = world.best[r, BACK]
        if size > 0.0:
            world.best[r, BACK] = max(best, price)
        elif price == best:
            while best >= 0 and world.book[r, BACK, best] <= 0.0:
                best -= 1
            world.best[r, BACK] = best
    elif column == LAY:
        best = world.best[r, LAY]
        if size > 0.0:
            world.best[r, LAY] = min(best, price)
        elif price == best:
            while best < n and world.book[r, LAY, best] <= 0.0:
                best += 1
            world.best[r, LAY] = best
    return False


@leaf
def _fill(world: World, r: int, side: int, price: float, size: float) -> None:
    world.order[r, side, 1] += size
    world.order[r, side, 2] += price * size
    world.total[r, side, 0] += size
    world.total[r, side, 1] += price * size
    world.counts[FILLS] += 1


@leaf
def _open(world: World, r: int, side: int) -> float:
    left = world.order[r, side, 0] - world.order[r, side, 1]
    return left if left > _NOTHING else 0.0


@leaf
def _trade(world: World, prices: NDArray[np.float64], r: int, p: int, size: float) -> None:
    """As `Queue._trade`: a waiting lay order stands before a back order."""
    for side in (LAY, BACK):
        own = world.price[r, side]
        if own < 0 or (p < own if side == BACK else p > own):
            continue
        left = _open(world, r, side)
        if left <= 0.0:
            continue
        if p != own:
            world.order[r, side, 3] = 0.0
        moved = min(world.order[r, side, 3], size)
        world.order[r, side, 3] -= moved
        part = min(left, size - moved)
        if part > _NOTHING:
            _fill(world, r, side, prices[own], part)
            size -= part


@leaf
def _trim(world: World, r: int, side: int, p: int) -> None:
    """What others took is not ours to leave out any more."""
    taken = min(world.taken[r, side, p], world.book[r, side, p])
    world.taken[r, side, p] = taken if taken > _NOTHING else 0.0


@leaf
def _traded(world: World, prices: NDArray[np.float64], r: int, p: int, is_open: bool) -> None:
    """A traded volume as it is now: what is new of it, once."""
    volume = world.book[r, TRADED, p]
    new = volume - world.seen[r, p]
    world.seen[r, p] = volume
    if is_open and new > _NOTHING:
        _trade(world, prices, r, p, new / 2.0)


@leaf
def _sweep(world: World, prices: NDArray[np.float64], r: int, is_open: bool) -> None:
    """Look at all prices of a runner: after an image."""
    for p in range(world.seen.shape[1]):
        if world.taken[r, BACK, p] > 0.0:
            _trim(world, r, BACK, p)
        if world.taken[r, LAY, p] > 0.0:
            _trim(world, r, LAY, p)
    for p in range(world.seen.shape[1]):
        _traded(world, prices, r, p, is_open)


@leaf
def _look(world: World, prices: NDArray[np.float64], r: int, is_open: bool, tape: Tape, m: int) -> None:
    """Look at the prices of a runner that a message names; trades from the lowest price up."""
    low = -1
    for row in range(tape.first[m], tape.first[m + 1]):
        if tape.runner[row] == r and tape.column[row] < TRADED:
            _trim(world, r, tape.column[row], tape.price[row])
    while True:
        following = world.seen.shape[1]
        for row in range(tape.first[m], tape.first[m + 1]):
            if tape.runner[row] == r and tape.column[row] == TRADED and low < tape.price[row] < following:
                following = tape.price[row]
        if following == world.seen.shape[1]:
            return
        _traded(world, prices, r, following, is_open)
        low = following


@leaf
def _behind(world: World, r: int) -> None:
    """No more stands before an order than stands at its price; one that is matched waits no more."""
    for side in (BACK, LAY):
        p = world.price[r, side]
        if p >= 0:
            if _open(world, r, side) <= 0.0:
                world.price[r, side] = -1
            else:
                world.order[r, side, 3] = min(world.order[r, side, 3], world.book[r, 1 - side, p])


@leaf
def _quote(world: World, quoting: Quoting, r: int, due_ns: int) -> None:
    """Cancel what stands at another price than is wanted, and send what is missing."""
    n = world.book.shape[2]
    for side in (BACK, LAY):
        there = world.best[r, 1 - side]
        wanted = there + quoting.ticks if side == BACK else there - quoting.ticks
        if there < 0 or there >= n or wanted < 0 or wanted >= n:
            wanted = -1
        if world.price[r, side] >= 0 and world.price[r, side] != wanted:
            world.price[r, side] = -1
        if world.coming_price[r, side] >= 0 and world.coming_price[r, side] != wanted:
            world.coming_price[r, side] = -1
        if wanted >= 0 and world.price[r, side] < 0 and world.coming_price[r, side] < 0:
            world.coming_price[r, side] = wanted
            world.coming_ns[r, side] = due_ns
            world.counts[ORDERS] += 1


@leaf
def _arrivals(world: World, quoting: Quoting, prices: NDArray[np.float64], at: int) -> None:
    """Orders that arrive before a message meet the book as it was."""
    for r in range(world.price.shape[0]):
        for side in (BACK, LAY):
            p = world.coming_price[r, side]
            if p < 0 or world.coming_ns[r, side] >= at:
                continue
            world.coming_price[r, side] = -1
            if world.flags[0] & OPEN:
                _arrive(world, prices, r, side, p, quoting.size)


@leaf
def _arrive(world: World, prices: NDArray[np.float64], r: int, side: int, p: int, size: float) -> None:
    """As `Queue.arrive`."""
    world.order[r, side, 0], world.order[r, side, 1], world.order[r, side, 2] = size, 0.0, 0.0
    step, left, place = (-1 if side == BACK else 1), size, world.best[r, side]
    while 0 <= place < world.book.shape[2] and (place >= p if side == BACK else place <= p):
        if world.book[r, side, place] > 0.0:
            part = min(left, world.book[r, side, place] - world.taken[r, side, place])
            if part > _NOTHING:
                _fill(world, r, side, prices[place], part)
                world.taken[r, side, place] += part
                left -= part
                if left <= _NOTHING:
                    break
        place += step
    if _open(world, r, side) > 0.0:
        world.price[r, side] = p
        world.order[r, side, 3] = world.book[r, 1 - side, p]
