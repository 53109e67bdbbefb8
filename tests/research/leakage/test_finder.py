"""The search itself: when it may not judge, what it does with strategies that cheat it, and that it is not vacuous."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError
from engine.paths import home
from engine.store.store import Store
from engine.strategy import History, Requirement, Strategy, View
from research.leakage import finder, mutation
from research.leakage.finder import Search, find_leaks
from research.leakage.laboratory import Laboratory
from research.leakage.mutation import UNCHANGED, Mutation
from tests.research.leakage.planted import IDEAS, KEY, Planted
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Made:
    """A strategy of one function of the opening prices of b365."""

    name: ClassVar[str] = "made"
    answer: Callable[[pl.DataFrame], pl.DataFrame]

    def requires(self) -> Requirement:
        """One book."""
        return Requirement(("1x2",), ("b365",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """What the function says."""
        return self.answer(view.quotes.select(*KEY, "odds", prob=0.9 / pl.col("odds")))


@dataclass(frozen=True)
class Rate:
    """Learns the share of home wins; a leaky one learns it of the whole store."""

    name: ClassVar[str] = "rate"
    leaky: bool

    def requires(self) -> Requirement:
        """One book."""
        return Requirement(("1x2",), ("b365",))

    def fit(self, history: History, until: int) -> Strategy:
        """Every price at the share of home wins."""
        events = store().events() if self.leaky else history.events
        rate = float((events["winner"].drop_nulls() == "home").mean() or 0.0)  # type: ignore[arg-type]
        return Made(lambda offers: offers.with_columns(prob=pl.lit(0.1 + 0.8 * rate)))


def of(answer: Callable[[pl.DataFrame], pl.DataFrame], instants: int = 10) -> finder.Findings:
    """The outcome for such a strategy."""
    return find_leaks(subject(strategy=lambda _: Made(answer)), Search(instants=instants))


def store() -> Store:
    """The store, opened through the home."""
    return Store.open(home() / "data" / "store")


def test_a_clean_strategy_is_judged_and_its_coverage_is_counted(small_home: Path) -> None:
    found = of(lambda offers: offers)
    assert found.outcome == "clean"
    coverage = found.coverage
    assert (coverage.decisions, coverage.offers, coverage.events) == (224, 672, 224)
    assert coverage.columns[:2] == ("odds", "prob")
    assert coverage.untouched == ("results", "closing prices")
    assert list(coverage.held) == ["truncated", "perturbed", "delayed", "shuffled"]
    for kind, held in coverage.held.items():
        assert held.instants == 10
        assert 100 <= held.decisions <= 224
        assert held.events == held.decisions  # an event is decided once
        assert 10 <= held.open < held.decisions
        assert held.results > 0
        assert (held.prices > 0) == (kind != "shuffled")
    last = max(found.instants)
    decided = store().quotes().filter((pl.col("instant") == "open") & (pl.col("bookmaker") == "b365"))
    iso = decided["known_at"].dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S+00:00")
    assert coverage.held["truncated"].decisions == decided.filter(iso <= last)["event_id"].n_unique()


def test_the_kernels_stakes_and_reasons_are_compared_too(small_home: Path) -> None:
    found = find_leaks(subject(["strategy=flat_all", "strategy.bookmaker=b365", "risk=default"]), Search(instants=10))
    assert found.outcome == "clean"
    assert {"kernel.reason", "kernel.stake_minor", "kernel.equity_minor"} <= set(found.coverage.columns)


@pytest.mark.parametrize("words", [["data.first_date=2019-10-01", "data.competitions=[ONE]"], ["strategy=arbitrage"]])
def test_too_few_decisions_are_not_a_pass(words: list[str], small_home: Path) -> None:
    found = find_leaks(subject(words), Search(instants=10))
    assert found.leaks == ()
    assert not found.judged
    assert found.outcome == "too_few"


def test_too_few_instants_are_not_a_pass(small_home: Path) -> None:
    found = of(lambda offers: offers, instants=9)
    assert found.outcome == "too_few"
    assert found.unjudged[0].startswith("9 instants")
    with pytest.raises(ConfigurationError, match="--instants"):
        Search(instants=0)


def test_a_search_whose_mutations_change_nothing_may_not_judge(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "truncated", lambda instant: UNCHANGED)
    monkeypatch.setattr(finder, "shuffled", lambda instant, seed: UNCHANGED)
    found = of(lambda offers: offers)
    assert found.outcome == "too_few"
    assert all("(truncated, shuffled)" in why for why in found.unjudged)


@pytest.mark.parametrize("kind", ["truncated", "perturbed", "shuffled"])
def test_each_mutation_alone_finds_a_leak_of_results(
    kind: str, small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in {"truncated", "perturbed", "shuffled"} - {kind}:
        monkeypatch.setattr(finder, other, lambda *_: UNCHANGED)
    monkeypatch.setattr(finder, "late", lambda *_: (UNCHANGED, UNCHANGED))
    made = Planted(IDEAS["target encoding"])
    found = find_leaks(subject(strategy=lambda _: made), Search(instants=2))
    assert set(found.leaks[0].kinds) == {kind}


@pytest.mark.parametrize("leaky", [False, True])
def test_a_model_is_held_to_its_fits(leaky: bool, small_home: Path) -> None:
    """Fitted twice, as in folds; between an early instant and the second fit lie results that the leaky one knows."""
    one = subject(strategy=lambda _: Rate(leaky))  # type: ignore[arg-type, return-value]
    one = replace(one, spec=replace(one.spec, fit_at=("2018-09-15", "2019-09-15")))
    found = find_leaks(one, Search(instants=4))
    assert [leak.column for leak in found.leaks] == (["prob"] if leaky else [])
    assert "whole history" in found.leaks[0].cause if leaky else found.coverage.decisions > 50


def test_a_price_that_is_used_by_its_kind_and_not_by_its_instant_is_found_by_delay_alone(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        """Fair opening prices of pinnacle of the event: known at the decision, but nobody asks."""
        own = store().quotes().filter((pl.col("bookmaker") == "pinnacle") & (pl.col("instant") == "open"))
        mean = own.group_by("event_id").agg(q=pl.col("odds").sort().sum())
        return offers.join(mean, on="event_id", how="left").with_columns(prob=pl.col("q").fill_null(1.0) / 100)

    found = of(answer, 3)
    kinds = {kind for leak in found.leaks for kind in leak.kinds}
    assert kinds == {"delayed"}
    assert "prices used before the instant" in found.leaks[0].cause


def test_a_strategy_that_needs_the_future_to_run_is_named(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        if store().events()["winner"].null_count():
            raise ValueError("a match without a winner")
        return offers

    found = of(answer, instants=2)
    assert found.leaks[0].column == "(failed)"
    assert "a match without a winner" in str(found.leaks[0].examples[0].other)


def test_rows_that_come_and_go_with_the_future_are_named(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        won = store().events().filter(pl.col("winner") == "home").select("event_id")
        return offers.join(won, on="event_id", how="anti")

    leak = of(answer, instants=2).leaks[0]
    assert leak.column == "(row)"
    assert {leak.examples[0].value, leak.examples[0].other} == {"offered", "absent"}
    assert "the result of the event itself" in leak.cause


def test_a_strategy_without_a_seed_is_not_judged(small_home: Path) -> None:
    found = of(lambda offers: offers.with_columns(prob=pl.Series(np.random.default_rng().random(offers.height))))
    assert found.leaks[0].kinds.keys() == {"repeated"}
    assert not found.judged


def test_what_no_copy_can_replace_is_not_judged(small_home: Path) -> None:
    real = small_home / "data" / "store"

    def own_path(offers: pl.DataFrame) -> pl.DataFrame:
        Store.open(real).events()
        return offers

    kept: list[pl.DataFrame] = []

    def keeps(offers: pl.DataFrame) -> pl.DataFrame:
        if not kept:
            kept.append(store().events())
        return offers

    assert any("path of its own" in why for why in of(own_path, 1).unjudged)
    assert any("keeps what it read" in why for why in of(keeps, 1).unjudged)


def test_files_outside_of_the_store_are_noted(small_home: Path, tmp_path: Path) -> None:
    (tmp_path / "half_time.csv").write_text("event_id,goals\n")

    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        (tmp_path / "half_time.csv").read_text()
        return offers

    assert any("half_time.csv, outside of the store" in note for note in of(answer, 1).notes)


def test_shaded_odds_that_meet_a_later_price_by_accident_are_no_leak(small_home: Path) -> None:
    found = of(lambda offers: offers.with_columns(odds=(pl.col("odds") * 0.98).round(2).clip(1.01)), 1)
    assert found.leaks == ()


def test_nothing_is_left_behind(small_home: Path) -> None:
    before = sorted(path.name for path in small_home.rglob("*"))
    of(lambda offers: offers, instants=1)
    assert sorted(path.name for path in small_home.rglob("*")) == before
    assert os.environ["BEA_HOME"] == str(small_home)


def test_a_strategy_that_fails_at_once_is_told(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        raise KeyError("half_time")

    with pytest.raises(DataError, match="half_time"):
        of(answer)


def test_the_same_seed_gives_the_same_search(small_home: Path) -> None:
    made = Planted(IDEAS["same-day result"])
    found = [find_leaks(subject(strategy=lambda _: made), Search(2, seed)).document() for seed in (4, 4, 5)]
    assert found[0] == found[1] != found[2]


def test_later_prices_of_an_order_on_its_way_are_no_leak(small_home: Path) -> None:
    one = subject(["strategy=flat_all", "strategy.bookmaker=b365", "execution.delay=1d"])
    assert one.waits
    assert find_leaks(one, Search(instants=5)).leaks == ()


def test_stakes_that_know_the_future_are_found(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that staked by the number of results would be seen, though every opportunity is the same."""
    honest = Laboratory._stakes

    def peeking(self: Laboratory, *given: object) -> pl.DataFrame:
        rows = honest(self, *given)  # type: ignore[arg-type]
        return rows.with_columns(stake_minor=pl.lit(store().events()["home_score"].fill_null(0).sum()))

    monkeypatch.setattr(Laboratory, "_stakes", peeking)
    one = replace(subject(["strategy=flat_all"]))
    leak = find_leaks(one, Search(instants=2)).leaks[0]
    assert leak.column == "kernel.stake_minor"
    assert "tape or the kernel" in leak.cause


def test_mutations_are_keyed_by_what_they_are_for() -> None:
    one, other = mutation.perturbed(5, 1), mutation.perturbed(5, 2)
    assert isinstance(one, Mutation)
    frame = pl.DataFrame({"event_id": [1, 2]})
    draws = [mutation._rng((seed, "perturbed", 5), frame).random() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert one is not other
