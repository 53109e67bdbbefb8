"""The walk in lanes equals the walk of one configuration, bit for bit, whatever stands in the other lanes."""

from __future__ import annotations

import dataclasses
import platform
import re
from collections import Counter
from pathlib import Path

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.backtesting import block, plan
from engine.backtesting.block import Daily
from engine.backtesting.measures import COLUMNS
from engine.backtesting.plan import clustered
from engine.backtesting.run import columns_of, replay, run_params, walk_one, work_for
from engine.configuration import Configuration, params_matrix
from engine.kernel import cache
from engine.kernel.codes import REASONS, Reason, State
from engine.kernel.lanes import walk as lane_walk
from engine.kernel.lanes.rules import COUNT_BITS, COUNT_MAX, N_COUNTED, WIDTH
from engine.kernel.params import PARAMETERS, Params
from engine.tape import Tape
from tests.property.tapes import random_configuration, random_tape

CLASS = tuple(parameter.name for parameter in PARAMETERS if parameter.shared)
SIMPLE = {parameter.name: parameter.lanes_only for parameter in PARAMETERS if parameter.lanes_only is not None}


def plain_tape(rng: np.random.Generator, n: int) -> Tape:
    """A random tape without groups and lay bets."""
    tape = random_tape(rng, n)
    return dataclasses.replace(
        tape,
        group=np.full(n, -1),
        is_lay=np.zeros(n, np.int8),
        odds=tape.quoted,
        stake_weight=np.ones(n),
    )


def of_one_class(rng: np.random.Generator, count: int) -> list[Configuration]:
    """Random configurations that share what a class shares."""
    first, *others = (dataclasses.replace(random_configuration(rng), **SIMPLE) for _ in range(count))
    shared = {name: getattr(first, name) for name in CLASS}
    whole = first.stake_increment_minor == 1.0
    return [first] + [
        dataclasses.replace(
            one, **shared, stake_increment_minor=1.0 if whole else 10.0, stake_min_minor=max(one.stake_min_minor, 10.0)
        )
        for one in others
    ]


def alone(tape: Tape, matrix: np.ndarray, seed: int) -> np.ndarray:
    """Each configuration by the walk of one."""
    columns, work = columns_of(tape), work_for(tape)
    return np.array([walk_one(columns, work, Params(*row.tolist()), seed) for row in matrix])


def in_lanes(tape: Tape, matrix: np.ndarray, seed: int) -> np.ndarray:
    """All configurations in lanes, however few a class has."""
    out = np.full((len(matrix), len(COLUMNS)), np.nan)
    done = sum(
        job() for job in block.jobs(tape, matrix, plan.classes(matrix), seed, block.Outputs(out), lane_walk.walk_lanes)
    )
    assert done == len(matrix)
    return out


def assert_equal(found: np.ndarray, wanted: np.ndarray) -> None:
    for number, name in enumerate(COLUMNS):
        left, right = found[:, number], wanted[:, number]
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        assert same.all(), (name, np.flatnonzero(~same)[:5], left[~same][:5], right[~same][:5])


