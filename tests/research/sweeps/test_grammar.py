"""Values of words: decimals, lists, globs, and what has no values."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from engine.errors import ConfigurationError
from research.config.compose import quoted
from research.sweeps.grammar import read

OPTIONS = ("flat", "kelly", "kelly_market", "target")


def values(word: str, options: tuple[str, ...] = ()) -> tuple[Any, ...]:
    (override,) = OverridesParser.create().parse_overrides([word])
    return read(override, options).values


@pytest.mark.parametrize(
    ("word", "count", "last"),
    [
        ("x=range(0,0.1,0.005)", 20, 0.095),
        ("x=range(0.05,0.55,0.05)", 10, 0.5),
        ("x=range(0,1,0.1)", 10, 0.9),
        ("x=range(0.1,0.4,0.1)", 3, 0.3),
        ("x=range(1,0,-0.25)", 4, 0.25),
        ("x=range(0,1,0.3)", 4, 0.9),
        ("x=range(0,1e-3,1e-4)", 10, 0.0009),
        ("x=range(5)", 5, 4),
    ],
)
def test_a_range_excludes_its_stop_and_counts_in_decimals(word: str, count: int, last: float) -> None:
    found = values(word)
    assert len(found) == count
    assert found[-1] == last
    assert isinstance(found[-1], type(last))


def test_choices_keep_order_types_and_stand_once() -> None:
    assert values("x=choice(0.5,0.1,0.5)") == (0.5, 0.1)
    assert values("x=a,'b c',null,true,3") == ("a", "b c", None, True, 3)
    assert values("x=[a,b],[c]") == (["a", "b"], ["c"])
    assert values("x=choice(1,2.0)") == (1, 2.0)
    assert values("x=7") == (7,)
    assert values("x=sort(3,1,2)") == (1, 2, 3)


def test_globs_are_for_groups() -> None:
    assert values("staking=glob(kelly*)", OPTIONS) == ("kelly", "kelly_market")
    assert values("staking=glob(*,exclude=kelly*)", OPTIONS) == ("flat", "target")
    with pytest.raises(ConfigurationError, match="for groups only"):
        values("x=glob(*)")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("x=interval(0,1)", "an interval has no values"),
        ("x=shuffle(1,2)", "order of a sweep is fixed"),
        ("x=range(1,1)", "no value at all"),
        ("x=range(0,1,0)", "not 0"),
        ("x=range(0,inf)", "finite"),
        ("x=range(0,1,1e-9)", "1,000,000,000 values"),
        ("+x=1,2", "only keys that are there"),
        ("staking=glob(z*)", "no value at all"),
    ],
)
def test_what_has_no_values_is_refused(word: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        values(word, OPTIONS)


def test_conditions_are_quoted_before_the_lexer_sees_them() -> None:
    (word,) = quoted(["sweep.where=strategy.edge_min<0.05 and staking.base=='cash'"])
    (override,) = OverridesParser.create().parse_overrides([word])
    assert override.value() == "strategy.edge_min<0.05 and staking.base=='cash'"
    assert quoted(["sweep.where='a<1'", "sweep.where=null", "x=1", "sweep.where="]) == [
        "sweep.where='a<1'", "sweep.where=null", "x=1", "sweep.where=",
    ]  # fmt: skip
    (word,) = quoted(["data.store=/tmp/a b (c), d"])
    assert OverridesParser.create().parse_overrides([word])[0].value() == "/tmp/a b (c), d"
