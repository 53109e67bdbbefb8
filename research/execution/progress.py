"""Progress of a command on stderr: one bar on a terminal, plain lines elsewhere, nothing where it is not wanted."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Protocol


class Progress(Protocol):
    """What a command tells while it works."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """A count of `total` steps starts, of which `done` are there already."""
        ...

    def step(self, count: int) -> None:
        """So many steps more are done."""
        ...

    def end(self) -> None:
        """The count is over."""
        ...


class Silence:
    """Tells nothing."""

    def say(self, text: str) -> None:
        """One line."""

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """A count starts."""

    def step(self, count: int) -> None:
        """Steps are done."""

    def end(self) -> None:
        """The count is over."""


class Lines(Silence):
    """Plain lines on stderr, a new one every few seconds."""

    def __init__(self, every_s: float = 5.0) -> None:
        self.every_s = every_s
        self.what, self.total, self.done, self.before = "", 0, 0, 0
        self.started = self.said = time.monotonic()

    def say(self, text: str) -> None:
        """One line."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """A count starts."""
        self.what, self.total, self.done, self.before = what, total, done, done
        self.started = self.said = time.monotonic()

    def step(self, count: int) -> None:
        """Steps are done; a line where the last one is some seconds old."""
        self.done += count
        now = time.monotonic()
        if now - self.said >= self.every_s:
            self.said = now
            self.say(self.line(now))

    def line(self, now: float) -> str:
        """what, done / all, rate, time left."""
        rate = (self.done - self.before) / max(now - self.started, 1e-9)
        left = (self.total - self.done) / rate if rate > 0 else float("inf")
        return f"{self.what}: {self.done:,} / {self.total:,}, {rate:,.0f}/s, {seconds(left)} left"


class Bar(Silence):
    """A rich bar on stderr."""

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
        """One line above the bar."""
        self.console.print(text, markup=False)

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """A count starts."""
        from rich.progress import Progress as RichProgress

        self.end()
        self.bar = RichProgress(*self.columns, console=self.console, transient=True)
        self.bar.start()
        self.task = self.bar.add_task(what, total=total, completed=done, rate="")
        self.started, self.before = time.monotonic(), done

    def step(self, count: int) -> None:
        """Steps are done."""
        if self.bar is not None:
            self.bar.advance(self.task, count)
            done = self.bar.tasks[0].completed - self.before
            rate = done / max(time.monotonic() - self.started, 1e-9)
            self.bar.update(self.task, rate=f"{rate:,.0f}/s")

    def end(self) -> None:
        """The bar goes."""
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
    """A bar where stderr is a terminal, plain lines elsewhere."""
    return Bar() if (stream or sys.stderr).isatty() else Lines()


def seconds(value: float) -> str:
    """A span in words: 5 s, 3 min, 2.5 h."""
    if value != value or value == float("inf"):
        return "unknown time"
    if value < 90:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"
