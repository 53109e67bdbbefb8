"""Sweeps and backtests of one family, run on stores and read from the ledger: what one gives, no other takes away."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import research
from engine.identity import event_ids
from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.source.batch import Batch
from engine.store.store import Store
from research.api import Run
from research.records.trials import Count, Ledger, Look

pytestmark = pytest.mark.slow

WORDS = ["strategy=value", "strategy.fair=consensus", "strategy.fair_min=2", "risk=off", "staking=flat", "report=false"]
EIGHT = {"strategy.edge_min": (-0.05, -0.02, 0.0, 0.01), "strategy.odds_max": (3, "null")}
AXES = [f"{key}={','.join(map(str, values))}" for key, values in EIGHT.items()]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three stores: a league, the same under other names and dates of another zone, and both in one."""
    home = tmp_path_factory.mktemp("home")
    settings = SimulatorSettings(
        seed=4,
        competitions=("E0",),
        seasons=3,
        teams=12,
        markets=("1x2",),
        bookmakers=tuple(book for book in DEFAULT_BOOKMAKERS if book.name != "pinnacle")[:3],
    )
    for name, copies in (("one", (False,)), ("other", (True,)), ("both", (False, True))):
        store = Store.create_or_open(home / name)
        for renamed in copies:
            store.apply(_as_read(batch, renamed=renamed) for batch in simulate(settings))
    return home


def _as_read(batch: Batch, *, renamed: bool) -> Batch:
    """The league as a source gives it; renamed with another source, competition, spelling, and date of its zone."""
    events = batch.events.with_columns(source=pl.lit("football_data"))
    if renamed:
        events = events.with_columns(
            pl.col("home", "away").str.to_uppercase() + " FC",
            source=pl.lit("feed"),
            competition=pl.lit("Premier League"),
            date=pl.col("date") + dt.timedelta(days=1),
        )
    events = events.with_columns(event_id=pl.Series(event_ids(events)))
    ids = dict(zip(batch.events["event_id"], events["event_id"], strict=True))
    quotes, sha = batch.quotes.with_columns(pl.col("event_id").replace(ids)), f"{int(renamed)}{batch.raw_sha256[1:]}"
    return replace(batch, name=f"{batch.name} {renamed}", raw_sha256=sha, events=events, quotes=quotes, identity="")


@pytest.fixture(autouse=True)
def at_home(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(there))
    monkeypatch.chdir(there)
    for path in (there / "data").glob("trials.sqlite*"):
        path.unlink()


def sweep(*words: str, store: str = "one") -> Run:
    return research.sweep([*WORDS, f"data.store={store}", "validation=none", "force=true", *words])


def counted(run: Run) -> Count:
    return Ledger().count(run.manifest["event_sets"])


def test_eight_backtests_are_worth_one_sweep_of_the_same_eight(there: Path) -> None:
    together = counted(sweep(*AXES))
    (there / "data" / "trials.sqlite").unlink()
    last = None
    for edge in EIGHT["strategy.edge_min"]:
        for odds in EIGHT["strategy.odds_max"]:
            words = [f"strategy.edge_min={edge}", f"strategy.odds_max={odds}"]
            last = research.backtest([*WORDS, "data.store=one", "force=true", *words])
    assert last is not None and together.raw == 8 and together.effective > 1.5
    assert counted(last) == Count(8, pytest.approx(together.effective, rel=1e-3))
    assert [one.kind for one in Ledger().evaluations()] == ["backtest"] * 8
    assert last.look("backtest").number == last.price_verdict().read == 8 and last.look() == Look(1)


def test_a_pilot_takes_nothing_away(there: Path) -> None:
    """45 days of the same configurations before four sweeps."""
    sweeps = [[AXES[0], f"strategy.odds_max={top}", "strategy.method=power,shin"] for top in ("2", "3", "5", "null")]
    for words in sweeps:
        last = sweep(*words)
    without = counted(last)
    assert without.raw == 32 and last.look().number == 4
    (there / "data" / "trials.sqlite").unlink()
    pilot = sweep(AXES[0], "strategy.odds_max=2,3,5,null", "strategy.method=power,shin", "data.last_date=2018-09-15")
    for words in sweeps:
        last = sweep(*words)
    assert counted(last).raw == 32 and counted(last).effective >= without.effective - 1e-3
    assert pilot.look() == Look(1) and last.look().number == 5, "it was a look at the events too"


def test_many_configurations_on_few_events_count() -> None:
    """Five hundred that were tried first on the first hundred events."""
    grid = "strategy.edge_min=range(-0.06,0.019,0.002)", "strategy.odds_max=2,2.5,3,4,null", "strategy.odds_min=1,1.5,2"
    first = sweep(*grid, "data.last_date=2018-12-15")
    alone = counted(first)
    assert alone.raw >= 400 and alone.effective > 5.0
    later = sweep(*AXES)
    assert later.trials().raw == alone.raw and counted(later).effective > alone.effective, "the eight were among them"


def test_the_same_matches_under_other_names_are_one_family() -> None:
    first = sweep(*AXES)
    before = first.trials()
    copy = sweep(*AXES, store="other")
    assert copy.manifest["event_sets"] != first.manifest["event_sets"]
    assert copy.trials().raw == first.trials().raw == 8, "a configuration is the same on a copy"
    assert first.trials().effective >= before.effective and copy.look() == Look(2, (first.id,))
    other = sweep(AXES[0], "strategy.odds_max=4,6", store="other")
    assert other.trials().raw == first.trials().raw == 16 and other.look().number == 3
    assert first.look() == Look(1), "later sweeps do not move it"


def test_other_seasons_are_another_family() -> None:
    first = sweep(*AXES, "data.last_date=2019-06-30")
    second = sweep(*AXES, "data.first_date=2019-07-01")
    assert first.trials().raw == second.trials().raw == 8 and second.look() == Look(1)
    assert np.isclose(second.trials().effective, second.findings.evidence.effective, rtol=1e-6)  # type: ignore[union-attr]


def test_copies_in_one_store_double_nothing() -> None:
    """The interval of a path over matches that stand in the store twice is that of a half of its bets."""
    words = [
        "validation.bets_min=10",
        "validation.metric_min=null",
        "validation.folds=3",
        "strategy.edge_min=-0.2",
        "strategy.odds_max=null",
    ]
    found = {}
    for store in ("one", "both"):
        run = research.sweep([*WORDS, f"data.store={store}", "force=true", *words])
        assert run.findings is not None and run.findings.out_of_sample is not None
        found[store] = run.findings.out_of_sample
    one, both = found["one"], found["both"]
    assert both.bets == pytest.approx(2 * one.bets, rel=0.1) and one.bets > 300  # folds move with the dates
    assert both.high - both.low > 0.9 * (one.high - one.low), "0.7 if copies were other matches"
    assert both.lower == pytest.approx(one.lower, abs=0.03)


def test_ten_sweeps_are_looks_one_to_ten_and_their_worth_grows() -> None:
    worth = []
    for number in range(10):
        run = sweep(f"strategy.edge_min={-0.06 + 0.008 * number:.3f},{-0.056 + 0.008 * number:.3f}", AXES[1])
        assert run.look().number == number + 1 and len(run.look().earlier) == number
        worth.append(counted(run).effective)
    assert worth == sorted(worth) and counted(run).raw == 40 and worth[-1] > 1.5 * worth[0]
    verdict = run.verdict()
    assert verdict is not None and verdict.look == 10 and verdict.levels.alpha < 0.002
