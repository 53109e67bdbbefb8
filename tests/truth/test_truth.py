"""The verdict when the truth is known: a smoke test of the simulation, and many cheap matrices of normal returns."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from engine.clock import DAY_NS
from engine.kernel.codes import State
from research.verdict.judge import OutOfSample, PValues, Search, judge
from tests.research.verdict.assessed import assessed
from tests.truth import charts
from tests.truth.intervals import Bets, misses
from tests.truth.market import World, market
from tests.truth.page import page
from tests.truth.reading import findings_of, money, yield_shown
from tests.truth.results import Results, source_hash
from tests.truth.study import INTERVAL_SOURCES, SOURCES, VERDICT_SOURCES, Cell, batches, rows_of
from tests.truth.summary import most_allowed, of_families, of_logs, of_sweeps, tail
from tests.truth.sweep import sweeps

pytestmark = pytest.mark.slow

SMALL = {"days": 365, "configurations": 40}


def test_forty_sweeps_without_an_edge_and_two_with_a_very_clear_edge() -> None:
    """The binomial test at 1 % allows six false positives of 40; an edge of 15 % over 4,000 bets gives t = 9."""
    null = World("overlapping", 600, beside=4, **SMALL)
    rows = [row for batch in range(2) for row in sweeps(null, 1, batch, 20)]
    assert sum(money(row).evidence for row in rows) <= most_allowed(40)
    assert np.mean([findings_of(row).evidence.p_selected for row in rows]) > 0.005
    planted = sweeps(World("planted", 4_000, 5, 0.15, beside=2, **SMALL), 1, 0, 2)
    assert all(money(row).evidence and row["picked_holds"] and row["windows_hold"] == 5 for row in planted)
    assert all(row["bets_true"] == 4_000 for row in planted)
    for row in planted:
        assert findings_of(row).out_of_sample.estimate == pytest.approx(0.15, abs=0.06)
        measured, middle, low, high = yield_shown(row)
        assert middle <= measured and 0.0 < low < 0.15 < high


def test_an_implausible_configuration_is_set_aside_and_the_others_are_judged() -> None:
    """One of 40 has an edge of 40 % over 4,000 bets: only its Sharpe ratio is far above the bound."""
    (row,) = sweeps(World("planted", 4_000, 1, 0.4, beside=2, **SMALL), 1, 0, 1)
    assert row["set_aside"] >= 1 and not row["picked_holds"] and money(row).condition("d").holds


@pytest.mark.proof
@pytest.mark.parametrize("copies", [False, True], ids=["independent", "copies"])
def test_matrices_of_normal_returns(copies: bool) -> None:
    """Daily returns go directly into the evidence, 250 matrices of each kind.

    The leader of the first half is tested in the second half. The binomial test at 1 % allows 21 of 250. The two tests
    without the path must reject some, or this test could not fail.
    """
    rng, days, columns = np.random.default_rng(3 + copies), 250, 30
    wrong = tests = 0
    for number in range(250):
        returns = rng.standard_normal((days, 1 if copies else columns)).astype(np.float32)
        if copies:
            returns = returns + 0.2 * rng.standard_normal((days, columns)).astype(np.float32)
        evidence = assessed(returns, leader(returns), number, cross_validate=False).evidence
        assert evidence.selected is not None
        tried = PValues(evidence.p_consistent, evidence.selected.p_value), Search(evidence.effective)
        wrong += judge(*tried, later_half(returns)).evidence
        tests += judge(*tried, OutOfSample(1_000, 60, 0.1, 0.0, 0.2, 0.1)).evidence
    assert wrong <= most_allowed(250) == 21
    assert 5 <= tests <= 21


def test_the_code_gives_the_numbers_of_the_measured_commits() -> None:
    """Two sweeps and forty bet logs by the commits that docs/simulated-truth.md names; the last digits may differ."""
    rows = sweeps(World("planted", 600, 5, 0.1, beside=4, **SMALL), 1, 0, 2)
    first, second = (findings_of(row) for row in rows)
    paths = first.out_of_sample, second.out_of_sample
    assert [path.bets for path in paths] == [505, 461]
    assert ["".join(one.letter for one in money(row).failed) for row in rows] == ["abec", "abec"]
    ends = [[path.estimate, path.low, path.high, path.lower] for path in paths]
    assert ends[0] == pytest.approx([0.001782178218, -0.075169264256, 0.075619556755, -0.033172836192], rel=1e-6)
    assert ends[1] == pytest.approx([0.023427331887, -0.050914112610, 0.104581223090, -0.014101382886], rel=1e-6)
    evidence = second.evidence
    numbers = [evidence.p_consistent, evidence.p_skewed, evidence.p_selected, rows[1]["p_true"], evidence.effective]
    assert numbers == pytest.approx([0.160839, 0.167832, 0.00927034, 0.0134779, 22.36168], rel=1e-3)
    assert misses(Bets(100, 30, (1.3, 10.0), 3, "kelly"), 1, 0, 40) == {
        "yield": [40, 2, 1], "yield out of sample": [40, 1, 1], "closing line value": [40, 1, 2],
        "log loss": [40, 1, 1], "Brier score": [40, 1, 2], "log loss by odds": [40, 1, 1],
        "Brier score by odds": [40, 1, 1], "share that won": [40, 5, 0],
    }  # fmt: skip


def leader(returns: np.ndarray) -> int:
    """The column with the highest Sharpe ratio."""
    return int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))


def later_half(returns: np.ndarray) -> OutOfSample:
    """Out-of-sample result of the leader of the first half, in place of a stitched path."""
    half = len(returns) // 2
    later = returns[half:, leader(returns[:half])].astype(float)
    lower = later.mean() - 0.8416 * later.std() / math.sqrt(len(later))
    return OutOfSample(1_000, 60, float(later.mean()), math.nan, math.nan, float(lower))


def test_results_follow_the_true_probabilities() -> None:
    """Hit rates of classes with and without an edge, and correlated bets of an event and of a day."""
    rng = np.random.default_rng(2)
    planted = market(World("planted", 3_000, 1, 0.08, beside=3), rng)
    won = np.mean([planted.with_results(rng).state == int(State.WIN) for _ in range(40)], axis=0)
    has_edge = planted.truth * planted.tape.quoted > 1.01
    assert has_edge.sum() == 3_000 and len(has_edge) == 12_000
    for rows, edge in ((has_edge, 0.08), (~has_edge, 0.0)):
        gain = won[rows] * planted.tape.quoted[rows] - 1.0
        assert gain.mean() == pytest.approx(edge, abs=4.0 / math.sqrt(40 * rows.sum()))
    correlated = market(World("correlated", 3_000, days=100), rng)
    daily, independent, hits = [], [], []
    for _ in range(20):
        tape = correlated.with_results(rng)
        gain = np.where(tape.state == int(State.WIN), tape.quoted - 1.0, -1.0)
        hits.append(np.bincount(tape.event, tape.state == int(State.WIN)))
        day = (tape.decided_at // DAY_NS).astype(int)
        daily.append(np.bincount(day - day.min(), gain).var())
        independent.append(np.sum(gain**2) / 100)
    assert set(np.unique(np.concatenate(hits))) == {0.0, 1.0, 2.0, 3.0}
    assert np.isin(np.concatenate(hits), (0.0, 3.0)).mean() == pytest.approx(0.95, abs=0.01)
    assert np.mean(daily) > 5.0 * np.mean(independent)


def test_the_binomial_test_is_exact() -> None:
    assert tail(0, 10) == 1.0
    assert tail(1, 10) == pytest.approx(1.0 - 0.95**10)
    assert tail(9, 10, 0.5) == pytest.approx(11 / 1024)
    assert (most_allowed(40), most_allowed(1_000)) == (6, 67)
    assert tail(67, 1_000) >= 0.01 > tail(68, 1_000)


def test_a_second_start_continues_and_the_page_shows_what_was_measured(tmp_path: Path) -> None:
    cell = Cell.of(2, kind="copies", bets=200, **SMALL)
    results = Results(tmp_path / "sweeps.jsonl", "a")
    (request,) = batches(cell, 3)
    results.add(request, rows := sweeps(World(**cell.world), 3, 0, 2))
    with results.path.open("a") as file:
        file.write('{"sources": "a", "torn')
    reopened = Results(results.path, "a")
    assert json.dumps(rows_of(cell, 3, reopened)) == json.dumps(rows)
    assert Results(results.path, "b").get(request) is None
    earlier = Results(results.path, "b", ["z", "a"])
    assert json.dumps(earlier.get(request)) == json.dumps(rows) and earlier.used == ("a",)
    earlier.add(request, rows[:1])
    assert len(Results(results.path, "b", ["a"]).get(request)) == 1, "the current sources come first"
    assert len(Results(results.path, "a", ["b"]).get(request)) == 2
    reopened.add(request | {"batch": 1}, rows)
    assert Results(results.path, "a").get(request | {"batch": 1}) is not None
    planted = Cell.of(2, kind="planted", bets=10_000, holders=1, edge_frac=0.03, configurations=50)
    smaller = Cell.of(2, kind="planted", bets=1_000, holders=1, edge_frac=0.03, configurations=50)
    logs = Cell.of(2, bets=100, days=30, odds=(1.3, 10.0), per_event=3, stakes="kelly")
    counts = misses(Bets(**logs.world), 1, 0, 20)
    family = [rows[0] | {"ledgers": {"same": {"look": look, "effective": 40.0 * look}}} for look in (1, 2)]
    tables = {
        "false": [of_sweeps(cell, rows)],
        "slow": [of_sweeps(cell, rows)],
        "power": [of_sweeps(planted, rows), of_sweeps(smaller, rows)],
        "price": [of_sweeps(cell, rows)],
        "required": [of_sweeps(planted, rows)],
        "families": [of_families(cell, "same", [family, family])],
        "coverage": of_logs(logs, [counts, counts]),
        "sources": source_hash(SOURCES),
        "interval_sources": source_hash(INTERVAL_SOURCES),
        "verdict_sources": source_hash(VERDICT_SOURCES),
        "measured": "commit c",
    }
    text = page(tables)
    kept = page(tables | {"coverage": []}, text)
    assert kept == text and "## Coverage of intervals" in kept
    assert "## Coverage of intervals" not in page(tables | {"coverage": []})
    assert "| 40 |" in text and "not measured" in text and tables["sources"] in text and "commit c" in text
    assert all(svg.startswith("<svg xmlns") for svg in charts.images(tables).values())


def test_a_hash_of_sources_needs_them_all() -> None:
    with pytest.raises(FileNotFoundError, match="no source matches engine/nothing"):
        source_hash(("engine/clock.py", "engine/nothing.py"))


@pytest.mark.proof
def test_intervals_contain_the_truth_at_the_smallest_size() -> None:
    """A 90 % interval contains the truth in 87 to 93 % of 300 logs, with 3 standard errors of 300 in addition."""
    counts = misses(Bets(100, 30, (1.3, 10.0), 2, "equal"), 5, 0, 300)
    printed, below, above = counts["yield"]
    assert printed == 300
    assert 0.87 - 0.05 <= 1.0 - (below + above) / 300 <= 0.93 + 0.05
