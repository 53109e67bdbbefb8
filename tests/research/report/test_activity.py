"""When a path bet, and whether the betting stopped."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from research.report.activity import activity, betting, folds, stopped
from research.verdict.findings import Window

START = dt.date(2020, 1, 1)


def days(bets: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "date": [START + dt.timedelta(days=k) for k in range(len(bets))],
            "n_bets": bets,
            "pnl_minor": [0] * len(bets),
            "equity_start_minor": [1000] * len(bets),
        }
    )


def test_first_and_last_bet() -> None:
    when = activity(days([0, 2, 0, 3, 0]))
    assert when is not None and betting(when) == "5 bets from 2020-01-02 to 2020-01-04" and not when.stopped
    one = activity(days([0, 1]))
    assert one is not None and betting(one) == "1 bet on 2020-01-02"
    none = activity(days([0, 0]))
    assert none is not None and betting(none) == "no bet" and stopped(none, "#1") == ""
    assert activity(days([])) is None


@pytest.mark.parametrize(
    ("idle", "span", "found"),
    [(59, 400, False), (60, 400, True), (60, 601, False), (61, 601, True), (400, 1000, True)],
)
def test_the_betting_stopped_where_a_tenth_of_the_span_and_sixty_days_have_no_bet(
    idle: int, span: int, found: bool
) -> None:
    bets = [1] * (span + 1 - idle) + [0] * idle
    when = activity(days(bets))
    assert when is not None and (when.end - when.begin).days == span and when.stopped is found


def test_the_end_of_the_data_counts_and_not_that_of_the_days() -> None:
    when = activity(days([1, 1, 1]), START + dt.timedelta(days=800), {})
    assert when is not None and when.stopped
    assert stopped(when, "#7") == (
        "#7 placed its last bet on 2020-01-03, 2.2 years before the data end on 2022-03-11: there was no later "
        "opportunity."
    )


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (None, "."),
        ({"edge": 40, "odds_range": 10}, ": none of 50 later opportunities passed the filters (edge below the minimum "
         "80% and odds out of range 20%)."),
        ({"edge": 900, "breaker_drawdown": 30}, ": 30 later opportunities that passed the filters were refused "
         "(breaker: drawdown)."),
        ({"cash": 1}, ": 1 later opportunity that passed the filters was refused (no cash available)."),
        ({"cash": 3, "stake_minimum": 1}, ": 4 later opportunities that passed the filters were refused (no cash "
         "available 75% and stake below the minimum 25%)."),
    ],
)  # fmt: skip
def test_why_the_betting_stopped(after: dict[str, int] | None, why: str) -> None:
    when = activity(days([1, *[0] * 100]), after=after)
    assert when is not None
    assert (
        stopped(when, "It") == f"It placed its last bet on 2020-01-01, 100 days before the data end on 2020-04-10{why}"
    )


def test_bets_a_fold_and_why_there_are_none() -> None:
    def fold(config: int | None, bets: int, refused: dict[str, int]) -> Window:
        return Window("2020-01-01", "2020-02-01", config, None, bets, 0.0, 0.0, refused)

    windows = [fold(3, 1234, {}), fold(None, 0, {}), fold(3, 0, {}), fold(3, 0, {"edge": 2, "breaker_drawdown": 9})]
    assert folds(windows) == (
        "Bets a fold: 1,234, 0 (no configuration qualified), 0 (no opportunity), 0 (breaker: drawdown)"
    )
    none = fold(None, 0, {})
    assert folds([none, none, none, *windows]) == (
        "Bets a fold: none in 3 folds (no configuration qualified), 1,234, 0 (no configuration qualified), "
        "0 (no opportunity), 0 (breaker: drawdown)"
    )
    assert folds([windows[0], windows[0], none]) == "Bets a fold: 1,234, 1,234, 0 (no configuration qualified)"
