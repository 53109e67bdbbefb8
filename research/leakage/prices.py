"""Two checks of the prices themselves, without a changed copy.

`taken_early` lists opportunities whose odds are a price that became known only after the decision.

`recorded_faults` lists closing prices that were recorded as opening prices, an error in the data that makes every
backtest look good. A *question* is an event, market and line. It has not moved at a bookmaker if all its selections
have equal opening and closing prices. If nearly no question of a bookmaker and season has moved while those of other
bookmakers have, one of the two columns was filled from the other. Prices alone cannot show which one.

A bookmaker and season is listed if k of its n questions have not moved and both

- k / n is at least 0.95 while the share among the questions of all other bookmakers together is at most 0.75; or at
  least 0.99 without another bookmaker; or k = n where the others do not move either, as in a file whose one column of
  prices was read as both kinds, and
- P(X >= k) is below 0.001 divided by the number of bookmakers and seasons tested (Bonferroni), for a binomial X of n
  trials whose probability is the larger of the others' share and 0.5, at most 0.75 (without another bookmaker: 0.9).

In real data the quietest bookmaker and season has 73 % of its questions unmoved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from engine.errors import EmptyUniverseError
from engine.plausibility.copies import still_books, upper_tail
from engine.schema import AGGREGATES, CLOSE, OPEN
from engine.store.store import Store
from engine.store.universe import Universe
from research.config.tape_spec import TapeSpec
from research.leakage.decisions import OFFER

_STILL, _ALONE, _OTHERS = 0.95, 0.99, 0.75
_LEVEL: Final = 0.001
_SEASON: Final = ("sport", "competition", "season")


@dataclass(frozen=True)
class Fault:
    """A bookmaker and season whose opening prices equal its closing prices.

    Attributes
    ----------
    questions, still : int
        Questions with both prices, and those that have not moved.
    others_frac : float or None
        Share of the questions of other bookmakers that have not moved, or None without another bookmaker.
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
    """Count the questions that have not moved, by bookmaker and season.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of the store. Only back prices of the quote kinds ``open`` and ``close`` count.

    Returns
    -------
    polars.DataFrame
        sport, competition, season, bookmaker, questions, still (int64); sorted.
    """
    return (
        still_books(quotes)
        .join(events.select("event_id", *_SEASON), on="event_id", how="inner")
        .group_by(*_SEASON, "bookmaker")
        .agg(questions=pl.len().cast(pl.Int64), still=pl.col("still").sum().cast(pl.Int64))
        .sort(*_SEASON, "bookmaker")
    )


def faults(counted: pl.DataFrame) -> list[Fault]:
    """The rows of `still_questions` that are listed as faults."""
    listed = []
    for row in counted.iter_rows(named=True):
        same = pl.all_horizontal(pl.col(name) == row[name] for name in _SEASON)
        others = counted.filter(
            same & (pl.col("bookmaker") != row["bookmaker"]) & ~pl.col("bookmaker").is_in(AGGREGATES)
        )
        fault = _fault(row, int(others["questions"].sum()), int(others["still"].sum()), counted.height)
        if fault is not None:
            listed.append(fault)
    return listed


def _fault(row: dict[str, Any], n_others: int, k_others: int, cells: int) -> Fault | None:
    n, k = row["questions"], row["still"]
    others = k_others / n_others if n_others else None
    quiet = others is not None and others > _OTHERS
    least = 1.0 if quiet else _ALONE if others is None else _STILL
    if k / n < least:
        return None
    p_value = upper_tail(n, k, 0.9 if others is None else _OTHERS if quiet else max(others, 0.5))
    if p_value >= _LEVEL / cells:
        return None
    return Fault(row["bookmaker"], row["sport"], row["competition"], row["season"], n, k, others, p_value)


#: equal prices that may be a coincidence: fewer than this many are not reported
_FEWEST: Final = 10
_SERIES: Final = ("event_id", "market", "line", "selection", "bookmaker", "side")


