"""The worked example of a breaker of the user, from its file in the home folder to a refused bet and a resume."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SECOND_NS
from engine.live.ledger.entries import Kind
from research.commands.main import main
from tests.commands import answer
from tests.promoted import NOW_NS, entries, own_copy
from tests.research.trading.conftest import ROOT

LEVEL = {"pinnacle": {"home": 2.6, "draw": 3.9, "away": 2.7}}


@pytest.fixture()
def file(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example in a home with the promotion ``demo`` and the feed ``lines``; its limit is one lost bet."""
    home = own_copy(promoted_home, tmp_path, monkeypatch)
    shutil.copytree(ROOT / "examples" / "feeds", home / "feeds")
    shutil.copytree(ROOT / "examples" / "breakers", home / "breakers")
    path = home / "breakers" / "weekly_loss.py"
    edited(path, "MOST_MINOR = 50_000", "MOST_MINOR = 10_000")
    return path


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def traded(file: Path, away: str, *score: int) -> list[str]:
    """Words of a run over one match with level prices and, where there is a score, its end."""
    match = {"home": "Ajax", "away": away, "starts": "2025-01-05T15:00:00+00:00"}
    lines: list[dict[str, Any]] = [match | {"prices": LEVEL}, *([match | {"score": score}] if score else [])]
    text = "".join(f"{json.dumps(line)}\n" for line in [*lines, {"end": True}])
    (file.parents[1] / "odds.jsonl").write_text(text)
    return ["paper", "demo", "--feed", "lines", "runner.poll_ms=1", "--json", "breakers.own=[weekly_loss]"]


def reasons() -> list[str]:
    """Of all decisions on record."""
    return [row["reason"] for one in entries() if one.entry.kind is Kind.DECIDED for row in one.entry.body["decisions"]]


def test_a_lost_week_stops_bets_until_a_person_resumes(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answer(capsys, *traded(file, "PSV", 2, 0))["pnl_minor"] == -10_000
    (trip,) = [one.entry.body for one in entries() if one.entry.kind is Kind.TRIPPED]
    assert (trip["breaker"], trip["human"], trip["measured"]) == ("weekly_loss", True, 10_000)
    assert trip["cause"] == "the week has lost 10,000 minor units, its limit is 10,000"
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 3600 * SECOND_NS)
    shown = answer(capsys, *traded(file, "AZ"))["breakers"]  # another process: the trip is folded from the ledger
    assert [(row["tripped"], row["measured"]) for row in shown if row["name"] == "weekly_loss"] == [(True, 10_000)]
    assert reasons() == ["placed", "breaker_weekly_loss"]
    assert main(["resume", "demo", "--breaker", "weekly_loss", "--reason", "looked at every bet"]) == 0
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 7200 * SECOND_NS)
    assert answer(capsys, *traded(file, "NEC"))["bets"] == {"settled": 1, "placed": 1}
    assert reasons()[2:] == ["placed"], "counting began anew"


def test_without_the_setting_the_file_is_not_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, *traded(file, "PSV", 2, 0)[:-1])
    assert not [one for one in entries() if one.entry.kind is Kind.TRIPPED]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "weekly_loss"', 'name = "weekly"', "a breaker of another name in"),
        ("Trip(self.name, cause", 'Trip("clock", cause', "a trip of another breaker in"),
        ('return "tripped" if', "return str(1 / 0) if True or", "the breaker failed in"),
        ("def open_breaker", "def opened", "no function open_breaker in"),
    ],
)
def test_a_breaker_that_cannot_be_asked_lets_nothing_through(
    old: str, new: str, message: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(file, old, new)
    assert main(traded(file, "PSV", 2, 0)) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ") and message in line and "weekly_loss.py" in line


def test_names_that_are_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = traded(file, "PSV")
    assert main([*words[:-1], "breakers.own=[weekly_los]"]) == 2
    assert "did you mean weekly_loss?" in capsys.readouterr().err
    file.rename(file.with_name("clock.py"))
    assert main([*words[:-1], "breakers.own=[clock]"]) == 2
    assert "a file has the name of a shipped one" in capsys.readouterr().err
