"""Damage real files at random and read them: python tests/fault/fuzz_sources.py --count 2000 [--seed 0] [--shared DIR]

It goes through all files of all sources with one seeded mutation each. Requirements: no traceback, no reading over 10 s
(the limit of the child process), counts that add up, frames of the right schema, valid prices, and a quarantine entry
for everything that is rejected.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.source.batch import Parsed
from engine.source.mapping import mapping_text
from engine.source.sandbox.process import Child, Limits

SLOWEST_SECONDS = 10.0
Mutation = Callable[[bytes, np.random.Generator], bytes]


def _at(raw: bytes, rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(0, max(len(raw), 1), n)


def flips(raw: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(raw)
    for at in _at(raw, rng, int(rng.integers(1, 200))) if data else ():
        data[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(data)


def truncation(raw: bytes, rng: np.random.Generator) -> bytes:
    return raw[: int(_at(raw, rng, 1)[0])]


def repeated_lines(raw: bytes, rng: np.random.Generator) -> bytes:
    lines = raw.split(b"\n")
    repeated = rng.integers(0, len(lines), 20)
    return b"\n".join(lines + [lines[i] for i in repeated] + lines[:1])


def encoding(raw: bytes, rng: np.random.Generator) -> bytes:
    target = ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp500", "shift_jis"][rng.integers(0, 6)]
    return raw.decode("latin-1").encode(target, "replace")


def quotes(raw: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(raw)
    for at in sorted(_at(raw, rng, int(rng.integers(1, 400))), reverse=True):
        data[at:at] = b'"'
    return bytes(data)


def null_bytes(raw: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(raw)
    for at in _at(raw, rng, 100) if data else ():
        data[at] = 0
    return bytes(data)


def header(raw: bytes, rng: np.random.Generator) -> bytes:
    head, _, rest = raw.partition(b"\n")
    names = head.split(b",")
    for at in rng.integers(0, len(names), 3):
        names[at] = [b"", b"Date", b"H", b"FTR", b"AHh", b"\xff", names[at].lower()][rng.integers(0, 7)]
    return b",".join(names) + b"\n" + rest


def shuffled_header(raw: bytes, rng: np.random.Generator) -> bytes:
    head, _, rest = raw.partition(b"\n")
    names = head.rstrip(b"\r").split(b",")
    return b",".join(names[i] for i in rng.permutation(len(names))) + b"\n" + rest


def dates(raw: bytes, rng: np.random.Generator) -> bytes:
    forms = [rb"\2/\1/\3", rb"\3/\1/\2", rb"99/99/9999", rb"\1.\2.\3", rb"31/02/\3", rb"\1/\2/9\3"]
    form = forms[rng.integers(0, len(forms))]
    return re.sub(rb"(\d\d)/(\d\d)/(\d+)", lambda m: m.expand(form) if rng.random() < 0.3 else m[0], raw)


def odds(raw: bytes, rng: np.random.Generator) -> bytes:
    worst = [b"0", b"1", b"-1", b"NaN", b"1e308", b"inf", b"-inf", b"1e-308", b"1,5", b"0x10", b"1_0", b"9" * 400]
    lines = raw.split(b"\n")
    for at in rng.integers(0, len(lines), 60):
        cells = lines[at].split(b",")
        cells[rng.integers(0, len(cells))] = worst[rng.integers(0, len(worst))]
        lines[at] = b",".join(cells)
    return b"\n".join(lines)


def separators(raw: bytes, rng: np.random.Generator) -> bytes:
    return raw.replace(
        *[(b",", b";"), (b"\n", b"\r"), (b"\n", b"\r\n\n"), (b"\n", b""), (b",", b",,")][rng.integers(0, 5)]
    )


MUTATIONS: tuple[Mutation, ...] = (
    flips, truncation, repeated_lines, encoding, quotes, null_bytes, header, shuffled_header, dates, odds,
    separators,
)  # fmt: skip


@dataclass(frozen=True)
class SeedFile:
    """A real file and its source."""

    source: str
    name: str
    raw: bytes


def seed_files(shared: Path, largest_bytes: int = 1 << 30) -> list[SeedFile]:
    """All real files up to a size, and every fiftieth member of the snapshot archives."""
    data = shared / "data"
    paths: list[tuple[str, Path]] = []
    for folder in ("football_data", "football_data_leagues", "football_data_rebuilt", "football_data_extra", "dirt"):
        paths += [("football_data", p) for p in sorted((data / folder).glob("*.csv"))]
    paths += [("tennis_data", p) for p in sorted((data / "tennis_data").iterdir())]
    for source in ("nfl", "football_open_close", "football_many_markets"):
        paths += [(source, p) for p in sorted((data / source).glob("*.csv"))]
    paths += [("the_odds_api", p) for p in sorted((data / "the_odds_api").rglob("*.json"))]
    files = [SeedFile(s, p.name, p.read_bytes()) for s, p in paths if p.stat().st_size <= largest_bytes]
    for path in sorted((data / "the_odds_api_snapshots").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            files += [
                SeedFile("the_odds_api_snapshots", f"{path.name}!{name}", archive.read(name))
                for name in archive.namelist()[::50]
            ]
    return files


def check(parsed: Parsed) -> None:
    """Check the requirements on a file that was read."""
    counts, quarantine = parsed.counts, parsed.quarantine
    assert counts.add_up, counts
    assert counts.prices_kept == parsed.quotes.height
    kinds = Counter(quarantine["kind"].to_list())
    assert kinds["row"] == counts.rows_quarantined and kinds["blank"] == counts.rows_blank
    assert kinds["flag"] == counts.flags and kinds["cell"] >= counts.prices_quarantined
    odds_ = parsed.quotes["odds"]
    assert bool(odds_.is_finite().all()) and bool((odds_ > 1.0).all())
    assert parsed.events["event_id"].is_unique().all() and parsed.events.height <= counts.rows_kept
    assert parsed.quotes.join(parsed.events, on="event_id", how="anti").is_empty()
    played = parsed.events.filter(pl.col("winner").is_not_null())
    assert played["settled_at"].null_count() == 0


def fuzz(shared: Path, count: int, seed: int, largest_bytes: int = 1 << 30) -> tuple[int, int, float]:
    """Read `count` damaged files. Returns (files read, files refused, slowest in seconds).

    Raises
    ------
    AssertionError
        A file violated a requirement; the message names file, mutation and seed.
    """
    files = seed_files(shared, largest_bytes)
    read = refused = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, Child(Limits(wall_seconds=SLOWEST_SECONDS)) as child:
        path = Path(folder) / "damaged"
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            file, mutation = files[number % len(files)], MUTATIONS[int(rng.integers(0, len(MUTATIONS)))]
            case = f"{file.name} {mutation.__name__} --seed {seed} (number {number})"
            raw = mutation(file.raw, rng)
            path.write_bytes(raw)
            generic = file.source not in ("football_data", "tennis_data")
            mapping, mapping_name = mapping_text(file.source) if generic else ("", "")
            request = {
                "path": str(path), "name": file.name, "source": file.source, "today": "2026-11-01",
                "reader": "generic_csv" if generic else file.source, "sha256": hashlib.sha256(raw).hexdigest(),
                "mapping": mapping, "mapping_name": mapping_name,
            }  # fmt: skip
            begin = time.monotonic()
            try:
                check(child.read(request))
                read += 1
            except SourceError as error:
                text = str(error)
                broken = any(sign in text for sign in ("the reader failed", "crashed", "longer than", "\n"))
                assert not broken, f"{case}: {text}"
                refused += 1
            except AssertionError as error:
                raise AssertionError(f"{case}: {error}") from error
            slowest = max(slowest, time.monotonic() - begin)
    return read, refused, slowest


def main() -> None:
    parser = argparse.ArgumentParser(description="damage real files and read them")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    default = os.environ.get("BEA_REFERENCE_DIR", Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--shared", type=Path, default=default)
    arguments = parser.parse_args()
    begin = time.monotonic()
    read, refused, slowest = fuzz(Path(arguments.shared), arguments.count, arguments.seed)
    seconds = time.monotonic() - begin
    sys.stdout.write(f"{read} read, {refused} refused, slowest {slowest:.2f} s, {seconds:.0f} s in total\n")


if __name__ == "__main__":
    main()
