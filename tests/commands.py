"""What commands of `bea` print in the process of a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from research.commands.main import main


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """The JSON document of a command that succeeds; what was printed before it does not count."""
    capsys.readouterr()
    assert main(list(words)) == 0
    return json.loads(capsys.readouterr().out)
