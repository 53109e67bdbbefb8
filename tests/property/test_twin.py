"""The kernel equals the interpreted twin, bit for bit."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.backtesting.measures import COLUMNS
from engine.backtesting.run import columns_of, replay, walk_one, work_for
from engine.configuration import Configuration
from engine.kernel import account as acc
from engine.kernel.codes import REASONS, State
from engine.kernel.params import Params
from engine.tape import Tape
from engine.twin import Twin
from tests.property.tapes import random_configuration, random_tape, with_offers

BATCHES, CASES = 4, 1_000


def same_bits(left: float, right: float) -> bool:
    return np.float64(left).tobytes() == np.float64(right).tobytes() or (left == 0.0 and right == 0.0)


def compare(tape: Tape, config: Configuration, seed: int) -> tuple[Counter[str], Counter[int]]:
    """Compare kernel and twin on one case; returns how often each reason and each state of a bet occurred."""
    work = work_for(tape)
    actual = walk_one(columns_of(tape), work, config.params(), seed)
    twin = Twin(tape, config, seed).walk()
    expected = twin.measures()
    for name, value in zip(COLUMNS, actual, strict=True):
        both_missing = np.isnan(value) and np.isnan(expected[name])
        assert both_missing or same_bits(value, expected[name]), (name, value, expected[name])
    for row in range(len(tape)):
        assert work.reason[row] == twin.reasons[row], (row, REASONS[work.reason[row]], twin.reasons[row])
    for row, bet in twin.bets.items():
        assert same_bits(work.stake[row], bet.stake)
        assert same_bits(work.backer[row], bet.backer)
        assert same_bits(work.equity[row], bet.equity)
        if tape.state[row] != State.UNKNOWN:
            assert same_bits(work.pnl[row], bet.pnl)
    assert work.day_equity.tolist() == twin.day_equity
    assert work.day_level.tolist() == twin.day_level
    assert work.day_clv.tolist() == twin.day_clv
    totals = work.account[[acc.LEVEL_TURNOVER, acc.CLOSED_TURNOVER]].tolist()
    assert totals == [twin.level_turnover, twin.closed_turnover]
    assert twin.cash >= 0
    assert all(float(bet.stake).is_integer() and float(bet.pnl).is_integer() for bet in twin.bets.values())
    return Counter(REASONS[r] for r in work.reason), Counter(key for r in twin.bets for key in endings(tape, r))


def endings(tape: Tape, row: int) -> list[int]:
    """State of a bet, plus 10 for a lay; 20 more if it is each-way; 40, 60 or 80 more by rule for removed runners."""
    state = int(tape.state[row]) + 10 * int(tape.is_lay[row])
    keys = [state]
    if tape.each_way_frac[row] > 0:
        keys.append(20 + state)
    if tape.reduction_frac[row] > 0:
        keys.append(40 + 20 * int(tape.reduction_rule[row]) + state)
    return keys


@pytest.mark.slow
@pytest.mark.parametrize("batch", [0, 1, *(pytest.param(n, marks=pytest.mark.proof) for n in range(2, BATCHES))])
def test_kernel_and_twin_agree_on_random_cases(batch: int) -> None:
    reasons: Counter[str] = Counter()
    states: Counter[int] = Counter()
    for case in range(CASES):
        rng = np.random.default_rng((20_240_329, batch, case))
        tape = random_tape(rng, int(rng.integers(1, 80)))
        tape = with_offers(rng, tape) if case % 2 else tape
        seen, bet = compare(tape, random_configuration(rng), seed=case)
        reasons += seen
        states += bet
    rare = {name: reasons[name] for name in REASONS if reasons[name] < 5}
    assert not rare, f"the random cases do not reach {rare}"
    rare_states = {k: states[k] for k in [*range(9), *range(10, 17), 18] if states[k] < 5}
    each_way = [20 + int(state) for state in (State.LOSE, State.WIN, State.DEAD_HEAT, State.PLACE)]
    reduced = [low + int(end) for low in (40, 50, 60, 70, 80, 90) for end in (State.WIN, State.DEAD_HEAT, State.CASHED)]
    rare_states |= {k: states[k] for k in (*each_way, *reduced) if states[k] < 5}
    assert not rare_states, f"the random cases do not settle {rare_states}"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63 - 1), st.integers(0, 40), st.integers(-(2**63), 2**63 - 1))
def test_kernel_and_twin_agree_on_any_seed(draw: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(draw)
    compare(random_tape(rng, max(n, 1)), random_configuration(rng), seed)


def test_the_path_adds_up() -> None:
    for case in range(40):
        rng = np.random.default_rng((7, case))
        tape = random_tape(rng, 60)
        config = random_configuration(rng)
        params: Params = config.params()
        path = replay(tape, params, seed=case)
        row = dict(zip(COLUMNS, walk_one(columns_of(tape), work_for(tape), params, case), strict=True))
        assert path.daily["pnl_minor"].sum() == row["pnl_minor"]
        assert path.daily["turnover_minor"].sum() == row["turnover_minor"] == path.bets["stake_minor"].sum()
        assert path.bets["pnl_minor"].sum() - row["commission_minor"] == row["pnl_minor"]
        assert path.reasons["count"].sum() == len(tape)
        if row["clv_n"]:
            assert path.bets["clv"].mean() == pytest.approx(row["clv_mean"], abs=1e-12)
