"""Input of an import, and the summary that it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from engine.store.reasons import Reason, add_reasons

#: Counts of a reader, which an import adds up.
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
    """One raw file as read, such as `engine.source.batch.Batch`."""

    @property
    def source(self) -> str:
        """Name of the source."""
        ...

    @property
    def name(self) -> str:
        """Path as given by the user; a member of an archive is ``archive.zip!member``."""
        ...

    @property
    def raw_sha256(self) -> str:
        """SHA-256 of the raw bytes, hex."""
        ...

    @property
    def raw_bytes_path(self) -> Path | None:
        """File with the raw bytes, to be copied into the store, or None to store no copy."""
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
        """Object with some or all attributes of `COUNTS`, and optionally `new_names`."""
        ...

    @property
    def identity(self) -> str:
        """Hash of the bytes and of everything that decides how they are read; empty: read the file at every import."""
        ...

    @property
    def unchanged(self) -> bool:
        """Whether the file was not read because its identity is already in the store."""
        ...

    @property
    def refused(self) -> Exception | None:
        """Why the file was refused as a whole, or None."""
        ...


@dataclass
class ImportSummary:
    """Result of one import. Rows read = kept + quarantined; prices read = kept + empty + quarantined."""

    files_read: int = 0
    files_known: int = 0  # skipped: already imported with the same bytes, source, mapping and reader
    known_empty: list[str] = field(
        default_factory=list
    )  # of the known ones: nothing of them was kept when they were read
    refused: list[tuple[str, str]] = field(default_factory=list)  # file, message
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    reasons: dict[tuple[str, str], Reason] = field(default_factory=dict)  # by kind, and reason without its values
    new_names: set[str] = field(default_factory=set)
    events_new: int = 0
    events_again: int = 0  # in the store before, replaced by the newer file
    results_changed: list[str] = field(default_factory=list)  # results that a newer file states otherwise, in words
    quotes_new: int = 0
    quotes_again: int = 0
    quotes_removed: int = 0  # of events read anew: an earlier reading of the file gave them, and it gives them no more
    quotes_left: int = 0  # of events read anew, and not in their file as it is read now
    withdrawn: list[dict[str, object]] = field(default_factory=list)  # moved fixtures: date, home, away, moved_to, ...
    partitions: set[tuple[str, str, str]] = field(default_factory=set)
    changed: bool = False

    def count(self, batch: Incoming) -> dict[str, int]:
        """Add the counts of one file, and return them by name."""
        counts = {name: int(getattr(batch.counts, name, 0) or 0) for name in COUNTS}
        for name, value in counts.items():
            self.counts[name] += value
        add_reasons(self.reasons, batch.quarantine)
        names = getattr(batch.counts, "new_names", None) or getattr(batch, "new_names", None) or ()
        self.new_names.update(str(n) for n in names)
        return counts
