"""A study on PostgreSQL that workers share: the bits of one, no trial twice, and a killed worker is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigurationError, DataError
from research.execution.progress import Silence
from research.training.storage import opened
from research.training.study import is_repeatable, run
from research.training.train import train
from research.training.trial import NUMBER, Plan
from tests.live.ledger.postgres import server
from tests.research.training.test_study import PLAN, bowl, nothing
from tests.research.training.test_train import LOGIT, settings

ROOT = Path(__file__).resolve().parents[3]
#: a worker: takes trials of a study, slowly, and tells the number of each before it is computed
WORKER = """
import sys, time
from contextlib import ExitStack
from dataclasses import replace
from tests.research.training.test_study import PLAN, bowl, nothing, run
def slow(parameters, stop):
    print("began", flush=True)
    time.sleep(float(sys.argv[2]))
    return bowl(parameters, stop)
run(replace(PLAN, storage=sys.argv[1]), slow, nothing)
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Plan]:
    """The study of the other tests on a server."""
    with server() as url:
        yield replace(PLAN, storage=url)


def worker(plan: Plan, pause_s: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(plan.storage), str(pause_s)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def numbers(plan: Plan) -> Counter[Any]:
    """How often each trial is in the storage."""
    with opened(plan) as stored:
        return Counter(trial.user_attrs[NUMBER] for trial in stored.study.get_trials(deepcopy=False))


@pytest.mark.slow
def test_workers_share_a_study_and_one_that_is_killed_is_replaced(shared: Plan, home: Path) -> None:
    alone = run(replace(PLAN, storage=None), bowl, nothing)
    with worker(shared, 60.0) as killed, ExitStack() as stack:
        stack.callback(killed.kill)
        assert killed.stdout is not None and killed.stdout.readline() == "began\n"  # it holds a trial, and sleeps
        other = stack.enter_context(worker(shared, 0.05))
        try:
            assert other.stdout is not None and other.stdout.readline() == "began\n"
            assert len(numbers(shared)) < PLAN.batch, "a batch is not left before its trials are finished"
            killed.send_signal(signal.SIGKILL)
            trials = run(shared, bowl, nothing)
            assert other.communicate(timeout=60)[0].endswith("done\n") and other.returncode == 0
        finally:
            other.kill()
    assert trials == alone, "the bits of one worker"
    assert numbers(shared) == Counter(range(PLAN.trials)), "each trial once, those of the killed worker too"
    assert is_repeatable(trials) and not is_repeatable([*trials, replace(trials[0], processor="another")])


def test_a_trial_is_taken_once_and_given_back(shared: Plan) -> None:
    plan = replace(shared, name="bowl-2")
    with opened(plan) as one, opened(plan) as two:
        assert one.is_shared and one.take(0) and not two.take(0) and two.take(1)
        one.release(0)
        assert two.take(0) and not one.take(1)
    with opened(plan) as again, opened(replace(plan, name="bowl-3")) as other:
        assert again.take(0) and again.take(1), "what ends gives all back"
        assert other.take(0), "another study has locks of its own"


def test_a_server_that_is_lost_is_one_line(shared: Plan) -> None:
    plan = replace(shared, name="bowl-4")

    def cut(parameters: Any, stop: Any) -> Any:
        with opened(plan) as other:
            own = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
            other.session.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {own}")
        return bowl(parameters, stop)

    with pytest.raises(
        DataError, match=r"the storage of the study was lost in tune\.storage: .*the same command goes"
    ) as caught:
        run(plan, cut, nothing)
    assert "\n" not in str(caught.value)
    assert len(run(plan, bowl, nothing)) == PLAN.trials


def test_a_second_worker_on_a_file_is_refused_in_one_line(home: Path) -> None:
    with opened(PLAN) as stored:
        assert not stored.is_shared and stored.take(0) and stored.take(0)
        with pytest.raises(
            ConfigurationError, match=r"another process works on this study .* tune\.storage=postgresql"
        ) as caught:
            run(PLAN, bowl, nothing)
        assert "\n" not in str(caught.value)
    assert len(run(PLAN, bowl, nothing)) == PLAN.trials


@pytest.mark.slow
def test_a_worker_process_of_the_command_takes_trials_with_the_bits_of_one(home: Path) -> None:
    words = (*LOGIT, "tune=optuna", "tune.trials=6", "tune.batch=6")
    alone = train(settings(*words), Silence())
    said = list[str]()

    class Heard(Silence):
        def say(self, text: str) -> None:
            said.append(text)

    with server() as url:
        both = train(settings(*words, "tune.workers=2", f"tune.storage='{url}'"), Heard())
        assert both.trials == alone.trials and both.artifact.fitted == alone.artifact.fitted
        assert not said and not list((home / "data" / "studies").glob(".*.arrow"))
        broken = settings(*words, "seed=1", "tune.workers=2", f"tune.storage='{url}'", "cluster=dask")
        with pytest.raises(ConfigurationError, match=r"no scheduler in cluster\.address"):
            train(broken, Silence())
