"""The recorded books of a tape: which bets they hold, and the hash of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from engine.exchange.recorded import Recordings
from engine.identity import digest
from engine.source.betfair.recordings import recording_files, recordings_of


@lru_cache(maxsize=2)
def _recordings(paths: tuple[str, ...], content: str) -> Recordings:
    return recordings_of(paths)


def recordings_at(paths: Sequence[str], at_start: bool = False) -> Recordings | None:
    """The recordings in files and folders, whose orders may wait for the starting price; None: no path is given.

    Raises
    ------
    DataError
        A file is missing or is an archive, or no market is in them.
    """
    if not paths:
        return None
    return replace(_recordings(tuple(paths), recordings_hash(paths)), at_start=at_start)


def recordings_hash(paths: Sequence[str]) -> str:
    """Hash of the content of all files, whatever their names and order; errors as `recordings_at`."""
    hashes = []
    for path in recording_files(paths):
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest())
    return digest(sorted(hashes))
