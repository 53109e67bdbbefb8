"""The running share of draws against a plain count."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from engine.asof.features import frames
from engine.errors import ConfigurationError
from research.features import built_in, feature_in, names
from research.features.running_draws import RunningDraws
from tests.property.markets import world


def test_it_counts_draws_of_matches_played_in_the_competition_before_the_decision() -> None:
    events, _ = world(8, 200)
    asked = events.select("event_id", decided_at=pl.col("starts_at"))
    frame = frames([RunningDraws(warm_up=5)], events, asked)["running_draws"]
    rows, shares = {row["event_id"]: row for row in events.iter_rows(named=True)}, 0
    for decided, event, played, share in frame.iter_rows():
        own = rows[event]["competition"]
        before = [
            row for row in rows.values()
            if row["competition"] == own and row["status"] == "played" and row["settled_at"] < decided
        ]  # fmt: skip
        draws = sum(row["home_score"] == row["away_score"] for row in before)
        assert played == len(before)
        assert share == (draws / played if played >= 5 else None)
        shares += share is not None
    assert 50 < shares < frame.height


def test_an_abandoned_match_counts_only_once_it_is_played() -> None:
    events, _ = world(8, 3)
    played = events.with_columns(
        status=pl.lit("played"), home_score=pl.lit(1, pl.Int32), away_score=pl.lit(1, pl.Int32)
    )
    played = played.with_columns(settled_at=pl.col("starts_at"), competition=pl.lit("L"))
    asked = events.select("event_id", decided_at=pl.col("starts_at").max() + pl.duration(days=1))
    for changed in (
        played.with_columns(status=pl.lit("abandoned")),
        played.with_columns(away_score=pl.lit(None, pl.Int32)),
    ):
        mixed = pl.concat([played[:2], changed[2:]])
        assert frames([RunningDraws(1)], mixed, asked)["running_draws"]["n_played"].to_list() == [2] * 3
    assert frames([RunningDraws(3)], played, asked)["running_draws"]["draw_share"].to_list() == [1.0] * 3


def test_features_are_found_by_name() -> None:
    assert "running_draws" in names() and built_in("running_draws") == RunningDraws()
    assert built_in("running_draws") != replace(RunningDraws(), warm_up=1)
    with pytest.raises(ConfigurationError, match="did you mean running_draws"):
        built_in("running_drawz")
    with pytest.raises(ConfigurationError, match="no such feature"):
        feature_in(pytest, "running_draws", "pytest")
