"""The contract of every strategy that is found in conf/strategy: one suite for all of them.

A new strategy is one module and one YAML file; it is held to this without another line.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import polars as pl
import pytest
from omegaconf import OmegaConf

from engine.asof.view import VIEW, build_view
from engine.errors import ConfigurationError
from engine.paths import conf_dir
from engine.schema import AGGREGATES, EVENTS, OPPORTUNITIES, OPTIONAL, SELECTIONS
from engine.strategy import Strategy, View
from engine.tape.build import build_tape
from research.strategies import FAST, by_name, make, names
from tests.property.markets import world

#: parameters beyond those of the YAML, so that every branch of a strategy is held to the contract
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
    "arbitrage": [{"age_max": "2h"}, {"markets": ["1x2", "totals", "asian_handicap"], "profit_min": 0.005}],
}
KEY = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]


def parameters(name: str) -> dict[str, Any]:
    loaded = OmegaConf.to_container(OmegaConf.load(conf_dir() / "strategy" / f"{name}.yaml"))
    assert isinstance(loaded, dict)
    return {str(key): value for key, value in loaded.items()}


def cases() -> list[Any]:
    found = []
    for name in names():
        for number, change in enumerate([{}, *VARIANTS.get(name, [])]):
            found.append(pytest.param(make(name, {**parameters(name), **change}), id=f"{name}-{number}"))
    return found


@pytest.fixture(scope="module")
def market() -> tuple[pl.DataFrame, pl.DataFrame]:
    return world(11, 15)


@pytest.fixture(scope="module")
def view(market: tuple[pl.DataFrame, pl.DataFrame]) -> View:
    return build_view(*market)


def asked(strategy: Strategy, view: View) -> pl.DataFrame:
    return strategy.opportunities(view).sort(KEY)


def test_there_are_strategies() -> None:
    assert {"flat_all", "value", "consensus", "favourite_longshot", "arbitrage"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_parameter_stands_in_the_yaml_with_its_default_and_a_comment(name: str) -> None:
    kind = by_name(name)
    assert is_dataclass(kind) and kind.__dataclass_params__.frozen and isinstance(make(name, {}), Strategy)  # type: ignore[attr-defined]
    text = (conf_dir() / "strategy" / f"{name}.yaml").read_text()
    given = parameters(name)
    assert given.pop("name") == name == kind.name
    assert {field.name for field in fields(kind)} == set(given) - set(FAST)
    assert set(FAST) <= set(given)
    assert make(name, given) == make(name, {}), "the defaults of the YAML are those of the class"
    for key in given:
        line = re.search(rf"^{key}:.*$", text, re.M)
        assert line and (key in FAST or "#" in line[0]), f"{key} has no comment"
    assert kind.__doc__ and all(field.name in kind.__doc__ for field in fields(kind))


@pytest.mark.parametrize("strategy", cases())
def test_it_finds_something_in_the_test_market(strategy: Strategy, view: View) -> None:
    assert len(asked(strategy, view)) > 0


@pytest.mark.parametrize("strategy", cases())
def test_its_columns_are_those_of_the_schema(strategy: Strategy, view: View) -> None:
    found = asked(strategy, view)
    kinds = {**OPPORTUNITIES, **{name: dtype for name, (dtype, _) in OPTIONAL.items()}, "instant": pl.String}
    assert set(OPPORTUNITIES) <= set(found.columns) <= set(kinds)
    assert {name: kinds[name] for name in found.columns} == dict(found.schema)
    assert not found.select(KEY).is_duplicated().any()
    assert found["prob"].is_between(0, 1).all() and (found["odds"] > 1).all()


@pytest.mark.parametrize("strategy", cases())
def test_an_empty_view_gives_an_empty_answer_of_the_same_columns(strategy: Strategy, view: View) -> None:
    empty = asked(strategy, View(view.quotes.clear()))
    assert empty.is_empty() and empty.schema == asked(strategy, view).schema


@pytest.mark.parametrize("strategy", cases())
def test_it_gives_the_same_twice_and_for_any_order_of_rows(strategy: Strategy, view: View) -> None:
    found = asked(strategy, view)
    assert found.equals(asked(strategy, view))
    mixed = View(view.quotes.sample(fraction=1, shuffle=True, seed=5))
    assert found.equals(asked(strategy, mixed))


@pytest.mark.parametrize("strategy", cases())
def test_history_is_the_same_as_one_decision_after_another(strategy: Strategy, view: View) -> None:
    parts = view.quotes.partition_by("decided_at", "event_id", "market", "line")
    single = pl.concat([strategy.opportunities(View(part)) for part in parts]).sort(KEY)
    batch = asked(strategy, view)
    if "group" in batch.columns:  # a number within (event, instant)
        single, batch = (f.with_columns(group=pl.col("group").is_not_null().cast(pl.Int64)) for f in (single, batch))
    assert single.equals(batch)


@pytest.mark.parametrize("strategy", cases())
def test_what_it_says_it_needs_is_all_it_looks_at(
    strategy: Strategy, market: tuple[pl.DataFrame, pl.DataFrame], view: View
) -> None:
    needs = strategy.requires()
    assert set(needs.markets) <= set(SELECTIONS)
    quotes = view.quotes.filter(pl.col("market").is_in(needs.markets) & pl.col("side").is_in(needs.sides))
    if needs.bookmakers is not None:
        quotes = quotes.filter(pl.col("bookmaker").is_in(needs.bookmakers))
    assert asked(strategy, View(quotes)).equals(asked(strategy, view))


@pytest.mark.parametrize("strategy", cases())
def test_it_backs_only_prices_that_the_view_shows(strategy: Strategy, view: View) -> None:
    found = asked(strategy, view)
    assert len(found.join(view.quotes, on=[*KEY, "odds"], how="semi", nulls_equal=True)) == len(found)


@pytest.mark.parametrize("strategy", cases())
def test_an_aggregate_is_backed_only_where_it_is_named(strategy: Strategy, view: View) -> None:
    named = {getattr(strategy, key, None) for key in ("price", "bookmaker")}
    assert set(asked(strategy, view)["bookmaker"].unique()) & set(AGGREGATES) <= named


@pytest.mark.parametrize("strategy", cases())
def test_its_opportunities_become_a_tape(
    strategy: Strategy, market: tuple[pl.DataFrame, pl.DataFrame], view: View
) -> None:
    found = asked(strategy, view)
    tape = build_tape(found, market[0])
    assert len(tape) + tape.refused["rows"].sum() == len(found)


def test_a_view_holds_no_result() -> None:
    results = {"winner", "home_score", "away_score", "status", "settled_at", "settled_at_basis"}
    assert results <= set(EVENTS) and not results & set(VIEW)


def test_one_strategy_is_found_without_the_others() -> None:
    code = (
        "import sys; from research.strategies import by_name; by_name('flat_all');"
        "assert 'research.strategies.value' not in sys.modules;"
        "assert not {'numba', 'hydra', 'sklearn', 'jinja2', 'lightgbm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_wrong_names_are_refused_with_the_nearest_right_one() -> None:
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
    ],
)  # fmt: skip
def test_wrong_values_are_refused_in_one_line(name: str, change: dict[str, Any]) -> None:
    key = next(iter(change))
    with pytest.raises(ConfigurationError, match=rf"strategy\.{key}") as caught:
        make(name, change)
    assert "\n" not in str(caught.value)


def test_one_name_or_number_is_a_list_of_it() -> None:
    strategy: Any = make("flat_all", {"markets": "totals", "lines": 2.5, "selections": "over"})
    assert (strategy.markets, strategy.lines, strategy.selections) == (("totals",), (2.5,), ("over",))
