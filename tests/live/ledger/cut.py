"""A connection to PostgreSQL that breaks in COMMIT: before the server gets it, or after it and before its answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from sqlalchemy.engine import make_url

#: the message of a client that commits
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Cut:
    """A socket in front of a server.

    Parameters
    ----------
    folder : Path
        Where its socket is made.
    url : str
        Address of the server, which is a socket of this machine.

    Attributes
    ----------
    url : str
        Address of this one.
    at : {"", "before", "after"}
        Where the next COMMIT breaks.
    breaks : int
        How many have.
    """

    def __init__(self, folder: Path, url: str) -> None:
        address = make_url(url)
        self._server = f"{address.query['host']}/.s.PGSQL.5432"
        self.url = str(address.set(query={"host": str(folder)}).render_as_string(hide_password=False))
        self.at, self.breaks = "", 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / ".s.PGSQL.5432"))
        self._listening.listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            self._end(one)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                if self.at and COMMIT in data:
                    after, self.at = self.at == "after", ""
                    self.breaks += 1
                    self._end(client)
                    if after:
                        server.sendall(data + b"X\x00\x00\x00\x04")  # and goodbye, so that the server answers all
                        return
                    break
                server.sendall(data)
        self._end(server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        while True:
            try:
                data = server.recv(65_536)
            except OSError:
                data = b""
            if not data:
                break
            with contextlib.suppress(OSError):
                client.sendall(data)
        self._end(client)
        self._end(server)

    def _end(self, one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
