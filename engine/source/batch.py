"""The result of reading one raw file: events, quotes, quarantine, and counts that add up."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

import polars as pl

from engine.errors import SourceError
from engine.schema import ALL_EVENTS, QUARANTINE, QUOTES


@dataclass(frozen=True)
class Counts:
    """Numbers of rows and prices of a file that were read, kept and quarantined.

    Two sums always hold: ``rows_read == rows_kept + rows_quarantined`` and
    ``prices_read == prices_kept + prices_empty + prices_quarantined``. Rows without text (blank lines, commas only)
    are counted separately, in `rows_blank`. `prices_read` counts the price cells of the rows kept.

    Attributes
    ----------
    flags : int
        Entries of kind ``flag`` in the quarantine: data that was kept but is doubtful.
    new_names : tuple of str
        Names of participants or bookmakers that are in no alias table, sorted.
    """

    rows_read: int = 0
    rows_kept: int = 0
    rows_quarantined: int = 0
    rows_blank: int = 0
    prices_read: int = 0
    prices_kept: int = 0
    prices_empty: int = 0
    prices_quarantined: int = 0
    flags: int = 0
    new_names: tuple[str, ...] = ()

    @property
    def add_up(self) -> bool:
        """Whether both sums hold."""
        rows = self.rows_read == self.rows_kept + self.rows_quarantined
        return rows and self.prices_read == self.prices_kept + self.prices_empty + self.prices_quarantined

    def __add__(self, other: Counts) -> Counts:
        """Counts of two files together."""
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Counts(**{**sums, "new_names": tuple(sorted(set(sums["new_names"])))})


@dataclass(frozen=True)
class Batch:
    """The content of one raw file, or of one member of an archive.

    Attributes
    ----------
    source : str
        Name of the source: ``football_data``, ``tennis_data``, ``nfl``, ...
    name : str
        The file as the user named it; a member of an archive is ``archive.zip!member.csv``.
    raw_sha256 : str
        Hash of the raw file; empty if it could not be opened.
    raw_bytes_path : Path or None
        Path of the raw bytes. It is valid until the iteration that yields this batch ends.
    events, quotes, quarantine : polars.DataFrame
        Frames of the schemas ALL_EVENTS, QUOTES and QUARANTINE. Empty if the file was refused or is unchanged.
    counts : Counts
    refused : SourceError or None
        Why the file was refused as a whole; nothing in it was kept.
    identity : str
        Hash of the content, the source, its mapping and alias tables, and the version of the readers. Empty where
        the result depends on today's date; the file is then read again the next time.
    unchanged : bool
        The identity was already known, so the file was not read.
    """

    source: str
    name: str
    raw_sha256: str
    raw_bytes_path: Path | None
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALL_EVENTS))
    quotes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUOTES))
    quarantine: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))
    counts: Counts = field(default_factory=Counts)
    refused: SourceError | None = None
    identity: str = ""
    unchanged: bool = False


@dataclass(frozen=True)
class Parsed:
    """Frames of the schemas ALL_EVENTS, QUOTES and QUARANTINE, and the counts.

    `depends_on_today` is true if a row was refused only because its date is in the future. The file may then give
    another result later. `quote_lines` is the line of each quote, where an event has several lines (Int64).
    """

    events: pl.DataFrame
    quotes: pl.DataFrame
    quarantine: pl.DataFrame
    counts: Counts
    depends_on_today: bool = False
    quote_lines: pl.Series | None = None
