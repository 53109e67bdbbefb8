"""The simulation against its true probabilities: results, margins, planted edges, sharpness, and the seed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.betting.settlement import states
from engine.errors import ConfigurationError
from engine.identity import event_ids
from engine.kernel.codes import State
from engine.odds import fair_probabilities
from engine.schema import EVENTS, QUOTES, SELECTIONS
from engine.simulator import goals as goals_of
from engine.simulator.season import double_round_robin
from engine.simulator.simulate import (
    PLANTED,
    TRUTH,
    Bookmaker,
    PlantedEdge,
    SimulatedLeague,
    SimulatorSettings,
    simulate,
    simulate_leagues,
)
from tests.payoff import payoff

pytestmark = pytest.mark.slow

KEY = ["event_id", "market", "line", "selection"]
SMALL = SimulatorSettings(seed=5, competitions=("A", "B"), seasons=2, teams=6, snapshots=2)
LARGE = SimulatorSettings(
    seed=11,
    competitions=("A",),
    seasons=30,
    bookmakers=(
        Bookmaker("pinnacle", 0.025, 0.0, 0.015, 0.005),
        Bookmaker("slow", 0.05, 0.5, 0.03, 0.03),
        Bookmaker("biased", 0.06, longshot_bias=0.15),
    ),
    planted=(
        PlantedEdge("slow", "1x2", "away", 0.10, share_frac=0.5),
        PlantedEdge("slow", "asian_handicap", "home", 0.10, share_frac=0.5),
        PlantedEdge("slow", "1x2", "home", 0.10, competition="elsewhere"),
    ),
)


@pytest.fixture(scope="module")
def league() -> SimulatedLeague:
    return next(iter(simulate_leagues(LARGE)))


@pytest.fixture(scope="module")
def events(league: SimulatedLeague) -> pl.DataFrame:
    return pl.concat([batch.events for batch in league.batches])


@pytest.fixture(scope="module")
def quotes(league: SimulatedLeague) -> pl.DataFrame:
    return pl.concat([batch.quotes for batch in league.batches])


@pytest.fixture(scope="module")
def settled(league: SimulatedLeague, events: pl.DataFrame) -> pl.DataFrame:
    """True probabilities with the state of each selection."""
    rows = league.truth.join(events, on="event_id", maintain_order="left")
    names = ("market", "line", "selection", "home_score", "away_score", "winner", "status")
    return rows.with_columns(state=states(*(rows[name] for name in names)))


def test_tables_match_the_schema_and_the_counts_agree() -> None:
    batches = simulate(SMALL)
    assert [b.name.rsplit("/", 2)[1:] for b in batches] == [
        [c, s] for c in ("A", "B") for s in ("2018-2019", "2019-2020")
    ]
    for batch in batches:
        assert dict(batch.events.schema) == EVENTS
        assert dict(batch.quotes.schema) == QUOTES
        assert len(batch.events) == 30
        assert (batch.events["event_id"].to_numpy() == event_ids(batch.events)).all()
        assert batch.refused is None
        assert batch.counts.rows_read == batch.counts.rows_kept == 30
        assert batch.counts.prices_read == batch.counts.prices_kept == len(batch.quotes)
        key = [*KEY, "bookmaker", "side", "instant", "known_at"]
        assert not batch.quotes.select(key).is_duplicated().any()


def test_each_pair_meets_twice_and_each_team_plays_once_per_round() -> None:
    for teams in (2, 4, 18, 20):
        number, home, away = double_round_robin(teams)
        assert len({(h, a) for h, a in zip(home.tolist(), away.tolist(), strict=True) if h != a}) == teams * (teams - 1)
        for week in range(number.max() + 1):
            playing = np.concatenate([home[number == week], away[number == week]])
            assert sorted(playing.tolist()) == list(range(teams))


def test_quote_kinds_come_in_time_order() -> None:
    batch = simulate(SMALL)[0]
    rows = batch.quotes.join(batch.events.select("event_id", "starts_at", "settled_at"), on="event_id")
    assert (rows["known_at"] <= rows["starts_at"]).all()
    assert (rows["settled_at"] > rows["starts_at"]).all()
    times = rows.group_by("event_id", "instant").agg(pl.col("known_at").unique()).explode("known_at")
    kinds = times.sort("event_id", "known_at").group_by("event_id", maintain_order=True).agg("instant")
    assert set(kinds["instant"].list.join(" ")) == {"open snapshot snapshot close"}


def test_the_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    first, again, other = (simulate(dataclasses.replace(SMALL, seed=seed)) for seed in (5, 5, 6))
    for a, b in zip(first, again, strict=True):
        assert_frame_equal(a.events, b.events, check_exact=True)
        assert_frame_equal(a.quotes, b.quotes, check_exact=True)
        assert a.raw_sha256 == b.raw_sha256
    assert first[0].raw_sha256 != other[0].raw_sha256
    assert not first[0].quotes["odds"].equals(other[0].quotes["odds"])


def test_adding_a_league_does_not_change_earlier_leagues() -> None:
    more = simulate(dataclasses.replace(SMALL, competitions=("A", "B", "C")))
    assert_frame_equal(more[3].quotes, simulate(SMALL)[3].quotes)


def test_results_follow_the_true_probabilities(settled: pl.DataFrame) -> None:
    """Chi-square test of each market and selection over ten classes of probability, at a fixed seed."""
    win_lose = settled.filter(pl.col("market").is_in(["1x2", "totals", "btts"]))
    for (_, _), rows in win_lose.group_by("market", "selection"):
        prob, won = rows["prob"].to_numpy(), (rows["state"] == State.WIN).to_numpy()
        order = np.argsort(prob)
        chi = 0.0
        for part in np.array_split(order, 10):
            expected, variance = prob[part].sum(), (prob[part] * (1 - prob[part])).sum()
            chi += (won[part].sum() - expected) ** 2 / variance
        assert chi < 29.6  # upper 0.1 % of chi-square with ten degrees of freedom


def test_handicap_states_follow_their_probabilities(settled: pl.DataFrame) -> None:
    rows = settled.filter(pl.col("market") == "asian_handicap")
    for name, state in zip(list(TRUTH)[4:], (State.WIN, State.HALF_WIN, State.VOID, State.HALF_LOSE), strict=True):
        prob = rows[name].to_numpy()
        z = ((rows["state"] == state).sum() - prob.sum()) / np.sqrt((prob * (1 - prob)).sum())
        assert abs(z) < 4


def test_the_markets_of_a_match_are_consistent(league: SimulatedLeague) -> None:
    wide = league.truth.filter(pl.col("market") == "1x2").pivot("selection", index="event_id", values="prob")
    assert (wide["home"] + wide["draw"] + wide["away"]).to_numpy() == pytest.approx(1, abs=1e-9)
    level = league.truth.filter((pl.col("market") == "asian_handicap") & (pl.col("line") == 0.0))
    both = level.filter(pl.col("selection") == "home").join(wide, on="event_id")
    assert both["prob"].to_numpy() == pytest.approx(both["home"].to_numpy(), abs=1e-12)
    assert both["prob_void"].to_numpy() == pytest.approx(both["draw"].to_numpy(), abs=1e-12)


def book(quotes: pl.DataFrame, bookmaker: str, market: str, instant: str) -> pl.DataFrame:
    rows = quotes.filter(bookmaker=bookmaker, market=market, instant=instant)
    return rows.pivot("selection", index=["event_id", "line"], values="odds").sort("event_id")


@pytest.mark.parametrize(("bookmaker", "margin"), [("pinnacle", 0.025), ("biased", 0.06)])
@pytest.mark.parametrize("market", ["1x2", "totals", "asian_handicap", "btts"])
def test_margins_are_as_set(quotes: pl.DataFrame, bookmaker: str, margin: float, market: str) -> None:
    for instant in ("open", "close"):
        odds = book(quotes, bookmaker, market, instant).select(SELECTIONS[market]).to_numpy()
        assert (1 / odds).sum(axis=1).mean() - 1 == pytest.approx(margin, abs=0.001)


def test_planted_edges_have_the_stated_size(
    league: SimulatedLeague, quotes: pl.DataFrame, settled: pl.DataFrame
) -> None:
    assert dict(league.planted.schema) == PLANTED
    on = [*KEY, "bookmaker", "instant"]
    quoted = league.planted.join(quotes, on=on, how="inner", nulls_equal=True, suffix="_quoted")
    assert len(quoted) == len(league.planted)
    assert (quoted["odds"] == quoted["odds_quoted"]).all()
    for market, returned in (("1x2", 1.0), ("asian_handicap", 0.8)):
        rows = league.planted.filter(market=market).join(settled, on=KEY, nulls_equal=True)
        assert 4000 < len(rows) < 5200  # half of the matches
        assert rows["edge_frac"].mean() == pytest.approx(0.10 * returned, abs=0.02)
        profit = payoff(rows["state"].to_numpy(), rows["odds"].to_numpy())
        error = profit.std() / np.sqrt(len(profit))
        assert abs(profit.mean() - rows["edge_frac"].to_numpy().mean()) < 3 * error
        assert profit.mean() > 2 * error


def log_loss(league: SimulatedLeague, quotes: pl.DataFrame, bookmaker: str, instant: str) -> float:
    """Mean log loss of a bookmaker's fair probabilities, less that of the true probabilities."""
    wide = book(quotes, bookmaker, "1x2", instant)
    fair = fair_probabilities(wide.select(SELECTIONS["1x2"]).to_numpy())
    truth = league.truth.filter(market="1x2").pivot("selection", index="event_id", values="prob").sort("event_id")
    true = truth.select(SELECTIONS["1x2"]).to_numpy()
    return float((true * np.log(true / fair)).sum(axis=1).mean())


