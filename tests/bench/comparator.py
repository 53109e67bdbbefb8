"""A sweep in C++ with the same rules: built by the system's compiler, given the same streams, compared bit for bit."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.backtesting import block
from engine.backtesting.measures import COLUMNS, METRICS
from engine.backtesting.plan import Class, classes, lane_classes
from engine.kernel.codes import REASONS
from engine.kernel.lanes.cells import COUNT_BITS, COUNT_MAX, FIRST_COUNTED, N_COUNTED
from engine.kernel.lanes.walk import walk_lanes
from engine.kernel.params import FIELD
from engine.tape import Tape

Matrix = NDArray[np.float64]

SOURCES: Final = Path(__file__).parent / "cpp"
#: GCC vectorises floor and rint only if it may ignore floating-point traps
FLAGS: Final = (
    "-O3", "-std=c++17", "-march=native", "-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno", "-pthread",
)  # fmt: skip
#: columns that the program writes for each configuration, before the counts of reasons
_OUT: Final = (
    "cash", "open", "n_won", "n_void", "n_open", "turnover_minor", "max_drawdown_frac", "clv_sum", "clv_n",
    "longest_losing_streak", "commission_minor", "n_streak_warnings",
)  # fmt: skip


def compiler() -> str | None:
    """Path of the system's C++ compiler, or None if there is none."""
    return shutil.which("g++")


def table() -> str:
    """The header with the numbers of parameters and of the reasons that lanes count, as the kernel has them."""
    parts = ["#pragma once", "namespace bet {"]
    for space, names in (("param", tuple(FIELD)), ("reason", REASONS[FIRST_COUNTED:])):
        members = ", ".join(name.upper() for name in (*names, "count"))
        parts.append(f"namespace {space} {{ enum {{ {members} }}; }}")
    parts.append(f"constexpr int COUNT_BITS = {COUNT_BITS}, COUNT_MAX = {COUNT_MAX};\n}}\n")
    return "\n".join(parts)


def build(folder: Path) -> Path:
    """Compile the comparator and return the program. It is built again only if its sources or flags changed."""
    gxx = compiler()
    if gxx is None:
        raise FileNotFoundError("g++")
    wide = ["-mprefer-vector-width=512"] if "avx512f" in _features() else []
    text = b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir())) + table().encode()
    name = hashlib.blake2b(text + " ".join([*FLAGS, *wide]).encode(), digest_size=8).hexdigest()
    program = folder / f"comparator-{name}"
    if not program.exists():
        (folder / "table.hpp").write_text(table())
        words = [gxx, *FLAGS, *wide, f"-I{folder}", str(SOURCES / "comparator.cpp"), "-o", str(program)]
        subprocess.run(words, check=True, capture_output=True)
    return program


def _features() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


@dataclass(frozen=True)
class Prepared:
    """Classes of configurations over one tape, ready for both programs. Timing starts after this."""

    plans: list[Class]
    folder: Path
    seconds: float  # of the preparation, by the code of the project


def prepare(tape: Tape, matrix: Matrix, folder: Path, seed: int) -> Prepared:
    """Make streams, slots and clustered configurations, and write them as files for the comparator."""
    start = perf_counter()
    plans = list(lane_classes(tape, matrix, classes(matrix), seed))
    seconds = perf_counter() - start
    lines = []
    for number, plan in enumerate(plans):
        shared = plan.shared
        sizes = (
            len(plan.matrix), shared.n_bets, shared.n_events, shared.n_competitions, shared.n_commission_markets,
            shared.n_questions,
        )  # fmt: skip
        lines.append(" ".join(map(str, (number, *sizes))))
        parts = {
            "rows": shared.stream.rows, "edges": shared.edges, "odds": shared.odds, "codes": shared.stream.codes,
            "matrix": plan.matrix, "midnights": shared.stream.midnights,
        }  # fmt: skip
        for name, part in parts.items():
            np.ascontiguousarray(part).tofile(folder / f"{number}.{name}")
    (folder / "classes.txt").write_text("\n".join(lines) + "\n")
    return Prepared(plans, folder, seconds)


def run_ours(prepared: Prepared, threads: int) -> tuple[float, Matrix]:
    """Seconds and measures of the project's kernel over the prepared classes."""
    out = np.empty((sum(len(plan.matrix) for plan in prepared.plans), len(COLUMNS)))
    jobs: list[tuple[Class, slice, slice]] = []
    first = 0
    for plan in prepared.plans:
        jobs += [(plan, part, slice(first + part.start, first + part.stop)) for part in plan.parts()]
        first += len(plan.matrix)

    def work(job: tuple[Class, slice, slice]) -> None:
        out[job[2]] = block.run_block(job[0], job[1], walk_lanes).measures

    with ThreadPoolExecutor(threads) as pool:
        start = perf_counter()
        list(pool.map(work, jobs))
        return perf_counter() - start, out


def run_theirs(program: Path, prepared: Prepared, threads: int) -> tuple[float, Matrix]:
    """Seconds and results of the comparator, one row per configuration: columns of `_OUT` and the counts of reasons."""
    with tempfile.NamedTemporaryFile(dir=prepared.folder) as out:
        words = [str(program), str(prepared.folder), str(threads), "1", out.name]
        seconds = float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        return seconds, np.fromfile(out.name).reshape(-1, len(_OUT) + N_COUNTED)


def same(ours: Matrix, theirs: Matrix) -> bool:
    """Whether all measures and counts that both programs give are equal bit for bit."""
    column = {name: ours[:, number] for number, name in enumerate(COLUMNS)}
    raw = {name: theirs[:, number] for number, name in enumerate(_OUT)}
    reasons = ours[:, len(METRICS) + FIRST_COUNTED :][:, :N_COUNTED]
    with np.errstate(divide="ignore", invalid="ignore"):
        clv = np.where(raw["clv_n"] > 0, raw["clv_sum"] / raw["clv_n"], np.nan)
    pairs = [
        (column["bankroll_final_minor"], raw["cash"] + raw["open"]), (column["clv_mean"], clv),
        (reasons, theirs[:, len(_OUT) :]),
        *((column[name], raw[name]) for name in _OUT if name in column),
    ]  # fmt: skip
    return all(np.array_equal(left, right, equal_nan=True) for left, right in pairs)
