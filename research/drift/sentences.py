"""What a drift says in words, on the page and in the terminal."""

from __future__ import annotations

import math
from typing import Final

from engine.promotion import iso
from engine.promotion.bands import Position, Standing, end_shown
from research.drift.causes import Cause
from research.drift.drift import Drift, Line
from research.report.text import NOTHING, count, listing, number, percent

#: names of the measures of the bands
MEASURES: Final = {
    "bets_a_day": "bets a day",
    "yield": "yield",
    "clv": "closing line value",
    "calibration": "calibration",
    "drawdown": "drawdown",
    "fill_rate": "orders filled",
}
_PERCENT: Final = ("yield", "clv", "calibration", "drawdown", "fill_rate")


def amount(minor: int, *, sign: bool = False) -> str:
    """Minor units as money, to the cent.

    >>> amount(-1234567, sign=True)
    '−12,345.67'
    """
    return number(minor / 100, 2, sign=sign)


def headline(drift: Drift) -> str:
    """How many decisions differ, and what that came to."""
    differing = [line for line in drift.lines if line.cause is not Cause.IDENTICAL]
    changed = sum(line.decisions for line in differing)
    total = drift.profit_minor - drift.profit_backtest_minor
    whole = count(drift.n_decisions, "decision")
    if not changed and not total:
        return f"All of {whole} are those of the backtest, to the cent."
    verb = "differs" if changed == 1 else "differ"
    effect = "gained" if total > 0 else "cost"
    came_to = f"they {effect} {amount(abs(total))} {drift.promotion.currency}" if total else "they come to nothing"
    return f"{number(changed)} of {whole} {verb} from the backtest; {came_to}."


def reading(drift: Drift) -> str:
    """Whether every difference is explained, and where the bands are."""
    return f"{explained(drift)} {bands(drift)}"


def explained(drift: Drift) -> str:
    """Whether every difference has a cause."""
    if drift.unexplained:
        return f"{count(drift.unexplained, 'difference')} without an explanation: a person must look."
    if drift.differs:
        return "Every difference has a cause."
    return "There is nothing to explain."


def bands(drift: Drift) -> str:
    """The measures by where they are in their bands."""
    if not drift.standings:
        return "No day to hold against the bands yet."
    named = {
        position: [MEASURES[s.measure] for s in drift.standings if s.position is position] for position in Position
    }
    parts = [
        f"{words}: {listing(named[position], len(MEASURES))}"
        for position, words in (
            (Position.OUTSIDE, "outside the bands"),
            (Position.INSIDE, "inside"),
            (Position.TOO_EARLY, "too early to tell"),
        )
        if named[position]
    ]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def span(drift: Drift) -> str:
    """What was compared."""
    since = f"from {iso(drift.first_ns)} " if drift.first_ns > 0 else ""
    return f"Compared {since}until {iso(drift.last_ns)}."


def line_cells(line: Line) -> tuple[str, str, str]:
    """Cause, number of decisions and money of a line."""
    return line.cause.value, number(line.decisions), amount(line.cost_minor, sign=True) if line.cost_minor else NOTHING


def standing_cells(standing: Standing) -> tuple[str, str, str, str]:
    """Measure, value, band and position."""
    name = standing.measure
    low, high = _value(name, standing.lower), _value(name, end_shown(name, standing.upper))
    between = {(True, True): f"{low} to {high}", (True, False): f"from {low}", (False, True): f"up to {high}"}
    bounds = math.isfinite(standing.lower), math.isfinite(standing.upper)
    return MEASURES[name], _value(name, standing.value), between.get(bounds, NOTHING), standing.position.value


def _value(name: str, value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    return percent(value) if name in _PERCENT else number(value, 2)


def acknowledged(drift: Drift) -> list[str]:
    """The gates of the promotion that a person opened, a line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in sorted(drift.promotion.acknowledged.items()):
        by_reason.setdefault(reason, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]
