"""The gate: the bets of the base, with a share of the stake for the regime of the last fit."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from engine.asof.view import build_view
from engine.errors import ConfigurationError
from engine.strategy import History, Learner, View
from research.regimes.refits import known
from research.regimes.series import day_series
from research.strategies import make
from tests.property.markets import world

DAY_NS = 86_400_000_000_000
EVENTS, QUOTES = world(3, 120)
VIEW = build_view(EVENTS, QUOTES)
UNTIL = (int(VIEW.quotes["decided_at"].cast(pl.Int64).to_numpy().max()) // DAY_NS + 2) * DAY_NS
SMALL: dict[str, Any] = {
    "base_parameters": ["price=max"], "shares": [0.25, 2.0], "days_min": 20, "refit_days": 1, "half_life": 0,
    "penalty": 0,
}  # fmt: skip


def history(until: int) -> History:
    """What was known before an instant."""
    settled = pl.col("settled_at").dt.cast_time_unit("ns").cast(pl.Int64) < until
    return History(EVENTS.filter(settled), VIEW.quotes.filter(pl.col("decided_at").cast(pl.Int64) < until))


@pytest.mark.parametrize("model", ["jump", "hmm", "mixture"])
def test_the_share_is_that_of_the_regime_and_all_else_is_the_base(model: str) -> None:
    gate: Any = make("regime_gated", {**SMALL, "model": model})
    assert isinstance(gate, Learner)
    fitted = gate.fit(history(UNTIL), UNTIL)
    state = known(day_series(history(UNTIL).events, history(UNTIL).quotes), gate._plan(), UNTIL // DAY_NS).state
    assert state is not None and (fitted.regime, fitted.share) == (state, (0.25, 2.0)[state])
    base = make("value", {"price": "max"})
    offered, expected = fitted.opportunities(VIEW), base.opportunities(VIEW)
    assert offered.select(expected.columns).equals(expected) and expected.height > 100
    assert set(offered["stake_weight"]) == {fitted.share} and set(offered["regime"]) == {state}


def test_a_base_with_weights_keeps_their_proportions_and_sees_its_own_quotes_only() -> None:
    gate: Any = make("regime_gated", {"base": "arbitrage", "share_unknown": 0.5, "days_min": 1000, "edge_min": None})
    fitted = gate.fit(history(UNTIL), UNTIL)
    base = make("arbitrage", {})
    expected = base.opportunities(VIEW)
    offered = fitted.opportunities(VIEW)
    assert fitted.regime is None and offered["regime"].null_count() == offered.height == expected.height > 0
    assert offered["stake_weight"].to_numpy() == pytest.approx(expected["stake_weight"].to_numpy() / 2)
    empty = fitted.opportunities(View(VIEW.quotes.clear()))
    assert empty.is_empty() and empty.schema == offered.schema


def test_what_is_fitted_does_not_depend_on_what_comes_later() -> None:
    gate: Any = make("regime_gated", SMALL)
    states = [gate.fit(history(UNTIL + step * DAY_NS), UNTIL).regime for step in (0, 1, 2)]
    assert len(set(states)) == 1, "days from the fit on do not count, even if they are given"
    turns = {gate.fit(history(day), day).regime for day in range(UNTIL - 2 * DAY_NS, UNTIL + 1, DAY_NS)}
    assert turns <= {None, 0, 1}


def test_it_requires_the_market_that_tells_the_regime() -> None:
    gate: Any = make("regime_gated", {"base_parameters": ["markets=[totals]", "price=pinnacle"]})
    assert gate.requires().markets == ("totals", "1x2") and gate.requires().bookmakers is None
    fitted = gate.fit(history(UNTIL), UNTIL)
    assert set(fitted.opportunities(VIEW)["market"]) == {"totals"}


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"base": "regime_gated"}, "strategy.base"),
        ({"base_parameters": ["colour=red"]}, "no parameter of value in strategy.base_parameters"),
        ({"base_parameters": ["price"]}, "no parameter of value"),
        ({"base_parameters": ["fair_min=0"]}, "strategy.fair_min"),
        ({"shares": [1.0]}, "one for each of the 2 regimes"),
        ({"shares": [1.0, -1.0]}, "a number from 0 to 100"),
        ({"model": "magic"}, "strategy.model"),
        ({"inputs": ["weather"]}, "unknown input of regimes"),
        ({"regime_market": "goals"}, "strategy.regime_market"),
        ({"penalty": -1}, "strategy.penalty"),
        ({"days_min": 3}, "strategy.days_min"),
    ],
)
def test_wrong_values_are_named(parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        make("regime_gated", parameters)
