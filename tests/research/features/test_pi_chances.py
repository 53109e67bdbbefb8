"""Pi-ratings by chances: the score alone where there is no more, and steps worked out by hand where there is."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from engine.errors import ConfigurationError
from engine.schema import with_optional
from research.features._pi import diminished
from research.features.pi_chances import PiChances
from research.features.pi_ratings import PiRatings
from tests.research.features.made import Match, at_start, events_of

SCORES: tuple[Match, ...] = ((0, "A", "B", 3, 0), (1, "B", "A", 1, 1), (2, "C", "A", 0, 2), (3, "A", "B", None, None))
#: shots on target, shots and corners of both sides
STATISTICS = {"shots_on_target": (9, 0), "shots": (20, 4), "corners": (0, 10)}


def with_statistics(events: pl.DataFrame, of: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """The events, the first with these statistics."""
    first = pl.col("event_id") == 1
    columns = {
        f"{side}_{kind}": pl.when(first).then(pl.lit(values[place], pl.Int32))
        for kind, values in of.items()
        for place, side in enumerate(("home", "away"))
    }
    return with_optional(events.with_columns(**columns))


def ratings(events: pl.DataFrame, **constants: Any) -> list[dict[str, Any]]:
    return at_start(PiChances(warm_up=0, entrant_gap=0.0, **constants), events)


def test_with_scores_alone_it_is_a_pi_rating() -> None:
    events = events_of(*SCORES)
    known = at_start(PiRatings(warm_up=0, rate=0.045, entrant_gap=0.0), events)
    assert ratings(events) == known and known[3]["diff"] > 0
    assert ratings(with_statistics(events, STATISTICS), on_target=0.0, shots=0.0, corners=0.0) == known


def test_statistics_count_as_the_goals_that_usually_come_with_them() -> None:
    events = with_statistics(events_of(*SCORES[:1], (1, "A", "B", None, None)), STATISTICS)
    worth = {"shots_on_target": 1.35 / 4.5, "shots": 1.35 / 12.3, "corners": 1.35 / 5.0}
    error = 0.3 * 3 + 0.3 * worth["shots_on_target"] * 9 + 0.2 * worth["shots"] * 16 - 0.2 * worth["corners"] * 10
    row = ratings(events)[1]
    assert row["home"] == pytest.approx(0.045 * diminished(error)) and row["away"] == pytest.approx(-row["home"])


def test_what_a_match_lacks_is_left_out() -> None:
    events = with_statistics(events_of(*SCORES[:1], (1, "A", "B", None, None)), {"shots_on_target": (9, 0)})
    error = (0.3 * 3 + 0.3 * 0.3 * 9) / 0.6
    assert ratings(events)[1]["home"] == pytest.approx(0.045 * diminished(error))
    half = events.with_columns(away_shots_on_target=pl.lit(None, pl.Int32))
    assert ratings(half)[1]["home"] == pytest.approx(0.045 * diminished(3))


def test_a_competition_learns_what_a_statistic_is_worth_and_only_for_later_instants() -> None:
    both = events_of((0, "A", "B", 3, 0), (0, "C", "D", 0, 0), (1, "E", "F", 0, 0), (2, "C", "E", None, None))
    wide = both.with_columns(
        home_shots_on_target=pl.Series([9, 9, 9, None], dtype=pl.Int32),
        away_shots_on_target=pl.Series([0, 0, 0, None], dtype=pl.Int32),
    )
    alone = {"on_target": 1.0, "shots": 0.0, "corners": 0.0}
    rows = ratings(with_optional(wide), **alone)
    assert rows[3]["home"] == pytest.approx(0.045 * diminished(9 * 0.3))
    turned = with_optional(
        wide.with_columns(home=pl.Series(["A", "C", "E", "E"]), away=pl.Series(["B", "D", "F", "C"]))
    )
    # 1.5 goals and 9 shots on target of sides in two matches, beside the weight of 50 usual ones
    worth = (50 * 1.35 + 1.5) / (50 * 4.5 + 9)
    assert ratings(turned, **alone)[3]["home"] == pytest.approx(0.045 * diminished(9 * worth))


def test_weights_above_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"expected weights of 0 or more with a sum of at most 1"):
        PiChances(on_target=0.7)
    assert PiChances(on_target=0.6)
