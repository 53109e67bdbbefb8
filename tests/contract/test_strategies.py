"""The contract of every built-in strategy. A new one is tested as soon as its files are there."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import polars as pl
import pytest
from omegaconf import OmegaConf

from engine.asof.view import VIEW, build_view
from engine.errors import ConfigurationError
from engine.paths import conf_dir
from engine.schema import AGGREGATES, EVENTS, OPPORTUNITIES, OPTIONAL, SELECTIONS
from engine.strategy import EVENT, INSTANT, SCOPES, History, Learner, Strategy, View
from engine.tape.build import build_tape
from research.strategies import FAST, by_name, make, names
from tests.property.markets import world

#: further parameters, so that every branch of a strategy is tested
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "flat_all": [{"bookmaker": "max", "complete_market": True}, {"markets": ["totals", "asian_handicap"]}],
    "value": [
        {"fair": "consensus", "fair_min": 2, "method": "shin", "markets": ["1x2", "totals"]},
        {"price": "max", "complete_price": True, "skip_suspect": True},
    ],
    "consensus": [
        {"mean": "mean", "price": "best", "alpha": 0.01, "pick": "largest", "books_min": 3},
        {"markets": ["1x2", "totals", "asian_handicap"], "complete_market": False, "alpha": 0.02},
    ],
    "favourite_longshot": [{"pick": "favourite", "prob": "fair"}, {"pick": "longshot", "price": "avg"}],
    "totals_value": [
        {"rates": "dixon_coles", "price": "avg", "lines": [2.5]},
        {"fair": "consensus", "skip_suspect": True, "method": "shin"},
    ],
    "handicap_value": [{"rates": "dixon_coles"}, {"price": "aaa", "method": "power"}],
    "line_move": [
        {"fair": "consensus", "fair_min": 2, "since": "1h", "pick": "against", "markets": ["1x2", "totals"]},
        {"carry": 0.5, "skip_suspect": True, "price": "max", "method": "shin"},
    ],
    "slate_kelly": [
        {"fair": "consensus", "fair_min": 2, "markets": ["1x2", "totals", "asian_handicap"], "insurance": False},
        {"edge_slate": 0.02, "skip_suspect": True, "price": "max"},
    ],
    "regime_gated": [
        {"days_min": 20, "refit_days": 1, "shares": [0.5, 2.0], "base_parameters": ["fair=consensus", "fair_min=2"]},
        {"base": "arbitrage", "model": "hmm", "share_unknown": 0.5},
    ],
    "arbitrage": [{"age_max": "2h"}, {"markets": ["1x2", "totals", "asian_handicap"], "profit_min": 0.005}],
}
#: instant of the fit of a strategy with a model
UNTIL_NS = 1_706_745_600_000_000_000
KEY = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]


def parameters(name: str) -> dict[str, Any]:
    loaded = OmegaConf.to_container(OmegaConf.load(conf_dir() / "strategy" / f"{name}.yaml"))
    assert isinstance(loaded, dict)
    return {str(key): value for key, value in loaded.items()}


@cache
def past() -> History:
    """What a strategy with a model learns from: an earlier market."""
    events, quotes = world(3, 120)
    return History(events.filter(pl.col("settled_at").is_not_null()), build_view(events, quotes).quotes)


def decider(name: str, given: dict[str, Any]) -> Strategy:
    """The strategy; one with a model is fitted."""
    made = make(name, given)
    return made.fit(past(), UNTIL_NS) if isinstance(made, Learner) else made


def cases() -> list[Any]:
    return [
        pytest.param(decider(name, {**parameters(name), **change}), id=f"{name}-{number}")
        for name in names()
        for number, change in enumerate([{}, *VARIANTS.get(name, [])])
    ]


@pytest.fixture(scope="module")
def market() -> tuple[pl.DataFrame, pl.DataFrame]:
    return world(11, 15)


@pytest.fixture(scope="module")
def views(market: tuple[pl.DataFrame, pl.DataFrame]) -> dict[str, View]:
    """By scope; markets of an event come together at decisions before its start."""
    at_quotes = build_view(*market, path=True)
    before = build_view(*market, "before_start:30m+0m", path=True)
    goals = before.quotes.select("decided_at", "event_id").unique().sort("decided_at", "event_id")
    number = pl.int_range(pl.len()).cast(pl.Float64)
    rates = goals.with_columns(home_rate=1.0 + number / 40.0, away_rate=2.0 - number / 40.0, rho=pl.lit(-0.05))
    unknown = (pl.col("event_id") % 4) == 0
    rates = rates.with_columns(pl.when(~unknown).then(n).alias(n) for n in ("home_rate", "away_rate", "rho"))
    return {"quote": at_quotes, "start": replace(before, features={"dixon_coles": rates})}


@pytest.fixture
def view(views: dict[str, View], strategy: Strategy) -> View:
    required = strategy.requires()
    return views["start" if required.features or required.scope == EVENT else "quote"]


def cut(view: View, kept: pl.Expr) -> View:
    """A part of a view."""
    return replace(view, quotes=view.quotes.filter(kept), path=view.known().filter(kept))


def opportunities(strategy: Strategy, view: View) -> pl.DataFrame:
    return strategy.opportunities(view).sort(KEY)


def test_all_built_in_strategies_are_listed() -> None:
    assert {"flat_all", "value", "consensus", "favourite_longshot", "arbitrage", "slate_kelly", "regime_gated"} <= set(
        names()
    )


@pytest.mark.parametrize("name", names())
def test_every_parameter_is_in_the_yaml_with_its_default_and_a_comment(name: str) -> None:
    kind = by_name(name)
    assert is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert isinstance(make(name, {}), Strategy | Learner)
    text = (conf_dir() / "strategy" / f"{name}.yaml").read_text()
    written = parameters(name)
    assert written.pop("name") == name == kind.name
    assert {field.name for field in fields(kind)} == set(written) - set(FAST)
    assert set(FAST) <= set(written)
    assert make(name, written) == make(name, {}), "the defaults of the YAML are those of the class"
    for key in written:
        line = re.search(rf"^{key}:.*$", text, re.M)
        assert line and (key in FAST or "#" in line[0]), f"{key} has no comment"
    assert kind.__doc__ and all(field.name in kind.__doc__ for field in fields(kind))


@pytest.mark.parametrize("strategy", cases())
def test_it_has_opportunities_in_the_test_market(strategy: Strategy, view: View) -> None:
    assert len(opportunities(strategy, view)) > 0


@pytest.mark.parametrize("strategy", cases())
def test_its_columns_and_values_match_the_schema(strategy: Strategy, view: View) -> None:
    frame = opportunities(strategy, view)
    kinds = {**OPPORTUNITIES, **{name: dtype for name, (dtype, _) in OPTIONAL.items()}, "instant": pl.String}
    assert set(OPPORTUNITIES) <= set(frame.columns) <= set(kinds)
    assert {name: kinds[name] for name in frame.columns} == dict(frame.schema)
    assert not frame.select(KEY).is_duplicated().any()
    assert frame["prob"].is_between(0, 1).all() and (frame["odds"] > 1).all()


@pytest.mark.parametrize("strategy", cases())
def test_an_empty_view_gives_an_empty_frame_with_the_same_columns(strategy: Strategy, view: View) -> None:
    empty = opportunities(strategy, cut(view, pl.lit(False)))
    assert empty.is_empty() and empty.schema == opportunities(strategy, view).schema


@pytest.mark.parametrize("strategy", cases())
def test_it_is_deterministic_and_independent_of_the_order_of_rows(strategy: Strategy, view: View) -> None:
    frame = opportunities(strategy, view)
    assert frame.equals(opportunities(strategy, view))
    quotes, path = (f.sample(fraction=1, shuffle=True, seed=5) for f in (view.quotes, view.known()))
    shuffled = replace(view, quotes=quotes, path=path)
    assert frame.equals(opportunities(strategy, shuffled))


@pytest.mark.parametrize("strategy", cases())
def test_a_whole_history_gives_the_same_as_single_decisions(strategy: Strategy, view: View) -> None:
    scopes = {INSTANT: ("decided_at",), EVENT: ("decided_at", "event_id")}
    within = scopes.get(strategy.requires().scope, ("decided_at", "event_id", "market", "line"))
    paths = view.known().partition_by(*within, as_dict=True)
    parts = view.quotes.partition_by(*within, as_dict=True)
    cuts = [replace(view, quotes=part, path=paths[key]) for key, part in parts.items()]
    single = pl.concat([strategy.opportunities(part) for part in cuts]).sort(KEY)
    batch = opportunities(strategy, view)
    if "group" in batch.columns:  # numbered within a decision instant of an event
        single, batch = (
            frame.with_columns(group=pl.col("group").is_not_null().cast(pl.Int64)) for frame in (single, batch)
        )
    assert single.equals(batch)


@pytest.mark.parametrize("strategy", cases())
def test_it_uses_only_the_quotes_that_it_requires(strategy: Strategy, view: View) -> None:
    requirement = strategy.requires()
    assert set(requirement.markets) <= set(SELECTIONS) and requirement.scope in SCOPES
    wanted = pl.col("market").is_in(requirement.markets) & pl.col("side").is_in(requirement.sides)
    if requirement.bookmakers is not None:
        wanted &= pl.col("bookmaker").is_in(requirement.bookmakers)
    seen = cut(view, wanted)
    seen = seen if requirement.path else replace(seen, path=None)
    assert seen.quotes.height < view.quotes.height
    assert opportunities(strategy, seen).equals(opportunities(strategy, view))


@pytest.mark.parametrize("strategy", cases())
def test_it_takes_only_prices_of_the_view(strategy: Strategy, view: View) -> None:
    frame = opportunities(strategy, view)
    assert len(frame.join(view.quotes, on=[*KEY, "odds"], how="semi", nulls_equal=True)) == len(frame)


@pytest.mark.parametrize("strategy", cases())
def test_it_takes_a_price_of_an_aggregate_only_if_a_parameter_names_it(strategy: Strategy, view: View) -> None:
    named = {getattr(strategy, key, None) for key in ("price", "bookmaker")}
    assert set(opportunities(strategy, view)["bookmaker"].unique()) & set(AGGREGATES) <= named


@pytest.mark.parametrize("strategy", cases())
def test_a_tape_can_be_built_from_its_opportunities(
    strategy: Strategy, market: tuple[pl.DataFrame, pl.DataFrame], view: View
) -> None:
    frame = opportunities(strategy, view)
    tape = build_tape(frame, market[0])
    assert len(tape) + tape.refused["rows"].sum() == len(frame)


def test_a_view_has_no_results() -> None:
    results = {"winner", "home_score", "away_score", "status", "settled_at", "settled_at_basis"}
    assert results <= set(EVENTS) and not results & set(VIEW)


def test_loading_a_strategy_imports_no_other_and_no_heavy_library() -> None:
    code = (
        "import sys; from research.strategies import by_name; by_name('flat_all');"
        "assert 'research.strategies.value' not in sys.modules;"
        "assert not {'numba', 'hydra', 'sklearn', 'jinja2', 'lightgbm'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_wrong_name_is_an_error_that_suggests_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean value") as caught:
        by_name("vallue")
    assert caught.value.exit_status == 2
    with pytest.raises(ConfigurationError, match="did you mean method"):
        make("value", {"metod": "shin"})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("value", {"method": "magic"}), ("value", {"markets": ["chess"]}), ("value", {"markets": []}),
        ("value", {"fair_min": 0}), ("value", {"fair": 3}), ("value", {"complete_price": "yes"}),
        ("value", {"lines": ["a"]}), ("flat_all", {"selections": [1]}), ("consensus", {"alpha": "x"}),
        ("consensus", {"pick": "best"}), ("favourite_longshot", {"prob": "mine"}), ("arbitrage", {"age_max": "long"}),
        ("arbitrage", {"bookmakers": ["max"]}), ("arbitrage", {"profit_min": True}),
        ("slate_kelly", {"markets": ["draw_no_bet"]}), ("slate_kelly", {"lines": [2.25]}),
        ("totals_value", {"rates": "elo"}), ("handicap_value", {"lines": "x"}), ("handicap_value", {"method": "x"}),
        ("totals_value", {"skip_suspect": 1}), ("line_move", {"since": "later"}),
        ("line_move", {"pick": "all"}), ("line_move", {"move_min": -0.1}),
        ("line_move", {"carry": 9}), ("slate_kelly", {"insurance": 1}), ("slate_kelly", {"edge_slate": -1}),
        ("slate_kelly", {"method": "magic"}),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_of_one_line(name: str, change: dict[str, Any]) -> None:
    key = next(iter(change))
    with pytest.raises(ConfigurationError, match=rf"strategy\.{key}") as caught:
        make(name, change)
    assert "\n" not in str(caught.value)


def test_a_single_name_or_number_counts_as_a_list() -> None:
    strategy: Any = make("flat_all", {"markets": "totals", "lines": 2.5, "selections": "over"})
    assert (strategy.markets, strategy.lines, strategy.selections) == (("totals",), (2.5,), ("over",))
