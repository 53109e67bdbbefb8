"""Events that never got a result: void when bookmakers stop waiting, and open while one may still come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.errors import ConfigurationError
from engine.kernel.codes import State
from engine.schema import INSTANT_DTYPE, OPPORTUNITIES, VOID_STATUSES
from engine.tape import NEVER
from engine.tape.build import build_tape
from engine.tape.unresolved import VOID_BASIS, Unresolved, is_unresolved, latest_results, with_unresolved
from tests.property.markets import FIRST, _event, frames

START = FIRST + timedelta(hours=15)
WEEK_NS = 7 * 86_400 * 10**9


def events(*days: tuple[float, str, str]) -> pl.DataFrame:
    """Events that start so many days after the first, with their competition and status."""
    rows = [
        _event(n, START + timedelta(days=day), competition, status, (1, 0))
        for n, (day, competition, status) in enumerate(days, start=1)
    ]
    return frames(rows, [])[0]


def settled(frame: pl.DataFrame, **more: Any) -> list[tuple[int, int]]:
    """Days from the start to the settlement (-1: never) and the state of a bet on each event."""
    rows = pl.DataFrame(
        [
            {"event_id": event, "market": "1x2", "line": None, "selection": "home", "bookmaker": "aaa", "side": "back",
             "decided_at": at - timedelta(hours=1), "odds": 2.0, "prob": 0.5}
            for event, at in frame.select("event_id", "starts_at").iter_rows()
        ],
        schema_overrides=dict(OPPORTUNITIES),
    )  # fmt: skip
    tape = build_tape(rows, frame, **more)
    starts = dict(frame.select("event_id", pl.col("starts_at").cast(INSTANT_DTYPE).cast(pl.Int64)).iter_rows())
    found = {
        event: (-1 if at == NEVER else (at - starts[event]) // (86_400 * 10**9), int(state))
        for event, at, state in zip(tape.rows["event_id"], tape.settled_at.tolist(), tape.state.tolist(), strict=True)
    }
    return [found[event] for event in frame["event_id"]]


def test_an_event_without_a_result_is_void_when_its_competition_goes_on() -> None:
    frame = events((0, "L", "scheduled"), (8, "L", "played"))
    assert settled(frame) == [(-1, State.UNKNOWN), (0, State.WIN)]
    assert settled(with_unresolved(frame)) == [(7, State.VOID), (0, State.WIN)]
    assert settled(with_unresolved(frame, Unresolved(after="2d")))[0] == (2, State.VOID)
    assert_frame_equal(with_unresolved(frame, Unresolved(settle="open")), frame)


def test_a_fixture_to_come_stays_open() -> None:
    frame = events((0, "L", "played"), (1, "L", "scheduled"), (200, "L", "scheduled"))
    assert_frame_equal(with_unresolved(frame), frame)


def test_another_competition_says_nothing() -> None:
    frame = events((0, "L", "scheduled"), (90, "M", "played"))
    assert_frame_equal(with_unresolved(frame), frame)


def test_the_wait_ends_exactly_with_the_latest_instant() -> None:
    frame = events((0, "L", "scheduled"))
    end = frame["starts_at"].cast(INSTANT_DTYPE).cast(pl.Int64)[0] + WEEK_NS
    for latest, unresolved in ((end - 1, False), (end, True), (end + 1, True)):
        table = frame.select("sport", "competition").with_columns(latest=pl.lit(latest).cast(INSTANT_DTYPE))
        assert is_unresolved(frame, table, Unresolved()).to_list() == [unresolved]
        assert is_unresolved(frame, table.clear(), Unresolved()).to_list() == [False]


@pytest.mark.parametrize("status", VOID_STATUSES)
def test_a_status_that_means_void_stays_and_gets_an_instant(status: str) -> None:
    frame = events((0, "L", status), (8, "L", "played"))
    waiting = frame.with_columns(settled_at=pl.when(pl.col("status") == "played").then("settled_at"))
    void = with_unresolved(waiting)
    assert void["status"].to_list() == [status, "played"] and settled(void)[0] == (7, State.VOID)
    assert_frame_equal(with_unresolved(frame), frame)


def test_terms_of_a_bookmaker_come_first() -> None:
    frame = with_unresolved(events((0, "L", "scheduled"), (8, "L", "played")))
    assert settled(frame, venues={"aaa": {"postponed": "stands"}})[0] == (-1, State.UNKNOWN)
    assert settled(frame, venues={"aaa": {"postponed": "void"}})[0] == (7, State.VOID)
    assert settled(frame, venues={"aaa": {"postponed": "first_set"}})[0] == (7, State.VOID)
    assert settled(frame, venues={"aaa": {"abandoned": "stands"}})[0] == (7, State.VOID)


def test_the_basis_says_so_and_other_rows_keep_theirs() -> None:
    frame = events((0, "L", "scheduled"), (8, "L", "played"))
    void = with_unresolved(frame)
    assert void["settled_at_basis"].to_list() == [VOID_BASIS, frame["settled_at_basis"][1]]
    assert void.columns == frame.columns and void.schema == frame.schema
    assert latest_results(frame).height == 1 and with_unresolved(frame.clear()).is_empty()


@pytest.mark.parametrize(("after", "settle"), [("2h", "void"), ("0d", "void"), ("7", "void"), ("7d", "lose")])
def test_wrong_rules_are_refused(after: str, settle: str) -> None:
    with pytest.raises(ConfigurationError, match=r"execution\.unresolved\.(after|settle)"):
        Unresolved(after, settle)
