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


def test_the_examples_of_the_tape_guide_run() -> None:
    space: dict[str, Any] = {"__name__": "guide"}
    exec(compile(python_of("tape.md"), "tape.md", "exec"), space)
    assert isinstance(space["tape"], Tape)


def test_the_examples_of_the_strategy_guide_run() -> None:
    space: dict[str, Any] = {"__name__": "builtins"}
    exec(compile(python_of("strategies.md"), "strategies.md", "exec"), space)
    bets: pl.DataFrame = space["UnderdogDraw"]().opportunities(build_view(*world(1, 30)))
    assert len(bets) and set(bets["selection"]) == {"draw"}
    events, quotes = world(1, 30)
    history = History(events.filter(pl.col("home_score").is_not_null()), build_view(events, quotes).quotes)
    learned = space["LearnedDraw"]()
    draws = history.events.filter(pl.col("home_score") == pl.col("away_score")).height
    assert isinstance(learned, Learner) and draws
    assert learned.fit(history, 0).prob == draws / history.events.height
