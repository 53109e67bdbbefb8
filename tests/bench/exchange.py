"""How fast full-depth exchange streams are replayed: ``python -m tests.bench.exchange``.

The same made-up stream goes through the compiled replay, through the books of dictionaries, and, where a Python with
them is named (``--peers``), through betfair_data (reading alone) and flumine. Each runs alone, one after the other.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.exchange.book import Books
from engine.exchange.ladder import CLASSIC
from engine.exchange.replay import FILLS, MESSAGES, ORDERS, Quoting, new_world, replay
from engine.exchange.tape import EMPTY, Tape, taped
from engine.simulator.exchange import RUNNERS, streamed

SEED, MARKET = 16, "1.200000000"
#: for one of the other programs
_MOST_S = 300
#: messages of the stream on which flumine quotes: it looks at all orders of the market again and again
_SHORT = 5_000
WORDS = ("atb", "atl", "trd")

PARSED = """
import sys, time, betfair_data
began, count = time.perf_counter(), 0
for market in betfair_data.Files([sys.argv[1]]):
    for book in market:
        count += 1
print(count, time.perf_counter() - began)
"""

FLUMINE = """
import sys, time, logging
from flumine import FlumineSimulation, clients, BaseStrategy
from flumine.order.trade import Trade
from flumine.order.order import OrderStatus
from flumine.order.ordertype import LimitOrder
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream
logging.disable(logging.CRITICAL)
quotes = sys.argv[2] == "quotes"

class Strategy(BaseStrategy):
    count = 0
    def check_market_book(self, market, market_book):
        type(self).count += 1
        return quotes and market_book.status == "OPEN"
    def process_market_book(self, market, market_book):
        live = {}
        for order in list(market.blotter.live_orders):
            live.setdefault((order.selection_id, order.handicap), []).append(order)
        for runner in market_book.runners:
            key = (market.market_id, runner.selection_id, runner.handicap)
            offers = {"BACK": runner.ex.available_to_lay, "LAY": runner.ex.available_to_back}
            wanted = {side: rows[0]["price"] for side, rows in offers.items() if rows}
            for order in live.get(key[1:], ()):
                if order.status == OrderStatus.EXECUTABLE and order.order_type.price != wanted.get(order.side):
                    market.cancel_order(order)
                if order.status in (OrderStatus.EXECUTABLE, OrderStatus.PENDING):
                    wanted.pop(order.side, None)
            for side, price in wanted.items():
                trade = Trade(*key, self)
                market.place_order(trade.create_order(side, LimitOrder(price, 2.0)))
    def process_orders(self, market, orders):
        pass

client = clients.SimulatedClient(transaction_limit=None)
framework = FlumineSimulation(client=client)
stream = BetfairHistoricalStream(sys.argv[1])
framework.add_strategy(Strategy(stream=stream, max_order_exposure=1e9, max_selection_exposure=1e9,
                                max_live_trade_count=10**9))
