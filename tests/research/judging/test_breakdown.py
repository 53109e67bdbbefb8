"""Parts of a judgement add up to the whole."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from research.judging.blocks import Weeks
from research.judging.breakdown import bands_of, breakdown_of
from research.judging.scores import log_losses


def test_parts_hold_every_event_once_and_their_losses_add_up() -> None:
    rng = np.random.default_rng(6)
    close, model = (rng.dirichlet(np.full(3, 3.0), 900) for _ in range(2))
    outcome = rng.integers(0, 3, 900)
    dates = pl.Series([dt.date(2015, 1, 5) + dt.timedelta(days=i // 2) for i in range(900)])
    judged = pl.DataFrame({"competition": rng.choice(["A", "B"], 900), "season": rng.choice(["x", "y", "z"], 900)})
    weeks = Weeks.of(dates, 100, np.random.default_rng(0))
    parts = breakdown_of({"model": model}, judged, 1.0 / (close * 1.03), close, outcome, weeks)
    losses = log_losses(model, outcome)
    for by in ("competition", "season", "odds of the favourite"):
        mine = [part for part in parts if part.by == by]
        assert sum(part.n for part in mine) == 900
        assert sum(part.n * part.log_loss for part in mine) == pytest.approx(losses.sum())
        gaps = sum(part.n * part.vs_close.value for part in mine)
        assert gaps == pytest.approx((losses - log_losses(close, outcome)).sum())
    in_b = (judged["competition"] == "B").to_numpy()
    part = next(part for part in parts if part.group == "B")
    assert part.n == in_b.sum() and part.log_loss == pytest.approx(losses[in_b].mean())


def test_a_band_is_that_of_the_favourite() -> None:
    odds = np.array([[1.1, 9.0, 20.0], [8.0, 5.0, 1.25], [2.49, 3.0, 3.0], [2.5, 3.0, 3.0]])
    assert bands_of(odds) == ["below 1.25", "1.25 to 1.5", "2 to 2.5", "2.5 and more"]