def taken_early(offers: pl.DataFrame, quotes: Iterator[pl.DataFrame]) -> pl.DataFrame:
    """Opportunities whose odds equal a price of the same bet that became known only after the decision.

    Odds may also equal no price at all, for example if a strategy shades them. If there are more such rows than late
    ones, equal prices may be a coincidence, and nothing is returned.

    Parameters
    ----------
    offers : polars.DataFrame
        Opportunities.
    quotes : iterator of polars.DataFrame
        Prices of the store in the columns of `schema.QUOTES`; all quotes of an event in one frame.

    Returns
    -------
    polars.DataFrame
        `OFFER`, odds, and known_at and instant of the first equal price; sorted. Empty with fewer than 10 rows.
    """
    late, n_unmatched = [], 0
    for part in quotes:
        prices = (
            part.join(offers.select("event_id").unique(), on="event_id", how="semi")
            .sort("known_at")
            .unique([*_SERIES, "odds"], keep="first", maintain_order=True)
            .select(*_SERIES, "odds", known="known_at", kind="instant")
        )
        in_part = offers.join(part.select("event_id").unique(), on="event_id", how="semi").select(*OFFER, "odds")
        matched = in_part.join(prices, on=[*_SERIES, "odds"], how="left", nulls_equal=True)
        n_unmatched += matched["known"].null_count()
        late.append(matched.filter(pl.col("known") > pl.col("decided_at")))
    rows = pl.concat(late) if late else offers.head(0).select(*OFFER, "odds")
    if rows.height < _FEWEST or n_unmatched > rows.height:
        return rows.head(0)
    return rows.rename({"known": "known_at", "kind": "instant"}).sort(OFFER)


def universe_of(spec: TapeSpec) -> Universe:
    """The events of a tape specification with all their prices, whatever prices the strategy sees."""
    fields = dict(spec.universe)
    for name in ("first_date", "last_date"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    return Universe(**fields)


def quotes_of(store: Store, universe: Universe, max_quotes: int) -> Iterator[pl.DataFrame]:
    """Quotes of a universe, in parts of whole partitions with about `max_quotes` quotes; empty parts are left out."""
    for part in store.parts(universe, max_quotes=max_quotes):
        try:
            yield store.quotes(part)
        except EmptyUniverseError:
            continue


def recorded_faults(
    store: Store, universe: Universe, markets: tuple[str, ...], max_quotes: int
) -> list[tuple[Fault, pl.DataFrame]]:
    """Bookmakers and seasons whose opening prices equal their closing prices, each with one such price.

    Parameters
    ----------
    store : Store
    universe : Universe
        Events to look at.
    markets : tuple of str
    max_quotes : int
        Quotes to load at once, about.

    Returns
    -------
    list of (Fault, polars.DataFrame)
        The frame has one row: the columns of the store, and `decided_at` equal to its `known_at`.
    """
    events = store.events(universe)
    both_kinds = replace(universe, markets=markets, instants=(OPEN, CLOSE), sides=("back",))
    parts = [still_questions(events, quotes) for quotes in quotes_of(store, both_kinds, max_quotes)]
    if not parts:
        return []
    return [(fault, _example(store, both_kinds, events, fault)) for fault in faults(pl.concat(parts))]


def _example(store: Store, both_kinds: Universe, events: pl.DataFrame, fault: Fault) -> pl.DataFrame:
    faulty = replace(
        both_kinds,
        sports=(fault.sport,),
        competitions=(fault.competition,),
        seasons=(fault.season,),
        bookmakers=(fault.bookmaker,),
    )
    series = ["event_id", "market", "line", "selection", "odds"]
    quotes = store.quotes(faulty).join(events.select("event_id"), on="event_id", how="semi")
    closing = quotes.filter(pl.col("instant") == CLOSE).select(series)
    opening = quotes.filter(pl.col("instant") == OPEN)
    same = opening.join(closing, on=series, how="semi", nulls_equal=True)
    return same.sort("known_at", "event_id", "market", "line", "selection").head(1).with_columns(decided_at="known_at")
