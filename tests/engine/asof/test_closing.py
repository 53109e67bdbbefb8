"""Fair closing probabilities: which prices are closing prices, and which books are complete."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from engine.asof.closing import fair_closing
from engine.schema import SELECTIONS
from tests.property.markets import FIRST, _event, _quote, frames, world

START = FIRST + timedelta(hours=12)


def at(minutes: int) -> tuple[str, object]:
    return "snapshot", START - timedelta(minutes=minutes)


def closing(quotes: list[tuple[object, ...]], method: str = "multiplicative") -> dict[tuple[object, ...], float]:
    table = fair_closing(*frames([_event(1, START, "L", "played", (1, 0))], quotes), "pinnacle", method)
    return {row[:-1]: row[-1] for row in table.drop("event_id").iter_rows()}


def book(line: float | None, kind: object, odds: tuple[float, ...], market: str = "totals") -> list[tuple[object, ...]]:
    names = SELECTIONS[market]
    return [
        _quote(1, market, line, name, "pinnacle", kind, price)  # type: ignore[arg-type]
        for name, price in zip(names, odds, strict=True)
    ]


def test_the_closing_price_without_its_margin() -> None:
    found = closing(book(2.5, ("close", START), (2.0, 1.8)) + book(2.5, at(60), (3.0, 1.4)))
    assert found[("totals", 2.5, "over")] == pytest.approx((1 / 2.0) / (1 / 2.0 + 1 / 1.8), abs=1e-15)
    assert sum(found.values()) == pytest.approx(1.0)


def test_without_a_closing_quote_the_last_snapshot_until_the_start_counts() -> None:
    rows = book(2.5, at(60), (3.0, 1.4)) + book(2.5, at(0), (2.0, 2.0)) + book(2.5, at(-5), (9.0, 1.1))
    assert closing(rows) == {("totals", 2.5, "over"): 0.5, ("totals", 2.5, "under"): 0.5}


def test_a_line_that_moved_away_has_no_closing_price() -> None:
    rows = book(2.5, at(60), (2.0, 2.0)) + book(2.75, at(10), (2.0, 2.0))
    assert {key[1] for key in closing(rows)} == {2.75}
    rows = book(2.5, at(10), (2.0, 2.0)) + book(2.75, at(10), (2.0, 2.0))
    assert {key[1] for key in closing(rows)} == {2.5, 2.75}


def test_an_incomplete_book_has_no_closing_probability() -> None:
    assert closing(book(2.5, ("close", START), (2.0, 1.8))[:1]) == {}


def test_other_bookmakers_lays_and_unlisted_markets_do_not_count() -> None:
    rows = book(None, ("close", START), (2.0, 2.0), "moneyline")
    others = [(*row[:4], "aaa", *row[5:]) for row in rows] + [(*row[:5], "lay", *row[6:]) for row in rows]
    score = [_quote(1, "correct_score", None, "1-0", "pinnacle", ("close", START), 8.0)]
    assert closing(others + score) == {}
    assert len(closing(others + score + rows)) == 2


def test_probabilities_sum_to_one_with_any_method_and_any_order_of_rows() -> None:
    events, quotes = world(1, 20)
    for method in ("power", "shin"):
        table = fair_closing(events, quotes, "pinnacle", method)
        assert table.equals(fair_closing(events, quotes.sample(fraction=1, shuffle=True, seed=3), "pinnacle", method))
        sums = table.group_by("event_id", "market", "line").agg(pl.col("close_prob").sum())["close_prob"]
        assert (sums - 1).abs().max() < 1e-9  # type: ignore[operator]
    assert len(table) > 50


def test_no_quotes_no_rows() -> None:
    assert closing([]) == {}


def test_two_selections_of_double_chance_win_together() -> None:
    rows = book(None, ("close", START), (1.3, 1.3, 1.6), "double_chance")
    found = closing(rows)
    assert sum(found.values()) == pytest.approx(2.0)
    share = (1 / 1.3) / (2 / 1.3 + 1 / 1.6)
    assert found["double_chance", None, "1x"] == pytest.approx(2 * share)
    for method in ("additive", "power", "odds_ratio", "goto"):
        assert sum(closing(rows, method).values()) == pytest.approx(2.0)
    assert closing(rows, "shin") == {}


def test_a_market_with_an_open_list_of_selections_has_no_fair_price() -> None:
    rows = [_quote(1, "correct_score", None, name, "pinnacle", ("close", START), 8.0) for name in ("1-0", "0-0")]
    assert closing(rows) == {}
