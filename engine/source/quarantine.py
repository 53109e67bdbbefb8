"""The quarantine of one file: rows and cells that a reader rejects or flags, with line and reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from engine.schema import QUARANTINE

_LONGEST_VALUE = 200


@dataclass(frozen=True)
class Origin:
    """Origin of rows: name of the source, the file as the user named it, and the hash of its bytes."""

    source: str
    name: str
    raw_sha256: str


@dataclass
class Quarantine:
    """Collects rejected rows and cells, blank rows and flags of one file, in the order of detection."""

    _items: list[tuple[int | None, str, str | None, str, str]] = field(default_factory=list)
    n_flags: int = 0

    def row(self, line: int, value: str, reason: str) -> None:
        """Add a rejected row."""
        self._items.append((line, "row", None, value[:_LONGEST_VALUE], reason))

    def cell(self, line: int, column: str, value: str, reason: str) -> None:
        """Add a rejected cell. Its row is kept."""
        self._items.append((line, "cell", column, value[:_LONGEST_VALUE], reason))

    def blank(self, line: int, reason: str) -> None:
        """Add a row without text."""
        self._items.append((line, "blank", None, "", reason))

    def flag(self, line: int | None, column: str | None, value: str, reason: str) -> None:
        """Add a flag on something that is kept. Without a line, the flag is about the whole file."""
        self.n_flags += 1
        self._items.append((line, "flag", column, value[:_LONGEST_VALUE], reason))

    def take(self, other: Quarantine, shift: int = 0) -> None:
        """Add all entries of another quarantine; `shift` is added to their lines."""
        self.n_flags += other.n_flags
        self._items += [(item[0] if item[0] is None else item[0] + shift, *item[1:]) for item in other._items]

    def frame(self, origin: Origin) -> pl.DataFrame:
        """All entries as a frame of the schema QUARANTINE, sorted by line. Flags on the whole file come first."""
        items = sorted(self._items, key=lambda item: item[0] or 0)
        line, kind, column, value, reason = (list(c) for c in zip(*items, strict=True)) if items else ([],) * 5
        frame = pl.DataFrame(
            {"line": line, "kind": kind, "column": column, "value": value, "reason": reason},
            schema={name: QUARANTINE[name] for name in ("line", "kind", "column", "value", "reason")},
        )
        return frame.select(
            pl.lit(origin.source).alias("source"),
            pl.lit(origin.name).alias("file"),
            pl.lit(origin.raw_sha256).alias("raw_file"),
            pl.all(),
        ).select(list(QUARANTINE))
