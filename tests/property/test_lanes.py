"""The walk in lanes gives the bits of the walk of one configuration, whatever the other lanes contain."""

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
from engine.kernel import account as acc
from engine.kernel import cache
from engine.kernel.codes import REASONS, Reason, Staking, State
from engine.kernel.lanes import walk as lane_walk
from engine.kernel.lanes.cells import COUNT_BITS, COUNT_MAX, N_COUNTED, WIDTH
from engine.kernel.params import PARAMETERS, Params
from engine.tape import Tape
from tests.property.tapes import random_configuration, random_tape

CLASS = tuple(parameter.name for parameter in PARAMETERS if parameter.shared)
SIMPLE = {parameter.name: parameter.lanes_only for parameter in PARAMETERS if parameter.lanes_only is not None}
#: reasons that cannot occur in lanes: of groups, and of caps that lanes cannot run
ALONE = {"group"} | {f"cap_{name.removesuffix('_cap_frac')}" for name in SIMPLE}


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
    """Random configurations of one class."""
    first, *others = (dataclasses.replace(random_configuration(rng), **SIMPLE) for _ in range(count))
    shared = {name: getattr(first, name) for name in CLASS}
    is_unit = first.stake_increment_minor == 1.0
    return [first] + [
        dataclasses.replace(
            config,
            **shared,
            stake_increment_minor=1.0 if is_unit else 10.0,
            stake_min_minor=max(config.stake_min_minor, 10.0),
        )
        for config in others
    ]


def alone(tape: Tape, matrix: np.ndarray, seed: int) -> np.ndarray:
    """Results of the walk of one configuration, for each."""
    columns, work = columns_of(tape), work_for(tape)
    return np.array([walk_one(columns, work, Params(*row.tolist()), seed) for row in matrix])


def in_lanes(tape: Tape, matrix: np.ndarray, seed: int, daily: Daily | None = None) -> np.ndarray:
    """Results of the walk in lanes, for all configurations, even of small classes."""
    out = block.Outputs(np.full((len(matrix), len(COLUMNS)), np.nan), daily)
    done = sum(job() for job in block.jobs(tape, matrix, plan.classes(matrix), seed, out, lane_walk.walk_lanes))
    assert done == len(matrix)
    return out.measures


def level_alone(tape: Tape, matrix: np.ndarray, seed: int) -> Daily:
    """The series at level stakes of the walk of one configuration, for each."""
    columns, work = columns_of(tape), work_for(tape)
    daily = Daily.empty(len(matrix), len(tape.midnights), np.empty(0, np.int64))
    for number, row in enumerate(matrix):
        walk_one(columns, work, Params(*row.tolist()), seed)
        daily.level[number], daily.clv[number] = work.day_level, work.day_clv
        daily.level_turnover[number] = work.account[[acc.LEVEL_TURNOVER, acc.CLOSED_TURNOVER]]
    return daily


@pytest.mark.parametrize("rule", [rule for rule in Staking if rule is not Staking.OWN])
def test_level_stakes_have_the_same_bits_in_lanes(rule: Staking) -> None:
    settled = charged = 0
    for case in range(8):
        rng = np.random.default_rng((20_261_126, int(rule), case))
        tape = plain_tape(rng, int(rng.integers(20, 160)))
        tape = dataclasses.replace(tape, stake_weight=np.round(rng.uniform(0.2, 1.5, len(tape)), 3))
        many = [dataclasses.replace(config, staking=rule) for config in of_one_class(rng, 60)]
        matrix = params_matrix(many)
        daily = Daily.empty(len(matrix), len(tape.midnights), np.empty(0, np.int64))
        result = in_lanes(tape, matrix, case, daily)
        expected = level_alone(tape, matrix, case)
        assert_equal(result, in_lanes(tape, matrix, case))
        for name in ("level", "clv", "level_turnover"):
            assert (getattr(daily, name) == getattr(expected, name)).all(), (case, name)
        settled += np.count_nonzero(daily.level)
        charged += np.count_nonzero(result[:, COLUMNS.index("commission_minor")])
    assert settled > 200 and charged > 20


def assert_equal(actual: np.ndarray, expected: np.ndarray) -> None:
    for number, name in enumerate(COLUMNS):
        left, right = actual[:, number], expected[:, number]
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        assert same.all(), (name, np.flatnonzero(~same)[:5], left[~same][:5], right[~same][:5])


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(3))
def test_lanes_and_walk_agree_on_random_cases(batch: int) -> None:
    reasons: Counter[str] = Counter()
    warned = 0.0
    for case in range(40):
        rng = np.random.default_rng((20_261_124, batch, case))
        tape = plain_tape(rng, int(rng.integers(1, 160)))
        matrix = params_matrix(of_one_class(rng, int(rng.choice([1, 5, 40, WIDTH, WIDTH + 1, 300]))))
        expected = alone(tape, matrix, seed=case)
        assert_equal(in_lanes(tape, matrix, seed=case), expected)
        for name in REASONS:
            reasons[name] += int(expected[:, COLUMNS.index(f"reason_{name}")].sum())
        warned += expected[:, COLUMNS.index("n_streak_warnings")].sum()
    rare = {name: reasons[name] for name in REASONS if reasons[name] < 5 and name not in ALONE}
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
def test_neither_threads_nor_configurations_that_walk_alone_change_a_result(threads: int) -> None:
    rng = np.random.default_rng(5)
    tape = plain_tape(rng, 400)
    many = of_one_class(rng, 200) + [random_configuration(rng) for _ in range(30)] + of_one_class(rng, 50)
    matrix = params_matrix(many)[rng.permutation(len(many))]
    large, few = plan.split(tape, matrix)
    assert large and len(few) and sum(map(len, large)) + len(few) == len(matrix)
    finished: list[int] = []
    result = run_params(tape, matrix, seed=3, threads=threads, on_block=finished.append)
    assert sum(finished) == len(matrix)
    assert_equal(result, alone(tape, matrix, 3))


