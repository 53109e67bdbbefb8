"""Lines over TLS: bytes are collected to CRLF before anything is decoded; the certificate is checked."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from typing import Any, Final, Protocol

from engine.clock import SECOND_NS
from engine.live.wire.request import WireFailure

#: a line is never longer; a whole image of 200 markets stays far below
MOST_BYTES: Final = 64 * 2**20
_END: Final = b"\r\n"
_CHUNK: Final = 65_536


class Frames:
    """Cuts bytes into lines, however they were split on their way.

    Parameters
    ----------
    most_bytes : int
        Of a line.

    Examples
    --------
    >>> frames = Frames()
    >>> frames.take(b'{"a":1}\\r'), frames.take(b'\\n{"b"'), frames.take(b":2}\\r\\n{}\\r\\n")
    ([b'{"a":1}'], [], [b'{"b":2}', b'{}'])
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._rest, self._looked = most_bytes, bytearray(), 0

    def take(self, part: bytes) -> list[bytes]:
        """The lines that are whole now, without their end, in order.

        Raises
        ------
        WireFailure
            ``too_large``.
        """
        self._rest += part
        if self._rest.find(_END, max(0, self._looked - 1)) < 0:
            self._looked = len(self._rest)
            if self._looked > self._most:
                raise WireFailure("too_large")
            return []
        *lines, rest = self._rest.split(_END)
        self._rest, self._looked = rest, len(rest)
        return [bytes(line) for line in lines]


class Line(Protocol):
    """A connection that carries lines."""

    def send(self, text: bytes) -> None:
        """Send a line; its end is added. Raises WireFailure."""
        ...

    def receive(self, timeout_ns: int) -> list[bytes]:
        """Lines that have arrived, without their end; none after the time-out. Raises WireFailure at the end."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class TlsLine:
    """A connection over TLS. The name and the certificate of the other end are checked.

    Parameters
    ----------
    host : str
    port : int
    certificates : Path, optional
        A bundle of authorities (PEM) in place of the usual ones.
    timeout_s : float
        For the connection to be there, and for a line to be sent.

    Raises
    ------
    WireFailure
        ``dns``, ``tls`` or ``connect``.
    """

    def __init__(self, host: str, port: int, certificates: Path | None = None, timeout_s: float = 5.0) -> None:
        context = ssl.create_default_context(cafile=str(certificates) if certificates else None)
        self._timeout_s, self._frames = timeout_s, Frames()
        try:
            plain = socket.create_connection((host, port), timeout_s)
        except socket.gaierror:
            raise WireFailure("dns") from None
        except OSError:
            raise WireFailure("connect") from None
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket: Any = context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise WireFailure("tls") from None

    def send(self, text: bytes) -> None:
        """As `Line.send`."""
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket.sendall(text + _END)
        except TimeoutError:
            raise WireFailure("timeout") from None
        except OSError:
            raise WireFailure("reset") from None

    def receive(self, timeout_ns: int) -> list[bytes]:
        """As `Line.receive`."""
        ends_s = time.monotonic() + timeout_ns / SECOND_NS
        while True:
            self._socket.settimeout(max(0.001, ends_s - time.monotonic()))
            try:
                part = self._socket.recv(_CHUNK)
            except (TimeoutError, ssl.SSLWantReadError):
                return []
            except OSError:
                raise WireFailure("reset") from None
            if not part:
                raise WireFailure("cut")
            if lines := self._frames.take(part):
                return lines
            if time.monotonic() >= ends_s:
                return []

    def close(self) -> None:
        """As `Line.close`."""
        self._socket.close()
