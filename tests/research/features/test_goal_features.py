"""Features of goal models: each is the model that its name says, and the shots of a match move the means after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from engine.asof.features import frames
from research.features import built_in
from research.goals.fitted import Prior, fitted
from research.goals.matches import Matches
from research.goals.shared import fitted_shared
from tests.contract.test_features import history


@pytest.fixture(scope="module")
def last() -> tuple[pl.DataFrame, dict[str, Any], int]:
    """A history, and its last match on neutral ground with the instant of a decision after all results."""
    events, _ = history(3, 240)
    event = events.filter(pl.col("neutral"), sport="football").sort("starts_at").row(-1, named=True)
    asked = events["settled_at"].cast(pl.Int64).max()
    assert isinstance(asked, int)
    return events, event, asked + 1


def value_of(name: str, last: tuple[pl.DataFrame, dict[str, Any], int], **changed: Any) -> tuple[float, ...]:
    events, event, decided = last
    asked = pl.DataFrame({"event_id": [event["event_id"]], "decided_at": [decided]})
    feature = replace(built_in(name), warm_up=5, **changed)  # type: ignore[type-var]
    return frames([feature], events, asked)[name].row(0)[2:]


def test_each_fit_is_that_of_its_model(last: tuple[pl.DataFrame, dict[str, Any], int]) -> None:
    events, event, _ = last
    matches = Matches()
    here = [pl.col(name) == event[name] for name in ("sport", "competition")]
    settled = events.filter(*here, status="played").drop_nulls("settled_at")
    for row in (
        settled.with_columns(at=pl.col("settled_at").cast(pl.Int64)).sort("at", "event_id").iter_rows(named=True)
    ):
        matches.add(row, (row["home_score"], row["away_score"]), row["at"])
    played, number = matches.window(2557.0)
    teams = number[event["home"]], number[event["away"]], event["neutral"]
    parameters = {"decay": 0.0018, "prior": Prior(9.0, 0.15)}
    poisson = fitted(played, len(number), **parameters, with_rho=False)
    low = fitted(played, len(number), **parameters, with_rho=True)
    shared = fitted_shared(played, len(number), **parameters)
    assert value_of("poisson", last) == pytest.approx(poisson.rates(*teams), abs=1e-9)
    assert value_of("dixon_coles", last) == pytest.approx((*low.rates(*teams), low.rho), abs=1e-9)
    assert value_of("bivariate_poisson", last) == pytest.approx((*shared.rates(*teams), shared.shared), abs=1e-9)
    assert low.rho != 0.0 and poisson.rates(*teams) != low.rates(*teams)


def test_shots_move_expected_goals_unless_their_gain_is_zero(
    last: tuple[pl.DataFrame, dict[str, Any], int],
) -> None:
    events, event, decided = last
    shots = [pl.col(f"{side}_shots_on_target") for side in ("home", "away")]
    more = events.with_columns(shots[0] + 3), event, decided
    for name in ("score_driven", "score_driven_shots"):
        assert value_of(name, last) != value_of(name, more)
    assert value_of("score_driven", last, shots=0.0) == value_of("score_driven", more, shots=0.0)
    none = events.with_columns(shot.cast(pl.Int32) * None for shot in shots), event, decided
    assert value_of("score_driven_shots", none) == (None, None)
    assert value_of("score_driven", none) == value_of("score_driven", last, shots=0.0)
    assert value_of("score_driven", last)[2] == -0.08
