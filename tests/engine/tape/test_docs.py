"""The examples of the guides run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl

from engine.asof.view import build_view
from engine.strategy import History, Learner
from engine.tape import Tape
from tests.property.markets import world

DOCS = Path(__file__).resolve().parents[3] / "docs"


def python_of(name: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), re.S))


def test_a_frame_of_your_own() -> None:
    space: dict[str, Any] = {"__name__": "guide"}
    exec(compile(python_of("tape.md"), "tape.md", "exec"), space)
    assert isinstance(space["tape"], Tape)


def test_a_strategy_of_your_own() -> None:
    space: dict[str, Any] = {"__name__": "builtins"}
    exec(compile(python_of("strategies.md"), "strategies.md", "exec"), space)
    found: pl.DataFrame = space["UnderdogDraw"]().opportunities(build_view(*world(1, 30)))
    assert len(found) and set(found["selection"]) == {"draw"}
    events, quotes = world(1, 30)
    history = History(events.filter(pl.col("home_score").is_not_null()), build_view(events, quotes).quotes)
    learned = space["LearnedDraw"]()
    drawn = history.events.filter(pl.col("home_score") == pl.col("away_score")).height
    assert isinstance(learned, Learner) and drawn
    assert learned.fit(history, 0).prob == drawn / history.events.height
