"""The verdict where the truth is known: a smoke test of the simulation, and many cheap matrices of normal returns."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.clock import DAY_NS
from engine.kernel.codes import State
from research.verdict.evidence import assess
from research.verdict.judge import OutOfSample, judge
from tests.truth import charts
from tests.truth.intervals import Bets, misses
from tests.truth.kept import Kept, source_hash
from tests.truth.market import World, market
from tests.truth.page import page
from tests.truth.study import SOURCES, Cell, batches, rows_of
from tests.truth.summary import most_allowed, of_logs, of_sweeps, tail
from tests.truth.sweep import sweeps

pytestmark = pytest.mark.slow

SMALL = {"days": 365, "configurations": 40}


def test_forty_sweeps_without_an_edge_and_one_that_cannot_be_missed() -> None:
    """Binomial at 1 %: six false positives of 40 pass; an edge of 15 % over 4,000 bets is t = 9."""
    null = World("overlapping", 600, beside=4, **SMALL)
    rows = [row for batch in range(2) for row in sweeps(null, 1, batch, 20)]
    assert sum(row["evidence"] for row in rows) <= most_allowed(40)
    assert np.mean([row["p_single"] for row in rows]) > 0.005
    found = sweeps(World("planted", 4_000, 5, 0.15, beside=2, **SMALL), 1, 0, 2)
    assert all(row["evidence"] and row["picked_holds"] and row["windows_hold"] == 5 for row in found)
    assert all(row["bets_true"] == 4_000 and row["outside"][0] == pytest.approx(0.15, abs=0.06) for row in found)


@pytest.mark.parametrize("copies", [False, True], ids=["independent", "copies"])
def test_a_thousand_matrices_of_normal_returns(copies: bool) -> None:
    """Daily returns straight into the evidence, 500 of each kind; what leads in the first half is tested in the second.

    The binomial test at 1 % allows 37 of 500; the two tests without the path must reject some, or this could not fail.
    """
    rng, days, columns = np.random.default_rng(3 + copies), 250, 30
    wrong = tests = 0
    for number in range(500):
        returns = rng.standard_normal((days, 1 if copies else columns)).astype(np.float32)
        if copies:
            returns = returns + 0.2 * rng.standard_normal((days, columns)).astype(np.float32)
        evidence = assess(returns, leader(returns), number, cross_validate=False).evidence
        assert evidence.selected is not None
        asked = evidence.p_consistent, evidence.selected.p_value, evidence.effective
        wrong += judge(*asked, later_half(returns)).evidence
        tests += judge(*asked, OutOfSample(1_000, 60, 0.1, 0.0, 0.2, 0.1)).evidence
    assert wrong <= most_allowed(500) == 37
    assert 10 <= tests <= 37


def leader(returns: np.ndarray) -> int:
    """The column with the highest Sharpe ratio."""
    return int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))


def later_half(returns: np.ndarray) -> OutOfSample:
    """A stand-in for the stitched path."""
    half = len(returns) // 2
    later = returns[half:, leader(returns[:half])].astype(float)
    lower = later.mean() - 0.8416 * later.std() / math.sqrt(len(later))
    return OutOfSample(1_000, 60, float(later.mean()), math.nan, math.nan, float(lower))


def test_results_are_drawn_with_the_probability_that_is_said() -> None:
    """Hit rates of classes with and without an edge; bets of an event and days that hang together where they should."""
    rng = np.random.default_rng(2)
    planted = market(World("planted", 3_000, 1, 0.08, beside=3), rng)
    won = np.mean([planted.drawn(rng).state == int(State.WIN) for _ in range(40)], axis=0)
    held = planted.truth * planted.tape.quoted > 1.01
    assert held.sum() == 3_000 and len(held) == 12_000
    for some, edge in ((held, 0.08), (~held, 0.0)):
        gain = won[some] * planted.tape.quoted[some] - 1.0
        assert gain.mean() == pytest.approx(edge, abs=4.0 / math.sqrt(40 * some.sum()))
    correlated = market(World("correlated", 3_000, days=100), rng)
    daily, alone, hits = [], [], []
    for _ in range(20):
        tape = correlated.drawn(rng)
        gain = np.where(tape.state == int(State.WIN), tape.quoted - 1.0, -1.0)
        hits.append(np.bincount(tape.event, tape.state == int(State.WIN)))
        day = (tape.decided_at // DAY_NS).astype(int)
        daily.append(np.bincount(day - day.min(), gain).var())
        alone.append(np.sum(gain**2) / 100)
    assert set(np.unique(np.concatenate(hits))) == {0.0, 1.0, 2.0, 3.0}
    assert np.isin(np.concatenate(hits), (0.0, 3.0)).mean() == pytest.approx(0.95, abs=0.01)
    assert np.mean(daily) > 5.0 * np.mean(alone)


def test_shares_are_tested_exactly() -> None:
    assert tail(0, 10) == 1.0
    assert tail(1, 10) == pytest.approx(1.0 - 0.95**10)
    assert tail(9, 10, 0.5) == pytest.approx(11 / 1024)
    assert (most_allowed(40), most_allowed(1_000)) == (6, 67)
    assert tail(67, 1_000) >= 0.01 > tail(68, 1_000)


def test_a_second_start_goes_on_and_the_page_shows_what_was_measured(tmp_path: Path) -> None:
    cell = Cell.of(2, kind="copies", bets=200, **SMALL)
    kept = Kept(tmp_path / "sweeps.jsonl", "a")
    (asked,) = batches(cell, 3)
    kept.keep(asked, rows := sweeps(World(**cell.world), 3, 0, 2))
    with kept.path.open("a") as file:
        file.write('{"sources": "a", "torn')
    again = Kept(kept.path, "a")
    assert str(rows_of(cell, 3, again)) == str(rows)
    assert Kept(kept.path, "b").get(asked) is None
    again.keep(asked | {"batch": 1}, rows)
    assert Kept(kept.path, "a").get(asked | {"batch": 1}) is not None
    planted = Cell.of(2, kind="planted", bets=10_000, holders=1, edge_frac=0.05)
    logs = Cell.of(2, bets=100, days=30, odds=(1.3, 10.0), per_event=3, stakes="kelly")
    told = misses(Bets(**logs.world), 1, 0, 20)
    tables = {
        "false": [of_sweeps(cell, rows)],
        "power": [of_sweeps(planted, rows), of_sweeps(planted, rows)],
        "coverage": of_logs(logs, [told, told]),
        "sources": source_hash(SOURCES),
        "interval_sources": "b",
        "measured": "commit c",
    }
    text = page(tables)
    assert "| 40 |" in text and "not measured" in text and tables["sources"] in text and "commit c" in text
    assert all(drawn.startswith("<svg xmlns") for drawn in charts.drawn(tables).values())


def test_intervals_hold_the_truth_at_the_smallest_size() -> None:
    """Of 300 logs a 90 % interval holds 87 to 93 % or, by the error of 300, 3 standard errors more."""
    found = misses(Bets(100, 30, (1.3, 10.0), 2, "equal"), 5, 0, 300)
    printed, below, above = found["yield"]
    assert printed == 300
    assert 0.87 - 0.05 <= 1.0 - (below + above) / 300 <= 0.93 + 0.05
