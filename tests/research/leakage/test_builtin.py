"""No built-in strategy raises a false alarm, with default and other parameters, on the sample and on real prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from engine.paths import sample_store
from engine.schema import QUARANTINE
from engine.source.batch import Batch, Counts
from engine.source.read import read_files
from engine.store.store import Store
from engine.store.universe import Universe
from research.leakage.finder import Search, find_leaks
from research.strategies import FITTED, names
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow

#: regimes that are told soon
GATED = ["validation=walk_forward", "validation.folds=6", "strategy.days_min=30", "strategy.refit_days=30"]
#: overrides with which each strategy decides something, its defaults first
OVERRIDES: dict[str, list[list[str]]] = {
    "value": [
        [],
        ["risk=default", "risk.open_cap_frac=0.05"],  # stakes that never come back leave no room for others
        ["strategy.fair=consensus", "strategy.fair_min=2", "strategy.method=shin", "staking=kelly_shrunk"],
        ["strategy.price=max", "strategy.markets=[totals]", "data.decide_at=before_start:1h"],
        ["data.instants=[open,close]", "strategy.complete_price=true"],
    ],
    "consensus": [
        [],
        ["strategy.mean=mean", "strategy.price=best", "strategy.alpha=0.0", "strategy.pick=largest"],
    ],
    "favourite_longshot": [[], ["strategy.pick=favourite", "strategy.prob=fair", "staking=kelly"]],
    "flat_all": [[], ["strategy.bookmaker=avg", "strategy.complete_market=true", "staking=percent", "risk=default"]],
    "arbitrage": [[], ["strategy.age_max=2d"]],
    "model_value": [["model=market", *GATED[:2]]],
    "totals_value": [["data.decide_at=before_start:1h", "staking=kelly_states"]],
    "handicap_value": [["data.decide_at=before_start:1h", "strategy.rates=dixon_coles"]],
    "line_move": [["strategy.move_min=0"], ["data.instants=[open,close]", "strategy.carry=0.3"]],
    "regime_gated": [
        [*GATED, "strategy.inputs=[favourites,home_advantage]", "strategy.model=hmm"],
    ],
    "slate_kelly": [["staking=kelly_column"], ["strategy.fair=consensus", "strategy.fair_min=2", "risk=default"]],
}


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose store is one league and season of the sample."""
    folder = tmp_path_factory.mktemp("sample")
    sample, season = Store.open(sample_store()), Universe(competitions=("SIM2",), seasons=("2019-2020",))
    batch = Batch(
        "sample", "sample", "0" * 64, None, sample.events(season), sample.quotes(season),
        pl.DataFrame(schema=QUARANTINE), Counts(), None,
    )  # fmt: skip
    Store.create_or_open(folder / "data" / "store").apply([batch])
    return folder


@pytest.fixture(scope="module")
def real_home(tmp_path_factory: pytest.TempPathFactory, reference_dir: Path) -> Path:
    """A home whose store is one real season with opening and closing prices."""
    folder = tmp_path_factory.mktemp("real")
    paths = [reference_dir / "data" / "football_data" / "E0_1920.csv"]
    Store.create_or_open(folder / "data" / "store").apply(read_files("football_data", paths))
    return folder


def cases() -> Iterator[object]:
    """Every strategy with each of its lists of overrides."""
    for name, cases_of_name in OVERRIDES.items():
        for number, overrides in enumerate(cases_of_name):
            yield pytest.param(name, overrides, id=f"{name}-{number}")


def test_every_strategy_is_tested() -> None:
    assert set(OVERRIDES) == {*names(), *FITTED}


@pytest.mark.parametrize(("name", "overrides"), list(cases()))
def test_no_false_alarm_in_the_sample(
    name: str, overrides: list[str], sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEA_HOME", str(sample_home))
    findings = find_leaks(
        subject([f"strategy={name}", *overrides]), Search(instants=10 if not overrides else 4, seed=3)
    )
    assert findings.leaks == ()
    assert findings.coverage.decisions > 0
    if findings.coverage.decisions >= 200 and not overrides:
        assert findings.outcome == "clean", findings.unjudged


@pytest.mark.parametrize("name", list(OVERRIDES))
def test_no_false_alarm_in_real_prices(name: str, real_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(real_home))
    named = {"consensus": ["strategy.mean=mean", "strategy.price=best", "strategy.alpha=0.0"], "regime_gated": GATED}
    named["model_value"] = ["model=market", *GATED[:2]]
    named |= {key: ["data.decide_at=before_start:1h"] for key in ("totals_value", "handicap_value")}
    overrides = named.get(name, [])
    findings = find_leaks(subject([f"strategy={name}", *overrides]), Search(instants=10, seed=4))
    assert findings.leaks == ()
    if name in ("value", "flat_all", "favourite_longshot"):
        assert findings.outcome == "clean", findings.unjudged
