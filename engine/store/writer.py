"""An import: batches in, new content files beside the old ones, one swap of the manifest, old files swept."""

from __future__ import annotations

import hashlib
import shutil
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import polars as pl

from engine.errors import StoreError
from engine.files import exclusive, flush_folder
from engine.schema import EVENTS, QUARANTINE, QUOTES
from engine.store import content, manifest, merge
from engine.store import manifest as layout
from engine.store.incoming import ImportSummary, Incoming
from engine.store.manifest import Entry, Imported, Manifest
from engine.store.partition import Held
from engine.store.verify import Verifier

Partition = tuple[str, str, str]
_PARTITION = ("sport", "competition", "season")
_HELD_ROWS = 1_500_000  # quotes kept in memory before the oldest partitions are written


class Writer:
    """Applies batches to one store; used once, inside the lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest: Manifest = manifest.read(root) if (root / manifest.NAME).exists() else Manifest()
        self.summary = ImportSummary()
        self._verifier = Verifier(root)
        self._held: OrderedDict[Partition, Held] = OrderedDict()
        self._written: set[str] = set()
        self._known = self.manifest.known()
        self._before = self.manifest.dump()

    def take(self, batches: Iterable[Incoming], *, again: bool) -> None:
        """Merge all batches in their order; files known already are counted and left out."""
        for batch in batches:
            if batch.refused is None and (batch.unchanged or (batch.identity in self._known and not again)):
                self.summary.files_known += 1
            else:
                self.add(batch)

    def add(self, batch: Incoming) -> None:
        """Merge one batch; a refused one is named in the summary and leaves nothing."""
        summary = self.summary
        if batch.refused is not None:
            summary.refused.append((batch.name, str(batch.refused)))
            return
        summary.files_read += 1
        counts = summary.count(batch)
        for partition_events in batch.events.partition_by("sport", "competition", maintain_order=True):
            self._merge_competition(partition_events, batch)
        self._put_quarantine(batch)
        raw = self._keep_raw(batch)
        self._remember(Imported(batch.source, batch.name, batch.raw_sha256, batch.identity, counts, raw))
        self._let_go(_HELD_ROWS)

    def _remember(self, done: Imported) -> None:
        """Note an import; one of the same bytes and source that was read in another way gives its place to it."""
        if done.key:
            self._known.add(done.key)
        imports = self.manifest.imports
        for place, old in enumerate(imports):
            if (old.source, old.raw_sha256) == (done.source, done.raw_sha256):
                imports[place] = done
                return
        imports.append(done)

    def _merge_competition(self, new: pl.DataFrame, batch: Incoming) -> None:
        sport, competition = new["sport"][0], new["competition"][0]
        first, last = new["date"].min(), new["date"].max()
        seen = merge.seen_at(batch.quotes)
        seasons = set(new["season"].unique().to_list())
        in_memory = {p for p in self._held if p[:2] == (sport, competition)}
        stored = {
            e.partition
            for e in self.manifest.of("events")
            if e.partition[:2] == (sport, competition) and e.spans(first, last)  # type: ignore[arg-type]
        }
        others = sorted(p for p in in_memory | stored if p[2] not in seasons)
        carried: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        for partition in others:
            self._withdraw(partition, new, batch.raw_sha256, seen)
            taken = self._state(partition).remove(new.select("event_id"))
            if taken[0].height:
                carried.append(taken)
        for rows in new.partition_by("season", maintain_order=True):
            partition = (sport, competition, rows["season"][0])
            self._withdraw(partition, new, batch.raw_sha256, seen)
            quotes = batch.quotes.join(rows.select("event_id"), on="event_id", how="semi")
            held = self._state(partition)
            for events, prices in carried:
                own = rows.select("event_id")
                held.carry(events.join(own, on="event_id", how="semi"), prices.join(own, on="event_id", how="semi"))
            held.add(rows, quotes)
            self.summary.partitions.add(partition)

    def _withdraw(self, partition: Partition, new: pl.DataFrame, raw_sha256: str, seen: datetime | None) -> None:
        held = self._state(partition)
        moved = merge.moved_fixtures(held.events, new, raw_sha256, seen)
        if moved.height:
            named = (*_PARTITION, "date", "home", "away", "moved_to", "n_quotes")
            self.summary.withdrawn += held.withdraw(moved).select(named).to_dicts()

    def _state(self, partition: Partition) -> Held:
        state = self._held.get(partition)
        if state is None:
            state = Held(
                self._load("events", partition, pl.DataFrame(schema=EVENTS)),
                self._load("quotes", partition, pl.DataFrame(schema=QUOTES)),
                self._load("withdrawn", partition, pl.DataFrame(schema=merge.WITHDRAWN)),
                self.summary,
            )
            self._held[partition] = state
        self._held.move_to_end(partition)
        return state

    def _load(self, table: str, partition: Partition, empty: pl.DataFrame) -> pl.DataFrame:
        entries = [e for e in self.manifest.files.values() if e.table == table and e.partition == partition]
        frames = [pl.read_parquet(p, hive_partitioning=False) for p in self._verifier.paths(entries)]
        return pl.concat(frames) if frames else empty

    def _let_go(self, limit: int) -> None:
        """Write and forget the partitions used longest ago until at most `limit` quotes are held."""
        total = sum(s.n_quotes for s in self._held.values())
        while self._held and (total > limit or limit == 0):
            partition, state = self._held.popitem(last=False)
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
        facts = content.facts(table, frame)
        entry = Entry(
            table, hashlib.sha256(raw).hexdigest(), len(raw), frame.height, sport, competition, season, **facts
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
        if entry.path not in self._written and not content.is_file_of(path, len(raw), entry.sha256):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._written.add(entry.path)
            path.write_bytes(raw)
        self.manifest.files[entry.path] = entry

    def _keep_raw(self, batch: Incoming) -> str:
        if batch.raw_bytes_path is None:
            return ""
        relative = layout.raw_file(batch.raw_sha256, batch.name)
        path = self.root / relative
        folder = path.parent
        for kept in sorted(folder.iterdir()) if folder.is_dir() else ():
            if content.is_file_of(kept, batch.raw_bytes_path.stat().st_size, batch.raw_sha256):
                return f"raw/{batch.raw_sha256}/{kept.name}"
        folder.mkdir(parents=True, exist_ok=True)
        self._written.add(relative)
        shutil.copyfile(batch.raw_bytes_path, path)
        return relative

    def commit(self) -> None:
        """Write what is held, flush it to the disk, swap the manifest, sweep what is no longer named."""
        self._let_go(0)
        self.summary.changed = self.manifest.dump() != self._before
        if not self.summary.changed and (self.root / manifest.NAME).exists():
            return
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(content.flush, (self.root / name for name in sorted(self._written))))
        for folder in sorted({(self.root / name).parent for name in self._written}):
            flush_folder(folder)
        manifest.write(self.root, self.manifest)
        content.sweep(self.root, self.manifest)

    def undo(self) -> None:
        """Remove what this import has written; the manifest was not swapped, so the old store stands."""
        for name in self._written:
            (self.root / name).unlink(missing_ok=True)


def lock_file(root: Path) -> Path:
    """The file that an import locks."""
    return root / ".lock"


def _busy(root: Path) -> StoreError:
    return StoreError("another import is writing", where=str(root), todo="wait until it has ended, then try again")


def apply(root: Path, batches: Iterable[Incoming], *, again: bool) -> ImportSummary:
    """Apply batches to the store in `root`; see `Store.apply`."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with exclusive(lock_file(root), _busy(root)):
            writer = Writer(root)
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
            todo="the old store is intact; make room or rights, then import again",
        ) from None
