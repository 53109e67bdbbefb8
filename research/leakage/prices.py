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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from engine.errors import EmptyUniverseError
from engine.schema import AGGREGATES, CLOSE, OPEN
from engine.store.store import Store
from engine.store.universe import Universe
from research.config.tape_spec import TapeSpec
from research.leakage.laboratory import OFFER

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


#: fewest prices from the future that are no accident
_FEWEST: Final = 10
_SERIES: Final = ("event_id", "market", "line", "selection", "bookmaker", "side")


def taken_early(offers: pl.DataFrame, quotes: Iterator[pl.DataFrame]) -> pl.DataFrame:
    """Opportunities whose odds are a price of the same bet that was known only after the decision.

    Rows whose odds equal no price of their bet (a strategy may shade them) say nothing; where there are more of them
    than of the late ones, equality may be an accident, and nothing is given.

    Parameters
    ----------
    offers : polars.DataFrame
        Opportunities.
    quotes : iterator of polars.DataFrame
        Prices of the store in the columns of `schema.QUOTES`; all quotes of an event in one frame.

    Returns
    -------
    polars.DataFrame
        `OFFER`, odds, known_at, instant (of the first such price); sorted. None are given under 10.
    """
    late, strange = [], 0
    for part in quotes:
        prices = (
            part.join(offers.select("event_id").unique(), on="event_id", how="semi")
            .sort("known_at")
            .unique([*_SERIES, "odds"], keep="first", maintain_order=True)
            .select(*_SERIES, "odds", known="known_at", kind="instant")
        )
        mine = offers.join(part.select("event_id").unique(), on="event_id", how="semi").select(*OFFER, "odds")
        both = mine.join(prices, on=[*_SERIES, "odds"], how="left", nulls_equal=True)
        strange += both["known"].null_count()
        late.append(both.filter(pl.col("known") > pl.col("decided_at")))
    found = pl.concat(late) if late else offers.head(0).select(*OFFER, "odds")
    if found.height < _FEWEST or strange > found.height:
        return found.head(0)
    return found.rename({"known": "known_at", "kind": "instant"}).sort(OFFER)


def universe_of(spec: TapeSpec) -> Universe:
    """The events of a spec part, with all their prices."""
    common = dict(spec.universe)
    for name in ("first_date", "last_date"):
        common[name] = date.fromisoformat(common[name]) if common[name] else None
    return Universe(**common)


def of_universe(store: Store, universe: Universe, max_quotes: int) -> Iterator[pl.DataFrame]:
    """Prices of a universe in parts of whole partitions of about `max_quotes`; parts without any are left out."""
    for part in store.parts(universe, max_quotes=max_quotes):
        try:
            yield store.quotes(part)
        except EmptyUniverseError:
            continue


def recorded_faults(
    store: Store, universe: Universe, markets: tuple[str, ...], max_quotes: int
) -> list[tuple[Fault, pl.DataFrame]]:
    """Bookmakers and seasons whose opening prices are their closing prices, each with one such price.

    The price's columns are those of the store and `decided_at`, the instant at which it is said to have been known.
    """
    events = store.events(universe)
    asked = replace(universe, markets=markets, instants=(OPEN, CLOSE), sides=("back",))
    parts = [still_questions(events, quotes) for quotes in of_universe(store, asked, max_quotes)]
    if not parts:
        return []
    return [(fault, _one(store, asked, events, fault)) for fault in faults(pl.concat(parts))]


def _one(store: Store, asked: Universe, events: pl.DataFrame, fault: Fault) -> pl.DataFrame:
    own = replace(
        asked,
        sports=(fault.sport,),
        competitions=(fault.competition,),
        seasons=(fault.season,),
        bookmakers=(fault.bookmaker,),
    )
    series = ["event_id", "market", "line", "selection", "odds"]
    quotes = store.quotes(own).join(events.select("event_id"), on="event_id", how="semi")
    closing = quotes.filter(pl.col("instant") == CLOSE).select(series)
    opening = quotes.filter(pl.col("instant") == OPEN)
    same = opening.join(closing, on=series, how="semi", nulls_equal=True)
    return same.sort("known_at", "event_id", "market", "line", "selection").head(1).with_columns(decided_at="known_at")
