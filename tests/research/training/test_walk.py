"""The purged walk forward, against counts and scores made by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from engine.errors import DataError, TooShortError
from research.forecasting.contract import Inputs, Probabilities
from research.training.trial import Trial
from research.training.walk import base_loss, folds_of, walked

DAY = 86_400_000_000_000
OUTCOMES = ("home", "draw", "away")


def rows(n: int = 60, lag_days: float = 0.1) -> pl.DataFrame:
    """One event a day, at noon, settled `lag_days` later; outcomes 0, 1, 2, 0, 1, 2, ..."""
    decided = np.arange(n) * DAY + DAY // 2
    return pl.DataFrame({
        "decided_at": pl.Series(decided).cast(pl.Datetime("ns", "UTC")), "event_id": np.arange(n),
        "settled_at": pl.Series(decided + int(lag_days * DAY)).cast(pl.Datetime("ns", "UTC")),
        "outcome": pl.Series(np.arange(n) % 3, dtype=pl.Int8),
    })  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """Says how many rows it has learned from: a chance of 1/2 for home, unless it has seen fewer than `silent`."""

    name: ClassVar[str] = "seen"
    silent: int = 0
    n: int = 0

    def inputs(self) -> Inputs:
        return Inputs()

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Seen:
        return Seen(self.silent, past.height)

    def probabilities(self, asked: pl.DataFrame) -> Probabilities:
        said = [0.5, 0.25, 0.25] if self.n >= self.silent else [np.nan] * 3
        return np.tile(np.array(said), (asked.height, 1))

    def artifact(self) -> Mapping[str, Any]:
        return {}

    def restored(self, artifact: Mapping[str, Any]) -> Seen:
        return self


def test_parts_are_forecast_once_from_what_was_settled_before_them() -> None:
    folds = folds_of(rows(), 4)
    assert [fold.asked.height for fold in folds] == [12] * 4
    assert [fold.past.height for fold in folds] == [
        12,
        24,
        36,
        48,
    ]
    asked = pl.concat([fold.asked for fold in folds])["event_id"].to_list()
    assert asked == list(range(12, 60))
    for fold in folds:
        assert fold.since_ns % DAY == 0 and fold.past["settled_at"].cast(pl.Int64).max() < fold.since_ns  # type: ignore[operator]


def test_what_is_settled_inside_a_part_is_purged_and_the_embargo_takes_more() -> None:
    """Decided before the part, settled within it: three days of events are missing, and five with the embargo."""
    folds = folds_of(rows(lag_days=3.1), 4)
    assert [fold.past.height for fold in folds] == [9, 21, 33, 45]
    assert [fold.past.height for fold in folds_of(rows(lag_days=3.1), 4, 2 * DAY)] == [7, 19, 31, 43]


def test_the_scores_are_means_over_all_forecast_rows() -> None:
    folds = folds_of(rows(), 4)
    score = walked(Seen(), folds, OUTCOMES)
    assert score.log_loss == pytest.approx((math.log(2) + 2 * math.log(4)) / 3, abs=1e-12)
    assert score.brier == pytest.approx((0.375 + 2 * (0.25 + 0.5625 + 0.0625)) / 3, abs=1e-12)
    assert (score.n, score.n_silent, len(score.by_fold), score.is_pruned) == (48, 0, 4, False)


def test_a_row_without_an_answer_counts_with_the_shares_of_its_past() -> None:
    """12 rows of each kind of outcome make shares of 1/3, so that the first fold has ln 3."""
    folds = folds_of(rows(), 4)
    score = walked(Seen(silent=20), folds, OUTCOMES)
    assert score.n_silent == 12 and score.by_fold[0] == pytest.approx(math.log(3), abs=1e-12)
    assert base_loss(folds, 3) == pytest.approx(math.log(3), abs=1e-12)


def test_a_fold_whose_past_is_too_short_counts_with_its_shares_and_is_told() -> None:
    class Late(Seen):
        def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Seen:
            if past.height < 20:
                raise TooShortError("the past is too short to learn from")
            return super().fit(past, outcomes)

    folds = folds_of(rows(), 4)
    late, whole = walked(Late(), folds, OUTCOMES), walked(Seen(), folds, OUTCOMES)
    assert late.n_silent == 12 and late.by_fold[0] == pytest.approx(math.log(3), abs=1e-12)
    assert late.by_fold[1:] == whole.by_fold[1:] and late.n == whole.n == 48


def test_a_walk_may_stop_after_a_fold() -> None:
    told: list[tuple[int, float]] = []

    def stop(number: int, mean: float) -> bool:
        told.append((number, mean))
        return number == 2

    score = walked(Seen(), folds_of(rows(), 4), OUTCOMES, stop)
    assert score.is_pruned and score.n == 24 and [number for number, _ in told] == [1, 2]
    assert told[-1][1] == np.mean(score.by_fold) == pytest.approx(score.log_loss, abs=1e-15)


def test_a_stop_is_told_the_mean_over_folds_that_it_is_compared_with() -> None:
    """One event a day, then four: folds of unequal length. Another mean would prune all trials alike, or none."""
    day, counts = np.arange(30), np.where(np.arange(30) < 15, 1, 4)
    many = rows(int(counts.sum()))
    decided = np.repeat(day, counts) * DAY + DAY // 2 + np.arange(many.height)
    uneven = many.with_columns(
        decided_at=pl.Series(decided).cast(pl.Datetime("ns", "UTC")),
        settled_at=pl.Series(decided + DAY // 10).cast(pl.Datetime("ns", "UTC")),
        outcome=pl.Series(np.where(np.arange(many.height) < 40, 0, 2), dtype=pl.Int8),
    )
    told: list[float] = []
    score = walked(Seen(), folds_of(uneven, 4), OUTCOMES, lambda number, mean: told.append(mean) is not None)
    assert len({fold.asked.height for fold in folds_of(uneven, 4)}) > 1 and score.log_loss != np.mean(score.by_fold)
    assert told == list(Trial(0, {}, score).means()[:-1])


def test_a_window_that_is_too_short_is_one_line() -> None:
    early = pl.col("event_id") < 40
    one_day = rows().with_columns(decided_at=pl.when(early).then(pl.col("decided_at").min()).otherwise("decided_at"))
    for few in (rows(4), rows(0), one_day):
        with pytest.raises(DataError, match="too short") as caught:
            folds_of(few, 4)
        assert "\n" not in str(caught.value)
