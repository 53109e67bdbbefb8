"""Races with a living runner in CI; `python -m tests.races` runs the long ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def found(*words: str) -> dict[str, int]:
    """What the races gave."""
    done = subprocess.run([sys.executable, "-m", "tests.races", *words], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
def test_nothing_is_sent_after_a_kill() -> None:
    counts = found("--kills", "100", "--seed", "5")
    assert counts["races"] >= 100 and counts["sent_after_a_kill"] == 0


@pytest.mark.proof
def test_a_runner_that_stood_still_sends_nothing_twice() -> None:
    counts = found("--pauses", "3", "--seed", "6")
    assert counts["pauses"] == 3 and counts["double"] == counts["not_fenced"] == 0 and counts["requests"] > 500
