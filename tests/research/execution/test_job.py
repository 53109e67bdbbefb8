"""The job of one tape: plain values, a content hash as its key, and the same bits in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import DataError
from research.config.tape_spec import TapeSpec
from research.execution.job import TapeJob
from research.tapes.builder import Tapes
from tests.tapes import spec_of

WORDS = ("data=sample", "data.competitions=[SIM1]", "execution.delay=1h", "execution.commission_rates.book_x=0.02")
THERE = """
import json, sys
from research.execution.job import TapeJob
from research.tapes.builder import Tapes
job = TapeJob.from_description(json.load(sys.stdin))
print(Tapes().tape(job.spec).hash, job.key)
"""


@pytest.fixture()
def job(home: Path) -> TapeJob:
    spec = spec_of(*WORDS[:3])
    return TapeJob(0, 0, 1, spec, Tapes().rows(spec).hash)


def test_a_specification_survives_json(job: TapeJob) -> None:
    text = json.dumps(job.spec.describe())
    assert TapeSpec.from_description(json.loads(text)) == job.spec
    assert "pickle" not in text and json.loads(text)["strategy"] == "value"


@pytest.mark.slow
def test_another_process_builds_the_same_tape_from_the_description(job: TapeJob, tmp_path: Path) -> None:
    elsewhere = os.environ | {"BEA_HOME": str(tmp_path / "elsewhere")}
    text = json.dumps(job.describe())
    done = subprocess.run(
        [sys.executable, "-c", THERE], input=text, env=elsewhere, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [Tapes().fresh(job.spec).hash, job.key]


def test_a_job_of_other_rows_or_other_code_is_refused(job: TapeJob) -> None:
    description = job.describe()
    assert TapeJob.from_description(description) == job
    for changed in ({"rows_hash": "0" * 32}, {"key": "0" * 32}):
        with pytest.raises(DataError, match="the job is another one here"):
            TapeJob.from_description(description | changed)


def test_the_key_is_of_the_content_and_not_of_places(job: TapeJob) -> None:
    moved = replace(job, spec=replace(job.spec, store="/elsewhere"), number=7)
    assert moved.key == job.key
    assert replace(job, spec=replace(job.spec, zone="Asia/Tokyo")).key != job.key


def test_a_specification_of_before_a_key_has_its_default(home: Path) -> None:
    spec = spec_of("data=sample")
    described = json.loads(json.dumps(spec.describe()))
    assert TapeSpec.from_description(described) == spec
    del described["unresolved"]
    assert TapeSpec.from_description(described) == spec
