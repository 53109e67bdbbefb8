"""Planted leaks, and honest versions of them that differ in one filter only.

All of them bet at the opening 1X2 prices of b365 and open the store by themselves, through the home. Several can be
planted in one strategy, each in a column of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.paths import home
from engine.store.store import Store
from engine.strategy import History, Requirement, View

KEY = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
Frame = pl.DataFrame
Floats = NDArray[np.float64]
#: adds a column to the offers: (offers, events of the store, quotes of the store, honest)
Idea = Callable[[Frame, Frame, Frame, bool], Frame]


@dataclass(frozen=True)
class Planted:
    """A strategy with some of the ideas, each in a column of its own."""

    name: ClassVar[str] = "planted"
    ideas: tuple[str, ...]
    honest: bool = False

    def requires(self) -> Requirement:
        """1X2 prices of one bookmaker."""
        return Requirement(("1x2",), ("b365",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """Every price, with the columns that the ideas add."""
        offers = view.quotes.select(*KEY, "odds", prob=0.9 / pl.col("odds")).sort(KEY)
        events, quotes = store_frames()
        for idea in self.ideas:
            offers = IDEAS[idea](offers, events, quotes, self.honest).sort(KEY)
        return offers


def store_frames() -> tuple[Frame, Frame]:
    """Events and quotes of the store, opened through the home."""
    store = Store.open(home() / "data" / "store")
    return store.events(), store.quotes()


def _played(events: Frame) -> Frame:
    return events.filter(pl.col("winner").is_not_null())


def _pairs(offers: Frame, events: Frame, honest: bool) -> Frame:
    """Pairs of a decision and a result that it uses: all results, or if honest those known at the decision."""
    decisions = offers.select("decided_at", "event_id").unique(maintain_order=True)
    own = events.select("event_id", date_own="date", season_own="season", home_own="home", away_own="away")
    results = _played(events).select("date", "season", "home", "away", "winner", "settled_at")
    pairs = decisions.join(own, on="event_id", how="left").join(results, how="cross")
    return pairs.filter(pl.col("settled_at") <= pl.col("decided_at")) if honest else pairs


def _with(offers: Frame, values: Frame) -> Frame:
    return offers.join(values, on=["decided_at", "event_id"], how="left")


def home_wins(column: str, own: pl.Expr, offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The share of home wins among the results that belong to a decision."""
    pairs = _pairs(offers, events, honest).filter(own)
    share = (pl.col("winner") == "home").mean().alias(column)
    return _with(offers, pairs.group_by("decided_at", "event_id").agg(share))


