"""Content files: frames as reproducible bytes, their description in the manifest, and the removal of unused files."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import polars as pl

from engine.schema import without_empty
from engine.store.manifest import NAME, TABLES, Manifest
from engine.store.verify import CACHE

_ROW_GROUP = 16_384


def encode(frame: pl.DataFrame) -> bytes:
    """Encode a frame as a Parquet file; equal rows give equal bytes. Optional columns without a value are left out."""
    buffer = io.BytesIO()
    without_empty(frame).rechunk().write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=True, row_group_size=_ROW_GROUP
    )
    return buffer.getvalue()


def has_content(path: Path, size: int, sha256: str) -> bool:
    """Whether a path is a readable file of this size and SHA-256 (hex)."""
    try:
        if path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def flush(path: Path) -> None:
    """Flush a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def description(table: str, frame: pl.DataFrame) -> dict[str, Any]:
    """Fields of `Entry` that describe the rows of a content file: dates of events, names and bases of quotes."""
    if table != "quotes":
        bases = sorted(frame["starts_at_basis"].unique().drop_nulls().to_list()) if table == "events" else []
        return {"first_date": str(frame["date"].min()), "last_date": str(frame["date"].max()), "bases": tuple(bases)}
    columns = (
        ("markets", "market"),
        ("bookmakers", "bookmaker"),
        ("instants", "instant"),
        ("sides", "side"),
        ("bases", "known_at_basis"),
    )
    return {field: tuple(sorted(frame[name].unique().drop_nulls().to_list())) for field, name in columns}


def sweep(root: Path, manifest: Manifest) -> None:
    """Remove files and empty folders that the manifest does not name: old ones, and leftovers of a killed import."""
    used = {*manifest.files, *(record.raw_path for record in manifest.imports)}
    for top in (*TABLES, "raw"):
        for folder, _, names in os.walk(root / top, topdown=False):
            current = Path(folder)
            for name in names:
                if (current / name).relative_to(root).as_posix() not in used:
                    (current / name).unlink(missing_ok=True)
            if current != root / top and not any(current.iterdir()):
                current.rmdir()
    for pattern in (f".{NAME}.*", f"{CACHE}.*"):
        for path in root.glob(pattern):
            path.unlink(missing_ok=True)
