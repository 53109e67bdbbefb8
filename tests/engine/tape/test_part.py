"""A part of a tape against a tape of the same rows, filtered one by one."""

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
    """The rows one by one; their settlements sorted anew."""
    kept = [row for row in range(len(tape)) if first_ns <= int(tape.decided_at[row]) < end_ns]
    columns = {
        name: np.array([column[row] for row in kept], column.dtype)
        for name, column in vars(tape).items()
        if isinstance(column, np.ndarray) and name not in ("settle_order", "midnights")
    }
    ends = [(int(tape.settled_at[row]), place) for place, row in enumerate(kept) if tape.settled_at[row] != NEVER]
    order = np.array([place for _, place in sorted(ends)], np.int64)
    return dataclasses.replace(tape, **columns, settle_order=order, rows=tape.rows[kept])


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
        found, other = (run_params(one, params_matrix(many), 1) for one in (part, wanted))
        assert np.array_equal(found, other, equal_nan=True)


def test_settlements_come_whenever_they_do_and_days_stay() -> None:
    rng = np.random.default_rng(3)
    tape = random_tape(rng, 200)
    border = int(tape.midnights[len(tape.midnights) // 2])
    free = dataclasses.replace(random_configuration(rng), bankroll_minor=1e6)
    early, late = (decided_between(tape, low, high) for low, high in ((0, border), (border, 2**62)))
    assert len(early) + len(late) == len(tape) and min(len(early), len(late)) > 20
    path = replay(early, free.params(), 1)
    assert path.bets["decided_at"].cast(int).max() < border
    assert path.bets["settled_at"].drop_nulls().cast(int).max() > border
    assert path.daily["date"].to_list() == replay(tape, free.params(), 1).daily["date"].to_list()


@pytest.mark.parametrize("low", [0, 3])
def test_parts_of_other_rows_have_other_hashes(low: int) -> None:
    tape = random_tape(np.random.default_rng(4), 40)
    border = int(tape.decided_at[20])
    parts = [decided_between(tape, int(tape.decided_at[low]) if low else 0, border), decided_between(tape, 0, 2**62)]
    assert len({tape.hash, *(part.hash for part in parts)}) == 3
    assert decided_between(tape, 0, border).hash == decided_between(tape, 1, border).hash
