"""Returns of bets at fair closing odds, and sums of them that add up over the parts of a store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from engine.asof.calibration import ALL, BANDS, SUMS, band_of, closing_returns, sums_of
from engine.schema import SELECTIONS
from tests.property.markets import FIRST, _event, _quote, frames

START = FIRST + timedelta(hours=12)
CLOSE = ("close", START)


def book(event: int, market: str, line: float | None, odds: tuple[float, ...]) -> list[tuple[object, ...]]:
    names = SELECTIONS[market]
    return [_quote(event, market, line, name, "pinnacle", CLOSE, o) for name, o in zip(names, odds, strict=True)]


def returns(events: list[tuple[object, ...]], quotes: list[tuple[object, ...]]) -> pl.DataFrame:
    return closing_returns(*frames(events, quotes), "pinnacle", "multiplicative")


def test_a_winner_pays_the_fair_odds_and_a_loser_costs_one() -> None:
    found = returns([_event(1, START, "L", "played", (2, 0))], book(1, "1x2", None, (2.0, 4.0, 4.0)))
    rows = {row["selection"]: row for row in found.iter_rows(named=True)}
    assert rows["home"]["profit"] == pytest.approx(1.0)
    assert (rows["draw"]["profit"], rows["away"]["profit"]) == (-1.0, -1.0)
    assert [rows[name]["band"] for name in ("home", "draw", "away")] == [
        1,
        3,
        3,
    ]  # a price on a limit is in the upper band
    assert (rows["home"]["close_prob"] * (rows["home"]["profit"] + 1.0)) == pytest.approx(1.0)


def test_half_results_and_voids_pay_in_part() -> None:
    event = [_event(1, START, "L", "played", (2, 0))]
    quotes = [row for line in (1.75, 2.0, 2.25) for row in book(1, "totals", line, (2.0, 2.0))]
    found = returns(event, quotes).sort("selection", "profit")
    assert found["profit"].to_list() == pytest.approx([-0.5, 0.0, 0.5, -0.5, 0.0, 0.5])


def test_only_played_matches_count() -> None:
    events = [
        _event(1, START, "L", "abandoned", (1, 0)),
        _event(2, START, "L", "scheduled", (0, 0)),
        _event(3, START, "L", "played", (0, 0)),
    ]
    quotes = [row for event in (1, 2, 3) for row in book(event, "1x2", None, (2.0, 4.0, 4.0))]
    assert returns(events, quotes)["event_id"].unique().to_list() == [3]


def test_bands_are_cut_at_the_limits() -> None:
    odds = pl.DataFrame({"odds": [1.2, *BANDS, 30.0, None]})
    assert odds.select(band_of(pl.col("odds")))["odds"].to_list() == [0, 1, 2, 3, 4, 5, 5, None]


def two_parts() -> tuple[pl.DataFrame, pl.DataFrame]:
    scores = [(2, 0), (0, 0), (0, 1), (1, 1), (3, 1), (0, 2)]
    events = [_event(number, START, "L", "played", score) for number, score in enumerate(scores)]
    quotes = [row for number in range(6) for row in book(number, "1x2", None, (1.9 + 0.3 * number, 3.6, 4.2))]
    found = returns(events, quotes)
    return found.filter(pl.col("event_id") < 3), found.filter(pl.col("event_id") >= 3)


def test_sums_of_parts_add_up() -> None:
    one, two = two_parts()
    keys = ["sport", "market", "selection", "band"]
    parts = pl.concat([sums_of(one), sums_of(two)])
    added = parts.group_by(keys).agg(pl.exclude(keys).sum()).select(list(SUMS)).sort(keys)
    whole = sums_of(pl.concat([one, two]))
    assert whole.schema == pl.Schema(SUMS)
    for name in SUMS:
        if SUMS[name] == pl.Float64:
            assert added[name].to_list() == pytest.approx(whole[name].to_list(), rel=1e-12), name
        else:
            assert added[name].to_list() == whole[name].to_list(), name


def lay(row: dict[str, Any]) -> dict[str, Any]:
    """The bet against a selection: one unit at risk wins p / (1 - p) if the selection loses."""
    prob = 1.0 - row["close_prob"]
    profit = row["close_prob"] / prob if row["profit"] == -1.0 else -1.0
    band = sum(1.0 / prob >= limit for limit in BANDS)
    return row | {"selection": f"not {row['selection']}", "close_prob": prob, "profit": profit, "band": band}


def test_sums_are_those_of_a_loop_over_matches() -> None:
    rows = pl.concat(two_parts())
    for found in sums_of(rows).iter_rows(named=True):
        matches: dict[int, list[dict[str, float]]] = {}
        for row in rows.iter_rows(named=True):
            if found["selection"] is not None and found["selection"].startswith("not "):
                row = lay(row)
            if found["band"] in (ALL, row["band"]) and found["selection"] in (None, row["selection"]):
                matches.setdefault(row["event_id"], []).append(row)
        totals = [(len(group), sum(row["profit"] for row in group)) for group in matches.values()]
        assert found["matches"] == len(totals)
        assert found["n"] == sum(n for n, _ in totals)
        assert found["profit"] == pytest.approx(sum(s for _, s in totals))
        assert found["profit_squared"] == pytest.approx(sum(s * s for _, s in totals))
        assert found["profit_n"] == pytest.approx(sum(s * n for n, s in totals))
        assert found["n_squared"] == sum(n * n for n, _ in totals)
        fair = sum(1.0 / row["close_prob"] - 1.0 for group in matches.values() for row in group)
        assert found["variance"] == pytest.approx(fair)


def test_the_order_of_the_rows_changes_no_bit() -> None:
    rows = pl.concat(two_parts())
    assert sums_of(rows).equals(sums_of(rows.sample(fraction=1.0, shuffle=True, seed=3)))


def test_no_closing_price_gives_no_row() -> None:
    assert sums_of(returns([_event(1, START, "L", "played", (2, 0))], [])).height == 0


def test_all_odds_together_count_every_match_once() -> None:
    found = sums_of(pl.concat(two_parts())).filter(pl.col("band") == ALL)
    assert found.select("selection", "matches", "n").rows() == [(None, 6, 18)]
