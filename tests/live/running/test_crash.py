"""Kills in CI: the harness of `python -m tests.crash`, which forks and therefore has a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.live.crash_points import crash_points
from engine.live.ledger.entries import Entry, Kind, Money
from tests.crash.__main__ import NO_SERVER
from tests.crash.servers import FATES
from tests.live.ledger.entries import recorded
from tests.live.running import scene

ROOT = Path(__file__).resolve().parents[3]


def found(*words: str) -> dict[str, Any]:
    """What the harness gave; no day may differ."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == NO_SERVER:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    assert counts["failed_days"] == 0 and counts["entries"] > 20
    return counts


@pytest.mark.slow
def test_a_day_of_kills_is_the_undisturbed_day() -> None:
    """50 kills: at each crash point by name, then at drawn ones, nested too."""
    kills = found("--kills", "50", "--seed", "3")["sqlite"]
    assert kills["kills"] >= 50 and set(kills["by_point"]) == set(crash_points())
    assert sum(kills["nested"].values()) > 5


@pytest.mark.proof
def test_a_day_of_kills_in_postgresql_is_the_day_in_a_file() -> None:
    """30 kills of runners, at each crash point by name, and 4 of the server."""
    counts = found("--postgres", "30", "--server-kills", "4", "--seed", "3")
    assert counts["postgres"]["kills"] >= 30 and set(counts["postgres"]["by_point"]) == set(crash_points())
    assert counts["server_kills"]["fates"] == dict.fromkeys(FATES, 1)


def test_the_harness_sees_what_a_kill_could_do() -> None:
    """Essences differ by a missing entry, another amount, another instant; not by attempts and doubts."""
    bet = Entry(Kind.PLACED, "placed:a:5:0", 10, "a", money=Money(reserved=-5, stakes=5), body={"odds": 2.0})

    def essence(*entries: Entry) -> list[tuple[object, ...]]:
        return scene.essence([recorded(entry, n) for n, entry in enumerate(entries, 1)])

    assert essence(bet) == essence(Entry(Kind.UNKNOWN, "unknown:a:1", 9, "a"), bet)
    later = Entry(Kind.PLACED, "placed:a:5:0", 11, "a", money=bet.money, body=bet.body)
    more = Entry(Kind.PLACED, "placed:a:5:0", 10, "a", money=Money(reserved=-6, stakes=6), body=bet.body)
    assert len({str(essence(*one)) for one in ([], [bet], [later], [more], [bet, bet])}) == 5
