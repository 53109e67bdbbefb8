"""Joint stakes of an instant: each slate against the solver, and what is left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from engine.asof.view import build_view
from engine.backtesting.run import replay
from engine.betting.kelly import kelly_market
from engine.betting.slate import exclusive, kelly_slate
from engine.configuration import Configuration
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.schema import SELECTIONS
from engine.tape.build import build_tape
from research.strategies import make
from tests.property.markets import FIRST, _event, _quote, frames, world

FAIR, SOFT = "pinnacle", "aaa"
PRICES: dict[int, dict[str, tuple[float, ...]]] = {
    1: {FAIR: (1.95, 3.3, 4.0), SOFT: (2.2, 3.2, 3.9)},
    2: {FAIR: (1.8, 3.6, 5.0), SOFT: (1.7, 3.9, 5.0)},
    3: {FAIR: (2.5, 3.2, 3.0), SOFT: (2.4, 3.1, 2.9)},  # no selection above its fair odds
}


def market(hours: dict[int, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events that start so many hours after the first quote; prices of `PRICES`."""
    events = [_event(n, FIRST + timedelta(hours=h), "L", "played", (1, 0)) for n, h in hours.items()]
    quotes = [
        _quote(event, "1x2", None, selection, name, ("open", FIRST), price)
        for event in hours
        for name, odds in PRICES[event].items()
        for selection, price in zip(SELECTIONS["1x2"], odds, strict=True)
    ]
    return frames(events, quotes)


def fractions(frame: pl.DataFrame) -> dict[tuple[int, str], float]:
    return {(event, name): f for event, name, f in frame.select("event_id", "selection", "kelly_frac").iter_rows()}


def expected(*events: int) -> dict[tuple[int, str], float]:
    """Stakes of the solver at the best prices, positive ones only."""
    best, prob = {}, {}
    for event in events:
        quoted = np.array([PRICES[event][FAIR], PRICES[event][SOFT]])
        inverse = 1.0 / quoted[0]
        best[event], prob[event] = quoted.max(axis=0), inverse / inverse.sum()
    stakes = kelly_slate([exclusive(best[event], prob[event]) for event in events])
    named = zip(events, stakes, strict=True)
    return {(e, s): float(f) for e, part in named for s, f in zip(SELECTIONS["1x2"], part, strict=True) if f > 0.0}


def test_events_of_one_instant_are_staked_together_and_others_alone() -> None:
    slate = make("slate_kelly", {})
    together_, apart = (
        fractions(slate.opportunities(build_view(*market({1: 12, 2: second, 3: 12}), "before_start:1h")))
        for second in (12, 15)
    )
    joint, first, second = expected(1, 2), expected(1), expected(2)
    assert together_.keys() == joint.keys() and {(1, "home"), (2, "draw")} <= joint.keys()
    assert apart == pytest.approx({**first, **second}, abs=1e-9) and together_ == pytest.approx(joint, abs=1e-9)
    assert all(together_[key] < apart[key] for key in joint)  # a share of a slate is smaller than the stake alone
    assert apart[1, "home"] == kelly_of(1)[0] and apart[2, "draw"] == kelly_of(2)[1]  # the closed form


def kelly_of(event: int) -> Any:
    inverse = 1.0 / np.array(PRICES[event][FAIR])
    return kelly_market(np.max([PRICES[event][FAIR], PRICES[event][SOFT]], axis=0), inverse / inverse.sum())


def test_of_an_event_in_two_markets_the_one_that_grows_faster_is_on_the_slate() -> None:
    """Totals at 2.5 with a large edge beside a small one on the result; a whole line is never on it."""
    events, quotes = market({1: 12, 2: 12})
    lines: list[Any] = []
    for line in (2.5, 3.0):
        for name, odds in {FAIR: (1.9, 1.8), SOFT: (2.2, 1.5)}.items():
            lines += [
                _quote(1, "totals", line, selection, name, ("open", FIRST), price)
                for selection, price in zip(SELECTIONS["totals"], odds, strict=True)
            ]
    quotes = pl.concat([quotes, frames([], lines)[1]])
    found = make("slate_kelly", {"markets": ["1x2", "totals"]}).opportunities(
        build_view(events, quotes, "before_start:1h")
    )
    assert set(found.select("event_id", "market", "line").iter_rows()) == {(1, "totals", 2.5), (2, "1x2", None)}


def test_insurance_and_the_least_edge_of_a_slate() -> None:
    view = build_view(*world(11, 15))
    all_bets, edged, few = (
        make("slate_kelly", p).opportunities(view) for p in ({}, {"insurance": False}, {"edge_slate": 0.1})
    )
    edge = pl.col("prob") * pl.col("odds") - 1.0
    assert all_bets.filter(edge <= 0.0).height > 0 and edged.filter(edge <= 0.0).is_empty()
    assert 0 < few.height < all_bets.height and (few["kelly_frac"] > 0.0).all()
    assert few.select(edge.max().over("decided_at", "event_id", "market", "line").min()).item() >= 0.1
    total = all_bets.group_by("decided_at").agg(pl.col("kelly_frac").sum())["kelly_frac"]
    assert float(total.max() or 0.0) <= 1.0 + 1e-9  # type: ignore[arg-type]


def test_the_kernel_stakes_a_fraction_of_the_column_and_caps_it_afterwards() -> None:
    events, quotes = market({1: 12, 2: 12})
    bets = make("slate_kelly", {}).opportunities(build_view(events, quotes, "before_start:1h"))
    tape = build_tape(bets, events)
    placed = []
    for cap in (None, 0.01):
        cfg = Configuration(
            bankroll_minor=1_000_000_00, staking=Staking.KELLY_COLUMN, fraction=0.5,
            stake_cap_frac=1.0 if cap is None else cap,
        )  # fmt: skip
        placed.append(np.sort(replay(tape, cfg.params(), seed=1).bets["stake_minor"].to_numpy()))
    want = np.sort([0.5 * f * 1_000_000_00 for f in expected(1, 2).values()])
    assert_allclose(placed[0], want, atol=1.0)
    assert placed[1].max() <= 1_000_000.0 < want.max()


def test_an_asian_line_that_can_come_back_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"strategy\.lines.*half goals"):
        make("slate_kelly", {"markets": ["asian_handicap"], "lines": [-0.25]})
    with pytest.raises(ConfigurationError, match=r"strategy\.markets.*exactly one selection wins"):
        make("slate_kelly", {"markets": ["double_chance"]})
