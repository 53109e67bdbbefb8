"""The routes that give pages, and the stream that keeps the page of a ledger up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from engine.clock import SECOND_NS
from research.monitor import actions
from research.monitor.api import decisions_of
from research.monitor.context import (
    COOKIE,
    Known,
    Monitor,
    Reader,
    Running,
    Writer,
    body_of,
    check_origin,
    check_token,
)
from research.monitor.errors import Refused
from research.monitor.html import FILES, render, static
from research.monitor.models import Acknowledge, Kill, LogIn, Resume, Sign
from research.monitor.views import PARTS, View, parts
from research.monitor.watcher import Snapshot
from research.report.naming import reason_name
from research.report.status import first_line, instant
from research.report.text import NOTHING, money, number, sentence_case

router = APIRouter(include_in_schema=False)
#: how often a stream looks whether there is something new, and how often it says that it lives, in seconds
_LOOK_S: Final = 0.25
_BEAT_S: Final = 5.0


@router.get("/static/{name}")
def file(request: Request, name: str) -> Response:
    """A style or a script."""
    if name not in FILES:
        raise Refused(404, "no such file")
    found = static(name)
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.kind, headers=headers | {"content-encoding": "gzip"})
    return Response(found.plain, media_type=found.kind, headers=headers)


@router.get("/login")
def login_page() -> HTMLResponse:
    """Asks for the token."""
    return HTMLResponse(render("login.html.j2", said=""))


@router.post("/login")
async def login(request: Request, monitor: Running, body: Annotated[LogIn, Depends(body_of(LogIn))]) -> Response:
    """Begin a session."""
    check_origin(request)
    try:
        check_token(request, monitor, body.token)
    except Refused as refused:
        page = render("login.html.j2", said=f"{sentence_case(refused.message)}.")
        headers = {name: value for name, value in refused.headers.items() if name != "www-authenticate"}
        return HTMLResponse(page, refused.status, headers)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, monitor.access.begin(body.person), httponly=True, samesite="strict", secure=monitor.settings.tls,
        max_age=monitor.settings.session_hours * 3600,
    )  # fmt: skip
    return answer


@router.post("/logout")
async def logout(request: Request, monitor: Running, person: Writer) -> Response:
    """End the session."""
    monitor.access.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/")
def home(monitor: Running, person: Reader) -> Response:
    """All ledgers; the page of the only one."""
    known = list(monitor.watcher.snapshots().values())
    if len(known) == 1:
        return RedirectResponse(_address(known[0].name), 303)
    now_ns = monitor.clock.wall_ns()
    rows = [
        {
            "name": one.name,
            "sentence": one.failed or (first_line(one.status, now_ns) if one.status.name else "not read yet"),
            "tone": View(one, now_ns).state["tone"],
            "word": View(one, now_ns).state["word"],
        }
        for one in known
    ]
    return HTMLResponse(
        render("home.html.j2", frame=frame_of(monitor, person), rows=rows, failed=monitor.watcher.failed)
    )


@router.get("/ledger/{name}")
def ledger(monitor: Running, known: Known, person: Reader) -> HTMLResponse:
    """One ledger."""
    shown = parts(View(known, monitor.clock.wall_ns()))
    return HTMLResponse(render("ledger.html.j2", frame=frame_of(monitor, person), name=known.name, parts=shown))


@router.get("/ledger/{name}/stream")
async def stream(request: Request, monitor: Running, known: Known, person: Reader) -> StreamingResponse:
    """Server-sent events: each part of the page when it changes, and a beat."""
    state = request.app.state
    if state.streams >= monitor.settings.streams:
        raise Refused(503, "too many pages are open: see monitor.streams", {"retry-after": "5"})
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(_events(request, monitor, known.name), media_type="text/event-stream", headers=headers)


async def _events(request: Request, monitor: Monitor, name: str) -> AsyncIterator[str]:
    state, loop = request.app.state, asyncio.get_running_loop()
    state.streams += 1
    session = request.cookies.get(COOKIE, "")
    sent: dict[str, str] = {}
    version, beaten_s = -1, float("-inf")
    try:
        yield "retry: 2000\n\n"
        while not (state.ends() or await request.is_disconnected()):
            known = monitor.watcher.snapshots().get(name)
            if known is None or (session and not monitor.access.person(session)):
                yield "event: over\ndata: over\n\n"
                return
            beats = loop.time() - beaten_s >= _BEAT_S
            if known.version != version or beats:
                version = known.version
                made = await asyncio.to_thread(_made, state.made, known, monitor.clock.wall_ns())
                for key in PARTS:
                    if sent.get(key) != made[key]:
                        sent[key] = made[key]
                        yield _event(key, made[key])
            if beats:
                beaten_s = loop.time()
                yield _event("beat", str(known.read_ns // 1_000_000))
            await asyncio.sleep(_LOOK_S)
    finally:
        state.streams -= 1


def _made(kept: dict[str, tuple[tuple[int, int], dict[str, str]]], known: Snapshot, now_ns: int) -> dict[str, str]:
    """The parts of a snapshot, made once a second at most for all that look at it."""
    key = known.version, now_ns // SECOND_NS
    found = kept.get(known.name)
    if found is None or found[0] != key:
        found = kept[known.name] = key, parts(View(known, now_ns))
    return found[1]


def _event(name: str, data: str) -> str:
    lines = "\n".join(f"data: {line}" for line in data.splitlines())
    return f"event: {name}\n{lines}\n\n"


@router.post("/ledger/{name}/kill")
def kill(monitor: Running, known: Known, person: Writer, body: Annotated[Kill, Depends(body_of(Kill))]) -> Response:
    """The kill switch."""
    actions.kill(monitor, known, person, body)
    return RedirectResponse(_address(known.name), 303)


@router.get("/ledger/{name}/resume")
def resume_page(
    monitor: Running, known: Known, person: Reader, breaker: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """Asks for the reason."""
    line = next((one for one in known.status.breakers if one.name == breaker), None)
    what = breaker.replace("_", " ") if breaker else "the kill switch"
    return HTMLResponse(
        render(
            "resume.html.j2", frame=frame_of(monitor, person), name=known.name, breaker=breaker, what=what,
            cause=line.cause if line is not None else "",
        )
    )  # fmt: skip


@router.post("/ledger/{name}/resume")
def resume(
    monitor: Running, known: Known, person: Writer, body: Annotated[Resume, Depends(body_of(Resume))]
) -> Response:
    """End the kill switch or a breaker."""
    actions.resume(monitor, known, person, body)
    return RedirectResponse(_address(known.name), 303)


@router.get("/ledger/{name}/alert")
def alert_page(
    monitor: Running, known: Known, person: Reader, key: Annotated[str, Query(max_length=200)]
) -> HTMLResponse:
    """One alert, to be acknowledged."""
    line = next((one for one in known.alerts if one.key == key), None)
    if line is None:
        raise Refused(404, "no such alert")
    return HTMLResponse(
        render(
            "alert.html.j2", frame=frame_of(monitor, person), name=known.name, alert=line,
            at=f"{instant(line.wall_ns)} UTC", page=f"docs/runbook/{line.name}.md",
        )
    )  # fmt: skip


@router.post("/ledger/{name}/acknowledge")
def acknowledge(
    monitor: Running, known: Known, person: Writer, body: Annotated[Acknowledge, Depends(body_of(Acknowledge))]
) -> Response:
    """Say that an alert was read."""
    actions.acknowledge(monitor, known, person, body)
    return RedirectResponse(_address(known.name), 303)


@router.get("/ledger/{name}/day/{day}")
def day_page(
    monitor: Running, known: Known, person: Reader, day: str, after: Annotated[int, Query(ge=0)] = 0
) -> HTMLResponse:
    """All decisions of a day, to be reviewed and signed."""
    found, following = decisions_of(monitor, known, day, after)
    sums = dict(known.days)[day]
    rows = [
        {
            "at": instant(one.at_ns), "event": f"{one.event_id & 0xFFFFFFFF:08x}", "market": one.market,
            "selection": one.selection, "bookmaker": one.bookmaker, "odds": number(one.odds, 2),
            "stake": money(one.stake_minor) if one.stake_minor else NOTHING,
            "reason": sentence_case(reason_name(one.reason)), "placed": one.reason == "placed",
        }
        for one in found
    ]  # fmt: skip
    signed = known.signed.get(day)
    return HTMLResponse(
        render(
            "day.html.j2", frame=frame_of(monitor, person), name=known.name, day=day, rows=rows, after=following,
            total=number(sums.decisions), last=sums.last, zone=known.zone, signed=signed,
            signed_at=f"{instant(signed.wall_ns)} UTC" if signed else "",
            whole=bool(signed and signed.last >= sums.last),
        )
    )  # fmt: skip


@router.post("/ledger/{name}/sign")
def sign(monitor: Running, known: Known, person: Writer, body: Annotated[Sign, Depends(body_of(Sign))]) -> Response:
    """Sign a day."""
    actions.sign(monitor, known, person, body)
    return RedirectResponse(f"{_address(known.name)}/day/{body.day}", 303)


def _address(name: str) -> str:
    return f"/ledger/{quote(name)}"


def frame_of(monitor: Monitor, person: str) -> dict[str, Any]:
    """What stands above every page."""
    return {"person": person, "ledgers": list(monitor.watcher.snapshots())}
