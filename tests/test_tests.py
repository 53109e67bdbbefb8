"""Rules that the tests themselves keep: each one asserts something, and none asserts on time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
#: calls of pytest that fail a test
FAILING = {"fail", "raises", "warns"}
#: functions of the module `time` that read a clock
CLOCKS = {f"{name}{unit}" for name in ("monotonic", "perf_counter", "process_time", "time") for unit in ("", "_ns")}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[Path, Function]]:
    """Every function of every file below tests/."""
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, Function):
                yield path, node


@cache
def calls(node: ast.AST) -> set[str]:
    """Names of the functions and methods called in a node."""
    names = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
    return {f.id if isinstance(f, ast.Name) else f.attr for f in names if isinstance(f, ast.Name | ast.Attribute)}


def asserts(node: ast.AST) -> bool:
    """Whether a node asserts by itself: `assert`, `numpy.testing.assert_*`, `pytest.raises` and the like."""
    if any(isinstance(part, ast.Assert) for part in ast.walk(node)):
        return True
    return any(name in FAILING or name.startswith("assert_") for name in calls(node))


def reads_a_clock(node: ast.AST) -> bool:
    """Whether a node calls a clock, as `time.monotonic()` or `monotonic()`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            name = ast.unparse(call.func)
            if name.removeprefix("time.") in CLOCKS and name != "time":
                return True
    return False


def test_every_test_asserts_something() -> None:
    known = list(functions())
    checking = {node.name for _, node in known if asserts(node)}
    while added := {node.name for _, node in known if calls(node) & checking} - checking:
        checking |= added
    idle = [f"{path}:{node.lineno} {node.name}" for path, node in known if node.name not in checking]
    assert not [line for line in idle if " test_" in line]


def test_no_test_reads_a_clock() -> None:
    timed = [f"{path}:{node.lineno} {node.name}" for path, node in functions() if reads_a_clock(node)]
    assert not [line for line in timed if " test_" in line]
