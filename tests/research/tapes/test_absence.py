"""A strategy without an opportunity gets an answer: why there is none, from what the store has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import research
from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.source.batch import Batch
from engine.store import Store
from research.tapes.absence import differing
from tests.tapes import spec_of

BET = """
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View


@dataclass(frozen=True)
class Never:
    name: ClassVar[str] = "never"

    def requires(self) -> Requirement:
        return Requirement(("1x2",))

    def opportunities(self, view: View) -> pl.DataFrame:
        assert view.quotes["odds"].max() > 1
        return pl.DataFrame()
"""


def late(batch: Batch, first: date) -> Batch:
    """A batch in which pinnacle quotes matches from a date on only."""
    early = batch.events.filter(pl.col("date") < first)["event_id"].implode()
    kept = batch.quotes.filter((pl.col("bookmaker") != "pinnacle") | ~pl.col("event_id").is_in(early))
    return replace(batch, quotes=kept)


@pytest.fixture()
def store(home: Path) -> Path:
    """The home of a store of two leagues, 2018-2020; pinnacle quotes from 2019-09-01 on, in both."""
    chosen = tuple(book for book in DEFAULT_BOOKMAKERS if book.name in ("b365", "bwin", "pinnacle"))
    settings = SimulatorSettings(
        competitions=("ONE", "TWO"), seasons=2, first_season=2018, teams=6, markets=("1x2",), bookmakers=chosen
    )
    Store.create_or_open(home / "data" / "store").apply(late(batch, date(2019, 9, 1)) for batch in simulate(settings))
    return home


def answer(*words: str, kind: str = "backtest") -> str:
    run = getattr(research, kind)([*words, "report=false"])
    assert run.leaderboard()["n_bets"].sum() == 0
    return str(run.manifest["no_bets"])


def first_of(home: Path, bookmaker: str) -> date:
    store = Store.open(home / "data" / "store")
    quotes = store.quotes().filter(pl.col("bookmaker") == bookmaker)
    return store.events().join(quotes.select("event_id").unique(), on="event_id", how="semi")["date"].min()  # type: ignore[return-value]


@pytest.mark.parametrize(
    "words", [["strategy=value", "strategy.price=b365"], ["strategy=flat_all", "strategy.bookmaker=pinnacle"]]
)
def test_dates_before_the_first_price_are_named(store: Path, words: list[str]) -> None:
    first = first_of(store, "pinnacle")
    for _ in range(2):
        assert answer(*words, "data.last_date=2019-08-31") == f"0 bets: the store has no pinnacle prices before {first}"
    swept = answer(*words, "data.last_date=2019-08-31", "strategy.edge_min=0,0.01", kind="sweep")
    assert swept == f"0 bets: the store has no pinnacle prices before {first}"


def test_other_kinds_of_price_and_late_decisions_are_named(store: Path) -> None:
    assert answer("strategy=value", "data.instants=[snapshot]") == (
        "0 bets: the store has only open and close prices of pinnacle, and data.instants is [snapshot]"
    )
    assert "data.decide_at=before_start:300d" in answer("strategy=flat_all", "data.decide_at=before_start:300d")
    assert answer("strategy=arbitrage", "strategy.profit_min=5").startswith(
        "0 bets: the strategy saw no opportunity in "
    )


def test_prices_that_never_change_are_named_where_a_strategy_looks_for_moves(store: Path) -> None:
    assert answer("strategy=line_move") == (
        "0 bets: each price is known once, and the strategy looks for prices that change; "
        "add prices in time: data.instants=[open,close], or snapshots"
    )
    both = answer("strategy=line_move", "data.instants=[open,close]", "strategy.move_min=5")
    assert both.startswith("0 bets: the strategy saw no opportunity in ")


def test_a_funnel_that_refuses_everything_is_told(store: Path) -> None:
    assert answer("strategy=flat_all", "strategy.odds_min=900").endswith(
        "opportunities have odds outside strategy.odds_min and strategy.odds_max"
    )
    text = answer("strategy=value", "strategy.edge_min=1", "strategy.odds_max=2")
    assert " have an edge outside " in text and " have odds outside " in text and "the largest edge is" in text
    assert "0 bets: all " in answer("strategy=value", "strategy.edge_min=0.9,1", kind="sweep")


def test_a_strategy_of_the_user_that_answers_with_nothing(store: Path) -> None:
    (store / "strategies").mkdir()
    (store / "strategies" / "never.py").write_text(BET)
    assert answer("strategy=never").startswith("0 bets: the strategy saw no opportunity")
    assert answer("strategy=never", "data.instants=[snapshot]").startswith("0 bets: the store has only open and close")


def test_tapes_without_an_opportunity_are_noted_where_others_have_some(store: Path) -> None:
    run = research.sweep(["strategy=value", "strategy.edge_min=-1", "data.instants=[open],[snapshot]", "report=false"])
    assert run.manifest["no_bets"] is None
    assert run.manifest["notes"][-1].startswith(
        "0 bets with data.instants=[snapshot]: the store has only open and close"
    )
    assert len(run.manifest["notes"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("validation", ["none", "walk_forward", "purged_kfold", "cpcv"])
def test_a_sweep_without_an_opportunity_has_a_verdict_and_a_page(store: Path, validation: str) -> None:
    words = ["strategy=arbitrage", "strategy.profit_min=5,6", f"validation={validation}"]
    for _ in range(2):
        run = research.sweep(words)
        verdict, findings = run.verdict(), run.findings
        assert verdict is not None and not verdict.evidence and findings is not None
        assert findings.evidence.days == 0 and findings.evidence.betting == 0
        assert "0 bets: the strategy saw no opportunity" in run._repr_html_()
        page = run.report_path.read_text(encoding="utf-8")
        assert "placed a bet" in page and "0 bets: the strategy saw no opportunity" in page


@pytest.mark.slow
def test_folds_without_a_price_or_a_bet_are_no_error(store: Path) -> None:
    for validation in ("walk_forward", "cpcv"):
        words = ["strategy=value", "strategy.edge_min=0,0.02", f"validation={validation}", "validation.bets_min=1"]
        run = research.sweep([*words, "report=false"])
        assert run.findings is not None and run.manifest["no_bets"] is None


def test_what_distinguishes_specifications() -> None:
    specs = [
        spec_of(*words)
        for words in (["strategy.fair=b365", "data.seasons=[2019]"], ["data.seasons=[2020]"], ["strategy=flat_all"])
    ]
    assert differing(specs[:2]) == [
        "strategy.fair=b365, data.seasons=[2019]",
        "strategy.fair=pinnacle, data.seasons=[2020]",
    ]
    assert differing(specs)[2] == "strategy=flat_all, data.seasons=None"
