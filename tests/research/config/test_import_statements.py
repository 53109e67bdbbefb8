"""The cache of import statements: it says what parsing says, and a damaged one is made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.config import import_statements as module
from research.config.import_statements import Statement, keep, parsed, statements

SOURCE = b"""
import os, engine.files
from typing import TYPE_CHECKING
from . import near
from ..far import thing as other

if TYPE_CHECKING:
    from engine.tape.frame import from_frame
else:
    from engine.errors import BeaError


def late():
    from engine.tape import Tape
"""
FOUND = (
    Statement(None, 0, ("os", "engine.files")),
    Statement("typing", 0, ("TYPE_CHECKING",)),
    Statement(None, 1, ("near",)),
    Statement("far", 2, ("thing",)),
    Statement("engine.errors", 0, ("BeaError",)),
    Statement("engine.tape", 0, ("Tape",)),
)


@pytest.fixture(autouse=True)
def _as_in_a_new_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, empty in (("_known", {}), ("_read_from", set()), ("_new", set())):
        monkeypatch.setattr(module, name, empty)


def forget() -> None:
    for state in (module._known, module._read_from, module._new):
        state.clear()


def test_statements_that_run_and_lazy_names() -> None:
    found = parsed(SOURCE)
    assert found.running == FOUND and found.lazy == {"from_frame": "engine.tape.frame"}


def test_a_second_process_reads_what_the_first_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = statements(SOURCE)
    keep()
    forget()
    monkeypatch.setattr(module, "parsed", lambda _: pytest.fail("parsed again"))
    assert statements(SOURCE) == first


def test_one_process_keeps_what_another_kept() -> None:
    statements(SOURCE)
    keep()
    forget()
    statements(b"import sys\n")
    keep()
    assert len(module._read(module._path())) == 2


@pytest.mark.parametrize("damage", [b"", b"\xff", b"{}", b"0" * 32 + b"\n{}"])
def test_a_damaged_cache_is_made_again(damage: bytes) -> None:
    first = statements(SOURCE)
    keep()
    text = module._path().read_bytes()
    module._path().write_bytes(damage)
    forget()
    assert statements(SOURCE) == first
    keep()
    assert module._path().read_bytes() == text


def test_no_python_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        statements(b"def")
