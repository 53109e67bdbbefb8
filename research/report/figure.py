"""A figure: a question, its answer in one sentence, a drawing at two widths, and the numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from research.report.document import asset, render

#: widths in px: the full page, half of it, a phone
FULL: Final = 1088.0
HALF: Final = 528.0
PHONE: Final = 342.0


@dataclass(frozen=True)
class Numbers:
    """The table behind a figure: column headings with units, rows of finished texts; the first column is text."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """One chart that answers one question, for the page and for Jupyter.

    Attributes
    ----------
    name : str
        Short name for links and tests.
    question, answer : str
        The title, and the generated sentence below it, which is also the text alternative of the drawing.
    draw : callable or None
        Takes a width in px and a style class, and returns SVG (`drawing.Canvas.svg`). None where there is nothing to
        draw.
    numbers : Numbers or None
        The table on demand.
    full : bool
        Whether it spans the page.
    note : str
        Small print.
    """

    name: str
    question: str
    answer: str
    draw: Callable[[float, str], str] | None = None
    numbers: Numbers | None = None
    full: bool = False
    note: str = ""

    def drawings(self) -> tuple[str, ...]:
        """The drawing for a wide page and for a phone, of which the style sheet shows one; empty without a drawing."""
        if self.draw is None:
            return ()
        return self.draw(FULL if self.full else HALF, "wide"), self.draw(PHONE, "narrow")

    def widened(self) -> Figure:
        """The same figure across the full page."""
        return replace(self, full=True)

    def html(self) -> str:
        """The figure with its style, as a notebook shows it."""
        style = asset("tokens.css") + asset("charts.css")
        return render("notebook_figure.html.j2", style=style, shown=self)

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"<Figure {self.name}: {self.answer}>"


def paired(figures: Sequence[Figure]) -> list[Figure]:
    """Figures for a grid of two columns: the last of an odd number of half-width figures spans the page."""
    halves = [figure for figure in figures if not figure.full]
    if len(halves) % 2 == 0:
        return list(figures)
    return [figure.widened() if figure is halves[-1] else figure for figure in figures]
