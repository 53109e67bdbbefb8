"""Acceptance checks of the reference folder: the command line must reproduce independent results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_reference_rule_is_reproduced(accepted: Path) -> None:
    status, out, err = json.loads((accepted / "answer.json").read_text())
    lines = out.strip().splitlines()
    assert status == 0, out + err
    assert len(lines) == 4
    for line in lines:
        assert "; worst" in line or " of " in line
        counts = line.replace("margin removal:", "").split("within")[0].split(":")[-1].split("rules")[0]
        reproduced, total = (int(word) for word in counts.split() if word.isdigit())
        assert reproduced == total > 0, line
