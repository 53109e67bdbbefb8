"""Bookmakers and markets that the store lacks: refused where the user wrote them, noted where they are defaults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import research
from engine.errors import ConfigurationError
from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.store import Store
from research.config.compose import Composer
from research.tapes.inputs import TapeInputs, strategy_of
from tests.tapes import spec_of

STRATEGY = """
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View


@dataclass(frozen=True)
class Sharp:
    name: ClassVar[str] = "sharp"
    sharp: str = "b365"

    def requires(self) -> Requirement:
        return Requirement(("1x2",){BOOKS})

    def opportunities(self, view: View) -> pl.DataFrame:
        return view.quotes.filter(pl.col("bookmaker") == self.sharp).select(
            "decided_at", "event_id", "market", "line", "selection", "bookmaker", "side", "odds", prob=pl.lit(0.3)
        )
"""


@pytest.fixture()
def store(home: Path) -> Path:
    """The home of a small store with b365 and bwin only."""
    chosen = tuple(book for book in DEFAULT_BOOKMAKERS if book.name in ("b365", "bwin"))
    settings = SimulatorSettings(competitions=("ONE",), seasons=1, teams=4, markets=("1x2",), bookmakers=chosen)
    Store.create_or_open(home / "data" / "store").apply(simulate(settings))
    return home


def refusal(words: Sequence[str], kind: str = "backtest", folder: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as error:
        getattr(research, kind)([*words, "report=false"], config_dir=folder)
    return error.value.line()


@pytest.mark.parametrize(
    ("words", "where", "near"),
    [
        (["execution.commission_rates={B365: 0.05}"], "execution.commission_rates", "b365"),
        (["execution.commission_rates.Bwin=0.05"], "execution.commission_rates", "bwin"),
        (["execution.venues={bet365: {limit_minor: 5}}"], "execution.venues", "b365"),
        (["execution.cash_out_bookmaker=BWIN"], "execution.cash_out_bookmaker", "bwin"),
        (["clv.bookmaker=B365"], "clv.bookmaker", "b365"),
        (["clv.bookmaker=pinnacle"], "clv.bookmaker", ""),
        (["strategy=value", "strategy.fair=B365"], "strategy.fair", "b365"),
        (["strategy=value", "strategy.fair=pinnacle"], "strategy.fair", ""),
        (["strategy=value", "strategy.price=bwim"], "strategy.price", "bwin"),
        (["strategy=consensus", "strategy.mean=best", "strategy.price=best"], "strategy.mean", ""),
        (["strategy=arbitrage", "strategy.bookmakers=[b365,BWIN]"], "strategy.bookmakers", "bwin"),
        (["execution.venues={b365: {markets: {1X2: {limit_minor: 5}}}}"], "execution.venues.b365.markets", "1x2"),
    ],
)
def test_a_name_that_the_user_wrote_is_refused_on_every_run(
    store: Path, words: list[str], where: str, near: str
) -> None:
    base = [] if any(word.startswith("strategy=") for word in words) else ["strategy=flat_all"]
    for _ in range(2):
        line = refusal([*base, *words])
        assert f" in {where}: expected " in line and line.endswith(f"did you mean {near}?" if near else "")
        assert near or "did you mean" not in line
        research.backtest(["strategy=flat_all", "report=false"])  # the facts of the rows are cached from now on


@pytest.mark.parametrize(
    "words",
    [
        ["strategy=value", "strategy.fair=b365,B365"],
        ["strategy=flat_all", "execution.commission_rates={},{B365: 0.02}"],
        ["strategy=flat_all", "clv.bookmaker=B365,b365"],
    ],
)
def test_a_swept_name_is_refused(store: Path, words: list[str]) -> None:
    assert "did you mean b365?" in refusal(words, "sweep")
    assert "did you mean b365?" in refusal(words, "sweep")


def test_a_default_that_the_store_lacks_is_noted(store: Path) -> None:
    for words in (["strategy=value"], ["strategy=value", "strategy.price=b365"]):
        run = research.backtest([*words, "report=false"])
        assert run.metrics(1)["n_bets"] == 0
        assert "the store has no prices of pinnacle, the default of strategy.fair" in run.manifest["notes"]
        assert "no closing price of pinnacle: CLV has no value" in run.manifest["notes"]
    right = research.backtest(["strategy=value", "strategy.fair=b365", "strategy.price=bwin", "report=false"])
    assert right.metrics(1)["n_opportunities"] > 0
    assert right.manifest["notes"] == ["no closing price of pinnacle: CLV has no value"]


def test_what_changes_nothing_is_noted_a_second_commission_and_stakes_that_no_rule_reads(store: Path) -> None:
    twice = ["execution.commission_rates.b365=0.05", "execution.venues.b365.commission_rate=0.02"]
    for words, note in (
        (twice, "commission of b365: 0.02 of execution.venues counts, not 0.05 of execution.commission_rates"),
        (["staking=flat"], "the stakes of slate_kelly (kelly_frac) are not used by staking=flat; "),
        (["staking=kelly_column"], ""),
    ):
        common = ["strategy=slate_kelly", "strategy.fair=b365", "strategy.price=bwin", "report=false"]
        notes = research.backtest([*common, *words]).manifest["notes"]
        if note:
            assert [one for one in notes if one.startswith(note)], notes
        else:
            assert not [one for one in notes if "kelly_frac" in one or "commission" in one]


def test_defaults_that_the_store_lacks_are_left_out_of_what_is_read() -> None:
    spec = spec_of("strategy=consensus")
    inputs = TapeInputs.of(spec, strategy_of(spec))
    assert inputs.visible.bookmakers == ("avg", "max")
    assert inputs.within({"max", "b365"}).visible.bookmakers == ("max",)
    assert inputs.within({"b365"}).visible.bookmakers is None


def test_a_name_in_an_experiment_or_an_option_of_the_user_counts_as_written(store: Path, tmp_path: Path) -> None:
    mine = tmp_path / "conf"
    (mine / "experiment").mkdir(parents=True)
    (mine / "strategy").mkdir()
    (mine / "experiment" / "exact.yaml").write_text("# @package _global_\nclv:\n  bookmaker: pinnacle\n")
    (mine / "experiment" / "terms.yaml").write_text(
        "# @package _global_\nexecution:\n  venues:\n    Bwin: {limit_minor: 100}\n"
    )
    (mine / "strategy" / "sharp_value.yaml").write_text("defaults: [value]\nfair: pinnacle\n")
    assert "in clv.bookmaker" in refusal(["strategy=flat_all", "experiment=exact"], folder=mine)
    assert "did you mean bwin?" in refusal(["strategy=flat_all", "experiment=terms"], folder=mine)
    assert "in strategy.fair" in refusal(["strategy=sharp_value"], folder=mine)
    assert "in strategy.fair" in refusal(["strategy=sharp_value,flat_all"], "sweep", folder=mine)
    written = Composer("backtest", mine).written(["strategy=sharp_value", "seed=3", "experiment=exact"])
    assert written == {"strategy.fair", "seed", "clv.bookmaker"}


@pytest.mark.parametrize("books", ["", ", (self.sharp,)"])
def test_a_name_in_a_strategy_of_the_user_is_refused(store: Path, books: str) -> None:
    (store / "strategies").mkdir()
    (store / "strategies" / "sharp.py").write_text(STRATEGY.replace("{BOOKS}", books))
    assert research.backtest(["strategy=sharp", "report=false"]).metrics(1)["n_opportunities"] > 0
    assert "in strategy.sharp: expected" in refusal(["strategy=sharp", "strategy.sharp=B365"])


def test_terms_of_a_bookmaker_without_a_bet_are_no_mistake(store: Path) -> None:
    words = ["strategy=flat_all", "strategy.bookmaker=b365", "execution.commission_rates={bwin: 0.05}"]
    run = research.backtest([*words, "execution.venues={bwin: {limit_minor: 5}}", "report=false"])
    assert run.metrics(1)["n_bets"] > 0 and run.metrics(1)["commission_minor"] == 0
    closed = ["execution.cash_out_bookmaker=bwin", "execution.cash_out_before_start=1h", "report=false"]
    assert research.backtest(["strategy=flat_all", "strategy.bookmaker=b365", *closed]).metrics(1)["n_bets"] > 0
