"""The examples of docs/data.md run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.paths import sample_store

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data.md"


@pytest.mark.skipif(not (sample_store() / "manifest.json").exists(), reason="no sample store")
def test_the_examples_of_the_page_run() -> None:
    scope: dict[str, object] = {}
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), scope)