def test_the_close_is_sharper_than_the_opening_and_the_sharp_book_sharper_than_the_slow_one(
    league: SimulatedLeague, quotes: pl.DataFrame
) -> None:
    assert log_loss(league, quotes, "pinnacle", "close") < 0.5 * log_loss(league, quotes, "pinnacle", "open")
    assert log_loss(league, quotes, "pinnacle", "close") < 0.5 * log_loss(league, quotes, "slow", "close")


def test_a_longshot_bias_shows_in_the_prices(league: SimulatedLeague, quotes: pl.DataFrame) -> None:
    rows = quotes.filter(bookmaker="biased", market="1x2", instant="close").join(league.truth, on=KEY, nulls_equal=True)
    edge = rows.select(pl.col("odds"), edge=pl.col("odds") * pl.col("prob") - 1)
    short, long = (edge.filter(where)["edge"].mean() for where in (pl.col("odds") < 1.8, pl.col("odds") > 6))
    assert short > long + 0.05  # type: ignore[operator]


def test_aggregates_match_the_bookmakers(quotes: pl.DataFrame) -> None:
    named = quotes.filter(~pl.col("bookmaker").is_in(["max", "avg"]))
    expected = named.group_by([*KEY, "instant"]).agg(top=pl.col("odds").max(), mean=pl.col("odds").mean())
    for name, column, slack in (("max", "top", 0.0), ("avg", "mean", 0.00501)):
        rows = quotes.filter(bookmaker=name).join(expected, on=[*KEY, "instant"], nulls_equal=True)
        assert len(rows) == len(expected)
        assert (rows["odds"] - rows[column]).abs().max() <= slack  # type: ignore[operator]
    assert {
        b.quotes.filter(bookmaker="max").height for b in simulate(dataclasses.replace(SMALL, aggregates=False))
    } == {0}


