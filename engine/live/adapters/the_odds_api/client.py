"""One call of The Odds API over the wire: a whole answer, or a failure that says what may be done about it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from engine.errors import ConfigurationError, printable
from engine.live.adapters.the_odds_api.calls import Call
from engine.live.clock import Clock
from engine.live.feed import FeedFailure
from engine.live.wire.pace import Paced, TokenBucket
from engine.live.wire.repeat import Repeated, Repeats
from engine.live.wire.request import Reply, Request, Wire, WireFailure

#: instants of a store have microseconds
_TICK_NS: Final = 1_000
#: name of the credential
KEY: Final = "BEA_ODDS_API_KEY"
#: error codes of a key or plan: a person has to do something
_OF_KEY: Final = {
    "MISSING_KEY": f"set {KEY}",
    "INVALID_KEY": f"check {KEY}",
    "DEACTIVATED_KEY": "renew the subscription of the key",
    "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN": "historical snapshots need a paid plan",
}
_SPENT: Final = "OUT_OF_USAGE_CREDITS"
#: of what is asked for, which is not there any more
_GONE: Final = ("UNKNOWN_SPORT", "EVENT_NOT_FOUND", "HISTORICAL_MARKETS_UNAVAILABLE_AT_DATE")
_NO_SPORT: Final = "UNKNOWN_SPORT"
_CODES: Final = tuple(
    sorted(
        (
            *_OF_KEY, _SPENT, *_GONE, "EXCEEDED_FREQ_LIMIT", "MISSING_REGION", "INVALID_REGION", "INVALID_BOOKMAKERS",
            "MISSING_MARKET", "INVALID_MARKET", "INVALID_MARKET_COMBO", "INVALID_DATE_FORMAT", "INVALID_ODDS_FORMAT",
            "INVALID_ALL_SPORTS_PARAM", "INVALID_SPORT", "INVALID_SCORES_DAYS_FROM", "INVALID_EVENT_IDS",
            "INVALID_EVENT_ID", "MISSING_HISTORICAL_TIMESTAMP", "INVALID_HISTORICAL_TIMESTAMP",
            "INVALID_COMMENCE_TIME_FROM", "INVALID_COMMENCE_TIME_TO", "INVALID_COMMENCE_TIME_RANGE",
            "INVALID_PARTICIPANT_ID", "INVALID_INCLUDE_LINKS", "INVALID_INCLUDE_SIDS", "INVALID_INCLUDE_BET_LIMITS",
            "INVALID_INCLUDE_MULTIPLIERS", "INVALID_INCLUDE_ROTATION_NUMBERS", "INVALID_STATUS",
        ),
        key=lambda code: (-len(code), code),
    )
)  # fmt: skip


class NotThere(FeedFailure):
    """The event is over or its id is wrong, or a market had no snapshot then: the others go on."""


class NoCredits(FeedFailure):
    """The credits of the month, or those of the day (`the_odds_api.credits_a_day`), are used up."""


@dataclass(frozen=True)
class Usage:
    """What the headers say of credits; None where one is missing or no number.

    Attributes
    ----------
    last, used, remaining : int or None
        Of this call, since the reset, and until it; the last can be negative.
    """

    last: int | None = None
    used: int | None = None
    remaining: int | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Usage:
        """From headers, names in lower case.

        >>> Usage.of({"x-requests-last": "6", "x-requests-remaining": "-772", "x-requests-used": "?"})
        Usage(last=6, used=None, remaining=-772)
        """
        return cls(*(_whole(headers.get(f"x-requests-{name}", "")) for name in ("last", "used", "remaining")))


@dataclass(frozen=True)
class Answer:
    """A whole answer with status 200 that is JSON.

    Attributes
    ----------
    content : bytes
        As it came.
    value : object
        Its JSON.
    received_ns : int
        UTC nanoseconds, to the microsecond.
    usage : Usage
    """

    content: bytes
    value: Any
    received_ns: int
    usage: Usage


class Purse(Protocol):
    """Counts the credits of every try, for each one may be paid."""

    def book(self, call: Call) -> None:
        """Count what a try may cost, before it leaves.

        Raises
        ------
        NoCredits
            That may be more than is left.
        """
        ...

    def correct(self, call: Call, usage: Usage) -> None:
        """Put what it did cost in place of that. Not called where the try may have arrived and has no answer."""
        ...


class Client:
    """Asks the service.

    It keeps to the service's pace of 30 calls a second, and asks again after a failure, later each time. The pace
    counts every call, those that are asked again too. Four may leave at once: more bring refusals.

    Parameters
    ----------
    wire : Wire
        One try.
    key : str
        In the query of every call, and in nothing that is kept or shown.
    clock : Clock
    generator : random.Random
        Of the jitter of waits.
    timeout_s : float
    host : str
    """

    def __init__(
        self, wire: Wire, key: str, clock: Clock, generator: random.Random, *, timeout_s: float, host: str
    ) -> None:
        paced = Paced(wire, TokenBucket(clock, rate_per_s=30, burst=4))
        self._wire = Repeated(_Counted(paced), Repeats(most=2), clock, generator)
        self._key, self._timeout_s, self._host = key, timeout_s, host

    def ask(self, call: Call, purse: Purse) -> Answer:
        """The answer to a call.

        Parameters
        ----------
        call : Call
        purse : Purse

        Raises
        ------
        ConfigurationError
            A person has to do something: a key, a plan, a region or market that the service does not know.
        NoCredits
            The credits are used up.
        NotThere
            What is asked for is not there any more.
        FeedFailure
            No answer, an answer that is no JSON, too many calls, or a fault of the service.
        """
        params = {**dict(call.params), "apiKey": self._key}
        count = _Count(call, purse)
        request = _Paid("GET", f"{self._host}/v4{call.path}", params, timeout_s=self._timeout_s, count=count)
        try:
            reply = self._wire.exchange(request)
        except WireFailure as failure:
            raise FeedFailure(f"no answer: {failure.cause}") from None
        usage = Usage.of(reply.headers)
        if reply.status != 200:
            raise _refusal(reply, usage, call)
        value = reply.json()
        if not isinstance(value, list | dict):
            raise FeedFailure("the answer is no JSON")
        return Answer(reply.content, value, reply.received_ns // _TICK_NS * _TICK_NS, usage)


@dataclass(frozen=True)
class _Count:
    """Where the tries of a call are counted."""

    call: Call
    purse: Purse


@dataclass(frozen=True)
class _Paid(Request):
    """A request whose every try is counted."""

    count: _Count | None = None


class _Counted:
    """A wire that counts each try: below the repeats, so that what a lost answer may have cost stays booked."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`; raises NoCredits, too."""
        count = request.count if isinstance(request, _Paid) else None
        if count is None:
            return self._wire.exchange(request)
        count.purse.book(count.call)
        try:
            reply = self._wire.exchange(request)
        except WireFailure as failure:
            if not failure.may_have_arrived:
                count.purse.correct(count.call, Usage(last=0))
            raise
        usage = Usage.of(reply.headers)
        if reply.status != 200 and usage.last is None:
            usage = replace(usage, last=0)  # credits are paid for answers
        count.purse.correct(count.call, usage)
        return reply


