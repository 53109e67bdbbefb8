"""Says once that a live feed brings prices and none of them is one that the promotion may bet on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from engine.clock import SECOND_NS
from engine.errors import printable
from engine.live.feed import Mark, Message, Quote
from engine.live.feeds.market import Watch

#: from the first price; other prices may come later
_PATIENCE_NS: Final = 60 * SECOND_NS


class Unseen:
    """Listens to a feed until it brings a price that the strategy sees.

    Parameters
    ----------
    name, feed : str
        Of the promotion and of the feed.
    watch : Watch
        What the strategy sees.
    tell : callable
        Gets the line, at most once: a minute after the first price.
    """

    def __init__(self, name: str, feed: str, watch: Watch, tell: Callable[[str], None]) -> None:
        self._name, self._feed, self._watch, self._tell = name, feed, watch, tell
        self._first_ns: int | None = None
        self._is_over = False
        self._count = 0
        self._markets: set[str] = set()
        self._bookmakers: set[str] = set()

    def hear(self, message: Message) -> None:
        """Take a message of the feed."""
        if self._is_over:
            return
        if isinstance(message, Quote):
            self._first_ns = message.known_at_ns if self._first_ns is None else self._first_ns
            self._count += 1
            self._markets.add(message.market)
            self._bookmakers.add(message.bookmaker)
            self._is_over = self._watch.sees(message)
        elif (
            isinstance(message, Mark)
            and self._first_ns is not None
            and message.known_at_ns - self._first_ns >= _PATIENCE_NS
        ):
            self.end()

    def end(self) -> None:
        """The feed has ended, or is waited for no longer: say it now, if there is something to say."""
        if not self._is_over and self._count:
            wanted = self._watch.required
            books = "any bookmaker" if wanted.bookmakers is None else _names(wanted.bookmakers)
            found = f"{_names(self._markets)} of {_names(self._bookmakers)}"
            self._tell(
                f"warning: {self._name} can bet on none of the prices of {self._feed} ({self._count:,} so far): "
                f"it wants {_names(wanted.markets)} of {books}; found {found}"
            )
        self._is_over = True


def _names(names: Iterable[str], most: int = 6) -> str:
    found = sorted(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return printable(", ".join(found[:most]), 160) + more
