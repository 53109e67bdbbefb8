"""Strategies with a planted leak, and honest versions of them that differ in one filter only.

All of them bet at the opening 1X2 prices of b365 and open the store by themselves, through the home.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from engine.paths import home
from engine.store.store import Store
from engine.strategy import Requirement, View

KEY = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
Frame = pl.DataFrame
#: adds `prob` (and any other column) to the offers: (offers, events of the store, quotes of the store, honest)
Idea = Callable[[Frame, Frame, Frame, bool], Frame]


@dataclass(frozen=True)
class Planted:
    """A strategy from one idea."""

    name: ClassVar[str] = "planted"
    idea: Idea
    honest: bool = False

    def requires(self) -> Requirement:
        """1X2 prices of one bookmaker."""
        return Requirement(("1x2",), ("b365",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """Every price, with the columns that the idea adds."""
        offers = view.quotes.select(*KEY, "odds")
        store = Store.open(home() / "data" / "store")
        return self.idea(offers, store.events(), store.quotes(), self.honest).sort(KEY)


def _prob(offers: Frame, lift: pl.Expr) -> Frame:
    """Offers with `prob`: the break-even probability raised by a bounded amount."""
    lifted = (1.0 / pl.col("odds")) * (1.0 + 0.1 * lift.fill_null(0.0))
    return offers.with_columns(prob=lifted.clip(0.01, 0.99))


def _played(events: Frame) -> Frame:
    return events.filter(pl.col("winner").is_not_null())


def _before(offers: Frame, events: Frame, honest: bool) -> Frame:
    """Pairs of a decision and a result that it uses: all results, or if honest those known at the decision."""
    decisions = offers.select("decided_at", "event_id").unique(maintain_order=True)
    own = events.select("event_id", date_own="date", season_own="season", home_own="home", away_own="away")
    pairs = decisions.join(own, on="event_id", how="left").join(
        _played(events).select("date", "season", "home", "away", "winner", "home_score", "settled_at"), how="cross"
    )
    return pairs.filter(pl.col("settled_at") <= pl.col("decided_at")) if honest else pairs


def _with_prob(offers: Frame, pairs: Frame, value: pl.Expr) -> Frame:
    lifts = pairs.group_by("decided_at", "event_id").agg(value.alias("lift"))
    return _prob(offers.join(lifts, on=["decided_at", "event_id"], how="left"), pl.col("lift")).drop("lift")


def half_time(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """Half of the home side's goals in the match itself, like its half-time score."""
    known = _played(events).select("event_id", "settled_at", lift=(pl.col("home_score") // 2).cast(pl.Float64) / 5)
    joined = offers.join(known, on="event_id", how="left")
    seen = (pl.col("settled_at") <= pl.col("decided_at")) if honest else pl.lit(True)
    return _prob(joined, pl.when(seen).then(pl.col("lift"))).drop("lift", "settled_at")


def closing_as_opening(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The closing price of the bet, used as the price taken at the opening."""
    kind = "open" if honest else "close"
    series = [name for name in KEY if name != "decided_at"]
    taken = quotes.filter(pl.col("instant") == kind).select(*series, taken="odds")
    joined = offers.join(taken, on=series, how="left", nulls_equal=True)
    return _prob(joined.with_columns(odds=pl.coalesce("taken", "odds")).drop("taken"), pl.lit(0.0))


def season_table(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The share of its home matches of the season that the home side wins, as in a final table."""
    pairs = _before(offers, events, honest).filter(
        (pl.col("season") == pl.col("season_own")) & (pl.col("home") == pl.col("home_own"))
    )
    return _with_prob(offers, pairs, (pl.col("winner") == "home").mean())


def global_mean(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The mean inverse of all prices of b365, including later ones."""
    b365 = quotes.filter(
        (pl.col("bookmaker") == "b365") & (pl.col("market") == "1x2") & (pl.col("instant") != "in_play")
    )
    b365 = b365.select("known_at", q=1.0 / pl.col("odds")).sort("known_at", "q")
    if not honest:
        return _prob(offers, pl.lit(float(np.mean(np.sort(b365["q"].to_numpy())))))
    means = b365.with_columns(mean=pl.col("q").cum_sum() / pl.int_range(1, pl.len() + 1))
    last = means.group_by("known_at").agg(pl.col("mean").last()).sort("known_at")
    return _prob(
        offers.sort("decided_at").join_asof(last, left_on="decided_at", right_on="known_at"), pl.col("mean")
    ).drop("mean", "known_at")


def target_encoding(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The share of its home matches in all seasons that the home side wins."""
    pairs = _before(offers, events, honest).filter(pl.col("home") == pl.col("home_own"))
    return _with_prob(offers, pairs, (pl.col("winner") == "home").mean())


def same_day(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The share of home wins on the day of the match."""
    pairs = _before(offers, events, honest).filter(pl.col("date") == pl.col("date_own"))
    return _with_prob(offers, pairs, (pl.col("winner") == "home").mean())


def fitted_model(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The slope of results on home prices, fitted on all matches, or if honest on those known at each decision."""
    rows = quotes.filter(
        (pl.col("bookmaker") == "b365") & (pl.col("instant") == "open") & (pl.col("selection") == "home")
        & (pl.col("market") == "1x2")
    ).join(_played(events).select("event_id", "winner", "settled_at"), on="event_id")  # fmt: skip
    rows = rows.sort("settled_at", "event_id")
    x, y = 1.0 / rows["odds"].to_numpy(), (rows["winner"] == "home").cast(pl.Float64).to_numpy()
    ends, known = rows["settled_at"].to_physical().to_numpy(), rows["known_at"].to_physical().to_numpy()
    at, slopes = offers["decided_at"].unique().sort(), []
    for decided in at.to_physical().to_numpy():
        known_rows = (ends <= decided) & (known <= decided) if honest else np.ones(len(x), dtype=bool)
        slopes.append(float(np.polyfit(x[known_rows], y[known_rows], 1)[0]) if known_rows.sum() > 10 else 0.0)
    table = pl.DataFrame({"decided_at": at, "slope": slopes})
    joined = offers.join(table.cast({"decided_at": offers.schema["decided_at"]}), on="decided_at", how="left")
    return _prob(joined, pl.col("slope")).drop("slope")


def regime(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """Whether home wins are frequent within 15 days around the decision, or if honest in the 15 days before it."""
    decisions = offers.select("decided_at").unique()
    pairs = decisions.join(_played(events).select("settled_at", "winner"), how="cross")
    apart = pl.col("settled_at") - pl.col("decided_at")
    near = (apart <= pl.duration(days=0)) if honest else (apart <= pl.duration(days=15))
    pairs = pairs.filter(near & (apart >= pl.duration(days=-15)))
    regimes = pairs.group_by("decided_at").agg(regime=((pl.col("winner") == "home").mean() > 0.45).cast(pl.Int64))
    return _prob(offers.join(regimes, on="decided_at", how="left"), pl.lit(0.0))


IDEAS: dict[str, Idea] = {
    "half-time score": half_time,
    "closing odds as opening": closing_as_opening,
    "season-end table": season_table,
    "global mean": global_mean,
    "target encoding": target_encoding,
    "same-day result": same_day,
    "model fitted on the future": fitted_model,
    "regime smoothed with the future": regime,
}
