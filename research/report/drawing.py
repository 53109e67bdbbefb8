"""Drawing in SVG: scales, ticks, and a canvas whose colours are classes in the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from research.report.text import html

#: average width in px of a character in the 13 px text of charts, to fit labels
CHARACTER: Final = 7.8


def fits(text: str) -> float:
    """Approximate width of a label in px."""
    return CHARACTER * len(text)


def shorten(text: str, width: float) -> str:
    """A label cut to a width in px, with an ellipsis."""
    most = max(2, int(width / CHARACTER))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`, roughly `about` of them, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    spread = high - low
    if not math.isfinite(spread) or spread <= 0:
        return [low]
    rough = spread / max(about, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Scale:
    """A linear map of values [low, high] to pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def clip(self, value: float) -> float:
        """Pixel of a value, limited to the ends of the scale."""
        return self(min(max(value, self.low), self.high))


class LogScale(Scale):
    """A logarithmic map of values above 0; a value below `low` counts as `low`."""

    def __call__(self, value: float) -> float:
        if self.high <= self.low:
            return (self.start + self.end) / 2
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def log_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`, both above 0, for a logarithmic axis: at most about twice `about`."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        values = [step * 10.0**decade for decade in decades for step in steps]
        found = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(found) <= about:
            break
    return found[:: -(-len(found) // (2 * about)) or 1]


@dataclass
class Canvas:
    """Marks in drawing order. Every text of a drawing is escaped here and nowhere else."""

    width: float
    height: float
    marks: list[str] = field(default_factory=list)

    def line(self, start: tuple[float, float], end: tuple[float, float], css: str) -> None:
        """A straight line."""
        (x1, y1), (x2, y2) = start, end
        self.marks.append(f'<line class="{css}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def rect(self, corner: tuple[float, float], size: tuple[float, float], css: str, tip: str = "") -> None:
        """A rectangle; `tip` is shown on hover."""
        (x, y), (width, height) = corner, size
        hint = f' data-tip="{html(tip)}"' if tip else ""
        box = f'width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
        self.marks.append(f'<rect class="{css}" x="{_n(x)}" y="{_n(y)}" {box}{hint}/>')

    def dot(self, x: float, y: float, radius: float, css: str, tip: str = "") -> None:
        """A circle."""
        hint = f' data-tip="{html(tip)}"' if tip else ""
        self.marks.append(f'<circle class="{css}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"{hint}/>')

    def path(self, xs: Sequence[float], ys: Sequence[float], css: str) -> None:
        """A line through points."""
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in zip(xs, ys, strict=True))
        self.marks.append(f'<polyline class="{css}" points="{points}"/>')

    def band(self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], css: str) -> None:
        """The area between two lines."""
        upper = [f"{_n(x)},{_n(y)}" for x, y in zip(xs, highs, strict=True)]
        lower = [f"{_n(x)},{_n(y)}" for x, y in zip(xs, lows, strict=True)]
        self.marks.append(f'<polygon class="{css}" points="{" ".join(upper + lower[::-1])}"/>')

    def text(self, x: float, y: float, words: str, css: str = "", anchor: str = "start") -> None:
        """A line of text; `y` is its baseline."""
        style = f' class="{css}"' if css else ""
        place = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.marks.append(f'<text{style} x="{_n(x)}" y="{_n(y)}"{place}>{html(words)}</text>')

    def svg(self, title: str, css: str) -> str:
        """The drawing as SVG; `title` is its text alternative, `css` a style class."""
        return (
            f'<svg class="chart {css}" role="img" aria-label="{html(title)}" width="{_n(self.width)}" '
            f'height="{_n(self.height)}" viewBox="0 0 {_n(self.width)} {_n(self.height)}">{"".join(self.marks)}</svg>'
        )


def _n(value: float) -> str:
    """A coordinate with one decimal at most."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text
