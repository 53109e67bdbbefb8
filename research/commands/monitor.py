"""`bea monitor`: the page of the runners, in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError
from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from research.monitor.settings import MonitorSettings

_ABOUT: Final = (
    "Show what the runners do, on a page and for Prometheus. It reads the ledgers and never trades; the kill switch, "
    "resuming and acknowledging are rows that the runner takes in. Settings of conf/live/monitor.yaml can be given as "
    "monitor.key=value. Ctrl-C ends it."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea monitor` with the words after it; returns the exit status."""
    parser = parser_of("monitor", _ABOUT)
    parser.add_argument(
        "words", nargs="*", default=[], metavar="NAME | monitor.key=value", help="ledgers; default: all"
    )
    options = parser.parse_intermixed_args(list(argv))
    names = [word for word in options.words if "=" not in word]
    try:
        from research.monitor.serve import alerting, monitor_of, server, token_of
    except ModuleNotFoundError as error:
        todo = "pip install 'betting-expert-advisor[monitor]'"
        raise UsageError("packages of the monitor are missing", found=str(error.name), todo=todo) from error
    from engine.live.alerts.settings import AlertSettings
    from engine.live.ledger.settings import LedgerSettings
    from engine.logs.setup import LogSettings
    from research.config.live import read
    from research.monitor.settings import MonitorSettings

    words = [word for word in options.words if "=" in word]
    kinds = {"monitor": MonitorSettings, "ledger": LedgerSettings, "alerts": AlertSettings, "logs": LogSettings}
    sections = read(kinds, words)
    settings, (token, made) = sections["monitor"], token_of(os.environ)
    _start_logs(sections, token)
    with alerting(sections["alerts"]) as tell:
        running = server(monitor_of(settings, sections["ledger"], token, names, tell))
        _say(settings, token if made else "", as_json=options.json)
        running.run()
    return 0 if running.started else 1


def _say(settings: MonitorSettings, token: str, *, as_json: bool) -> None:
    """Where the page is; a token that was made for this process is shown once."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http{'s' if settings.tls else ''}://{host}:{settings.port}/"
    if as_json:
        told: dict[str, Any] = {"address": address} | ({"token": token} if token else {})
        print_json(told)
    else:
        sys.stdout.write(f"monitor: {address}\n" + (f"token:   {token}\n" if token else ""))
    sys.stdout.flush()


def _start_logs(sections: Mapping[str, Any], token: str) -> None:
    from engine.live.ledger.opening import database_url
    from engine.logs.secrets import Secrets, address_secrets, environment_secrets
    from engine.logs.setup import start as start_logs
    from engine.paths import home

    secrets = Secrets([token, *environment_secrets(os.environ), *address_secrets(database_url(sections["ledger"]))])
    for variable in sections["alerts"].channels.values():
        secrets.register(*address_secrets(os.environ.get(variable, "")))
    start_logs(sections["logs"], secrets, home() / "data" / "logs" / "monitor.log")
