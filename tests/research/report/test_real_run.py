"""The page of real runs over the sample, and the examples of the guide."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import research
from engine.files import write_json
from research.api import Run
from research.report import write
from research.report.gather import gather
from research.report.page import page
from research.report.terminal import verdict_lines

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "reports.md"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def at_home(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(house))


def test_a_sweep(tmp_path: Path) -> None:
    run = research.sweep(
        ["data=sample", "strategy=value,consensus", "strategy.markets=choice([1x2],[totals])", "staking=flat,kelly",
         "strategy.edge_min=range(0,0.04,0.01)", "risk=off,default"]
    )  # fmt: skip
    data = gather(run)
    assert data.results.height == len(run) == 64
    assert set(data.keys) == {"risk", "strategy.name", "strategy.markets", "strategy.edge_min", "staking.name"}
    assert set(data.results["strategy.markets"]) == {"1x2", "totals"}
    assert [one.config for one in data.selected] == run.chosen[:4]
    text = run.report_path.read_text(encoding="utf-8")
    assert "<h1>Profit: not proved. " in text and "<b>Simulated.</b>" in text and "strategy markets" not in text
    again = write(run, tmp_path / "page.html")
    assert again.read_text(encoding="utf-8") == text
    assert run.render() == run.report_path and run.report_path.read_text(encoding="utf-8") == text


def test_a_run_of_an_earlier_version_is_shown_without_what_it_did_not_measure() -> None:
    words = ["data=sample", "strategy.edge_min=0,0.02", "staking=flat,kelly", "report=false"]
    run = research.sweep(words)
    newer = page(gather(run))
    stored = json.loads((run.folder / "luck.json").read_text())
    assert stored.pop("size") and stored["evidence"].pop("level")
    for name in ("slow", "untested"):
        stored["evidence"].pop(name)
    write_json(run.folder / "luck.json", stored)
    for name in ("price.json", "closing.json"):
        (run.folder / name).unlink()
    older = Run.open(run.id)
    profit, price = older.first_lines()
    assert profit.startswith("Profit: not proved. ") and "could hardly" not in profit
    assert price.startswith("Price: not measured. ")
    text = page(gather(older))
    newest = ("Portfolio of all", "Edge that could be found", 'id="price"', "How fair is the closing line?")
    for words_of_page in newest:
        assert words_of_page in newer and words_of_page not in text, words_of_page
    assert "The portfolio of all configurations was not tested." in text and "SPA, all configurations" in text
    assert all(line in " ".join(verdict_lines(older)) for line in (profit, price))


def test_a_backtest() -> None:
    run = research.backtest(["data=sample", "strategy=value"])
    text = page(gather(run))
    assert "The configuration has a yield of" in text and 'id="map"' not in text
    assert text.count('data-figure="equity"') == 1
    assert f"bea show {run.short}#1" in text


def test_a_backtest_without_bets() -> None:
    text = page(gather(research.backtest(["data=sample", "strategy.odds_min=900"])))
    assert "The configuration placed no bets." in text


def test_closing_prices_are_called_not_executable() -> None:
    run = research.backtest(["data=sample", "data.instants=[close]", "strategy=flat_all", "report=false"])
    assert set(run.bets()["instant"]) == {"close"}
    assert "Not executable" in page(gather(run))


def test_the_measures_of_the_page_are_those_of_the_run() -> None:
    run = research.backtest(["data=sample", "strategy=value"])
    one = gather(run).selected[0]
    assert one.bets["pnl_minor"].sum() - one.metrics["commission_minor"] == one.metrics["pnl_minor"]
    assert one.daily["pnl_minor"].sum() == one.metrics["pnl_minor"]
    assert one.reasons.filter(pl.col("reason") == "placed")["count"].item() == one.bets.height


def test_the_examples_of_the_guide_to_luck() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.with_name("luck.md").read_text(encoding="utf-8"), re.S):
        exec(compile(block, "luck.md", "exec"), names)
    assert names["verdict"].evidence is False and names["run"].path_daily().height > 100


def test_the_examples_of_the_guide() -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    assert "<h1>Profit: not proved. " in str(names["text"])
