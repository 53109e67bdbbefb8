"""The selected configuration, a bankrupt one, and one that stopped betting, as the reader is told."""

from __future__ import annotations

import pytest

import research
from research.api import Run
from research.commands.main import main

pytestmark = pytest.mark.slow

#: a tenth of the bankroll on everything: bankrupt soon without limits, stopped by a breaker with them
WORDS = [
    "data=sample", "strategy=flat_all", "strategy.bookmaker=max", "staking=flat,percent", "staking.amount_minor=100000",
    "staking.fraction=0.1", "risk=off,default", "risk.drawdown_reset_after=null", "validation.metric_min=-100",
]  # fmt: skip


@pytest.fixture(scope="module")
def ruined(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(tmp_path_factory.mktemp("home")))
        return research.sweep(WORDS)


@pytest.fixture(autouse=True)
def at_home(ruined: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(ruined.folder.parents[2]))


def test_a_bankrupt_configuration_is_named(ruined: Run, capsys: pytest.CaptureFixture[str]) -> None:
    gone = dict(ruined.bankrupt().iter_rows())
    assert gone and set(gone) < {1, 2, 3, 4}, "the breaker saves some"
    for config in range(1, 5):
        daily = ruined.daily(config)
        left = 10_000_00 + daily["pnl_minor"].cum_sum()
        assert (config in gone) == bool((left <= 10_000).any())
        if config in gone:
            assert daily["date"][int((left <= 10_000).arg_max() or 0)] == gone[config]
    assert main(["show", ruined.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    first = ruined.chosen[0] if ruined.chosen[0] in gone else min(gone)
    assert "went bankrupt (1% or less of the bankroll was left): #" in printed
    assert f"#{first} on {gone[first]}, " in printed and "risk off" in printed
    page = ruined.report_path.read_text(encoding="utf-8")
    assert "<b>Bankrupt.</b>" in page and f"#{first} on {gone[first]}" in page


def test_the_selected_configuration_and_the_folds_are_named(ruined: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = ruined.findings
    assert found is not None and found.selected is not None
    assert main(["show", ruined.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    betting = ruined.daily(found.selected)
    days = betting.filter(betting["n_bets"] > 0)["date"]
    assert f"Selected: #{found.selected} (risk " in printed and f" bets from {days[0]} to {days[-1]}." in printed
    assert "Bets a fold: " in printed
    page = ruined.report_path.read_text(encoding="utf-8")
    assert f'<p class="picked">Selected: #{found.selected} (risk ' in page


def test_betting_that_stopped_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in WORDS if not word.startswith(("staking", "risk=", "validation"))]
    run = research.backtest([*words, "staking=flat", "staking.amount_minor=100000", "report=false"])
    after = run.after_the_last_bet(1)
    assert after and after.get("breaker_drawdown") and "placed" not in after
    assert main(["show", run.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "The configuration placed its last bet on " in printed and "(breaker: drawdown" in printed
