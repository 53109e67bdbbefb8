"""How old an answer may be: little in the last hour before a start and in play, more the farther the next start is.

The provider reads prices every 60 s, and every 40 s in play and near a start (its page on update intervals). Prices
that are asked for more often are the same prices again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.adapters.the_odds_api.settings import OddsApiSettings

#: prices of an event are followed for so long after its start, where nothing says that it is over
IN_PLAY_NS: Final = 4 * HOUR_NS
_NEAR_NS: Final = 6 * HOUR_NS


def age_most_ns(starts_ns: Iterable[int], now_ns: int, settings: OddsApiSettings, *, in_play: bool = False) -> int:
    """The longest age of an answer with the prices of these events.

    It is never longer than the time to the next change of pace, so that a slow pace does not reach into the fast one.

    Parameters
    ----------
    starts_ns : iterable of int
        Starts of its events, UTC nanoseconds.
    now_ns : int
    settings : OddsApiSettings
    in_play : bool
        Whether prices in play are wanted.

    Examples
    --------
    >>> [age_most_ns([h * HOUR_NS], 0, OddsApiSettings()) // SECOND_NS for h in (0.5, 1.1, 5, 6.2, 48)]
    [24, 336, 600, 720, 1800]
    """
    last_ns, near_ns, far_ns = (
        round(seconds * SECOND_NS) for seconds in (settings.last_hour_s, settings.near_s, settings.far_s)
    )
    longest = far_ns
    for start in starts_ns:
        until = start - now_ns
        if until <= 0:
            if in_play and -until < IN_PLAY_NS:
                longest = min(longest, last_ns)
        elif until <= HOUR_NS:
            longest = min(longest, last_ns)
        elif until <= _NEAR_NS:
            longest = min(longest, near_ns, max(last_ns, until - HOUR_NS - last_ns))
        else:
            longest = min(longest, max(near_ns, until - _NEAR_NS))
    return longest
