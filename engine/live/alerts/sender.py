"""Alerts on their way to a person: a bounded queue and a thread, so that no channel can hold a bet up."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError
from engine.live.alerts.settings import AlertSettings
from engine.live.alerts.table import Raised, Severity, raised
from engine.live.alerts.tally import Tally
from engine.live.clock import Clock
from engine.live.minute import LastMinute
from engine.logs.setup import logger

_LOG: Final = logger(__name__)

#: delivers title and text; False: the channel did not take it
Channel = Callable[[str, str], bool]

_RANK: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass
class ChannelStatus:
    """What became of the alerts of one channel.

    Attributes
    ----------
    name : str
    sent, failed : int
        Alerts that it took, and that it did not take in all attempts.
    dead : bool
        Whether it failed to take the last one.
    """

    name: str
    sent: int = 0
    failed: int = 0
    dead: bool = False


@dataclass(frozen=True)
class AlertCounts:
    """What became of the alerts of a runner, over all channels.

    Attributes
    ----------
    sent, failed : int
        Taken by a channel, and not taken in all attempts.
    dropped : int
        Never handed to a channel: above the rate, or with a full queue.
    repeated : int
        Not handed to a channel, because the same alert was lately.
    """

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    repeated: int = 0


class AlertSender:
    """Hands alerts to channels.

    Parameters
    ----------
    settings : AlertSettings
    clock : Clock
        Its monotonic time counts repetitions and the minute.
    channels : mapping of str to Channel
        As `channels_of` makes them.
    name : str
        Whose alerts they are: it stands in their titles. Empty: nobody's.

    Attributes
    ----------
    repeated, left_out, unqueued : int
        Not handed to channels: the same alert again, above the rate, or with a full queue.
    tally : Tally
        Of all that were raised, sent or not.
    """

    def __init__(self, settings: AlertSettings, clock: Clock, channels: Mapping[str, Channel], name: str = "") -> None:
        self._settings, self._clock, self._channels, self._name = settings, clock, dict(channels), name
        self._minute = LastMinute(clock)
        self._last: dict[tuple[str, str], int] = {}
        self._queue: queue.Queue[Raised | None] = queue.Queue(settings.queue)
        self._status = {name: ChannelStatus(name) for name in channels}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.repeated = self.left_out = self.unqueued = 0
        self.tally = Tally()
        self._unsaid = 0

    def send(self, alert: Raised, *, asked_for: bool = False) -> bool:
        """Hand an alert over; never waits, never raises. Whether it is on its way.

        Parameters
        ----------
        alert : Raised
        asked_for : bool
            A setting of its own asks for it, so the lowest severity does not hold it back.
        """
        self.tally.add(alert.alert.name, self._clock.wall_ns())
        is_low = _RANK[alert.alert.severity] < _RANK[Severity(self._settings.lowest)]
        if not self._channels or (is_low and not asked_for):
            return False
        now = self._clock.monotonic_ns()
        same = (alert.alert.name, alert.subject)
        before = self._last.get(same)
        if before is not None and now - before < self._settings.repeat_after_s * SECOND_NS:
            self.repeated += 1
            return False
        if len(self._minute) >= self._settings.per_minute and alert.alert.severity is not Severity.CRITICAL:
            self.left_out += 1
            self._unsaid += 1
            return False
        self.say_left_out()
        self._last[same] = now
        self._minute.add()
        self._forget(now)
        return self._put(alert)

    def say_left_out(self) -> None:
        """Tell how many alerts were left out, once there is room again; asked now and then where no other comes."""
        if self._unsaid and len(self._minute) < self._settings.per_minute:
            count, self._unsaid = self._unsaid, 0
            self.tally.add("alerts_left_out", self._clock.wall_ns())
            self._put(raised("alerts_left_out", facts=f"{count} of them"))

    def _forget(self, now: int) -> None:
        """Keep the memory of what was sent small."""
        oldest = now - self._settings.repeat_after_s * SECOND_NS
        if len(self._last) > 10 * self._settings.queue:
            self._last = {same: at for same, at in self._last.items() if at > oldest}

    def _put(self, alert: Raised) -> bool:
        try:
            self._queue.put_nowait(alert)
        except queue.Full:
            self.unqueued += 1
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver, name="alerts", daemon=True)
            self._thread.start()
        return True

    def _deliver(self) -> None:
        while (alert := self._queue.get()) is not None:
            body = f"{alert.facts}\n{alert.page}".strip()
            for name, channel in self._channels.items():
                taken = self._attempt(channel, alert.title(self._name), body)
                with self._lock:
                    status = self._status[name]
                    status.sent, status.failed = status.sent + taken, status.failed + (not taken)
                    is_news, status.dead = status.dead is taken, not taken
                if is_news:
                    _LOG.warning("channel_answers" if taken else "channel_dead", channel=name)

    def _attempt(self, channel: Channel, title: str, body: str) -> bool:
        for attempt in range(self._settings.attempts):
            if attempt:
                self._closing.wait(self._settings.retry_after_s)
            try:
                if channel(title, body):
                    return True
            except Exception:  # noqa: S112  a channel is foreign code: whatever it does is a failure that is counted
                continue
        return False

    def status(self) -> tuple[ChannelStatus, ...]:
        """Of each channel, as it stands."""
        with self._lock:
            return tuple(ChannelStatus(s.name, s.sent, s.failed, s.dead) for s in self._status.values())

    def counts(self) -> AlertCounts | None:
        """What became of all alerts; None where there is no channel."""
        if not self._channels:
            return None
        channels = self.status()
        sent, failed = sum(one.sent for one in channels), sum(one.failed for one in channels)
        return AlertCounts(sent, failed, self.left_out + self.unqueued, self.repeated)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Deliver what waits, for so long at most. Whether all was delivered or given up."""
        self._closing.set()
        if self._thread is None:
            return True
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


def channels_of(settings: AlertSettings, environment: Mapping[str, str]) -> dict[str, Channel]:
    """The channels of the settings. apprise is imported only if there are any.

    Parameters
    ----------
    settings : AlertSettings
    environment : mapping
        `os.environ`, which holds the addresses.

    Raises
    ------
    ConfigurationError
        apprise is not installed, a variable is not set, or its content is no address. The message holds no address.
    """
    if not settings.channels:
        return {}
    try:
        import apprise
    except ImportError:
        raise ConfigurationError(
            "alerts need apprise", where="alerts.channels", expected="the extra live", found="it is not installed",
            todo='pip install "betting-expert-advisor[live]", or take the channels out',
        ) from None  # fmt: skip
    for name in ("apprise", "urllib3.connectionpool"):
        logging.getLogger(name).disabled = True  # their lines hold addresses, and with them tokens
    return {name: _channel(apprise, name, variable, environment) for name, variable in settings.channels.items()}


def _channel(apprise: object, name: str, variable: str, environment: Mapping[str, str]) -> Channel:
    address, where = environment.get(variable, ""), f"alerts.channels.{name}"
    if not address:
        raise ConfigurationError(
            "a channel without an address", where=where, expected=f"an address in the environment variable {variable}",
            found="nothing", todo=f"export {variable}=...",
        )  # fmt: skip
    service = apprise.Apprise()  # type: ignore[attr-defined]
    if not service.add(address):
        raise ConfigurationError(
            "not an address of a channel", where=where, expected="a URL as apprise reads it, such as json://host/path",
            found=f"what the environment variable {variable} holds",
        )  # fmt: skip
    return lambda title, body: bool(service.notify(title=title, body=body))
