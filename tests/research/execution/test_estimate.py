"""What a command promises of its time: what passed, what is to come, and how slow the machine is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.tape import Tape, from_frame
from research.execution.estimate import Sofar, estimate, slowness, work_s
from research.sweeps.plan import Branch, Plan

AT = datetime(2024, 1, 1, tzinfo=UTC)


def tape_of(days: int) -> Tape:
    rows = [
        {"decided_at": AT + timedelta(days=d), "settled_at": AT + timedelta(days=d, hours=2), "odds": 2.0, "prob": 0.5}
        for d in range(days)
    ]
    return from_frame(pl.DataFrame(rows).with_columns(result=pl.lit("win")))


def plan_of(count: int, tapes: int = 1) -> Plan:
    numbers = pl.int_range(count, eager=True)
    table = pl.DataFrame({"config": numbers + 1, "branch": numbers * 0, "tape": numbers * tapes // count})
    return Plan((Branch({}, {}),), table, (), 0)


def promised(sofar: Sofar, plan: Plan, *, assessed: bool = True) -> int:
    line = estimate(plan, tape_of(50), 1, sofar, assessed=assessed)
    found = re.search(r"about (\d+) s in all on 1 core,", line)
    assert found, line
    return int(found[1])


def test_what_has_passed_is_in_the_promise() -> None:
    plan = plan_of(1)
    assert promised(Sofar(45.0, 0.1, 1.0), plan) == promised(Sofar(5.0, 0.1, 1.0), plan) + 40


def test_a_slow_machine_promises_more_work_but_no_more_of_what_has_passed() -> None:
    quick, slow = (promised(Sofar(30.0, 0.1, by), plan_of(1)) - 30 for by in (1.0, 4.0))
    assert slow == pytest.approx(4 * quick, abs=2)


def test_each_further_tape_takes_a_share_of_the_first() -> None:
    one, eleven = (promised(Sofar(5.0, 6.0, 1.0), plan_of(22, tapes)) for tapes in (1, 11))
    assert eleven - one == pytest.approx(10 * 0.3 * 6.0, abs=1)


def test_tests_against_luck_take_time_with_configurations_and_days() -> None:
    few, many = tape_of(10), tape_of(400)
    assert work_s(plan_of(40), few, 1, assessed=True) > work_s(plan_of(40), few, 1, assessed=False) + 1.0
    more = [work_s(plan_of(20_000), tape, 1, assessed=True) for tape in (few, many)]
    assert more[1] - more[0] > 0.5


def test_slowness_is_positive_and_near_one_on_some_machine() -> None:
    assert 0.05 < slowness() < 200.0
