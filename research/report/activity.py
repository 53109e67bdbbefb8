"""When a path bet: its first and last bet, whether the betting stopped long before the data end, or went bankrupt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import polars as pl

from research.report.naming import reason_name
from research.report.text import count, listing, number, percent
from research.verdict.ruin import bankrupt_on

if TYPE_CHECKING:
    from research.verdict.findings import Window

#: the betting stopped long ago where the last bet is this share of the span, and this many days, before its end
STOPPED_SHARE: Final = 0.1
STOPPED_DAYS: Final = 60
#: reasons that filter opportunities as the configuration asks; all others stop a bet that it wants
FILTERS: Final = ("incomplete", "odds_range", "edge")
_YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Activity:
    """The days of a path on which it bet.

    Attributes
    ----------
    bets : int
    first, last : date or None
        Days of its first and last bet; None without a bet.
    begin, end : date
        First and last day on which it could have bet.
    after : mapping of str to int, or None
        Opportunities after the last bet, by reason; None where that is not known.
    bankrupt : date or None
        The day at whose end it was bankrupt (`research.verdict.ruin`).
    """

    bets: int
    first: dt.date | None
    last: dt.date | None
    begin: dt.date
    end: dt.date
    after: Mapping[str, int] | None
    bankrupt: dt.date | None

    @property
    def stopped(self) -> bool:
        """Whether the last bet is long before the end."""
        if self.last is None:
            return False
        idle = (self.end - self.last).days
        return idle >= max(STOPPED_DAYS, STOPPED_SHARE * (self.end - self.begin).days)


def activity(
    daily: pl.DataFrame, end: dt.date | None = None, after: Mapping[str, int] | None = None
) -> Activity | None:
    """When a path bet.

    Parameters
    ----------
    daily : polars.DataFrame
        Its days: date, n_bets, pnl_minor, equity_start_minor.
    end : date, optional
        Last day of the data; default: the last of the days.
    after : mapping of str to int, optional
        Opportunities after the last bet, by reason.

    Returns
    -------
    Activity or None
        None without days.
    """
    if daily.is_empty():
        return None
    betting = daily.filter(pl.col("n_bets") > 0)["date"]
    days: pl.Series = daily["date"]
    begin, last_day = days[0], days[-1]
    return Activity(
        bets=int(daily["n_bets"].sum()),
        first=betting[0] if len(betting) else None,
        last=betting[-1] if len(betting) else None,
        begin=begin,
        end=last_day if end is None else max(begin, end),
        after=after,
        bankrupt=bankrupt_on(daily),
    )


def betting(when: Activity) -> str:
    """How many bets, and from when to when: ``1,286 bets from 2019-08-10 to 2024-03-30``."""
    if when.first is None:
        return "no bet"
    if when.first == when.last:
        return f"{count(when.bets, 'bet')} on {when.first}"
    return f"{count(when.bets, 'bet')} from {when.first} to {when.last}"


def stopped(when: Activity, who: str) -> str:
    """That the betting stopped long before the end, and why; empty where it did not."""
    if not when.stopped or when.last is None:
        return ""
    idle = (when.end - when.last).days
    long = f"{number(idle / _YEAR_DAYS, 1)} years" if idle >= _YEAR_DAYS else count(idle, "day")
    text = f"{who} placed its last bet on {when.last}, {long} before the data end on {when.end}"
    return f"{text}{_why(when.after)}."


def _why(after: Mapping[str, int] | None) -> str:
    """Why no later bet was placed: what refused the opportunities that passed the filters."""
    if after is None:
        return ""
    total, passed = sum(after.values()), {reason: n for reason, n in after.items() if reason not in FILTERS}
    if not total:
        return ": there was no later opportunity"
    if not passed:
        later = count(total, "later opportunity", "later opportunities")
        return f": none of {later} passed the filters ({_shares(after)})"
    left = sum(passed.values())
    verb = "was" if left == 1 else "were"
    return (
        f": {count(left, 'later opportunity', 'later opportunities')} that passed the filters {verb} refused "
        f"({_shares(passed)})"
    )


def _shares(counts: Mapping[str, int]) -> str:
    """Reasons with their shares, the most common first; a reason alone without its share."""
    most, total = sorted(counts, key=lambda reason: (-counts[reason], reason)), sum(counts.values())
    if len(most) == 1:
        return reason_name(most[0])
    return listing([f"{reason_name(reason)} {percent(counts[reason] / total, 0)}" for reason in most])


def folds(windows: Sequence[Window]) -> str:
    """The bets of each fold, and why a fold has none: ``Bets a fold: 449, 0 (no configuration qualified), 270``.

    Folds in a row that have none for one reason are said once: ``none in 3 folds (no configuration qualified), 270``.
    """
    parts = []
    for text, group in groupby(_fold(window) for window in windows):
        n = len(list(group))
        again = n > 1 and text.startswith("0 ")
        parts += [f"none in {n} folds {text[2:]}"] if again else [text] * n
    return "Bets a fold: " + ", ".join(parts)


def _fold(window: Window) -> str:
    if window.bets:
        return number(window.bets)
    if window.config is None:
        return "0 (no configuration qualified)"
    if not window.refused:
        return "0 (no opportunity)"
    most = min(window.refused, key=lambda reason: (-window.refused[reason], reason))
    return f"0 ({reason_name(most)})"
