"""How often each alert was raised, and when last, whether or not a channel was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Count(NamedTuple):
    """Of one alert.

    Attributes
    ----------
    n : int
    wall_ns : int
        When it was raised last, by the machine's clock.
    """

    n: int
    wall_ns: int


class Tally:
    """Counts alerts by name."""

    def __init__(self) -> None:
        self._counts: dict[str, Count] = {}

    def add(self, name: str, wall_ns: int) -> None:
        """One was raised."""
        before = self._counts.get(name, Count(0, 0))
        self._counts[name] = Count(before.n + 1, max(before.wall_ns, wall_ns))

    def counts(self) -> Mapping[str, Count]:
        """Of each alert that was raised, as it stands."""
        return dict(self._counts)
