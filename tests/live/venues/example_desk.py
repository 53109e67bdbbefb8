"""The invented bookmaker of the guide for venues: the venue with faults, served over HTTP by threads of a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.venue_server.desk import Desk
from tests.venue_server.wire import Request, reply
from tests.wire_server.server import Answer, Heard, WireServer


class DeskServer(WireServer):
    """The desk over HTTP.

    Attributes
    ----------
    desk : Desk
        The truth.
    events : list of dict
        What the catalogue shows.
    theirs : list of list
        The desk's own ids of each order that came, in order.
    """

    def __init__(self, path: Path, now_ns: Any = lambda: 0) -> None:
        super().__init__(self.serve)
        self.desk, self.events, self.theirs = Desk(path, now_ns), list[dict[str, Any]](), list[list[Any]]()
        self.desk.more["catalogue"] = lambda request: reply({"events": self.events})

    def serve(self, heard: Heard) -> Answer:
        """Answer as the desk does."""
        body = heard.json()
        for row in body.get("orders", ()):
            self.theirs.append(row.pop("theirs"))
        token = heard.headers.get("authorization", "")
        found = self.desk.handle(Request(heard.path.strip("/"), body, token))
        return Answer(found.status, found.content, found.headers, found.delivery)

    def sent(self) -> list[dict[str, Any]]:
        """Every order that came, also those that were refused."""
        requests = [json.loads(one.content) for one in self.heard if one.path == "/place"]
        return [row for request in requests for row in request["orders"]]