def test_opening_only_and_a_book_of_one_market() -> None:
    narrow = Bookmaker("narrow", 0.05, markets=("1x2",))
    batch = simulate(dataclasses.replace(SMALL, closing=False, snapshots=0, bookmakers=(narrow,)))[0]
    assert batch.quotes["instant"].unique().to_list() == ["open"]
    assert batch.quotes["market"].unique().to_list() == ["1x2"]


def test_the_truth_can_be_saved_to_its_own_files(league: SimulatedLeague, tmp_path: Path) -> None:
    league.save_truth(tmp_path / "truth")
    assert_frame_equal(pl.read_parquet(tmp_path / "truth" / "truth-A.parquet"), league.truth)
    assert_frame_equal(pl.read_parquet(tmp_path / "truth" / "planted-A.parquet"), league.planted)


@pytest.mark.parametrize(
    "change",
    [
        {"teams": 5},
        {"teams": 28},
        {"seasons": 0},
        {"seed": -1},
        {"snapshots": -1},
        {"competitions": ()},
        {"competitions": ("A", "A")},
        {"bookmakers": ()},
        {"bookmakers": (Bookmaker("max", 0.05),)},
        {"markets": ("corners",)},
        {"total_line": 2.4},
        {"first_season": 1000},
        {"planted": (PlantedEdge("nobody", "1x2", "home", 0.1),)},
        {"planted": (PlantedEdge("b365", "1x2", "over", 0.1),)},
    ],
)
def test_invalid_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="invalid simulator setting"):
        dataclasses.replace(SMALL, **change)  # type: ignore[arg-type]


def test_goal_probabilities_sum_to_one_and_match_a_brute_force_grid() -> None:
    """Each table of probabilities against a grid of scores that is summed cell by cell."""
    home, away, shared = np.array([1.6, 0.7]), np.array([1.1, 2.9]), 0.1
    a, b, c = (goals_of.poisson(rate) for rate in (home - shared, away - shared, np.full(2, shared)))
    grid = np.zeros((31, 31, 2))
    for x in range(16):
        for y in range(16):
            for z in range(16):
                grid[x + z, y + z] += a[x] * b[y] * c[z]
    ahead, total = goals_of.difference(home, away, shared), goals_of.total(home, away, shared)
    for k in range(-4, 5):
        assert ahead[goals_of.MOST + k] == pytest.approx(
            np.einsum("iik->ik", grid[max(k, 0) :, max(-k, 0) :][: 31 - abs(k), : 31 - abs(k)]).sum(axis=0), abs=1e-9
        )
    for k in range(9):
        assert total[k] == pytest.approx(sum(grid[i, k - i] for i in range(k + 1)), abs=1e-9)
    assert goals_of.both_score(home, away, shared) == pytest.approx(grid[1:, 1:].sum(axis=(0, 1)), abs=1e-9)
    assert ahead.sum(axis=0) == pytest.approx(1)
    assert total.sum(axis=0) == pytest.approx(1)
