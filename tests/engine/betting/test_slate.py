"""Joint stakes against closed forms, against all joint outcomes one by one, and against nearby stakes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from engine.betting.kelly import kelly_market, kelly_single, kelly_states
from engine.betting.slate import Gamble, exclusive, growth_of_slate, kelly_slate
from engine.errors import DataError

Floats = NDArray[np.float64]


def counted(gambles: Sequence[Gamble], stakes: Sequence[Floats]) -> float:
    """Expected log wealth as a sum over all joint outcomes."""
    total = 0.0
    for outcome in product(*(range(len(gamble.prob)) for gamble in gambles)):
        prob = np.prod([gamble.prob[k] for gamble, k in zip(gambles, outcome, strict=True)])
        nets = [((g.payout[k] - 1.0) * s).sum() for g, k, s in zip(gambles, outcome, stakes, strict=True)]
        total += float(prob * np.log(1.0 + sum(nets))) if prob else 0.0
    return total


def slate(seed: int, events: int, low: float = 0.9, high: float = 1.1) -> list[Gamble]:
    """Three-way markets priced between `low` and `high` of their fair odds."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet([5.0, 5.0, 5.0], events)
    return [exclusive(np.maximum(1.0 / prob * rng.uniform(low, high, 3), 1.01), prob) for prob in probs]


@given(st.floats(0.5, 0.95))
def test_two_even_bets_have_the_stake_of_the_closed_form(prob: float) -> None:
    """`p^2 log(1 + 2x) + q^2 log(1 - 2x)` is largest at `(p - q) / (2 (p^2 + q^2))`."""
    found = kelly_slate([exclusive([2.0], [prob])] * 2)
    want = (2.0 * prob - 1.0) / (2.0 * (prob**2 + (1.0 - prob) ** 2))
    assert_allclose(np.concatenate(found), [want, want], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.floats(0.7, 1.0))
def test_one_event_has_the_exact_stakes_of_its_market(seed: int, selections: int, covered: float) -> None:
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(selections, 4.0)) * covered
    odds = np.maximum(1.0 / prob * rng.uniform(0.85, 1.1, selections), 1.01)
    if abs((1.0 / odds).sum() - 1.0) < 1e-3:
        return  # close to a book that costs nothing, several sets of stakes are equally good
    assert_allclose(kelly_slate([exclusive(odds, prob)])[0], kelly_market(odds, prob), atol=1e-8)


