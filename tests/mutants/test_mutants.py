"""The catalogue of mutants is current: each text occurs once in its file, and each named test exists."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest

from tests.mutants.__main__ import page
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Mutant, passes


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_can_be_made_and_its_test_exists(mutant: Mutant) -> None:
    assert mutant.occurrences() == 1 and mutant.old != mutant.new
    path, name = mutant.test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    ast.parse((ROOT / mutant.path).read_text(encoding="utf-8").replace(mutant.old, mutant.new))


def test_a_wrong_change_is_found_and_the_file_is_mended(tmp_path: Path) -> None:
    code, test = tmp_path / "add.py", tmp_path / "test_add.py"
    code.write_text("def add(a, b):\n    return a + b\n")
    test.write_text("from add import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n")
    change = Mutant("minus", "add.py", "a + b", "a - b", "test_add.py::test_add")
    same = Mutant("times", "add.py", "a + b", "a * b", "test_add.py::test_add")
    assert passes(tmp_path, change.test) and not change.survives(tmp_path) and same.survives(tmp_path)
    assert code.read_text() == "def add(a, b):\n    return a + b\n"
    with pytest.raises(RuntimeError, match="could not be run"):
        passes(tmp_path, "test_add.py::test_nothing")
    text = page([(change, False), (same, True)], dt.date(2026, 11, 26))
    assert "On 26 November 2026, 1 of 2 are found." in text and "**not found**" in text
