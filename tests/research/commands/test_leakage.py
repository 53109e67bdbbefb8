"""`bea leakage`: arguments, exit status, output, and the findings that reports read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.paths import conf_dir
from research import strategies
from research.commands import leakage as command
from research.commands.main import main
from research.leakage.coverage import Coverage
from research.leakage.decisions import Subject
from research.leakage.findings import Findings
from research.records.leaks import leaking, leaks_folder
from tests.research.leakage.planted import Planted

pytestmark = pytest.mark.slow

ARGUMENTS = ["strategy=flat_all", "strategy.bookmaker=b365", "--instants", "2"]


def document() -> dict[str, object]:
    """The only document of findings in the home."""
    paths = list(leaks_folder().glob("*.json"))
    assert len(paths) == 1
    findings: dict[str, object] = json.loads(paths[0].read_text())
    return findings


@pytest.fixture()
def clean_folder(small_home: Path) -> Path:
    """The home without findings of an earlier test."""
    for path in leaks_folder().glob("*.json"):
        path.unlink()
    return small_home


def test_a_search_has_the_keys_of_a_backtest_and_workers() -> None:
    backtest, leakage = ((conf_dir() / f"{name}.yaml").read_text().splitlines()[1:] for name in ("backtest", "leakage"))
    assert [line for line in leakage if line not in backtest] == ["  - cluster: none"]
    assert [line for line in leakage if line in backtest] == backtest


def test_the_exit_status_without_a_leak_is_0(
    clean_folder: Path, two_instants: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leakage", *ARGUMENTS]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("No leak found: ")
    assert "compared bit for bit: odds" in out
    assert "error" not in err
    stored = document()
    assert stored["leaks"] == [] and stored["judged"] is True and stored["outcome"] == "clean"
    assert leaking([path.stem for path in leaks_folder().glob("*.json")]) == []


def test_json_output_is_the_stored_document(clean_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakage", *ARGUMENTS[:2], "--instants", "3", "--json", "--seed", "9"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    findings = json.loads(out)
    assert findings == document()
    assert findings["seed"] == 9 and len(findings["instants"]) == 3
    assert findings["command"] == ["leakage", *ARGUMENTS[:2]]


def test_the_exit_status_with_too_few_decisions_is_1(clean_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakage", *ARGUMENTS[:2], "--instants", "2", "output=json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert findings["outcome"] == "too_few" and findings["judged"] is False and findings["leaks"] == []
    assert main(["leakage", *ARGUMENTS[:2], "--instants", "2"]) == 1
    assert capsys.readouterr().out.startswith("Too few decisions to judge: 2 instants")


def test_a_strategy_that_copies_cannot_reach_is_not_judged_whatever_the_number_of_decisions() -> None:
    coverage = Coverage(decisions=500, untouched=("results",))
    findings = Findings((), coverage, ("the strategy opens its store by a path of its own",))
    assert command.sentence(findings) == "Not judged: the strategy opens its store by a path of its own."
    few = Findings((), coverage, ("2 instants with a past and a future, at least 10 are needed (delayed)",))
    assert command.sentence(few).startswith("Too few decisions to judge: 2 instants")


def test_the_exit_status_with_a_leak_is_1_and_its_tape_is_marked(
    clean_folder: Path, two_instants: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def planted(*arguments: object, **_: object) -> Subject:
        return Subject(arguments[0], strategy=lambda _: Planted(("half-time score",)))  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "Subject", planted)
        assert main(["leakage", *ARGUMENTS]) == 1
    out = capsys.readouterr().out
    assert out.startswith("1 leak found: half_time.")
    assert "a score at half time" in out
    (path,) = leaks_folder().glob("*.json")
    assert leaking([path.stem]) == [path.stem]
    leak = json.loads(path.read_text())["leaks"][0]
    assert leak["examples"][0]["home"] in out
    assert main(["leakage", *ARGUMENTS]) == 0  # later findings replace earlier ones
    assert leaking([path.stem]) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["strategy=flat_al"], "did you mean flat_all?"),
        (["strategy=value,consensus"], "bea sweep"),
        (["--instants", "0"], "--instants"),
        (["--instants", "x"], "bea leakage --help"),
        (["--seed", "-1"], "negative seed"),
        (["data.seasons=[1999]"], "1999"),
        (["data.store=s3://odds/history"], "needs a store in a folder"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], message: str, small_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leakage", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1


def test_the_configured_strategy_is_tested(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: list[str] = []
    by_name = strategies.by_name
    monkeypatch.setattr(strategies, "by_name", lambda name, file=None: loaded.append(name) or by_name(name, file))
    assert main(["leakage", *ARGUMENTS[:2], "--instants", "1", "--json"]) == 1
    assert set(loaded) == {"flat_all"}
    assert json.loads(capsys.readouterr().out)["strategy"] == "flat_all"
