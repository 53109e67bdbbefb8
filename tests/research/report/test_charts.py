"""Charts of one configuration: units on the axes, an answer in words, the numbers as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from research.report import charts
from research.report.bankroll import under_water
from research.report.breakdown import yield_interval
from research.report.charts.parallel import BEST, OTHERS
from research.report.drawing import Scale, shorten, ticks
from research.report.figure import FULL, HALF, PHONE, Figure
from research.report.text import percent
from tests.research.report.made import bets, daily, reasons, results

LOG = bets()


def made_importance() -> Figure:
    """Importance of the parameters of a made leaderboard."""
    figure = charts.importance(results(), ["strategy.name", "strategy.edge_min", "staking.fraction"], "roi")
    assert figure is not None
    return figure


def made_parallel(count: int = 60) -> Figure:
    """The best among a made leaderboard."""
    figure = charts.parallel(results(count), ["strategy.name", "strategy.edge_min", "staking.fraction"], "roi")
    assert figure is not None
    return figure


MAKERS: dict[str, Callable[[], Figure]] = {
    "equity": lambda: charts.equity(daily(LOG), {"#2": daily(bets(seed=5)), "#3": daily(bets(seed=6))}, label="#1"),
    "short": lambda: charts.equity(daily(bets(60, days=40), days=40), label="#1", zone="Europe/London"),
    "months": lambda: charts.equity(daily(bets(60, days=200), days=200), label="#1"),
    "season": lambda: charts.yield_by(LOG, "season"),
    "competition": lambda: charts.yield_by(
        bets(3000, competitions=tuple(f"A long name {k}" for k in range(20))), "competition"
    ),
    "odds": lambda: charts.yield_by(LOG, "odds"),
    "month": lambda: charts.yield_by(LOG, "month"),
    "edge": lambda: charts.edge_against_yield(LOG),
    "clv-yield": lambda: charts.clv_against_yield(LOG),
    "clv": lambda: charts.clv_distribution(LOG),
    "tried": lambda: charts.tried(results(), int(results()["config"][0]), yield_interval(LOG, 0)),
    "few tried": lambda: charts.tried(results(12), int(results(12)["config"][0])),
    "funnel": lambda: charts.funnel(reasons(edge=900, breaker_streak=30, placed=70)),
    "importance": lambda: made_importance(),
    "parallel": lambda: made_parallel(),
    "map": lambda: charts.parameter_map(results(), "strategy.edge_min", "strategy.name"),
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("equity", ["equity, money", "drawdown, % of the peak", "#1", "#2", "#3"]),
        ("season", ["yield, % of turnover", "19/20"]),
        ("edge", ["expected edge, %", "as expected"]),
        ("clv-yield", ["closing line value, %", "yield = CLV"]),
        ("clv", ["bets", "closing line value, %", "mean"]),
        ("funnel", ["breaker: losing streak", "placed", "3.0%"]),
        ("map", ["strategy.edge_min (columns)", "strategy.name (rows)"]),
    ],
)
def test_a_chart_names_its_axes_and_lines(name: str, words: list[str]) -> None:
    figure = MAKERS[name]()
    assert figure.draw is not None
    drawn = figure.draw(FULL, "wide")
    for word in words:
        assert word in drawn, word


def test_in_sample_lines_are_dashed_and_small_groups_hollow() -> None:
    equity = MAKERS["equity"]()
    assert equity.draw is not None
    lines = [line for line in equity.draw(FULL, "wide").split("<") if line.startswith("polyline")]
    assert len(lines) == 6 and all("dashed" in line for line in lines)
    months = charts.yield_by(bets(500, days=300), "month")
    assert months.draw is not None and "hollow" in months.draw(HALF, "wide")


def test_numbers_of_bets_are_below_the_bars() -> None:
    figure = charts.yield_by(LOG, "season")
    assert figure.draw is not None and figure.numbers is not None
    for width in (HALF, PHONE):
        texts = [t.text for t in ElementTree.fromstring(figure.draw(width, "wide")).iter("text")]
        for row in figure.numbers.rows:
            assert row[1] in texts


def test_equity_of_the_table_is_bankroll_plus_profit() -> None:
    frame = daily(LOG)
    figure = charts.equity(frame, label="#1")
    assert figure.numbers is not None
    last = figure.numbers.rows[-1][3]
    assert last == f"{(1_000_000 + frame['pnl_minor'].sum()) / 100:,.0f}"


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (lambda: charts.equity(daily(LOG.clear())), "No bets were placed"),
        (lambda: charts.equity(daily(LOG).clear()), "No bets were placed"),
        (lambda: charts.yield_by(LOG.clear(), "month"), "No bets were placed"),
        (lambda: charts.edge_against_yield(LOG.clear()), "No bets were placed."),
        (lambda: charts.edge_against_yield(LOG.head(20)), "20 bets have an expected edge: too few for groups"),
        (
            lambda: charts.clv_against_yield(LOG.with_columns(clv=pl.lit(None, pl.Float64))),
            "No bet has a closing price",
        ),
        (lambda: charts.clv_distribution(LOG.with_columns(clv=pl.lit(None, pl.Float64))), "No bet has a closing price"),
        (lambda: charts.clv_distribution(LOG.clear()), "No bets were placed."),
        (lambda: charts.funnel(reasons()), "no opportunity"),
        (lambda: charts.tried(results().with_columns(n_bets=pl.lit(0)), 1), "Not one of 400 configurations"),
        (
            lambda: charts.parameter_map(results().with_columns(n_bets=pl.lit(0)), "strategy.name", "staking.fraction"),
            "No config",
        ),
    ],
)
def test_nothing_to_draw_is_put_into_words(figure: Callable[[], Figure], words: str) -> None:
    made = figure()
    assert made.draw is None and words in made.answer
    assert "<svg" not in made.html() and "nan" not in made.html().lower()


def test_one_bet_one_day_one_group() -> None:
    log = bets(1, days=1)
    for made in (
        charts.equity(daily(log, days=1), label="#1"),
        charts.yield_by(log, "odds"),
        charts.clv_distribution(log),
    ):
        assert "nan" not in made.html().lower()


def test_ticks_and_scales() -> None:
    assert ticks(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-0.07, 0.11, 4) == [-0.05, 0.0, 0.05, 0.1]
    assert ticks(3, 3, 5) == [3]
    assert Scale(0, 10, 100, 0)(2.5) == 75
    assert Scale(0, 10, 100, 0).clip(99) == 0
    assert Scale(1, 1, 0, 10)(1) == 5
    assert shorten("Brighton & Hove Albion", 60) == "Bright…"


def test_the_question_of_a_map_names_settings_as_a_reader_does() -> None:
    made = charts.parameter_map(results(), "strategy.edge_min", "strategy.name", "roi")
    assert made.question == "How does ROI depend on edge min and strategy?"
    assert " at edge min 0" in made.answer and " and strategy " in made.answer


def test_of_equal_cells_a_map_names_the_first() -> None:
    """However the rows are ordered and grouped: 400 cells with the same median."""
    places = [(a, b) for a in range(20) for b in range(20)]
    rows = pl.DataFrame([{"a": a, "b": b, "n_bets": 50, "yield": 0.05} for a, b in places])
    for seed in range(5):
        answer = charts.parameter_map(rows.sample(fraction=1.0, shuffle=True, seed=seed), "a", "b").answer
        assert " at a 0 and b 0, over 400 configurations in 400 cells." in answer


def test_the_small_print_of_regimes_says_how_they_turn() -> None:
    assert "regime a season" not in charts.yield_by(bets(), "regime").note, "bets alone do not know it"
    turns = {"changes_a_season": 2.25, "lag_days": 9.5}
    note = charts.yield_by(bets(), "regime", 0, turns).note
    assert "2.2 changes of regime a season, along all decisions" in note and "in hindsight: 9.5 (median)" in note
    assert "noticed" not in charts.yield_by(bets(), "regime", 0, turns | {"lag_days": None}).note


def test_regimes_over_time_are_spells_of_days() -> None:
    days = np.array([18_000, 18_002, 18_003, 18_010, 18_400, 18_401])
    known, late = np.array([-1, 0, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 1])
    figure = charts.regimes(days, known, late)
    assert figure.answer == (
        "Regime 0 was in force on 60% of the days, and 2 changes of regime were seen; hindsight has 1."
    )
    assert figure.numbers is not None and figure.numbers.rows == (
        ("as known", "2019-04-14", "2019-04-15", "2", "unknown"),
        ("as known", "2019-04-16", "2019-04-23", "8", "0"),
        ("as known", "2019-04-24", "2020-05-18", "391", "1"),
        ("as known", "2020-05-19", "2020-05-19", "1", "0"),
        ("in hindsight", "2019-04-14", "2019-04-16", "3", "0"),
        ("in hindsight", "2019-04-17", "2020-05-19", "399", "1"),
    )
    for drawing in figure.drawings():
        rectangles = [mark for mark in ElementTree.fromstring(drawing) if mark.tag.endswith("rect")]
        assert [mark.get("class") for mark in rectangles] == [
            "track", "state s1", "state s2", "state s1", "state s1", "state s2",
        ]  # fmt: skip
        width = sum(float(mark.get("width") or 0) for mark in rectangles[:4])
        assert width == pytest.approx(FULL if 'class="chart wide"' in drawing else PHONE, abs=0.5)
    assert charts.regimes(days, known).answer.endswith("2 changes of regime were seen.")
    assert "too few days" in charts.regimes(days, np.full(6, -1)).answer


def test_the_longest_time_under_water_by_hand() -> None:
    profit = [5, -1, -1, 2, 3, -4, 1, 1, 1, 2, -1]  # below the peak on days 1-2 (day 3 reaches it again), 5-8, 10
    start = dt.date(2020, 1, 1)
    frame = pl.DataFrame({"pnl_minor": profit, "date": [start + dt.timedelta(days=k) for k in range(11)]})
    frame = frame.with_columns(equity_start_minor=100 + pl.col("pnl_minor").cum_sum() - pl.col("pnl_minor"))
    assert under_water(frame) == (4, start + dt.timedelta(days=5), True)
    assert under_water(frame.tail(1)) == (1, start + dt.timedelta(days=10), False)
    assert under_water(frame.head(1)) == (0, None, True)
    equity, peak, longest, now = 100, 100, 0, 0
    made = daily(LOG)
    equity = peak = int(made["equity_start_minor"][0])
    for one in made["pnl_minor"]:
        equity += one
        peak = max(peak, equity)
        now = now + 1 if equity < peak else 0
        longest = max(longest, now)
    assert under_water(made)[0] == longest > 10
    assert f"Longest time under water: {longest:,} days from " in MAKERS["equity"]().note


def test_rolling_yield_is_that_of_each_window() -> None:
    figure = charts.rolling_yield(LOG)
    assert figure.numbers is not None and len(figure.numbers.rows) == 4
    for place, row in enumerate(figure.numbers.rows):
        part = LOG.slice(300 * place, 300)
        wanted = part["pnl_minor"].sum() / part["stake_minor"].sum()
        assert row[0] == f"{part['date'][0]} to {part['date'][-1]}" and row[2] == percent(wanted)
    every = [
        LOG[k : k + 300]["pnl_minor"].sum() / LOG[k : k + 300]["stake_minor"].sum() for k in range(LOG.height - 299)
    ]
    assert f"between {percent(min(every))} and {percent(max(every))}" in figure.answer
    assert f"ended at {percent(every[-1])}." in figure.answer
    assert charts.rolling_yield(LOG.head(199)).draw is None and charts.rolling_yield(LOG.head(200)).draw is not None


def test_months_add_up_to_their_year() -> None:
    made = daily(LOG)
    figure = charts.monthly(made)
    assert figure.numbers is not None
    march = made.filter((pl.col("date").dt.year() == 2021) & (pl.col("date").dt.month() == 3))
    year = made.filter(pl.col("date").dt.year() == 2021)
    row = next(row for row in figure.numbers.rows if row[0] == "2021")
    assert row[3] == percent(march["pnl_minor"].sum() / march["equity_start_minor"][0])
    assert row[13] == percent(
        (year["equity_start_minor"][-1] + year["pnl_minor"][-1]) / year["equity_start_minor"][0] - 1
    )
    assert figure.draw is not None and figure.draw(FULL, "wide").count('class="cell') == 12 * len(figure.numbers.rows)
    first = next(row for row in figure.numbers.rows if row[0] == "2019")
    assert first[1:8] == ("–",) * 7, "the log starts in August"


@pytest.mark.parametrize("by", ["market", "selection", "bookmaker"])
def test_groups_by_name_hold_their_bets(by: str) -> None:
    figure = charts.yield_by(LOG, by)
    assert figure.numbers is not None and len(figure.numbers.rows) == LOG[by].n_unique() > 1
    for row in figure.numbers.rows:
        part = LOG.filter(pl.col(by) == row[0])
        assert row[1] == f"{part.height:,}" and row[3] == percent(part["pnl_minor"].sum() / part["stake_minor"].sum())


def test_importance_is_the_adjusted_r_squared_of_each_parameter() -> None:
    rng = np.random.default_rng(3)
    edge, name, noise = np.arange(600) % 6, np.arange(600) // 6 % 2, rng.normal(0, 1, 600)
    frame = pl.DataFrame({"edge": edge, "name": np.where(name, "a", "b"), "idle": rng.integers(0, 5, 600)})
    frame = frame.with_columns(n_bets=pl.lit(9), **{"yield": edge * 1.0 + 2.0 * name + noise})
    figure = charts.importance(frame, list(frame.columns[:3]))
    assert figure is not None and figure.numbers is not None
    shares = {row[0]: row[2] for row in figure.numbers.rows}
    for key, codes in (("edge", edge), ("name", name), ("idle", frame["idle"].to_numpy())):
        dummies = np.eye(codes.max() + 1)[codes]  # a regression on dummies is the independent account
        y = frame["yield"].to_numpy()
        residual = y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0]
        r2 = 1 - (residual @ residual / (600 - dummies.shape[1])) / (np.var(y, ddof=1))
        assert shares[key] == percent(max(0.0, r2))
    assert next(iter(shares)) == "edge" and float(shares["idle"].rstrip("%")) < 2
    assert charts.importance(frame, ["edge"]) is None
    assert charts.importance(frame.with_columns(n_bets=pl.lit(0)), ["edge", "name"]) is None
    flat = charts.importance(frame.with_columns(pl.lit(1.0).alias("yield")), ["edge", "name"])
    assert flat is not None and flat.answer.startswith("No parameter explains")


def test_the_best_are_drawn_over_others_that_are_the_same_each_time() -> None:
    rng = np.random.default_rng(3)
    edge, name = np.arange(600) % 30 / 100, np.where(np.arange(600) // 30 % 2, "a", "b")
    frame = pl.DataFrame({"config": np.arange(600), "edge": edge, "name": name, "n_bets": np.arange(600)})
    frame = frame.with_columns(pl.Series("yield", (name == "a") + rng.normal(0, 0.1, 600)))
    figure = charts.parallel(frame, ["edge", "name"], fewest=100, seed=1)
    assert figure is not None and figure.draw is not None and figure.numbers is not None
    assert figure.answer == "The 20 best by yield of 500 configurations with at least 100 bets all have name a."
    drawn = figure.draw(FULL, "wide")
    assert drawn.count("series s1 best") == BEST and drawn.count("series rest") == OTHERS
    again = charts.parallel(frame.reverse(), ["edge", "name"], fewest=100, seed=1)
    assert again is not None and again.draw is not None and again.draw(FULL, "wide") == drawn
    other = charts.parallel(frame, ["edge", "name"], fewest=100, seed=2)
    assert other is not None and other.draw is not None and other.draw(FULL, "wide") != drawn
    best = frame.filter(pl.col("n_bets") >= 100).sort("yield", descending=True).head(BEST)
    assert ("name", f"a: {(best['name'] == 'a').sum()}") == figure.numbers.rows[0][:2]
    assert charts.parallel(frame, ["edge"]) is None and charts.parallel(frame.head(BEST), ["edge", "name"]) is None
    downwards = charts.parallel(
        frame.with_columns(max_drawdown_frac=-pl.col("yield")), ["edge", "name"], "max_drawdown_frac"
    )
    assert downwards is not None and "all have name a" in downwards.answer
