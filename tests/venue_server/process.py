"""The venue with faults as a process of its own on the loopback, and the handle that starts, kills and restarts it.

``python -m tests.venue_server FILE`` serves the venue whose truth is in FILE and prints its port.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2

from engine.live.venue import Order
from tests.venue_server.client import TransportFailure
from tests.venue_server.desk import FOR_EVER, Desk
from tests.venue_server.faults import FAULTS
from tests.venue_server.wire import Delivery, Reply, Request, receipt_json, reply

ROOT = Path(__file__).resolve().parent.parent.parent


class Clock:
    """The time of day, and what it was told to skip."""

    def __init__(self) -> None:
        self.skipped_ns = 0

    def __call__(self) -> int:
        """UTC nanoseconds."""
        return time.time_ns() + self.skipped_ns


class Control:
    """What a test tells the process to do."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk, self.clock = desk, clock

    def __call__(self, do: str, values: dict[str, Any]) -> Any:
        """Do it, and give what was asked for."""
        return getattr(self, f"do_{do}")(**values)

    def do_open(self, path: str, with_references: bool = True) -> None:
        """Go on with another truth, as a new process would."""
        self.desk.venue.close()
        self.desk = Handler.desk = Desk(path, self.clock, with_references=with_references)

    def do_inject(self, fault: str, times: int = 1, seconds: float | None = None) -> None:
        """Let a fault meet the next requests."""
        until = FOR_EVER if seconds is None else self.clock() + int(seconds * 1e9)
        self.desk.inject(FAULTS[fault], times, until)

    def do_heal(self) -> None:
        """End all faults."""
        self.desk.heal()

    def do_skip(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.skipped_ns += int(seconds * 1e9)

    def do_deposit(self, reference: str, amount_minor: int) -> None:
        """Pay money in."""
        self.desk.venue.deposit(reference, amount_minor)

    def do_settle(self, key: str, pnl_minor: int, **values: Any) -> None:
        """Settle a bet."""
        self.desk.settle(key, pnl_minor, **values)

    def do_truth(self, key: str) -> dict[str, Any] | None:
        """What really stands under a key."""
        receipt = self.desk.truth(key)
        return None if receipt is None else receipt_json(receipt)

    def do_counts(self) -> dict[str, Any]:
        """Requests to place by key, and faults met by name."""
        return {"sent": self.desk.sent, "met": self.desk.met}


class Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the desk answer it, and delivers the reply as the reply says."""

    protocol_version = "HTTP/1.1"
    desk: ClassVar[Desk]
    control: ClassVar[Control]
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_POST(self) -> None:
        """Every request is a POST: the path is the operation."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        operation = self.path.strip("/")
        with self.lock:
            if operation.startswith("control/"):
                answer = reply({"value": self.control(operation.removeprefix("control/"), body)})
            else:
                answer = self.desk.handle(Request(operation, body, self.headers.get("authorization", "")))
        self.deliver(answer)

    def deliver(self, answer: Reply) -> None:
        """Send a reply, or fail to."""
        if answer.delivery is Delivery.SILENT:
            self.connection.settimeout(30)
            with suppress(OSError):
                self.connection.recv(1)  # until the client gives up
        if answer.delivery in (Delivery.SILENT, Delivery.REFUSED, Delivery.DROPPED):
            return self.reset()
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        part, end = answer.content, b""
        if answer.delivery is Delivery.UNCHUNKED:
            self.send_header("transfer-encoding", "chunked")
            part = f"{len(part):x}\r\n".encode() + part + b"\r\n"
        else:
            more = 100 if answer.delivery is Delivery.SHORT else 0
            self.send_header("content-length", str(len(answer.content) + more))
        self.end_headers()
        if answer.delivery is Delivery.CUT:
            part = part[: len(part) // 2]
        self.wfile.write(part + end)
        self.wfile.flush()
        if answer.delivery is not Delivery.WHOLE:
            if answer.delivery is Delivery.CUT:
                time.sleep(0.02)  # so that the half arrives before the reset
                return self.reset()
            self.close_connection = True
        return None

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        """A connection that was reset cannot be flushed."""
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Nothing is logged."""


def serve(path: str, *, with_references: bool) -> None:
    """Serve until the process is killed."""
    clock = Clock()
    warm = Order("0" * 32, 1, 1, "1x2", None, "home", "aaa", "back", 2.0, 1.0, 1, 0, 0, 0)
    Desk(":memory:", clock).take([asdict(warm)])  # compiled code is loaded before the first request
    Handler.desk = Desk(path, clock, with_references=with_references)
    Handler.control = Control(Handler.desk, clock)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


class VenueProcess:
    """The process, and a transport to it.

    Parameters
    ----------
    path : Path
        Where its truth is; a restarted process finds it again.
    with_references : bool
    timeout_s : float
        Of a request.
    """

    def __init__(self, path: Path, *, with_references: bool = True, timeout_s: float = 10.0) -> None:
        self._path, self._with_references, self._timeout_s = path, with_references, timeout_s
        self._client = httpx2.Client(trust_env=False)
        self.next_timeout_s: float | None = None  # of the next request only: one that is known to get no answer
        self.start()

    def start(self) -> None:
        """Start the process."""
        words = [sys.executable, "-m", "tests.venue_server", str(self._path)]
        words += [] if self._with_references else ["--lists"]
        self._process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def close(self) -> None:
        """Kill the process and close the connections."""
        self._client.close()
        self.kill()

    def control(self, do: str, **values: Any) -> Any:
        """Tell the process what to do (`Control`)."""
        answer = self._client.post(f"{self.url}/control/{do}", json=values, timeout=10)
        return answer.raise_for_status().json()["value"]

    def exchange(self, request: Request) -> Reply:
        """As `Transport.exchange`."""
        headers, timeout_s = {"authorization": request.token}, self.next_timeout_s or self._timeout_s
        self.next_timeout_s = None
        try:
            answer = self._client.post(
                f"{self.url}/{request.operation}", json=dict(request.body), headers=headers, timeout=timeout_s
            )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            raise TransportFailure("connect") from None
        except httpx2.TimeoutException:
            raise TransportFailure("timeout") from None
        except httpx2.TransportError:
            raise TransportFailure("reset") from None
        return Reply(answer.status_code, answer.content, dict(answer.headers))
