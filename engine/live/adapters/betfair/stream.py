"""A connection to the stream that is kept: hello, authentication, subscription, heartbeat, a new start after a loss."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError, printable
from engine.live.adapters.betfair.frames import Line
from engine.live.adapters.betfair.subscription import BrokenSegments, Subscription
from engine.live.clock import Clock
from engine.live.wire.request import WireFailure

HOSTS: Final = {"live": "stream-api.betfair.com", "test": "stream-api-integration.betfair.com"}
PORT: Final = 443
#: what each errorCode asks for: log in again; stop, for no repetition helps; start without clocks; wait
ANSWERS: Final[dict[str, str]] = {
    "NO_SESSION": "login", "INVALID_SESSION_INFORMATION": "login",
    "NO_APP_KEY": "stop", "INVALID_APP_KEY": "stop", "NOT_AUTHORIZED": "stop",
    "INVALID_INPUT": "stop", "INVALID_REQUEST": "stop", "SUBSCRIPTION_LIMIT_EXCEEDED": "stop",
    "INVALID_CLOCK": "restart",
    "TIMEOUT": "wait", "MAX_CONNECTION_LIMIT_EXCEEDED": "wait", "TOO_MANY_REQUESTS": "wait", "UNEXPECTED_ERROR": "wait",
    "CONNECTION_FAILED": "wait",
}  # fmt: skip
#: from the connection to the answer to the authentication; Betfair itself waits 15 s for a first message
_HELLO_NS: Final = 10 * SECOND_NS
#: wait before a new start: the first, and the longest
_FIRST_WAIT_NS, _LONGEST_WAIT_NS = SECOND_NS, 60 * SECOND_NS
#: no image has come yet: so long is waited for it
_IMAGE_NS: Final = 15 * SECOND_NS


class Login(Protocol):
    """Where a session comes from."""

    @property
    def app_key(self) -> str:
        """The key of the application."""
        ...

    def token(self) -> str:
        """The token of the session that is valid now."""
        ...

    def expired(self, token: str) -> None:
        """A service says that a token is not valid any more."""
        ...


@dataclass(frozen=True)
class Arrived:
    """Messages that are whole, and when that was, by the wall clock, UTC nanoseconds."""

    messages: tuple[Mapping[str, Any], ...]
    received_ns: int


@dataclass(frozen=True)
class Lost:
    """The connection is lost, or there is none: changes may be missing until the next image or taking up."""

    cause: str
    received_ns: int
    was_up: bool  # whether changes had come over it


class Stream:
    """One connection with one subscription.

    Parameters
    ----------
    dial : callable
        Opens a `Line`; raises WireFailure.
    login : Login
    subscription : Subscription
    clock : Clock
    generator : random.Random
        Of the jitter of waits.
    record : callable, optional
        Gets each line with changes as it came, without its end.

    Attributes
    ----------
    connection_id : str
        Of the last connection; Betfair asks for it in a complaint.
    connections_left : int or None
        How many more the account may have, as last told.
    """

    def __init__(
        self, dial: Callable[[], Line], login: Login, subscription: Subscription, clock: Clock,
        generator: random.Random, record: Callable[[bytes], None] = lambda line: None,
    ) -> None:  # fmt: skip
        self._dial, self._login, self.subscription = dial, login, subscription
        self._clock, self._generator, self._record = clock, generator, record
        self._line: Line | None = None
        self._number = self._failures = 0
        self._again_ns = self._heard_ns = clock.monotonic_ns()
        self._is_up, self._token = False, ""
        self._wants_image = False
        self.connection_id, self.connections_left = "", None  # type: str, int | None

    def poll(self, timeout_ns: int) -> Arrived | Lost | None:
        """What comes next; None after the time-out.

        Raises
        ------
        ConfigurationError
            Betfair refuses what no repetition changes: the key, the request, the number of markets.
        """
        ends_ns = self._clock.monotonic_ns() + timeout_ns
        while True:
            try:
                if self._line is None and not self._connect(ends_ns):
                    return None
                if arrived := self._listen(ends_ns):
                    return arrived
            except WireFailure as failure:
                return self._lose(failure.cause)
            except _Refused as refused:
                return self._refused(refused.code, refused.text)
            except BrokenSegments as broken:
                return self._lose(str(broken))
            if self._clock.monotonic_ns() >= ends_ns:
                return None

    def renew(self) -> None:
        """Subscribe anew, as the subscription now is, at the next poll: an image of everything comes.

        The connection stays, and until the image is there changes of the subscription before go on.
        """
        self.subscription.restart()
        self._wants_image = True

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
        self._line, self._is_up = None, False

    # -- connecting ---------------------------------------------------------------------------------------------------

    def _connect(self, ends_ns: int) -> bool:
        """Connect, authenticate and subscribe; False while a wait is on. Raises WireFailure or _Refused."""
        wait_ns = self._again_ns - self._clock.monotonic_ns()
        if wait_ns > 0:
            self._clock.sleep_ns(max(0, min(wait_ns, ends_ns - self._clock.monotonic_ns())))
            if self._clock.monotonic_ns() < self._again_ns:
                return False
        self._token = self._login.token()
        self._line = self._dial()
        self._waiting: list[bytes] = []
        ends_ns = self._clock.monotonic_ns() + _HELLO_NS
        hello = self._expect("connection", None, ends_ns)
        self.connection_id = printable(hello.get("connectionId", ""), 60)
        number = self._send({"op": "authentication", "appKey": self._login.app_key, "session": self._token})
        status = self._expect("status", number, ends_ns)
        left = status.get("connectionsAvailable")
        self.connections_left = left if isinstance(left, int) else None
        self._number += 1
        self._line.send(_text(self.subscription.request(self._number)))
        self._wants_image = False
        self._heard_ns = self._clock.monotonic_ns()
        return True

    def _expect(self, operation: str, number: int | None, ends_ns: int) -> Mapping[str, Any]:
        """The next message, which must be this one."""
        while not self._waiting:
            left_ns = ends_ns - self._clock.monotonic_ns()
            if left_ns <= 0 or self._line is None:
                raise WireFailure("timeout")
            self._waiting += self._line.receive(left_ns)
        message = _message(self._waiting.pop(0))
        if message.get("op") == "status":
            _check(message)
        if message.get("op") != operation or (number is not None and message.get("id") != number):
            raise WireFailure("unreadable")
        return message

    def _send(self, request: dict[str, Any]) -> int:
        self._number += 1
        if self._line is not None:
            self._line.send(_text(request | {"id": self._number}))
        return self._number

    # -- listening ----------------------------------------------------------------------------------------------------

    def _listen(self, ends_ns: int) -> Arrived | None:
        """The next change; None when the time is over, or what came was none. Raises WireFailure."""
        if self._line is None:
            return None
        if self._wants_image:
            self._wants_image = False
            self._number += 1
            self._line.send(_text(self.subscription.request(self._number, is_renewal=True)))
        now = self._clock.monotonic_ns()
        quiet_ns = 2 * self.subscription.in_force_ms * 1_000_000
        silent_at_ns = self._heard_ns + (quiet_ns if self._is_up else max(quiet_ns, _IMAGE_NS))
        if not self._waiting:
            self._waiting = self._line.receive(max(0, min(ends_ns, silent_at_ns) - now))
        if not self._waiting:
            if self._clock.monotonic_ns() >= silent_at_ns:
                raise WireFailure("silent")
            return None
        self._heard_ns = self._clock.monotonic_ns()
        line = self._waiting.pop(0)
        message = _message(line)
        if message.get("op") == "status":
            _check(message)
            return None
        if message.get("op") != self.subscription.words[1]:
            return None
        is_ours = self.subscription.owns(message)
        whole = self.subscription.take(message)
        if is_ours:
            self._record(line)
        if not whole:
            return None
        self._is_up, self._failures = True, 0
        return Arrived(tuple(whole), self._clock.wall_ns())

    # -- losing -------------------------------------------------------------------------------------------------------

    def _lose(self, cause: str, *, at_once: bool = False) -> Lost:
        was_up = self._is_up
        self.close()
        wait_ns = min(_LONGEST_WAIT_NS, _FIRST_WAIT_NS << min(self._failures, 10))
        self._failures += 1
        share = 0.0 if at_once else 0.5 + 0.5 * self._generator.random()
        self._again_ns = self._clock.monotonic_ns() + round(wait_ns * share)
        return Lost(cause, self._clock.wall_ns(), was_up)

    def _refused(self, code: str, text: str) -> Lost:
        """What follows from a status with an error. Unknown codes are waited out."""
        answer = ANSWERS.get(code, "wait")
        if answer == "stop":
            self.close()
            raise ConfigurationError(
                "Betfair refuses the stream", where=f"connection {self.connection_id}", found=f"{code} {text}".strip(),
                todo=_TODO.get(code, "this is an error of the program; report it with this line"),
            )  # fmt: skip
        if answer == "login":
            self._login.expired(self._token)
        if answer == "restart":
            self.subscription.restart()
        return self._lose(code, at_once=answer != "wait" and self._failures == 0)


_TODO: Final = {
    "NO_APP_KEY": "set BEA_BETFAIR_APP_KEY",
    "INVALID_APP_KEY": "check BEA_BETFAIR_APP_KEY",
    "NOT_AUTHORIZED": "ask Betfair to open the stream to this application key",
    "SUBSCRIPTION_LIMIT_EXCEEDED": "follow fewer markets, or ask Betfair for a higher limit",
}


class _Refused(Exception):
    """A status says FAILURE."""

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(code)


def _check(status: Mapping[str, Any]) -> None:
    if status.get("statusCode") != "SUCCESS":
        raise _Refused(
            printable(status.get("errorCode", "no code"), 60), printable(status.get("errorMessage", ""), 100)
        )


def _text(request: Mapping[str, Any]) -> bytes:
    return json.dumps(request, separators=(",", ":")).encode()


def _message(line: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise WireFailure("unreadable") from None
    if not isinstance(message, dict):
        raise WireFailure("unreadable")
    return message
