"""The hash chain: an edit, a removed row, a cut tail and a chain made anew are found where they are."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import research
from engine.errors import DataError
from research.commands.main import main
from research.execution import manifest
from research.records.chain import chain_all
from research.records.trials import Ledger
from tests.research.records.test_trials import events, names, record, record_old


@pytest.fixture()
def entered(tmp_path: Path) -> tuple[Ledger, dict[str, str]]:
    """Four entries after one of an earlier version, and the heads that their runs hold."""
    ledger = Ledger(tmp_path / "data" / "trials.sqlite")
    record_old(ledger, names(900, 901), events(0, 50), 1.5)
    heads = {}
    for number in range(4):
        head = record(ledger, names(*range(number, number + 6)), events(0, 50 + number // 2))
        heads[ledger.evaluations()[0].run] = head
    return ledger, heads


def test_what_was_written_is_good(entered: tuple[Ledger, dict[str, str]]) -> None:
    ledger, heads = entered
    checked = ledger.check(heads)
    assert checked.faults == () and checked.entries == 5 and checked.head == [*heads.values()][-1]
    assert len(set(heads.values())) == 4 and all(len(head) == 64 for head in heads.values())


EDITS = {
    "UPDATE evaluations SET effective = effective * 0.5 WHERE id = 3": "entry 3 ",
    "UPDATE evaluations SET finished_at = '2020' WHERE id = 1": "entry 1 ",
    "UPDATE evaluations SET kind = 'backtest' WHERE id = 4": "entry 4 ",
    "UPDATE evaluations SET look = NULL WHERE id = 2": "entry 2 ",
    "UPDATE evaluations SET fresh = 0 WHERE id = 2": "entry 2 ",
    "UPDATE evaluations SET head = NULL WHERE id = 3": "entry 3 ",
    "DELETE FROM evaluations WHERE id = 3": "entry 3 is missing before entry 4",
    "DELETE FROM evaluations WHERE id IN (1, 2)": "entries 1 to 2 are missing before entry 3",
    "DELETE FROM trials WHERE evaluation = 3": "entry 3 ",
    "UPDATE trials SET evaluation = 5 WHERE evaluation = 4": "entry 4 ",
    "UPDATE trials SET configuration = x'00' WHERE configuration = (SELECT MIN(configuration) FROM trials)": "entry 2 ",
    "UPDATE event_sets SET events = 7 WHERE id = 1": "entry 1 ",
    "UPDATE event_sets SET sample = x'' WHERE id = 2": "entry 4 ",
    "UPDATE vectors SET maxima = x'00' WHERE rowid = 2": "null maxima 2 are not as they were written",
    "DELETE FROM vectors WHERE rowid = 1": "the null maxima of 1 entry are missing",
    "UPDATE evaluations SET vector = (SELECT hash FROM vectors WHERE rowid = 1)": "entry 3 ",
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found(entered: tuple[Ledger, dict[str, str]], edit: str) -> None:
    ledger, heads = entered
    with sqlite3.connect(ledger.path) as connection:
        assert connection.execute(edit).rowcount > 0
    faults = ledger.check(heads).faults
    assert any(EDITS[edit] in fault for fault in faults), faults
    assert all("\n" not in fault for fault in faults)


@pytest.mark.parametrize("value", ["'text'", "x'00'", "x''", "-1", "2.5"])
@pytest.mark.parametrize("column", ["event_sets.sample", "event_sets.prints", "trials.configuration", "vectors.maxima"])
def test_values_of_another_type_are_a_fault_and_no_internal_error(
    entered: tuple[Ledger, dict[str, str]], column: str, value: str
) -> None:
    ledger, heads = entered
    table, name = column.split(".")
    with sqlite3.connect(ledger.path) as connection:
        sets = [row[0].hex() for row in connection.execute("SELECT hash FROM event_sets")]
        one = f"(SELECT {name} FROM {table} ORDER BY {name} DESC LIMIT 1)"
        assert connection.execute(f"UPDATE {table} SET {name} = {value} WHERE {name} IS {one}").rowcount
    assert ledger.check(heads).faults
    try:
        ledger.count(sets)
    except DataError as error:
        assert "see `bea trials verify`" in str(error)
    else:
        assert column == "trials.configuration" or value == "x''", "no numbers are read"


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_cut_tail_is_found_by_the_runs(entered: tuple[Ledger, dict[str, str]], cut: int) -> None:
    ledger, heads = entered
    with sqlite3.connect(ledger.path) as connection:
        for table, column in (("trials", "evaluation"), ("evaluations", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} > ?", (5 - cut,))
    assert ledger.check({}).faults == (), "the rest is a chain"
    faults = ledger.check(heads).faults
    assert len(faults) == cut and all("its entry is not in the ledger" in fault for fault in faults)
    ledger.path.unlink()
    assert len(ledger.check(heads).faults) == 4, "so is a ledger that was removed"


def test_a_chain_made_anew_is_found_by_the_runs(entered: tuple[Ledger, dict[str, str]]) -> None:
    ledger, heads = entered
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("DELETE FROM trials WHERE evaluation = 3 AND configuration = ?", names(6))
        chain_all(connection)
    assert ledger.check({}).faults == ()
    assert len(ledger.check(heads).faults) == 3, "the entry and both after it"


WORDS = ["data=sample", "data.competitions=[SIM1]", "report=false", "validation=none"]


@pytest.mark.slow
def test_the_command(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    facts = manifest.merged_facts
    monkeypatch.setattr(manifest, "merged_facts", lambda parts: facts(parts) | {"sources": ["football_data"]})
    assert main(["trials", "verify"]) == 0
    assert capsys.readouterr().out == "The ledger has no entries: there is nothing to verify.\n"
    first = research.sweep([*WORDS, "strategy.edge_min=0,0.03"])
    second = research.backtest([*WORDS[:3], "strategy.edge_min=0.05"])
    assert main(["trials", "verify"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Good: 2 entries, the head is ") and second.manifest["ledger_head"] in told
    assert "2 stored runs found in the chain" in told and told.count("\n") == 1

    with sqlite3.connect(Ledger().path) as connection:
        connection.execute("UPDATE evaluations SET configurations = 1 WHERE id = 1")
    assert main(["trials", "verify"]) == 1
    told = capsys.readouterr().out
    assert told.startswith(f"entry 1 (run {first.short}") and told.count("\n") == 1
    assert main(["trials", "verify", "--json"]) == 1
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["good"] is False and document["entries"] == 2 and len(document["faults"]) == 1
    with sqlite3.connect(Ledger().path) as connection:
        connection.execute("UPDATE evaluations SET configurations = 2 WHERE id = 1")
    assert main(["trials", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["head"] == second.manifest["ledger_head"]
    assert main(["trials", first.short]) == 0 == main(["show", first.short])
    assert "lost the entry" not in capsys.readouterr().out
    with sqlite3.connect(Ledger().path) as connection:
        connection.execute("DELETE FROM evaluations")
    assert main(["trials", first.short]) == 0 == main(["show", second.short])
    assert capsys.readouterr().out.count("The trial ledger lost the entry of this run") == 2
    (second.folder / "manifest.json").write_text("{")
    assert main(["trials", "verify"]) == 1 and f"run {second.short} cannot be read" in capsys.readouterr().out
