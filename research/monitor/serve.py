"""Starts the monitor of this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import uvicorn

from engine.errors import ConfigurationError
from engine.live.alerts.sender import AlertSender, channels_of
from engine.live.alerts.settings import AlertSettings
from engine.live.alerts.table import Raised, raised
from engine.live.alerts.tally import Tally
from engine.live.clock import SystemClock
from engine.live.ledger.settings import LedgerSettings
from research.monitor.access import Access
from research.monitor.app import application
from research.monitor.context import Monitor
from research.monitor.settings import TOKEN, TOKEN_LEAST, MonitorSettings
from research.monitor.watcher import Watcher


def token_of(environment: Mapping[str, str]) -> tuple[str, bool]:
    """The token, and whether it was made for this process alone.

    Raises
    ------
    ConfigurationError
        That of the environment is too short.
    """
    token = environment.get(TOKEN, "")
    if not token:
        return secrets.token_urlsafe(24), True
    if len(token) < TOKEN_LEAST:
        raise ConfigurationError(
            "the token is too short", where=f"{TOKEN} of the environment",
            expected=f"at least {TOKEN_LEAST} characters", found=f"{len(token)}",
            todo="python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        )  # fmt: skip
    return token, False


@contextmanager
def alerting(settings: AlertSettings) -> Iterator[Callable[[Raised], object]]:
    """What sends an alert over the channels of some settings; those on their way are sent at the end."""
    sender = AlertSender(settings, SystemClock(), channels_of(settings, os.environ))
    try:
        yield sender.send
    finally:
        sender.close()


def monitor_of(
    settings: MonitorSettings,
    ledger: LedgerSettings,
    token: str,
    names: Sequence[str] = (),
    tell: Callable[[Raised], object] = lambda alert: None,
) -> Monitor:
    """The parts of a monitor.

    Parameters
    ----------
    settings : MonitorSettings
    ledger : LedgerSettings
    token : str
    names : sequence of str
        Ledgers; empty: all.
    tell : callable
        Told of a runner that died, and of a request that failed.
    """
    clock = SystemClock()

    tally = Tally()

    def telling(alert: Raised) -> None:
        tally.add(alert.alert.name, clock.wall_ns())
        tell(alert)

    def died(name: str, since_ns: int) -> None:
        telling(raised("runner_dead", f"{name}:{since_ns}", name))

    watcher = Watcher(ledger, clock, settings.poll_ms, names, on_death=died)
    return Monitor(settings, ledger, clock, watcher, Access(token, settings, clock), telling, tally)


def server(monitor: Monitor) -> uvicorn.Server:
    """A server that is not started yet."""
    settings, app = monitor.settings, application(monitor)
    found = uvicorn.Server(
        uvicorn.Config(
            app, host=settings.host, port=settings.port, log_config=None, access_log=False,
            server_header=False, date_header=False, lifespan="on", timeout_graceful_shutdown=2,
            ssl_certfile=settings.certificate or None, ssl_keyfile=settings.key or None, proxy_headers=False,
        )
    )  # fmt: skip
    app.state.ends = lambda: found.should_exit  # streams end by themselves: a server waits for all answers
    return found
