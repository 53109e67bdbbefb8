"""The inputs of each day against plain loops over the quotes."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.asof.view import build_view
from engine.schema import AGGREGATES, SELECTIONS
from research.regimes.series import INPUTS, day_series
from tests.property.markets import world

NAMES = SELECTIONS["1x2"]


def by_hand(events: pl.DataFrame, quotes: pl.DataFrame) -> dict[int, dict[str, float]]:
    """Mean of each day, from dictionaries."""
    books: dict[Any, dict[str, float]] = defaultdict(dict)
    for row in quotes.iter_rows(named=True):
        if row["market"] == "1x2" and row["side"] == "back" and row["bookmaker"] not in AGGREGATES:
            books[row["event_id"], row["decided_at"], row["bookmaker"]][row["selection"]] = row["odds"]
    whole = {key: [book[name] for name in NAMES] for key, book in books.items() if len(book) == 3}
    found: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    decisions, before = defaultdict(list), dict[Any, list[float]]()
    for (event, decided, bookmaker), odds in sorted(whole.items()):
        day = int(decided.timestamp() // 86400)
        found[day]["overround"].append(sum(1 / price for price in odds) - 1)
        decisions[event, decided].append(odds)
        if (event, bookmaker) in before:
            moves = [abs(math.log(a / b)) for a, b in zip(odds, before[event, bookmaker], strict=True)]
            found[day]["volatility"].append(statistics.mean(moves))
        before[event, bookmaker] = odds
    last: dict[int, list[list[float]]] = {}
    for (event, decided), every in decisions.items():
        last[event] = every
        if len(every) > 1:
            spreads = [statistics.stdev(math.log(odds[i]) for odds in every) for i in range(3)]
            found[int(decided.timestamp() // 86400)]["dispersion"].append(statistics.mean(spreads))
    for row in events.filter(pl.col("status") == "played").iter_rows(named=True):
        day = int(row["settled_at"].timestamp() // 86400)
        found[day]["home_advantage"].append({"home": 1, "draw": 0, "away": -1}[row["winner"]])
        if row["event_id"] in last:
            fair = [statistics.mean(1 / o[i] / sum(1 / x for x in o) for o in last[row["event_id"]]) for i in range(3)]
            favourite = fair.index(max(fair))
            found[day]["favourites"].append((row["winner"] == NAMES[favourite]) - fair[favourite])
    return {day: {name: statistics.mean(values) for name, values in row.items()} for day, row in found.items()}


def test_each_day_is_that_of_a_plain_loop() -> None:
    events, quotes = world(5, 40)
    view = build_view(events, quotes)
    series = day_series(events, view.quotes)
    expected = by_hand(events, view.quotes)
    assert series["day"].to_list() == sorted(expected) and series.columns == ["day", *INPUTS]
    for row in series.iter_rows(named=True):
        for name in INPUTS:
            known = expected[row["day"]].get(name)
            assert math.isnan(row[name]) if known is None else row[name] == pytest.approx(known, abs=1e-12), name
    assert all(series[name].is_not_nan().sum() > 10 for name in INPUTS[:-1]) and series["clv"].is_nan().all()


def test_the_closing_line_value_of_a_bet_is_known_when_its_event_is_settled() -> None:
    events, quotes = world(5, 40)
    view = build_view(events, quotes)
    settled = {row["event_id"]: row for row in events.iter_rows(named=True)}
    bets = pl.DataFrame({"event_id": [7, 3, 7, 12, 5], "clv": [0.1, -0.2, 0.4, 0.3, 0.6]})
    by_day: dict[int, list[float]] = defaultdict(list)
    for event, value in bets.iter_rows():
        if settled[event]["status"] == "played" and settled[event]["settled_at"] is not None:
            by_day[int(settled[event]["settled_at"].timestamp() // 86400)].append(value)
    series = day_series(events, view.quotes, "1x2", bets)
    found = {day: value for day, value in series.select("day", "clv").iter_rows() if not math.isnan(value)}
    assert found == {day: pytest.approx(statistics.mean(values)) for day, values in by_day.items()} and len(found) > 2
    assert series.drop("clv").equals(day_series(events, view.quotes).drop("clv"))


def test_no_order_of_rows_matters_and_a_day_does_not_change_with_later_ones() -> None:
    events, quotes = world(6, 40)
    view = build_view(events, quotes).quotes
    whole = day_series(events, view)
    shuffled = day_series(
        events.sample(fraction=1, shuffle=True, seed=1), view.sample(fraction=1, shuffle=True, seed=2)
    )
    assert whole.equals(shuffled)
    day = int(whole["day"][12])
    cut = pl.lit(day * 86_400_000_000_000)
    early = day_series(
        events.filter(pl.col("settled_at").dt.cast_time_unit("ns").cast(pl.Int64) < cut),
        view.filter(pl.col("decided_at").cast(pl.Int64) < cut),
    )
    assert early.equals(whole.filter(pl.col("day") < day)) and early.height == 12


def test_without_quotes_or_results_there_are_fewer_numbers() -> None:
    events, quotes = world(6, 10)
    view = build_view(events, quotes).quotes
    only = day_series(events, view.clear())
    assert (
        only["home_advantage"].is_not_nan().all()
        and only.select("overround", "dispersion", "volatility", "favourites").to_numpy().tolist()
        == [[pytest.approx(np.nan, nan_ok=True)] * 4] * only.height
    )
    assert day_series(events.clear(), view)["favourites"].is_nan().all()
    assert day_series(events.clear(), view.clear()).height == 0
