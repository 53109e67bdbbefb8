"""The gate: the bets of the base, with a share of the stake for the regime of the last fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from engine.asof.closing import fair_closing
from engine.asof.view import build_view
from engine.errors import ConfigurationError, DataError
from engine.live.judgement.models import artifact_hash
from engine.strategy import History, Learner, View
from research.regimes.refits import known
from research.regimes.series import day_series
from research.strategies import make, names
from research.strategies.named import named_bookmakers
from research.tapes.inputs import source_of
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


def test_the_closing_line_value_of_the_base_tells_a_regime() -> None:
    gate: Any = make("regime_gated", {**SMALL, "inputs": ["clv"], "days_min": 20, "half_life": 2})
    assert gate.requires().closing and not make("regime_gated", SMALL).requires().closing
    with pytest.raises(DataError, match="no value in clv"):
        gate.fit(history(UNTIL), UNTIL)
    closing = fair_closing(EVENTS, QUOTES, "pinnacle")
    past = replace(history(UNTIL), closing=closing)
    fitted = gate.fit(past, UNTIL)
    series = day_series(past.events, past.quotes, "1x2", gate._bets()(past))
    assert series["clv"].is_not_nan().sum() > 10
    assert fitted.regime == known(series, gate._plan(), UNTIL // DAY_NS).state is not None


def test_it_requires_the_market_that_tells_the_regime() -> None:
    gate: Any = make("regime_gated", {"base_parameters": ["markets=[totals]", "price=pinnacle"]})
    assert gate.requires().markets == ("totals", "1x2") and gate.requires().bookmakers is None
    fitted = gate.fit(history(UNTIL), UNTIL)
    assert set(fitted.opportunities(VIEW)["market"]) == {"totals"}


BASES: dict[str, tuple[str, ...]] = {name: () for name in names() if name != "regime_gated"}
BASES |= {"line_move": ("move_min=0", "price=pinnacle"), "totals_value": ("rates=dixon_coles",), "value": ("fair=bbb",)}
BASES |= {"handicap_value": ("skip_suspect=true",), "model_value": ("model=market", "market_bookmaker=consensus")}
START = build_view(EVENTS, QUOTES, "before_start:30m", path=True)
GOALS = START.quotes.select("decided_at", "event_id").unique().sort("decided_at", "event_id")
FEATURES = {"dixon_coles": GOALS.with_columns(home_rate=pl.lit(1.4), away_rate=pl.lit(1.1), rho=pl.lit(-0.05))}
SEEN = View(START.quotes, FEATURES, START.path)


@pytest.mark.parametrize("name", BASES)
def test_every_strategy_can_be_gated_and_sees_what_it_sees_alone(name: str) -> None:
    gate: Any = make("regime_gated", {**SMALL, "base": name, "base_parameters": BASES[name] or None})
    given = {key: yaml.safe_load(value) for key, _, value in (text.partition("=") for text in BASES[name])}
    base: Any = make(name, {**given, **({"model": "market"} if name == "model_value" else {})})
    needed, wanted = gate.requires(), base.requires()
    assert (needed.features, needed.path, needed.scope) == (wanted.features, wanted.path, wanted.scope)
    assert {*wanted.markets, "1x2"} == set(needed.markets) and {*wanted.sides, "back"} == set(needed.sides)
    past = replace(history(UNTIL), features=FEATURES, path=SEEN.path)
    fitted = gate.fit(past, UNTIL)
    books = pl.lit(True) if wanted.bookmakers is None else pl.col("bookmaker").is_in(wanted.bookmakers)
    own = pl.col("market").is_in(wanted.markets) & pl.col("side").is_in(wanted.sides) & books
    alone = View(SEEN.quotes.filter(own), FEATURES, SEEN.known().filter(own))
    if isinstance(base, Learner):
        before = own & (pl.col("decided_at").cast(pl.Int64) < UNTIL)
        base = base.fit(replace(past, quotes=past.quotes.filter(before)), UNTIL)
    expected = base.opportunities(alone)
    offered = fitted.opportunities(SEEN)
    assert expected.height > 0 and offered.select(expected.drop("stake_weight", strict=False).columns).equals(
        expected.drop("stake_weight", strict=False)
    )
    weight = expected["stake_weight"] if "stake_weight" in expected.columns else pl.Series([1.0] * expected.height)
    assert fitted.share in (0.25, 2.0)
    assert offered["stake_weight"].to_numpy() == pytest.approx(weight.to_numpy() * fitted.share)
    assert f"research.strategies.{name}" in gate.modules() and len(artifact_hash(fitted)) == 64


OWN = '''"""A rule, and one with a model."""
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement
from research.strategies.value import Value


@dataclass(frozen=True)
class Own:
    name: ClassVar[str] = "own"
    odds: float = 2.0

    def requires(self):
        return Requirement(("1x2",), ("pinnacle", "max"), features=("elo",))

    def fit(self, history, until):
        assert set(history.features) == {"elo"} and set(history.quotes["bookmaker"]) == {"pinnacle", "max"}
        return Fitted(self, history.events.height)


@dataclass(frozen=True)
class Fitted:
    name: ClassVar[str] = "fitted_own"
    of: Own
    n: int

    def requires(self):
        return self.of.requires()

    def opportunities(self, view):
        if not view.quotes.height:
            return pl.DataFrame()
        assert set(view.quotes["bookmaker"]) == {"pinnacle", "max"} and set(view.quotes["market"]) == {"1x2"}
        assert view.features["elo"].height == view.quotes.select("decided_at", "event_id").n_unique()
        return Value(price="max").opportunities(view).filter(pl.col("odds") > self.of.odds)
'''


def test_a_strategy_of_ones_own_is_gated_by_its_name(home: Path) -> None:
    file = home / "strategies" / "own.py"
    file.parent.mkdir()
    file.write_text(OWN)
    gate: Any = make("regime_gated", {**SMALL, "base": "own", "base_parameters": ["odds:3.0"]})
    assert gate.requires().features == ("elo",) and gate.gated.odds == 3.0
    assert gate.modules() == (file,), "its file is hashed, and named where it fails"
    assert "class Fitted" in source_of(gate) and "class RegimeGated" in source_of(gate)
    elo = {"elo": GOALS.with_columns(elo=pl.lit(0.0))}
    fitted = gate.fit(replace(history(UNTIL), features=elo), UNTIL)
    assert fitted.base.n == history(UNTIL).events.height
    offered = fitted.opportunities(View(SEEN.quotes, elo))
    assert offered.height > 10 and offered["odds"].min() > 3.0 and set(offered["stake_weight"]) == {fitted.share}  # type: ignore[operator]
    assert fitted.opportunities(View(SEEN.quotes.clear(), elo)).is_empty(), "a frame without columns has no row"
    with pytest.raises(ConfigurationError, match=r"strategy.base: expected arbitrage .* own .* found 'other'"):
        make("regime_gated", {"base": "other"})


def test_bookmakers_of_the_base_are_those_that_the_gate_names() -> None:
    gate = make("regime_gated", {"base_parameters": ["fair=pinacle", "price_bookmakers=[aaa, bbb]"]})
    assert named_bookmakers(gate, {"pinnacle"}, False) == {"base_parameters": ("pinacle", "aaa", "bbb")}


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"base": "regime_gated"}, "strategy.base"),
        ({"base_parameters": ["colour=red"]}, "no parameter of value in strategy.base_parameters"),
        ({"base_parameters": 7}, "a list of names or null, found 7"),
        ({"base_parameters": ["price"]}, "no parameter of value"),
        ({"base_parameters": ["fair_min=0"]}, "strategy.fair_min"),
        ({"base": "model_value"}, "strategy.base_parameters: expected model:NAME or artifact:HASH"),
        ({"base": "model_value", "base_parameters": ["model=magic"]}, "magic"),
        ({"model": "elo", "model_parameters": {}}, r"use strategy.base=model_value .*=\[model:elo\]"),
        ({"base": "slate_kelly", "inputs": ["overround", "clv"]}, "strategy.inputs: expected no clv"),
        (
            {"base": "model_value", "base_parameters": ["model:elo"], "inputs": ["clv"]},
            "strategy.inputs: expected no clv",
        ),
        ({"base_parameters": ["fair:consensus", "fair:pinnacle"]}, "each parameter once, found 'fair:pinnacle'"),
        ({"shares": [1.0]}, "one for each of the 2 regimes"),
        ({"shares": [], "states": None, "days_min": 200}, "strategy.shares: expected one for each regime"),
        ({"share_unknown": None}, "strategy.share_unknown: expected a number from 0 to 100"),
        ({"states": 1, "shares": [1.0]}, "states: expected 2 to 6, or null, found 1"),
        ({"states": 2.5, "shares": [1.0, 0.0]}, "states: expected 2 to 6, or null, found 2.5"),
        ({"inputs": ["overround", "overround"]}, "wrong inputs of regimes in inputs: expected each once"),
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
