"""When a price of a market becomes a row: best prices with their sizes, and last traded prices, as they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.exchange.book import MarketBook, RunnerBook, RunnerKey

#: an offered price that changes again sooner is written once; every change of a last traded price is written
SPACING_NS: Final = SECOND_NS
#: a size that changes while its price stays is written this often
SIZE_SPACING_NS: Final = 60 * SECOND_NS
#: what is looked at, with the ladders that tell it, the deepest first
SIDES: Final = {"back": ("atb", "batb", "bdatb"), "lay": ("atl", "batl", "bdatl"), "traded": ()}

_Written = tuple[int, float, float]


@dataclass
class Rows:
    """Prices of one market, a column each; `size` is NaN where it is not known, `word` a key of `SIDES`."""

    runner: list[RunnerKey] = field(default_factory=list)
    word: list[str] = field(default_factory=list)
    known_ns: list[int] = field(default_factory=list)
    odds: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    in_play: list[bool] = field(default_factory=list)
    line: list[int] = field(default_factory=list)

    def add(self, runner: RunnerKey, word: str, now: _Written, in_play: bool, line: int) -> None:
        """Add a row; `now` is instant, odds and size."""
        self.runner.append(runner)
        self.word.append(word)
        self.known_ns.append(now[0])
        self.odds.append(now[1])
        self.size.append(now[2])
        self.in_play.append(in_play)
        self.line.append(line)


class Sampler:
    """Follows one market.

    Attributes
    ----------
    rows : Rows
        What was written so far.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self._waiting: dict[tuple[RunnerKey, str], None] = {}
        self._written: dict[tuple[RunnerKey, str], _Written] = {}
        self._in_play = False

    def take(self, book: MarketBook, change: Mapping[str, Any], line: int) -> None:
        """Look at a market after a change; `line` is that of the file."""
        if book.is_in_play != self._in_play:
            self._in_play = book.is_in_play
            self._written.clear()
            self._waiting.update(((runner, word), None) for runner in book.runners for word in ("back", "lay"))
        for runner in change.get("rc", ()):
            key = (runner["id"], float(runner.get("hc", 0)))
            for word, ladders in SIDES.items():
                if "ltp" in runner if word == "traded" else any(ladder in runner for ladder in ladders):
                    self._waiting[(key, word)] = None
        if change.get("img") is True:
            self._waiting.update(((runner, word), None) for runner in book.runners for word in ("back", "lay"))
        self._write(book, line)

    def _write(self, book: MarketBook, line: int) -> None:
        now_ns = book.published_ns
        done = []
        for key in self._waiting:
            runner, word = key
            is_trade = word == "traded"
            if not (is_trade or book.is_open):
                continue
            before = self._written.get(key)
            age_ns = SIZE_SPACING_NS if before is None else now_ns - before[0]
            if not is_trade and age_ns < SPACING_NS:
                continue
            done.append(key)
            price = best_price(book.runners.get(runner), word)
            if price is None:
                continue
            is_same = before is not None and price[0] == before[1]
            if is_same and (is_trade or age_ns < SIZE_SPACING_NS or (before is not None and price[1] == before[2])):
                continue
            self._written[key] = now = (now_ns, *price)
            self.rows.add(runner, word, now, self._in_play, line)
        for key in done:
            del self._waiting[key]


def best_price(book: RunnerBook | None, word: str) -> tuple[float, float] | None:
    """Best price and its size now; None where there is none."""
    if book is None:
        return None
    if word == "traded":
        traded = book.numbers.get("ltp")
        return None if traded is None else (traded, 0.0)
    ladder, *levels = SIDES[word]
    if points := book.points[ladder]:
        price = max(points) if word == "back" else min(points)
        return price, points[price]
    for name in levels:
        if found := book.levels[name]:
            return found[min(found)]
    return None
