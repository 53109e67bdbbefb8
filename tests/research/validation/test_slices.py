"""Sums over folds compared with replayed paths, and metrics compared with numpy."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from engine.backtesting.block import Daily
from engine.backtesting.run import replay, run_params
from engine.configuration import params_matrix
from research.execution.series import daily_returns
from research.validation.folds import Cuts, cut_folds, date_of
from research.validation.slices import (
    BETS,
    DAYS,
    PARTS,
    PNL,
    RETURN,
    SQUARE,
    TURNOVER,
    TrainingParts,
    fold_sums,
    metric,
)
from tests.property.tapes import random_configuration, random_tape
from tests.property.test_lanes import of_one_class, plain_tape
from tests.research.validation.test_folds import random_dates

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("case", range(6))
def test_sums_equal_those_of_replayed_paths(case: int) -> None:
    rng = np.random.default_rng((31, case))
    in_lanes = case % 2 == 0
    tape = plain_tape(rng, 220) if in_lanes else random_tape(rng, 120)
    many = of_one_class(rng, 40) if in_lanes else [random_configuration(rng) for _ in range(12)]
    folds = 4
    dates = random_dates(rng, tape, folds)
    cuts = cut_folds(tape, dates, 1)
    daily = Daily.empty(len(many), len(tape.midnights), cuts.days.ravel())
    run_params(tape, params_matrix(many), case, daily=daily)
    own = daily_returns(daily.pnl, np.array([one.bankroll_minor for one in many]))
    found = fold_sums(daily.pnl, own, daily.marks, cuts)
    assert found.shape == (len(many), folds, PARTS, 6)
    for number, one in enumerate(many):
        path = replay(tape, one.params(), case)
        start = path.daily["equity_start_minor"].to_numpy().astype(float)
        gained = path.daily["pnl_minor"].to_numpy().astype(float)
        returns = np.array([p / s if s > 0 else 0.0 for p, s in zip(gained, start, strict=True)])
        assert own[number] == pytest.approx(returns, rel=1e-6, abs=1e-12)
        local = path.bets["decided_at"].dt.convert_time_zone(tape.zone).dt.date()
        for fold in range(folds):
            for part in range(PARTS):
                low, high = (int(at) for at in cuts.days[fold, part : part + 2])
                first, end = (date_of(tape, at) for at in (low, high))
                bets = path.bets.filter((local >= first) & (local < end))
                wanted = [
                    bets.height,
                    bets["stake_minor"].sum(),
                    gained[low:high].sum(),
                    returns[low:high].sum(),
                    (returns[low:high] ** 2).sum(),
                ]
                assert found[number, fold, part, BETS:] == pytest.approx(wanted, rel=1e-6, abs=1e-6)
            begin = dates[fold] if fold else min(dates[0], date_of(tape, 0))
            end = dates[fold + 1] if fold < folds - 1 else max(dates[-1], date_of(tape, len(tape.midnights)))
            assert found[number, fold, :, DAYS].sum() == (end - begin).days
    assert np.count_nonzero(found[..., BETS]) > 20


def test_without_folds_there_are_no_sums() -> None:
    nothing = Cuts(np.empty((0, 4), np.int64))
    assert fold_sums(np.zeros((3, 5), np.float32), np.zeros((3, 5), np.float32), np.zeros((3, 0, 2)), nothing).size == 0
    assert nothing.purged == 0


def table(returns: list[float], bets: float = 10.0, turnover: float = 50.0, pnl: float = 5.0) -> np.ndarray:
    values = np.array(returns)
    sums = np.zeros((1, 6))
    sums[0, [DAYS, BETS, TURNOVER, PNL]] = len(values), bets, turnover, pnl
    sums[0, RETURN], sums[0, SQUARE] = values.sum(), (values**2).sum()
    return sums


def test_metrics_equal_those_of_the_days() -> None:
    returns = np.random.default_rng(1).normal(0.001, 0.02, 900)
    sums = table(returns.tolist())
    assert metric(sums, "sharpe")[0] == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-9)
    assert metric(sums, "growth")[0] == pytest.approx(returns.mean(), rel=1e-12)
    assert metric(sums, "yield")[0] == 0.1


def test_metrics_without_a_value_are_nan() -> None:
    for returns in ([], [0.1], [0.0] * 9, [0.01] * 300):
        assert math.isnan(metric(table(returns), "sharpe")[0]), returns
    assert math.isnan(metric(table([]), "growth")[0])
    assert math.isnan(metric(table([0.1], turnover=0.0), "yield")[0])


def test_training_parts_add_up() -> None:
    of = np.random.default_rng(2).normal(size=(5, 3, PARTS, 6))
    use = np.array([[0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], float)
    wanted = of[:, 0, 1] + of[:, 0, 3] + of[:, 2].sum(axis=1)
    assert TrainingParts(use).sums(of) == pytest.approx(wanted)


def test_returns_are_zero_after_ruin() -> None:
    found = daily_returns(np.array([[50.0, -150.0, 10.0], [-10.0, 0.0, 45.0]]), np.array([100.0, 100.0]))
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([[0.5, -1.0, 0.0], [-0.1, 0.0, 0.5]]))
    assert daily_returns(np.zeros((2, 0)), np.ones(2)).shape == (2, 0)


def test_returns_of_many_equal_those_of_each_configuration() -> None:
    rng = np.random.default_rng(3)
    pnl, bankroll = rng.normal(0, 50, (11, 40)), rng.uniform(500, 900, 11)
    whole = daily_returns(pnl, bankroll)
    assert all((daily_returns(pnl[[row]], bankroll[[row]]) == whole[row]).all() for row in range(11))
    frame = pl.DataFrame({"pnl": pnl[4]})
    start = bankroll[4] + frame["pnl"].cum_sum() - frame["pnl"]
    assert whole[4] == pytest.approx((frame["pnl"] / start).to_numpy(), rel=1e-6)
