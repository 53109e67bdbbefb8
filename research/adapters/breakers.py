"""Breakers in files of the user: ``BEA_HOME/breakers/NAME.py`` has a function ``open_breaker()`` that gives one.

The setting ``breakers.own`` names those that a runner asks. An error in such a file ends the runner with its line: a
breaker that cannot be asked must not let bets through.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.errors import ConfigurationError, unknown_name
from engine.live.alerts import ALERTS
from engine.live.breakers.contract import Breaker, Context, Distance, Trip, Wanted
from engine.live.ledger.entries import Recorded
from engine.paths import home
from research.user_file import BREAKERS, call_function, failures_named, refuse_shipped_name, user_files

_WHERE: Final = "breakers.own"
#: names of shipped breakers that have no alert of their own
_TAKEN: Final = ("kill", "killed", "stale", "odds_sanity", "order_rate", "alerts")


def own_breakers(names: Iterable[str]) -> tuple[Breaker, ...]:
    """The user's breakers of these names, new and with nothing applied.

    Raises
    ------
    ConfigurationError
        There is no such file, its name is that of a shipped breaker, or the file fails.
    """
    files = user_files(BREAKERS, [home()])
    return tuple(_opened(name, files) for name in dict.fromkeys(names))


def _opened(name: str, files: dict[str, Path]) -> Breaker:
    if name not in files:
        raise unknown_name("breaker", name, sorted(files), where=_WHERE)
    path = files[name]
    if name in _TAKEN or f"breaker_{name}" in ALERTS:
        refuse_shipped_name(path)
    inner: Breaker = call_function(path, "open_breaker", "docs/guide-breaker.md has one")
    with failures_named(path):
        given = inner.name
    if given != name:
        raise ConfigurationError("a breaker of another name", where=str(path), expected=name, found=repr(given))
    return _OfUser(name, path, inner)


class _OfUser:
    """A breaker of the user whose errors name its file, and whose trips and reasons have its name."""

    def __init__(self, name: str, path: Path, inner: Breaker) -> None:
        self.name, self._path, self._inner = name, path, inner

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`; a trip of another breaker is refused."""
        with failures_named(self._path):
            found = self._inner.check(context)
        if isinstance(found, Trip) and found.breaker != self.name:
            raise ConfigurationError(
                "a trip of another breaker", where=str(self._path), expected=self.name, found=repr(found.breaker)
            )
        return found

    def reason(self, wanted: Wanted) -> str:
        """``breaker_NAME`` where the user's breaker gives any reason."""
        with failures_named(self._path):
            return f"breaker_{self.name}" if self._inner.reason(wanted) else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        with failures_named(self._path):
            return self._inner.distance()

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        with failures_named(self._path):
            self._inner.apply(recorded)
