"""The manifest: the list of the content files of a store, with a checksum of itself, replaced last and atomically."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from engine.errors import StoreError
from engine.files import write_bytes
from engine.schema import SCHEMA_VERSION

NAME = "manifest.json"
TABLES = ("events", "quotes", "withdrawn", "quarantine")
_LONGEST = 120
_HEX = frozenset("0123456789abcdef")
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """One content file.

    `first_date` and `last_date` are the ISO dates of events. The tuples list the names that occur in quotes; `bases` is
    also set for events.
    """

    table: str
    sha256: str
    bytes: int
    rows: int
    sport: str = ""
    competition: str = ""
    season: str = ""
    source: str = ""  # quarantine only
    raw_file: str = ""  # quarantine only
    first_date: str = ""
    last_date: str = ""
    markets: tuple[str, ...] = ()
    bookmakers: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()

    @cached_property
    def path(self) -> str:
        """Path relative to the store. It is derived from the other fields, so a manifest cannot point elsewhere."""
        if self.table == "quarantine":
            return quarantine_file(self.source, self.sha256)
        return partition_file(self.table, self.sport, self.competition, self.season, self.sha256)

    @property
    def partition(self) -> tuple[str, str, str]:
        """Sport, competition, season."""
        return self.sport, self.competition, self.season

    def spans(self, first: date | None, last: date | None) -> bool:
        """Whether the file may hold a date from `first` to `last`, both included; None is unbounded."""
        return not (
            (first and self.last_date and self.last_date < first.isoformat())
            or (last and self.first_date and self.first_date > last.isoformat())
        )


@dataclass(frozen=True)
class Imported:
    """One imported raw file. `key` is its identity as computed by the reader; empty: read the file at every import."""

    source: str
    name: str
    raw_sha256: str
    key: str
    counts: dict[str, int]
    raw_path: str = ""


@dataclass
class Manifest:
    """All content files by path, and all imported raw files in the order of their first import."""

    files: dict[str, Entry] = field(default_factory=dict)
    imports: list[Imported] = field(default_factory=list)

    def entries(self, table: str) -> list[Entry]:
        """Content files of a table, sorted by partition."""
        entries = [e for e in self.files.values() if e.table == table]
        return sorted(entries, key=lambda e: (e.partition, e.source, e.path))

    def known(self) -> set[str]:
        """Identities of the raw files that need not be read again."""
        return {i.key for i in self.imports if i.key}

    def dump(self) -> bytes:
        """Encode the manifest as JSON. Equal stores give equal bytes, which hold no time stamp."""
        body: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "files": {path: _without_blanks(asdict(self.files[path])) for path in sorted(self.files)},
            "imports": [asdict(i) for i in self.imports],
        }
        return json.dumps({"checksum": _checksum(body), **body}, indent=1, ensure_ascii=True).encode() + b"\n"


def _without_blanks(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in ("", ())}


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def read(root: Path) -> Manifest:
    """Read and check the manifest of a store.

    Raises
    ------
    StoreError
        There is no manifest, it is damaged, or it has another schema version.
    """
    path = root / NAME
    try:
        if path.stat().st_size > _LARGEST:
            raise StoreError("the manifest is too large", where=str(path), expected="the manifest of a store")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise missing(str(root), "no such folder" if not root.exists() else "a folder without one") from None
    except OSError as error:
        raise StoreError("the store cannot be read", where=str(path), found=str(error.strerror)) from None
    return parse(raw, str(path))


def missing(where: str, found: str) -> StoreError:
    """The error of a place without a manifest."""
    return StoreError(
        "there is no store",
        where=where,
        expected=NAME,
        found=found,
        todo="import with `bea data import` or create one with `bea data simulate`",
    )


def parse(raw: bytes, where: str) -> Manifest:
    """Read and check the bytes of a manifest; `where` names them in a message. Raises `StoreError` as `read` does."""
    try:
        return _parse(raw)
    except StoreError as error:
        raise StoreError(error.what, where=where, expected=error.expected, found=error.found, todo=error.todo) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreError(
            "the manifest is damaged",
            where=where,
            expected="the JSON that an import writes",
            found=type(error).__name__,
            todo="import again into a new folder",
        ) from None


def _parse(raw: bytes) -> Manifest:
    body = json.loads(raw.decode("utf-8"))
    version = body["schema_version"]
    if version != SCHEMA_VERSION:
        raise StoreError(
            "the store has another schema version",
            expected=str(SCHEMA_VERSION),
            found=str(version)[:40],
            todo="import again into a new folder",
        )
    checksum = body.pop("checksum")
    if checksum != _checksum(body):
        raise StoreError("the manifest is damaged", expected="its own checksum", todo="import again into a new folder")
    files = {path: _entry(path, record) for path, record in body["files"].items()}
    return Manifest(files, [Imported(**i) for i in body["imports"]])


def _entry(path: str, record: dict[str, Any]) -> Entry:
    names = {f.name for f in fields(Entry)}
    if set(record) - names:
        raise ValueError("unknown fields")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
    entry = Entry(**values)
    if len(entry.sha256) != 64 or not set(entry.sha256) <= _HEX or entry.table not in TABLES or entry.path != path:
        raise ValueError("a path outside the store")
    return entry


def write(root: Path, manifest: Manifest) -> None:
    """Replace the manifest of a store atomically and flush it to the disk; raises `OSError`."""
    write_bytes(root / NAME, manifest.dump(), durable=True)


def safe(text: str) -> str:
    """Encode a text as one path segment: percent-encoded UTF-8, at most 120 characters.

    Letters, digits, ``-``, ``_``, ``~`` and dots stay, except in a text of dots only. A longer text is cut and ends in
    its hash.
    """
    encoded = quote(text, safe="", errors="surrogatepass")
    if not encoded.strip("."):
        encoded = encoded.replace(".", "%2E") or "%"
    if len(encoded) > _LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        encoded = f"{encoded[: _LONGEST - 17].rstrip('%')}~{digest}"
    return encoded


def partition_file(table: str, sport: str, competition: str, season: str, sha256: str) -> str:
    """Path of a content file of a partition, relative to the store."""
    folder = f"{table}/sport={safe(sport)}/competition={safe(competition)}/season={safe(season)}"
    return f"{folder}/{sha256[:32]}.parquet"


def quarantine_file(source: str, sha256: str) -> str:
    """Path of the quarantined rows and cells of one raw file, relative to the store."""
    return f"quarantine/source={safe(source)}/{sha256[:32]}.parquet"


def raw_file(sha256: str, name: str) -> str:
    """Path of the copy of a raw file, relative to the store: the folder is its hash, the file has its own name."""
    last = PurePosixPath(name.replace("\\", "/").replace("!", "/")).name
    return f"raw/{sha256}/{safe(last or 'raw')}"
