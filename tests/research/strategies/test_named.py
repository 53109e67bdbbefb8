"""Which bookmakers the parameters of a strategy name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from engine.errors import ConfigurationError
from engine.strategy import Requirement
from research.strategies import make, names
from research.strategies.named import named_bookmakers, resembling, shipped_defaults

KNOWN = ("b365", "pinnacle", "max")


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("value", {}, {"fair": ("pinnacle",)}),
        ("value", {"fair": "consensus", "fair_bookmakers": ["a", "b"], "price": "C"},
         {"fair_bookmakers": ("a", "b"), "price": ("C",)}),
        ("value", {"fair": "best"}, {"fair": ("best",)}),
        ("consensus", {}, {"mean": ("avg",), "price": ("max",)}),
        ("consensus", {"mean": "mean", "price": "best", "bookmakers": "x"}, {"bookmakers": ("x",)}),
        ("flat_all", {}, {}),
        ("flat_all", {"bookmaker": "X"}, {"bookmaker": ("X",)}),
        ("favourite_longshot", {"price": "X"}, {"price": ("X",)}),
        ("totals_value", {}, {"fair": ("pinnacle",)}),
        ("totals_value", {"rates": "dixon_coles", "price": "X"}, {"price": ("X",)}),
        ("arbitrage", {"bookmakers": ["X", "y"]}, {"bookmakers": ("X", "y")}),
    ],
)  # fmt: skip
def test_bookmakers_of_the_built_in_strategies(
    name: str, parameters: dict[str, object], named: dict[str, tuple[str, ...]]
) -> None:
    assert named_bookmakers(make(name, parameters), KNOWN, own=False) == named


def test_every_bookmaker_that_a_built_in_strategy_requires_is_a_named_one() -> None:
    """A new parameter that holds a bookmaker cannot be forgotten: what `requires` asks for would stand apart."""
    for name in names():
        found = named_bookmakers(make(name, {}), KNOWN, own=False)
        assert "requires" not in found and shipped_defaults(name)["name"] == name


@dataclass(frozen=True)
class Mine:
    """A strategy with parameters of its own."""

    name: ClassVar[str] = "mine"
    sharp: str = "Pinnacle"
    exchange: str = "b365"
    style: str = "fair"
    lay_bookmaker: str = "betfair"
    soft_bookmakers: tuple[str, ...] | None = None
    edge: float = 0.1

    def requires(self) -> Requirement:
        return Requirement(("1x2",), (self.exchange, "bwin"))


def test_bookmakers_of_a_strategy_of_the_user() -> None:
    assert named_bookmakers(Mine(soft_bookmakers=("q",)), KNOWN, own=True) == {
        "sharp": ("Pinnacle",),
        "exchange": ("b365",),
        "lay_bookmaker": ("betfair",),
        "soft_bookmakers": ("q",),
        "requires": ("bwin",),
    }


def test_a_slip_in_a_free_text_whose_default_is_a_bookmaker_counts() -> None:
    named = named_bookmakers(Mine(sharp="pinacle", exchange="b356", style="pinacle"), KNOWN, own=True)
    assert named["sharp"] == ("pinacle",) and named["exchange"] == ("b356",) and "style" not in named
    assert "sharp" not in named_bookmakers(Mine(sharp="model"), KNOWN, own=True)
    assert "sharp" not in named_bookmakers(Mine(sharp="consensus"), KNOWN, own=True)
    assert resembling(Mine(sharp="b365", style="pinacle", lay_bookmaker="max"), KNOWN) == {
        "style": ("pinacle", "pinnacle")
    }


def test_a_selection_that_no_market_has_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown selection .Home. in strategy\.selections: .*mean home"):
        make("flat_all", {"selections": ["home", "Home"]})
    with pytest.raises(ConfigurationError, match="unknown selection 'over'"):
        make("flat_all", {"selections": "over"})
    assert make("flat_all", {"selections": ["over", "home"], "markets": ["1x2", "totals"]})
