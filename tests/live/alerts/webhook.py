"""A webhook on this machine: a real server that keeps what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class Webhook(HTTPServer):
    """Keeps bodies; answers with `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.release = threading.Event()
        self.release.set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """For apprise, with a planted secret."""
        return f"json://user:PLANTED@127.0.0.1:{self.server_port}/PLANTED?token=PLANTED"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.release.wait(20)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.bodies.append(body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is that of the base
        pass


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A running one."""
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()
