"""Nothing is compiled after the start: the warm-up calls every function with the types that a runner gives it."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numba
import pytest

import engine.kernel.live as kernel
import engine.live.judgement.judge as judge
import engine.live.venues.fills as fills
from engine.live.judgement import warm
from tests.live.running import scene

#: compiled functions, and the modules that call them under this name
CALLED = {
    **dict.fromkeys(("screen_rows", "judge_row", "judge_legs", "start_account", "open_instant"), (kernel,)),
    **dict.fromkeys(("close_instant", "roll_day", "count_settled", "settled_pnl", "market_commission"), (kernel,)),
    "worst_odds": (judge, warm),
    "answer_order": (fills, warm),
}


@pytest.fixture()
def types(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[tuple[Any, ...]]]:
    """The types with which each compiled function is called."""
    seen: dict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def called(*values: Any) -> Any:
            seen[name].add(tuple(numba.typeof(value) for value in values))
            return real(*values)

        monkeypatch.setattr(module, name, called)

    for name, modules in CALLED.items():
        for module in modules:
            watch(module, name)
    return seen


def test_a_runner_calls_nothing_that_was_not_warm(home: Path, types: dict[str, set[tuple[Any, ...]]]) -> None:
    warm.warm(scene.rules())
    before = {name: set(found) for name, found in types.items()}
    assert set(before) == set(CALLED)
    scene.History.cut(2, home)
    with ExitStack() as stack:
        scene.opened(scene.History.read(home), stack).runner.run()
    assert {name: found - before[name] for name, found in types.items() if found - before[name]} == {}
