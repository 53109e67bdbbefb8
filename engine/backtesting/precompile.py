"""Compile the kernel ahead, in processes of its own: `python -m engine.backtesting.precompile walk|lanes [RULE]`.

The two walks take ten seconds each on a machine that has never run them. A command that needs both has them compiled
side by side while it reads its data, and loads them from the cache then.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final

import polars as pl

#: parts of a kernel, in the order of `engine.custom_rule.walk_modules`
PARTS: Final = ("walk", "lanes")


class Warming:
    """Compilations that run beside the work; use it as a context and call `wait` before the kernel is needed."""

    def __init__(self, say: Callable[[str], None], rules: Iterable[str | None] = (None,)) -> None:
        self._say, self._rules = say, set(rules)
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Warming:
        from engine.custom_rule import load, walk_modules
        from engine.kernel.cache import CACHE_FOLDER, is_cold

        cold = [
            [part] if path is None else [part, path]
            for path in self._rules
            for part, module in zip(PARTS, walk_modules(None if path is None else load(path)), strict=True)
            if CACHE_FOLDER and is_cold(module)
        ]
        if cold:
            self._say(f"compiling the kernel for this machine, once, some 10 s (kept in {CACHE_FOLDER})")
        for part in cold:
            words = [sys.executable, "-m", "engine.backtesting.precompile", *part]
            self._running.append(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
        return self

    def wait(self) -> None:
        """Until all is compiled; what failed is compiled again, and tells why, where it is needed."""
        for process in self._running:
            process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()


def compile_part(part: str, path: str | None = None) -> None:
    """Run a part of the kernel, or of the one with a rule of the user's own, once over a tape of one bet."""
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
    compile_part(*sys.argv[1:])
