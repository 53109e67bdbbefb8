"""The message that all is well, once a day. It is not sent when something is wrong, nor by a runner that hangs.

Who does not get it knows that there is something to look at, even if every other alert was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.live.alerts.table import ALERTS, Raised, Severity, raised
from engine.live.alerts.tally import Count
from engine.live.clock import Clock
from engine.live.running.status import CHANNEL, Status
from engine.logs.setup import logger

_LOG = logger(__name__)
#: a feed that has said nothing for so long is silent
SILENT_NS: Final = 900 * SECOND_NS


class Wellness:
    """Asks at each pulse whether the message of the day is due, and whether it is true.

    Parameters
    ----------
    hour : int or None
        Of the day, UTC; None: never.
    clock : Clock
        Of the machine.
    """

    def __init__(self, hour: int | None, clock: Clock) -> None:
        self._hour, self._clock = hour, clock
        self._due_ns = self._next(clock.wall_ns())
        self._is_logged = False

    def look(self, status: Status, heard_ns: int, tally: Mapping[str, Count]) -> Raised | None:
        """The message, if it is due and all is well; while something is wrong it stays due.

        Parameters
        ----------
        status : Status
            Of the living runner.
        heard_ns : int
            When the feed last said something, by the machine's clock; 0: never.
        tally : mapping of str to Count
            Alerts that were raised.
        """
        now_ns = self._clock.wall_ns()
        if self._due_ns is None or now_ns < self._due_ns:
            return None
        if found := faults(status, heard_ns, tally, now_ns):
            if not self._is_logged:
                _LOG.warning("not_well", faults="; ".join(found))
            self._is_logged = True
            return None
        self._due_ns, self._is_logged = self._next(now_ns), False
        return raised("all_well", f"{now_ns // DAY_NS}", _facts(status, tally, now_ns))

    def _next(self, now_ns: int) -> int | None:
        if self._hour is None:
            return None
        today_ns = now_ns - now_ns % DAY_NS + self._hour * HOUR_NS
        return today_ns if today_ns > now_ns else today_ns + DAY_NS


def faults(status: Status, heard_ns: int, tally: Mapping[str, Count], now_ns: int) -> list[str]:
    """Why all is not well, in a few words each; empty: it is."""
    found = ["the kill switch is set"] if status.killed else []
    for line in status.breakers:
        if line.tripped and line.name != "kill":
            is_channel = line.name.startswith(CHANNEL)
            found.append(f"channel {line.name.removeprefix(CHANNEL)} is dead" if is_channel else f"breaker {line.name}")
    if status.unknown_minor:
        found.append("a bet without an answer")
    found += [f"{band.measure} is outside of its band" for band in status.bands if band.position == "outside"]
    if now_ns - heard_ns > SILENT_NS:
        found.append("the feed says nothing")
    return found + [f"alert {name} within a day" for name in _lately(tally, Severity.CRITICAL, now_ns)]


def _facts(status: Status, tally: Mapping[str, Count], now_ns: int) -> str:
    words = [
        f"runs for {max(0, now_ns - status.since_ns) / DAY_NS:.1f} days",
        f"equity {status.equity_minor / 100:,.2f} {status.currency}",
        f"{len(status.open_bets)} open bets",
        f"{sum(status.reasons.values()):,} decisions",
    ]
    if warned := _lately(tally, Severity.WARNING, now_ns):
        words.append(f"warnings within a day: {', '.join(warned)}")
    return ", ".join(words)


def _lately(tally: Mapping[str, Count], severity: Severity, now_ns: int) -> list[str]:
    """Names of the alerts of a severity that were raised within a day."""
    return sorted(
        name for name, count in tally.items() if ALERTS[name].severity is severity and now_ns - count.wall_ns < DAY_NS
    )
