"""A stream of exchange prices over TLS, hello, authentication, images, deltas, clocks; and its faults."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.wire_server.certificates import certificates

CRLF = b"\r\n"
#: faults of one connection, by the step at which they come
AT_HELLO = ("no_hello", "refuse")
AT_IMAGE = ("no_image", "lost_segment", "stray_segment", "old_id", "unreadable", "bad_utf8", "cut_frame", "not_whole")


@dataclass
class StreamServer:
    """Serves the books that `publish` makes.

    Attributes
    ----------
    sessions, app_keys : set of str
        That are valid.
    faults : list of str
        Of the next connections, one each: of `AT_HELLO`, `AT_IMAGE`, ``authentication:CODE``, ``subscription:CODE``,
        ``silent`` (nothing after the image); empty: none.
    heard : list of dict
        All requests.
    split : int
        Bytes of each write; 0: whole lines.
    segments : bool
        Whether an image with several markets is sent in segments.
    conflate_ms : int
        In force, whatever is asked for.
    """

    sessions: set[str] = field(default_factory=lambda: {"session-1"})
    app_keys: set[str] = field(default_factory=lambda: {"app-key-1"})
    faults: list[str] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    split: int = 0
    segments: bool = False
    conflate_ms: int = 0
    most_markets: int = 200
    oldest_clk: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._log: list[dict[str, Any]] = []  # change n makes clock n + 1
        self._books: dict[str, dict[str, Any]] = {}
        self._open: list[_Connection] = []
        self.connections = self.handled = 0  # hellos and requests that are done with
        self.pt = 1_700_000_000_000

    def __enter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, certificates().server))
        self._context, self._listener = context, socket.create_server(("127.0.0.1", 0))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self.drop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def publish(self, change: dict[str, Any], **more: Any) -> None:
        """A change of one market, to everybody who follows it. `more` stands in the message."""
        with self._lock:
            self._fold(change)
            self._log.append(change)
            self.pt += 50
            for connection in [c for c in self._open if c.follows(change["id"])]:
                connection.send({"op": "mcm", "id": connection.number, "pt": self.pt, "mc": [change], **more}, self.clk)

    def beat(self, **more: Any) -> None:
        """A heartbeat to everybody."""
        with self._lock:
            self.pt += 50
            for connection in self._open:
                beat = {"op": "mcm", "id": connection.number, "pt": self.pt, "ct": "HEARTBEAT", **more}
                connection.send(beat, self.clk)

    def image(self) -> None:
        """A new image in the middle of each subscription."""
        with self._lock:
            for connection in self._open:
                self._send_image(connection, "")

    def drop(self) -> None:
        """All connections break."""
        with self._lock:
            for connection in self._open:
                connection.hang_up()
            self._open.clear()

    @property
    def clk(self) -> str:
        return f"C{len(self._log)}"

    # -- connections --------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError, ValueError):
            connection = _Connection(self._context.wrap_socket(plain, server_side=True), self)
            try:
                self._talk(connection)
            finally:
                connection.close()

    def _talk(self, connection: _Connection) -> None:
        with self._lock:
            self.connections += 1
            fault = self.faults.pop(0) if self.faults else ""
        if fault == "refuse":
            return connection.hang_up()
        if fault != "no_hello":
            connection.put({"op": "connection", "connectionId": f"002-{self.connections}"})
        self.handled += 1
        for line in connection.lines():
            request = json.loads(line)
            with self._lock:
                self.heard.append(request)
                stays = self._answer(connection, request, fault)
                self.handled += 1
            if not stays:
                return connection.hang_up()
        return None

    def _answer(self, connection: _Connection, request: dict[str, Any], fault: str) -> bool:
        """Answer a request; whether the connection stays."""
        code = self._refusal(request, fault)
        stays = code in ("", "SUBSCRIPTION_LIMIT_EXCEEDED")
        status = {"op": "status", "id": request["id"], "statusCode": "FAILURE" if code else "SUCCESS"}
        error = {"errorCode": code, "errorMessage": "no"} if code else {}
        connection.put(status | {"connectionClosed": not stays, "connectionsAvailable": 9} | error)
        if not code and request["op"] == "marketSubscription":
            self._subscribe(connection, request, fault)
        return stays

    def _refusal(self, request: dict[str, Any], fault: str) -> str:
        step, _, code = fault.partition(":")
        if request["op"] == "authentication":
            if request["appKey"] not in self.app_keys:
                return "INVALID_APP_KEY"
            if request["session"] not in self.sessions:
                return "INVALID_SESSION_INFORMATION"
            return code if step == "authentication" else ""
        if step == "subscription":
            return code
        if len(request["marketFilter"]["marketIds"]) > self.most_markets:
            return "SUBSCRIPTION_LIMIT_EXCEEDED"
        clk = request.get("clk")
        return "INVALID_CLOCK" if clk is not None and not self.oldest_clk <= int(clk[1:]) <= len(self._log) else ""

    def _subscribe(self, connection: _Connection, request: dict[str, Any], fault: str) -> None:
        connection.number, connection.markets = request["id"], set(request["marketFilter"]["marketIds"])
        connection.is_silent = fault == "silent"
        if clk := request.get("clk"):
            missed = [change for change in self._log[int(clk[1:]) :] if connection.follows(change["id"])]
            delta = {"op": "mcm", "id": connection.number, "initialClk": "I1", "ct": "RESUB_DELTA", "pt": self.pt}
            connection.send(delta | {"heartbeatMs": 500, "mc": missed}, self.clk, force=True)
        elif fault != "no_image":
            self._send_image(connection, fault)
        if connection not in self._open:  # a new subscription takes the place of the old one
            self._open.append(connection)

    def _send_image(self, connection: _Connection, fault: str) -> None:
        books = [_image(book) for name, book in self._books.items() if connection.follows(name)]
        head = {"op": "mcm", "id": connection.number, "initialClk": "I1", "ct": "SUB_IMAGE", "pt": self.pt,
                "conflateMs": self.conflate_ms, "heartbeatMs": 500}  # fmt: skip
        parts = (
            [head | {"mc": [book]} for book in books] if self.segments and len(books) > 1 else [head | {"mc": books}]
        )
        if len(parts) > 1:
            names = ["SEG_START", *["SEG"] * (len(parts) - 2), "SEG_END"]
            parts = [part | {"segmentType": name} for part, name in zip(parts, names, strict=True)]
        if fault == "lost_segment":
            parts = [*parts[1:]] if len(parts) > 1 else [parts[0] | {"segmentType": "SEG_END"}]
        if fault == "stray_segment":
            parts = [parts[0] | {"segmentType": "SEG_START"}, head | {"mc": books}]
        if fault == "old_id":
            parts = [part | {"id": connection.number - 1} for part in parts] + parts
        for part in parts:
            connection.send(part, self.clk, force=True)
        connection.spoil(fault)

    def _fold(self, change: dict[str, Any]) -> None:
        """The truth, by its own plain rules: whole definitions, points by price, last numbers."""
        book = self._books.setdefault(change["id"], {"id": change["id"], "rc": {}})
        if "marketDefinition" in change:
            book["marketDefinition"] = change["marketDefinition"]
        for runner in change.get("rc", ()):
            held = book["rc"].setdefault((runner["id"], runner.get("hc", 0)), {})
            for word, value in runner.items():
                if not isinstance(value, list):
                    held[word] = value
                    continue
                for row in value:
                    held.setdefault(word, {})[row[0]] = row
                    if row[-1] == 0:
                        del held[word][row[0]]


def _image(book: dict[str, Any]) -> dict[str, Any]:
    runners = [
        {word: list(value.values()) if isinstance(value, dict) else value for word, value in runner.items()}
        for runner in book["rc"].values()
    ]
    return {**book, "img": True, "rc": runners}


class _Connection:
    def __init__(self, line: ssl.SSLSocket, server: StreamServer) -> None:
        self._line, self._server = line, server
        self.number, self.markets, self.is_silent = -1, set[str](), False
        # One thread at a time is inside the line, and its number is not given to another connection while one is.
        self._turn = threading.Lock()

    def follows(self, market: str) -> bool:
        return market in self.markets

    def lines(self) -> Any:
        rest = b""
        while part := self._read():
            *lines, rest = (rest + part).split(CRLF)
            yield from lines

    def _read(self) -> bytes:
        if not self._line.pending():
            select.select([self._line], [], [])
        with self._turn:
            return self._line.recv(65_536)

    def send(self, message: dict[str, Any], clk: str, *, force: bool = False) -> None:
        if force or not self.is_silent:
            whole = message.get("segmentType") in (None, "SEG_END")
            self.put(message | ({"clk": clk} if whole else {}))

    def put(self, message: dict[str, Any]) -> None:
        self._write(json.dumps(message, ensure_ascii=False).encode() + CRLF)

    def spoil(self, fault: str) -> None:
        """What is no message, after the image."""
        texts = {"unreadable": b"{no json}" + CRLF, "bad_utf8": b'{"op":"\xff\xfe"}' + CRLF,
                 "not_whole": b"[1, 2]" + CRLF, "cut_frame": b'{"op":"mcm","id":3,"mc":['}  # fmt: skip
        if text := texts.get(fault):
            self._write(text)
        if fault == "cut_frame":
            self.hang_up()

    def _write(self, text: bytes) -> None:
        size = self._server.split or len(text)
        with self._turn, suppress(OSError):
            for low in range(0, len(text), size):
                self._line.sendall(text[low : low + size])

    def hang_up(self) -> None:
        """Break the connection. The thread that serves it closes it."""
        with self._turn, suppress(OSError):
            socket.socket.shutdown(self._line, socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        with self._turn:
            self._line.close()
