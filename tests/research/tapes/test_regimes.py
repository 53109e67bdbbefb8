"""How regimes turn along the decisions of a tape, counted by hand."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl

from engine.clock import DAY_NS
from engine.strategy import History, Requirement, View
from engine.tape import Tape
from research.regimes.measures import lags
from research.regimes.refits import known
from research.regimes.series import day_series
from research.strategies import make
from research.tapes.builder import Tapes
from research.tapes.regimes import Turns, turns_of
from tests.research.strategies import test_regime_gated

SPEC = cast(Any, None)


def longer(frame: pl.DataFrame, parts: int = 3) -> pl.DataFrame:
    """The days of a market several times after each other."""
    times = pl.selectors.datetime().as_expr()
    return pl.concat(
        frame.with_columns(times + pl.duration(days=22 * part, time_unit="ns"), pl.col("event_id") + 1000 * part)
        for part in range(parts)
    )


EVENTS, QUOTES = longer(test_regime_gated.EVENTS), longer(test_regime_gated.VIEW.quotes)


def tape(regimes: list[int | None], competitions: str = "aaaaaaaa", seasons: str = "ssssuuuu") -> Tape:
    """One decision a day, each on its own event; the stakes do not matter."""
    n = len(regimes)
    events = pl.DataFrame({"sport": ["f"] * n, "competition": list(competitions[:n]), "season": list(seasons[:n])})
    rows = pl.DataFrame({"regime": pl.Series(regimes, dtype=pl.Int64)})
    known = SimpleNamespace(events=events, event=np.arange(n), rows=rows, decided_at=np.arange(n) * DAY_NS)
    return cast(Tape, known)


def tapes(strategy: object) -> Tapes:
    inputs = SimpleNamespace(strategy=strategy, required=Requirement(("1x2",)))
    return cast(Tapes, SimpleNamespace(inputs=lambda _: inputs, whole=lambda _: (EVENTS, [View(QUOTES)])))


def test_changes_are_counted_along_all_decisions_within_a_competition() -> None:
    none = tapes(object())
    assert turns_of(tape([None] * 4), SPEC, none) is None
    assert turns_of(tape([None, 0, 0, 1, None, 1, 0, 0]), SPEC, none) == Turns(1.0, None), "two in two seasons"
    assert turns_of(tape([0, 1, 0, 1, 0, 1, 0, 1], "abababab", "ssssssss"), SPEC, none) == Turns(0.0, None)
    assert turns_of(tape([0, 1], seasons="ss"), SPEC, none) == Turns(1.0, None)


def test_opportunities_of_a_gate_without_a_regime_are_counted() -> None:
    gate = tapes(SimpleNamespace(lags=lambda *_: []))
    assert turns_of(tape([None] * 4), SPEC, gate) == Turns(0.0, None, 4), "a gate that never knew a regime says so"
    assert turns_of(tape([None, None, 1, 0]), SPEC, gate) == Turns(1.0, None, 2)


def test_the_lag_of_a_gate_is_that_of_its_decisions_to_the_hindsight_of_the_last_fit() -> None:
    gate: Any = make("regime_gated", test_regime_gated.SMALL)
    days = np.unique(QUOTES["decided_at"].cast(pl.Int64).to_numpy() // DAY_NS)
    told = {day: known(day_series(EVENTS, QUOTES), gate._plan(), day).state for day in days.tolist()}
    rows = pl.DataFrame({"day": list(told), "regime": list(told.values())}).drop_nulls()
    found = gate.lags(History(EVENTS, QUOTES), rows)
    last = known(day_series(EVENTS, QUOTES), gate._plan(), int(rows["day"][-1]) + 1)
    late = dict(zip(last.days.tolist(), last.hindsight().tolist(), strict=True))
    expected = lags(rows["regime"].to_numpy(), np.array([late[day] for day in rows["day"]]), rows["day"].to_list())
    assert found == expected and len(found) > 2 and max(found) > 0
    decided: Any = tape(rows["regime"].to_list(), "a" * rows.height, "s" * rows.height)
    decided.decided_at = rows["day"].to_numpy() * DAY_NS + 5
    changes = sum(a != b for a, b in itertools.pairwise(rows["regime"]))
    assert turns_of(decided, SPEC, tapes(gate)) == Turns(changes, float(np.median(expected)))
    assert gate.lags(History(EVENTS.clear(), QUOTES.clear()), rows) == []
