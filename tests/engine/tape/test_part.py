"""A part of a tape against a plain filter of its rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.backtesting.run import replay, run_params
from engine.configuration import params_matrix
from engine.tape import NEVER, Tape
from engine.tape.part import decided_between
from tests.property.tapes import random_configuration, random_tape


def filtered(tape: Tape, first_ns: int, end_ns: int) -> Tape:
    """The rows of the part, selected one by one, with their settlements sorted again."""
    rows = [row for row in range(len(tape)) if first_ns <= int(tape.decided_at[row]) < end_ns]
    columns = {
        name: np.array([column[row] for row in rows], column.dtype)
        for name, column in vars(tape).items()
        if isinstance(column, np.ndarray) and name not in ("settle_order", "midnights")
    }
    ends = [(int(tape.settled_at[row]), place) for place, row in enumerate(rows) if tape.settled_at[row] != NEVER]
    order = np.array([place for _, place in sorted(ends)], np.int64)
    return dataclasses.replace(tape, **columns, settle_order=order, rows=tape.rows[rows])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63 - 1))
def test_a_part_is_the_filtered_tape(draw: int) -> None:
    rng = np.random.default_rng(draw)
    tape = random_tape(rng, int(rng.integers(1, 90)))
    first, end = sorted(int(at) for at in rng.choice([*tape.decided_at, *tape.midnights], 2))
    part, wanted = decided_between(tape, first, end), filtered(tape, first, end)
    for name, column in vars(wanted).items():
        if isinstance(column, np.ndarray):
            assert np.array_equal(getattr(part, name), column, equal_nan=column.dtype == np.float64), name
    assert part.rows.equals(wanted.rows)
    many = [dataclasses.replace(random_configuration(rng), limiting_profit_minor=np.inf) for _ in range(5)]
    if len(part):
        actual, expected = (run_params(each, params_matrix(many), 1) for each in (part, wanted))
        assert np.array_equal(actual, expected, equal_nan=True)


def test_settlements_after_the_end_of_a_part_count_and_days_stay() -> None:
    rng = np.random.default_rng(3)
    tape = random_tape(rng, 200)
    boundary = int(tape.midnights[len(tape.midnights) // 2])
    free = dataclasses.replace(random_configuration(rng), bankroll_minor=1e6)
    early, late = (decided_between(tape, low, high) for low, high in ((0, boundary), (boundary, 2**62)))
    assert len(early) + len(late) == len(tape) and min(len(early), len(late)) > 20
    path = replay(early, free.params(), 1)
    assert path.bets["decided_at"].cast(int).max() < boundary
    assert path.bets["settled_at"].drop_nulls().cast(int).max() > boundary
    assert path.daily["date"].to_list() == replay(tape, free.params(), 1).daily["date"].to_list()


@pytest.mark.parametrize("low", [0, 3])
def test_parts_of_other_rows_have_other_hashes(low: int) -> None:
    tape = random_tape(np.random.default_rng(4), 40)
    boundary = int(tape.decided_at[20])
    parts = [decided_between(tape, int(tape.decided_at[low]) if low else 0, boundary), decided_between(tape, 0, 2**62)]
    assert len({tape.hash, *(part.hash for part in parts)}) == 3
    assert decided_between(tape, 0, boundary).hash == decided_between(tape, 1, boundary).hash
