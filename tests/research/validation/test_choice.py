"""Training parts, selection of configurations, and the paths of cross-validation."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest

from engine.errors import ConfigurationError
from research.config.keys import KEYS
from research.execution.series import daily_returns
from research.validation.choice import NO_CONFIGURATION, cross_validate, select_best, select_on_all_days, walk_forward
from research.validation.folds import Cuts
from research.validation.rules import MOST_SPLITS, Rules, rules_of
from research.validation.slices import BETS, DAYS, PARTS, RETURN, SQUARE, fold_sums, metric
from research.validation.splits import backtest_paths, splits_of, training_of, training_parts

ANY = -math.inf


def near(folds: int) -> np.ndarray:
    """Only neighbours touch."""
    return np.abs(np.subtract.outer(np.arange(folds), np.arange(folds))) == 1


def simulated(rng: np.random.Generator, many: int, days: int, folds: int) -> tuple[np.ndarray, np.ndarray, Cuts]:
    """P&L and bets by day, and cuts with two purged days before and one after each boundary."""
    pnl = rng.normal(0.0, 20.0, (many, days)).astype(np.float32)
    bets = rng.integers(0, 5, (many, days))
    starts = np.linspace(0, days, folds + 1).round().astype(int)
    table = [
        [low, min(low + (fold > 0), high), high - 2 * (fold < folds - 1), high - 2 * (fold < folds - 1), high]
        for fold, (low, high) in enumerate(pairwise(starts))
    ]
    return pnl, bets, Cuts(np.array(table), near(folds))


def sums_of(pnl: np.ndarray, bets: np.ndarray, cuts: Cuts, bankroll: float = 10_000.0) -> np.ndarray:
    edges = cuts.days.ravel()
    before = np.concatenate([np.zeros((len(bets), 1)), np.cumsum(bets, axis=1)], axis=1)[:, edges]
    returns = daily_returns(pnl, np.full(len(pnl), bankroll))
    return fold_sums(pnl, returns, np.stack([before, 100.0 * before], axis=2), cuts)


def test_splits_and_paths_have_the_right_numbers() -> None:
    for folds, tested, n_splits, paths in ((6, 2, 15, 5), (10, 8, 45, 36)):
        own = Rules(name="cpcv", folds=folds, test_folds=tested)
        splits = splits_of(own)
        assert len(splits) == n_splits == len(set(splits))
        assert all(len(set(one)) == tested for one in splits)
        table = backtest_paths(splits, folds)
        assert table.shape == (paths, folds)
        for path in table:  # every fold once, by a split that tests it
            assert all(fold in splits[split] for fold, split in enumerate(path))
        used = [(int(table[p, f]), f) for p in range(paths) for f in range(folds)]
        assert len(used) == len(set(used)) == n_splits * tested
    assert splits_of(Rules(name="purged_kfold", folds=4)) == [(0,), (1,), (2,), (3,)]
    assert splits_of(Rules(folds=4)) == [(1,), (2,), (3,)]


def test_training_parts_exclude_what_tested_folds_reach() -> None:
    assert training_parts((1, 2), range(5), near(5)).use.tolist() == [
        [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1],
    ]  # fmt: skip
    far = near(5)
    far[0, 3] = far[4, 1] = True
    assert training_parts((0,), range(5), far).use.tolist() == [
        [0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1],
    ]  # fmt: skip
    assert training_parts((4,), range(5), far).use[1].tolist() == [1, 1, 0, 0]
    window = training_of((3,), Rules(folds=5, train_folds=2), near(5)).use
    assert window.sum(axis=1).tolist() == [0, 4, 2, 0, 0]
    assert training_of((3,), Rules(folds=5), near(5)).use.sum(axis=1).tolist() == [4, 4, 2, 0, 0]


def test_the_best_qualified_configuration_is_selected() -> None:
    sums = np.zeros((4, 6))
    sums[:, DAYS], sums[:, BETS] = 10, [100, 99, 100, 100]
    sums[:, RETURN] = [0.1, 0.9, 0.3, 0.3]
    assert select_best(sums, Rules(metric="growth")).row == 2  # the first of two equal ones; the best has too few bets
    assert select_best(sums, Rules(metric="growth")).in_sample == pytest.approx(0.03)
    assert select_best(sums, Rules(metric="growth", bets_min=99)).row == 1
    assert select_best(sums, Rules(metric="growth", metric_min=0.03)).row == NO_CONFIGURATION
    nothing = select_best(sums, Rules(metric="growth", bets_min=101))
    assert nothing.row == NO_CONFIGURATION and math.isnan(nothing.in_sample)
    assert (
        select_best(sums, Rules(metric="yield", metric_min=ANY)).row == NO_CONFIGURATION
    )  # nothing was staked: no value
    losing = sums.copy()
    losing[:, RETURN] = -1.0
    assert select_best(losing, Rules(metric="growth")).row == NO_CONFIGURATION
    assert select_best(losing, Rules(metric="growth", metric_min=ANY)).row == 0


@pytest.mark.parametrize("name", ["sharpe", "growth", "yield"])
def test_choices_equal_those_of_a_plain_loop(name: str) -> None:
    pnl, bets, cuts = simulated(np.random.default_rng(7), 30, 240, 6)
    of = sums_of(pnl, bets, cuts)
    own = Rules(folds=6, metric=name, metric_min=ANY, bets_min=60, train_folds=3)
    found = walk_forward(of, own, cuts.touching)
    equity = 10_000.0 + np.cumsum(pnl.astype(float), axis=1) - pnl
    returns = pnl / equity
    for fold, choice in enumerate(found, start=1):
        days = [
            day
            for other in range(max(0, fold - 3), fold)
            for day in range(cuts.days[other, 0], cuts.days[other, 2 if other == fold - 1 else 4])
        ]
        values = []
        for row in range(30):
            own_bets, training_returns = bets[row, days].sum(), returns[row, days]
            value = {
                "sharpe": training_returns.mean() / training_returns.std(ddof=1),
                "growth": training_returns.mean(),
                "yield": pnl[row, days].sum() / (100.0 * own_bets),
            }[name]
            values.append(value if own_bets >= 60 else -np.inf)
        assert choice.row == int(np.argmax(values))
        assert choice.in_sample == pytest.approx(max(values), rel=1e-5)
    whole = select_on_all_days(of, own)
    every = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    if name == "sharpe":
        assert whole.row == int(np.argmax(every))


def test_data_after_a_boundary_change_no_choice() -> None:
    own, changed = Rules(folds=5, metric_min=ANY, bets_min=1), 0
    for case in range(40):
        rng = np.random.default_rng((8, case))
        pnl, bets, cuts = simulated(rng, 12, 150, 5)
        found = walk_forward(sums_of(pnl, bets, cuts), own, cuts.touching)
        for fold in range(1, 5):
            begin = cuts.days[fold - 1, 2]  # including the purged days before the boundary
            other, placed = pnl.copy(), bets.copy()
            other[:, begin:] = rng.normal(0.0, 200.0, other[:, begin:].shape)
            placed[:, begin:] = rng.integers(0, 50, placed[:, begin:].shape)
            again = walk_forward(sums_of(other, placed, cuts), own, cuts.touching)
            assert again[:fold] == found[:fold]
            changed += again[fold:] != found[fold:]
    assert changed > 80  # it does change choices that may use it


def test_paths_of_cross_validation_equal_a_plain_loop() -> None:
    pnl, bets, cuts = simulated(np.random.default_rng(9), 20, 180, 6)
    of, own = sums_of(pnl, bets, cuts), Rules(name="cpcv", folds=6, bets_min=30, metric_min=0.17)
    choices, paths = cross_validate(of, own, cuts.touching)
    assert len(choices) == 15 and len(paths) == 5
    assert any(one.row == NO_CONFIGURATION for one in choices) and any(one.row != NO_CONFIGURATION for one in choices)
    equity = 10_000.0 + np.cumsum(pnl.astype(float), axis=1) - pnl
    returns, splits = pnl / equity, list(combinations(range(6), 2))
    taken = {fold: [n for n, tested in enumerate(splits) if fold in tested] for fold in range(6)}
    for number, path in enumerate(paths):
        series, count = [], 0
        for fold in range(6):
            low, high = int(cuts.days[fold, 0]), int(cuts.days[fold, 4])
            row = choices[taken[fold][number]].row
            series.append(np.zeros(high - low) if row == NO_CONFIGURATION else returns[row, low:high])
            count += 0 if row == NO_CONFIGURATION else int(bets[row, low:high].sum())
        days = np.concatenate(series)
        assert len(days) == 180 and path.bets == count
        assert path.metric == pytest.approx(days.mean() / days.std(ddof=1), rel=1e-4)
    (split,) = [n for n, tested in enumerate(splits) if tested == (2, 5)]
    seen = [
        *range(cuts.days[0, 0], cuts.days[0, 4]),
        *range(cuts.days[1, 0], cuts.days[1, 2]),
        *range(cuts.days[3, 1], cuts.days[3, 4]),
        *range(cuts.days[4, 0], cuts.days[4, 2]),
    ]
    inside = returns[:, seen].mean(axis=1) / returns[:, seen].std(axis=1, ddof=1)
    wanted = int(np.argmax(inside)) if inside.max() > 0.17 else NO_CONFIGURATION
    assert choices[split].row == wanted


def test_paths_without_a_selected_configuration_have_no_bets() -> None:
    pnl, bets, cuts = simulated(np.random.default_rng(10), 4, 60, 4)
    own = Rules(name="purged_kfold", folds=4, bets_min=10**6)
    choices, paths = cross_validate(sums_of(pnl, bets, cuts), own, cuts.touching)
    assert [one.row for one in choices] == [NO_CONFIGURATION] * 4
    assert [one.bets for one in paths] == [0] and math.isnan(paths[0].metric)


def test_walk_forward_is_the_same_with_every_kind_of_validation() -> None:
    """The stitched path is always walk-forward."""
    pnl, bets, cuts = simulated(np.random.default_rng(11), 6, 90, 3)
    of = sums_of(pnl, bets, cuts)
    own = [Rules(name=name, folds=3, bets_min=1, metric_min=ANY) for name in ("walk_forward", "purged_kfold", "cpcv")]
    assert len({tuple(walk_forward(of, one, cuts.touching)) for one in own}) == 1


FLAT = {
    "validation.name": "cpcv", "validation.folds": 6, "validation.folds_by": "time", "validation.train_folds": None,
    "validation.test_folds": 2, "validation.embargo": "36h", "validation.metric": "sharpe",
    "validation.metric_min": None, "validation.bets_min": 100, "validation.refit": "fold",
}  # fmt: skip


def test_rules_of_a_configuration() -> None:
    assert set(FLAT) == {key for key in KEYS if key.startswith("validation.")}
    found = rules_of(FLAT | {"seed": 1})
    assert found == Rules(name="cpcv", embargo_days=2, metric_min=-math.inf) and found.enabled
    assert rules_of(FLAT | {"validation.embargo": "1d"}).embargo_days == 1
    assert not rules_of(FLAT | {"validation.name": "none"}).enabled
    assert rules_of(FLAT | {"validation.name": "walk_forward", "validation.test_folds": 99}).folds == 6


@pytest.mark.parametrize(
    ("key", "value"),
    [("folds", 1), ("folds", 367), ("train_folds", 6), ("train_folds", 0), ("test_folds", 6), ("bets_min", 0)],
)
def test_rules_out_of_range_are_refused(key: str, value: int) -> None:
    with pytest.raises(ConfigurationError, match=f"validation.{key}"):
        rules_of(FLAT | {f"validation.{key}": value})


def test_too_many_splits_are_refused() -> None:
    assert math.comb(20, 10) > MOST_SPLITS
    with pytest.raises(ConfigurationError, match="184,756 splits"):
        rules_of(FLAT | {"validation.folds": 20, "validation.test_folds": 10})


def test_a_path_with_idle_folds_is_as_long_as_the_others() -> None:
    of = np.zeros((1, 2, PARTS, 6))
    of[0, :, 1, DAYS] = 10
    of[0, 0, 1, [BETS, RETURN, SQUARE]] = 500, 0.1, 0.011
    own = Rules(name="purged_kfold", folds=2)
    choices, paths = cross_validate(of, own, near(2))
    assert [one.row for one in choices] == [
        NO_CONFIGURATION,
        0,
    ]  # the first fold trains while the second is tested
    assert paths[0].bets == 0 and math.isnan(paths[0].metric)
    days = np.concatenate([np.zeros(10), np.full(10, 0.01)])
    wide = np.zeros(6)
    wide[[DAYS, RETURN, SQUARE]] = 20, days.sum(), (days**2).sum()
    assert metric(wide, "sharpe") == pytest.approx(days.mean() / days.std(ddof=1))
