"""p-values at fair closing odds: enumeration, binomial distribution, exact compared with simulated, test size."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.errors import DataError
from research.inference.bootstrap import generator
from research.inference.fair import fair_odds_test
from research.inference.payoffs import pnl_distribution

COLUMNS = {
    "event_id": pl.Int64, "market": pl.String, "line": pl.Float64, "selection": pl.String, "side": pl.String,
    "odds_placed": pl.Float64, "stake_minor": pl.Int64, "backer_stake_minor": pl.Int64, "pnl_minor": pl.Int64,
    "state": pl.String, "close_prob": pl.Float64,
}  # fmt: skip


def bet(event: int, selection: str, odds: float, close: float | None, **changes: Any) -> dict[str, Any]:
    """A back bet of 100.00 on 1x2 that lost, unless changed."""
    row = {"event_id": event, "market": "1x2", "line": None, "selection": selection, "side": "back"}
    row |= {"odds_placed": odds, "stake_minor": 10_000, "backer_stake_minor": None, "pnl_minor": None, "state": "lose"}
    row |= {"close_prob": close} | changes
    if row["pnl_minor"] is None:
        won = round(row["stake_minor"] * (odds - 1)) if row["side"] == "back" else row["backer_stake_minor"]
        row["pnl_minor"] = {"win": won, "lose": -row["stake_minor"], "void": 0}.get(row["state"], 0)
    return row


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=COLUMNS)


MIXED = frame(
    bet(1, "home", 2.1, 0.5),
    bet(1, "draw", 3.6, 0.28, stake_minor=2_500),
    bet(1, "over", 1.9, 0.55, market="totals", line=2.5),
    bet(1, "over", 1.95, 0.55, market="totals", line=2.5),  # at another bookmaker
    bet(2, "away", 4.0, 0.2),
    bet(2, "home", 1.9, 0.5, side="lay", stake_minor=9_000, backer_stake_minor=10_000),
    bet(3, "over", 2.2, 0.45, market="totals", line=2.5, state="win"),
    bet(3, "under", 1.5, 0.7, market="totals", line=3.5),
    bet(4, "home", 3.0, 0.3),
    bet(4, "draw", 3.1, 0.3),
    bet(4, "away", 2.5, 0.4, state="win"),
)


def pays(row: dict[str, Any], happened: str | None) -> int:
    won = (row["selection"] == happened) != (row["side"] == "lay")
    if not won:
        return -row["stake_minor"]
    return row["backer_stake_minor"] if row["side"] == "lay" else round(row["stake_minor"] * (row["odds_placed"] - 1))


def market_distribution(rows: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """P&L of one market of an event with its probability, worst first."""
    chances = {row["selection"]: row["close_prob"] if row["side"] == "back" else 1 - row["close_prob"] for row in rows}
    outcomes: dict[str | None, float] = dict(chances)
    if sum(chances.values()) < 1 - 1e-9:
        outcomes[None] = 1 - sum(chances.values())
    return sorted((sum(pays(row, happened) for row in rows), chance) for happened, chance in outcomes.items())


def by_hand(bets: pl.DataFrame, independent: bool) -> dict[int, float]:
    """Distribution of the P&L by enumeration of all results of all events."""
    events: dict[int, dict[tuple[str, float | None], list[dict[str, Any]]]] = {}
    for row in bets.to_dicts():
        events.setdefault(row["event_id"], {}).setdefault((row["market"], row["line"]), []).append(row)
    units = []
    for markets in events.values():
        distributions = [market_distribution(rows) for rows in markets.values()]
        units += [[distribution] for distribution in distributions] if independent else [distributions]
    total = {0: 1.0}
    for distributions in units:
        cumulative = (np.cumsum([chance for _, chance in distribution])[:-1] for distribution in distributions)
        thresholds = sorted({0.0, 1.0, *(float(value) for values in cumulative for value in values)})
        pieces = []
        for low, high in itertools.pairwise(thresholds):
            paid = 0
            for distribution in distributions:
                ends = np.cumsum([chance for _, chance in distribution])
                paid += distribution[min(int(np.searchsorted(ends, (low + high) / 2)), len(distribution) - 1)][0]
            pieces.append((paid, high - low))
        after: dict[int, float] = {}
        for (sum_, p), (paid, q) in itertools.product(total.items(), pieces):
            after[sum_ + paid] = after.get(sum_ + paid, 0.0) + p * q
        total = after
    return total


@pytest.mark.parametrize("independent", [False, True])
def test_the_distribution_equals_enumeration_by_hand(independent: bool) -> None:
    distribution, wanted = pnl_distribution(MIXED, independent=independent), by_hand(MIXED, independent)
    mean = sum(paid * chance for paid, chance in wanted.items())
    assert distribution.mean_minor == pytest.approx(mean, abs=1e-6)
    spread = math.sqrt(sum((paid - mean) ** 2 * chance for paid, chance in wanted.items()))
    assert distribution.deviation_minor == pytest.approx(spread, rel=1e-9)
    assert distribution.worst_minor == min(wanted)
    for at_least in [*wanted, min(wanted) - 1, max(wanted) + 1, 17]:
        expected = sum(chance for paid, chance in wanted.items() if paid >= at_least)
        assert distribution.tail_probability(at_least) == pytest.approx(expected, abs=1e-12)
    simulated = distribution.simulate(40_000, generator(0, "hand"))
    assert set(simulated.astype(int)) <= set(wanted)
    for paid, chance in wanted.items():
        assert np.mean(simulated == paid) == pytest.approx(chance, abs=4.5 * math.sqrt(chance / 40_000) + 1e-4)


def test_the_whole_test_equals_enumeration_by_hand() -> None:
    found = fair_odds_test(MIXED, generator(1, "whole"), paths=20_000)
    wanted = by_hand(MIXED, independent=False)
    observed = int(MIXED["pnl_minor"].sum())
    expected = sum(chance for paid, chance in wanted.items() if paid >= observed)
    assert found.observed_minor == observed and found.n_bets == 11 and found.n_events == 4
    assert found.p_exact == pytest.approx(expected, abs=1e-12) == found.p_value
    assert found.p_simulated == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 20_000))
    assert found.turnover_minor == MIXED["stake_minor"].sum()
    assert found.yield_frac == observed / found.turnover_minor
    back = MIXED.filter(pl.col("side") == "back")
    worth = (back["stake_minor"] * (back["odds_placed"] * back["close_prob"] - 1)).sum() + 0.5 * 10_000 - 0.5 * 9_000
    assert found.expected_minor == pytest.approx(worth, abs=1e-6)
    assert found.expected_yield_frac == pytest.approx(worth / found.turnover_minor)


def single(count: int, odds: np.ndarray, close: np.ndarray, won: np.ndarray, stake: int = 1_000) -> pl.DataFrame:
    """One bet per event."""
    return pl.DataFrame(
        {
            "event_id": np.arange(count),
            "market": "moneyline",
            "line": pl.Series([None] * count, dtype=pl.Float64),
            "selection": "home",
            "side": "back",
            "odds_placed": odds,
            "stake_minor": np.full(count, stake),
            "backer_stake_minor": pl.Series([None] * count, dtype=pl.Int64),
            "pnl_minor": np.where(won, np.rint(stake * (odds - 1)), -stake).astype(np.int64),
            "state": np.where(won, "win", "lose"),
            "close_prob": close,
        }
    )


@pytest.mark.parametrize(("odds", "close"), [(2.0, 0.5), (3.4, 0.31)])
def test_equal_bets_follow_the_binomial_distribution(odds: float, close: float) -> None:
    count, hits = 400, int(400 * close) + 25
    bets = single(count, np.full(count, odds), np.full(count, close), np.arange(count) < hits)
    wanted = sum(math.comb(count, k) * close**k * (1 - close) ** (count - k) for k in range(hits, count + 1))
    found = fair_odds_test(bets, generator(2, "binomial"), paths=4_000)
    assert found.p_exact == pytest.approx(wanted, rel=1e-9)
    assert 0.0 < wanted < 0.02 and found.p_simulated <= 0.03


def test_equal_payoffs_follow_the_poisson_binomial_distribution() -> None:
    rng = np.random.default_rng(3)
    close = rng.uniform(0.2, 0.7, 120)
    won = rng.random(120) < close + 0.1
    counts = np.ones(1)
    for chance in close:
        counts = np.convolve(counts, [1 - chance, chance])
    found = fair_odds_test(single(120, np.full(120, 2.5), close, won), generator(3, "hits"))
    assert found.p_exact == pytest.approx(counts[won.sum() :].sum(), rel=1e-9)


def test_exact_and_simulated_p_agree_for_unequal_bets() -> None:
    rng = np.random.default_rng(4)
    for case in range(6):
        odds = np.round(rng.uniform(1.4, 6.0, 150), 2)
        close = np.clip(0.98 / odds + rng.normal(0, 0.01, 150), 0.02, 0.9)
        found = fair_odds_test(
            single(150, odds, close, rng.random(150) < close), generator(case, "agree"), paths=10_000
        )
        assert found.p_exact == pytest.approx(found.p_simulated, abs=4.5 * 0.5 / 100 + 1e-4)
        z = (found.observed_minor - found.expected_minor) / found.deviation_minor
        assert found.p_exact == pytest.approx(math.erfc(z / math.sqrt(2)) / 2, abs=0.05)  # nearly normal


def test_beyond_the_budget_the_p_value_is_simulated() -> None:
    rng = np.random.default_rng(5)
    bets = single(200, np.round(rng.uniform(1.5, 5.0, 200), 2), np.full(200, 0.4), rng.random(200) < 0.4)
    found = fair_odds_test(bets, generator(5, "long"), budget=1_000)
    assert math.isnan(found.p_exact) and found.p_value == found.p_simulated


@pytest.mark.slow
def test_the_size_is_five_percent_even_with_five_bets_per_match() -> None:
    """Five bookmakers on one selection are one observation; counted as five, the test errs four times as often."""
    rng, ours, naive, cases = np.random.default_rng(6), 0, 0, 250
    for _ in range(cases):
        odds = np.round(rng.uniform(1.6, 4.0, 40), 2)
        close = 1.0 / odds
        once = single(40, odds, close, rng.random(40) < close)
        bets = pl.concat([once] * 5)
        distribution = pnl_distribution(bets)
        ours += distribution.tail_probability(int(bets["pnl_minor"].sum())) <= 0.05
        alone = pnl_distribution(bets.with_columns(event_id=pl.int_range(pl.len())))
        z = (int(bets["pnl_minor"].sum()) - alone.mean_minor) / alone.deviation_minor
        naive += z >= 1.6449
    assert ours / cases <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / cases) and ours / cases >= 0.015
    assert naive / cases > 0.15


def test_markets_of_one_event_share_a_draw_by_default() -> None:
    """The shared draw gives the wider distribution, so a result in the upper tail is less surprising."""
    bets = pl.concat(
        [
            frame(bet(k, "home", 2.0, 0.5, state="win"), bet(k, "over", 2.0, 0.5, market="totals", line=2.5))
            for k in range(50)
        ]
    )
    shared, independent = pnl_distribution(bets), pnl_distribution(bets, independent=True)
    assert shared.mean_minor == independent.mean_minor == 0.0
    assert shared.deviation_minor == pytest.approx(math.sqrt(50) * 20_000)
    assert independent.deviation_minor == pytest.approx(math.sqrt(100) * 10_000)
    for above in (160_000, 240_000, 320_000):
        assert shared.tail_probability(above) > independent.tail_probability(above) > 0.0


def test_bets_on_a_whole_book_have_one_result() -> None:
    sure = frame(bet(1, "home", 2.0, 0.5), bet(1, "draw", 4.0, 0.25), bet(1, "away", 4.0, 0.25, state="win"))
    distribution = pnl_distribution(sure.with_columns(stake_minor=pl.Series([2_000, 1_000, 1_000])))
    assert distribution.worst_minor == 0 and not len(distribution.event)
    assert (
        distribution.tail_probability(0) == 1.0
        and distribution.tail_probability(1) == 0.0
        and distribution.deviation_minor == 0.0
    )
    assert distribution.simulate(3, generator(0)).tolist() == [0.0, 0.0, 0.0]


def test_selections_of_an_unknown_market_do_not_exclude_each_other() -> None:
    bets = frame(bet(1, "top 4", 1.5, 0.7, market="place"), bet(1, "top 6", 1.2, 0.9, market="place"))
    assert pnl_distribution(bets, independent=True).tail_probability(7_000) == pytest.approx(0.63)
    assert pnl_distribution(bets).tail_probability(7_000) == pytest.approx(0.7)


def test_fair_odds_have_an_expected_value_of_zero() -> None:
    rng = np.random.default_rng(7)
    close = rng.uniform(0.1, 0.8, 300)
    bets = single(300, np.round(1.08 / close, 2), close, rng.random(300) < close, stake=100_000)
    placed, fair = (fair_odds_test(bets, generator(7, at), paid_at=at) for at in ("placed", "fair"))
    assert placed.expected_yield_frac == pytest.approx(0.08, abs=0.002)
    assert fair.expected_yield_frac == pytest.approx(0.0, abs=1e-5)
    assert fair.p_value < placed.p_value
    sd = math.sqrt(np.sum((100_000 / close) ** 2 * close * (1 - close)))
    assert fair.deviation_minor == pytest.approx(sd, rel=1e-3)


def test_the_number_of_untested_bets_is_reported() -> None:
    bets = frame(
        bet(1, "home", 2.0, 0.5, state="win"),
        bet(1, "away", 4.0, None, state="win"),
        bet(2, "away", 4.0, math.nan),
        bet(3, "home", 2.0, 0.5, state="void"),
        bet(4, "home", 2.0, 0.5, state="unknown"),
        bet(5, "home", 2.0, 0.5, state="cashed", pnl_minor=300),
        bet(6, "home", 2.0, 0.5, market="asian_handicap", line=-0.25, state="half_lose", pnl_minor=-5_000),
    )
    found = fair_odds_test(bets, generator(8, "counts"))
    assert (found.n_bets, found.without_close, found.void, found.other_outcome) == (2, 2, 1, 2)
    assert found.observed_minor == 5_000 and found.p_exact == 0.25
    none = fair_odds_test(bets.clear(), generator(8, "none"))
    assert none.n_bets == 0 and none.p_exact == none.p_simulated == 1.0 and math.isnan(none.yield_frac)


def test_probabilities_of_zero_and_one() -> None:
    bets = frame(
        bet(1, "home", 2.0, 0.0),
        bet(2, "home", 2.0, 1.0, state="win"),
        bet(3, "home", 2.0, 0.0, side="lay", backer_stake_minor=10_000),
        bet(4, "home", 2.0, 1.0, side="lay", backer_stake_minor=10_000, state="win"),
    )
    assert pnl_distribution(bets).worst_minor == 0 and not len(pnl_distribution(bets).event)


@pytest.mark.parametrize("second", [("away", 0.6), ("home", 0.4)])
def test_probabilities_that_contradict_each_other_are_refused(second: tuple[str, float]) -> None:
    selection, close = second
    with pytest.raises(DataError, match="contradict each other in event 9, 1x2"):
        pnl_distribution(frame(bet(9, "home", 2.0, 0.5), bet(9, selection, 2.0, close)))


def test_the_order_of_bets_changes_nothing() -> None:
    found = [pnl_distribution(MIXED.sample(fraction=1.0, shuffle=True, seed=k)) for k in range(4)]
    assert all(np.array_equal(one.jump_minor, found[0].jump_minor) for one in found)
    draws = [one.simulate(50, generator(1, "order")) for one in found]
    assert all(np.array_equal(one, draws[0]) for one in draws)
