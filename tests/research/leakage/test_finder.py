"""The search: coverage, strategies that evade it, and proof that each of its tests can fail."""

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
from research.leakage import finder, instant, mutation
from research.leakage.decisions import Decider
from research.leakage.finder import Search, find_leaks
from research.leakage.mutation import UNCHANGED
from tests.research.leakage.planted import KEY, Planted
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class FromFunction:
    """A strategy that applies a function to the opening 1X2 prices of b365."""

    name: ClassVar[str] = "from_function"
    answer: Callable[[pl.DataFrame], pl.DataFrame]

    def requires(self) -> Requirement:
        """1X2 prices of b365."""
        return Requirement(("1x2",), ("b365",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """The result of the function."""
        return self.answer(view.quotes.select(*KEY, "odds", prob=0.9 / pl.col("odds")))


@dataclass(frozen=True)
class HomeWinRate:
    """Learns the share of home wins, from the history or, if leaky, from the whole store."""

    name: ClassVar[str] = "rate"
    leaky: bool

    def requires(self) -> Requirement:
        """1X2 prices of b365."""
        return Requirement(("1x2",), ("b365",))

    def fit(self, history: History, until: int) -> Strategy:
        """Fit a strategy whose `prob` is the learned share, scaled."""
        events = store().events() if self.leaky else history.events
        rate = float((events["winner"].drop_nulls() == "home").mean() or 0.0)  # type: ignore[arg-type]
        return FromFunction(lambda offers: offers.with_columns(prob=pl.lit(0.1 + 0.8 * rate)))


def findings_for(answer: Callable[[pl.DataFrame], pl.DataFrame], instants: int = 10) -> finder.Findings:
    """The findings for a strategy from a function."""
    return find_leaks(subject(strategy=lambda _: FromFunction(answer)), Search(instants=instants))


def store() -> Store:
    """The store, opened through the home."""
    return Store.open(home() / "data" / "store")


def test_a_clean_strategy_passes_and_its_coverage_is_counted(small_home: Path) -> None:
    findings = findings_for(lambda offers: offers)
    assert findings.outcome == "clean"
    counted = findings.coverage
    assert (counted.decisions, counted.offers, counted.events) == (224, 672, 224)
    assert counted.columns[:2] == ("odds", "prob")
    assert counted.untouched == ("results", "closing prices")
    assert list(counted.held) == ["truncated", "perturbed", "delayed", "shuffled"]
    for kind, held in counted.held.items():
        assert held.instants == 10
        assert 100 <= held.decisions <= 224
        assert held.events == held.decisions  # one decision for each event
        assert 10 <= held.open < held.decisions
        assert held.results > 0
        assert (held.prices > 0) == (kind != "shuffled")
    last = max(findings.instants)
    decided = store().quotes().filter((pl.col("instant") == "open") & (pl.col("bookmaker") == "b365"))
    iso = decided["known_at"].dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S+00:00")
    assert counted.held["truncated"].decisions == decided.filter(iso <= last)["event_id"].n_unique()


def test_the_kernels_stakes_and_reasons_are_compared_too(small_home: Path, two_instants: None) -> None:
    findings = find_leaks(subject(["strategy=flat_all", "strategy.bookmaker=b365", "risk=default"]), Search(instants=2))
    assert findings.outcome == "clean"
    assert {"kernel.reason", "kernel.stake_minor", "kernel.equity_minor"} <= set(findings.coverage.columns)


@pytest.mark.parametrize(
    "overrides", [["data.first_date=2019-10-01", "data.competitions=[ONE]"], ["strategy=arbitrage"]]
)
def test_too_few_decisions_do_not_pass(overrides: list[str], small_home: Path, two_instants: None) -> None:
    findings = find_leaks(subject(overrides), Search(instants=2))
    assert findings.leaks == ()
    assert not findings.judged
    assert findings.outcome == "too_few"
    assert findings.unjudged and all("decisions tested, at least 100" in why for why in findings.unjudged)


def test_too_few_instants_do_not_pass(small_home: Path, two_instants: None) -> None:
    findings = findings_for(lambda offers: offers, instants=1)
    assert findings.outcome == "too_few"
    assert any(why.startswith("1 instants") for why in findings.unjudged)
    assert findings_for(lambda offers: offers, instants=2).outcome == "clean"
    with pytest.raises(ConfigurationError, match="--instants"):
        Search(instants=0)


def test_mutations_that_change_nothing_do_not_pass(
    small_home: Path, monkeypatch: pytest.MonkeyPatch, two_instants: None
) -> None:
    monkeypatch.setattr(instant, "truncated", lambda _: UNCHANGED)
    monkeypatch.setattr(instant, "shuffled", lambda *_: UNCHANGED)
    findings = findings_for(lambda offers: offers, instants=2)
    assert findings.outcome == "too_few"
    assert findings.unjudged and all("(truncated, shuffled)" in reason for reason in findings.unjudged)


@pytest.mark.parametrize("kind", ["truncated", "perturbed", "shuffled"])
def test_each_mutation_alone_finds_a_leak_of_results(
    kind: str, small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in {"truncated", "perturbed", "shuffled"} - {kind}:
        monkeypatch.setattr(instant, other, lambda *_: UNCHANGED)
    monkeypatch.setattr(instant, "delayed_and_removed", lambda *_: (UNCHANGED, UNCHANGED))
    monkeypatch.setattr(finder, "_MAX_CAUSES", 0)
    strategy = Planted(("target encoding",))
    findings = find_leaks(subject(strategy=lambda _: strategy), Search(instants=2))
    assert set(findings.leaks[0].kinds) == {kind}


@pytest.mark.parametrize("leaky", [False, True])
def test_a_model_that_learns_from_later_results_is_found(leaky: bool, small_home: Path) -> None:
    """It is fitted twice, as in folds. The leaky one also learns from results after the fit."""
    tested = subject(strategy=lambda _: HomeWinRate(leaky))  # type: ignore[arg-type, return-value]
    tested = replace(tested, spec=replace(tested.spec, fit_at=("2018-09-15", "2019-09-15")))
    findings = find_leaks(tested, Search(instants=4))
    assert [leak.column for leak in findings.leaks] == (["prob"] if leaky else [])
    assert "whole history" in findings.leaks[0].cause if leaky else findings.coverage.decisions > 50


def test_only_delayed_rows_show_a_price_used_by_its_kind_instead_of_its_instant(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        """Opening prices of pinnacle, used without a check that they were known at the decision."""
        opening = store().quotes().filter((pl.col("bookmaker") == "pinnacle") & (pl.col("instant") == "open"))
        sums = opening.group_by("event_id").agg(q=pl.col("odds").sort().sum())
        return offers.join(sums, on="event_id", how="left").with_columns(prob=pl.col("q").fill_null(1.0) / 100)

    findings = findings_for(answer, 3)
    kinds = {kind for leak in findings.leaks for kind in leak.kinds}
    assert kinds == {"delayed"}
    assert "prices used before the instant" in findings.leaks[0].cause


def test_a_strategy_that_fails_without_the_future_is_found(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        if store().events()["winner"].null_count():
            raise ValueError("a match without a winner")
        return offers

    findings = findings_for(answer, instants=2)
    assert findings.leaks[0].column == "(failed)"
    assert "a match without a winner" in str(findings.leaks[0].examples[0].other)


def test_opportunities_that_depend_on_the_future_are_found(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        won = store().events().filter(pl.col("winner") == "home").select("event_id")
        return offers.join(won, on="event_id", how="anti")

    leak = findings_for(answer, instants=2).leaks[0]
    assert leak.column == "(row)"
    assert {leak.examples[0].value, leak.examples[0].other} == {"offered", "absent"}
    assert "the result of the event itself" in leak.cause


def test_a_strategy_with_unseeded_random_numbers_cannot_pass(small_home: Path) -> None:
    findings = findings_for(
        lambda offers: offers.with_columns(prob=pl.Series(np.random.default_rng().random(offers.height)))
    )
    assert findings.leaks[0].kinds.keys() == {"repeated"}
    assert not findings.judged


def test_a_strategy_that_reads_the_original_store_or_caches_it_cannot_pass(small_home: Path) -> None:
    real = small_home / "data" / "store"

    def own_path(offers: pl.DataFrame) -> pl.DataFrame:
        Store.open(real).events()
        return offers

    cache: list[pl.DataFrame] = []

    def cached(offers: pl.DataFrame) -> pl.DataFrame:
        if not cache:
            cache.append(store().events())
        return offers

    assert any("path of its own" in reason for reason in findings_for(own_path, 1).unjudged)
    assert any("keeps what it read" in reason for reason in findings_for(cached, 1).unjudged)


def test_files_outside_of_the_store_are_noted(small_home: Path, tmp_path: Path) -> None:
    (tmp_path / "half_time.csv").write_text("event_id,goals\n")

    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        (tmp_path / "half_time.csv").read_text()
        return offers

    assert any("half_time.csv, outside of the store" in note for note in findings_for(answer, 1).notes)


def test_shaded_odds_that_happen_to_equal_a_later_price_are_no_leak(small_home: Path) -> None:
    findings = findings_for(lambda offers: offers.with_columns(odds=(pl.col("odds") * 0.98).round(2).clip(1.01)), 1)
    assert findings.leaks == ()


def test_a_search_leaves_no_files_behind(small_home: Path) -> None:
    before = sorted(path.name for path in small_home.rglob("*"))
    findings_for(lambda offers: offers, instants=1)
    assert sorted(path.name for path in small_home.rglob("*")) == before
    assert os.environ["BEA_HOME"] == str(small_home)


def test_a_strategy_that_fails_on_an_exact_copy_is_an_error(small_home: Path) -> None:
    def answer(offers: pl.DataFrame) -> pl.DataFrame:
        raise KeyError("half_time")

    with pytest.raises(DataError, match="half_time"):
        findings_for(answer)


def test_the_same_seed_gives_the_same_search(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = Planted(("label of the same date",))
    first, again = (find_leaks(subject(strategy=lambda _: strategy), Search(1, 4)) for _ in range(2))
    assert first.document() == again.document()
    monkeypatch.setattr(finder, "_MAX_CAUSES", 0)
    assert find_leaks(subject(strategy=lambda _: strategy), Search(1, 5)).instants != first.instants


def test_a_delayed_order_filled_at_a_later_price_is_no_leak(small_home: Path) -> None:
    tested = subject(["strategy=flat_all", "strategy.bookmaker=b365", "execution.delay=1d"])
    assert tested.delays_orders
    assert find_leaks(tested, Search(instants=5)).leaks == ()


def test_stakes_that_depend_on_the_future_are_found(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that stakes by the number of goals is found although every opportunity is the same."""
    honest = Decider._stakes

    def peeking(self: Decider, *arguments: object) -> pl.DataFrame:
        rows = honest(self, *arguments)  # type: ignore[arg-type]
        return rows.with_columns(stake_minor=pl.lit(store().events()["home_score"].fill_null(0).sum()))

    monkeypatch.setattr(Decider, "_stakes", peeking)
    leak = find_leaks(subject(["strategy=flat_all"]), Search(instants=2)).leaks[0]
    assert leak.column == "kernel.stake_minor"
    assert "tape or the kernel" in leak.cause


def test_random_changes_are_keyed_by_seed_and_purpose() -> None:
    frame = pl.DataFrame({"event_id": [1, 2]})
    numbers = [mutation._rng((seed, "perturbed", 5), frame).random() for seed in (1, 1, 2)]
    assert numbers[0] == numbers[1] != numbers[2]
