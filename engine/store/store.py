"""The store: odds history as verified Parquet files. It is opened for reading and changed by `Store.apply` only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from engine.errors import EmptyUniverseError, StoreError, check_names
from engine.paths import is_address
from engine.schema import ALL_EVENTS, INSTANTS, QUARANTINE, QUOTES
from engine.store import manifest, merge, writer
from engine.store.incoming import ImportSummary, Incoming
from engine.store.manifest import Entry, Manifest
from engine.store.universe import Universe
from engine.store.verify import Verifier

if TYPE_CHECKING:
    import duckdb

    from engine.store.mirror import Mirror

_DAMAGE = (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException)


class Store:
    """A store on disk, or on an object store.

    Attributes
    ----------
    root : Path
        Folder of the store; of one on an object store the folder of its copies.
    place : str
        The folder or the address, for messages.
    manifest : Manifest
        List of the content files, as read when the store was opened.
    """

    def __init__(self, root: Path, contents: Manifest, mirror: Mirror | None = None) -> None:
        self.root, self.manifest, self._mirror = root, contents, mirror
        self.place = str(root) if mirror is None else mirror.address
        self._verifier = self._new_verifier()

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open an existing store.

        Parameters
        ----------
        path : str or Path
            A folder, or an address such as ``s3://bucket/prefix``.

        Raises
        ------
        StoreError
            There is no store, it holds no event, it is damaged, or it has another schema version.
        """
        if is_address(str(path)):
            store = cls._mirrored(str(path), create=False)
        else:
            store = cls(Path(path), manifest.read(Path(path)))
        if not store.manifest.entries("events"):
            raise StoreError(
                "the store is empty", where=store.place, expected="events", todo="import with `bea data import`"
            )
        return store

    @classmethod
    def create_or_open(cls, path: str | Path) -> Store:
        """Open a store; where there is none, the first `apply` creates it.

        Raises
        ------
        StoreError
            The path is no folder, the folder or the prefix holds other files, or the store is damaged.
        """
        if is_address(str(path)):
            return cls._mirrored(str(path), create=True)
        root = Path(path)
        if root.exists() and not root.is_dir():
            raise StoreError("the store is not a folder", where=str(root))
        if not (root / manifest.NAME).exists():
            if root.is_dir() and any(
                not child.name.startswith(".") for child in root.iterdir() if not _is_leftover(child)
            ):
                raise StoreError(
                    "the folder holds something else", where=str(root), expected="a store, or an empty folder"
                )
            return cls(root, Manifest())
        return cls(root, manifest.read(root))

    @classmethod
    def _mirrored(cls, address: str, *, create: bool) -> Store:
        from engine.store.mirror import Mirror

        mirror = Mirror(address)
        newest = mirror.newest()
        if newest is not None:
            return cls(mirror.root, newest.contents(), mirror)
        if not create:
            raise manifest.missing(mirror.address, "nothing there")
        mirror.check_free()
        return cls(mirror.root, Manifest(), mirror)

    def _new_verifier(self) -> Verifier:
        if self._mirror is None:
            return Verifier(self.root)
        from engine.store.mirror import MirrorVerifier

        return MirrorVerifier(self._mirror)

    def events(self, universe: Universe | None = None) -> pl.DataFrame:
        """Events of a universe in the columns of `schema.ALL_EVENTS`, sorted by `starts_at`, `event_id`.

        Raises
        ------
        ConfigurationError
            The universe names something that the store does not hold.
        EmptyUniverseError
            The universe holds no event.
        StoreError
            A file is damaged.
        """
        universe = universe or Universe()
        scan = self._scan(self.entries("events", universe), ALL_EVENTS)
        if universe.first_date:
            scan = scan.filter(pl.col("date") >= universe.first_date)
        if universe.last_date:
            scan = scan.filter(pl.col("date") <= universe.last_date)
        events = self._collect(scan)
        if not events.height:
            raise EmptyUniverseError(
                "no event is left",
                where=self.place,
                expected=self._expected_dates(universe),
                found=_words(universe),
            )
        return events.sort("starts_at", "event_id")

    def _expected_dates(self, universe: Universe) -> str:
        """The dates of what a universe names without its own dates, for a message."""
        entries = self.entries("events", replace(universe, first_date=None, last_date=None))
        if not entries:
            return "at least one in the universe"
        return f"dates from {min(e.first_date for e in entries)} to {max(e.last_date for e in entries)}"

    def quotes(self, universe: Universe | None = None) -> pl.DataFrame:
        """Quotes of a universe in the columns of `schema.QUOTES`; join them to events by `event_id`.

        They are sorted by partition, market, bookmaker, instant, known_at, event_id, line, selection, side. Errors are
        those of `events`.
        """
        universe = universe or Universe()
        entries = self.entries("quotes", universe)
        filters = {
            "market": universe.markets,
            "bookmaker": universe.bookmakers,
            "instant": universe.instants,
            "side": universe.sides,
        }
        scan = self._scan(entries, QUOTES)
        for column, names in filters.items():
            if names is not None:
                allowed = pl.col(column) == names[0] if len(names) == 1 else pl.col(column).is_in(list(names))
                scan = scan.filter(allowed)
        quotes = self._collect(scan)
        if universe.first_date or universe.last_date:
            quotes = quotes.join(
                self.events(universe).select("event_id"), on="event_id", how="semi", maintain_order="left"
            )
        if not quotes.height:
            raise EmptyUniverseError(
                "no quote is left",
                where=self.place,
                expected="at least one in the universe",
                found=_words(universe),
            )
        return quotes

    def quarantine(self) -> pl.DataFrame:
        """All rejected rows and cells, and all flags, in the columns of `schema.QUARANTINE`."""
        frame = self._collect(self._scan(self.manifest.entries("quarantine"), QUARANTINE))
        return frame.sort("source", "file", "raw_file", "line", "kind", "column", "value", "reason")

    def withdrawn(self) -> pl.DataFrame:
        """Moved fixtures: the columns of events with `moved_to`, `withdrawn_by` (hash of the raw file), `n_quotes`."""
        return self._collect(self._scan(self.manifest.entries("withdrawn"), merge.WITHDRAWN)).sort("date", "event_id")

    def parts(self, universe: Universe | None = None, *, max_quotes: int) -> list[Universe]:
        """Cut a universe into parts of whole partitions with at most `max_quotes` quotes in their files.

        A partition with more quotes is a part by itself. An event and all its quotes are in the same part.
        """
        universe = universe or Universe()
        rows = {entry.partition: entry.rows for entry in self.entries("quotes", universe)}
        cuts: list[list[tuple[str, str, str]]] = []
        size = 0
        for partition in sorted({entry.partition for entry in self.entries("events", universe)}):
            count = rows.get(partition, 0)
            if not cuts or size + count > max_quotes:
                cuts.append([])
                size = 0
            cuts[-1].append(partition)
            size += count
        return [replace(universe, partitions=tuple(cut)) for cut in cuts]

    def count_quotes(self, universe: Universe | None = None) -> int:
        """Number of quotes in the files that a universe needs; `quotes` returns at most as many."""
        return sum(entry.rows for entry in self.entries("quotes", universe or Universe()))

    def files(self, table: str, universe: Universe | None = None) -> list[Path]:
        """Paths of the verified content files of a table, sorted by partition."""
        return self._verifier.paths(self.entries(table, universe or Universe()))

    def verify(self) -> None:
        """Verify every content file; raises `StoreError` for the first damaged one."""
        self._verifier.paths(self.manifest.files.values())

    def known(self) -> frozenset[str]:
        """Identities of the imported raw files, which a reader need not read again."""
        return frozenset(self.manifest.known())

    def apply(self, batches: Iterable[Incoming], *, again: bool = False) -> ImportSummary:
        """Merge batches into the store by the rules of `engine.store.merge`. The manifest is replaced once, at the end.

        Parameters
        ----------
        batches : iterable of Incoming
            Later ones win. On an object store they are gone through again where another import was first; an iterator
            is kept in memory for that.
        again : bool
            Also merge files that are already imported. The last import wins, so this can restore an older version.

        Raises
        ------
        StoreError
            Another import is running, the disk is full, or rights are missing. The old store is intact.
        """
        if self._mirror is None:
            summary = writer.apply(self.root, batches, again=again)
            self.manifest = manifest.read(self.root)
        else:
            from engine.store import mirror

            summary = mirror.apply(self._mirror, batches, again=again)
            newest = self._mirror.newest()
            self.manifest = Manifest() if newest is None else newest.contents()
        self._verifier = self._new_verifier()
        return summary

    def duckdb(
        self, universe: Universe | None = None, *, threads: int = 2, memory_limit: str = ""
    ) -> duckdb.DuckDBPyConnection:
        """Open a DuckDB connection with the views `events` and `quotes` on the verified files of a universe.

        Parameters are those of `engine.store.connection.connect`; errors are those of `events`.
        """
        from engine.store.connection import connect, create_views

        universe = universe or Universe()
        entries = self.entries("quotes", universe)
        connection = connect(threads=threads, memory_limit=memory_limit)
        create_views(connection, self.files("events", universe), self.files("quotes", universe), entries, universe)
        return connection

    def entries(self, table: str, universe: Universe) -> list[Entry]:
        """Manifest entries of the content files of a table that may hold rows of a universe."""
        entries = self.manifest.entries(table)
        self._check(universe)
        if table == "quarantine":
            return entries
        selected = [
            e
            for e in entries
            if (universe.sports is None or e.sport in universe.sports)
            and (universe.competitions is None or e.competition in universe.competitions)
            and (universe.seasons is None or e.season in universe.seasons)
            and (universe.partitions is None or e.partition in universe.partitions)
        ]
        if table == "quotes":
            spans = {
                e.partition for e in self.manifest.entries("events") if e.spans(universe.first_date, universe.last_date)
            }
            return [
                e
                for e in selected
                if e.partition in spans
                and _overlaps(universe.markets, e.markets)
                and _overlaps(universe.bookmakers, e.bookmakers)
                and _overlaps(universe.instants, e.instants)
                and _overlaps(universe.sides, e.sides)
            ]
        return [e for e in selected if e.spans(universe.first_date, universe.last_date)]

    def _check(self, universe: Universe) -> None:
        events, quotes, where = self.manifest.entries("events"), self.manifest.entries("quotes"), self.place
        check_names("sport", universe.sports, (e.sport for e in events), where=where)
        check_names("competition", universe.competitions, (e.competition for e in events), where=where)
        check_names("season", universe.seasons, (e.season for e in events), where=where)
        check_names("market", universe.markets, (m for e in quotes for m in e.markets), where=where)
        check_names("bookmaker", universe.bookmakers, (b for e in quotes for b in e.bookmakers), where=where)
        check_names("instant", universe.instants, INSTANTS, where="data.instants")
        check_names("side", universe.sides, ("back", "lay"), where="sides")

    def _scan(self, entries: list[Entry], schema: dict[str, pl.DataType | type[pl.DataType]]) -> pl.LazyFrame:
        paths = self._verifier.paths(entries)
        if not paths:
            return pl.LazyFrame(schema=schema)
        return pl.scan_parquet(paths, hive_partitioning=False, glob=False, schema=schema, missing_columns="insert")

    def _collect(self, scan: pl.LazyFrame) -> pl.DataFrame:
        try:
            return scan.collect()
        except _DAMAGE as error:
            raise StoreError(
                "the store cannot be read",
                where=self.place,
                found=f"{type(error).__name__} {str(error)[:160]}",
                todo="check it with `bea data check`",
            ) from None


def _overlaps(wanted: tuple[str, ...] | None, present: tuple[str, ...]) -> bool:
    return wanted is None or not set(wanted).isdisjoint(present)


def _is_leftover(child: Path) -> bool:
    """Whether a killed first import may have left this child of a folder without a manifest."""
    return child.name in {"raw", "events", "quotes", "withdrawn", "quarantine"}


def _words(universe: Universe) -> str:
    words = {k: v for k, v in vars(universe).items() if v is not None}
    return (
        ", ".join(f"{k}={'/'.join(map(str, v[:4])) if isinstance(v, tuple) else v}" for k, v in words.items())
        or "an empty one"
    )
