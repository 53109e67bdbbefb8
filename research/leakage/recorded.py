"""Closing prices that were recorded as opening prices: a fault of the data that makes every backtest shine.

Of a bookmaker and a season, a question (event, market, line) with an opening and a closing price of the same line has
stood still where all its selections have equal prices at both. Nearly all standing still while other bookmakers of the
same season move is no market: one of the two columns was filled from the other. Which one, prices alone cannot tell.

A bookmaker and season is named where, of n questions, k stood still, and

- k / n is at least 0.95, while of the questions of the other bookmakers together at most 0.75 did (where there is no
  other: k / n at least 0.99), and
- P(X >= k), X binomial of n and the larger of the others' share and 0.5 (no others: 0.9), is under 0.001 divided by the
  number of bookmakers and seasons looked at (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.schema import AGGREGATES, CLOSE, OPEN

_STILL, _ALONE, _OTHERS = 0.95, 0.99, 0.75
_LEVEL: Final = 0.001
_SEASON: Final = ("sport", "competition", "season")


@dataclass(frozen=True)
class Fault:
    """A bookmaker's season whose opening prices are its closing prices.

    Attributes
    ----------
    questions, still : int
        Questions with both prices, and those whose prices are equal.
    others_frac : float or None
        Share that stood still at the other bookmakers; None: there is none.
    p_value : float
        Of the binomial test.
    """

    bookmaker: str
    sport: str
    competition: str
    season: str
    questions: int
    still: int
    others_frac: float | None
    p_value: float

    def words(self) -> str:
        """The fault in one sentence."""
        beside = "no other bookmaker to compare" if self.others_frac is None else f"others: {self.others_frac:.0%}"
        return (
            f"{self.bookmaker}, {self.competition} {self.season}: opening and closing prices are equal in {self.still} "
            f"of {self.questions} markets ({beside}; p = {self.p_value:.1g})"
        )


def still_questions(events: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Sport, competition, season, bookmaker, questions, still: one row a bookmaker and season, sorted.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of the store; prices to back of the instants ``open`` and ``close`` are looked at.
    """
    series = ["event_id", "market", "line", "selection", "bookmaker"]
    back = quotes.filter(pl.col("side") == "back")
    both = back.filter(pl.col("instant") == OPEN).join(
        back.filter(pl.col("instant") == CLOSE).select(*series, close="odds"), on=series, how="inner", nulls_equal=True
    )
    asked = both.group_by("event_id", "market", "line", "bookmaker").agg(
        still=(pl.col("odds") == pl.col("close")).all()
    )
    return (
        asked.join(events.select("event_id", *_SEASON), on="event_id", how="inner")
        .group_by(*_SEASON, "bookmaker")
        .agg(questions=pl.len().cast(pl.Int64), still=pl.col("still").sum().cast(pl.Int64))
        .sort(*_SEASON, "bookmaker")
    )


def faults(counted: pl.DataFrame) -> list[Fault]:
    """The bookmakers and seasons of `still_questions` that are named."""
    found = []
    for row in counted.iter_rows(named=True):
        same = pl.all_horizontal(pl.col(name) == row[name] for name in _SEASON)
        others = counted.filter(
            same & (pl.col("bookmaker") != row["bookmaker"]) & ~pl.col("bookmaker").is_in(AGGREGATES)
        )
        fault = _judged(row, int(others["questions"].sum()), int(others["still"].sum()), counted.height)
        if fault is not None:
            found.append(fault)
    return found


def _judged(row: dict[str, Any], n_others: int, k_others: int, cells: int) -> Fault | None:
    n, k = row["questions"], row["still"]
    others = k_others / n_others if n_others else None
    if k / n < (_ALONE if others is None else _STILL) or (others is not None and others > _OTHERS):
        return None
    p_value = upper_tail(n, k, 0.9 if others is None else max(others, 0.5))
    if p_value >= _LEVEL / cells:
        return None
    return Fault(row["bookmaker"], row["sport"], row["competition"], row["season"], n, k, others, p_value)


def upper_tail(n: int, k: int, share_frac: float) -> float:
    """P(X >= k) of a binomial X of n trials; `share_frac` strictly between 0 and 1.

    >>> round(upper_tail(10, 9, 0.5), 6)
    0.010742
    """
    log_p, log_q = math.log(share_frac), math.log1p(-share_frac)
    terms: Iterable[float] = (
        math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q)
        for i in range(k, n + 1)
    )
    return min(1.0, math.fsum(terms))
