"""No more bets in a week that has lost too much, until a person says so."""

from __future__ import annotations

from engine.clock import DAY_NS
from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.ledger.entries import Kind, Recorded

#: largest loss of a week, Monday to Sunday in UTC, minor units
MOST_MINOR = 50_000
#: money that comes and goes without a bet
_NO_BET = (Kind.CAPITAL, Kind.ADJUSTED)


def open_breaker() -> WeeklyLoss:
    """Called once at each start, before the entries of the ledger are applied."""
    return WeeklyLoss()


class WeeklyLoss:
    """What settled bets have lost since Monday, or since a person resumed."""

    name = "weekly_loss"

    def __init__(self) -> None:
        self._latch = Latch(self.name)
        self._week = 0
        self._lost_minor = 0

    def apply(self, recorded: Recorded) -> None:
        """Count what an entry changes of the equity; a resume counts anew."""
        entry = recorded.entry
        self._begin(entry.at_ns)
        if entry.kind not in _NO_BET:
            self._lost_minor -= entry.money.cash + entry.money.reserved + entry.money.stakes
        if self._latch.apply(recorded) and not self._latch.tripped:
            self._lost_minor = 0

    def check(self, context: Context) -> Trip | None:
        """A trip, once the loss has reached its limit."""
        self._begin(context.at_ns)
        if self._latch.tripped or self._lost_minor < MOST_MINOR:
            return None
        cause = f"the week has lost {self._lost_minor:,} minor units, its limit is {MOST_MINOR:,}"
        return Trip(self.name, cause, self._lost_minor, MOST_MINOR, human=True)

    def reason(self, wanted: Wanted) -> str:
        """Any text refuses the bet; the ledger has it under ``breaker_weekly_loss``."""
        return "tripped" if self._latch.tripped else ""

    def distance(self) -> Distance:
        """The row of `bea status` and of the monitor."""
        return self._latch.distance(max(0, self._lost_minor), MOST_MINOR)

    def _begin(self, at_ns: int) -> None:
        week = (at_ns // DAY_NS + 3) // 7  # 1 January 1970 was a Thursday
        if week > self._week:
            self._week, self._lost_minor = week, 0
