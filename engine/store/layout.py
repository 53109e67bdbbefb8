"""Names of files and folders inside a store: foreign text never becomes a path."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from urllib.parse import quote

TABLES = ("events", "quotes", "withdrawn", "quarantine")
_LONGEST = 120


def safe(text: str) -> str:
    """One path segment that stands for a text: percent-encoded UTF-8, at most 120 characters.

    Letters, digits, ``-``, ``_``, ``~`` and dots inside stay as they are; a longer text ends in its hash.
    """
    encoded = quote(text, safe="", errors="surrogatepass")
    if not encoded.strip("."):
        encoded = encoded.replace(".", "%2E") or "%"
    if len(encoded) > _LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        encoded = f"{encoded[: _LONGEST - 17].rstrip('%')}~{digest}"
    return encoded


def partition_file(table: str, sport: str, competition: str, season: str, sha256: str) -> str:
    """Path, relative to the store, of a content file of a partition."""
    folder = f"{table}/sport={safe(sport)}/competition={safe(competition)}/season={safe(season)}"
    return f"{folder}/{sha256[:32]}.parquet"


def quarantine_file(source: str, sha256: str) -> str:
    """Path, relative to the store, of the quarantined rows and cells of one raw file."""
    return f"quarantine/source={safe(source)}/{sha256[:32]}.parquet"


def raw_file(sha256: str, name: str) -> str:
    """Path, relative to the store, of a kept raw file: its hash is the folder, its own name the file."""
    last = PurePosixPath(name.replace("\\", "/").replace("!", "/")).name
    return f"raw/{sha256}/{safe(last or 'raw')}"
