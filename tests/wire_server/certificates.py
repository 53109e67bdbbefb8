"""An authority of the tests, and certificates it signed."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import trustme


@dataclass(frozen=True)
class Certificates:
    """Files (PEM): the authority, the server's certificate and key for ``localhost``, and a client's."""

    authority: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]


@lru_cache
def certificates() -> Certificates:
    """Made once a process, and removed when it ends."""
    folder = Path(mkdtemp(prefix="certificates-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    pairs = {}
    for name, host in (("server", "localhost"), ("client", "client.test")):
        made = authority.issue_cert(host)
        pairs[name] = folder / f"{name}.pem", folder / f"{name}.key"
        made.cert_chain_pems[0].write_to_path(str(pairs[name][0]))
        made.private_key_pem.write_to_path(str(pairs[name][1]))
    return Certificates(folder / "authority.pem", pairs["server"], pairs["client"])
