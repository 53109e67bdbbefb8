"""What is on disk beside the ledgers: promotions, the runs of research, and their pages."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, HTMLResponse, Response

from engine.clock import DAY_NS
from engine.errors import BeaError
from engine.promotion import DEMOTED, history, iso, load, names
from research.api import reference
from research.monitor.context import Reader, Running
from research.monitor.errors import Refused
from research.monitor.html import render
from research.monitor.pages import frame_of
from research.records.headlines import headlines, unreadable
from research.report.text import count, number, percent

router = APIRouter(include_in_schema=False)
#: pages of research bring their own scripts, allowed by hash; here they have no origin, so they cannot use the session
_SANDBOX: Final = {
    "content-security-policy": "sandbox allow-scripts allow-downloads; connect-src 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
}


@router.get("/promotions")
def promotions(monitor: Running, person: Reader) -> HTMLResponse:
    """All promotions."""
    rows = [_promotion(name, time.time_ns()) for name in names()]
    return HTMLResponse(render("promotions.html.j2", frame=frame_of(monitor, person), rows=rows))


def _promotion(name: str, now_ns: int) -> dict[str, str]:
    try:
        one = load(name)
        ended = any(change.kind == DEMOTED for change in history(one))
    except BeaError as error:
        return {"name": name, "state": "cannot be used", "tone": "bad", "words": error.line(), "gates": "", "days": ""}
    left_ns = one.expires_ns - now_ns
    state = "demoted" if ended else "expired" if left_ns <= 0 else "active"
    return {
        "name": name, "state": state, "tone": "good" if state == "active" else "warn",
        "words": f"{one.mode}, {one.currency}, made {iso(one.created_ns)}, expires {iso(one.expires_ns)}",
        "gates": f"{count(len(one.acknowledged), 'gate')} opened by a person" if one.acknowledged else "",
        "days": f"{count(left_ns // DAY_NS, 'day')} left" if state == "active" else "",
    }  # fmt: skip


@router.get("/runs")
def runs(monitor: Running, person: Reader) -> HTMLResponse:
    """All runs of research, newest first."""
    rows = [_run(row) for row in headlines().iter_rows(named=True)]
    return HTMLResponse(render("runs.html.j2", frame=frame_of(monitor, person), rows=rows, left_out=list(unreadable())))


def _run(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": row["run"], "short": row["run"][:12], "finished": row["finished_at"][:16].replace("T", " "),
        "configs": number(row["configurations"]), "verdict": row["verdict"], "yield": percent(row["yield"]),
        "bets": number(row["bets"]), "name": row["name"] or "", "tags": ", ".join(row["tags"] or ()),
        "notes": " · ".join(row.get("notes") or ()), "command": row["command"],
    }  # fmt: skip


@router.get("/runs/compare")
def compare(person: Reader, run: Annotated[list[str], Query(max_length=6)]) -> Response:
    """The comparison page of two to six runs."""
    from research.report.comparison.differences import differences, write_page

    if len(run) < 2:
        raise Refused(422, "tick two runs or more")
    try:
        pairs = [reference(one) for one in run]
        path = write_page(pairs, differences(pairs))
    except BeaError as error:
        raise Refused(409, error.line()) from None
    return FileResponse(path, media_type="text/html", headers=_SANDBOX)


@router.get("/runs/{run}")
def report(person: Reader, run: str) -> Response:
    """The report page of a run."""
    from research.report import write

    try:
        record, _ = reference(run)
        path = record.report_path if record.report_path.is_file() else write(record, record.report_path)
    except BeaError as error:
        raise Refused(404, error.line()) from None
    return FileResponse(path, media_type="text/html", headers=_SANDBOX)
