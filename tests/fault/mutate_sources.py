"""Damage real files as they get damaged, and compare every accepted value: python tests/fault/mutate_sources.py

    python tests/fault/mutate_sources.py --count 2000 [--seed 0] [--shared DIR] [--processes 2] [--number N]

Each mutant is one real file with one seeded damage: names of the header, cells, delimiters, commas, dates, cuts,
encodings, repeated rows, line ends. Requirements:

- A value that is accepted from the mutant is a value of the original, or its line is named in the quarantine.
- Where one row is damaged, at least 95 % of the other rows are accepted.

Some damage cannot be detected in principle: 12.5 that became 12.6, a date that became another date of the season. Such
mutants are counted apart. `--number N` shows one mutant.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.source.batch import Parsed
from engine.source.mapping import mapping_text
from engine.source.sandbox.worker import parse
from tests.fault.mutations import MUTATIONS, Mutant

LEAST_ROWS = 0.95
#: Columns of events that say where a row comes from, or follow from others.
_IDENTITY = ("event_id", "raw_line", "raw_file", "source", "starts_at_basis", "settled_at", "settled_at_basis")
_KEY = ("sport", "competition", "date", "home", "away")
#: Flags of a file with columns that are not read, such as misspelt ones.
_UNREAD = "unknown column|without a name|lacks this"
_PRICE = ("market", "line", "selection", "bookmaker", "side", "instant")


@dataclass
class Outcome:
    """What became of one mutant."""

    name: str
    refused: bool = False
    wrong: list[str] = field(default_factory=list)
    apart: int = 0
    named: int = 0
    lost: str = ""


def seed_files(shared: Path, largest_bytes: int = 1 << 30) -> list[tuple[str, Path]]:
    """Source and path of all real tables of text, up to a size."""
    folders = {
        "football_data": ("football_data", "football_data_leagues", "football_data_rebuilt", "football_data_extra"),
        "tennis_data": ("tennis_data",),
        "nfl": ("nfl",),
        "football_open_close": ("football_open_close",),
    }
    paths = [(s, p) for s, names in folders.items() for n in names for p in sorted((shared / "data" / n).glob("*.csv"))]
    return [(source, path) for source, path in paths if path.stat().st_size <= largest_bytes]


def read(source: str, raw: bytes, name: str) -> Parsed:
    """Read bytes as a file of a source, in this process."""
    generic = source not in ("football_data", "tennis_data")
    mapping, mapping_name = mapping_text(source) if generic else ("", "")
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        return parse({
            "path": file.name, "name": name, "source": source, "today": "2026-11-01",
            "reader": "generic_csv" if generic else source, "sha256": hashlib.sha256(raw).hexdigest(),
            "mapping": mapping, "mapping_name": mapping_name,
        })  # fmt: skip


def facts(parsed: Parsed) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Events and prices as dictionaries: key to (line, value)."""
    columns = [c for c in parsed.events.columns if c not in (*_IDENTITY, *_KEY)]
    events = {
        row[: len(_KEY)]: (row[len(_KEY)], row[len(_KEY) + 1 :])
        for row in parsed.events.select(*_KEY, "raw_line", *columns).iter_rows()
    }
    joined = parsed.quotes.join(parsed.events.select("event_id", "raw_line", *_KEY), on="event_id")
    prices = {row[:-2]: (row[-2], row[-1]) for row in joined.select(*_KEY, *_PRICE, "raw_line", "odds").iter_rows()}
    return events, prices


@lru_cache(maxsize=400)
def original(source: str, path: Path) -> tuple[bytes, dict[Any, Any], dict[Any, Any]]:
    """Bytes, events and prices of a real file."""
    raw = path.read_bytes()
    return raw, *facts(read(source, raw, path.name))


