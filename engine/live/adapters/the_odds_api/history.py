"""Answers that are asked for to be kept: prices and scores of now, or snapshots of the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.clock import DAY_NS
from engine.errors import BeaError
from engine.live.adapters.the_odds_api import calls
from engine.live.adapters.the_odds_api.cache import Cache
from engine.live.adapters.the_odds_api.calls import Call, Priced
from engine.live.feed import FeedFailure

#: scores of so many days back can be asked for
_DAYS: Final = 3


class OddsHistory:
    """What is to be asked for, as `engine.live.adapters.registry.History`.

    Parameters
    ----------
    cache : Cache
        Keeps each answer in the files of raw answers. One that it has is not asked for again.
    sports : sequence of str
        Keys of The Odds API.
    priced : Priced
        With featured markets only.
    instants_ns : sequence of int
        Of the snapshots; empty: prices and scores of now.
    """

    def __init__(self, cache: Cache, sports: Sequence[str], priced: Priced, instants_ns: Sequence[int]) -> None:
        self._cache, self._calls = cache, planned(sports, priced, instants_ns)

    @property
    def calls(self) -> int:
        """How many questions there are."""
        return len(self._calls)

    @property
    def credits_most(self) -> int:
        """What they can cost, if none is answered from the cache."""
        return sum(call.credits_most for call in self._calls)

    def fetch(self) -> Iterator[str]:
        """Ask, and say a line about each answer.

        Raises
        ------
        BeaError
            The credits of the day are used up, or the service does not answer. What was answered is kept.
        """
        for number, call in enumerate(self._calls):
            is_past = call.path.startswith("/historical")
            try:
                kept = self._cache.get(call, DAY_NS if is_past else 0)
            except FeedFailure as failure:
                raise _stopped(number, len(self._calls), str(failure)) from None
            if kept.stale:
                raise _stopped(number, len(self._calls), kept.cause)
            value = kept.value
            rows = value.get("data", ()) if isinstance(value, dict) else value
            count = len(rows) if isinstance(rows, list) else 0
            yield f"{call.path} {dict(call.params).get('date', 'now')}: {count} events"


def planned(sports: Sequence[str], priced: Priced, instants_ns: Sequence[int]) -> list[Call]:
    """The calls, in order of time.

    >>> [call.path for call in planned(["soccer_epl"], Priced(("h2h",), ("eu",)), [])]
    ['/sports/soccer_epl/odds', '/sports/soccer_epl/scores']
    >>> planned(["soccer_epl"], Priced(("h2h",), ("eu",)), [0])[0].credits_most
    10
    """
    if instants_ns:
        return [calls.historical_odds(sport, at_ns, priced) for at_ns in instants_ns for sport in sports]
    return [call for sport in sports for call in (calls.odds(sport, priced), calls.scores(sport, _DAYS))]


def _stopped(number: int, whole: int, why: str) -> BeaError:
    return BeaError(
        f"stopped after {number} of {whole} calls", where="The Odds API", found=why,
        todo="the same command goes on where it stopped, within a day",
    )  # fmt: skip
