"""Trials are pure functions of the study and their number: a killed study goes on, bit for bit."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigurationError, DataError
from research.training.space import Range
from research.training.storage import studies
from research.training.study import best_of, drawn, run
from research.training.trial import Plan, Trial
from research.training.walk import Score

PLAN = Plan(
    name="bowl-1",
    space={"depth": Range(1, 9, whole=True), "rate": Range(0.01, 1.0, log=True)},
    first={"depth": 50, "rate": 0.5},
    trials=10,
    batch=4,
    startup=4,
    prune=True,
)


def bowl(parameters: Mapping[str, Any], stop: Callable[[int, float], bool]) -> Score:
    """Lowest at a rate of 0.1 and a depth of 3; four folds that are alike."""
    loss = 1.0 + (math.log10(parameters["rate"]) + 1) ** 2 + (parameters["depth"] - 3) ** 2 / 100
    for number in range(1, 4):
        if stop(number, loss):
            return Score(loss, 0.2, 0.6, (loss,) * number, 10 * number, 0, True)
    return Score(loss, 0.2, 0.6, (loss,) * 4, 40, 0)


class Killed(Exception):
    """What stands for the end of the process."""


def counted(limit: int) -> tuple[list[Any], Callable[..., Score]]:
    seen: list[Any] = []

    def objective(parameters: Mapping[str, Any], stop: Callable[[int, float], bool]) -> Score:
        if len(seen) == limit:
            raise Killed
        seen.append(dict(parameters))
        return bowl(parameters, stop)

    return seen, objective


def nothing(trial: Trial, is_read: bool) -> None:
    """Told each trial."""


def test_a_study_that_was_killed_goes_on_with_the_same_bits(home: Path) -> None:
    whole = run(replace(PLAN, storage=f"sqlite:///{home}/whole.db"), bowl, nothing)
    seen, objective = counted(6)
    with pytest.raises(Killed):
        run(PLAN, objective, nothing)
    told: list[bool] = []
    rest_seen, rest = counted(99)
    again = run(PLAN, rest, lambda trial, is_read: told.append(is_read))
    assert again == whole and len(seen) == 6 and len(rest_seen) == 4, "a finished trial is not computed again"
    assert told == [True] * 6 + [False] * 4
    assert [trial.number for trial in whole] == list(range(10))


def test_it_learns_and_never_ends_worse_than_it_began(home: Path) -> None:
    trials = run(PLAN, bowl, nothing)
    assert dict(trials[0].parameters) == {"depth": 50, "rate": 0.5}, "the first one is as it was, also out of the range"
    best = best_of(trials)
    assert best.score.log_loss == min(trial.score.log_loss for trial in trials if not trial.score.is_pruned)
    assert best.score.log_loss < trials[0].score.log_loss - 20
    for trial in trials[1:]:
        assert 1 <= trial.parameters["depth"] <= 9 and 0.01 <= trial.parameters["rate"] <= 1.0
        assert isinstance(trial.parameters["depth"], int)


def test_a_trial_depends_on_earlier_batches_and_on_the_name_only(home: Path) -> None:
    trials = run(replace(PLAN, prune=False), bowl, nothing)
    for number in (4, 6, 9):
        start = number - number % 4
        assert drawn(PLAN, trials[:start], number) == dict(trials[number].parameters)
        assert drawn(replace(PLAN, name="bowl-2"), trials[:start], number) != dict(trials[number].parameters)
    assert len({tuple(trial.parameters.values()) for trial in trials}) == 10, "a batch holds no trial twice"


def test_a_pruned_trial_was_above_the_median_of_earlier_batches(home: Path) -> None:
    trials = run(replace(PLAN, trials=20), bowl, nothing)
    pruned = [trial for trial in trials if trial.score.is_pruned]
    assert pruned and all(trial.number >= 8 for trial in pruned)
    for trial in trials:
        earlier = sorted(one.score.by_fold[0] for one in trials[: trial.number - trial.number % 4])
        middle = (earlier[(len(earlier) - 1) // 2] + earlier[len(earlier) // 2]) / 2 if len(earlier) >= 5 else math.inf
        if trial.score.is_pruned:
            assert len(trial.score.by_fold) == 2 and trial.score.log_loss > middle


def test_a_storage_with_other_trials_is_refused(home: Path) -> None:
    run(replace(PLAN, trials=2), bowl, nothing)
    with pytest.raises(DataError, match="holds another study") as caught:
        run(replace(PLAN, first={"depth": 2, "rate": 0.2}), bowl, nothing)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"tune\.storage") as other:
        run(replace(PLAN, storage="nonsense://nowhere"), bowl, nothing)
    assert "\n" not in str(other.value)


def test_a_reader_does_not_lock_it(home: Path) -> None:
    import sqlite3

    run(replace(PLAN, trials=2), bowl, nothing)
    viewer = sqlite3.connect(studies() / "bowl-1.db")
    viewer.execute("BEGIN")
    assert viewer.execute("SELECT count(*) FROM trials").fetchone() == (2,)
    assert len(run(replace(PLAN, trials=4), bowl, nothing)) == 4
    viewer.close()


CODE = """
import os, signal, sys
from tests.research.training.test_study import PLAN, bowl, nothing, run
count = 0
def told(trial, is_read):
    global count
    count += 1
    if count == 5:
        os.kill(os.getpid(), signal.SIGKILL)
run(PLAN, bowl, told)
"""


def test_after_a_kill_nine(home: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], env={**os.environ, "BEA_HOME": str(home)}, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    told: list[bool] = []
    again = run(PLAN, bowl, lambda trial, is_read: told.append(is_read))
    assert told == [True] * 5 + [False] * 5
    assert [trial.parameters for trial in again[8:]] == [drawn(PLAN, again[:8], number) for number in (8, 9)]
