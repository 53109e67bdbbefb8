"""`bea ledger`: what it prints, and its exit status."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.live.ledger.opening import ledger_path, open_ledger
from research.commands.main import main
from tests.live.ledger.entries import FAST, OPENED, intended


@pytest.fixture()
def spring(home: Path) -> str:
    """A ledger of three entries; the hash of the last one."""
    ledger = open_ledger("spring", OPENED, settings=FAST)
    head = ledger.append([intended(1), intended(2)])[-1].hash
    ledger.close()
    return head


def test_verify_tells_good_from_changed(spring: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "verify", "spring"]) == 0
    good = capsys.readouterr().out
    assert f"Good: 3 entries and 0 control rows, the head is {spring}." in good
    assert "cash                 -1,000" in good
    with sqlite3.connect(ledger_path("spring")) as connection:
        connection.execute("UPDATE entries SET bookmaker = 'pinnacld' WHERE number = 2")
    connection.close()
    assert main(["ledger", "verify", "spring"]) == 1
    line = "entry 2, bookmaker: its hash is another one: expected pinnacle, found pinnacld\n"
    assert capsys.readouterr().out == line
    assert main(["ledger", "verify", "spring", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["good"] is False and document["faults"][0]["column"] == "bookmaker"


@pytest.mark.parametrize("command", ["backup", "export"])
def test_a_copy_is_restored_under_another_name(
    spring: str, command: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", command, "spring"]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path).parent == home / "data" / "ledger" / "backups"
    assert main(["ledger", "restore", path, "autumn"]) == 0
    assert "Restored from a backup and not adopted yet" in capsys.readouterr().out
    assert main(["ledger", "show"]) == 0
    assert capsys.readouterr().out == "autumn\nspring\n"
    assert main(["ledger", "restore", path, "autumn"]) == 1
    assert main(["ledger", command, "spring"]) == 1
    assert main(["ledger", command, "spring", str(home / "other"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ledger": "spring", "file": str(home / "other"), "entries": 3, "head": spring,
    }  # fmt: skip
    assert main(["ledger", "restore", path, "summer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["restored"] == spring


def test_entries_are_shown(spring: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "show", "spring", "--last", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "3"]
    assert lines[0].endswith("intended:1  cash -500, reserved +500")
    assert main(["ledger", "show", "spring", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["head"] == spring and [entry["kind"] for entry in document["entries"]] == [
        "opened",
        *["intended"] * 2,
    ]


def test_migrate_says_what_it_did(spring: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "migrate", "spring"]) == 0
    assert capsys.readouterr().out == "spring has schema 0002 already\n"
    with sqlite3.connect(ledger_path("spring")) as connection:
        connection.executescript("DROP INDEX entries_by_intent; UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    assert main(["ledger", "verify", "spring"]) == 1
    assert "older schema" in capsys.readouterr().err
    assert main(["ledger", "migrate", "spring", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ledger": "spring", "before": "0001", "after": "0002"}


@pytest.mark.parametrize(
    ("words", "line", "status"),
    [
        (["verify", "spring"], "no such ledger", 1),
        (["verify", "../spring"], "not a name of a ledger", 1),
        (["restore", "nothing.db", "spring"], "no such file", 1),
        (["mend", "spring"], "invalid choice", 2),
    ],
)
def test_mistakes_are_one_line(
    home: Path, words: list[str], line: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", *words]) == status
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1


def test_without_a_ledger_there_is_advice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "show"]) == 0
    assert "bea paper" in capsys.readouterr().out
    assert main(["ledger", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ledgers": []}
