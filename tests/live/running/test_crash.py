"""Kills in CI: the harness of `python -m tests.crash`, which forks and therefore has a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.live.crash_points import CRASH_POINTS
from engine.live.ledger.entries import Entry, Kind, Money
from tests import crash
from tests.live.running import scene

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_a_day_of_kills_is_the_undisturbed_day() -> None:
    """60 kills at drawn crash points, nested too."""
    words = [sys.executable, "-m", "tests.crash", "--kills", "60", "--seed", "3", "--days", "3"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] >= 60 and found["failed_days"] == 0 and found["entries"] > 20
    assert len(found["by_point"]) >= 10 and set(found["by_point"]) <= set(CRASH_POINTS)
    assert sum(found["nested"].values()) > 5


def test_the_harness_sees_what_a_kill_could_do() -> None:
    """Essences differ by a missing entry, another amount, another instant; not by attempts and doubts."""
    bet = Entry(Kind.PLACED, "placed:a:5:0", 10, "a", money=Money(reserved=-5, stakes=5), body={"odds": 2.0})

    def essence(*entries: Entry) -> list[tuple[object, ...]]:
        return scene.essence([crash.recorded(n, entry) for n, entry in enumerate(entries, 1)])

    assert essence(bet) == essence(Entry(Kind.UNKNOWN, "unknown:a:1", 9, "a"), bet)
    later = Entry(Kind.PLACED, "placed:a:5:0", 11, "a", money=bet.money, body=bet.body)
    more = Entry(Kind.PLACED, "placed:a:5:0", 10, "a", money=Money(reserved=-6, stakes=6), body=bet.body)
    assert len({str(essence(*one)) for one in ([], [bet], [later], [more], [bet, bet])}) == 5
