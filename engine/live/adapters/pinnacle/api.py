"""Requests to Pinnacle: JSON over HTTPS under basic authentication. A request that changes something is sent once."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from engine.live.adapters.pinnacle.codes import code_of
from engine.live.venue import ReadFailed
from engine.live.wire.credentials import credential
from engine.live.wire.request import Reply, Request, Wire, WireFailure
from engine.logs.secrets import Secrets

HOST: Final = "https://api.pinnacle.com"
USER, PASSWORD = "BEA_PINNACLE_USERNAME", "BEA_PINNACLE_PASSWORD"  # names, no secrets
#: a read is over after so long; it can be asked again
READ_S: Final = 5.0


class Api:
    """The interface for one account.

    Parameters
    ----------
    wire : Wire
    environment : mapping
        Where the credentials are looked for first.
    secrets : Secrets
        Takes in the credentials, and the header that is made of them.

    Raises
    ------
    ConfigurationError
        A credential is missing.
    """

    def __init__(self, wire: Wire, environment: Mapping[str, str], secrets: Secrets) -> None:
        self._wire = wire
        self.user = credential(USER, environment, secrets)
        pair = f"{self.user}:{credential(PASSWORD, environment, secrets)}"
        token = base64.b64encode(pair.encode()).decode()
        secrets.register(token)
        self._headers = {
            "authorization": f"Basic {token}", "accept": "application/json", "user-agent": "betting-expert-advisor",
        }  # fmt: skip

    def send(self, path: str, body: Mapping[str, Any], timeout_s: float) -> Reply:
        """Send something that changes the account; the answer, whatever its status.

        Raises
        ------
        WireFailure
        """
        headers = self._headers | {"content-type": "application/json"}
        content = json.dumps(body).encode()
        request = Request("POST", HOST + path, {}, headers, content, changes=True, timeout_s=timeout_s)
        return self._wire.exchange(request)

    def read(self, path: str, params: Mapping[str, str] | None = None, *, offer: bool = False) -> dict[str, Any]:
        """A JSON object.

        Parameters
        ----------
        path : str
        params : mapping, optional
        offer : bool
            Of odds and fixtures: Pinnacle keeps them in a cache for a minute, and one without content means that
            nothing changed; it is then empty.

        Raises
        ------
        ReadFailed
            There is no whole, fresh and readable answer.
        """
        try:
            reply = self._wire.exchange(Request("GET", HOST + path, params or {}, self._headers, timeout_s=READ_S))
        except WireFailure as failure:
            raise ReadFailed(failure.cause) from None
        if reply.status != 200:
            code = code_of(reply.status, reply.json())
            raise ReadFailed(code.lower() if code else f"status_{reply.status}", reply.retry_after_ns())
        if not offer and reply.headers.get("age", "0") != "0":
            raise ReadFailed("cached")
        found = {} if offer and not reply.content else reply.json()
        if not isinstance(found, dict):
            raise ReadFailed("unreadable")
        return found