began = time.perf_counter()
framework.run()
print(Strategy.count, time.perf_counter() - began)
"""


def lines(tapes: Iterator[Tape]) -> Iterator[bytes]:
    """The stream as the exchange sends it."""
    runners = [{"id": 1_000 + number, "status": "ACTIVE", "sortPriority": number + 1} for number in range(RUNNERS)]
    definition = {
        "status": "OPEN", "inPlay": False, "betDelay": 0, "bettingType": "ODDS", "marketType": "WIN", "eventId": "1",
        "eventTypeId": "7", "marketTime": "2030-01-01T00:00:00.000Z", "openDate": "2030-01-01T00:00:00.000Z",
        "suspendTime": "2030-01-01T00:00:00.000Z", "bspMarket": False, "turnInPlayEnabled": True,
        "persistenceEnabled": True, "bspReconciled": False, "complete": True, "crossMatching": False,
        "runnersVoidable": False, "numberOfWinners": 1, "numberOfActiveRunners": RUNNERS, "marketBaseRate": 5,
        "regulators": ["x"], "discountAllowed": True, "timezone": "GMT", "version": 1, "countryCode": "GB",
        "runners": runners,
    }  # fmt: skip
    prices, is_first = CLASSIC.prices, True
    for tape in tapes:
        for m in range(tape.at_ns.size):
            changed: dict[int, dict[str, Any]] = {}
            for row in range(tape.first[m], tape.first[m + 1]):
                number = 1_000 + int(tape.runner[row])
                one = changed.setdefault(number, {"id": number})
                if tape.column[row] != EMPTY:
                    word = WORDS[tape.column[row]]
                    one.setdefault(word, []).append([prices[tape.price[row]], float(tape.size[row])])
            change: dict[str, Any] = {"id": MARKET, "rc": list(changed.values())}
            if is_first:
                change |= {"img": True, "marketDefinition": definition}
            is_first = False
            message = {"op": "mcm", "clk": "A", "pt": int(tape.at_ns[m]) // 1_000_000, "mc": [change]}
            yield json.dumps(message, separators=(",", ":")).encode() + b"\n"


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def own(path: Path, messages: int) -> list[tuple[str, int, float]]:
    """Our ways through a file, and through tapes in memory: name, messages, seconds."""
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    changes = [(line["pt"] * 1_000_000, change) for line in found for change in line["mc"]]
    books = Books()
    rows = [
        ("JSON alone (`json`)", messages, seconds(lambda: list(map(json.loads, path.read_bytes().splitlines())))),
        ("books of dictionaries", messages, seconds(lambda: [books.apply(change, at) for at, change in changes])),
    ]
    made: list[Any] = []
    rows.append(("from messages to a tape, once", messages, seconds(lambda: made.append(taped(changes)))))
    tape = made[0].tape
    for name, quoting in (("compiled replay, no orders", Quoting()), ("compiled replay, quoting", Quoting(2.0))):
        replay(tape, new_world(RUNNERS), quoting)
        times = [seconds(lambda q=quoting: replay(tape, new_world(RUNNERS), q)) for _ in range(5)]  # type: ignore[misc]
        rows.append((name, messages, min(times)))
    return rows


def peers(python: str, path: Path, short: Path) -> list[tuple[str, int, float]]:
    """The other programs, each in a process of its own."""
    found = []
    for name, program, words in (
        ("betfair_data, reading alone", PARSED, (path,)), ("flumine, no orders", FLUMINE, (path, "none")),
        ("flumine, quoting", FLUMINE, (short, "quotes")),
    ):  # fmt: skip
        command = [python, "-c", program, *map(str, words)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_MOST_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"{name}: {str(error.stderr or type(error).__name__)[-300:]}\n")
            continue
        count, took = done.stdout.split()[-2:]
        found.append((name, int(count), float(took)))
    return found


def memory(messages: int) -> str:
    """The replay of a stream of this length: its rate with the making of the stream, and memory before and after."""
    world, before, began = new_world(RUNNERS), 0, time.perf_counter()
    for number, tape in enumerate(streamed(SEED, messages)):
        replay(tape, world, Quoting(2.0))
        if number == 4:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = world.counts
    return (
        f"{counts[MESSAGES]:,} messages made and replayed with quoting in {took:.1f} s, {counts[ORDERS]:,} orders,"
        f" {counts[FILLS]:,} fills; largest memory {before / 1024:,.0f} MiB after 500,000 messages,"
        f" {after / 1024:,.0f} MiB at the end"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--long", type=int, default=10_000_000)
    parser.add_argument("--peers", default="", help="a Python that has flumine and betfair_data")
    words = parser.parse_args()
    replay(next(streamed(1, 10, chunk=10)), new_world(RUNNERS), Quoting(1.0))
    say = sys.stdout.write
    say(memory(words.long) + "\n\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MARKET
        with path.open("wb") as file:
            file.writelines(lines(streamed(SEED, words.messages)))
        short = Path(folder) / "short" / MARKET
        short.parent.mkdir()
        short.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:_SHORT]))
        rows = own(path, words.messages) + (peers(words.peers, path, short) if words.peers else [])
    say("| what | messages | messages a second |\n|---|---|---|\n")
    for name, count, took in rows:
        say(f"| {name} | {count:,} | {count / took:,.0f} |\n")


if __name__ == "__main__":
    main()