@pytest.mark.parametrize("batch", range(3))
def test_lanes_and_walk_agree_on_random_cases(batch: int) -> None:
    reasons: Counter[str] = Counter()
    warned = 0.0
    for case in range(40):
        rng = np.random.default_rng((20_261_124, batch, case))
        tape = plain_tape(rng, int(rng.integers(1, 160)))
        matrix = params_matrix(of_one_class(rng, int(rng.choice([1, 5, 40, WIDTH, WIDTH + 1, 300]))))
        wanted = alone(tape, matrix, seed=case)
        assert_equal(in_lanes(tape, matrix, seed=case), wanted)
        for name in REASONS:
            reasons[name] += int(wanted[:, COLUMNS.index(f"reason_{name}")].sum())
        warned += wanted[:, COLUMNS.index("n_streak_warnings")].sum()
    rare = {name: reasons[name] for name in REASONS if reasons[name] < 5 and name != "group"}
    assert not rare, f"the random cases do not reach {rare}"
    assert warned > 5


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63 - 1), st.integers(1, 60), st.integers(-(2**63), 2**63 - 1))
def test_lanes_and_walk_agree_on_any_seed(draw: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(draw)
    tape, matrix = (
        plain_tape(rng, n),
        params_matrix([dataclasses.replace(random_configuration(rng), **SIMPLE) for _ in range(12)]),
    )
    assert_equal(in_lanes(tape, matrix, seed), alone(tape, matrix, seed))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_and_what_walks_alone_do_not_matter(threads: int) -> None:
    rng = np.random.default_rng(5)
    tape = plain_tape(rng, 400)
    many = of_one_class(rng, 200) + [random_configuration(rng) for _ in range(30)] + of_one_class(rng, 50)
    matrix = params_matrix(many)[rng.permutation(len(many))]
    large, few = plan.split(tape, matrix)
    assert large and len(few) and sum(map(len, large)) + len(few) == len(matrix)
    told: list[int] = []
    found = run_params(tape, matrix, seed=3, threads=threads, on_block=told.append)
    assert sum(told) == len(matrix)
    assert_equal(found, alone(tape, matrix, 3))


def test_days_of_all_configurations_are_those_of_their_paths(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    tape = plain_tape(rng, 300)
    many = of_one_class(rng, 150) + [random_configuration(rng) for _ in range(20)]
    n_days = len(tape.midnights)
    days = np.lib.format.open_memmap(tmp_path / "days.npy", mode="w+", dtype=np.float32, shape=(len(many), n_days))
    edges = np.array([0, 0, 1, n_days // 2, n_days // 2, n_days - 1, n_days])
    daily = Daily(days, edges, np.zeros((len(many), len(edges), 2)))
    matrix = params_matrix(many)
    found = run_params(tape, matrix, 3, daily=daily)
    assert_equal(found, run_params(tape, matrix, 3))
    days.flush()
    kept = np.load(tmp_path / "days.npy", mmap_mode="r")
    for number, one in enumerate(many):
        path = replay(tape, one.params(), 3).daily
        assert (kept[number] == path["pnl_minor"].to_numpy().astype(np.float32)).all()
        for place, edge in enumerate(edges):
            before = path.head(edge).select(pl.col("n_bets", "turnover_minor").sum()).row(0)
            assert tuple(daily.marks[number, place]) == before
    assert np.count_nonzero(kept) > 1_000 and daily.marks[:, 3].sum() > 1_000
    with pytest.raises(ValueError, match="expected days"):
        run_params(tape, matrix, 3, daily=Daily(days[:2], edges, daily.marks[:2]))
    with pytest.raises(ValueError, match="expected edges"):
        run_params(tape, matrix, 3, daily=Daily.empty(len(many), n_days, np.array([2, 1])))


def test_what_stands_in_the_other_lanes_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    tape, matrix = plain_tape(rng, 300), params_matrix(of_one_class(rng, 150))
    together = in_lanes(tape, matrix, 1)
    for row in (0, 77, 149):
        assert_equal(in_lanes(tape, matrix[row : row + 1], 1), together[row : row + 1])
    order = rng.permutation(len(matrix))
    assert_equal(in_lanes(tape, matrix[order], 1), together[order])


def test_groups_and_lay_bets_walk_alone() -> None:
    tape = random_tape(np.random.default_rng(1), 120)
    assert tape.is_lay.any() and (tape.group >= 0).any()
    matrix = params_matrix(of_one_class(np.random.default_rng(2), 60))
    assert plan.split(tape, matrix)[0] == []
    assert_equal(run_params(tape, matrix, 1), alone(tape, matrix, 1))
    assert not plan.fits(dataclasses.replace(tape, group=np.full(120, -1)))
    assert not plan.fits(dataclasses.replace(tape, is_lay=np.zeros(120, np.int8)))


def test_nothing_passes_and_nothing_ends() -> None:
    rng = np.random.default_rng(7)
    tape = plain_tape(rng, 80)
    strict = params_matrix([dataclasses.replace(c, edge_min=5.0, edge_max=np.inf) for c in of_one_class(rng, 40)])
    assert_equal(in_lanes(tape, strict, 1), alone(tape, strict, 1))
    never = dataclasses.replace(
        tape, settled_at=np.full(80, np.iinfo(np.int64).max), state=np.full(80, State.UNKNOWN, np.int8),
        settle_order=np.zeros(0, np.int64),
    )  # fmt: skip
    matrix = params_matrix(of_one_class(rng, 40))
    found = in_lanes(never, matrix, 1)
    assert_equal(found, alone(never, matrix, 1))
    assert found[:, COLUMNS.index("n_open")].sum() > 0


def test_packed_counts_fit_64_bits() -> None:
    assert int(Reason.PLACED) - int(Reason.BREAKER_DRAWDOWN) + 1 == N_COUNTED
    assert COUNT_BITS * N_COUNTED <= 64
    assert 1 <= COUNT_MAX < 2**COUNT_BITS


def test_blocks_are_of_alike_filters() -> None:
    rng = np.random.default_rng(8)
    edges, odds = rng.normal(0, 0.1, 5000), rng.uniform(1.2, 8, 5000)
    filters = np.column_stack(
        [rng.uniform(0, 0.2, 700), np.full(700, np.inf), rng.choice([1, 2, 4], 700), rng.choice([5.0, 9], 700)]
    )
    order = clustered(edges, odds, filters, WIDTH)
    assert sorted(order) == list(range(700))
    assert (order == clustered(edges, odds, filters, WIDTH)).all()

    def visits(places: np.ndarray) -> int:
        total = 0
        for low in range(0, 700, WIDTH):
            part = filters[places[low : low + WIDTH]]
            passing = (edges >= part[:, 0].min()) & (odds >= part[:, 2].min()) & (odds <= part[:, 3].max())
            total += int(passing.sum()) * WIDTH
        return total

    assert visits(order) < 0.6 * visits(np.arange(700))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="counts instructions of x86-64")
def test_the_lane_loops_are_vector_instructions() -> None:
    rng = np.random.default_rng(9)
    in_lanes(plain_tape(rng, 20), params_matrix(of_one_class(rng, 4)), 1)
    (signature,) = lane_walk.walk_lanes.signatures
    options = {name: value for name, value in cache._OPTIONS.items() if name != "cache"}
    fresh = numba.njit(**options)(lane_walk.walk_lanes.py_func)  # code from the cache cannot be looked at
    fresh.compile(signature)
    found = re.findall(r"^\s+v?(\w+pd)\s.*[xyz]mm", fresh.inspect_asm(signature), re.MULTILINE)
    packed = Counter(name.replace("rndscale", "round") for name in found)
    least = {"addpd": 300, "subpd": 40, "mulpd": 40, "divpd": 8, "minpd": 20, "roundpd": 15}
    assert {name: packed[name] for name in least if packed[name] < least[name]} == {}
