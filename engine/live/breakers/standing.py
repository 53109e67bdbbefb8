"""Breakers that stand until a person ends them: the kill switch, and what a part of the runner calls for."""

from __future__ import annotations

from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.ledger.entries import Kind, Recorded

#: name under which the kill switch is resumed
KILL = "kill"


class KillSwitch:
    """Set by a KILLED entry, ended by a RESUMED entry of the breaker ``kill``."""

    name = KILL

    def __init__(self) -> None:
        #: whether nothing may be sent
        self.tripped = False
        self._cause = ""
        self.count = 0

    def check(self, context: Context) -> Trip | str | None:
        """Never: only a person sets it and ends it."""
        return None

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        return "killed" if self.tripped else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        nothing = float("nan")
        state, left = ("open", 0.0) if self.tripped else ("closed", nothing)
        return Distance(self.name, state, nothing, nothing, left, self.tripped, self._cause)

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        entry = recorded.entry
        if entry.kind is Kind.KILLED:
            self.count += 1
            self.tripped, self._cause = True, str(entry.body.get("reason", ""))
        elif entry.kind is Kind.RESUMED and entry.body.get("breaker") == self.name:
            self.tripped, self._cause = False, ""


class Standing:
    """What the executor, the reconciler or the ledger called for, such as ``proof/venue/NAME``.

    A name that ends in ``/venue/NAME`` stops that venue, ``/source/NAME`` that source; any other name stops all.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        head, _, self._service = name.rpartition("/")
        self._role = head.rpartition("/")[2]
        self._latch = Latch(name)

    @property
    def tripped(self) -> bool:
        """Whether it stops bets."""
        return self._latch.tripped

    def check(self, context: Context) -> Trip | str | None:
        """Never: it is called for, and a person ends it."""
        return None

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        if not self._latch.tripped:
            return ""
        where = {"venue": wanted.venue, "source": wanted.source}.get(self._role, self._service)
        return f"breaker_{self.name.partition('/')[0]}" if where == self._service else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        return self._latch.distance(float("nan"), float("nan"))

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        self._latch.apply(recorded)
