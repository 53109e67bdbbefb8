"""Each rule with independently computed results has an experiment in the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.paths import conf_dir


@pytest.mark.parametrize("folder", ["football_data", "football_data_leagues", "football_data_rebuilt"])
def test_every_rule_has_its_experiment(folder: str, reference_dir: Path) -> None:
    results = json.loads((reference_dir / "reference" / f"{folder}_results.json").read_text())
    rules = {key for key, value in results.items() if isinstance(value, dict) and key != "definitions"}
    assert rules == {path.stem for path in (conf_dir() / "experiment" / "reference").glob("*.yaml")}
