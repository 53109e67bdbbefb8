"""Which markets the feed follows: those that start next, asked for anew from time to time, and those that go on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from engine.clock import DAY_NS
from engine.live.adapters.betfair.catalogue import Catalogue, Listed, completed
from engine.live.adapters.betfair.subscription import MOST_MARKETS

#: a market that started longer ago than this is not asked for at a start
BEGUN_NS: Final = DAY_NS
#: a market that did not end so long after its start is not followed any more
LASTS_NS: Final = 7 * DAY_NS


class Following:
    """The markets of one subscription.

    Parameters
    ----------
    read : callable
        Gets the first start, UTC nanoseconds; gives the `Catalogue` from there on. Raises BeaError.
    show : callable
        Gets a line that a person should see.
    most : int
        Markets of a subscription.

    Attributes
    ----------
    markets : mapping of str to Listed
        That are followed, by id of Betfair, the next to start first.
    """

    def __init__(self, read: Callable[[int], Catalogue], show: Callable[[str], None], most: int = MOST_MARKETS) -> None:
        self._read, self._show, self._most = read, show, most
        self._said: tuple[str, ...] = ()
        self.markets: dict[str, Listed] = {}
        self._before: dict[str, Listed] = {}  # of these some changes may still be on their way

    def renew(self, ended: Collection[str], now_ns: int) -> bool:
        """Read the catalogue again.

        Parameters
        ----------
        ended : collection of str
            Markets that are closed: others take their places.
        now_ns : int
            UTC nanoseconds.

        Returns
        -------
        bool
            Whether other markets are followed than before.

        Raises
        ------
        BeaError
            The catalogue could not be read. Nothing has changed.
        """
        catalogue = self._read(now_ns - BEGUN_NS)
        kept = {
            name: one
            for name, one in self.markets.items()
            if name not in ended and one.described.starts_ns > now_ns - LASTS_NS
        }
        found = kept | {one.market: one for one in catalogue.listed if one.market not in ended}
        ranked = sorted(found.values(), key=lambda one: (one.market not in kept, one.described.starts_ns))
        self._before, self.markets = self.markets, {one.market: one for one in ranked[: self._most]}
        left = len(ranked) - len(self.markets)
        later = f"{left} markets that start later are followed when others have ended: a subscription has {self._most}"
        self._say((*(f"{number} passed over: {reason}" for reason, number in sorted(catalogue.passed_over.items())),
                   *((later,) if left else ())))  # fmt: skip
        return set(self.markets) != set(self._before)

    def completed(self, market: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `engine.live.adapters.betfair.catalogue.completed`; unknown markets stay as they are."""
        known = self.markets.get(market) or self._before.get(market)
        return definition if known is None else completed(known, definition)

    def _say(self, lines: tuple[str, ...]) -> None:
        """Lines that were not said the last time."""
        for line in lines:
            if line not in self._said:
                self._show(line)
        self._said = lines
