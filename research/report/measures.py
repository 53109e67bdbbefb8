"""How each measure of a configuration is headed and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from research.report.words import money, number, percent

Form = Literal["percent", "money", "count"]


@dataclass(frozen=True)
class Measure:
    """Head with its unit; how a value is written; digits; whether more is better (for the first click on a head)."""

    head: str
    form: Form
    digits: int = 0
    more: bool = True


#: measures of the leaderboard, in the order of its columns
MEASURES: Final[dict[str, Measure]] = {
    "yield": Measure("yield, %", "percent", 2),
    "roi": Measure("ROI, %", "percent", 1),
    "pnl_minor": Measure("P&L", "money"),
    "n_bets": Measure("bets", "count"),
    "max_drawdown_frac": Measure("drawdown, %", "percent", 1, more=False),
    "clv_mean": Measure("CLV, %", "percent", 2),
    "n_won": Measure("won", "count"),
    "turnover_minor": Measure("turnover", "money"),
    "bankroll_final_minor": Measure("final bankroll", "money"),
    "longest_losing_streak": Measure("losing streak", "count", more=False),
    "commission_minor": Measure("commission", "money", more=False),
    "n_void": Measure("void", "count", more=False),
    "n_open": Measure("open", "count", more=False),
    "clv_n": Measure("CLV bets", "count"),
    "n_streak_warnings": Measure("warnings", "count", more=False),
    "n_opportunities": Measure("opportunities", "count"),
}


def shown_value(name: str, value: float | int | None) -> str:
    """A measure as text, with its unit."""
    measure = MEASURES[name]
    if measure.form == "percent":
        return percent(value, measure.digits)
    return money(value) if measure.form == "money" else number(value)


def short_key(key: str) -> str:
    """Head of a parameter's column: the last word, or the group where that is `name`."""
    group, _, last = key.rpartition(".")
    return (group if last == "name" and group else last).replace("_", " ")
