"""A dry run: what would change something at a service is shown instead of sent; reads pass."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from engine.live.wire.request import Reply, Request, Wire, WireFailure
from engine.logs.secrets import Secrets


class DryRun:
    """A wire that sends no order.

    Parameters
    ----------
    wire : Wire
        For reads.
    show : callable
        Gets each request that was not sent, as text without secrets.
    secrets : Secrets
    """

    def __init__(self, wire: Wire, show: Callable[[str], None], secrets: Secrets) -> None:
        self._wire, self._show, self._secrets = wire, show, secrets

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`; a request that changes something fails with ``dry_run``."""
        if not request.changes:
            return self._wire.exchange(request)
        self._show(shown(request, self._secrets))
        raise WireFailure("dry_run")


def shown(request: Request, secrets: Secrets) -> str:
    """A request as text, without secrets.

    >>> shown(Request("POST", "https://host/bets", {"token": "abc"}, content=b'{"stake": 2}'), Secrets())
    'POST https://host/bets?token=[secret]\\n{"stake": 2}'
    """
    query = f"?{urlencode(dict(request.params))}" if request.params else ""
    body = request.content.decode("utf-8", "replace")
    return secrets.clean(f"{request.method} {request.url}{query}" + (f"\n{body}" if body else ""))
