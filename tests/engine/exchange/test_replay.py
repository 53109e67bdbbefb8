"""The compiled replay against books and queues of dictionaries: equal to the last bit, on made-up and real streams."""

from __future__ import annotations

import bz2
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError
from engine.exchange.ladder import CLASSIC
from engine.exchange.replay import FILLS, MESSAGES, ORDERS, ROWS, Quoting, World, new_world, replay
from engine.exchange.tape import Taped, taped
from engine.simulator.exchange import streamed
from tests.engine.exchange.quoted import Quoted

MS = 1_000_000


def lines_of(reference_dir: Path, name: str) -> list[dict[str, Any]]:
    """The lines of a real stream."""
    content = (reference_dir / "data" / "betfair" / "stream" / name).read_bytes()
    return [json.loads(line) for line in (bz2.decompress(content) if name.endswith("bz2") else content).splitlines()]


def changes(generator: random.Random, messages: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """A market with images, empty ladders, suspensions and a start, at prices where it is crowded."""
    prices, at, in_play = CLASSIC.prices[95:105], 10**18, False
    traded: dict[tuple[int, float], float] = {}
    for number in range(messages):
        at += generator.choice((0, 1, 50, 900)) * MS
        change: dict[str, Any] = {"id": "1.1", "rc": []}
        if number == 0 or generator.random() < 0.04:
            change["img"] = True
        if number == 0 or generator.random() < 0.08:
            in_play = in_play or generator.random() < 0.05
            status = "SUSPENDED" if generator.random() < 0.3 else "OPEN"
            change["marketDefinition"] = {"status": status, "inPlay": in_play, "betDelay": generator.choice((0, 1))}
        for runner in generator.sample(range(3), generator.randint(0, 3)):
            row: dict[str, Any] = {"id": runner}
            for word in generator.sample(("atb", "atl", "trd"), generator.randint(1, 3)):
                low, high = {"atb": (0, 6), "atl": (4, 10), "trd": (0, 10)}[word]
                row[word] = []
                for price in generator.sample(prices[low:high], generator.randint(1, 3)):
                    size = generator.choice((0.0, 0.5, 2.0, round(generator.uniform(0, 30), 2)))
                    if word == "trd" and generator.random() < 0.95:
                        traded[runner, price] = size = round(traded.get((runner, price), 0.0) + size, 2)
                    row[word].append([price, size])
            if generator.random() < 0.03:
                row["trd"] = []
            change["rc"].append(row)
        yield at, change


def both(found: list[tuple[int, dict[str, Any]]], quoting: Quoting) -> tuple[Quoted, Taped, World]:
    market = taped(found)
    world = new_world(max(1, len(market.runners)))
    replay(market.tape, world, quoting)
    return Quoted(quoting).run(found), market, world


def equal(twin: Quoted, market: Taped, world: World) -> None:
    for number, key in enumerate(market.runners):
        book = twin.books.markets["1.1"].runners[key]
        for column, word in enumerate(("atb", "atl", "trd")):
            held = {CLASSIC.prices[place]: size for place, size in enumerate(world.book[number, column]) if size}
            assert held == book.points[word]
        for place, side in enumerate(("back", "lay")):
            own = [order for runner, order in twin.all if runner == key and order.side == side]
            matched = paid = 0.0
            for order in own:
                matched, paid = matched + order.matched, paid + order.paid
            assert world.total[number, place].tolist() == pytest.approx([matched, paid], rel=1e-12, abs=1e-9)
            if own and own[-1].open:
                assert world.order[number, place, 1:3].tolist() == [own[-1].matched, own[-1].paid]
                assert world.order[number, place, 3] == own[-1].ahead
    assert world.counts[ORDERS] == twin.orders


def test_made_up_markets_give_the_fills_of_the_twin() -> None:
    fills = 0
    for seed in range(60):
        generator = random.Random(seed)
        found = list(changes(generator, 120))
        ticks, latency = generator.choice((0, 0, 1, -1)), generator.choice((0, 30 * MS))
        twin, market, world = both(found, Quoting(generator.choice((1.0, 5.0, 40.0)), ticks, latency))
        equal(twin, market, world)
        assert world.counts[MESSAGES] == 120 and market.refused == 0
        fills += world.counts[FILLS]
    assert fills > 500


@pytest.mark.parametrize("name", ["1.197931750", "1.197931751"])
def test_real_races_give_the_books_and_fills_of_the_twin(name: str, reference_dir: Path) -> None:
    found = [
        (line["pt"] * MS, change | {"id": "1.1"}) for line in lines_of(reference_dir, name) for change in line["mc"]
    ]
    twin, market, world = both(found, Quoting(2.0))
    equal(twin, market, world)
    assert world.counts[ORDERS] > 100 and market.refused == 0


def test_a_stream_of_levels_and_two_markets_are_refused_by_name() -> None:
    with pytest.raises(DataError, match="no full depth"):
        taped([(1, {"id": "1.1", "rc": [{"id": 1, "trd": [[2.0, 5.0]], "batb": [[0, 2.0, 5.0]]}]})])
    with pytest.raises(DataError, match="several markets"):
        taped([(1, {"id": "1.1"}), (2, {"id": "1.2"})])


def test_a_change_that_cannot_be_read_is_counted_and_its_market_waits_for_an_image() -> None:
    image = {"id": "1.1", "img": True, "rc": [{"id": 1, "atb": [[2.0, 5.0]]}]}
    found = taped([(1, image), (2, {"id": "1.1", "rc": [{"id": 1, "atb": [[2.005, 5.0]]}]}), (3, image)])
    assert (found.refused, found.tape.at_ns.tolist(), found.tape.first.tolist()) == (1, [1, 3], [0, 1, 3])


def test_a_stream_in_parts_is_the_stream_as_a_whole_and_a_seed_gives_it_again() -> None:
    whole, parts = new_world(8), new_world(8)
    (tape,) = streamed(3, 5_000, chunk=5_000)
    replay(tape, whole, Quoting(2.0))
    low = 0
    for high in (1_700, 1_701, 5_000):
        first = tape.first[low : high + 1]
        rows = slice(first[0], first[-1])
        part = tape._replace(
            at_ns=tape.at_ns[low:high], state=tape.state[low:high], delay_ns=tape.delay_ns[low:high],
            first=first - first[0], runner=tape.runner[rows], column=tape.column[rows], price=tape.price[rows],
            size=tape.size[rows],
        )  # fmt: skip
        replay(part, parts, Quoting(2.0))
        low = high
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))
    again = next(streamed(3, 5_000, chunk=5_000))
    assert all(np.array_equal(one, other) for one, other in zip(tape, again, strict=True))
    assert whole.counts[ROWS] == tape.size.size and whole.counts[FILLS] > 0


