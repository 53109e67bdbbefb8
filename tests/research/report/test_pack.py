"""The packed leaderboard: every value can be unpacked, whatever the size."""

from __future__ import annotations

import base64
import json

import numpy as np
import polars as pl
import pytest

from research.report.gather import distinguishing
from research.report.naming import short_key, value_text
from research.report.pack import ROWS, kept_rows, pack, script_json, standard_errors
from research.report.text import MEASURES
from tests.research.report.made import bets, configuration, report, results


def test_values_are_unpacked_unchanged() -> None:
    data = report()
    packed = json.loads(script_json(pack(data)))
    assert packed["rows"] == packed["total"] == 400
    assert np.frombuffer(base64.b64decode(packed["config"]), "<i4").tolist() == data.results["config"].to_list()
    for one in packed["measures"]:
        found = np.frombuffer(base64.b64decode(one["data"]), f"<{one['type']}").astype(float)
        expected = data.results[one["name"]].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        np.testing.assert_allclose(found, expected, rtol=0)
    for one in packed["parameters"]:
        index = np.frombuffer(base64.b64decode(one["data"]), f"<{one['type']}")
        assert [one["texts"][k] for k in index] == [value_text(v) for v in data.results[one["key"]].to_list()]


def test_measures_that_are_zero_everywhere_are_left_out() -> None:
    names = [one["name"] for one in pack(report())["measures"]]
    assert "n_void" not in names and names[:3] == ["yield", "roi", "pnl_minor"]


def test_a_large_run_keeps_the_best_and_the_neighbours_of_the_best() -> None:
    data = report(count=60_000)
    board = kept_rows(data)
    assert board.height <= ROWS
    assert board.head(10_000).equals(data.results.head(10_000))
    first = data.results.row(0, named=True)
    near = data.results.filter(
        pl.sum_horizontal([pl.col(k).ne_missing(pl.lit(first[k])).cast(pl.Int32) for k in data.keys]) <= 1
    )
    assert near.height > 1 and set(near["config"].head(8000)) <= set(board["config"])


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "&amp;", "\ud800"])
def test_no_text_ends_the_script_element(text: str) -> None:
    made = script_json({"name": text})
    assert not set("<>&\u2028\u2029") & set(made)
    made.encode()
    if text != "\ud800":
        assert json.loads(made) == {"name": text}


def test_values_as_text() -> None:
    assert value_text(0.05) == "0.05"
    assert value_text(0.1 + 0.2) == "0.3"
    assert value_text(1_000_000.0) == "1,000,000"
    assert value_text(True) == "yes"
    assert value_text(-0.25) == "\u22120.25"
    assert value_text(["1x2", "totals"]) == "1x2, totals"
    assert value_text({"betfair": 0.02}) == "betfair 0.02"
    assert value_text(None) == "–"
    assert short_key("strategy.edge_min") == "edge min" and short_key("staking.name") == "staking"
    assert MEASURES["yield"].head == "yield, %"


def test_standard_errors() -> None:
    log = bets()
    found = standard_errors(configuration(1, log))
    sums = log.group_by("event_id").agg(pl.col("pnl_minor").sum())["pnl_minor"].to_numpy()
    assert found["roi"] == pytest.approx(np.sqrt(len(sums)) * sums.std(ddof=1) / 1_000_000)
    assert found["yield"] == pytest.approx(found["roi"] * 1_000_000 / log["stake_minor"].sum(), rel=0.1)
    assert 0.001 < found["clv_mean"] < 0.003
    assert standard_errors(configuration(1, log.clear())) == {}


def test_keys_that_distinguish_configurations() -> None:
    board = results(40).with_columns(pl.lit(1).alias("risk.cap"), (pl.col("config") % 2).alias("strategy.pick"))
    keys = ["strategy.name", "strategy.pick", "strategy.edge_min", "staking.fraction", "risk.cap"]
    assert distinguishing(board, keys, ["strategy.edge_min"]) == [
        "strategy.name",
        "strategy.edge_min",
        "staking.fraction",
    ]
    assert distinguishing(board.head(1), keys, []) == ["strategy.name"]
