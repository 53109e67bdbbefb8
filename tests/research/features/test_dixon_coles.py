"""The feature against a fit by hand to the matches settled before each decision."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from engine.asof.features import frames
from research.features.dixon_coles import DixonColes
from research.goals.fitted import Prior, fitted
from research.goals.matches import Matches
from tests.property.markets import world


def test_each_value_is_a_fit_to_what_was_settled_before() -> None:
    feature = replace(DixonColes(), warm_up=12, window_days=9.0)
    events, _ = world(8, 120)
    teams = [f"T{number % 6}" for number in range(events.height)]
    events = events.with_columns(home=pl.Series(teams), away=pl.Series(teams[3:] + teams[:3]))
    asked = events.select("event_id", decided_at=pl.col("starts_at"))
    values = frames([feature], events, asked)["dixon_coles"]
    rows = {row["event_id"]: row for row in events.iter_rows(named=True)}
    known = 0
    for decided, event_id, home_rate, away_rate, rho in values.iter_rows():
        event, matches = rows[event_id], Matches()
        before = events.filter(
            (pl.col("settled_at") < decided) & (pl.col("competition") == event["competition"])
            & (pl.col("status") == "played")
        ).with_columns(at=pl.col("settled_at").cast(pl.Datetime("ns")).cast(pl.Int64))  # fmt: skip
        for row in before.sort("at", "event_id").iter_rows(named=True):
            matches.add(row, (row["home_score"], row["away_score"]), row["at"])
        if matches.count < 12:
            assert home_rate is None and away_rate is None and rho is None
            continue
        played, number = matches.window(9.0)
        model = fitted(
            played, len(number), decay=feature.decay, prior=Prior(feature.ridge, feature.newcomer), with_rho=True
        )
        assert (home_rate, away_rate) == model.rates(number.get(event["home"], -1), number.get(event["away"], -1))
        assert rho == pytest.approx(model.rho)
        known += 1
    assert 20 < known < values.height
