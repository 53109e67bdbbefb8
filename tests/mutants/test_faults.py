"""The table of faults is current: every row can be made, every fault has a row, and the page shows them."""

from __future__ import annotations

import ast
import re

import pytest

from tests.mutants.faults import ELSEWHERE, PROMISES, Promise
from tests.mutants.mutant import ROOT

PAGE = ROOT / "docs" / "faults.md"


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: f"{promise.faults} {promise.taken_out.what}")
def test_the_handling_can_be_taken_out_and_its_test_exists(promise: Promise) -> None:
    mutant = promise.taken_out
    assert mutant.occurrences() == 1 and mutant.old != mutant.new
    path, name = mutant.test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    ast.parse((ROOT / mutant.path).read_text(encoding="utf-8").replace(mutant.old, mutant.new))


def test_every_fault_has_a_row() -> None:
    named = {fault for promise in PROMISES for fault in promise.faults.split()} | set(ELSEWHERE)
    assert named == {"start"} | {f"F{number:02d}" for number in range(1, 51)}


def test_the_page_has_every_row_and_all_are_found() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for promise in PROMISES:
        assert f"| {promise.faults} | {promise.promise} | {promise.taken_out.what} (" in text
    assert "**not found**" not in text and re.search(rf"{len(PROMISES)} of {len(PROMISES)} are found", text)
