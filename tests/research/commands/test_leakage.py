"""`bea leakage`: its words, exit status, document, and what reports read of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from research import strategies
from research.commands import leakage as command
from research.commands.main import main
from research.leakage.decisions import Subject
from research.records.leaks import leaking, leaks_folder
from tests.research.leakage.planted import IDEAS, Planted

pytestmark = pytest.mark.slow

WORDS = ["strategy=flat_all", "strategy.bookmaker=b365", "--instants", "10"]


def document() -> dict[str, object]:
    """The one document that stands in the home."""
    paths = list(leaks_folder().glob("*.json"))
    assert len(paths) == 1
    found: dict[str, object] = json.loads(paths[0].read_text())
    return found


@pytest.fixture()
def clean_folder(small_home: Path) -> Path:
    """The home, without findings of an earlier test."""
    for path in leaks_folder().glob("*.json"):
        path.unlink()
    return small_home


def test_no_leak_leaves_with_0(clean_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakage", *WORDS]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("No leak found: ")
    assert "compared bit for bit: odds" in out
    assert "error" not in err
    one = document()
    assert one["leaks"] == [] and one["judged"] is True and one["outcome"] == "clean"
    assert leaking([path.stem for path in leaks_folder().glob("*.json")]) == []


def test_one_json_document_and_nothing_else(clean_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakage", *WORDS, "--json", "--seed", "9"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    assert found == document()
    assert found["seed"] == 9 and len(found["instants"]) == 10
    assert found["command"] == ["leakage", *WORDS[:2]]


def test_too_few_leaves_with_1(clean_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakage", *WORDS[:2], "--instants", "2", "output=json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "too_few" and found["judged"] is False and found["leaks"] == []
    assert main(["leakage", *WORDS[:2], "--instants", "2"]) == 1
    assert capsys.readouterr().out.startswith("Too few decisions to judge: 2 instants")


def test_a_leak_leaves_with_1_and_reports_know_it(
    clean_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(*given: object, **named: object) -> Subject:
        return Subject(given[0], strategy=lambda _: Planted(IDEAS["half-time score"]))  # type: ignore[arg-type]

    monkeypatch.setattr(command, "Subject", planted)
    assert main(["leakage", *WORDS[:2], "--instants", "2"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("1 leak found: prob.")
    assert "a score at half time" in out
    (path,) = leaks_folder().glob("*.json")
    assert leaking([path.stem]) == [path.stem]
    leak = json.loads(path.read_text())["leaks"][0]
    assert leak["examples"][0]["home"] in out
    monkeypatch.undo()
    monkeypatch.setenv("BEA_HOME", str(clean_folder))
    assert main(["leakage", *WORDS]) == 0  # a later outcome takes the place of an earlier one
    assert leaking([path.stem]) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["strategy=flat_al"], "did you mean flat_all?"),
        (["strategy=value,consensus"], "bea sweep"),
        (["--instants", "0"], "--instants"),
        (["--instants", "x"], "bea leakage --help"),
        (["--seed", "-1"], "negative seed"),
        (["data.seasons=[1999]"], "1999"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], told: str, small_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leakage", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and told in err and err.count("\n") == 1


def test_a_strategy_found_by_name_is_the_one_examined(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    by_name = strategies.by_name
    monkeypatch.setattr(strategies, "by_name", lambda name, file=None: asked.append(name) or by_name(name, file))
    assert main(["leakage", *WORDS[:2], "--instants", "1", "--json"]) == 1
    assert set(asked) == {"flat_all"}
    assert json.loads(capsys.readouterr().out)["strategy"] == "flat_all"
