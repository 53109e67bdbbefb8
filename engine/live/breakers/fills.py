"""The breaker of lost fills: too large a share of what was sent lately was not matched at all."""

from __future__ import annotations

from collections import deque

from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.ledger.entries import Kind, Recorded

_FILLED = frozenset({Kind.PLACED, Kind.PARTIAL})
_UNFILLED = frozenset({Kind.REJECTED, Kind.ABANDONED})


class LostFills:
    """Trips when, of the last `sends` bets that were sent and resolved, more than `unfilled_frac` were not matched.

    A bet that is unknown or pending counts once it is resolved. After a person resumed, counting begins anew.
    """

    name = "fills"

    def __init__(self, unfilled_frac: float, sends: int, *, watched: bool = False) -> None:
        self._limit, self._sends, self._watched = unfilled_frac, sends, watched
        self._sent: set[str] = set()
        self._unfilled: deque[bool] = deque(maxlen=sends)
        self._latch = Latch(self.name)

    @property
    def unfilled_frac(self) -> float:
        """Share of the last sends without a match; NaN before there are enough of them."""
        if len(self._unfilled) < self._sends:
            return float("nan")
        return sum(self._unfilled) / len(self._unfilled)

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`."""
        share = self.unfilled_frac
        if self._watched or self._latch.tripped or not share > self._limit:
            return None
        cause = f"{sum(self._unfilled)} of the last {self._sends} bets that were sent were not matched"
        return Trip(self.name, cause, share, self._limit, human=True)

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        return "breaker_fills" if self._latch.tripped else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        return self._latch.distance(self.unfilled_frac, self._limit, watched=self._watched)

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        kind, intent = recorded.entry.kind, recorded.entry.intent
        if self._latch.apply(recorded):
            if not self._latch.tripped:
                self._unfilled.clear()
        elif kind is Kind.SENT:
            self._sent.add(intent)
        elif intent in self._sent:
            lapsed = kind is Kind.LAPSED
            if kind in _FILLED or kind in _UNFILLED or lapsed:
                self._sent.discard(intent)
                unmatched = not recorded.entry.body.get("matched_minor", 0) if lapsed else kind in _UNFILLED
                self._unfilled.append(unmatched)
