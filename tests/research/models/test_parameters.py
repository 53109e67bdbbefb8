"""Parameters of every model by type: one line that names the key."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest

from engine.errors import ConfigurationError
from research.models import by_name, made, names

#: values of other types than a bool, an int, a float, a text, a list of names
WRONG: dict[type, tuple[Any, ...]] = {
    bool: ("no", 1, None),
    int: (7.3, "many", True, None),
    float: ("x", True, math.inf, math.nan, None),
    str: (["logit"], 3, "", None),
    tuple: (None, [], [1], 3, [""], {"a": 1}),
}
PARAMETERS = [(name, field.name) for name in names() for field in fields(by_name(name))]


@pytest.mark.parametrize(("name", "key"), PARAMETERS)
def test_a_value_of_another_type_is_refused_and_the_default_is_not(name: str, key: str) -> None:
    default = getattr(by_name(name)(), key)
    assert made(name, {key: default}) == by_name(name)()
    for value in WRONG[type(default)]:
        with pytest.raises(ConfigurationError) as refused:
            made(name, {key: value})
        line = str(refused.value)
        assert line.startswith(f"wrong value in model.{key}: expected ") and "\n" not in line
        assert line.endswith(f"found {value!r}")


def test_a_whole_number_is_a_number_and_a_name_a_list_of_it() -> None:
    ridge: Any = made("logit", {"ridge": 3, "features": "elo"})
    assert type(ridge.ridge) is float and ridge.features == ("elo",)
    assert made("stack", {"of": "elo"}) == made("stack", {"of": ["elo"]})


@pytest.mark.parametrize("name", [name for name, key in PARAMETERS if key == "rows_min"])
def test_a_fit_needs_a_row(name: str) -> None:
    for value in (0, -5):
        with pytest.raises(ConfigurationError, match=r"value out of range in model.rows_min: expected 1 or more"):
            made(name, {"rows_min": value})