def test_the_made_up_stream_has_the_statistics_of_real_ones(reference_dir: Path) -> None:
    real = [_statistics(_rows_of(lines_of(reference_dir, name))) for name in ("1.185781277.bz2", "1.205822330.bz2")]
    (tape,) = streamed(1, 20_000, chunk=20_000)
    made = _statistics(
        [list(zip(tape.runner[a:b], tape.column[a:b], tape.size[a:b], strict=True))
         for a, b in zip(tape.first[1:-1], tape.first[2:], strict=True)]
    )  # fmt: skip
    for name, value in made.items():
        low, high = sorted(one[name] for one in real)
        assert 0.85 * low <= value <= 1.15 * high, name
    gaps = np.diff([line["pt"] for line in lines_of(reference_dir, "1.185781277.bz2")])
    assert np.median(np.diff(tape.at_ns)) / MS == pytest.approx(np.median(gaps), rel=0.1)


def _rows_of(lines: list[dict[str, Any]]) -> list[list[Any]]:
    """Runner, column and size of each price of each change but the images."""
    words = ("atb", "atl", "trd")
    changed = [change.get("rc", ()) for line in lines for change in line["mc"] if not change.get("img")]
    return [
        [
            (row["id"], column, size)
            for row in rows
            for column, word in enumerate(words)
            for _, size in row.get(word, ())
        ]
        for rows in changed
    ]


def _statistics(messages: list[list[Any]]) -> dict[str, float]:
    offered = [size for message in messages for _, column, size in message if column < 2]
    logs = np.log([size for size in offered if size > 0])
    return {
        "prices of a message": float(np.mean([len(message) for message in messages])),
        "runners of a message": float(np.mean([len({row[0] for row in message}) for message in messages])),
        "messages with a trade": float(np.mean([any(row[1] == 2 for row in message) for message in messages])),
        "prices that go": float(np.mean([size == 0 for size in offered])),
        "size": float(logs.mean()),
        "spread of sizes": float(logs.std()),
    }
