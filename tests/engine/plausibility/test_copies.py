"""Books that are equal at opening and close."""

from __future__ import annotations

import math

import polars as pl
import pytest

from engine.plausibility.copies import FEWEST_COPIES, copied, still_books, upper_tail


def quotes(
    events: int, *, moved: int = 0, book: str = "b1", market: str = "totals", side: str = "back"
) -> pl.DataFrame:
    rows = [
        (event, market, 2.5, selection, book, side, instant, 1.9 + (event < moved and instant == "close") * 0.01)
        for event in range(events)
        for selection in ("over", "under")
        for instant in ("open", "close")
    ]
    columns = ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "odds"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def test_books_are_counted_and_one_moved_price_is_enough() -> None:
    both = still_books(pl.concat([quotes(30), quotes(30, moved=1, book="b2"), quotes(30, book="b3", side="lay")]))
    assert both.height == 60
    assert copied(both, ["bookmaker"]).rows() == [("b1", 30, 30)]
    half = quotes(5).filter((pl.col("instant") == "open") | (pl.col("selection") == "over"))
    assert still_books(half).height == 5, "a book with one price of both kinds counts"


def test_how_many_make_a_report() -> None:
    assert copied(still_books(quotes(FEWEST_COPIES - 1)), ["bookmaker"]).is_empty()
    assert copied(still_books(quotes(FEWEST_COPIES)), ["bookmaker"]).rows() == [("b1", 20, 20)]
    assert copied(still_books(quotes(100, moved=1)), ["bookmaker"]).rows() == [("b1", 100, 99)]
    assert copied(still_books(quotes(100, moved=2)), ["bookmaker"]).is_empty()


def test_only_openings_or_only_closings_say_nothing() -> None:
    assert still_books(quotes(40).filter(pl.col("instant") == "open")).is_empty()
    without_line = quotes(25).with_columns(line=pl.lit(None, pl.Float64))
    assert copied(still_books(without_line), ["bookmaker"]).height == 1


def test_the_binomial_tail() -> None:
    for n, k, p in ((10, 9, 0.5), (20, 20, 0.9), (7, 0, 0.3)):
        exact = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
        assert upper_tail(n, k, p) == pytest.approx(exact, rel=1e-12)
