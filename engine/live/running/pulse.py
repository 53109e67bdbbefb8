"""What only a living runner knows, kept beside its lease, so that another process can tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.live.alerts.sender import AlertCounts
from engine.live.alerts.tally import Count
from engine.live.feed import Quota
from engine.live.running.status import CHANNEL, BandLine, BreakerLine, Latency, Status


@dataclass(frozen=True)
class Pulse:
    """One pulse.

    Attributes
    ----------
    wall_ns : int
        When it was made, by the machine's clock; 0: there is none.
    epoch, entries : int
        Of the runner, and the last entry that it knew.
    heard_ns : int
        When the last message of the feed came, by the machine's clock; 0: none yet.
    breakers : tuple of BreakerLine
    bands : tuple of BandLine
    latency : Latency
    alerts : AlertCounts or None
    raised : mapping of str to Count
        Alerts by name since the runner started, whether or not a channel was told.
    passed_over : mapping of str to int
    quota : Quota or None
    """

    wall_ns: int = 0
    epoch: int = 0
    entries: int = 0
    heard_ns: int = 0
    breakers: tuple[BreakerLine, ...] = ()
    bands: tuple[BandLine, ...] = ()
    latency: Latency = field(default_factory=Latency)
    alerts: AlertCounts | None = None
    raised: Mapping[str, Count] = field(default_factory=dict)
    passed_over: Mapping[str, int] = field(default_factory=dict)
    quota: Quota | None = None


def pulse_text(status: Status, wall_ns: int, heard_ns: int, raised: Mapping[str, Count] | None = None) -> str:
    """The pulse of a runner as one line of JSON.

    Parameters
    ----------
    status : Status
        Of the living runner.
    wall_ns, heard_ns : int
        Now, and when the feed last said something, by the machine's clock.
    raised : mapping of str to Count, optional
        As `AlertSender.tally` has them.
    """
    pulse = Pulse(
        wall_ns, status.epoch, status.entries, heard_ns,
        status.breakers, status.bands, status.latency, status.alerts, dict(raised or {}), status.passed_over,
        status.quota,
    )  # fmt: skip
    return json.dumps(asdict(pulse), separators=(",", ":"), allow_nan=False)


def pulse_of(text: str) -> Pulse:
    """The pulse in a text of `pulse_text`; one without a time where there is none, or one of another version."""
    if not text:
        return Pulse()
    try:
        values: Mapping[str, Any] = json.loads(text)
        counts, quota = values["alerts"], values.get("quota")
        return Pulse(
            **{name: int(values[name]) for name in ("wall_ns", "epoch", "entries", "heard_ns")},
            breakers=tuple(BreakerLine(**one) for one in values["breakers"]),
            bands=tuple(BandLine(**one) for one in values["bands"]),
            latency=Latency(**values["latency"]),
            alerts=None if counts is None else AlertCounts(**counts),
            raised={str(name): Count(int(n), int(at)) for name, (n, at) in values["raised"].items()},
            passed_over=values.get("passed_over", {}),
            quota=None if quota is None else Quota(**quota),
        )
    except (ValueError, TypeError, KeyError):
        return Pulse()


def with_pulse(status: Status, pulse: Pulse) -> Status:
    """A status of entries together with the pulse of the same run.

    An entry is newer than a pulse: what it tripped is tripped, and what it resumed is not. A pulse of another run, or
    of a runner that has stopped, says nothing.
    """
    if not pulse.wall_ns or pulse.epoch != status.epoch or status.runner == "stopped":
        return status
    trips = {line.name: line for line in status.breakers}
    lines = tuple(_merged(line, trips.pop(line.name, None), status, pulse) for line in pulse.breakers)
    return replace(
        status,
        breakers=(*lines, *trips.values()),
        bands=pulse.bands,
        latency=pulse.latency,
        alerts=pulse.alerts,
        passed_over=pulse.passed_over,
        quota=pulse.quota,
    )


def _merged(line: BreakerLine, trip: BreakerLine | None, status: Status, pulse: Pulse) -> BreakerLine:
    if trip is not None:
        return replace(trip, measured=line.measured, limit=line.limit, measure=line.measure, state="open")
    if line.name == "kill":
        return replace(line, tripped=status.killed, state="open" if status.killed else "closed")
    newer = status.entries > pulse.entries
    if line.tripped and newer and not line.name.startswith(CHANNEL):
        return replace(line, tripped=False, state="closed", cause="", human=False)
    return line
