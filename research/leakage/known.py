"""Whether an opportunity's price was known when it was decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from research.leakage.decided import OFFER

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
