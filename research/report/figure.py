"""A figure: a question, its answer in one sentence, the drawing at two widths, the numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from research.report.text import html

#: widths in px: across the page, half of it, a phone
FULL: Final = 1088.0
HALF: Final = 528.0
PHONE: Final = 342.0


@cache
def asset(name: str) -> str:
    """Text of a file of the page: style, script."""
    return files("research.report").joinpath("assets", name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Numbers:
    """The table behind a figure: column heads with units, rows of finished texts; the first column is text."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def html(self) -> str:
        """The table, folded away."""
        head = "".join(f'<th scope="col">{html(cell)}</th>' for cell in self.heads)
        body = "".join(
            f'<tr><th scope="row">{html(row[0])}</th>' + "".join(f"<td>{html(cell)}</td>" for cell in row[1:]) + "</tr>"
            for row in self.rows
        )
        return (
            '<details class="numbers"><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" '
            f'aria-label="The numbers"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            "</div></details>"
        )


@dataclass(frozen=True)
class Figure:
    """One chart that answers one question, for the page and for Jupyter.

    Attributes
    ----------
    name : str
        Short name for links and tests.
    question, answer : str
        Title; the generated sentence under it, which is also the text alternative.
    draw : callable or None
        Takes a width in px and gives SVG (`drawing.Canvas.svg`); None where there is nothing to draw.
    numbers : Numbers or None
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

    def html(self, level: int = 3) -> str:
        """The figure for the page: both widths, of which the style sheet shows one."""
        width = FULL if self.full else HALF
        drawn = ""
        if self.draw is not None:
            drawn = f'<div class="drawn">{self.draw(width, "wide")}{self.draw(PHONE, "narrow")}</div>'
        note = f'<p class="note">{html(self.note)}</p>' if self.note else ""
        table = self.numbers.html() if self.numbers is not None and self.numbers.rows else ""
        css = "figure full" if self.full else "figure"
        return (
            f'<figure class="{css}" data-figure="{self.name}"><figcaption><h{level}>{html(self.question)}</h{level}>'
            f'<p class="answer">{html(self.answer)}</p></figcaption>{drawn}{note}{table}</figure>'
        )

    def widened(self) -> Figure:
        """The same across the page."""
        return replace(self, full=True)

    def _repr_html_(self) -> str:
        return f'<div class="bea"><style>{asset("tokens.css")}{asset("charts.css")}</style>{self.html()}</div>'

    def __repr__(self) -> str:
        return f"<Figure {self.name}: {self.answer}>"


def gallery(figures: Sequence[Figure]) -> str:
    """Several figures in a grid."""
    return f'<div class="grid">{"".join(figure.html() for figure in figures)}</div>'
