"""The language of `sweep.where`."""

from __future__ import annotations

import polars as pl
import pytest

from engine.errors import ConfigurationError
from research.sweeps.where import condition

FRAME = pl.DataFrame(
    {
        "strategy.edge_min": [0.0, 0.05, 0.1],
        "staking.fraction": [0.5, None, 0.1],
        "staking.name": ["kelly", "flat", "kelly"],
    }
)
COLUMNS = {name: pl.col(name) for name in FRAME.columns}


def kept(text: str) -> list[bool]:
    return FRAME.select(condition(text, COLUMNS).fill_null(True).alias("k"))["k"].to_list()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("strategy.edge_min<0.05", [True, False, False]),
        ("0 < strategy.edge_min <= 0.05", [False, True, False]),
        ("strategy.edge_min < 0.05 and staking.fraction < 0.5", [False, False, False]),
        ("strategy.edge_min < 0.2 and staking.fraction < 0.5", [False, True, True]),
        ("not staking.fraction < 0.5", [True, True, False]),
        ("strategy.edge_min + staking.fraction > 0.3", [True, True, False]),
        ("staking.fraction * 2 - 1 == 0 or strategy.edge_min / 2 >= 0.05", [True, True, True]),
        ("staking == 'kelly'", [True, False, True]),
        ("staking.name in ('flat',)", [False, True, False]),
        ("staking.name not in ['flat']", [True, False, True]),
        ("staking.fraction != null", [True, False, True]),
        ("staking.fraction == None", [False, True, False]),
        ("strategy.edge_min > -1", [True, True, True]),
    ],
)
def test_conditions(text: str, answer: list[bool]) -> None:
    assert kept(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "strategy.edge_min.__class__ == 1",
        "(lambda: 1)()",
        "[x for x in (1,)]",
        "strategy.edge_min < ",
        "strategy.edge_min = 1",
        "strategy.edge_min + 1",
        "strategy.edge_min < null",
        "strategy.edge_min is 1",
        "2 ** 9999999 < 1",
        "f'{1}' == 1",
        "(" * 500 + "1" + ")" * 500,
        "1 < " * 1000 + "2",
        "a" * 3000,
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        kept(text)


def test_an_unknown_key_suggests_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean strategy.edge_min\?"):
        kept("strategy.edgemin < 1")
