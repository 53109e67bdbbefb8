"""The benchmark runs, and checks that compared results are equal. No test asserts a speed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.configuration import params_matrix
from tests.bench import comparator, growth, odds, study
from tests.bench.__main__ import main
from tests.bench.contender import CONTENDERS, OURS
from tests.bench.data import Job
from tests.bench.environment import REQUIREMENTS, Unavailable
from tests.bench.forecasts import Spoken, table
from tests.bench.measure import Failed, Timing, difference, worker
from tests.bench.page import disagreements
from tests.property.test_lanes import of_one_class, plain_tape


@pytest.mark.proof
def test_a_small_run_without_the_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_network(folder: Path) -> Path:
        raise Unavailable("no network")

    monkeypatch.setattr(study, "peers_python", no_network)
    monkeypatch.setattr(study, "SWEPT", 20)
    monkeypatch.setattr(odds, "_MARKETS", 2_000)
    monkeypatch.setattr(odds, "_MATCHES", 400)
    page = tmp_path / "page.md"
    words = [
        "--sizes",
        "600",
        "--counts",
        "1,3",
        "--repeat",
        "2",
        "--threads",
        "1",
        "--skip-sweep",
        "--json",
        "--cpp",
        "0",
    ]
    status = main([*words, "--peers", "python_loop,vectorbt_orders", "--page", str(page)])
    results = json.loads(capsys.readouterr().out)
    assert status == 0
    loop, peer = results["equal_work"]
    assert loop["agrees"] and loop["ratio_same_job_one_thread"] > 0
    assert peer["reason"] == "not installed: no network"
    assert results["twin"]["agrees"]
    assert [(row["configurations"], row["passing"]) for row in results["own_sweeps"]] == [
        (1, 0.02),
        (1, 0.2),
        (3, 0.02),
        (3, 0.2),
    ]
    assert "not installed: no network" in page.read_text()
    assert all(contender.title in page.read_text() for contender in CONTENDERS)


@pytest.mark.slow
@pytest.mark.skipif(comparator.compiler() is None, reason="no g++ here")
def test_the_comparator_in_cpp_gives_the_same_bits(tmp_path: Path) -> None:
    program = comparator.build(tmp_path)
    bets = 0.0
    for case in range(12):
        rng = np.random.default_rng((77, case))
        tape = plain_tape(rng, int(rng.integers(1, 300)))
        matrix = params_matrix(of_one_class(rng, 200) + of_one_class(rng, 150))
        prepared = comparator.prepare(tape, matrix, tmp_path, case)
        _, ours = comparator.run_ours(prepared, 2)
        _, theirs = comparator.run_theirs(program, prepared, 2)
        assert comparator.same(ours, theirs)
        assert not comparator.same(ours, theirs + 1.0)
        bets += ours[:, 1].sum()
    assert bets > 10_000


def test_the_growth_of_cost_is_drawn() -> None:
    sweeps = [
        {"rows": rows, "configurations": count, "passing": passing, "threads": 2, "ns_per_bet": cost, "reason": None}
        for rows, cost in ((10_000, 60.0), (1_000_000, 8.0))
        for passing in (0.02, 0.2)
        for count in (1, 10_000)
    ]
    assert growth.drawable(sweeps) and not growth.drawable(sweeps[:4]) and not growth.drawable([])
    picture = ElementTree.fromstring(growth.svg(sweeps))
    points = [mark for mark in picture if mark.tag.endswith("circle")]
    heights = {float(mark.attrib["cy"]) for mark in points}
    assert len(points) == 4 and len(heights) == 2
    assert "2% of rows passing 60.0 ns with 10,000 rows and 8.0 ns with 1,000,000" in growth.words(sweeps)


def test_different_results_are_reported() -> None:
    job = Job(2, 1)
    ours = Timing(None, job, result={"bets": [2.0], "final": [100.0]})  # type: ignore[arg-type]
    fewer = Timing(None, job, result={"bets": [1.0], "final": [100.0]})  # type: ignore[arg-type]
    apart = Timing(None, job, result={"bets": [2.0], "final": [101.0]})  # type: ignore[arg-type]
    assert difference(ours, ours) == 0.0
    assert difference(fewer, ours) == float("inf")
    assert difference(apart, ours) == pytest.approx(0.01)
    row = {"title": "a peer", "rows": 2, "agrees": False}
    assert disagreements({"equal_work": [row], "twin": None}) == ["a peer, 2 rows"]


def test_a_missing_contender_fails_with_one_line(tmp_path: Path) -> None:
    absent = tmp_path / "absent.py"
    absent.write_text("import no_such_package_anywhere\n")
    with worker(sys.executable, absent, 1) as process, pytest.raises(Failed, match="ModuleNotFoundError"):
        process.ask(do="prepare", job="j", path="nowhere")
    with worker(sys.executable, OURS, 1) as process, pytest.raises(Failed, match="FileNotFoundError"):
        process.ask(do="prepare", job="j", path=str(tmp_path / "nowhere.npz"))


@pytest.mark.parametrize("kind", ["sequential", "overlapping"])
def test_a_job_is_reproducible(kind: str, tmp_path: Path) -> None:
    job = Job(600, 40, passing=0.2, kind=kind)
    (tmp_path / "again").mkdir()
    with np.load(job.write(tmp_path)) as first, np.load(job.write(tmp_path / "again")) as second:
        assert all(np.array_equal(first[name], second[name]) for name in first.files)
        edge = first["prob"] * first["odds"] - 1.0
        passing = (edge[:, None] >= first["edge_min"]).mean()
        assert 0.15 < passing < 0.25
        assert (first["edge_min"] > 0).all(), "a negative edge has no Kelly stake"
        assert (first["settled_at"] > first["decided_at"]).all()
        if kind == "sequential":
            assert (first["decided_at"][1:] > first["settled_at"][:-1]).all()


def test_the_peers_are_pinned_and_have_no_address() -> None:
    lines = REQUIREMENTS.read_text().splitlines()
    assert all(re.match(r"^[A-Za-z0-9._-]+==[^ ]+( ; .+)?$", line) for line in lines)
    names = {line.split("==")[0] for line in lines}
    assert {"vectorbt", "backtestbuddy", "sports-betting", "penaltyblog"} <= names
    assert "socks" not in names, "a package that does not belong to the one that requires it"


def test_forecasts_are_compared_on_the_matches_that_all_answer() -> None:
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    even = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [np.nan, np.nan, np.nan]])
    lines = table({"sure": Spoken(sure, 1.0), "even": Spoken(even, 2.5)}, np.array([0, 2, 2]))
    assert lines[0] == "2 of 3 matches are answered by all"
    assert lines[1:] == ["| sure | 0.0000 | 0.0000 | 1.00 |", "| even | 0.6931 | 0.1562 | 2.50 |"]
