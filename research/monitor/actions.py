"""What a person may do: kill, resume, acknowledge, sign a day. The page and the API call the same functions."""

from __future__ import annotations

from datetime import date

from engine.live.ledger.control import Command
from research.monitor.chronicle import ALERT, SIGN_OFF
from research.monitor.context import Monitor, write
from research.monitor.errors import Refused
from research.monitor.models import Acknowledge, Kill, Resume, Sign, Written
from research.monitor.watcher import Snapshot


def kill(monitor: Monitor, known: Snapshot, person: str, body: Kill) -> Written:
    """Set the kill switch: nothing is sent once this has returned."""
    return write(monitor, known.name, Command.KILL, person=person, reason=body.reason)


def resume(monitor: Monitor, known: Snapshot, person: str, body: Resume) -> Written:
    """End the kill switch or a breaker that is tripped; refused for a name that no tripped one has."""
    breaker = "" if body.breaker == "kill" else body.breaker
    tripped = {line.name for line in known.status.breakers if line.tripped}
    if breaker and breaker not in tripped:
        raise Refused(409, "no breaker of this name is tripped")
    if not breaker and not known.status.killed:
        raise Refused(409, "the kill switch is not set")
    return write(monitor, known.name, Command.RESUME, subject=breaker, person=person, reason=body.reason)


def acknowledge(monitor: Monitor, known: Snapshot, person: str, body: Acknowledge) -> Written:
    """Say that an alert was read."""
    if body.alert not in {alert.key for alert in known.alerts}:
        raise Refused(404, "no such alert")
    return write(
        monitor, known.name, Command.ACKNOWLEDGE, subject=f"{ALERT}{body.alert}", person=person, reason=body.reason
    )


def sign(monitor: Monitor, known: Snapshot, person: str, body: Sign) -> Written:
    """Sign a day whose decisions were reviewed; refused where more were made since the list was read."""
    try:
        day = date.fromisoformat(body.day).isoformat()
    except ValueError:
        raise Refused(422, "day: not a date") from None
    sums = dict(known.days).get(day)
    if sums is None:
        raise Refused(404, "no decisions on this day")
    if body.last != sums.last:
        raise Refused(409, "more decisions were made since the list was read: read it again")
    subject = f"{SIGN_OFF}{day}/{sums.last}"
    return write(monitor, known.name, Command.ACKNOWLEDGE, subject=subject, person=person, reason=body.reason)
