"""The application: routes, the guard around them, and how refusals are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from engine.errors import BeaError
from engine.live.alerts.table import raised
from engine.logs.setup import logger
from research.monitor import api, files, pages
from research.monitor.context import Monitor, Reader
from research.monitor.errors import Refused, body_of
from research.monitor.guard import Guard
from research.monitor.html import render
from research.monitor.views import warm

_LOG = logger(__name__)


def application(monitor: Monitor) -> FastAPI:
    """The application of a monitor.

    Parameters
    ----------
    monitor : Monitor
        Its watcher is started with the application and stopped with it.
    """

    def failed(request_id: str) -> None:
        monitor.tell(raised("monitor_failed", request_id, f"request {request_id}: see the log of the monitor"))

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        warm()
        monitor.watcher.start()
        try:
            yield
        finally:
            monitor.watcher.stop()

    app = FastAPI(title="Monitor", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.monitor, app.state.streams, app.state.ends, app.state.made = monitor, 0, lambda: False, {}
    app.include_router(api.router)
    app.include_router(pages.router)
    app.include_router(files.router)
    app.add_api_route("/openapi.json", _schema, include_in_schema=False)
    app.add_api_route("/api", _index, include_in_schema=False, response_class=HTMLResponse)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BeaError, _failed)
    app.add_middleware(Guard, names=monitor.settings.names, on_failure=failed, tls=monitor.settings.tls)
    return app


def schema_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description."""
    return get_openapi(title="Monitor", version="1", routes=app.routes)


async def _schema(request: Request, person: Reader) -> JSONResponse:
    return JSONResponse(schema_of(request.app))


async def _index(request: Request, person: Reader) -> HTMLResponse:
    rows = [
        {
            "method": method.upper(), "path": path, "words": told.get("description", ""),
            "takes": told.get("requestBody", {}) and "JSON", "gives": ", ".join(sorted(told["responses"])),
        }
        for path, methods in schema_of(request.app)["paths"].items()
        for method, told in methods.items()
    ]  # fmt: skip
    frame = {"person": person, "ledgers": list(request.app.state.monitor.watcher.snapshots())}
    return HTMLResponse(render("api.html.j2", frame=frame, rows=rows))


def _answer(request: Request, status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    if wants_page and status == 401:
        return RedirectResponse("/login", 303)
    body = body_of(status, message, request.state.request_id)
    if wants_page:
        return HTMLResponse(render("refused.html.j2", error=body.error, status=status), status, headers)
    return JSONResponse(body.model_dump(), status, headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(request, error.status, error.message, error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _answer(request, 422, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")


async def _failed(request: Request, error: Exception) -> Response:
    _LOG.warning("ledger_failed", id=request.state.request_id, cause=str(error))
    return _answer(request, 503, "the ledger does not answer; the log says why")
