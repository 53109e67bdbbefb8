"""Who may read and write: the token, sessions, and a limit on wrong tokens."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.clock import Clock
from research.monitor.settings import MonitorSettings

_MINUTE_NS: Final = 60 * SECOND_NS
#: most addresses that are remembered, and most sessions
_ADDRESSES: Final = 1_000
_SESSIONS: Final = 100


@dataclass(frozen=True)
class Session:
    """A log-in.

    Attributes
    ----------
    person : str
        As they called themselves: who stands in the ledger.
    ends_ns : int
        On the monotonic clock.
    """

    person: str
    ends_ns: int


class Access:
    """The token and what was given for it. One thread, the one of the event loop, or calls that do not overlap.

    Parameters
    ----------
    token : str
    settings : MonitorSettings
    clock : Clock
    """

    def __init__(self, token: str, settings: MonitorSettings, clock: Clock) -> None:
        self._token, self._settings, self._clock = token.encode(), settings, clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._wrong: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """How long an address must wait before its next token is looked at, in seconds; 0: not at all."""
        times, now_ns = self._wrong.get(address, deque()), self._clock.monotonic_ns()
        while times and now_ns - times[0] >= _MINUTE_NS:
            times.popleft()
        if len(times) < self._settings.logins_per_minute:
            return 0
        return max(1, -(-(times[0] + _MINUTE_NS - now_ns) // SECOND_NS))

    def is_token(self, text: str, address: str) -> bool:
        """Whether a text is the token, compared in constant time; a wrong one counts against its address."""
        if hmac.compare_digest(text.encode(), self._token):
            return True
        self._wrong.setdefault(address, deque(maxlen=self._settings.logins_per_minute)).append(
            self._clock.monotonic_ns()
        )
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        return False

    def begin(self, person: str) -> str:
        """A new session; returns its secret name."""
        name = secrets.token_urlsafe(32)
        self._sessions[name] = Session(person, self._clock.monotonic_ns() + self._settings.session_hours * HOUR_NS)
        while len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return name

    def person(self, session: str) -> str:
        """Whose session this is; empty: nobody's, or it has ended."""
        found = self._sessions.get(session)
        if found is None:
            return ""
        if self._clock.monotonic_ns() >= found.ends_ns:
            del self._sessions[session]
            return ""
        return found.person

    def end(self, session: str) -> None:
        """Log out."""
        self._sessions.pop(session, None)