def judge(source: str, path: Path, mutant: Mutant, name: str) -> Outcome:
    """Read a mutant and compare what it gives with the original."""
    _, events, prices = original(source, path)
    outcome = Outcome(name)
    try:
        parsed = read(source, mutant.raw, path.name)
    except SourceError as error:
        assert str(error).isprintable() and "\n" not in str(error), f"{name}: {error!r}"
        outcome.refused = True
        if mutant.line is not None:
            outcome.lost = f"a file with one damaged row is refused: {error}"
        return outcome
    assert parsed.counts.add_up, name
    lines = set(parsed.quarantine["line"].drop_nulls().to_list())
    new_names, unread = set(parsed.counts.new_names), _flagged(parsed.quarantine, _UNREAD)
    letters = _flagged(parsed.quarantine, "not UTF-8")
    now_events, now_prices = facts(parsed)
    for known, found in ((events, now_events), (prices, now_prices)):
        for key, (line, value) in found.items():
            if known.get(key, (0, None))[1] == value:
                continue
            if mutant.undetectable and line == mutant.line:
                outcome.apart += 1
            elif (
                line in lines
                or {key[3], key[4]} & new_names
                or (unread and known is events and key in events)
                or (letters and key not in known)  # the name of its competition has letters that are doubtful
            ):
                outcome.named += 1
            else:
                outcome.wrong.append(f"line {line}: {key} is {value}, was {known.get(key, (0, None))[1]}")
    if mutant.line is not None:
        rest = {key for key, (line, _) in events.items() if line != mutant.line}
        kept = len(rest & set(now_events))
        if kept < LEAST_ROWS * len(rest):
            outcome.lost = f"{kept} of {len(rest)} untouched rows are accepted"
    return outcome


def _flagged(quarantine: pl.DataFrame, pattern: str) -> bool:
    """Whether the file as a whole has a flag with such a reason."""
    flags = quarantine.filter((pl.col("kind") == "flag") & pl.col("line").is_null())
    return bool(flags["reason"].str.contains(pattern).any())


def run(shared: Path, numbers: range, seed: int, largest_bytes: int = 1 << 30) -> list[Outcome]:
    """Judge the mutants of some numbers."""
    files, outcomes = seed_files(shared, largest_bytes), []
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        source, path = files[int(rng.integers(0, len(files)))]
        mutation = MUTATIONS[number % len(MUTATIONS)]
        mutant = mutation(original(source, path)[0], rng)
        outcomes.append(judge(source, path, mutant, f"{mutation.__name__} {path.name} --number {number} --seed {seed}"))
    return outcomes


def report(outcomes: list[Outcome]) -> str:
    """A line for each kind of damage, and the totals."""
    kinds = sorted({outcome.name.split()[0] for outcome in outcomes})
    rows = [f"{'damage':<22}{'mutants':>8}{'refused':>8}{'wrong':>8}{'lost':>8}{'apart':>8}"]
    for kind in [*kinds, ""]:
        group = [o for o in outcomes if o.name.split()[0] == kind or not kind]
        count: Counter[str] = Counter()
        for o in group:
            count.update(refused=o.refused, wrong=bool(o.wrong), lost=bool(o.lost), apart=bool(o.apart))
        cells = [len(group), *(count[name] for name in ("refused", "wrong", "lost", "apart"))]
        rows.append(f"{kind or 'all':<22}" + "".join(f"{cell:>8}" for cell in cells))
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="damage real files and compare every accepted value")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, help="one mutant")
    parser.add_argument("--processes", type=int, default=2)
    default = os.environ.get("BEA_REFERENCE_DIR", Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--shared", type=Path, default=default)
    options = parser.parse_args()
    begin, shared = time.monotonic(), Path(options.shared)
    if options.number is not None:
        outcomes = run(shared, range(options.number, options.number + 1), options.seed)
    else:
        step = max(1, options.count // 40)
        parts = [range(i, min(i + step, options.count)) for i in range(0, options.count, step)]
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            outcomes = [o for part in pool.starmap(run, [(shared, p, options.seed) for p in parts]) for o in part]
    for outcome in outcomes:
        for line in [*outcome.wrong[:3], *([outcome.lost] if outcome.lost else [])]:
            sys.stdout.write(f"{outcome.name}: {line}\n")
    sys.stdout.write(f"{report(outcomes)}\n{time.monotonic() - begin:.0f} s\n")
    return int(any(o.wrong or o.lost for o in outcomes))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(main())
