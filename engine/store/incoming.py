"""What the store takes in, and what it says about it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

#: numbers that a reader counts and an import adds up
COUNTS = (
    "rows_read",
    "rows_kept",
    "rows_quarantined",
    "rows_blank",
    "prices_read",
    "prices_kept",
    "prices_empty",
    "prices_quarantined",
    "flags",
)


class Incoming(Protocol):
    """One raw file as a reader hands it over (`engine.source.batch.Batch` is one)."""

    @property
    def source(self) -> str:
        """Name of the source."""
        ...

    @property
    def name(self) -> str:
        """Path as the user gave it; a member of an archive as ``archive.zip!member``."""
        ...

    @property
    def raw_sha256(self) -> str:
        """SHA-256 of the raw bytes, hex."""
        ...

    @property
    def raw_bytes_path(self) -> Path | None:
        """Where the raw bytes are, to be kept; None: they are not kept."""
        ...

    @property
    def events(self) -> pl.DataFrame:
        """Rows of `schema.EVENTS`."""
        ...

    @property
    def quotes(self) -> pl.DataFrame:
        """Rows of `schema.QUOTES`."""
        ...

    @property
    def quarantine(self) -> pl.DataFrame:
        """Rows of `schema.QUARANTINE`."""
        ...

    @property
    def counts(self) -> object:
        """An object with the attributes of `COUNTS` (those it counts) and, where it has it, `new_names`."""
        ...

    @property
    def identity(self) -> str:
        """Hash of the bytes and of all that decides how they are read; empty: read it again every time."""
        ...

    @property
    def unchanged(self) -> bool:
        """The reader found its identity among the known ones and did not read it."""
        ...

    @property
    def refused(self) -> Exception | None:
        """Why the structure of the file was refused; None where it was read."""
        ...


@dataclass
class ImportSummary:
    """What one import did. Rows read = kept + quarantined; prices read = kept + empty + quarantined."""

    files_read: int = 0
    files_known: int = 0  # skipped: the same bytes, source, mapping and reader are in the store
    refused: list[tuple[str, str]] = field(default_factory=list)  # file, message
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    new_names: set[str] = field(default_factory=set)
    events_new: int = 0
    events_again: int = 0  # known before, now from the newer file
    quotes_new: int = 0
    quotes_again: int = 0
    withdrawn: list[dict[str, object]] = field(default_factory=list)  # named: date, home, away, moved_to, ...
    partitions: set[tuple[str, str, str]] = field(default_factory=set)
    changed: bool = False

    def count(self, batch: Incoming) -> dict[str, int]:
        """Add one file's counts; gives them as a dictionary."""
        own = {name: int(getattr(batch.counts, name, 0) or 0) for name in COUNTS}
        for name, value in own.items():
            self.counts[name] += value
        names = getattr(batch.counts, "new_names", None) or getattr(batch, "new_names", None) or ()
        self.new_names.update(str(n) for n in names)
        return own
