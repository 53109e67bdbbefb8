"""The verdict of price of runs on simulated stores: a known edge over a fair close, and every reason for silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import research
from engine.simulator.settings import Bookmaker
from engine.simulator.simulate import PlantedEdge, SimulatorSettings, simulate
from engine.store.store import Store
from research.api import Run
from research.execution import outputs
from research.verdict.price import PRICE
from tests.commands import answer

pytestmark = pytest.mark.slow

WORDS = [
    "strategy=flat_all", "strategy.markets=[totals]", "strategy.selections=[over]", "staking=flat", "risk=off",
    "data.first_date=2029-07-01", "report=false",
]  # fmt: skip


def store_of(home: Path, longshot_bias: float = 0.0, closing: bool = True, leagues: int = 5) -> Path:
    """Twelve seasons of some leagues; one book closes, another opens 4 % above the true odds of the over side."""
    settings = SimulatorSettings(
        seed=3,
        competitions=tuple("ABCDE"[:leagues]),
        seasons=12,
        teams=22,
        markets=("totals",),
        bookmakers=(
            Bookmaker("pinnacle", 0.025, noise_open=0.01, longshot_bias=longshot_bias),
            Bookmaker("b365", 0.03, noise_open=0.02, noise_close=0.02),
        ),
        hidden_sd=0.0,
        news_sd=0.05,
        closing=closing,
        planted=(PlantedEdge("b365", "totals", "over", 0.04),),
    )
    Store.create_or_open(home / "data" / "store").apply(simulate(settings))
    return home


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("fair"))


@pytest.fixture()
def at_fair(fair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(fair))


def backtest(*words: str) -> Run:
    return research.backtest([*WORDS, *words])


@pytest.mark.usefixtures("at_fair")
def test_a_known_edge_over_a_fair_close(capsys: pytest.CaptureFixture[str]) -> None:
    run = backtest("strategy.bookmaker=b365")
    verdict = run.price_verdict()
    assert verdict.beats, verdict.sentence
    assert verdict.findings is not None and verdict.findings.leader is not None
    leader = verdict.findings.leader
    assert leader.bets == run.metrics(1)["clv_n"] and leader.clv_frac == pytest.approx(run.metrics(1)["clv_mean"])
    assert verdict.clv_low < leader.clv_frac < verdict.clv_high and 0.03 < leader.clv_frac < 0.05
    assert verdict.theta_low < 0.04 < verdict.theta_high and 0.0 < leader.tau < 0.02
    shown = answer(capsys, "show", run.short, "--json")["price"]
    assert shown["beats"] is True and shown["sentence"] == verdict.sentence
    assert shown["findings"]["leader"]["tau"] == leader.tau

    own = backtest("strategy.bookmaker=pinnacle").price_verdict()
    assert not own.beats and "below Pinnacle's closing line" in own.sentence


@pytest.mark.usefixtures("at_fair")
def test_a_sweep_is_judged_by_the_best_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, "strategy.bookmaker=b365,pinnacle", "strategy.odds_max=1.9,2.2,null", "validation=none"]
    run = research.sweep(words)
    verdict = run.price_verdict()
    assert verdict.beats and verdict.findings is not None and verdict.findings.leader is not None
    assert run.parameters(verdict.findings.leader.config)["strategy.bookmaker"] == "b365"
    assert verdict.trials == run.trials().effective
    stored = (run.folder / PRICE).read_bytes()
    again = research.sweep([*words, "force=true", "sweep.threads=1"])
    assert (again.folder / PRICE).read_bytes() == stored
    (run.folder / PRICE).unlink()
    assert run.price_verdict().status == "not measured", "a run of an earlier version"


@pytest.mark.usefixtures("at_fair")
def test_nobody_offers_an_aggregate() -> None:
    verdict = backtest("strategy.bookmaker=max").price_verdict()
    assert verdict.status == "silent" and "no bookmaker is named that offered it" in verdict.sentence
    assert backtest("strategy.bookmaker=best").price_verdict().status != "silent", "the best is somebody's price"


@pytest.mark.usefixtures("at_fair")
def test_a_book_that_does_not_close_and_too_few_bets() -> None:
    few = backtest("strategy.bookmaker=b365", "data.competitions=[A]", "data.first_date=2030-05-01").price_verdict()
    assert few.status == "silent" and "It takes 100 bets with a closing price" in few.sentence


def test_a_biased_close_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(store_of(tmp_path / "biased", longshot_bias=-0.5)))
    biased = backtest("strategy.bookmaker=b365").price_verdict()
    assert biased.status == "silent" and "the close of pinnacle is not calibrated" in biased.sentence.lower()
    monkeypatch.setenv("BEA_HOME", str(store_of(tmp_path / "none", closing=False, leagues=1)))
    none = backtest("strategy.bookmaker=b365").price_verdict()
    assert none.status == "silent" and "no bet has a closing price of pinnacle" in none.sentence.lower()


@pytest.mark.usefixtures("at_fair")
def test_a_flagged_configuration_is_judged_once_its_flag_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, "strategy.bookmaker=b365", "strategy.odds_max=2.2,null", "validation=none", "force=true"]
    before = research.sweep(words).price_verdict().findings
    assert before is not None and before.leader is not None
    best = before.leader.config

    def flags(measures: Any, moments: Any) -> dict[str, Any]:
        return {"clv": np.isin(np.arange(1, len(measures.n_bets) + 1), [best])}

    monkeypatch.setattr(outputs, "implausible_flags", flags)
    run = research.sweep(words)
    aside = run.price_verdict().findings
    assert aside is not None and aside.leader is not None and aside.leader.config != best
    assert aside.tested == before.tested == 2, "it counts as tried"
    run.acknowledge(["clv"])
    assert run.price_verdict().findings == before
