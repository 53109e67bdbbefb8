"""Values of overrides: decimals, lists, globs, and overrides without values."""

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
        ("x=range(0,1,1)", 1, 0),
        ("x=range(start=0,stop=0.5,step=1)", 1, 0.0),
    ],
)
def test_a_range_excludes_its_stop_and_counts_in_decimals(word: str, count: int, last: float) -> None:
    in_range = values(word)
    assert len(in_range) == count
    assert in_range[-1] == last
    assert isinstance(in_range[-1], type(last))


def test_choices_keep_order_and_types_without_repetitions() -> None:
    assert values("x=choice(0.5,0.1,0.5)") == (0.5, 0.1)
    assert values("x=a,'b c',null,true,3") == ("a", "b c", None, True, 3)
    assert values("x=[a,b],[c]") == (["a", "b"], ["c"])
    assert values("x=choice(1,2.0)") == (1, 2.0)
    assert values("x=7") == (7,)
    assert values("x=sort(3,1,2)") == (1, 2, 3)


def test_globs_work_with_groups_only() -> None:
    assert values("staking=glob(kelly*)", OPTIONS) == ("kelly", "kelly_market")
    assert values("staking=glob(*,exclude=kelly*)", OPTIONS) == ("flat", "target")
    with pytest.raises(ConfigurationError, match="with groups only"):
        values("x=glob(*)")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("x=interval(0,1)", "an interval has no values"),
        ("x=shuffle(1,2)", "order of a sweep is fixed"),
        ("x=range(1,1)", "no value"),
        ("x=range(0,1,0)", "must not be 0"),
        ("x=range(0,inf)", "finite"),
        ("x=range(0,1,1e-9)", "1,000,000,000 values"),
        ("x=range(0,0.1)", r"gives 1 value: .*did you mean range\(0,0\.1,0\.01\)\?"),
        ("x=range(1)", "gives 1 value"),
        ("x=range(0,2.5)", r"gives 3 values: .*range\(0,2\.5,0\.25\)"),
        ("+x=1,2", "only existing keys"),
        ("staking=glob(z*)", "no value"),
    ],
)
def test_an_override_without_values_is_an_error(word: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        values(word, OPTIONS)


def test_conditions_and_paths_are_quoted_for_the_lexer() -> None:
    (word,) = quoted(["sweep.where=strategy.edge_min<0.05 and staking.base=='cash'"])
    (override,) = OverridesParser.create().parse_overrides([word])
    assert override.value() == "strategy.edge_min<0.05 and staking.base=='cash'"
    assert quoted(["sweep.where='a<1'", "sweep.where=null", "x=1", "sweep.where="]) == [
        "sweep.where='a<1'", "sweep.where=null", "x=1", "sweep.where=",
    ]  # fmt: skip
    (word,) = quoted(["data.store=/tmp/a b (c), d"])
    assert OverridesParser.create().parse_overrides([word])[0].value() == "/tmp/a b (c), d"