def test_daily_results_are_those_of_the_paths(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    tape = plain_tape(rng, 300)
    many = of_one_class(rng, 150) + [random_configuration(rng) for _ in range(20)]
    n_days = len(tape.midnights)
    days = np.lib.format.open_memmap(tmp_path / "days.npy", mode="w+", dtype=np.float32, shape=(len(many), n_days))
    edges = np.array([0, 0, 1, n_days // 2, n_days // 2, n_days - 1, n_days])
    daily = dataclasses.replace(Daily.empty(len(many), n_days, edges), pnl=days)
    matrix = params_matrix(many)
    result = run_params(tape, matrix, 3, daily=daily)
    assert_equal(result, run_params(tape, matrix, 3))
    days.flush()
    stored = np.load(tmp_path / "days.npy", mmap_mode="r")
    for number, config in enumerate(many):
        path = replay(tape, config.params(), 3).daily
        assert (stored[number] == path["pnl_minor"].to_numpy().astype(np.float32)).all()
        for name in ("level", "clv"):
            assert (getattr(daily, name)[number] == path[name].to_numpy().astype(np.float32)).all(), (number, name)
        totals = path.select(pl.col("level_stake", "closed_stake").sum()).row(0)
        assert totals == pytest.approx(tuple(daily.level_turnover[number]), rel=1e-12)
        for place, edge in enumerate(edges):
            before = path.head(edge).select(pl.col("n_bets", "turnover_minor").sum()).row(0)
            assert tuple(daily.marks[number, place]) == before
    assert np.count_nonzero(stored) > 1_000 and daily.marks[:, 3].sum() > 1_000
    with pytest.raises(ValueError, match="expected days"):
        run_params(tape, matrix, 3, daily=dataclasses.replace(daily, pnl=days[:2]))
    with pytest.raises(ValueError, match="expected edges"):
        run_params(tape, matrix, 3, daily=Daily.empty(len(many), n_days, np.array([2, 1])))


def test_the_other_lanes_do_not_change_a_result() -> None:
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


def test_no_row_passes_or_no_bet_settles() -> None:
    rng = np.random.default_rng(7)
    tape = plain_tape(rng, 80)
    strict = params_matrix([dataclasses.replace(c, odds_min=1_000.0, odds_max=np.inf) for c in of_one_class(rng, 40)])
    assert_equal(in_lanes(tape, strict, 1), alone(tape, strict, 1))
    never = dataclasses.replace(
        tape, settled_at=np.full(80, np.iinfo(np.int64).max), state=np.full(80, State.UNKNOWN, np.int8),
        settle_order=np.zeros(0, np.int64),
    )  # fmt: skip
    matrix = params_matrix(of_one_class(rng, 40))
    result = in_lanes(never, matrix, 1)
    assert_equal(result, alone(never, matrix, 1))
    assert result[:, COLUMNS.index("n_open")].sum() > 0


def test_packed_counts_fit_64_bits() -> None:
    assert int(Reason.PLACED) - int(Reason.BREAKER_DRAWDOWN) + 1 == N_COUNTED
    assert COUNT_BITS * N_COUNTED <= 64
    assert 1 <= COUNT_MAX < 2**COUNT_BITS


def test_blocks_have_similar_filters() -> None:
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


@pytest.mark.proof
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="counts instructions of x86-64")
def test_the_lane_loops_are_vector_instructions() -> None:
    rng = np.random.default_rng(9)
    in_lanes(plain_tape(rng, 20), params_matrix(of_one_class(rng, 4)), 1)
    (signature,) = lane_walk.walk_lanes.signatures
    options = {name: value for name, value in cache._OPTIONS.items() if name != "cache"}
    fresh = numba.njit(**options)(lane_walk.walk_lanes.py_func)  # cached code cannot be inspected
    fresh.compile(signature)
    names = re.findall(r"^\s+v?(\w+pd)\s.*[xyz]mm", fresh.inspect_asm(signature), re.MULTILINE)
    packed = Counter(name.replace("rndscale", "round") for name in names)
    least = {"addpd": 300, "subpd": 40, "mulpd": 40, "divpd": 8, "minpd": 20, "roundpd": 15}
    assert {name: packed[name] for name in least if packed[name] < least[name]} == {}