def form(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The share of wins of the home side in its last five matches up to its own: the own one is not shifted out."""
    side = (pl.col("home") == pl.col("home_own")) | (pl.col("away") == pl.col("home_own"))
    won = ((pl.col("winner") == "home") & (pl.col("home") == pl.col("home_own"))) | (
        (pl.col("winner") == "away") & (pl.col("away") == pl.col("home_own"))
    )
    pairs = _pairs(offers, events, honest).filter(side, pl.col("date") <= pl.col("date_own"))
    last = pairs.sort("date").group_by("decided_at", "event_id").agg(form=won.tail(5).mean())
    return _with(offers, last)


def half_time(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """Half of the home side's goals in the match itself, like its half-time score."""
    known = _played(events).select("event_id", "settled_at", half_time=pl.col("home_score") // 2)
    joined = offers.join(known, on="event_id", how="left")
    seen = (pl.col("settled_at") <= pl.col("decided_at")) if honest else pl.lit(True)
    return joined.with_columns(pl.when(seen).then("half_time").alias("half_time")).drop("settled_at")


def closing_price(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The latest price of the bet, the closing one; if honest the latest that was known at the decision."""
    series = [name for name in KEY if name != "decided_at"]
    prices = quotes.select(*series, "known_at", close="odds").filter(pl.col("bookmaker") == "b365")
    pairs = offers.select(KEY).join(prices, on=series, how="left", nulls_equal=True)
    pairs = pairs.filter(pl.col("known_at") <= pl.col("decided_at")) if honest else pairs
    last = pairs.sort("known_at").group_by(KEY).agg(pl.col("close").last())
    return offers.join(last, on=KEY, how="left", nulls_equal=True)


def closing_as_opening(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The closing price of the bet, used as the price taken at the opening."""
    kind = "open" if honest else "close"
    series = [name for name in KEY if name != "decided_at"]
    taken = quotes.filter(pl.col("instant") == kind).select(*series, taken="odds")
    joined = offers.join(taken, on=series, how="left", nulls_equal=True)
    return joined.with_columns(odds=pl.coalesce("taken", "odds")).drop("taken")


def _openings(quotes: Frame) -> Frame:
    b365 = (pl.col("bookmaker") == "b365") & (pl.col("market") == "1x2") & (pl.col("instant") == "open")
    return quotes.filter(b365).select("known_at", "selection", q=1.0 / pl.col("odds")).sort("known_at", "q")


def global_mean(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The mean inverse of all opening prices of b365, including later ones."""
    prices = _openings(quotes)
    if not honest:
        return offers.with_columns(mean=pl.lit(float(np.mean(np.sort(prices["q"].to_numpy())))))
    means = prices.select("known_at", mean=pl.col("q").cum_sum() / pl.int_range(1, pl.len() + 1))
    last = means.group_by("known_at").agg(pl.col("mean").last()).sort("known_at")
    joined = offers.sort("decided_at").join_asof(last, left_on="decided_at", right_on="known_at")
    return joined.drop("known_at")


def regime(offers: Frame, events: Frame, quotes: Frame, honest: bool) -> Frame:
    """The regime of the day before, by hmmlearn's `predict_proba` of all days, or if honest of the days until then.

    It is the probability of the second state, in percent. Observed is the mean inverse price of home sides of a day.
    All numbers of the model are given: only the smoothing knows the future.
    """
    from hmmlearn.hmm import GaussianHMM

    daily = _openings(quotes).filter(pl.col("selection") == "home").group_by(day=pl.col("known_at").dt.date())
    days = daily.agg(pl.col("q").sort().mean()).sort("day")
    seen = (days["q"].to_numpy()[:, None] - 0.48) / 0.06
    model = GaussianHMM(n_components=2, covariance_type="diag")
    model.startprob_, model.transmat_ = np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]])
    model.means_, model.covars_ = np.array([[-1.0], [1.0]]), np.ones((2, 1))
    ends = range(1, len(seen) + 1)
    states = np.array([model.predict_proba(seen[:end])[-1] for end in ends]) if honest else model.predict_proba(seen)
    known = days.select("day", regime=pl.Series(np.rint(states[:, 1] * 100)).cast(pl.Int64))
    joined = offers.with_columns(day=pl.col("decided_at").dt.date()).sort("day")
    return joined.join_asof(known, on="day", strategy="backward", allow_exact_matches=False).drop("day")


@dataclass(frozen=True)
class PlantedModel:
    """A logistic regression of home wins on the opening price, with one leak or none.

    Attributes
    ----------
    leak : str
        ``scaler``: its input is scaled by the mean and spread of all matches of the store; ``early stopping``: the
        number of its steps is that at which the matches after the fit are forecast best. The honest versions take the
        matches settled before the fit, and the last fifth of them.
    honest : bool
    scale, weights : tuple of float
        Learned: mean and spread of the input; intercept and slope.
    """

    name: ClassVar[str] = "planted_model"
    leak: str
    honest: bool = False
    scale: tuple[float, float] = (0.0, 1.0)
    weights: tuple[float, float] = (0.0, 0.0)

    def requires(self) -> Requirement:
        """1X2 prices of one bookmaker."""
        return Requirement(("1x2",), ("b365",))

    def fit(self, history: History, until: int) -> PlantedModel:
        """Fit by gradient descent on the matches settled before `until`."""
        events, quotes = store_frames()
        inputs, won, past = self._rows(events, quotes, until)
        leaky_scale, leaky_stop = (self.leak == leak and not self.honest for leak in ("scaler", "early stopping"))
        scaled = inputs if leaky_scale else inputs[past]
        scale = float(np.sort(scaled).mean()), float(np.sort(scaled).std())
        x = (inputs - scale[0]) / scale[1]
        rows = np.flatnonzero(past)
        learned, held = (
            (rows, np.flatnonzero(~past)) if leaky_stop else (rows[: -len(rows) // 5], rows[-len(rows) // 5 :])
        )
        return replace(self, scale=scale, weights=_stopped(x[learned], won[learned], x[held], won[held]))

    @staticmethod
    def _rows(events: Frame, quotes: Frame, until: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Opening inverse home prices, home wins, and which matches are settled before an instant; in their order."""
        opening = (pl.col("bookmaker") == "b365") & (pl.col("selection") == "home") & (pl.col("market") == "1x2")
        prices = quotes.filter(opening & (pl.col("instant") == "open")).select(
            "event_id", "known_at", q=1.0 / pl.col("odds")
        )
        rows = _played(events).join(prices, on="event_id").sort("settled_at", "event_id")
        known = rows.select(pl.max_horizontal(pl.col("settled_at", "known_at").cast(pl.Datetime("ns", "UTC"))))
        past = known.to_series().cast(pl.Int64).to_numpy() <= until
        return rows["q"].to_numpy(), (rows["winner"] == "home").cast(pl.Float64).to_numpy(), past

    def opportunities(self, view: View) -> pl.DataFrame:
        """Every price of a home side, with the probability of the model."""
        offers = view.quotes.filter(pl.col("selection") == "home").select(*KEY, "odds")
        x = (1.0 / pl.col("odds") - self.scale[0]) / self.scale[1]
        score = self.weights[0] + self.weights[1] * x
        return offers.with_columns(prob=1.0 / (1.0 + (-score).exp())).sort(KEY)


def _stopped(x: Floats, won: Floats, x_held: Floats, won_held: Floats, steps: int = 200) -> tuple[float, float]:
    """Intercept and slope after the number of steps at which the rows held out have their least log loss."""
    best, weights, found = np.inf, np.zeros(2), (0.0, 0.0)
    for _ in range(steps):
        chance = 1.0 / (1.0 + np.exp(-(weights[0] + weights[1] * x)))
        weights = weights - 0.05 * np.array([(chance - won).mean(), ((chance - won) * x).mean()])
        held = 1.0 / (1.0 + np.exp(-(weights[0] + weights[1] * x_held)))
        loss = -np.log(np.where(won_held > 0, held, 1.0 - held)).mean() if len(held) else np.inf
        if loss >= best:
            break
        best, found = loss, (float(weights[0]), float(weights[1]))
    return found


IDEAS: Final[dict[str, Idea]] = {
    "form without shift": form,
    "target encoding": partial(home_wins, "target", pl.col("home") == pl.col("home_own")),
    "season-end table": partial(
        home_wins, "table", (pl.col("season") == pl.col("season_own")) & (pl.col("home") == pl.col("home_own"))
    ),
    "label of the same date": partial(home_wins, "same_date", pl.col("date") == pl.col("date_own")),
    "closing price as feature": closing_price,
    "smoothed regime": regime,
    "half-time score": half_time,
    "closing odds as opening odds": closing_as_opening,
    "global mean": global_mean,
}
#: models by the leak that is planted in them
MODELS: Final = {"scaler fitted on all rows": "scaler", "early stopping on the test fold": "early stopping"}
