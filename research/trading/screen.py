"""The view of a running runner: drawn anew in a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from engine.live.running.status import Status
from research.report.status import first_line, instant, rendered
from research.report.terminal import console
from research.report.text import count, money

_MS_NS: Final = 1_000_000
#: without a terminal: one line at most so often
_LINE_NS: Final = 5_000_000_000


class Screen:
    """Shows a status again and again, and once at the end.

    Parameters
    ----------
    status : callable
        Gives the status to show.
    every_ms : int
        Drawn at most so often.
    quiet : bool
        Shows nothing: the output is JSON.
    """

    def __init__(self, status: Callable[[], Status], every_ms: int, *, quiet: bool = False) -> None:
        self._status, self._quiet = status, quiet
        self._console = console()
        self._is_terminal = self._console.is_terminal and not quiet
        self._every_ns = every_ms * _MS_NS if self._is_terminal else _LINE_NS
        self._drawn_ns = 0

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(console=self._console, auto_refresh=False, transient=True) if self._is_terminal else None
        if self._live is not None:
            self._live.start()
        self._drawn_ns = time.monotonic_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if not self._quiet and kind is None:
            self._console.print(rendered(self._status(), self._console.width))

    def turn(self) -> None:
        """Draw if it is time to."""
        now_ns = time.monotonic_ns()
        if self._quiet or now_ns - self._drawn_ns < self._every_ns:
            return
        self._drawn_ns = now_ns
        status = self._status()
        if self._live is not None:
            self._live.update(rendered(status, self._console.width), refresh=True)
        else:
            sys.stdout.write(_line(status) + "\n")
            sys.stdout.flush()


def _line(status: Status) -> str:
    """Where a runner is, in one line."""
    if status.killed:
        return first_line(status, time.time_ns())
    return (
        f"{instant(status.at_ns)}  equity {money(status.equity_minor)} {status.currency}, "
        f"{count(len(status.open_bets), 'open bet')}, {count(sum(status.reasons.values()), 'decision')}"
        + (f", UNKNOWN {money(status.unknown_minor)}" if status.unknown_minor else "")
    )
