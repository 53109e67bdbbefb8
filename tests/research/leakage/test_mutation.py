"""Mutations keep what was known at the instant, and change everything later."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from research.leakage import mutation
from research.leakage.rows import RESULT, results_changed, results_hidden, results_shuffled
from tests.property.markets import world

KEY = ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at"]


@pytest.fixture(scope="module")
def market() -> tuple[pl.DataFrame, pl.DataFrame]:
    return world(3, 40)


@pytest.fixture(scope="module")
def instant(market: tuple[pl.DataFrame, pl.DataFrame]) -> int:
    return int(market[1]["known_at"].cast(pl.Int64).sort()[len(market[1]) // 2])


def _early(frame: pl.DataFrame, name: str, instant: int) -> pl.DataFrame:
    return frame.filter(pl.col(name).cast(pl.Int64) <= instant)


def _mutation(kind: str, instant: int) -> mutation.Mutation:
    return {
        "truncated": mutation.truncated(instant),
        "perturbed": mutation.perturbed(instant, 1),
        "shuffled": mutation.shuffled(instant, 1),
    }[kind]


@pytest.mark.parametrize("kind", ["truncated", "perturbed", "shuffled"])
def test_known_rows_stay_the_same(kind: str, market: tuple[pl.DataFrame, pl.DataFrame], instant: int) -> None:
    events, quotes = market
    after, n_results = _mutation(kind, instant).events(events)
    prices, n_prices = _mutation(kind, instant).quotes(quotes)
    assert _early(after, "settled_at", instant).equals(_early(events, "settled_at", instant))
    assert _early(prices, "known_at", instant).equals(_early(quotes, "known_at", instant))
    assert n_results > 0
    assert (n_prices > 0) == (kind != "shuffled")
    assert after.drop(*RESULT, "settled_at", "settled_at_basis").equals(
        events.drop(*RESULT, "settled_at", "settled_at_basis")
    )


def test_a_truncated_store_holds_nothing_later(market: tuple[pl.DataFrame, pl.DataFrame], instant: int) -> None:
    events, _ = mutation.truncated(instant).events(market[0])
    quotes, n_removed = mutation.truncated(instant).quotes(market[1])
    assert int(quotes["known_at"].cast(pl.Int64).max() or 0) <= instant
    assert n_removed == market[1].height - quotes.height
    later = market[0].filter(pl.col("settled_at").cast(pl.Int64) > instant)["event_id"]
    hidden = events.filter(pl.col("event_id").is_in(later.implode()))
    assert hidden["winner"].null_count() == hidden.height > 0
    assert set(hidden["status"]) == {"scheduled"}


def test_every_later_price_is_changed(market: tuple[pl.DataFrame, pl.DataFrame], instant: int) -> None:
    quotes, _ = mutation.perturbed(instant, 1).quotes(market[1])
    pairs = quotes.join(market[1], on=KEY, how="inner", nulls_equal=True).filter(
        pl.col("known_at").cast(pl.Int64) > instant
    )
    assert pairs.height > 100
    assert (pairs["odds"] != pairs["odds_right"]).all()
    assert (pairs["odds"] > 1.0).all()


@pytest.mark.parametrize("draws", [True, False])
def test_a_changed_result_is_consistent_and_has_another_winner(draws: bool) -> None:
    events, _ = world(4, 60)
    played = events.filter(pl.col("winner").is_not_null())
    if not draws:
        played = played.filter(pl.col("winner") != "draw")
    mask = pl.Series([True] * played.height)
    after = results_changed(played, mask, np.random.default_rng(0))
    winner = pl.when(pl.col("home_score") > pl.col("away_score")).then(pl.lit("home"))
    winner = winner.when(pl.col("home_score") < pl.col("away_score")).then(pl.lit("away")).otherwise(pl.lit("draw"))
    assert after.select(winner.alias("winner"))["winner"].equals(after["winner"])
    assert (after["winner"] != played["winner"]).all()
    totals = [frame["home_score"] + frame["away_score"] for frame in (played, after)]
    assert (totals[0] != totals[1]).all()
    assert ("draw" in set(after["winner"])) == draws


def test_shuffled_results_are_a_permutation() -> None:
    events, _ = world(5, 60)
    mask = events["status"] == "played"
    after = results_shuffled(events, mask, np.random.default_rng(1))
    assert after.select(RESULT).sort(RESULT).equals(events.select(RESULT).sort(RESULT))
    assert not after.select(RESULT).equals(events.select(RESULT))
    assert after.filter(~mask).equals(events.filter(~mask))


def test_delayed_rows_become_known_after_the_instant_and_removed_rows_are_missing(
    market: tuple[pl.DataFrame, pl.DataFrame], instant: int
) -> None:
    delay, remove = mutation.delayed_and_removed(instant, 7)
    for table, frame, name in (("quotes", market[1], "known_at"), ("events", market[0], "settled_at")):
        delayed, n_delayed = getattr(delay, table)(frame)
        rest, n_removed = getattr(remove, table)(frame)
        early = _early(frame, name, instant)
        if table == "events":
            early = early.filter(pl.col("status") != "scheduled")
        assert 0.1 * early.height < n_delayed == n_removed < 0.5 * early.height
        left = _early(delayed, name, instant)
        assert left.height == _early(frame, name, instant).height - n_delayed
        assert left.equals(_early(rest, name, instant))
        assert delayed.drop(name).equals(frame.drop(name))


def test_further_scores_are_part_of_a_result() -> None:
    corners = {"home_corners": [4, 9, None], "away_corners": [5, 2, None]}
    rows = {"sport": ["football"] * 3, "status": ["played"] * 3, "winner": ["home", "draw", "away"]}
    scores = {
        "home_score": [2, 1, 0],
        "away_score": [0, 1, 3],
        "settled_at": [None] * 3,
        "settled_at_basis": [None] * 3,
    }
    events = pl.DataFrame({**rows, **scores, **corners})
    mask = pl.Series([True, False, True])
    hidden = results_hidden(events, mask)
    assert hidden["home_corners"].to_list() == [None, 9, None] and hidden["away_corners"].to_list() == [None, 2, None]
    changed = results_changed(events, mask, np.random.default_rng(3))
    assert changed.row(1) == events.row(1) and changed["home_corners"][0] > 4 and changed["home_corners"][2] is None
    shuffled = results_shuffled(events, mask, np.random.default_rng(1))
    assert dict(shuffled.select("home_score", "home_corners").iter_rows()) == {2: 4, 1: 9, 0: None}


def test_statistics_are_part_of_a_result_and_what_is_known_before_is_not() -> None:
    events, _ = world(4, 20)
    numbers = pl.int_range(pl.len(), dtype=pl.Int32)
    rich = events.with_columns(
        home_shots=numbers,
        away_shots=numbers + 5,
        set_games=pl.lit("6-4 3-6"),
        home_rank=numbers + 1,
        surface=pl.lit("clay"),
    )
    mask = pl.Series([row % 2 == 0 for row in range(events.height)])
    changed = results_changed(rich, mask, np.random.default_rng(1))
    assert changed.filter(~mask).equals(rich.filter(~mask))
    for name in ("home_shots", "away_shots", "set_games"):
        assert (changed.filter(mask)[name] != rich.filter(mask)[name]).all()
    assert changed.filter(mask)["set_games"].unique().to_list() == ["4-6 6-3"]
    hidden = results_hidden(rich, mask).filter(mask)
    assert hidden["home_shots"].null_count() == hidden["set_games"].null_count() == hidden.height
    for frame in (changed, results_hidden(rich, mask)):
        assert frame.select("home_rank", "surface").equals(rich.select("home_rank", "surface"))
