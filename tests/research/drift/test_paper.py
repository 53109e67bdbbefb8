"""From a promotion to its drift: a model with features, traded on paper by the real runner, in two goes."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.promotion import load
from research.commands.drift import main
from research.drift.drift import drift_of
from research.promotion.deployed import deploy
from research.trading.history import Wish
from research.trading.settings import live_settings
from research.trading.setup import compose
from tests.promoted import NOW_NS, promoted

pytestmark = pytest.mark.slow

STRATEGY = '''"""Backs draws at a mean of the share so far and a level that is learned."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement
from research.strategies.books import BEST, back_prices, offers


@dataclass(frozen=True)
class Level:
    name: ClassVar[str] = "level"
    level: float
    lift: float

    def requires(self):
        return Requirement(("1x2",), features=("running_draws",))

    def opportunities(self, view):
        prices = offers(back_prices(view.quotes, ("1x2",), None), BEST, complete=True)
        known = view.features["running_draws"].select("decided_at", "event_id", "draw_share").drop_nulls()
        prices = prices.filter(pl.col("selection") == "draw").join(known, on=["decided_at", "event_id"], how="inner")
        return prices.with_columns(prob=(pl.col("draw_share") + self.level) / 2 * self.lift).drop("draw_share")


@dataclass(frozen=True)
class Drawn:
    name: ClassVar[str] = "drawn"
    lift: float = 1.15

    def requires(self):
        return Requirement(("1x2",), features=("running_draws",))

    def fit(self, history, until):
        return Level(history.features["running_draws"]["draw_share"].drop_nulls().mean() or 0.25, self.lift)
'''
WORDS = (
    "data=sample", "data.competitions=[SIM1]", "data.seasons=[2022-2023]", "report=false", "strategy=drawn",
    "data.decide_at=before_start:1h", "validation=walk_forward", "validation.folds=3",
    "strategy.edge_min=0.01", "staking=kelly", "risk=default", "execution.rejection_frac=0.1",
)  # fmt: skip


def run(name: str, until: dt.date | None = None) -> str:
    trading = compose(deploy(load(name)), live_settings([]), Wish(last=until))
    try:
        return trading.runner.run()
    finally:
        trading.close()


def test_a_model_with_features_trades_as_it_was_backtested(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS)
    (home / "strategies").mkdir()
    (home / "strategies" / "drawn.py").write_text(STRATEGY)
    promoted("drawn", WORDS)
    half = dt.date(2023, 1, 1)
    assert run("drawn", half) == "the feed has ended"
    assert main(["drawn", "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert run("drawn") == "the feed has ended"
    assert main(["drawn", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0 < first["decisions"] < whole["decisions"] and whole["unexplained"] == 0
    assert list(whole["causes"]) == ["identical", "unknown"] and whole["causes"]["unknown"]["decisions"] == 0
    assert whole["profit_minor"] == whole["profit_backtest_minor"] != 0
    assert len(whole["artifacts"]) == 2 and all(artifact["is_same"] for artifact in whole["artifacts"])
    page = Path(whole["page"]).read_text()
    assert "those of the backtest, to the cent" in page and "Models fitted while trading" in page
    assert Path(whole["pairs"]).is_file()
    ledger = look("drawn")
    entries = list(ledger.entries())
    ledger.close()
    fitted = next(recorded for recorded in entries if recorded.entry.kind is Kind.ARTIFACT)
    entries[fitted.number - 1] = replace(fitted, entry=replace(fitted.entry, body={**fitted.entry.body, "hash": "0"}))
    measured = drift_of(deploy(load("drawn")), entries)
    assert measured.unexplained == 1 and [artifact.is_same for artifact in measured.artifacts] == [False, True]
