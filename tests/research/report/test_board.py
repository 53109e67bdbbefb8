"""The leaderboard in a terminal: settings beside the rank, folded rows, marks, and what has no room."""

from __future__ import annotations

from pathlib import Path

import pytest

import research
from research.api import Run
from research.report.board import board
from research.report.text import MEASURES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(tmp_path_factory.mktemp("home")))
        words = (
            "strategy.odds_max=3,1000,null strategy.edge_min=0.01,0.03 strategy.method=power,shin staking=flat,percent"
        )
        return research.sweep(["data=sample", *words.split(), "risk=off,default", "report=false"])


@pytest.fixture(autouse=True)
def at_home(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(run.folder.parents[2]))


def test_settings_stand_beside_the_rank_and_all_have_room_in_a_wide_terminal(run: Run) -> None:
    wide = board(run, 48, 200)
    heads = ["#", "risk", "method", "edge_min", "odds_max", "staking", "bets", "yield", "ROI", "drawdown", "CLV"]
    assert list(wide.heads) == [*heads, "same bets"] and wide.texts == 5
    first = run.leaderboard(1).row(0, named=True)
    assert wide.rows[0][0] == str(first["config"]) and wide.rows[0][7] == MEASURES["yield"].text(first["yield"])


def test_equal_results_are_one_row(run: Run) -> None:
    wide = board(run, 48, 200)
    assert len(wide.rows) == 32, "no price is above 1,000, so that limit is the same as none"
    assert [row[-1] for row in wide.rows].count("+1") == 16
    assert wide.notes == ("16 of 48 configurations have the same bets as another one.",)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_what_has_no_room_is_named(run: Run, width: int) -> None:
    found = board(run, 12, width)
    widths = [max(len(head), *(len(row[k]) for row in found.rows)) for k, head in enumerate(found.heads)]
    assert sum(widths) + 2 * (len(widths) - 1) <= max(width, 50)
    shown = set(found.heads) | {
        word for note in found.notes for word in note.replace(",", " ").replace(";", " ").split()
    }
    (room,) = [note for note in found.notes if note.startswith("No room for ")] or ["No room for 1 more; has it."]
    assert room.endswith("has it." if room.startswith("No room for 1 more") else "has them.")
    assert {"risk", "method", "edge_min", "odds_max", "staking"} <= {word.rstrip(".") for word in shown}


def test_a_setting_that_is_the_same_in_all_rows_is_a_line(run: Run) -> None:
    best = run.leaderboard(2)
    found = board(run, 2, 200)
    for key in ("risk", "strategy.method"):
        head = key.rpartition(".")[2]
        same = best[key].n_unique() == 1
        assert (head not in found.heads) == (same and f"{head} {best[key][0]}" in found.notes[0])


def test_one_backtest_has_no_settings(run: Run) -> None:
    alone = research.backtest(["data=sample", "strategy.edge_min=0.02", "report=false"])
    found = board(alone, 12, 100)
    assert found.texts == 0 and len(found.rows) == 1 and found.notes == ()
    assert Path(alone.folder).is_dir()
