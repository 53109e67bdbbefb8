"""A request to a service, its reply, and what it means when there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

from engine.clock import SECOND_NS

#: words of `WireFailure` that prove that no byte of the request left
NEVER_LEFT: Final = ("address", "connect", "dns", "tls", "pool", "dry_run")


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes
    ----------
    method : str
    url : str
        Without its query.
    params : mapping of str to str
        The query.
    headers : mapping of str to str
    content : bytes
    changes : bool
        Whether it can change something at the service: an order, a cancellation. Only reads are ever repeated by the
        wire itself, and a dry run sends no other.
    timeout_s : float or None
        For the whole answer; None: that of the wire.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    changes: bool = False
    timeout_s: float | None = None


@dataclass(frozen=True)
class Reply:
    """A whole answer.

    Attributes
    ----------
    status : int
    content : bytes
    headers : mapping of str to str
        Names in lower case.
    received_ns : int
        When it was complete, by the wall clock, UTC nanoseconds.
    """

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    received_ns: int = 0

    def json(self) -> Any:
        """The content as JSON; None where it is none. ``NaN`` and ``Infinity`` are no JSON.

        >>> Reply(200, b'{"a": 1}').json(), Reply(200, b"<html>").json(), Reply(200, b'[NaN]').json()
        ({'a': 1}, None, None)
        """
        try:
            return json.loads(self.content, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return None

    def retry_after_ns(self) -> int | None:
        """How long the service asks to wait (RFC 9110, 10.2.3: seconds or a date); None where it does not say.

        >>> Reply(429, b"", {"retry-after": "2"}).retry_after_ns()
        2000000000
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return int(text[:12]) * SECOND_NS
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        now = datetime.fromtimestamp(self.received_ns / SECOND_NS, UTC)
        return max(0, round((moment - now).total_seconds())) * SECOND_NS


class WireFailure(Exception):
    """There is no whole answer.

    Attributes
    ----------
    cause : str
        ``address`` (it is none), ``connect``, ``dns``, ``tls``, ``pool``: nothing was sent. ``timeout``, ``reset``,
        ``cut``, ``too_large``: the request may have arrived. ``dry_run``: it was shown instead.
    """

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)

    @property
    def may_have_arrived(self) -> bool:
        """Whether the service may have the request."""
        return self.cause not in NEVER_LEFT


class Wire(Protocol):
    """Brings requests to a service."""

    def exchange(self, request: Request) -> Reply:
        """The whole answer, whatever its status.

        Raises
        ------
        WireFailure
        """
        ...


def _no_number(text: str) -> float:
    raise ValueError(text)