def code_of(reply: Reply) -> str:
    """The error code of a refusal; empty where there is none. Longer codes first: some begin as others do.

    >>> code_of(Reply(422, b'{"error_code": "INVALID_MARKET_COMBO"}')), code_of(Reply(422, b"<p>INVALID_MARKET_COMBO"))
    ('INVALID_MARKET_COMBO', 'INVALID_MARKET_COMBO')
    """
    value = reply.json()
    named = value.get("error_code") if isinstance(value, dict) else None
    if isinstance(named, str) and named:
        return printable(named, 60)
    text = reply.content[:10_000].decode("utf-8", "replace")
    return next((code for code in _CODES if code in text), "")


def _refusal(reply: Reply, usage: Usage, call: Call) -> Exception:
    code = code_of(reply)
    if code == _SPENT or (reply.status == 401 and not code and usage.remaining is not None and usage.remaining <= 0):
        return NoCredits("the credits of the key are used up until its monthly reset")
    if reply.status in (401, 403) or code in _OF_KEY:
        return ConfigurationError(
            "The Odds API refuses the key", where=KEY, found=code or f"status {reply.status}",
            todo=_OF_KEY.get(code, f"check {KEY} and the plan of the key"),
        )  # fmt: skip
    if code == _NO_SPORT or (reply.status == 422 and code not in _GONE):
        return ConfigurationError(
            "The Odds API does not know what is asked for", where=printable(call.key, 300),
            found=code or f"status {reply.status}", todo="check the_odds_api.sports, .regions and .bookmakers",
        )  # fmt: skip
    if reply.status == 404 or code in _GONE:
        return NotThere(code or "not found")
    return FeedFailure(f"status {reply.status}" + (f" {code}" if code else ""))


def _whole(text: str) -> int | None:
    """A whole number with or without a sign."""
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None
