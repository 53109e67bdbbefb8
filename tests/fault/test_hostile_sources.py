"""Damaged real files give no traceback, no hang, and counts that add up: 50 here, 2,000 in `fuzz_sources.py`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fuzzing() -> ModuleType:
    path = Path(__file__).with_name("fuzz_sources.py")
    spec = importlib.util.spec_from_file_location("fuzz_sources", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("files", [50, pytest.param(200, marks=pytest.mark.proof)])
def test_damaged_files_are_read_or_refused(files: int, reference_dir: Path, fuzzing: ModuleType) -> None:
    read, refused, _ = fuzzing.fuzz(reference_dir, files, seed=1, largest_bytes=120_000)
    assert read + refused == files and read > files / 2
