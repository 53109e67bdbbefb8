"""Progress of a command on stderr: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Protocol


class Progress(Protocol):
    """Shows the progress of a command."""

    def say(self, text: str) -> None:
        """Print one line."""
        ...

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Start counting to `total`, from `done`."""
        ...

    def step(self, count: int) -> None:
        """Add `count` finished steps."""
        ...

    def end(self) -> None:
        """Stop counting."""
        ...


class Silence:
    """Shows nothing."""

    def say(self, text: str) -> None:
        """Print one line."""

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Start counting."""

    def step(self, count: int) -> None:
        """Add finished steps."""

    def end(self) -> None:
        """Stop counting."""


class Lines(Silence):
    """Plain lines on stderr, a new one every few seconds."""

    def __init__(self, every_s: float = 5.0) -> None:
        self.every_s = every_s
        self.what, self.total, self.done, self.before = "", 0, 0, 0
        self.started = self.said = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Start counting."""
        self.what, self.total, self.done, self.before = what, total, done, done
        self.started = self.said = time.monotonic()

    def step(self, count: int) -> None:
        """Add finished steps, and print a line if the last one is some seconds old."""
        self.done += count
        now = time.monotonic()
        if now - self.said >= self.every_s:
            self.said = now
            self.say(self.line(now))

    def line(self, now: float) -> str:
        """The line: name, done / total, rate, time left."""
        rate = (self.done - self.before) / max(now - self.started, 1e-9)
        left = (self.total - self.done) / rate if rate > 0 else float("inf")
        return f"{self.what}: {self.done:,} / {self.total:,}, {rate:,.0f}/s, {seconds(left)} left"


class Bar(Silence):
    """A progress bar on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

        self.console = Console(stderr=True, highlight=False)
        self.columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
        )
        self.bar: Any = None
        self.started, self.before = 0.0, 0

    def say(self, text: str) -> None:
        """Print one line above the bar."""
        self.console.print(text, markup=False)

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Start counting."""
        from rich.progress import Progress as RichProgress

        self.end()
        self.bar = RichProgress(*self.columns, console=self.console, transient=True)
        self.bar.start()
        self.task = self.bar.add_task(what, total=total, completed=done, rate="")
        self.started, self.before = time.monotonic(), done

    def step(self, count: int) -> None:
        """Add finished steps."""
        if self.bar is not None:
            self.bar.advance(self.task, count)
            done = self.bar.tasks[0].completed - self.before
            rate = done / max(time.monotonic() - self.started, 1e-9)
            self.bar.update(self.task, rate=f"{rate:,.0f}/s")

    def end(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def progress_for(stream: Any = None) -> Progress:
    """A bar if stderr is a terminal, else plain lines."""
    return Bar() if (stream or sys.stderr).isatty() else Lines()


def seconds(value: float) -> str:
    """A duration as text: 5 s, 3 min, 2.5 h."""
    if value != value or value == float("inf"):
        return "unknown time"
    if value < 180:  # whole minutes would be a third off
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"
