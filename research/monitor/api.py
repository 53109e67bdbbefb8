"""The routes that give JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from engine.errors import LedgerError
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from research.monitor import actions
from research.monitor.context import Known, Monitor, Reader, Running, Writer, body_of, takes
from research.monitor.errors import ErrorBody, Refused
from research.monitor.metrics import exposition
from research.monitor.models import (
    Acknowledge,
    DayLine,
    DecisionRow,
    Decisions,
    Health,
    Kill,
    LedgerLine,
    Ledgers,
    LedgerView,
    Resume,
    Sign,
    Written,
)
from research.monitor.watcher import Snapshot
from research.report.status import first_line

_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 415, 422, 429, 500, 503)
}
router = APIRouter(responses=_REFUSALS)
#: decisions of one page of the list of a day
PAGE: Final = 500


@router.get("/healthz", tags=["health"])
def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", tags=["health"])
def readyz(monitor: Running, response: Response) -> Health:
    """The ledgers were read, and can be read."""
    watcher = monitor.watcher
    if not watcher.rounds:
        found = Health(status="starting")
    elif watcher.failed or any(one.failed for one in watcher.snapshots().values()):
        found = Health(status="failed", detail="a ledger cannot be read: see the page or the log")
    else:
        found = Health(status="ok")
    response.status_code = 200 if found.status == "ok" else 503
    return found


@router.get("/metrics", tags=["health"], response_class=Response)
def metrics(monitor: Running, person: Reader) -> Response:
    """All numbers for Prometheus; give the token as a bearer token."""
    return Response(exposition(monitor), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/ledgers", tags=["ledgers"])
def ledgers(monitor: Running, person: Reader) -> Ledgers:
    """All ledgers, each with one sentence."""
    now_ns = monitor.clock.wall_ns()
    return Ledgers(
        ledgers=[
            LedgerLine(
                name=one.name, sentence=first_line(one.status, now_ns) if one.status.name else "",
                runner=one.status.runner, killed=one.status.killed, failed=one.failed,
            )
            for one in monitor.watcher.snapshots().values()
        ]
    )  # fmt: skip


@router.get("/api/ledgers/{name}", tags=["ledgers"])
def ledger(known: Known, person: Reader) -> LedgerView:
    """One ledger."""
    return LedgerView(
        status=known.status, read_ns=known.read_ns, pulse_ns=known.pulse_ns, heard_ns=known.heard_ns,
        failed=known.failed, alerts=list(known.alerts), settled=list(known.settled), clv=known.clv,
        days=[
            DayLine(day=day, decisions=sums.decisions, reasons=dict(sums.reasons), signed=known.signed.get(day))
            for day, sums in known.days
        ],
    )  # fmt: skip


@router.get("/api/ledgers/{name}/days/{day}", tags=["ledgers"])
def day(monitor: Running, known: Known, person: Reader, day: str, after: Annotated[int, Query(ge=0)] = 0) -> Decisions:
    """All decisions of a day, some hundred at a time."""
    rows, following = decisions_of(monitor, known, day, after)
    return Decisions(day=day, rows=rows, after=following)


@router.post("/api/ledgers/{name}/kill", tags=["control"], openapi_extra=takes(Kill))
def kill(monitor: Running, known: Known, person: Writer, body: Annotated[Kill, Depends(body_of(Kill))]) -> Written:
    """Set the kill switch: nothing is sent once this has answered."""
    return actions.kill(monitor, known, person, body)


@router.post("/api/ledgers/{name}/resume", tags=["control"], openapi_extra=takes(Resume))
def resume(
    monitor: Running, known: Known, person: Writer, body: Annotated[Resume, Depends(body_of(Resume))]
) -> Written:
    """End the kill switch, or the breaker of a name as the status shows it."""
    return actions.resume(monitor, known, person, body)


@router.post("/api/ledgers/{name}/acknowledge", tags=["control"], openapi_extra=takes(Acknowledge))
def acknowledge(
    monitor: Running, known: Known, person: Writer, body: Annotated[Acknowledge, Depends(body_of(Acknowledge))]
) -> Written:
    """Say that an alert was read: its key."""
    return actions.acknowledge(monitor, known, person, body)


@router.post("/api/ledgers/{name}/sign", tags=["control"], openapi_extra=takes(Sign))
def sign(monitor: Running, known: Known, person: Writer, body: Annotated[Sign, Depends(body_of(Sign))]) -> Written:
    """Sign the decisions of a day that were reviewed, up to the entry `last`."""
    return actions.sign(monitor, known, person, body)


def decisions_of(monitor: Monitor, known: Snapshot, day: str, after: int) -> tuple[list[DecisionRow], int]:
    """Decisions of a day from an entry on, and where the next ones begin; refused where there are none.

    Parameters
    ----------
    monitor : Monitor
    known : Snapshot
    day : str
        As the snapshot names it.
    after : int
        Number of the last entry that was read before; 0: from the first.
    """
    sums = dict(known.days).get(day)
    if sums is None:
        raise Refused(404, "no decisions on this day")
    rows: list[DecisionRow] = []
    after = max(after, sums.first - 1)
    with (
        suppress(LedgerError),
        closing(look(known.name, settings=monitor.ledger, clock=monitor.clock, read_only=True)) as ledger,
    ):
        for recorded in islice(ledger.entries(after), sums.last - after):
            after = recorded.number
            if recorded.entry.kind is Kind.DECIDED:
                rows += _rows(recorded.number, recorded.entry.at_ns, recorded.entry.body["decisions"])
            if len(rows) >= PAGE:
                break
        return rows, after if after < sums.last else 0
    raise Refused(503, "the ledger cannot be read")


def _rows(number: int, at_ns: int, decisions: list[dict[str, object]]) -> Iterator[DecisionRow]:
    for one in decisions:
        yield DecisionRow.model_validate({
            "number": number, "at_ns": at_ns, "stake_minor": one.get("stake_minor") or 0.0,
            **{name: one[name] for name in ("event_id", "market", "selection", "bookmaker", "odds", "reason")},
        })  # fmt: skip