def test_five_states_alone_have_the_stake_of_kelly_states() -> None:
    prob = np.array([0.42, 0.08, 0.05, 0.1, 0.35])
    payout = np.array([[2.3], [1.65], [1.0], [0.5], [0.0]])
    assert_allclose(kelly_slate([Gamble(prob, payout)])[0], kelly_states(2.3, prob[:4]), atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_growth_is_that_of_all_joint_outcomes(seed: int) -> None:
    gambles = slate(seed, 4)
    stakes = [np.random.default_rng(seed + 50).uniform(0.0, 0.08, 3) for _ in gambles]
    assert growth_of_slate(gambles, stakes) == pytest.approx(counted(gambles, stakes), abs=1e-14)


@pytest.mark.parametrize("seed", range(8))
def test_no_stakes_nearby_grow_faster(seed: int) -> None:
    gambles = slate(seed, 3)
    best = kelly_slate(gambles)
    top, rng = counted(gambles, best), np.random.default_rng(seed)
    assert sum(stake.sum() for stake in best) <= 1.0 + 1e-9 and min(stake.min() for stake in best) >= 0.0
    for _ in range(150):
        size = 10.0 ** rng.uniform(-5, -1)
        near = [np.maximum(stake + rng.normal(0.0, size, 3) * rng.integers(0, 2, 3), 0.0) for stake in best]
        if sum(stake.sum() for stake in near) < 1.0:
            assert counted(gambles, near) <= top + 1e-14


def test_the_first_order_conditions_hold_on_a_saturday_of_forty_matches() -> None:
    """The slope in each stake, by central differences of the growth: 0 where there is one, not above 0 elsewhere."""
    gambles = [g for g in slate(3, 60, 0.9, 1.04) if (1.0 / np.diag(g.payout)).sum() > 1.0][:40]
    best = kelly_slate(gambles)
    singles = sum(float(kelly_market(np.diag(g.payout), g.prob[:3]).sum()) for g in gambles)
    assert 0.0 < sum(stake.sum() for stake in best) < singles
    step = 2e-6
    for event in range(0, 40, 4):
        for bet in range(3):
            moved = []
            for sign in (1.0, -1.0):
                other = [stake.copy() for stake in best]
                other[event][bet] += sign * step
                moved.append(growth_of_slate(gambles, other))
            slope = (moved[0] - moved[1]) / (2.0 * step)
            assert slope < 2e-8 and (slope > -2e-8 or best[event][bet] == 0.0)


def singles(seed: int, bets: int, edge: float) -> list[Gamble]:
    """Single bets with edges of up to twice `edge`."""
    rng = np.random.default_rng(seed)
    prob, gain = rng.uniform(0.35, 0.8, bets), rng.uniform(0.0, 2.0 * edge, bets)
    return [exclusive([(1.0 + e) / p], [p]) for p, e in zip(prob, gain, strict=True)]


@pytest.mark.parametrize(("seed", "bets", "edge"), [(0, 40, 0.02), (1, 40, 0.03), (1, 60, 0.02), (2, 80, 0.03)])
def test_a_slate_that_wants_more_than_the_bankroll_is_staked_to_its_optimum(seed: int, bets: int, edge: float) -> None:
    """Single Kelly stakes sum to 1.2 and more. The slopes, by differences, are equal where there is a stake."""
    gambles = singles(seed, bets, edge)
    best = kelly_slate(gambles)
    total, top = sum(float(stake[0]) for stake in best), growth_of_slate(gambles, best)
    alone = [float(kelly_single(g.payout[0, 0], g.prob[0])) for g in gambles]
    assert sum(alone) > 1.2 and 1.0 - 1e-8 < total <= 1.0
    scaled = [np.array([stake / sum(alone) * total]) for stake in alone]
    assert top > growth_of_slate(gambles, scaled) + 1e-4  # what a cap on single stakes would leave
    held, step = [number for number, stake in enumerate(best) if stake[0] > 0.0], 1e-5
    low = max(held, key=lambda number: float(best[number][0]))

    def moved(to: int, size: float) -> float:
        """Growth with a little of the largest stake moved to another bet; the sum stays what it is."""
        other = [stake.copy() for stake in best]
        other[to][0] += size
        other[low][0] -= size
        return growth_of_slate(gambles, other)

    assert 10 < len(held) < bets
    slopes = [(moved(to, step) - moved(to, -step)) / (2.0 * step) for to in held if to != low and best[to][0] > step]
    assert_allclose(slopes, 0.0, atol=1e-7)
    assert all(moved(to, step) < top + 1e-9 for to in range(bets) if to not in held)


def test_more_bets_on_offer_never_grow_slower() -> None:
    """Twenty good bets want the whole bankroll; twenty poor ones beside them take nothing away."""
    good, poor = [exclusive([1.3], [0.95])] * 20, [exclusive([3.0], [0.335])] * 20
    for gambles, more in ((good, poor), (singles(3, 30, 0.03), singles(4, 20, 0.02))):
        few, many = kelly_slate(gambles), kelly_slate([*gambles, *more])
        assert growth_of_slate([*gambles, *more], many) > growth_of_slate(gambles, few) - 1e-8
    stakes = np.concatenate(kelly_slate([*good, *poor]))
    assert_allclose(stakes[:20], 0.05, atol=1e-9)
    assert (stakes[20:] == 0.0).all()


def test_there_are_no_stakes_of_dust() -> None:
    """Two sure profits tie; what they leave to others is nothing, not 1e-31."""
    stakes = np.concatenate(kelly_slate([*[exclusive([2.2, 2.2], [0.5, 0.5])] * 2, *[exclusive([3.0], [0.35])] * 20]))
    assert (stakes[4:] == 0.0).all() and stakes[:4].sum() == pytest.approx(1.0, abs=1e-9)


def test_a_sure_profit_takes_the_whole_bankroll_and_no_more() -> None:
    sure, good = exclusive([2.2, 2.2], [0.5, 0.5]), exclusive([2.5], [0.5])
    stakes = kelly_slate([sure, good])
    assert sum(stake.sum() for stake in stakes) == pytest.approx(1.0, abs=1e-9)
    assert counted([sure, good], stakes) > np.log(1.1)  # of the sure profit alone
    assert_allclose(kelly_slate([sure])[0], [0.5, 0.5], atol=1e-9)


@pytest.mark.parametrize(("seed", "events"), [(47, 25), (3, 8)])
def test_a_slate_of_sure_profits_leaves_no_part_of_the_bankroll(seed: int, events: int) -> None:
    """Books that cost less than they return want all of it: the same proportions grow no faster with more in total."""
    rng = np.random.default_rng(seed)
    gambles = []
    for _ in range(events):
        prob, share = rng.dirichlet(np.ones(3)), rng.dirichlet(np.full(3, 5.0))
        gambles.append(exclusive(np.maximum(1.0 / share * rng.uniform(0.95, 1.1, 3), 1.0001), prob))
    stakes = kelly_slate(gambles)
    total = sum(float(stake.sum()) for stake in stakes)
    assert 1.0 - 2e-10 < total <= 1.0 and any((stake == 0.0).any() for stake in stakes)
    whole = [stake * ((1.0 - 1e-10) / total) for stake in stakes]
    assert growth_of_slate(gambles, whole) - growth_of_slate(gambles, stakes) < 1e-9


def test_without_an_edge_there_is_no_stake() -> None:
    assert all((stake == 0.0).all() for stake in kelly_slate(slate(1, 10, 0.8, 0.99)))
    assert kelly_slate([]) == []


def test_an_event_with_a_missing_number_is_no_part_of_the_slate() -> None:
    good, unknown = exclusive([2.1], [0.55]), Gamble(np.array([np.nan, 0.5]), np.array([[2.0], [0.0]]))
    stakes = kelly_slate([unknown, good])
    assert np.isnan(stakes[0]).all() and float(stakes[1][0]) == pytest.approx(float(kelly_single(2.1, 0.55)))


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        kelly_slate([Gamble(np.array([0.5, 0.6]), np.array([[2.0], [0.0]]))])
    with pytest.raises(ValueError, match="not below 0"):
        kelly_slate([Gamble(np.array([0.5, 0.5]), np.array([[2.0], [-1.0]]))])


@pytest.mark.parametrize("where", ["prob", "payout", "stake"])
def test_the_growth_with_a_missing_number_is_missing(where: str) -> None:
    prob, payout, stake = np.array([0.5, 0.5]), np.array([[2.2], [0.0]]), np.array([0.1])
    {"prob": prob, "payout": payout, "stake": stake}[where].flat[0] = np.nan
    assert np.isnan(growth_of_slate([exclusive([2.1], [0.5]), Gamble(prob, payout)], [[0.1], stake]))


def test_a_solver_that_is_stopped_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.betting.slate._ITERATIONS", 10)
    with pytest.raises(DataError, match="no joint stakes for a slate of 2 events: expected a growth within 1e-11"):
        kelly_slate([exclusive([2.1], [0.5])] * 2)


def test_ruin_is_minus_infinity_and_the_same_slate_has_the_same_bits() -> None:
    gambles = slate(2, 6)
    assert growth_of_slate([exclusive([2.0], [0.5])], [[1.0]]) == -np.inf
    for first, second in zip(kelly_slate(gambles), kelly_slate(gambles), strict=True):
        assert_array_equal(first, second)


def test_stakes_that_do_not_fit_their_slate_are_refused_and_an_empty_slate_grows_by_nothing() -> None:
    assert growth_of_slate([], []) == 0.0
    one = exclusive([2.0, 3.0], [0.5, 0.3])
    for stakes in ([], [[0.1]], [[0.1, 0.0], [0.1]]):
        with pytest.raises(ValueError, match="one stake for each bet of each event"):
            growth_of_slate([one], stakes)
