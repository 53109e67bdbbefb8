"""Compile the kernel ahead in separate processes: `python -m engine.backtesting.precompile walk|lanes [RULE]`.

Each of the two walks takes about ten seconds to compile, once on every machine. A command that needs both compiles them
at the same time while it reads its data, and then loads them from the cache.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final

import polars as pl

#: parts of a kernel, in the order of `engine.custom_rule.walk_modules`
PARTS: Final = ("walk", "lanes")


class Warming:
    """Compilations that run in the background. Use it as a context, and call `wait` before the kernel is needed.

    Parameters
    ----------
    say : callable
        Called with one line of text before a compilation starts.
    most : mapping of str or None to int
        By file of a staking rule, None for the built-in kernel: the most configurations that walk along one tape. Fewer
        than `engine.backtesting.plan.LEAST` never walk in lanes, so these are not compiled for them.
    """

    def __init__(self, say: Callable[[str], None], most: Mapping[str | None, int]) -> None:
        self._say, self._most = say, dict(most)
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Warming:
        from engine.kernel.cache import CACHE_FOLDER

        cold = cold_parts(self._most) if CACHE_FOLDER else []
        if cold:
            self._say(f"compiling the kernel once for this machine, about 10 s (kept in {CACHE_FOLDER})")
        for part in cold:
            words = [sys.executable, "-m", "engine.backtesting.precompile", *part]
            self._running.append(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
        return self

    def wait(self) -> None:
        """Wait until all is compiled. A compilation that failed is repeated, with its error, where it is needed."""
        for process in self._running:
            process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()


def cold_parts(most: Mapping[str | None, int]) -> list[list[str]]:
    """The words of `python -m engine.backtesting.precompile` for each part that has to be compiled; as `Warming`."""
    from engine.backtesting.plan import LEAST
    from engine.custom_rule import load, walk_modules
    from engine.kernel.cache import is_cold

    return [
        [part] if path is None else [part, path]
        for path, count in most.items()
        for part, module in zip(PARTS, walk_modules(None if path is None else load(path)), strict=True)
        if (part == "walk" or count >= LEAST) and is_cold(module)
    ]


def compile_part(part: str, path: str | None = None) -> None:
    """Run a part of the built-in kernel, or of the one with the rule in file `path`, on a tape of one bet."""
    from engine.backtesting.run import replay, run_params
    from engine.configuration import Configuration
    from engine.custom_rule import load
    from engine.kernel.codes import Staking
    from engine.tape import from_frame

    at = datetime(2024, 1, 1, tzinfo=UTC)
    bet = {"decided_at": at, "settled_at": at + timedelta(hours=2), "odds": 2.0, "prob": 0.5, "result": "win"}
    tape, params = (
        from_frame(pl.DataFrame([bet])),
        Configuration(staking=Staking.FLAT if path is None else Staking.OWN).params(),
    )
    rule = None if path is None else load(path)
    if part == "walk":
        replay(tape, params, rule=rule)
    else:
        import numpy as np

        from engine.backtesting.plan import LEAST

        run_params(tape, np.array([params] * LEAST), threads=1, rule=rule)


if __name__ == "__main__":
    gc.set_threshold(100_000)  # the compiler keeps most of the millions of objects that it makes
    compile_part(*sys.argv[1:])
