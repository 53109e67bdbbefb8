"""`bea data`: exit statuses, JSON output, one-line errors, counts that add up."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

import engine.source
from engine.errors import SourceError
from research.commands.data import parser
from research.commands.main import main
from research.commands.registry import COMMANDS
from tests.engine.store.batches import FakeBatch, FakeCounts, batch, league, match

Reader = dict[str, FakeBatch]


@pytest.fixture()
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Replaces the readers: a file is read as the batch stored under its name."""
    given: Reader = {}

    def read_files(source: str, paths: Iterable[Path], *, known: frozenset[str], **_: object) -> Iterator[FakeBatch]:
        files = [f for path in map(Path, paths) for f in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
        for path in files:
            made = given[path.name]
            yield FakeBatch(**{**vars(made), "unchanged": made.identity in known})

    module = ModuleType("engine.source.read")
    module.read_files = read_files  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "engine.source.read", module)
    monkeypatch.setattr(engine.source, "read", module, raising=False)
    return given


def put(tmp_path: Path, reader: Reader, name: str, made: FakeBatch) -> str:
    (tmp_path / name).write_text(name)
    reader[name] = made
    return str(tmp_path / name)


def test_import_prints_its_counts(tmp_path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, reader, "E0.csv", league("E0", 2021, 20))
    command = ["data", "import", "football_data", path, "--store", str(tmp_path / "s")]
    assert main(command) == 0
    assert "rows: 20 read = 20 kept + 0 quarantined" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == {"read": 0, "known": 1, "refused": 0} and not document["changed"]
    assert document["known_empty"] == []
    assert document["store_rows"]["events"] == 20
    assert main([*command, "--json", "--again"]) == 0
    assert json.loads(capsys.readouterr().out)["files"]["read"] == 1


def test_a_refused_file_is_reported_and_the_others_are_imported(
    tmp_path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, reader, "a.csv", league("E0", 2021, 20))
    bad = FakeBatch(**{**vars(league("E1", 2021, 20)), "refused": SourceError("no header", where="b.csv")})
    put(tmp_path, reader, "b.csv", bad)
    assert main(["data", "import", "football_data", str(tmp_path), "--store", str(tmp_path / "s")]) == 1
    caught = capsys.readouterr()
    assert "no header in b.csv" in caught.err and "1 read, 0 known already, 1 refused" in caught.out
    assert main(["data", "info", "--json", "--store", str(tmp_path / "s")]) == 0
    assert json.loads(capsys.readouterr().out)["matches"] == 20


def test_known_files_of_which_nothing_was_kept_are_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "junk.bz2"
    path.write_bytes(b"no message\n")
    command = ["data", "import", "betfair_history", str(path), "--store", str(tmp_path / "s")]
    assert main(command) == 1 and "nothing was kept" in capsys.readouterr().err
    assert main(command) == 1
    caught = capsys.readouterr()
    assert "0 read, 1 known already" in caught.out
    assert caught.err.startswith("nothing of 1 of the known files was kept when they were read (--again reads them): ")


def test_control_characters_in_names_do_not_reach_the_terminal(
    tmp_path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\n[red]\u202eE0"
    made = batch([match("A", "B", date(2021, 8, 14), competition=evil)])
    path = put(tmp_path, reader, "a.csv", made)
    assert main(["data", "import", "football_data", path, "--store", str(tmp_path / "s")]) == 0
    assert main(["data", "info", "--store", str(tmp_path / "s")]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(out) and "[red]" in out


def test_simulate_check_and_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(tmp_path / "s")]
    small = ["data", "simulate", "--leagues", "1", "--seasons", "1", "--teams", "6", "--bookmakers", "pinnacle", "b365"]
    assert main([*small, *store, "--json", "--truth", str(tmp_path / "truth")]) == 0
    assert json.loads(capsys.readouterr().out)["store_rows"]["events"] == 30
    assert (tmp_path / "truth" / "truth-SIM1.parquet").exists()
    assert main(["data", "check", *store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["damaged"] is False
    assert main(["data", "check", *store]) == 0
    assert "verified" in capsys.readouterr().out
    path = next((tmp_path / "s" / "quotes").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[::-1])
    assert main(["data", "check", *store]) == 1
    assert "damage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["info"], 1, "there is no store"),
        (["check"], 1, "there is no store"),
        (["import", "football_data", "nowhere.csv"], 2, "no such file"),
        (["import", "footbal_data", "nowhere.csv"], 2, "unknown source"),
        (["simulate", "--leagues", "0"], 2, "too few leagues"),
        (["simulate", "--bookmakers", "pinacle"], 2, "unknown bookmaker"),
        (["simulate", "--teams", "5"], 2, "teams"),
        (["destroy"], 2, "see `bea data --help`"),
    ],
)
def test_a_mistake_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, message: str
) -> None:
    assert main(["data", *argv]) == status
    caught = capsys.readouterr()
    assert (
        caught.out == "" and message in caught.err and caught.err.count("\n") == 1 and caught.err.startswith("error: ")
    )


def test_subcommands_are_those_of_the_registry() -> None:
    (action,) = (action for action in parser()._actions if action.dest == "subcommand")
    assert tuple(action.choices or ()) == COMMANDS["data"].subcommands


def test_map_writes_a_first_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, target = tmp_path / "x.csv", tmp_path / "x.yaml"
    table.write_text("date,home,away,home_odds,draw_odds,away_odds\n2024-01-10,A,B,1.85,3.4,4.2\n")
    assert main(["data", "map", str(table)]) == 0
    text = capsys.readouterr().out
    assert main(["data", "map", str(table), "--output", str(target)]) == 0
    assert target.read_text() == text and "questions" in capsys.readouterr().out
    assert main(["data", "map", str(table), "--output", str(target)]) == 2
    assert "the file exists" in capsys.readouterr().err
    assert main(["data", "map", str(tmp_path / "none.csv")]) == 2
    assert "no such file" in capsys.readouterr().err
    store = ["--store", str(tmp_path / "s")]
    assert main(["data", "import", "generic_csv", str(table), "--mapping", str(target), *store]) == 0
    assert "prices: 3 read = 3 kept" in capsys.readouterr().out


def test_files_without_a_row_are_named(tmp_path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, reader, "E0.csv", FakeBatch(**{**vars(league("E0", 2021, 2)), "counts": FakeCounts()}))
    assert main(["data", "import", "football_data", path, "--store", str(tmp_path / "s")]) == 1
    assert "nothing was kept" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["import", "simulate", "map", "check", "pairs", "info"])
def test_the_help_of_each_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", name, "--help"]) == 0
    parts = capsys.readouterr().out.split("\n\n")
    assert parts[0].startswith("usage: ") and parts[1].strip().endswith(".") and not parts[1].startswith("options")
