"""A server of the loopback, over TLS if wanted, that answers and fails to answer as a test says."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.venue_server.wire import Delivery


@dataclass(frozen=True)
class Heard:
    """A request as it arrived. Names of headers are in lower case."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    query: str = ""  # as it was sent

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Answer:
    """An answer, and how it is delivered."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    seconds: float = 0.0  # until the answer is sent


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """A whole answer with JSON."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"content-type": "application/json"} | names)


@dataclass
class WireServer:
    """Serves from threads of this process, one request at a time.

    Attributes
    ----------
    handle : callable
        Gives the answer to a request.
    certificate : tuple of (Path, Path) or None
        Certificate and key (PEM): the server speaks TLS.
    heard : list of Heard
        All requests, in order.
    """

    handle: Callable[[Heard], Answer]
    certificate: tuple[Path, Path] | None = None
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Self:
        server, lock = self, threading.Lock()

        class Handler(_Handler):
            def answer(self, heard: Heard) -> Answer:
                with lock:
                    server.heard.append(heard)
                    return server.handle(heard)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, self.certificate))
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Address without a path. Over TLS the name is ``localhost``, which the certificate must have."""
        port = self._server.server_port
        return f"http://127.0.0.1:{port}" if self.certificate is None else f"https://localhost:{port}"


class _Handler(BaseHTTPRequestHandler):
    """Reads a request and delivers its answer as the answer says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def answer(self, heard: Heard) -> Answer:
        raise NotImplementedError

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        content = self.rfile.read(int(headers.get("content-length", 0)))
        params = dict(parse_qsl(parts.query))
        self._deliver(self.answer(Heard(self.command, parts.path, params, headers, content, parts.query)))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def _deliver(self, reply: Answer) -> None:
        if reply.seconds:
            threading.Event().wait(reply.seconds)
        if reply.delivery is Delivery.SILENT:
            with suppress(OSError):
                self.connection.recv(1)  # until the client gives up
        if reply.delivery in (Delivery.SILENT, Delivery.REFUSED, Delivery.DROPPED):
            return self._reset()
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        part = reply.content
        if reply.delivery is Delivery.UNCHUNKED:
            self.send_header("transfer-encoding", "chunked")
            part = f"{len(part):x}\r\n".encode() + part + b"\r\n"
        else:
            more = 100 if reply.delivery is Delivery.SHORT else 0
            self.send_header("content-length", str(len(part) + more))
        self.end_headers()
        if self.command == "HEAD":
            part = b""
        self.wfile.write(part[: len(part) // 2] if reply.delivery is Delivery.CUT else part)
        self.wfile.flush()
        if reply.delivery is not Delivery.WHOLE:
            self.close_connection = True
        return None

    def _reset(self) -> None:
        """Close the connection with a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def handle_one_request(self) -> None:
        """A connection that breaks ends its thread without a word."""
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        """A connection that was reset cannot be flushed."""
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Nothing is logged."""
