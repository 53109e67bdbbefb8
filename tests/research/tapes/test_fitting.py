"""A strategy with a model: fitted at each border on what was known then, and on nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import polars as pl
import pytest

from engine.errors import ConfigurationError, TapeError
from engine.strategy import History, Learner, Requirement, Strategy, View
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes
from research.tapes.fitting import fit_days, fitted_at, opportunities
from research.tapes.inputs import strategy_of
from tests.tapes import rows_of, spec_of

pytestmark = pytest.mark.slow

DATES = [dt.date(2019, 8, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1), dt.date(2024, 6, 1)]


@dataclass(frozen=True)
class HomeRate:
    """Backs the home side of the sharp book at the share of home wins seen so far."""

    name: ClassVar[str] = "home_rate"
    rate: float
    since: int

    def requires(self) -> Requirement:
        return Requirement(("1x2",), ("pinnacle",))

    def opportunities(self, view: View) -> pl.DataFrame:
        return view.quotes.filter(pl.col("selection") == "home").select(
            "decided_at", "event_id", "market", "line", "selection", "bookmaker", "side", "odds",
            prob=pl.lit(self.rate),
        )  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """Learns the share of home wins; notes what it was shown."""

    name: ClassVar[str] = "rates"
    seen: list[tuple[int, History]] = field(default_factory=list)

    def requires(self) -> Requirement:
        return Requirement(("1x2",), ("pinnacle",))

    def fit(self, history: History, until: int) -> Strategy:
        self.seen.append((until, history))
        played = history.events.filter(pl.col("home_score").is_not_null())
        rate = float((played["home_score"] > played["away_score"]).mean() or 0.5)  # type: ignore[arg-type]
        return HomeRate(rate, until)


def spec(words: Sequence[str] = ()) -> TapeSpec:
    return spec_of("data=sample", "data.competitions=[SIM1]", *words)


def tape_rows(learner: Rates, of: TapeSpec) -> pl.DataFrame:
    return rows_of(Tapes(strategy=lambda _: learner).fresh(of))  # type: ignore[arg-type, return-value]


def test_each_fold_is_decided_by_the_model_of_its_own_border(home: Path) -> None:
    learner = Rates()
    assert isinstance(learner, Learner) and not isinstance(strategy_of(spec()), Learner)
    rows = tape_rows(learner, fitted_at(spec(), learner, DATES))
    borders = [until for until, _ in learner.seen]
    assert borders == [int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9 for year in (2021, 2022)]
    assert rows.height > 300 and rows["decided"].min() >= borders[0], "no decision before there is a model"
    for (since, history), until in zip(learner.seen, [*borders[1:], 2**62], strict=True):
        mine = rows.filter(pl.col("decided").is_between(since, until, closed="left"))
        wins = history.events.filter(pl.col("home_score") > pl.col("away_score")).height
        assert mine.height > 100 and mine["prob"].unique().to_list() == [wins / history.events.height]


def test_a_fit_sees_nothing_that_was_settled_or_decided_later(home: Path) -> None:
    learner = Rates()
    tape_rows(learner, fitted_at(spec(), learner, DATES))
    for until, history in learner.seen:
        assert history.events.height > 100 and history.quotes.height > 1000
        assert history.events["settled_at"].cast(pl.Int64).max() < until  # type: ignore[operator]
        assert history.quotes["decided_at"].cast(pl.Int64).max() < until  # type: ignore[operator]
        assert history.quotes["known_at"].cast(pl.Int64).max() < until  # type: ignore[operator]


def test_another_future_does_not_change_an_earlier_fold(home: Path) -> None:
    tapes, of = Tapes(), fitted_at(spec(), Rates(), DATES)
    played, views = tapes.whole(spec(["strategy.price=pinnacle"]))
    later = pl.col("settled_at").cast(pl.Int64) >= int(dt.datetime(2022, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
    turned = played.with_columns(
        home_score=pl.when(later).then("away_score").otherwise("home_score"),
        away_score=pl.when(later).then("home_score").otherwise("away_score"),
    )
    assert turned.filter(later).height > 200 and not turned.equals(played)
    whole, other = (opportunities(of, Rates(), events, views) for events in (played, turned))
    assert whole.height > 300 and whole.equals(other), "the model of the last border knows no result after it"
    earlier = played.with_columns(home_score=pl.lit(0, pl.Int32))
    assert not opportunities(of, Rates(), earlier, views).equals(whole)


def test_what_the_days_of_fitting_do_to_a_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    learner: Any = Rates()
    of = fitted_at(spec(), learner, DATES)
    assert of.fit_at == ("2021-01-01", "2022-01-01") and of.facts() != spec().facts()
    assert fitted_at(spec(), strategy_of(spec()), DATES) == spec()
    with pytest.raises(ConfigurationError, match=r"fitted at the start of each fold.*add validation=walk_forward"):
        fitted_at(spec(), learner, [])
    monkeypatch.setattr("research.tapes.parts.max_quotes", lambda memory_mb: 1000)
    small = Tapes(strategy=lambda _: learner)
    with pytest.raises(ConfigurationError, match="memory"):
        small.fresh(replace(of, universe=tuple((k, None) for k, _ in of.universe)))


def test_the_days_of_each_calendar() -> None:
    day, seasons = dt.date, [dt.date(2019, 8, 1), dt.date(2020, 8, 3), dt.date(2021, 8, 2), dt.date(2024, 6, 1)]
    assert fit_days(DATES, "fold", seasons) == [day(2021, 1, 1), day(2022, 1, 1)]
    assert fit_days(DATES, "season", seasons) == [day(2021, 1, 1), day(2021, 8, 2)]
    assert fit_days(DATES, "season", [DATES[1]]) == [day(2021, 1, 1)]
    daily = fit_days(DATES, "1d", seasons)
    assert (daily[0], daily[1], daily[-1]) == (day(2021, 1, 1), day(2021, 1, 2), day(2024, 5, 31))
    assert len(set(daily)) == len(daily) == (DATES[3] - DATES[1]).days


@pytest.mark.parametrize("refit", ["1d", "season"])
def test_each_decision_comes_from_the_last_model_fitted_before_it(home: Path, refit: str) -> None:
    learner = Rates()
    rows = tape_rows(learner, fitted_at(spec(), learner, DATES, refit, [dt.date(2021, 8, 2), dt.date(2022, 8, 1)]))
    borders = pl.Series([until for until, _ in learner.seen])
    assert borders.is_sorted() and borders.n_unique() == len(borders) and (len(borders) > 100 or refit == "season")
    rates = {}
    for until, history in learner.seen:
        assert history.events["settled_at"].cast(pl.Int64).max() < until  # type: ignore[operator]
        wins = history.events.filter(pl.col("home_score") > pl.col("away_score")).height
        rates[until] = wins / history.events.height
    mine = rows.with_columns(fit=pl.Series([max(b for b in borders if b <= at) for at in rows["decided"]]))
    assert mine.height > 300 and mine["prob"].to_list() == [rates[until] for until in mine["fit"]]
    if refit == "1d":
        assert (mine["decided"] - mine["fit"]).max() < 24 * 3600 * 10**9, "the model of the decision's own day"
    else:
        assert [dt.datetime.fromtimestamp(b / 1e9, dt.UTC).date() for b in borders] == [
            dt.date(2021, 1, 1), dt.date(2021, 8, 2), dt.date(2022, 8, 1)
        ]  # fmt: skip


def test_a_fit_gets_the_features_of_the_decisions_before_it(home: Path) -> None:
    @dataclass(frozen=True)
    class Draws(Rates):
        def requires(self) -> Requirement:
            return Requirement(("1x2",), ("pinnacle",), features=("running_draws",))

    learner = Draws()
    tape_rows(learner, fitted_at(spec(), learner, DATES))
    for until, history in learner.seen:
        features = history.features["running_draws"]
        assert features.select("decided_at", "event_id").rows() == sorted(
            history.quotes.select("decided_at", "event_id").unique().rows()
        )
        assert 0.1 < features["draw_share"].drop_nulls().mean() < 0.5  # type: ignore[operator]
        assert features["decided_at"].cast(pl.Int64).max() < until  # type: ignore[operator]
        assert features["n_played"].max() <= history.events.height  # type: ignore[operator]


@pytest.mark.parametrize("convert", [pl.DataFrame.lazy, pl.DataFrame.to_dicts])
def test_a_strategy_that_returns_no_frame_is_told_so(convert: Any) -> None:
    class Own:
        def requires(self) -> Requirement:
            return Requirement(("1x2",))

        def opportunities(self, view: View) -> Any:
            return convert(view.quotes)

    spec = SimpleNamespace(strategy="own", strategy_file=None, fit_at=())
    views = [View(pl.DataFrame({"odds": [2.0]}))]
    with pytest.raises(TapeError, match="the opportunities of strategy own: expected a Polars frame, found a "):
        opportunities(spec, Own(), pl.DataFrame(), views)  # type: ignore[arg-type]
