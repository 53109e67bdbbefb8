"""Calls of the Betting and Accounts API: JSON-RPC over HTTPS, one call a request, under the session of the account.

A call that changes something is sent once. A read whose session has ended is asked once more under a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any, Final, NamedTuple

from engine.errors import ConfigurationError
from engine.live.adapters.betfair.codes import MEANINGS, Meaning, meaning
from engine.live.adapters.betfair.login import Session
from engine.live.venue import ReadFailed
from engine.live.wire.request import Reply, Request, Wire, WireFailure

BETTING, ACCOUNT = "betting", "account"
_PREFIXES: Final = {BETTING: "SportsAPING/v1.0", ACCOUNT: "AccountAPING/v1.0"}
#: a read is over after so long; it can be asked again
READ_S: Final = 5.0
#: ending of the API of each place; all others have that of .com
_ENDINGS: Final = {"it": "it"}


class Refused(Exception):
    """The API answers with an error; `code` as it stands there."""

    def __init__(self, code: object, wait_ns: int | None = None) -> None:
        self.code, self.wait_ns = code, wait_ns
        super().__init__(str(code))


class Unreadable(Exception):
    """The answer says nothing definite; `cause` is one word."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


class Result(NamedTuple):
    """What a read gave, and whether it is of now: an answer that a cache kept proves nothing."""

    value: Any
    is_fresh: bool


class Api:
    """The API of one account.

    Parameters
    ----------
    wire : Wire
    session : Session
    jurisdiction : str
        As `engine.live.adapters.betfair.settings.JURISDICTIONS`.
    """

    def __init__(self, wire: Wire, session: Session, *, jurisdiction: str = "com") -> None:
        self._wire, self._session = wire, session
        self._ending, self._numbers = _ENDINGS.get(jurisdiction, "com"), count(1)

    def token(self) -> str:
        """Of a living session; raises as `Session.token`."""
        return self._session.token()

    def change(self, token: str, method: str, params: Mapping[str, Any], timeout_s: float) -> Any:
        """Send something that changes the account; the result.

        Raises
        ------
        WireFailure
            There is no whole answer; its cause says whether the request may have arrived.
        Refused, Unreadable
        """
        return self._called(token, BETTING, method, params, changes=True, timeout_s=timeout_s).value

    def read(self, method: str, params: Mapping[str, Any], service: str = BETTING, timeout_s: float = READ_S) -> Result:
        """Read something.

        Raises
        ------
        ReadFailed
        """
        for last in (False, True):
            try:
                return self._called(self._session.token(), service, method, params, timeout_s=timeout_s)
            except ConfigurationError:
                raise ReadFailed("login_refused") from None
            except WireFailure as failure:
                raise ReadFailed(failure.cause.replace(" ", "_").lower()) from None
            except Unreadable as failure:
                raise ReadFailed(failure.cause) from None
            except Refused as refusal:
                if last or meaning(refusal.code) is not Meaning.SESSION:
                    known = isinstance(refusal.code, str) and refusal.code in MEANINGS
                    raise ReadFailed(str(refusal.code).lower() if known else "unreadable") from None
        raise AssertionError  # the second round returns or raises

    def _called(
        self, token: str, service: str, method: str, params: Mapping[str, Any], *, changes: bool = False,
        timeout_s: float | None = None,
    ) -> Result:  # fmt: skip
        number = next(self._numbers)
        call = {"jsonrpc": "2.0", "method": f"{_PREFIXES[service]}/{method}", "params": dict(params), "id": number}
        headers = {
            "X-Application": self._session.app_key, "X-Authentication": token, "Content-Type": "application/json",
            "Accept": "application/json",
        }  # fmt: skip
        url = f"https://api.betfair.{self._ending}/exchange/{service}/json-rpc/v1"
        content = json.dumps(call, allow_nan=False).encode()
        reply = self._wire.exchange(
            Request("POST", url, headers=headers, content=content, changes=changes, timeout_s=timeout_s)
        )
        try:
            return Result(_result(reply, number), reply.headers.get("age", "0").strip() in ("", "0"))
        except Refused as refusal:
            if meaning(refusal.code) is Meaning.SESSION:
                self._session.expired(token)
            raise


def _result(reply: Reply, number: int) -> Any:
    """The result of a call, from an answer that holds to JSON-RPC and is the answer to this call."""
    if reply.status != 200:
        raise Unreadable(f"status_{reply.status}")
    answer = reply.json()
    if not isinstance(answer, dict):
        raise Unreadable("unreadable")
    if answer.get("id") != number:
        raise Unreadable("wrong_id")
    if "error" in answer:
        raise Refused(_code(answer["error"]), reply.retry_after_ns())
    if "result" not in answer:
        raise Unreadable("unreadable")
    return answer["result"]


def _code(error: object) -> object:
    """The errorCode of the exception in an error; without one the number of JSON-RPC, as a text."""
    if not isinstance(error, dict):
        return None
    data = error.get("data")
    if isinstance(data, dict):
        named = data.get(str(data.get("exceptionname")))
        if isinstance(named, dict):
            return named.get("errorCode")
    number = error.get("code")
    return None if isinstance(number, bool) or not isinstance(number, int) else str(number)
