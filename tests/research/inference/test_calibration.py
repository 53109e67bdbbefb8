"""Scores of probabilities, compared with scikit-learn, published scores, plain loops and simulated truth."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from research.inference.bootstrap import generator, ratio_interval
from research.inference.calibration import BINS, calibration
from research.inference.rps import ranked_probability_scores


def market(
    case: int, count: int, *, bias: float = 0.0, own_noise: float = 0.0, close_noise: float = 0.0, each: int = 2
) -> tuple[pl.DataFrame, np.ndarray]:
    """Bets with known true probabilities, `each` per event, with errors in the strategy's and the closing ones."""
    rng = np.random.default_rng((21, case))
    true = rng.uniform(0.15, 0.8, count)
    prob = np.clip(true + bias + rng.normal(0, own_noise, count), 0.01, 0.99)
    close = np.clip(true + rng.normal(0, close_noise, count), 0.01, 0.99)
    frame = pl.DataFrame(
        {
            "event_id": np.arange(count) // each * 7919,
            "date": pl.Series(np.arange(count) // each % 365, dtype=pl.Int32).cast(pl.Date),
            "market": "totals",
            "selection": "over",
            "side": "back",
            "odds_placed": np.round(1.03 / close, 2) + 0.01,
            "prob": prob,
            "close_prob": close,
            "state": np.where(rng.random(count) < true, "win", "lose"),
        }
    )
    return frame, true


def test_scores_equal_those_of_scikit_learn() -> None:
    bets, _ = market(1, 700, bias=0.05, own_noise=0.1, close_noise=0.03)
    found = calibration(bets, generator(1, "sklearn"))
    assert found is not None and found.has_market and found.n_bets == 700 and found.n_events == 350
    won, odds = (bets["state"] == "win").to_numpy(), bets["odds_placed"].to_numpy()
    for scores, weight in ((found.plain, None), (found.weighted, odds)):
        for name, column in (("strategy", "prob"), ("market", "close_prob")):
            prob = bets[column].to_numpy()
            assert getattr(scores.log_loss, name) == pytest.approx(log_loss(won, prob, sample_weight=weight), rel=1e-12)
            assert getattr(scores.brier, name) == pytest.approx(
                brier_score_loss(won, prob, sample_weight=weight), rel=1e-12
            )
        assert scores.log_loss.difference.estimate == pytest.approx(
            scores.log_loss.strategy - scores.log_loss.market, abs=1e-12
        )
        assert scores.rps is None
    assert found.plain.brier.strategy != found.weighted.brier.strategy


def test_probabilities_of_zero_and_one_have_a_finite_loss() -> None:
    bets, _ = market(2, 60)
    sure = bets.with_columns(prob=(pl.col("state") == "win").cast(pl.Float64))
    found = calibration(sure, generator(2, "sure"))
    assert found is not None and found.plain.log_loss.strategy == pytest.approx(0.0, abs=1e-12)
    assert found.plain.brier.strategy == found.plain.ece.strategy == 0.0
    wrong = calibration(sure.with_columns(prob=1 - pl.col("prob")), generator(2, "wrong"))
    assert wrong is not None and wrong.plain.log_loss.strategy == pytest.approx(-math.log(1e-15), rel=0.01)


def error_of(prob: list[float], won: list[bool], weight: list[float], parts: int) -> float:
    """Calibration error by definition: sort, cut into equal parts, sum the weighted distances."""
    order, total = sorted(range(len(prob)), key=lambda k: prob[k]), 0.0
    for part in range(parts):
        in_bin = [order[k] for k in range(len(order)) if k * parts // len(order) == part]
        bin_weight = sum(weight[k] for k in in_bin)
        promised = sum(weight[k] * prob[k] for k in in_bin) / bin_weight
        happened = sum(weight[k] * won[k] for k in in_bin) / bin_weight
        total += bin_weight / sum(weight) * abs(promised - happened)
    return total


@pytest.mark.parametrize(("count", "parts"), [(1500, 10), (470, 4), (30, 1)])
def test_calibration_error_equals_a_plain_loop(count: int, parts: int) -> None:
    bets, _ = market(3, count, bias=0.04, own_noise=0.08)
    found = calibration(bets, generator(3, "ece"))
    assert found is not None and len(found.bins) == len(found.market_bins) == parts
    won, odds = (bets["state"] == "win").to_list(), bets["odds_placed"].to_list()
    for scores, weight in ((found.plain, [1.0] * count), (found.weighted, odds)):
        assert scores.ece.strategy == pytest.approx(error_of(bets["prob"].to_list(), won, weight, parts), rel=1e-9)
        assert scores.ece.market == pytest.approx(error_of(bets["close_prob"].to_list(), won, weight, parts), rel=1e-9)


def test_the_weighted_error_in_one_bin_is_promised_minus_realised_yield() -> None:
    bets, _ = market(4, 38, bias=0.2)
    found = calibration(bets, generator(4, "yield"))
    assert found is not None and len(found.bins) == 1
    odds, won = bets["odds_placed"], (bets["state"] == "win").cast(pl.Float64)
    apart = ((odds * bets["prob"] - 1).mean() - (odds * won - 1).mean()) / odds.mean()
    assert found.weighted.ece.strategy == pytest.approx(abs(apart), rel=1e-9)


@pytest.mark.slow
def test_the_error_by_chance_is_that_of_true_probabilities() -> None:
    own, chance = [], []
    for case in range(30):
        bets, _ = market((5, case), 400, each=1)
        found = calibration(bets, generator(5, case))
        assert found is not None
        own.append(found.plain.ece.strategy)
        chance.append(found.plain.ece.strategy_by_chance)
    assert np.mean(chance) == pytest.approx(np.mean(own), rel=0.15)
    bets, _ = market(5, 1_000, each=1)
    once, fourfold = (calibration(some, generator(5, "again")) for some in (bets, pl.concat([bets] * 4)))
    assert once is not None and fourfold is not None  # four bets on each match are one observation
    assert fourfold.plain.ece.strategy_by_chance == pytest.approx(once.plain.ece.strategy_by_chance, rel=1e-9)
    biased, _ = market(5, 4_000, bias=0.1)
    far = calibration(biased, generator(5, "far"))
    assert far is not None and far.plain.ece.strategy > 3 * far.plain.ece.strategy_by_chance


def three(event: int, chances: tuple[float, float, float], happened: str, **changes: Any) -> list[dict[str, Any]]:
    names = ("home", "draw", "away")
    return [
        {"event_id": event, "date": dt.date(2020, 1, 1) + dt.timedelta(event), "market": "1x2", "selection": name}
        | {
            "side": "back",
            "odds_placed": 3.0,
            "prob": chance,
            "close_prob": 1 / 3,
            "state": "win" if name == happened else "lose",
        }
        | changes
        for name, chance in zip(names, chances, strict=True)
    ]


@pytest.mark.parametrize(
    ("chances", "happened", "score"),
    [
        ((1.0, 0.0, 0.0), "home", 0.0),
        ((0.9, 0.1, 0.0), "home", 0.005),
        ((0.8, 0.1, 0.1), "home", 0.025),
        ((0.5, 0.25, 0.25), "home", 0.15625),
        ((0.35, 0.3, 0.35), "draw", 0.1225),
        ((0.6, 0.3, 0.1), "draw", 0.185),
        ((0.6, 0.25, 0.15), "home", 0.09125),
        ((0.6, 0.15, 0.25), "home", 0.11125),
        ((0.57, 0.33, 0.1), "home", 0.09745),
        ((0.6, 0.2, 0.2), "home", 0.1),
    ],
)
def test_ranked_scores_match_published_values(chances: tuple[float, float, float], happened: str, score: float) -> None:
    """Constantinou & Fenton (2012), table 3, from its formula without rounding."""
    found = ranked_probability_scores(pl.DataFrame(three(1, chances, happened)))
    assert found["strategy"].to_list() == pytest.approx([score], abs=1e-12)
    third = {"home": 5 / 18, "draw": 1 / 9, "away": 5 / 18}[happened]
    assert found["market"].to_list() == pytest.approx([third], abs=1e-12)
    again = ranked_probability_scores(
        pl.DataFrame(three(1, (chances[0] / 2, chances[1] / 2, chances[2] / 2), happened))
    )
    assert again["strategy"].to_list() == pytest.approx([score], abs=1e-12)


def test_only_complete_matches_are_ranked_and_lays_count() -> None:
    rows = three(1, (0.5, 0.3, 0.2), "away", odds_placed=4.0) + three(2, (0.4, 0.3, 0.3), "home")[:2]
    rows += three(3, (0.4, 0.3, 0.3), "home", market="moneyline") + three(4, (0.4, 0.3, 0.3), "nobody")
    lay = {"side": "lay", "prob": 0.8, "close_prob": 2 / 3, "odds_placed": 1.5, "state": "lose"}  # away won
    rows[2] |= lay
    found = ranked_probability_scores(pl.DataFrame(rows))
    assert found["event_id"].to_list() == [1]
    assert found["strategy"].to_list() == pytest.approx([(0.5**2 + 0.8**2) / 2])
    assert found["odds"].to_list() == pytest.approx([(4.0 + 4.0 + 3.0) / 3])
    whole = calibration(pl.DataFrame(rows), generator(6, "rank"))
    assert whole is not None and whole.n_ranked == 1 and whole.plain.rps is not None
    assert whole.plain.rps.strategy == pytest.approx(0.445) and not whole.plain.rps.difference.known


def test_ranked_scores_are_weighted_by_odds() -> None:
    rows = three(1, (0.6, 0.2, 0.2), "home", odds_placed=2.0) + three(2, (0.35, 0.3, 0.35), "draw", odds_placed=6.0)
    found = calibration(pl.DataFrame(rows), generator(7, "rank"))
    assert found is not None and found.plain.rps is not None and found.weighted.rps is not None
    assert found.plain.rps.strategy == pytest.approx((0.1 + 0.1225) / 2)
    assert found.weighted.rps.strategy == pytest.approx((2 * 0.1 + 6 * 0.1225) / 8)


def test_the_interval_of_the_difference_resamples_events() -> None:
    bets, _ = market(8, 400, own_noise=0.15)
    once = calibration(bets, generator(8, "cluster"))
    fourfold = calibration(pl.concat([bets] * 4), generator(8, "cluster"))
    assert once is not None and fourfold is not None
    assert fourfold.plain.brier.difference.se == pytest.approx(once.plain.brier.difference.se, rel=1e-6)
    won = (bets["state"] == "win").cast(pl.Float64)
    apart = ((bets["prob"] - won) ** 2 - (bets["close_prob"] - won) ** 2).to_numpy()
    direct = ratio_interval(apart, np.ones(400), bets["event_id"].to_numpy(), generator(8, "other"), replicates=4000)
    assert once.plain.brier.difference.low == pytest.approx(direct.low, abs=0.3 * direct.se)
    assert once.plain.brier.difference.high == pytest.approx(direct.high, abs=0.3 * direct.se)


@pytest.mark.slow
def test_intervals_contain_the_truth_as_often_as_stated() -> None:
    """For the difference of Brier scores, unweighted and by odds: 90 %, within four standard errors."""
    hits, cases = np.zeros(2), 120
    for case in range(cases):
        bets, true = market((9, case), 240, bias=0.03, own_noise=0.05, close_noise=0.05)
        found = calibration(bets, generator(9, case))
        assert found is not None
        apart = (bets["prob"].to_numpy() - true) ** 2 - (bets["close_prob"].to_numpy() - true) ** 2
        odds = bets["odds_placed"].to_numpy()
        for k, (scores, weight) in enumerate(((found.plain, np.ones(240)), (found.weighted, odds))):
            difference = scores.brier.difference
            hits[k] += difference.low <= apart @ weight / weight.sum() <= difference.high
    assert (np.abs(hits / cases - 0.9) <= 4 * math.sqrt(0.9 * 0.1 / cases)).all(), hits / cases


def test_the_better_of_two_forecasts_is_recognised() -> None:
    sharp, _ = market(10, 6_000, own_noise=0.0, close_noise=0.12)
    dull, _ = market(10, 6_000, own_noise=0.12, close_noise=0.0)
    better, worse = (calibration(bets, generator(10, "told")) for bets in (sharp, dull))
    assert better is not None and worse is not None
    for name in ("log_loss", "brier"):
        for weighting in ("plain", "weighted"):
            assert getattr(getattr(better, weighting), name).difference.high < 0
            assert getattr(getattr(worse, weighting), name).difference.low > 0


def test_bins_are_quantiles_with_their_intervals() -> None:
    bets, _ = market(11, 2_000, bias=0.1)
    found = calibration(bets, generator(11, "bins"))
    assert found is not None and len(found.bins) == BINS
    assert sum(one.n_bets for one in found.bins) == 2_000
    means = [one.mean_prob for one in found.bins]
    assert means == sorted(means)
    ordered = bets.sort("prob")
    for k, one in enumerate(found.bins):
        part = ordered.slice(k * 200, 200)
        assert one.n_bets == 200 and one.mean_prob == pytest.approx(part["prob"].mean())
        assert one.won.estimate == pytest.approx((part["state"] == "win").mean())
        assert one.n_events == part["event_id"].n_unique()
        assert one.won.low < one.won.estimate < one.won.high
    assert sum(one.won.high < one.mean_prob for one in found.bins) >= 6  # they are 10 points too high
    assert sum(one.won.low <= one.mean_prob <= one.won.high for one in found.market_bins) >= 7


def test_intervals_are_reported_from_a_hundred_bets_on_thirty_days() -> None:
    bets, _ = market(16, 400, own_noise=0.1)
    day = pl.lit(dt.date(2020, 1, 1)) + pl.duration(days=pl.int_range(400) % 29)
    for some, known in ((bets.head(100), True), (bets.head(99), False), (bets.with_columns(date=day), False)):
        found = calibration(some, generator(16, "told"))
        assert found is not None and np.isfinite(found.plain.brier.difference.estimate)
        assert found.plain.brier.difference.known == found.bins[0].won.known == known
    for matches, known in ((40, True), (29, False)):
        rows = [
            row
            for k in range(matches)
            for row in three(k, (0.5 + k / 200, 0.2, 0.3 - k / 200), ("home", "away")[k % 2])
        ]
        whole = calibration(pl.DataFrame(rows), generator(16, "ranked"))
        assert whole is not None and whole.plain.rps is not None and whole.plain.rps.difference.known == known


def test_equal_probabilities_share_a_bin() -> None:
    bets, _ = market(12, 200)
    found = calibration(bets.with_columns(prob=pl.lit(0.4)), generator(12, "equal"))
    assert found is not None and len(found.bins) == 1 and found.bins[0].n_bets == 200


def test_the_number_of_unscored_bets_is_reported() -> None:
    bets, _ = market(13, 100)
    states = pl.Series(["void", "half_win", "unknown", "cashed", *bets["state"].to_list()[4:]])
    mixed = bets.with_columns(
        state=states,
        prob=pl.when(pl.int_range(100) == 5).then(float("nan")).otherwise("prob"),
        close_prob=pl.when(pl.int_range(100).is_in([6, 7])).then(None).otherwise("close_prob"),
    )
    found = calibration(mixed, generator(13, "counts"))
    assert found is not None
    assert (found.n_bets, found.undecided, found.without_close) == (93, 5, 2)
    assert calibration(bets.clear(), generator(13, "none")) is None
    assert calibration(bets.with_columns(state=pl.lit("void")), generator(13, "void")) is None


def test_without_closing_prices_there_is_no_market() -> None:
    bets, _ = market(14, 100)
    found = calibration(bets.with_columns(close_prob=pl.lit(None, pl.Float64)), generator(14, "alone"))
    assert found is not None and not found.has_market and found.market_bins == ()
    assert (found.n_bets, found.without_close) == (100, 0)
    won = (bets["state"] == "win").to_numpy()
    assert found.plain.log_loss.strategy == pytest.approx(log_loss(won, bets["prob"].to_numpy()))
    for score in (found.plain.log_loss, found.weighted.brier):
        assert math.isnan(score.market) and not score.difference.known
    assert math.isnan(found.plain.ece.market) and found.plain.ece.strategy_by_chance > 0


def test_a_lay_is_weighted_by_its_back_equivalent_odds() -> None:
    bets, _ = market(15, 60)
    back = calibration(bets, generator(15, "lay"))
    as_lays = bets.with_columns(side=pl.lit("lay"), odds_placed=pl.col("odds_placed") / (pl.col("odds_placed") - 1))
    lay = calibration(as_lays, generator(15, "lay"))
    assert back is not None and lay is not None
    assert lay.weighted.brier.strategy == pytest.approx(back.weighted.brier.strategy, rel=1e-9)
