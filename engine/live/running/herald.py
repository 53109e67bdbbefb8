"""What happens, on its way to a person and into the log: new entries of the ledger, and alarms of the executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.errors import Fenced, LedgerError
from engine.live.alarm import Alarm
from engine.live.alerts.rules import alerts_of
from engine.live.alerts.sender import AlertCounts, AlertSender, ChannelStatus
from engine.live.alerts.table import ALERTS, raised
from engine.live.alerts.tally import Count
from engine.live.feed import Mark, Message
from engine.live.ledger.entries import Kind, Recorded
from engine.live.running.status import Status
from engine.live.running.wellness import Wellness
from engine.logs.setup import logger

_LOG = logger(__name__)


class Herald:
    """Tells people: an observer of the journal once it is loaded, and what the executor tells its alarms.

    Parameters
    ----------
    sender : AlertSender
    wellness : Wellness, optional
        None: nobody is told that all is well.

    Attributes
    ----------
    warnings : callable
        The warnings that hold now, each with its facts: no entry of the ledger tells them.
    warned : callable
        Names of those that hold at a stop, by the machine's clock then: they are told now, or were told then.
    """

    def __init__(self, sender: AlertSender, wellness: Wellness | None = None) -> None:
        self._sender, self._wellness = sender, wellness
        self._speaks = False
        self._warned: frozenset[str] = frozenset()
        self.warnings: Callable[[], Mapping[str, str]] = dict
        self.warned: Callable[[int], frozenset[str]] = lambda wall_ns: frozenset()

    def begin(self) -> None:
        """Entries from now on are new; those before were told by the process that wrote them.

        So were the warnings that held when a process stopped. What came after that, in one that was killed, is told.
        """
        self._speaks = True

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry."""
        for alert in alerts_of(recorded) if self._speaks else ():
            self._sender.send(alert)
        if recorded.entry.kind is Kind.STOPPED:
            held = self.warned(recorded.wall_ns)
            if self._speaks:
                self._warn()
            else:
                self._warned = held

    def observe(self, message: Message) -> None:
        """At the end of an instant of the feed: tell the warnings that did not hold at the one before."""
        if isinstance(message, Mark):
            self._warn()

    def _warn(self) -> None:
        found = self.warnings()
        for name in sorted(found.keys() - self._warned):
            self.tell(Alarm(name, found[name]))
        self._warned = frozenset(found)

    def look(self, status: Status, heard_ns: int) -> None:
        """At each pulse: tell that all is well if it is time, and how many alerts were left out.

        Parameters
        ----------
        status : Status
            Of the living runner.
        heard_ns : int
            When the feed last said something, by the machine's clock; 0: never.
        """
        self._sender.say_left_out()
        if self._wellness is not None and (alert := self._wellness.look(status, heard_ns, self.raised())) is not None:
            self._sender.send(alert, asked_for=True)

    def ended(self, error: LedgerError) -> None:
        """Tell that an error of the ledger ends the process."""
        self.tell(Alarm("lease_lost" if isinstance(error, Fenced) else "ledger_failed", str(error)))

    def channels(self) -> tuple[ChannelStatus, ...]:
        """What became of the alerts of each channel."""
        return self._sender.status()

    def counts(self) -> AlertCounts | None:
        """What became of all alerts; None where there is no channel."""
        return self._sender.counts()

    def raised(self) -> Mapping[str, Count]:
        """Alerts by name, since the process started."""
        return self._sender.tally.counts()

    def tell(self, alarm: Alarm) -> None:
        """As `engine.live.alarm.Tell`."""
        _LOG.warning(alarm.name, text=alarm.text, intent=alarm.intent)
        if alarm.name in ALERTS:
            self._sender.send(raised(alarm.name, alarm.intent, alarm.text))
