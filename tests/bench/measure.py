"""Workers, interleaved repetitions, medians, and the check that equal work gives equal results."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from tests.bench.data import Job

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")
#: relative difference of final bankrolls that is allowed; rounding to whole minor units stays far below it
TOLERANCE = 1e-6


class Failed(Exception):
    """A contender could not do its work. The message is one line."""


class Worker:
    """One process that prepares and repeats the jobs of one contender."""

    def __init__(self, python: Path | str, contender: Path, threads: int, limit_s: float = 180.0) -> None:
        single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        environment = os.environ | single | {"PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": str(threads)}
        self._limit_s = limit_s
        self._process = subprocess.Popen(
            [str(python), str(WORKER), str(contender), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def ask(self, **order: str) -> dict[str, Any]:
        """Send one order and wait for its answer; raises Failed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        timer = Timer(self._limit_s, self._process.kill)
        timer.start()
        begin = time.monotonic()
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError as error:
            raise Failed(f"its process ended: {error}") from error
        finally:
            timer.cancel()
        if not line:
            late = time.monotonic() - begin >= self._limit_s
            raise Failed(f"no answer within {self._limit_s:.0f} s" if late else "its process ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def worker(python: Path | str, contender: Path, threads: int) -> Iterator[Worker]:
    """A worker that is closed at the end."""
    process = Worker(python, contender, threads)
    try:
        yield process
    finally:
        process.close()


@dataclass
class Timing:
    """A job in a worker, and the results of its repetitions.

    Attributes
    ----------
    seconds, cores : list of float
        Of each repetition: elapsed time, and mean number of busy processors.
    peak_bytes : int
        Peak resident memory of its process, interpreter and packages included.
    result : dict
        Of the last repetition.
    failure : str or None
    """

    worker: Worker
    job: Job
    seconds: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)

    @property
    def ns_per_step(self) -> float:
        """Nanoseconds per row and configuration."""
        return self.median / (self.job.rows * self.job.count) * 1e9

    def prepare(self, folder: Path) -> None:
        """Give the job to the worker; a failure is recorded."""
        try:
            self.worker.ask(do="prepare", job=self.job.name, path=str(self.job.write(folder)))
        except Failed as error:
            self.failure = str(error)

    def repeat(self) -> None:
        """Run one more repetition; a failure is recorded."""
        try:
            answer = self.worker.ask(do="run", job=self.job.name)
        except Failed as error:
            self.failure = str(error)
            return
        self.seconds.append(answer.pop("seconds"))
        self.cores.append(answer.pop("cores"))
        self.peak_bytes = max(self.peak_bytes, answer.pop("peak_bytes"))
        self.result = answer

    def drop(self) -> None:
        """Free the job's memory in the worker."""
        with contextlib.suppress(Failed):
            self.worker.ask(do="drop", job=self.job.name)


def interleave(timings: Sequence[Timing], folder: Path, repeat: int, span_s: float = 15.0) -> None:
    """Prepare all jobs, then run one repetition of each in turn, so that a noisy minute affects all alike.

    A timing is not repeated further once its repetitions have taken `span_s` in total.
    """
    for timing in timings:
        timing.prepare(folder)
    for _ in range(repeat):
        for timing in timings:
            if timing.failure is None and sum(timing.seconds) < span_s:
                timing.repeat()


def difference(first: Timing, second: Timing) -> float:
    """Largest relative difference of the final bankrolls; infinite if the numbers of bets differ.

    Raises
    ------
    ValueError
        If the two did not do the same job.
    """
    if first.job != second.job:
        raise ValueError(f"{first.job.name} against {second.job.name}")
    if first.result["bets"] != second.result["bets"]:
        return float("inf")
    pairs = zip(first.result["final"], second.result["final"], strict=True)
    return max(abs(a - b) / max(abs(b), 1.0) for a, b in pairs)
