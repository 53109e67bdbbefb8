"""The examples of the guides run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl

from engine.asof.features import frames
from engine.asof.view import build_view
from engine.strategy import History, Learner, View
from engine.tape import Tape
from research.features.running_draws import RunningDraws
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


def test_the_example_of_features_bets_at_the_share_of_draws_so_far() -> None:
    space: dict[str, Any] = {"__name__": "builtins"}
    exec(compile(python_of("strategies.md"), "strategies.md", "exec"), space)
    events, quotes = world(1, 60)
    strategy, view = space["DrawShare"](), build_view(events, quotes)
    assert strategy.requires().features == ("running_draws",)
    features = frames([RunningDraws(warm_up=5)], events, view.quotes)
    bets = strategy.opportunities(View(view.quotes, features))
    assert bets.height > 50 and set(bets["selection"]) == {"draw"} and bets["prob"].n_unique() > 5
    some, rows = bets.row(bets.height // 2, named=True), {row["event_id"]: row for row in events.iter_rows(named=True)}
    before = [
        row for row in rows.values()
        if row["competition"] == rows[some["event_id"]]["competition"] and row["status"] == "played"
        and row["settled_at"] < some["decided_at"]
    ]  # fmt: skip
    assert some["prob"] == sum(row["winner"] == "draw" for row in before) / len(before)
