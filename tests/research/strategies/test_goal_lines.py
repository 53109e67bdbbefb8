"""Five results of goal lines against the settlement rules, and which decisions have rates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from engine.asof.view import build_view
from engine.betting.kelly import kelly_states
from engine.betting.settlement import state_probabilities
from engine.schema import SELECTIONS
from engine.strategy import DECISION, EVENT, View
from engine.tape.build import build_tape
from research.goals.grid import low_score_grid, shared_grid
from research.strategies import make
from research.strategies.goal_lines import STATES, GoalLines, implied, with_states
from tests.property.markets import FIRST, _event, _quote, frames

START = FIRST + timedelta(hours=12)
SHARP = {("1x2", None): (2.1, 3.5, 3.7), ("totals", 2.5): (1.9, 2.0)}
LINES = {"totals": (2.0, 2.25, 2.5, 2.75, 3.3), "asian_handicap": (-1.0, -0.75, -0.25, 0.0, 0.25)}


def market(sharp: Any = SHARP, events: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    quotes: list[Any] = []
    for event in range(1, events + 1):
        books = {**{(*key, "pinnacle"): odds for key, odds in sharp.items()}}
        books |= {(name, line, "soft"): (2.0, 2.0) for name, lines in LINES.items() for line in lines}
        quotes += [
            _quote(event, name, line, selection, bookmaker, ("open", FIRST), price)
            for (name, line, bookmaker), odds in books.items()
            for selection, price in zip(SELECTIONS[name], odds, strict=True)
        ]
    return frames([_event(n, START, "L", "played", (1, 0)) for n in range(1, events + 1)], quotes)


def rates_at(view: View, *values: float, names: tuple[str, ...] = ("home_rate", "away_rate", "rho")) -> pl.DataFrame:
    columns = {name: pl.lit(value) for name, value in zip(names, values, strict=True)}
    return view.quotes.select("decided_at", "event_id").unique().with_columns(**columns)


@pytest.mark.parametrize("name", ["totals_value", "handicap_value"])
def test_every_line_has_the_probabilities_of_the_settlement_rules(name: str) -> None:
    view = build_view(*market())
    rates = rates_at(view, 1.6, 1.1, -0.06)
    strategy: Any = make(name, {"rates": "dixon_coles", "price": "soft"})
    assert strategy.requires().features == ("dixon_coles",) and strategy.requires().scope == DECISION
    found = strategy.opportunities(View(view.quotes, {"dixon_coles": rates}))
    lines = [line for line in LINES[strategy.market] if line != 3.3]  # which no score settles
    assert set(found["line"]) == set(lines) and found.height == 2 * len(lines)
    grid = low_score_grid(1.6, 1.1, -0.06).probs[0]
    for line, selection, *states in found.select("line", "selection", *STATES).iter_rows():
        assert_allclose(states, state_probabilities(strategy.market, line, selection, grid), atol=1e-14)


def test_the_tape_stakes_by_all_five_results() -> None:
    events, quotes = market()
    view = build_view(events, quotes)
    strategy = make("handicap_value", {"rates": "dixon_coles", "price": "soft", "lines": [-0.75]})
    bets = strategy.opportunities(View(view.quotes, {"dixon_coles": rates_at(view, 2.1, 0.8, 0.0)}))
    tape = build_tape(bets, events, kelly="states")
    want = kelly_states(bets["odds"].to_numpy(), bets.select(STATES).to_numpy())
    assert_allclose(np.sort(tape.kelly_frac), np.sort(want), atol=1e-12)
    plain = np.clip((bets["prob"].to_numpy() * 2.0 - 1.0) / 1.0, 0.0, 1.0)
    assert want.max() > 0.0 and abs(want.max() - plain.max()) > 0.01  # half results are no small matter


def test_rates_of_the_market_agree_with_the_prices_that_imply_them() -> None:
    view = build_view(*market(), "before_start:1h")
    found = make("totals_value", {"price": "soft"}).opportunities(view)
    over = found.filter((pl.col("line") == 2.5) & (pl.col("selection") == "over"))["prob"].item()
    assert over == pytest.approx((1.0 / 1.9) / (1.0 / 1.9 + 1.0 / 2.0), abs=1e-8)
    result = np.array([1.0 / odds for odds in SHARP["1x2", None]])
    rates = implied(view.quotes, "pinnacle", "multiplicative")
    grid = low_score_grid(*(rates[name].to_numpy() for name in ("home_rate", "away_rate", "rho")))
    assert_allclose(grid.result()[0], result / result.sum(), atol=1e-8)
    level = make("handicap_value", {"price": "soft", "lines": [0.0]}).opportunities(view)
    void = level.filter(pl.col("selection") == "home")
    assert void["prob_void"].item() == pytest.approx(grid.result()[0, 1], abs=1e-12)
    assert void["prob"].item() == pytest.approx(grid.result()[0, 0], abs=1e-12)


def test_a_decision_without_rates_has_no_bet() -> None:
    only_result = market({("1x2", None): SHARP["1x2", None]})
    assert make("totals_value", {}).opportunities(build_view(*only_result, "before_start:1h")).is_empty()
    view = build_view(*market(events=3))
    rates = rates_at(view, 1.5, 1.2, 0.0).with_columns(
        home_rate=pl.when(pl.col("event_id") == 1)
        .then(None)
        .when(pl.col("event_id") == 2)
        .then(float("nan"))
        .otherwise(1.5)
    )
    found = make("totals_value", {"rates": "dixon_coles"}).opportunities(View(view.quotes, {"dixon_coles": rates}))
    assert set(found["event_id"]) == {3}


def test_shared_goals_have_a_grid_of_their_own() -> None:
    view = build_view(*market())
    taken = view.quotes.filter((pl.col("market") == "totals") & (pl.col("line") == 2.75))
    found = with_states(taken, rates_at(view, 1.5, 1.2, 0.2, names=("home_rate", "away_rate", "shared")))
    want = [shared_grid(1.5, 1.2, 0.2).states("totals", s, 2.75)[0, :4] for s in found["selection"]]
    assert_allclose(found.select(STATES).to_numpy(), want, atol=1e-15)
    plain = with_states(taken, rates_at(view, 1.5, 1.2, names=("home_rate", "away_rate")))
    assert with_states(taken, rates_at(view, 28.0, 24.0, 0.0)).is_empty(), "goals of handball do not fit into the grid"
    assert_allclose(plain["prob"][0], low_score_grid(1.5, 1.2).states("totals", plain["selection"][0], 2.75)[0, 0])


def test_what_is_required_follows_from_the_rates() -> None:
    strategy: Any = make("handicap_value", {"price_bookmakers": ["soft"]})
    assert isinstance(strategy, GoalLines)
    required = strategy.requires()
    assert (required.markets, required.scope) == (("asian_handicap", "1x2", "totals"), EVENT)
    assert required.bookmakers == ("pinnacle", "soft") and make("handicap_value", {}).requires().bookmakers is None
