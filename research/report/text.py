"""Measures, amounts and names as the reader sees them; `research.verdict.numerals` writes the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from research.verdict.numerals import MINUS as MINUS
from research.verdict.numerals import NOTHING as NOTHING
from research.verdict.numerals import count as count
from research.verdict.numerals import number as number
from research.verdict.numerals import percent as percent
from research.verdict.numerals import sentence_case as sentence_case

#: level of every interval on the pages
LEVEL: Final = "90%"


def known(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def money(minor: float | None, *, sign: bool = False) -> str:
    """Minor units as an amount of money: two decimals below 1,000, none above."""
    if minor is None or not math.isfinite(minor):
        return NOTHING
    return number(minor / 100, 2 if abs(minor) < 100_000 else 0, sign=sign)


def compact(value: float) -> str:
    """A short number: ``12k``, ``3.4M``."""
    return compacts([value])[0]


#: units of short numbers: from which size on, size, letter
_UNITS: Final = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
#: most decimal places of a label
_MOST_DIGITS: Final = 6


def _digits(values: Sequence[float], most: int = _MOST_DIGITS) -> int:
    """The fewest decimal places that show all values as they are, up to `most`."""
    return next(
        d for d in range(most + 1) if d == most or all(abs(round(v, d) - v) < 1e-9 * max(1, abs(v)) for v in values)
    )


def numbers(values: Sequence[float]) -> list[str]:
    """Labels of one axis: plain numbers, all with the digits that the finest of them needs."""
    digits = _digits(values)
    return [number(value, digits) for value in values]


def percents(values: Sequence[float]) -> list[str]:
    """Labels of one axis: fractions as percentages, all with the digits that the finest of them needs."""
    digits = _digits([value * 100 for value in values])
    return [percent(value, digits) for value in values]


def compacts(values: Sequence[float]) -> list[str]:
    """Labels of one axis: short numbers, all in the unit of the largest and with the digits of the finest."""
    largest = max((abs(value) for value in values), default=0.0)
    size, letter = next(((size, letter) for least, size, letter in _UNITS if largest >= least), (1.0, ""))
    scaled = [value / size for value in values]
    digits = _digits(scaled, 2)
    return [number(value, digits) + (letter if value else "") for value in scaled]


def decades(values: Sequence[float]) -> list[str]:
    """Labels of a logarithmic axis: ``500``, ``2k``, ``1M``; plain numbers where all are below 10,000."""
    if max((abs(value) for value in values), default=0.0) < 1e4:
        return [numbers([value])[0] for value in values]
    units = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (0.0, ""))
    parts = [next((size or 1.0, letter) for size, letter in units if abs(value) >= size) for value in values]
    return [numbers([value / size])[0] + letter for value, (size, letter) in zip(values, parts, strict=True)]


def listing(names: list[str], most: int = 4) -> str:
    """Names as a phrase: ``a, b and c``; the tail beyond `most` is counted."""
    if len(names) > most:
        names = [*names[: most - 1], f"{number(len(names) - most + 1)} more"]
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def span(low: float, high: float, digits: int = 1) -> str:
    """An interval of fractions as percentages: ``−0.8% to 5.1%``."""
    return f"{percent(low, digits)} to {percent(high, digits)}"


#: control characters, characters that change the direction of a line, and invisible ones
_UNSEEN: Final = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF),
    " ",
)


def visible(text: object) -> str:
    """Foreign text without control, invisible or direction-changing characters; each becomes a space."""
    return str(text).translate(_UNSEEN)


def html(text: object) -> str:
    """Foreign text for SVG: visible characters only, escaped. Templates escape by themselves."""
    return escape(visible(text), quote=True)


Form = Literal["percent", "money", "count"]


@dataclass(frozen=True)
class Measure:
    """How a measure is shown, on pages and on the terminal.

    Attributes
    ----------
    name : str
        Its name in a sentence.
    form : str
        ``percent``: a fraction; ``money``: minor units, shown as 1 = 100 of them; ``count``: a whole number.
    digits : int
        Decimal places of a percentage.
    higher_is_better : bool
        Decides the direction of the first click on its column.
    """

    name: str
    form: Form
    digits: int = 0
    higher_is_better: bool = True

    @property
    def head(self) -> str:
        """Heading of its column: the name with its unit."""
        return f"{self.name}, %" if self.form == "percent" else self.name

    def text(self, value: float | int | None, *, sign: bool = False) -> str:
        """A value with its unit; a dash where it is missing or NaN."""
        if self.form == "percent":
            return percent(value, self.digits, sign=sign)
        return money(value, sign=sign) if self.form == "money" else number(value, sign=sign)


#: every measure of `engine.backtesting.measures.METRICS`, in the order of the leaderboard's columns
MEASURES: Final[dict[str, Measure]] = {
    "yield": Measure("yield", "percent", 2),
    "roi": Measure("ROI", "percent", 1),
    "pnl_minor": Measure("P&L", "money"),
    "n_bets": Measure("bets", "count"),
    "max_drawdown_frac": Measure("drawdown", "percent", 1, higher_is_better=False),
    "clv_mean": Measure("CLV", "percent", 2),
    "n_won": Measure("won", "count"),
    "turnover_minor": Measure("turnover", "money"),
    "bankroll_final_minor": Measure("final bankroll", "money"),
    "longest_losing_streak": Measure("losing streak", "count", higher_is_better=False),
    "commission_minor": Measure("commission", "money", higher_is_better=False),
    "n_void": Measure("void", "count", higher_is_better=False),
    "n_open": Measure("open", "count", higher_is_better=False),
    "clv_n": Measure("CLV bets", "count"),
    "n_streak_warnings": Measure("warnings", "count", higher_is_better=False),
    "n_opportunities": Measure("opportunities", "count"),
}


def measure_name(measure: str) -> str:
    """Name of a measure in a sentence; an unknown measure keeps its key."""
    return MEASURES[measure].name if measure in MEASURES else measure
