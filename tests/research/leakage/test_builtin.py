"""No built-in strategy raises a false alarm, with default and other parameters, on drawn and on real prices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.source.batch import Batch
from engine.source.read import read_files
from engine.store.store import Store
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
#: of prices at one instant, of a fitted model, of the path of a price, of rates of goals
IN_CI = ("value", "model_value", "line_move", "totals_value")


@pytest.fixture(scope="module")
def both_home(season: Batch, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A home with one league and season of the sample, and the same season of a real league where there is one."""
    folder = tmp_path_factory.mktemp("both")
    store = Store.create_or_open(folder / "data" / "store")
    store.apply([season])
    with suppress(pytest.skip.Exception):
        path = request.getfixturevalue("reference_dir") / "data" / "football_data" / "E0_1920.csv"
        store.apply(read_files("football_data", [path]))
    return folder


def cases() -> Iterator[object]:
    """Every strategy with each of its lists of overrides; CI tests four, one of each way to decide."""
    for name, cases_of_name in OVERRIDES.items():
        for number, overrides in enumerate(cases_of_name):
            marks = [] if name in IN_CI and not number else [pytest.mark.proof]
            yield pytest.param(name, overrides, id=f"{name}-{number}", marks=marks)


def test_every_strategy_is_tested() -> None:
    assert set(OVERRIDES) == {*names(), *FITTED}


@pytest.mark.parametrize(("name", "overrides"), list(cases()))
def test_no_false_alarm(name: str, overrides: list[str], both_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(both_home))
    findings = find_leaks(
        subject([f"strategy={name}", *overrides]), Search(instants=10 if not overrides else 4, seed=3)
    )
    assert findings.leaks == ()
    assert findings.coverage.decisions > 0
    if name in ("value", "flat_all", "favourite_longshot") and not overrides:
        assert findings.outcome == "clean", findings.unjudged
    if findings.coverage.decisions >= 200 and not overrides:
        assert findings.outcome == "clean", findings.unjudged
