"""The list of crash points and the calls of probes in the code are the same."""

from __future__ import annotations

import ast
from pathlib import Path

from engine.live.crash_points import CRASH_POINTS, crash_points, no_probe

LIVE = Path(__file__).resolve().parents[3] / "engine" / "live"


def probed() -> set[str]:
    """Every literal that is passed to something called probe or _probe."""
    names = set()
    for path in LIVE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called.strip("_") == "probe":
                    names.add(str(node.args[0].value))
    return names


def test_every_name_is_passed_to_a_probe_and_no_other() -> None:
    assert probed() == set(CRASH_POINTS) == set(crash_points()) and len(set(CRASH_POINTS)) == len(CRASH_POINTS)
    assert no_probe("intent.before_commit") is None  # type: ignore[func-returns-value]
