"""One subscription of the stream: its request, which messages belong to it, and from where it can be taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

#: markets of one subscription, unless Betfair grants more
MOST_MARKETS: Final = 200
#: word of the request and of the changes
MARKETS: Final = ("marketSubscription", "mcm")
ORDERS: Final = ("orderSubscription", "ocm")
_FIRST, _MIDDLE, _LAST = "SEG_START", "SEG", "SEG_END"


class BrokenSegments(ValueError):
    """A part of a segmented message is missing: what was received cannot be put together."""


def market_filter(
    market_ids: Sequence[str], fields: Sequence[str] = ("EX_BEST_OFFERS", "EX_LTP", "EX_MARKET_DEF"), levels: int = 3
) -> dict[str, Any]:
    """The filters of a market subscription.

    Parameters
    ----------
    market_ids : sequence of str
        At most `MOST_MARKETS`.
    fields : sequence of str
        Of ``marketDataFilter``.
    levels : int
        Depth of the best offers, 1 to 10.
    """
    if not 1 <= len(market_ids) <= MOST_MARKETS:
        raise ValueError(f"1 to {MOST_MARKETS} markets, not {len(market_ids)}")
    return {
        "marketFilter": {"marketIds": list(market_ids)},
        "marketDataFilter": {"ladderLevels": levels, "fields": list(fields)},
    }


@dataclass
class Subscription:
    """A subscription and how far it has come.

    Parameters
    ----------
    words : tuple of str
        `MARKETS` or `ORDERS`.
    filters : mapping
        The rest of the request. Other ones take a new start (`restart`): only the same can be taken up again.
    heartbeat_ms, conflate_ms : int
        As asked for; an image says what is in force.

    Attributes
    ----------
    initial_clk, clk : str or None
        From where Betfair goes on; None: from the beginning.
    passed_over : int
        Messages of an earlier subscription.
    in_force_ms, late_ms : int
        Of the heartbeat, and how long Betfair collects changes before it sends them, as the last image says.
    """

    words: tuple[str, str]
    filters: Mapping[str, Any]
    heartbeat_ms: int = 5_000
    conflate_ms: int = 0
    initial_clk: str | None = None
    clk: str | None = None
    passed_over: int = 0
    _id: int = -1
    _before: int = -1
    _parts: list[Mapping[str, Any]] = field(default_factory=list)

    def request(self, number: int, *, is_renewal: bool = False) -> dict[str, Any]:
        """The request under a new number.

        From now on only messages with this number count; in a renewal, on the connection of the request before it,
        also those of the former number until the first with the new one: they are older than the image, and true.
        """
        self._before, self._id = (self._id if is_renewal else -1), number
        if not is_renewal:
            self._parts.clear()
        wanted = {
            "op": self.words[0], "id": number, "segmentationEnabled": True, "conflateMs": self.conflate_ms,
            "heartbeatMs": self.heartbeat_ms, **self.filters,
        }  # fmt: skip
        if self.words == ORDERS:
            del wanted["conflateMs"]  # orders are never conflated
        if self.clk is not None and self.initial_clk is not None:
            wanted |= {"initialClk": self.initial_clk, "clk": self.clk}
        return wanted

    def restart(self) -> None:
        """Forget how far it came: the next request brings an image."""
        self.initial_clk = self.clk = None

    def owns(self, message: Mapping[str, Any]) -> bool:
        """Whether a change message belongs to this subscription."""
        number = message.get("id")
        return type(number) is int and number in (self._id, self._before)

    def take(self, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Take a change message.

        Returns
        -------
        list of mapping
            The messages that are whole with it, in order: itself; none within a segmented one; all parts at its end.

        Raises
        ------
        BrokenSegments
            A part is missing. The subscription has to be taken up again from the last clock.
        """
        if not self.owns(message):
            self.passed_over += 1
            return []
        if self._before != -1 and message["id"] == self._id:  # what is left of the former one is complete in the image
            self._before = -1
            self._parts.clear()
        kind = message.get("segmentType")
        if kind not in (None, _FIRST, _MIDDLE, _LAST):
            raise BrokenSegments(f"segment {str(kind)[:20]!r}")
        if (kind in (_MIDDLE, _LAST)) != bool(self._parts):
            raise BrokenSegments(f"{kind or 'a whole message'} {'without' if not self._parts else 'after'} {_FIRST}")
        self._parts.append(message)
        if kind in (_FIRST, _MIDDLE):
            return []
        whole, self._parts = self._parts, []
        for part in whole if self._before == -1 else ():
            self._note(part)
        return whole

    def _note(self, message: Mapping[str, Any]) -> None:
        """Clocks of a whole message, the heartbeat and the conflation that are in force."""
        for name in ("initialClk", "clk"):
            if isinstance(value := message.get(name), str):
                setattr(self, "initial_clk" if name == "initialClk" else name, value)
        beat = message.get("heartbeatMs")
        if isinstance(beat, int) and not isinstance(beat, bool) and 0 < beat <= 60_000:
            self.in_force_ms = beat
        late = message.get("conflateMs")
        if isinstance(late, int) and not isinstance(late, bool):
            self.late_ms = late

    def __post_init__(self) -> None:
        self.in_force_ms, self.late_ms = self.heartbeat_ms, self.conflate_ms
