"""Cost of the statistics of luck: ``python -m tests.bench.luck``. Each job runs in a separate process.

Returns are noise of configurations that share a tenth of their variance, in the layout of a sweep: the days of a
configuration side by side. Seconds are the median of the repetitions, CPU seconds those of all threads per repetition.
Memory is the peak of the process, and the part of it beyond the returns.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.machine import peak_bytes
from research.inference.closing_line import PricedBets, best_test, estimates
from research.inference.effective_trials import effective_trials
from research.inference.multipliers import null_maxima
from research.inference.overfit import overfitting
from research.inference.superiority import BootstrapMoments, bootstrap_moments, reality_check, spa_test, survivors
from research.validation.choice import cross_validate, walk_forward
from research.validation.folds import Cuts
from research.validation.rules import Rules
from research.validation.slices import fold_sums
from research.verdict.at_level import LevelStakes
from tests.bench.machine import cores
from tests.research.verdict.assessed import assessed

Row = dict[str, Any]
Returns = NDArray[np.float32]
Work = Callable[[], object]

RESAMPLES: Final = 1_000
LENGTH: Final = 3.0
_FOLDS: Final = 10
_SHARED: Final = 0.1


def returns_of(configurations: int, days: int) -> Returns:
    """Returns, float32 (days, configurations), column by column in memory; a twentieth earns 0.02 deviations a day."""
    rng = np.random.default_rng(1)
    returns = rng.standard_normal((configurations, days), np.float32) * np.float32((1.0 - _SHARED) ** 0.5)
    returns += rng.standard_normal(days, np.float32) * np.float32(_SHARED**0.5)
    returns[: configurations // 20] += np.float32(0.02)
    returns *= np.float32(0.01)
    return returns.T


def _moments(returns: Returns) -> BootstrapMoments:
    return bootstrap_moments(returns, LENGTH, RESAMPLES, np.random.default_rng(2))


def _pbo(returns: Returns) -> Work:
    return lambda: overfitting(returns, 16).probability


def _spa(returns: Returns) -> Work:
    return lambda: spa_test(_moments(returns))


def _spa_and_stepm(returns: Returns) -> Work:
    def work() -> object:
        moments = _moments(returns)
        return spa_test(moments), survivors(moments)

    return work


def _all_of_resamples(returns: Returns) -> Work:
    def work() -> object:
        moments, maxima = _moments(returns), null_maxima(returns, dt.date(2012, 1, 1))
        trials = effective_trials(maxima, returns.shape[1])
        return spa_test(moments), survivors(moments), reality_check(moments), trials

    return work


def _cuts(days: int) -> Cuts:
    starts = np.linspace(0, days, _FOLDS + 1).round().astype(np.int64)
    table = np.stack([starts[:-1], starts[:-1] + 1, starts[1:] - 1, starts[1:] - 1, starts[1:]], axis=1)
    return Cuts(table, np.abs(np.subtract.outer(np.arange(_FOLDS), np.arange(_FOLDS))) == 1)


def _marks(returns: Returns, cuts: Cuts) -> NDArray[np.float64]:
    """Counts and stakes before each boundary: one bet of 100 a day."""
    edges = cuts.days.ravel().astype(np.float64)
    return np.broadcast_to(np.stack([edges, 100.0 * edges], axis=1), (returns.shape[1], len(edges), 2))


def _slices(returns: Returns) -> Work:
    cuts = _cuts(len(returns))
    marks, days = _marks(returns, cuts), returns.T
    return lambda: fold_sums(days, days, marks, cuts)


def _walk_forward(returns: Returns) -> Work:
    cuts = _cuts(len(returns))
    sums = fold_sums(returns.T, returns.T, _marks(returns, cuts), cuts)
    return lambda: walk_forward(sums, Rules(folds=_FOLDS), cuts.touching)


def _cpcv(returns: Returns) -> Work:
    cuts = _cuts(len(returns))
    sums = fold_sums(returns.T, returns.T, _marks(returns, cuts), cuts)
    return lambda: cross_validate(sums, Rules(name="cpcv", folds=_FOLDS, test_folds=8), cuts.touching)


def _weigh(returns: Returns) -> Work:
    level = LevelStakes(returns, np.full(returns.shape[1], float(len(returns))))
    return lambda: assessed(returns, 0, 1, level=level)


def _price(returns: Returns) -> Work:
    """One bet a day with a closing price; closing line values are a tenth of the returns."""
    staked, all_of_them = np.full(returns.shape[1], float(len(returns))), np.ones(returns.shape[1], np.bool_)
    bets = PricedBets(returns.T * np.float32(100.0), returns.T * np.float32(10.0), staked, staked)

    def work() -> object:
        lines = estimates(bets, 0.01)
        return best_test(bets, lines, all_of_them, all_of_them, LENGTH, RESAMPLES, np.random.default_rng(2))

    return work


#: function, description, and limit in seconds on two cores at the default size (None: no limit)
JOBS: Final[dict[str, tuple[Callable[[Returns], Work], str, float | None]]] = {
    "pbo": (_pbo, "probability of overfitting, 16 blocks, 12,870 splits", 10.0),
    "spa": (_spa, "studentised SPA, 1,000 resamples", 3.0),
    "spa_stepm": (_spa_and_stepm, "the same and StepM", None),
    "resamples": (_all_of_resamples, "the same, the reality check and the effective number", None),
    "slices": (_slices, "sums over 10 folds", None),
    "walk_forward": (_walk_forward, "nine walk-forward selections from these sums", None),
    "cpcv": (_cpcv, "45 splits and 36 paths from these sums", None),
    "weigh": (_weigh, "all of the evidence of money, with the null band of PBO", None),
    "price": (_price, "the test of the closing line, 1,000 resamples", None),
}


def measured(name: str, configurations: int, days: int, repeat: int) -> Row:
    """Time and peak memory of one job in this process."""
    make, words, limit_s = JOBS[name]
    returns = returns_of(configurations, days)
    work, before, times = make(returns), peak_bytes(), []
    used = process_time()
    for _ in range(repeat):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    used, peak = process_time() - used, peak_bytes()
    return {
        "name": name, "what": words, "configurations": configurations, "days": days, "repeat": repeat,
        "threads": cores(), "seconds": statistics.median(times), "slowest_s": max(times), "cpu_s": used / repeat,
        "limit_s": limit_s,
        "peak_mb": round(peak / 1e6), "beside_returns_mb": round((peak - before) / 1e6),
    }  # fmt: skip


def rows(configurations: int, days: int, repeat: int, say: Callable[[str], None]) -> list[Row]:
    """Measure all jobs, one process after another."""
    measurements = []
    for name in JOBS:
        say(name)
        words = [name, str(configurations), str(days), str(repeat)]
        command = [sys.executable, "-m", "tests.bench.luck", "--job", *words]
        process = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        if process.returncode:
            raise RuntimeError(f"{name}: {process.stderr.strip().splitlines()[-1]}")
        measurements.append(json.loads(process.stdout))
    return measurements


def table(measurements: Sequence[Row]) -> str:
    """The measurements as a table of plain text."""
    head = f"{'job':<14}{'seconds':>9}{'slowest':>9}{'CPU s':>7}{'limit':>7}{'peak MB':>9}{'beside MB':>11}  what"
    lines = [
        f"{row['name']:<14}{row['seconds']:>9.2f}{row['slowest_s']:>9.2f}{row['cpu_s']:>7.2f}{row['limit_s'] or '':>7}"
        f"{row['peak_mb']:>9,}{row['beside_returns_mb']:>11,}  {row['what']}"
        for row in measurements
    ]
    first = measurements[0]
    size = f"{first['configurations']:,} configurations, {first['days']:,} days, {first['threads']} threads"
    return "\n".join([size, head, *lines])


def main(argv: Sequence[str]) -> int:
    """Measure, print a table, and write JSON if requested. Returns 0 even if a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.luck", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--configurations", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=3_650)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--job", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(list(argv))
    if options.job:
        name, *numbers = options.job
        sys.stdout.write(json.dumps(measured(name, *map(int, numbers))))
        return 0
    measurements = rows(options.configurations, options.days, options.repeat, lambda text: print(text, file=sys.stderr))  # noqa: T201
    sys.stdout.write(table(measurements) + "\n")
    if options.json:
        options.json.write_text(json.dumps(measurements, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
