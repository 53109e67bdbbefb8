"""An import: merge batches, write new content files beside the old ones, replace the manifest, remove unused files."""

from __future__ import annotations

import hashlib
import shutil
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import polars as pl

from engine.errors import StoreError
from engine.files import exclusive, flush_folder
from engine.schema import ALL_EVENTS, QUARANTINE, QUOTES, with_optional
from engine.store import content, games, lasting, manifest, merge
from engine.store.incoming import ImportSummary, Incoming
from engine.store.manifest import Entry, Imported, Manifest
from engine.store.moved import FURTHEST, Newer, damaged_rows, moved_fixtures
from engine.store.partition import PartitionState
from engine.store.reread import ORIGIN, n_left, n_quotes, replaced_events
from engine.store.verify import Verifier

Partition = tuple[str, str, str]
_PARTITION = ("sport", "competition", "season")
_WITHDRAWN = (*_PARTITION, "date", "home", "away", "moved_to", "n_quotes")
_QUOTES_IN_MEMORY = 1_500_000  # beyond this, the partitions used longest ago are written


class Writer:
    """Applies batches to one store. A writer is used once, while the lock is held.

    Parameters
    ----------
    root : Path
        Folder of the content files.
    contents : Manifest
        The store as it is; it becomes the new one.
    verifier : Verifier
        Gives the content files that are read.
    raw_elsewhere : mapping of str to str
        Paths of raw files, by their hash, that an object store has; their copies are not made again.
    """

    def __init__(
        self, root: Path, contents: Manifest, verifier: Verifier, raw_elsewhere: Mapping[str, str] | None = None
    ) -> None:
        self.root, self.manifest = root, contents
        self.summary = ImportSummary()
        self._verifier, self._raw_elsewhere = verifier, raw_elsewhere or {}
        self._states: OrderedDict[Partition, PartitionState] = OrderedDict()
        self._stored: pl.DataFrame | None = None  # origins of the stored events, read when a file is read again
        self._written: set[str] = set()
        self._known = self.manifest.known()
        self._empty = {one.key for one in self.manifest.imports if one.key and not one.counts.get("rows_kept")}
        self._before = self.manifest.dump()

    def take(self, batches: Iterable[Incoming], *, again: bool) -> None:
        """Merge batches in the order given. Files that are already imported are counted and skipped, unless `again`."""
        for batch in batches:
            if batch.refused is None and (batch.unchanged or (batch.identity in self._known and not again)):
                self.summary.files_known += 1
                if batch.identity in self._empty:
                    self.summary.known_empty.append(batch.name)
            else:
                self.add(batch)

    def add(self, batch: Incoming) -> None:
        """Merge one batch. A refused one only appears in the summary."""
        summary = self.summary
        if batch.refused is not None:
            summary.refused.append((batch.name, str(batch.refused)))
            return
        summary.files_read += 1
        counts = summary.count(batch)
        batch = self._followed(batch)
        before = next((i for i in self.manifest.imports if _same_file(i, batch)), None)
        prices = self._replace(batch, before) if before else pl.DataFrame(schema=QUOTES)
        for partition_events in batch.events.partition_by("sport", "competition", maintain_order=True):
            self._merge_competition(partition_events, batch, prices)
        self._put_quarantine(batch)
        raw = self._copy_raw(batch)
        self._record_import(Imported(batch.source, batch.name, batch.raw_sha256, batch.identity, counts, raw))
        self._write_oldest(_QUOTES_IN_MEMORY)

    def _record_import(self, record: Imported) -> None:
        """Record an import, in the place of an earlier import of the same bytes and source."""
        if record.key:
            self._known.add(record.key)
        imports = self.manifest.imports
        for place, old in enumerate(imports):
            if _same_file(old, record):
                imports[place] = record
                return
        imports.append(record)

    def _replace(self, batch: Incoming, before: Imported) -> pl.DataFrame:
        """Withdraw the events that a file gave before and gives no more; returns their prices under the new ids."""
        prices = pl.DataFrame(schema=QUOTES)
        if self._stored is None:
            paths = self._verifier.paths(e for e in self.manifest.files.values() if e.table == "events")
            frames = [pl.read_parquet(path, columns=list(ORIGIN), hive_partitioning=False) for path in paths]
            self._stored = pl.concat(frames) if frames else batch.events.select(ORIGIN).clear()
        origin = (pl.col("source") == batch.source) & (pl.col("raw_file") == batch.raw_sha256)
        given = self._stored.filter(origin)
        own = [(self._state(p), origin) for p in sorted(given.select(_PARTITION).unique().iter_rows())]
        anew = before.key != batch.identity and batch.events.height > 0
        alone = anew and n_quotes(own) == before.counts.get("prices_kept", 0)
        replaced = replaced_events(given, batch.events)
        for rows in replaced.partition_by(_PARTITION, maintain_order=True):
            state = self._state(rows.select(_PARTITION).row(0))
            ids = state.events.filter(origin).select("event_id")
            moved = rows.join(ids, on="event_id", how="semi").with_columns(withdrawn_by=pl.lit(batch.raw_sha256))
            kept = moved.filter("same_sides").select("event_id", "new_id")
            old = state.quotes().join(kept, on="event_id", how="inner")
            prices = pl.concat([prices, old.with_columns(pl.col("new_id").alias("event_id")).select(list(QUOTES))])
            withdrawn = state.withdraw(moved.select("event_id", "moved_to", "withdrawn_by"))
            words = moved.select("event_id", "replaced_by")
            facts = withdrawn.join(words, on="event_id", how="left", maintain_order="left")
            self.summary.withdrawn += facts.select(*_WITHDRAWN, "replaced_by").to_dicts()
        if not anew:
            return prices
        for state, of_file in own:
            events = state.events.filter(of_file)
            if alone:
                self.summary.quotes_removed += n_left(state.quotes(), events, batch.quotes)
                state.remove_quotes(events.select("event_id"))
            else:
                self.summary.quotes_left += n_left(state.quotes(), events, batch.quotes)
        return prices.clear() if alone else prices

    def _followed(self, batch: Incoming) -> Incoming:
        """A batch whose source names games by ids that last, with the events that they stand for."""
        if not lasting.has_lasting_ids(batch.events):
            return batch
        first, last = cast(date, batch.events["date"].min()), cast(date, batch.events["date"].max())
        names = set(batch.events.select("sport", "competition").unique().iter_rows())
        near = {p for p in self._states if p[:2] in names}
        near |= {
            e.partition
            for e in self.manifest.entries("events")
            if e.partition[:2] in names and e.spans(first - FURTHEST, last + FURTHEST)
        }
        known = [self._state(partition).events.select(lasting.KNOWN) for partition in sorted(near)]
        none = pl.DataFrame(schema={name: ALL_EVENTS[name] for name in lasting.KNOWN})
        events, quotes = lasting.followed(pl.concat([none, *known]), batch.events, batch.quotes)
        return cast(Incoming, replace(cast(Any, batch), events=events, quotes=quotes))

    def _merge_competition(self, new: pl.DataFrame, batch: Incoming, replaced: pl.DataFrame) -> None:
        sport, competition = new["sport"][0], new["competition"][0]
        first, last = new["date"].min(), new["date"].max()
        seasons = set(new["season"].unique().to_list())
        in_memory = {p for p in self._states if p[:2] == (sport, competition)}
        stored = {
            e.partition
            for e in self.manifest.entries("events")
            if e.partition[:2] == (sport, competition) and e.spans(first, last)  # type: ignore[arg-type]
        }
        others = sorted(p for p in in_memory | stored if p[2] not in seasons)
        standing = [self._state(p).events for p in (*others, *((sport, competition, s) for s in sorted(seasons)))]
        old = pl.concat(standing, how="diagonal_relaxed")
        all_quotes = batch.quotes
        if not lasting.has_lasting_ids(new):
            new, all_quotes = games.told_apart(old, new, batch.quotes, partial(self._quotes_of, new, old))
        newer = Newer(
            new,
            batch.raw_sha256,
            merge.last_snapshot(batch.quotes),
            pl.concat([frame["event_id"] for frame in standing]),
            damaged_rows(batch.quarantine),
        )
        carried: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        for partition in others:
            self._withdraw(partition, newer)
            removed = self._state(partition).remove(new.select("event_id"))
            if removed[0].height:
                carried.append(removed)
        for rows in new.partition_by("season", maintain_order=True):
            partition = (sport, competition, rows["season"][0])
            self._withdraw(partition, newer)
            quotes = all_quotes.join(rows.select("event_id"), on="event_id", how="semi")
            state = self._state(partition)
            for events, prices in carried:
                ids = rows.select("event_id")
                state.carry(events.join(ids, on="event_id", how="semi"), prices.join(ids, on="event_id", how="semi"))
            state.hand_over(replaced.join(rows.select("event_id"), on="event_id", how="semi"))
            state.add(rows, quotes)
            self.summary.partitions.add(partition)

    def _withdraw(self, partition: Partition, newer: Newer) -> None:
        state = self._state(partition)
        moved = moved_fixtures(state.events, newer)
        if moved.height:
            self.summary.withdrawn += state.withdraw(moved).select(_WITHDRAWN).to_dicts()

    def _quotes_of(self, new: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
        """Stored quotes of the events that are on a date of the file, with a pair of the file."""
        events = old.join(new.select("date", "home", "away").unique(), on=["date", "home", "away"], how="semi")
        partitions = events.select(_PARTITION).unique(maintain_order=True).iter_rows()
        quotes = [self._state((a, b, c)).quotes() for a, b, c in partitions]
        every = pl.concat(quotes) if quotes else pl.DataFrame(schema=QUOTES)
        return every.join(events.select("event_id"), on="event_id", how="semi")

    def _state(self, partition: Partition) -> PartitionState:
        state = self._states.get(partition)
        if state is None:
            state = PartitionState(
                self._load("events", partition, pl.DataFrame(schema=ALL_EVENTS)),
                self._load("quotes", partition, pl.DataFrame(schema=QUOTES)),
                self._load("withdrawn", partition, pl.DataFrame(schema=merge.WITHDRAWN)),
                self.summary,
            )
            self._states[partition] = state
        self._states.move_to_end(partition)
        return state

    def _load(self, table: str, partition: Partition, empty: pl.DataFrame) -> pl.DataFrame:
        entries = [e for e in self.manifest.files.values() if e.table == table and e.partition == partition]
        frames = [pl.read_parquet(p, hive_partitioning=False) for p in self._verifier.paths(entries)]
        if not frames:
            return empty
        rows = pl.concat(frames, how="diagonal")
        return rows if table == "quotes" else with_optional(rows).select(empty.columns)

    def _write_oldest(self, limit: int) -> None:
        """Write the partitions used longest ago and drop them from memory, until it holds at most `limit` quotes."""
        total = sum(s.n_quotes for s in self._states.values())
        while self._states and (total > limit or limit == 0):
            partition, state = self._states.popitem(last=False)
            total -= state.n_quotes
            if state.changed:
                self._put(partition, "events", state.events)
                self._put(partition, "quotes", state.quotes())
                self._put(partition, "withdrawn", state.withdrawn)

    def _put(self, partition: Partition, table: str, frame: pl.DataFrame) -> None:
        for path in [p for p, e in self.manifest.files.items() if e.table == table and e.partition == partition]:
            del self.manifest.files[path]
        if not frame.height:
            return
        raw = content.encode(frame)
        sport, competition, season = partition
        described = content.description(table, frame)
        entry = Entry(
            table, hashlib.sha256(raw).hexdigest(), len(raw), frame.height, sport, competition, season, **described
        )
        self._write(entry, raw)

    def _put_quarantine(self, batch: Incoming) -> None:
        old = [
            p
            for p, e in self.manifest.files.items()
            if e.table == "quarantine" and (e.source, e.raw_file) == (batch.source, batch.raw_sha256)
        ]
        for path in old:
            del self.manifest.files[path]
        if batch.quarantine.height:
            raw = content.encode(batch.quarantine.select(list(QUARANTINE)))
            self._write(
                Entry(
                    "quarantine",
                    hashlib.sha256(raw).hexdigest(),
                    len(raw),
                    batch.quarantine.height,
                    source=batch.source,
                    raw_file=batch.raw_sha256,
                ),
                raw,
            )

    def _write(self, entry: Entry, raw: bytes) -> None:
        path = self.root / entry.path
        if entry.path not in self._written and not content.has_content(path, len(raw), entry.sha256):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._written.add(entry.path)
            path.write_bytes(raw)
        self.manifest.files[entry.path] = entry

    def _copy_raw(self, batch: Incoming) -> str:
        if batch.raw_bytes_path is None:
            return ""
        if batch.raw_sha256 in self._raw_elsewhere:
            return self._raw_elsewhere[batch.raw_sha256]
        relative = manifest.raw_file(batch.raw_sha256, batch.name)
        path = self.root / relative
        folder = path.parent
        for copy in sorted(folder.iterdir()) if folder.is_dir() else ():
            if content.has_content(copy, batch.raw_bytes_path.stat().st_size, batch.raw_sha256):
                return f"raw/{batch.raw_sha256}/{copy.name}"
        folder.mkdir(parents=True, exist_ok=True)
        self._written.add(relative)
        shutil.copyfile(batch.raw_bytes_path, path)
        return relative

    def finish(self) -> bool:
        """Write all partitions; returns whether the manifest is another one now."""
        self._write_oldest(0)
        self.summary.changed = self.manifest.dump() != self._before
        return self.summary.changed

    def commit(self) -> None:
        """Write and flush all partitions, replace the manifest, and remove the files that it does not name."""
        if not self.finish() and (self.root / manifest.NAME).exists():
            return
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(content.flush, (self.root / name for name in sorted(self._written))))
        for folder in sorted({(self.root / name).parent for name in self._written}):
            flush_folder(folder)
        manifest.write(self.root, self.manifest)
        content.sweep(self.root, self.manifest)

    def undo(self) -> None:
        """Remove the files of this import. The manifest was not replaced, so the old store is intact."""
        for name in self._written:
            (self.root / name).unlink(missing_ok=True)


def _same_file(one: Imported, other: Imported | Incoming) -> bool:
    return (one.source, one.raw_sha256) == (other.source, other.raw_sha256)


def lock_file(root: Path) -> Path:
    """Path of the lock file of a store."""
    return root / ".lock"


def _busy(root: Path) -> StoreError:
    return StoreError("another import is writing", where=str(root), todo="wait until it has ended, then try again")


def apply(root: Path, batches: Iterable[Incoming], *, again: bool) -> ImportSummary:
    """Apply batches to the store in `root`; see `Store.apply`."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with exclusive(lock_file(root), _busy(root)):
            contents = manifest.read(root) if (root / manifest.NAME).exists() else Manifest()
            writer = Writer(root, contents, Verifier(root))
            content.sweep(root, writer.manifest)
            try:
                writer.take(batches, again=again)
                writer.commit()
            except BaseException:
                writer.undo()
                raise
            return writer.summary
    except OSError as error:
        raise StoreError(
            "the store cannot be written",
            where=str(error.filename or root),
            found=error.strerror or type(error).__name__,
            todo="the old store is intact; free some space or change the rights, then import again",
        ) from None
