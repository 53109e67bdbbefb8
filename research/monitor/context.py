"""What routes share: the running monitor, who asks, and what may be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError

from engine.live.alerts.table import Raised
from engine.live.alerts.tally import Tally
from engine.live.clock import Clock
from engine.live.ledger.control import Command
from engine.live.ledger.opening import look
from engine.live.ledger.settings import LedgerSettings
from research.monitor.access import Access
from research.monitor.errors import Refused
from research.monitor.guard import hostname
from research.monitor.models import Written
from research.monitor.settings import MonitorSettings
from research.monitor.watcher import Snapshot, Watcher

_Body = TypeVar("_Body", bound=BaseModel)

COOKIE: Final = "bea_monitor"
#: says in the description that a program gives a token; `reader` reads it, for an empty one is refused too
_BEARER: Final = HTTPBearer(scheme_name="token", auto_error=False)


@dataclass(frozen=True)
class Monitor:
    """The parts of a running monitor."""

    settings: MonitorSettings
    ledger: LedgerSettings
    clock: Clock
    watcher: Watcher
    access: Access
    tell: Callable[[Raised], object] = lambda alert: None
    tally: Tally = field(default_factory=Tally)


def monitor_of(request: Request) -> Monitor:
    """The monitor that answers."""
    found: Monitor = request.app.state.monitor
    return found


Running = Annotated[Monitor, Depends(monitor_of)]


async def reader(
    request: Request,
    monitor: Running,
    described: Annotated[object, Depends(_BEARER)],
    x_person: Annotated[str, Header(description="who asks: it stands in the ledger beside what is written")] = "",
) -> str:
    """Who asks; errors: not signed in, or too many wrong tokens."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        check_token(request, monitor, token)
        return x_person[:40] or "token"
    person = monitor.access.person(request.cookies.get(COOKIE, ""))
    if not person:
        raise Refused(401, "not signed in", {"www-authenticate": "Bearer"})
    return person


def check_token(request: Request, monitor: Monitor, token: str) -> None:
    """Refuse a wrong token, and any token of an address that gave too many."""
    address = request.client.host if request.client else ""
    if wait_s := monitor.access.wait_s(address):
        raise Refused(429, f"too many wrong tokens: wait {wait_s} s", {"retry-after": str(wait_s)})
    if not monitor.access.is_token(token, address):
        raise Refused(401, "not the token", {"www-authenticate": "Bearer"})


def check_origin(request: Request) -> None:
    """Refuse a write that another page may have caused.

    A browser names the page that it comes from; without a name only a program that gives the token itself may write.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "another site asks")
    origin = request.headers.get("origin", "")
    if not origin:
        if request.headers.get("authorization"):
            return
        raise Refused(403, "no Origin")
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or parts.netloc.lower() != request.headers["host"].lower():
        raise Refused(403, f"another origin asks: {hostname(parts.netloc)[:60]}")


async def writer(request: Request, person: Annotated[str, Depends(reader)]) -> str:
    """Who writes: signed in, and from a page of the monitor."""
    check_origin(request)
    return person


Reader = Annotated[str, Depends(reader)]
Writer = Annotated[str, Depends(writer)]


def body_of(model: type[_Body]) -> Callable[[Request], Coroutine[Any, Any, _Body]]:
    """A dependency that reads a body of JSON or of a form, and nothing else."""

    async def read(request: Request) -> _Body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        raw = await request.body()
        try:
            if kind == "application/json":
                return model.model_validate(json.loads(raw))
            if kind == "application/x-www-form-urlencoded":
                return model.model_validate(dict(parse_qsl(raw.decode(), keep_blank_values=True)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refused(422, f"{where}: {first['msg']}") from None
        except (ValueError, RecursionError):
            raise Refused(400, "the body cannot be read") from None
        raise Refused(415, "a body of JSON or of a form is expected")

    return read


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """What the description of a route says of the body that `body_of` reads."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def snapshot_of(name: str, monitor: Running) -> Snapshot:
    """The last snapshot of a ledger; refused where there is none of this name."""
    found = monitor.watcher.snapshots().get(name)
    if found is None:
        raise Refused(404, "no such ledger")
    return found


Known = Annotated[Snapshot, Depends(snapshot_of)]


def write(monitor: Monitor, name: str, command: Command, *, subject: str = "", person: str, reason: str) -> Written:
    """Append a row of control, as `bea kill` and `bea resume` do."""
    with closing(look(name, settings=monitor.ledger, clock=monitor.clock)) as ledger:
        row = ledger.control(command, subject=subject, person=person, reason=reason)
    return Written(
        ledger=name, number=row.number, command=row.command.value, subject=row.subject, person=row.person,
        reason=row.reason,
    )  # fmt: skip
