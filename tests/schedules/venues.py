"""The worlds of schedules, by the venue that their runner bets at.

A venue over a wire of its own adds a row: a subclass of `World` with its profiles, and its adapter in `World.venue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from tests.schedules.planted import Plant
from tests.schedules.world import World

#: module and class by name of the venue, and where the bugs are that are planted in its adapter (``PLANTED``); ``desk``
#: is the venue with faults within the process, and the bugs there are those of the executor
WORLDS: Final = {
    "desk": ("tests.schedules.world", "World", "tests.schedules.planted"),
    "betfair": ("tests.betfair_exchange.world", "BetfairWorld", "tests.betfair_exchange.planted"),
    "pinnacle": ("tests.pinnacle_server.world", "PinnacleWorld", "tests.pinnacle_server.planted"),
}


def world_of(venue: str) -> type[World]:
    """The world of a venue."""
    module, name, _ = WORLDS[venue]
    found: type[World] = getattr(import_module(module), name)
    return found


def planted_of(venue: str) -> Mapping[str, Plant]:
    """The bugs that are planted for a venue, by name."""
    found: Mapping[str, Plant] = import_module(WORLDS[venue][2]).PLANTED
    return found
