"""Tapes from a table of bets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import engine.tape.frame
from engine.errors import TapeError
from engine.kernel.codes import State
from engine.tape import NEVER, from_frame

DECIDED = datetime(2024, 5, 1, 9)


def frame(**columns: Any) -> pl.DataFrame:
    base: dict[str, Any] = {
        "decided_at": [DECIDED, DECIDED],
        "settled_at": [DECIDED + timedelta(hours=5), None],
        "odds": [2.5, 1.8],
        "prob": [0.45, 0.5],
        "result": ["win", "unknown"],
    }
    return pl.DataFrame({**base, **columns})


def test_the_example_of_the_docstring() -> None:
    import doctest

    outcome = doctest.testmod(engine.tape.frame)
    assert outcome.attempted >= 3
    assert outcome.failed == 0


def test_by_default_each_row_is_a_separate_event() -> None:
    tape = from_frame(frame())
    assert tape.event.tolist() == [0, 1] and tape.competition.tolist() == [0, 0]
    assert tape.settled_at.tolist() == [
        int((DECIDED + timedelta(hours=5)).replace(tzinfo=UTC).timestamp()) * 10**9,
        NEVER,
    ]
    assert tape.state.tolist() == [State.WIN, State.UNKNOWN]
    assert tape.rows["bookmaker"].to_list() == ["unknown"] * 2


def test_the_unit_and_zone_of_instants_do_not_matter() -> None:
    naive = from_frame(frame())
    for unit in ("ms", "us", "ns"):
        assert (
            from_frame(frame().with_columns(pl.col("decided_at", "settled_at").cast(pl.Datetime(unit)))).hash
            == naive.hash
        )
    berlin = frame().with_columns(
        pl.col("decided_at", "settled_at").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    )
    assert from_frame(berlin).hash == naive.hash
    assert ZoneInfo("Europe/Berlin")


def test_rows_with_the_same_event_share_it() -> None:
    rows = frame(
        event=["a", "a"], selection=["home", "away"], competition="E0", date=date(2024, 5, 1), home="H", away="A"
    )
    tape = from_frame(rows)
    assert tape.event.tolist() == [0, 0] and tape.events.select("competition", "home").row(0) == ("E0", "H")
    assert from_frame(frame(event=[5, 6])).events["event_id"].to_list() == [5, 6]


def test_every_result_and_dead_heat_shares() -> None:
    results = ["win", "half_win", "void", "half_lose", "lose", "dead_heat", "unknown"]
    n = len(results)
    rows = pl.DataFrame({
        "decided_at": [DECIDED] * n, "settled_at": [DECIDED + timedelta(hours=1)] * n, "odds": 3.0, "prob": 0.4,
        "result": results, "share": [None] * 5 + [0.5, None], "priority": [float(-i) for i in range(n)],
    })  # fmt: skip
    tape = from_frame(rows)
    assert [State(int(s)).name.lower() for s in tape.state] == results
    assert tape.dead_heat_share.tolist() == [1, 1, 1, 1, 1, 0.5, 1] and tape.settled_at[-1] == NEVER
    lays = from_frame(rows.with_columns(side=pl.lit("lay")))
    assert [State(int(s)).name.lower() for s in lays.state] == [
        "lose", "half_lose", "void", "half_win", "win", "dead_heat", "unknown",
    ]  # fmt: skip


def test_optional_columns_reach_the_tape() -> None:
    tape = from_frame(frame(close_prob=[0.5, None], kelly_frac=[0.1, 0.2], size_minor=[100, 200], regime=[1, 2]))
    assert tape.close_prob[0] == 0.5 and np.isnan(tape.close_prob[1])
    assert tape.kelly_frac.tolist() == [0.1, 0.2] and tape.size_minor.tolist() == [100.0, 200.0]
    assert tape.rows["regime"].to_list() == [1, 2]


def test_rows_settled_before_their_decision_are_refused_and_counted() -> None:
    tape = from_frame(frame(settled_at=[DECIDED, None]))
    assert len(tape) == 1 and tape.refused["rows"].to_list() == [1]


def test_rows_without_a_price_stay() -> None:
    assert np.isnan(from_frame(frame(odds=[None, 2.0])).edge_frac).sum() == 1


def test_an_empty_frame_is_an_empty_tape() -> None:
    assert len(from_frame(frame().clear())) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("result"), "column result is missing"),
        (lambda f: pl.DataFrame(), "column decided_at is missing"),
        (lambda f: f.with_columns(decided_at=pl.lit("2024-01-01")), "column decided_at has the wrong type"),
        (lambda f: f.with_columns(decided_at=pl.lit(date(2024, 1, 1))), "column decided_at has the wrong type"),
        (lambda f: f.with_columns(decided_at=pl.lit(None, pl.Datetime)), "column decided_at has wrong values"),
        (lambda f: f.with_columns(decided_at=pl.lit(datetime(3000, 1, 1))), "years 1700 to 2261"),
        (lambda f: f.with_columns(result=pl.lit("won")), "column result has wrong values"),
        (lambda f: f.with_columns(result=pl.lit(None, pl.String)), "column result has wrong values"),
        (lambda f: f.with_columns(result=pl.lit("dead_heat")), "column share has wrong values"),
        (lambda f: f.with_columns(result=pl.lit(1)), "column result has the wrong type"),
        (lambda f: f.with_columns(odds=pl.lit("2.5")), "column odds has the wrong type"),
        (lambda f: f.with_columns(odds=pl.lit(0.5)), "column odds has wrong values"),
        (lambda f: f.with_columns(close_prob=pl.lit(1.5)), "column close_prob has wrong values"),
        (lambda f: f.with_columns(oddss=pl.lit(2.0)), "column oddss is not known"),
        (lambda f: f.with_columns(event=pl.lit(None, pl.String)), "column event has wrong values"),
        (lambda f: f.with_columns(event=pl.lit("a")), "duplicate opportunities"),
        (lambda f: f.with_columns(date=pl.lit("2024")), "column date has the wrong type"),
        (lambda f: f.with_columns(side=pl.lit("buy")), "column side has wrong values"),
    ],
)
def test_a_wrong_frame_is_refused_in_one_line(change: Any, words: str) -> None:
    with pytest.raises(TapeError, match=words) as caught:
        from_frame(change(frame()))
    assert "\n" not in str(caught.value)


def test_an_integer_beyond_int64_is_refused_in_one_line() -> None:
    with pytest.raises(TapeError, match="column event has wrong values") as caught:
        from_frame(frame(event=pl.Series([1, 2**63], dtype=pl.UInt64)))
    assert str(2**63) in str(caught.value)
