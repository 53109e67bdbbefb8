"""Around every request: its id, the names that the monitor answers to, headers of safety, and one form of error."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import printable
from engine.logs.setup import logger
from research.monitor.errors import body_of

_LOG: Final = logger(__name__)
#: header of the id of a request
REQUEST_ID: Final = "x-request-id"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: largest body of a request, in bytes
LARGEST: Final = 16_384

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def hostname(header: str) -> str:
    """The name in a Host header or an origin without its scheme, in lower case and without a port."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


class Guard:
    """Middleware.

    Parameters
    ----------
    app : ASGIApp
    names : frozenset of str
        Host names that are answered to.
    on_failure : callable
        Told the id of a request that failed by a fault of the program.
    tls : bool
    """

    def __init__(
        self, app: ASGIApp, names: frozenset[str], on_failure: Callable[[str], None], tls: bool = False
    ) -> None:
        self._app, self._names, self._on_failure = app, names, on_failure
        self._headers = dict(_HEADERS) | ({"strict-transport-security": "max-age=31536000"} if tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        wanted = given.get(REQUEST_ID, "")
        request_id = wanted if _ID.fullmatch(wanted) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started, begun_ns = False, time.monotonic_ns()

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(message, request_id)
                took_ms = (time.monotonic_ns() - begun_ns) / 1e6
                _LOG.info(
                    "request", id=request_id, method=scope["method"], path=printable(scope["path"], 120),
                    status=message["status"], ms=round(took_ms, 1),
                )  # fmt: skip
            await send(message)

        refusal = self._refusal(given, request_id)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            await self._app(scope, receive, answer)
        except Exception:
            _LOG.exception("request_failed", id=request_id, path=printable(scope["path"], 120))
            self._on_failure(request_id)
            if started:
                raise  # the answer has begun: only an end of the connection says that it is not whole
            await _refused(500, "an error of the program; the log has its id", request_id)(scope, receive, answer)

    def _refusal(self, given: dict[str, str], request_id: str) -> Response | None:
        if hostname(given.get("host", "")) not in self._names:
            return _refused(421, "not a name of this monitor: see monitor.hosts", request_id)
        length = given.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST or "transfer-encoding" in given:
            return _refused(413, f"a body of at most {LARGEST} bytes with its length", request_id)
        return None

    def _dress(self, message: Message, request_id: str) -> None:
        headers: list[Any] = message.setdefault("headers", [])
        there = {name.lower() for name, _ in headers}
        for name, value in {**self._headers, REQUEST_ID: request_id}.items():
            if name.encode() not in there:
                headers.append((name.encode(), value.encode()))


def _refused(status: int, message: str, request_id: str) -> Response:
    return JSONResponse(body_of(status, message, request_id).model_dump(), status)
