"""Content files: frames as bytes that depend on the rows alone, what the manifest says of them, and the sweep."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import polars as pl

from engine.store import manifest
from engine.store import manifest as layout
from engine.store.manifest import Manifest
from engine.store.verify import CACHE

_ROW_GROUP = 16_384


def encode(frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of a Parquet file; the same rows give the same bytes."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=True, row_group_size=_ROW_GROUP
    )
    return buffer.getvalue()


def is_file_of(path: Path, size: int, sha256: str) -> bool:
    """Whether a path holds a file of this size and hash."""
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


def facts(table: str, frame: pl.DataFrame) -> dict[str, Any]:
    """What a manifest says of a content file beside its hash."""
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
    return {fact: tuple(sorted(frame[name].unique().drop_nulls().to_list())) for fact, name in columns}


def sweep(root: Path, kept: Manifest) -> None:
    """Remove files and empty folders of the store that the manifest does not name (of a killed import, or older)."""
    named = {*kept.files, *(i.raw_path for i in kept.imports)}
    for top in (*layout.TABLES, "raw"):
        for folder, _, names in os.walk(root / top, topdown=False):
            here = Path(folder)
            for name in names:
                if (here / name).relative_to(root).as_posix() not in named:
                    (here / name).unlink(missing_ok=True)
            if here != root / top and not any(here.iterdir()):
                here.rmdir()
    for pattern in (f".{manifest.NAME}.*", f"{CACHE}.*"):
        for path in root.glob(pattern):
            path.unlink(missing_ok=True)
