"""Names, tags and notes of runs, on real files."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.files import exclusive, write_json
from research.commands.completion import candidates
from research.commands.main import main
from research.records.folder import find, publish, run_folder, runs_folder, work_folder
from research.records.headlines import listing
from research.records.labels import LABELS, NOTE, TAGS, Labels, read_labels, write_labels

EARLY, LATE = "0a" * 16, "0b" * 16


@pytest.fixture()
def two(home: Path) -> Path:
    """A home with two runs, of which there is the manifest only."""
    for run in (EARLY, LATE):
        made(run_folder(run), run)
    return home


def made(folder: Path, run: str) -> None:
    folder.mkdir(parents=True)
    manifest = {"run": run, "kind": "sweep", "finished_at": "2026-01-02T03:04:05+00:00", "command": ["bea", "sweep"]}
    data = {"first_date": "2019-08-01", "last_date": "2020-05-31"}
    write_json(folder / "manifest.json", manifest | {"counts": {"configurations": 2}, "data": data})


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["runs", *words]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["runs", *words]) == 2
    return capsys.readouterr().err


def test_a_name_stands_for_the_id(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "name", EARLY[:6], "early_value") == f"{EARLY[:12]}  early_value\n"
    assert find("early_value") == EARLY and find(EARLY[:4]) == EARLY
    assert candidates("bea show ear") == ["early_value"] and candidates("bea show 0b") == [LATE[:12]]
    assert f"run {EARLY[:12]} has the name early_value; bea runs name" in refused(capsys, "name", "0b", "early_value")
    assert said(capsys, "name", "early_value", "early_value"), "the same name again is no second one"
    said(capsys, "name", "early_value", "other")
    assert "not a run" in refused(capsys, "tag", "early_value", "x")
    assert "no name, tag or note" in said(capsys, "name", "other")
    assert not (run_folder(EARLY) / LABELS).exists()


def test_tags_and_notes_add_up(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "tag", EARLY, "kelly", "2024", "kelly")
    said(capsys, "note", EARLY, "falls after", "2019;\n\x1b[31mtry the close")
    document = json.loads(said(capsys, "tag", EARLY, "close", "--json"))
    note = "falls after 2019; \N{REPLACEMENT CHARACTER}[31mtry the close"
    assert document == {"run": EARLY, "name": "", "tags": ["2024", "close", "kelly"], "note": note}
    assert json.loads((run_folder(EARLY) / LABELS).read_text())["schema"] == 1
    assert listing(("kelly", "close"))["run"].to_list() == [EARLY] and listing(("kelly", "x")).height == 0
    assert "no run has the tag kelly and the tag x" in said(capsys, "--tag", "kelly", "--tag", "x")
    said(capsys, "tag", EARLY, "kelly", "2024", "--remove")
    said(capsys, "note", EARLY)
    assert read_labels(run_folder(EARLY)) == Labels(tags=("close",)) and read_labels(run_folder(LATE)) == Labels()
    assert "the run has no tag kelly: expected close, found kelly" in refused(capsys, "tag", EARLY, "kelly", "--remove")


@pytest.mark.parametrize("name", ["x", "abc", "0a", "9lives", "a b", "a#3", "a" * 61, "-a", "a/b", "a\n"])
def test_a_name_that_could_not_be_typed_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name of a run"):
        Labels().named(name)


def test_limits_of_tags_and_notes() -> None:
    for tag in ("", "a b", "a,b", "-x", "a" * 41):
        with pytest.raises(UsageError, match="not a tag"):
            Labels().tagged([tag])
    full = Labels().tagged([f"t{k}" for k in range(TAGS)])
    with pytest.raises(UsageError, match="too many tags: expected at most 20, found 21"):
        full.tagged(["more"])
    assert len(Labels().noted("a" * NOTE).note) == NOTE
    with pytest.raises(UsageError, match="the note is too long"):
        Labels().noted("a" * (NOTE + 1))


def test_a_run_that_is_made_again_keeps_its_labels(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "tag", EARLY, "kept")
    made(work_folder(EARLY) / "made", EARLY)
    publish(work_folder(EARLY) / "made", EARLY)
    assert read_labels(run_folder(EARLY)).tags == ("kept",)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 2, "name": "", "tags": [], "note": ""}'])
def test_damaged_labels_are_named(two: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (run_folder(EARLY) / LABELS).write_text(text)
    assert main(["runs", "tag", EARLY, "x"]) == 1
    assert "the labels of the run cannot be read" in capsys.readouterr().err
    assert json.loads(said(capsys, "--json"))["unreadable"] == [EARLY]


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"schema": 1, "name": "a", "tags": "xy", "note": ""}'])
def test_damaged_labels_are_told_with_file_and_remedy_and_the_run_is_not_to_be_removed(
    two: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (run_folder(EARLY) / LABELS).write_text(text)
    told = said(capsys)
    assert f"the labels of the run cannot be read in {run_folder(EARLY) / LABELS}: found " in told
    assert "remove the file" in told and "bea runs rm" not in told and LATE[:12] in told
    assert main(["runs", "name", "0b", "late"]) == 1
    assert "remove the file" in capsys.readouterr().err


def test_a_name_that_two_runs_have_is_refused_with_both(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run in (EARLY, LATE):
        write_labels(run_folder(run), Labels("twin"))
    told = refused(capsys, "tag", "twin", "x")
    assert "2 runs have the name twin" in told and EARLY[:12] in told and "bea runs name ID NAME" in told


def test_of_two_commands_that_give_one_name_at_once_one_is_refused(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses: dict[str, int] = {}
    with exclusive(runs_folder() / ".labels.lock", None):  # both are under way before the first may go on
        threads = [
            threading.Thread(target=lambda run=run: statuses.update({run: main(["runs", "name", run, "twin"])}))
            for run in (EARLY, LATE)
        ]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses.values()) == [0, 2]
    assert sum(read_labels(run_folder(run)).name == "twin" for run in (EARLY, LATE)) == 1
