"""Parts of a long computation: a finished part is kept, so that a stop costs the unfinished ones, and is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from numpy.typing import NDArray

__all__ = ["ANEW", "Arrays", "Parts"]

Arrays = tuple[NDArray[Any], ...]


class Parts(Protocol):
    """Gives parts that were finished before, and keeps and tells those that finish now."""

    def begin(self, what: str, total: int) -> None:
        """Tell that `total` steps of a computation follow, in one word or two."""
        ...

    def part(self, name: str, steps: int, make: Callable[[], Arrays]) -> Arrays:
        """The arrays of a part: as they were kept, or made now. Threads may call it at the same time.

        Parameters
        ----------
        name : str
            Of the part, and of all that its arrays depend on beside the data and the seed of the command.
        steps : int
            How many of the steps the part is.
        make : callable
            Makes the arrays; the same ones at every call.
        """
        ...


class _Anew:
    """Keeps nothing and tells nobody."""

    def begin(self, what: str, total: int) -> None:
        """Tell nobody."""

    def part(self, name: str, steps: int, make: Callable[[], Arrays]) -> Arrays:
        """Make the arrays."""
        return make()


#: makes everything in this call
ANEW: Final = _Anew()
