"""The packed bets and days of a configuration: every value can be unpacked, the last bets are kept, and it is said."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from research.report.bankroll import balance, bands
from research.report.data import Configuration
from research.report.pack import script_json
from research.report.sheets import BETS, bets_line, pack_sheet, whole
from tests.research.report.made import bets, configuration


def raw(column: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(column["data"]), f"<{column['type']}")


def numbers(column: dict[str, Any]) -> Any:
    """Values of a column of `whole`, NaN where it has none."""
    found = raw(column).astype(float)
    least = {"i2": -(2.0**15), "i4": -(2.0**31)}.get(column["type"], np.nan)
    return np.where(found == least, np.nan, found) / column["parts"]


def words(column: dict[str, Any]) -> list[str]:
    return [column["texts"][place] for place in raw(column)]


def packed(data: Configuration) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(script_json(pack_sheet(data)))
    return found


def named(log: pl.DataFrame) -> pl.DataFrame:
    """The log with the columns of a run that constructed data lack."""
    row = pl.int_range(pl.len())
    return log.with_columns(
        home=pl.format("Team {}", row % 7),
        away=pl.format("Guest {}", row % 5),
        side=pl.when(row % 4 == 0).then(pl.lit("lay")).otherwise(pl.lit("back")),
        line=pl.when(pl.col("market") == "totals").then(2.5),
        odds_placed=pl.col("odds") - 0.011,
        state=pl.when(row == 3).then(pl.lit("half_win")).otherwise("state"),
        pnl_minor=pl.when(row == 5).then(None).otherwise("pnl_minor"),
    )


def test_bets_are_unpacked_unchanged() -> None:
    log = named(bets())
    found = packed(configuration(3, log))
    assert found["rows"] == found["total"] == 1200 and found["config"] == 3
    of = found["numbers"]
    np.testing.assert_array_equal(numbers(of["date"]), log["date"].cast(pl.Int32).to_numpy())
    np.testing.assert_allclose(numbers(of["odds"]), log["odds_placed"].to_numpy(), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(numbers(of["stake"]), log["stake_minor"].to_numpy())
    np.testing.assert_array_equal(numbers(of["profit"]), log["pnl_minor"].cast(pl.Float64).to_numpy())
    np.testing.assert_allclose(numbers(of["clv"]), log["clv"].to_numpy(), rtol=0, atol=0.5001e-4)
    texts = {name: words(column) for name, column in found["words"].items()}
    assert texts["home"] == log["home"].to_list() and texts["away"] == log["away"].to_list()
    assert texts["market"][:3] == ["totals 2.5", "1x2", "1x2"]
    assert texts["selection"][:5] == ["lay over", "home", "away", "over", "lay home"]
    assert texts["bookmaker"] == log["bookmaker"].to_list()
    assert texts["result"][3] == "half win" and texts["result"][5] == "open"


def test_an_event_without_names_has_its_id() -> None:
    log = bets(20)
    assert words(packed(configuration(3, log))["words"]["event_id"]) == [str(one) for one in log["event_id"]]


def test_there_is_no_closing_line_value_where_no_bet_has_one() -> None:
    log = bets(20).with_columns(clv=pl.lit(None, pl.Float64))
    assert "clv" not in packed(configuration(3, log))["numbers"]


def test_the_last_bets_are_kept_and_the_page_says_so() -> None:
    data = configuration(17, bets(BETS + 300))
    found = packed(data)
    assert (found["rows"], found["total"]) == (BETS, BETS + 300)
    np.testing.assert_array_equal(numbers(found["numbers"]["stake"]), data.bets["stake_minor"].to_numpy()[300:])
    assert bets_line(data, "3f2a").startswith(
        'The last 2,000 of 2,300 bets; `research.open_run("3f2a").bets(17)` has all of them.'
    )
    few = configuration(17, named(bets(40)))
    assert bets_line(few, "3f2a").startswith("40 bets. ") and bets_line(few, "3f2a").endswith("the liability.")


def test_days_give_the_equity_and_the_fan_of_the_drawing() -> None:
    data = configuration(3, **{"staking.name": "kelly"})
    days = packed(data)["days"]
    money = np.zeros(days["count"] + 1)
    money[0] = days["opening"]
    money[numbers(days["place"]).astype(int) + 1] = numbers(days["pnl"])
    np.testing.assert_array_equal(np.cumsum(money), balance(data.daily))
    fan = bands(data.daily, data.seed, compounds=True)
    for column, quantile in zip(days["bands"], (0, 1, 3, 4), strict=True):
        np.testing.assert_allclose(numbers(column), fan[quantile], rtol=0, atol=0.5)
    assert days["first"] == data.daily["date"].cast(pl.Int32)[0] and not days["log"]
    assert days["floor"] == 10_000


def test_a_path_of_decades_starts_with_the_logarithmic_scale() -> None:
    data = configuration(3)
    grown = data.daily.with_columns(pnl_minor=pl.when(pl.int_range(pl.len()) == 9).then(20_000_000).otherwise(0))
    assert packed(replace(data, daily=grown))["days"]["log"]


def test_the_lines_of_two_other_configurations_are_named() -> None:
    data = configuration(3)
    assert packed(replace(data, others=dict.fromkeys(("#9", "#8", "#7"), data.daily)))["others"] == ["#9", "#8"]


def test_without_bets_there_is_no_drawing_and_no_table() -> None:
    data = configuration(3, bets().clear())
    found = packed(data)
    assert found["rows"] == 0 and found["days"] is None and bets_line(data, "3f2a") == ""


@pytest.mark.parametrize(
    ("values", "parts", "form"),
    [
        ([], 1, "i2"),
        ([float("nan")], 1, "i2"),
        ([32_767.0, -32_767.0, float("nan")], 1, "i2"),
        ([32_768.0, float("nan")], 1, "i4"),
        ([-(2.0**31) + 1, 1.5], 1, "i4"),
        ([2.0**31, float("nan")], 1, "f8"),
        ([1.943, 33.0, float("nan")], 1000, "i4"),
        ([-0.0001, 3.2767], 10_000, "i2"),
    ],
)
def test_whole_parts_take_the_smallest_type_that_holds_them(values: list[float], parts: int, form: str) -> None:
    column = whole(values, parts)
    assert column["type"] == form
    np.testing.assert_allclose(numbers(column), np.rint(np.array(values) * parts) / parts, rtol=1e-12)
