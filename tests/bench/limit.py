"""Our kernel against C++: a comparator with the same rules, and a prototype with fewer rules as a lower bound.

Both sides time the same part: the compaction and the walk of each block. Streams and clusters are prepared before.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtesting.measures import COLUMNS
from engine.backtesting.run import columns_of, walk_one, work_for
from engine.configuration import Configuration, params_matrix
from engine.kernel.codes import Staking
from engine.kernel.params import Params
from engine.schema import INSTANT_DTYPE
from engine.tape import Tape, from_frame
from tests.bench import comparator
from tests.bench.machine import cores

Row = dict[str, Any]
_MINUTE: Final = 60 * 10**9
_DAY_S: Final = 86_400
#: configurations that are timed one by one; their mean stands for all
_ALONE: Final = 6
REFERENCE: Final = Path(os.environ.get("BEA_REFERENCE_DIR", Path(__file__).parents[3] / "shared"))


def tape_of(n: int, seed: int = 1) -> Tape:
    """Up to six opportunities per event over three years: half wins, voids, CLV, four bookmakers, no commission."""
    rng = np.random.default_rng(seed)
    events = n // 6 + 1
    event = np.repeat(np.arange(events), 6)[:n]
    start = np.sort(rng.integers(0, _DAY_S * 365 * 3, events))[event] + 1_600_000_000
    odds = np.round(1.2 + rng.gamma(2, 1.2, n), 2)
    prob = np.clip((1.0 / odds) * (1.0 + rng.normal(-0.02, 0.05, n)), 0.001, 0.999)
    ends = np.where(rng.random(n) < 0.99 / odds, "win", "lose")
    draw = rng.random(n)
    ends = np.where(draw < 0.02, "void", np.where(draw < 0.04, "half_win", np.where(draw < 0.06, "half_lose", ends)))
    frame = pl.DataFrame(
        {
            "decided_at": pl.Series((start - rng.integers(300, _DAY_S, n)) * 10**9).cast(INSTANT_DTYPE),
            "settled_at": pl.Series((start + 6_500) * 10**9).cast(INSTANT_DTYPE),
            "odds": odds,
            "prob": prob,
            "result": ends,
            "event": event,
            "competition": (event % 7).astype(str),
            "selection": np.tile(["home", "draw", "away"], n // 3 + 1)[:n],
            "bookmaker": np.array(["a", "b", "c", "d"])[rng.integers(0, 4, n)],
            "close_prob": np.where(rng.random(n) < 0.3, np.nan, prob),
        }
    )
    return from_frame(
        frame.unique(["event", "selection", "bookmaker", "decided_at"], keep="first", maintain_order=True)
    )


def matrix_of(tape: Tape, count: int, passing: float, seed: int = 1) -> NDArray[np.float64]:
    """Flat, percent and Kelly stakes, caps and breakers on, filters that about a share `passing` of the rows passes."""
    rng = np.random.default_rng(seed)
    low, high = np.quantile(tape.edge_frac, [1.0 - passing * 1.5, 1.0 - passing * 0.5])
    many = []
    for number in range(count):
        staking = (Staking.FLAT, Staking.PERCENT, Staking.KELLY)[number % 3]
        many.append(
            Configuration(
                bankroll_minor=10_000_000,
                edge_min=float(rng.uniform(low, high)),
                odds_max=float(rng.choice([5.0, 8.0, math.inf])),
                staking=staking,
                amount_minor=float(rng.choice([5_000, 10_000, 20_000])),
                fraction=float(rng.choice([0.1, 0.25, 0.5] if staking is Staking.KELLY else [0.01, 0.02, 0.05])),
                stake_cap_frac=0.05,
                event_cap_frac=0.05,
                day_cap_frac=0.3,
                drawdown_stop_frac=float(rng.choice([0.2, 0.5])),
            )
        )
    return params_matrix(many)


def against_cpp(sizes: tuple[int, ...], counts: tuple[int, ...], repeat: int, say: Callable[[str], None]) -> list[Row]:
    """One row per size, count, share of passing rows and number of threads; empty without a compiler."""
    if comparator.compiler() is None:
        return []
    rows = []
    with tempfile.TemporaryDirectory(prefix="bea-bench-cpp-") as folder:
        program = comparator.build(Path(folder))
        for size in sizes:
            tape = tape_of(size)
            for count in counts:
                for passing in (0.02, 0.2):
                    say(f"against C++, {size:,} x {count:,}, {passing:.0%}")
                    rows += _cells(program, Path(folder), tape, matrix_of(tape, count, passing), passing, repeat)
    return rows


def _cells(
    program: Path, folder: Path, tape: Tape, matrix: NDArray[np.float64], passing: float, repeat: int
) -> list[Row]:
    comparator.prepare(tape, matrix, folder, 3)  # compiles the code
    prepared = comparator.prepare(tape, matrix, folder, 3)
    comparator.run_ours(prepared, 1)
    alone = _alone_ns(tape, matrix)
    rows = []
    for threads in sorted({1, cores()}):
        times = []
        for _ in range(repeat):
            ours, mine = comparator.run_ours(prepared, threads)
            theirs, other = comparator.run_theirs(program, prepared, threads)
            times.append((ours, theirs))
        steps = len(tape) * len(matrix)
        ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
        bets = float(mine[:, COLUMNS.index("n_bets")].sum())
        rows.append(
            {
                "rows": len(tape), "configurations": len(matrix), "passing": passing, "threads": threads,
                "seconds": ours, "cpp_seconds": theirs, "equal": comparator.same(mine, other),
                "ratio": statistics.median(a / b for a, b in times), "ns_per_step": ours / steps * 1e9,
                "ns_per_bet": ours / max(bets, 1.0) * 1e9, "shared_seconds": prepared.seconds,
                "shared_ns_per_row": prepared.seconds / len(tape) * 1e9, "alone_ns_per_step": alone,
                "times_alone": alone * steps * 1e-9 / ours,
            }
        )  # fmt: skip
    return rows


def _alone_ns(tape: Tape, matrix: NDArray[np.float64]) -> float:
    """Nanoseconds per row and configuration of our walk of a single configuration."""
    columns, work = columns_of(tape), work_for(tape)
    sample = matrix[:: max(1, len(matrix) // _ALONE)][:_ALONE]
    walk_one(columns, work, Params(*sample[0].tolist()), 3)
    start = perf_counter()
    for row in sample:
        walk_one(columns, work, Params(*row.tolist()), 3)
    return (perf_counter() - start) / len(tape) / len(sample) * 1e9


def against_prototype(repeat: int, say: Callable[[str], None], size: int = 1_000_000) -> list[Row]:
    """The prototype of the reference folder on its tape and configurations, against ours under the nearest rules.

    It has fewer rules (no reasons, no instants as batches, no commission of markets, no CLV count) and includes its
    preparation; the page states the differences. Empty if the folder, the compiler or AVX-512 is missing.
    """
    source = REFERENCE / "limit"
    if not (source / "sweep.cpp").is_file() or comparator.compiler() is None or "avx512f" not in _features():
        return []
    rows = []
    with tempfile.TemporaryDirectory(prefix="bea-bench-limit-") as text:
        folder = Path(text)
        generator = _module(source / "gen.py")
        say("the prototype in C++")
        flags = [*comparator.FLAGS, "-fopenmp", "-mprefer-vector-width=512", "-DKV=16"]
        program = folder / "sweep"
        words = ["g++", *flags, str(source / "sweep.cpp"), "-o", str(program)]
        subprocess.run(words, check=True, capture_output=True)
        ours = comparator.build(folder)
        columns = generator.make_tape(size)
        record, stream = generator.prepare(columns)
        for name, part in (("rec", record), ("stream", stream), ("event", columns["event"])):
            part.tofile(folder / f"{name}.bin")
        tape = _their_tape(columns)
        for passing in (0.02, 0.2):
            table = generator.make_cfg(columns, 1_000, passing)
            table[:, 6] *= table[:, 3]
            table[:, 3] = 1.0  # our rules charge commission on a market, theirs on a bet
            table.tofile(folder / "cfg.bin")
            rows.append(_prototype_cell(program, ours, folder, tape, table, passing, repeat))
    return rows


def _prototype_cell(
    program: Path, ours: Path, folder: Path, tape: Tape, table: NDArray[np.float64], passing: float, repeat: int
) -> Row:
    prepared = comparator.prepare(tape, params_matrix([_their_configuration(row) for row in table]), folder, 3)
    words = [str(program), str(folder), str(len(tape)), str(folder / "cfg.bin"), str(len(table)), "compact", "1", "0"]
    comparator.run_ours(prepared, 1)
    times = []
    for _ in range(repeat):
        output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        seconds = float(re.findall(r" t=([0-9.]+)s", output)[0])
        cpp, _ = comparator.run_theirs(ours, prepared, 1)
        kernel, _ = comparator.run_ours(prepared, 1)
        times.append((kernel, cpp, seconds))
    mine, theirs, proto = (list(column) for column in zip(*times, strict=True))
    return {
        "rows": len(tape), "configurations": len(table), "passing": passing,
        "seconds": statistics.median(mine), "cpp_seconds": statistics.median(theirs),
        "prototype_seconds": statistics.median(proto),
        "ratio": statistics.median(a / c for a, _, c in times),
        "cpp_ratio": statistics.median(b / c for _, b, c in times),
    }  # fmt: skip


def _their_tape(columns: dict[str, NDArray[Any]]) -> Tape:
    ends = {-1.0: "lose", -0.5: "half_lose", 0.0: "void"}
    gains, odds = columns["g"], columns["odds"]
    half = (gains > 0) & (gains < odds - 1.0 - 1e-9)
    names = np.where(gains > 0, np.where(half, "half_win", "win"), "")
    for gain, name in ends.items():
        names = np.where(gains == gain, name, names)
    minutes = [pl.Series(columns[name].astype(np.int64) * _MINUTE).cast(INSTANT_DTYPE) for name in ("t_dec", "t_set")]
    frame = pl.DataFrame(
        {
            "decided_at": minutes[0], "settled_at": minutes[1], "odds": odds, "prob": columns["p"], "result": names,
            "event": columns["event"], "close_prob": 1.0 / columns["close"],
            "selection": np.arange(len(odds)).astype(str),
        }
    )  # fmt: skip
    return from_frame(frame)


def _their_configuration(row: NDArray[np.float64]) -> Configuration:
    low, odds_low, odds_high, _, amount, percent, kelly = row[:7].tolist()
    staking = Staking.FLAT if amount else Staking.PERCENT if percent else Staking.KELLY
    return Configuration(
        bankroll_minor=1e7, edge_min=low, odds_min=odds_low, odds_max=odds_high, staking=staking, amount_minor=amount,
        fraction=percent or kelly, bet_cap_frac=row[7], event_cap_frac=row[8], day_cap_frac=row[9],
        open_cap_frac=row[10], drawdown_warn_frac=math.inf if row[11] <= 0 else 1.0 - row[11],
        drawdown_warn_factor=1.0, drawdown_stop_frac=1.0 - row[11], drawdown_reset_after_ns=math.inf,
        daily_loss_frac=1.0 - row[12], stake_min_minor=row[13], streak_warn=math.inf, streak_stop=row[14],
        streak_cool_off_ns=row[15] * _MINUTE,
    )  # fmt: skip


def _features() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = keep
    return module
