"""Ranges of parameters: the project's own, and those of a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ConfigurationError
from research.models import defaults, made, names
from research.training.space import SPACES, Range, space_of


@pytest.mark.parametrize("model", sorted(set(SPACES) & set(names())))
def test_a_model_takes_every_value_of_its_ranges(model: str) -> None:
    for name, one in space_of(model).items():
        for value in (one.low, one.high):
            made(model, {name: value})
        if one.whole:
            assert isinstance(defaults(model)[name], int) and int(one.low) == one.low


def test_the_ranges_of_a_configuration_come_instead() -> None:
    found = space_of("logit", {"ridge": [1, 100, "log"], "rows_min": [100, 400, "whole"]})
    assert found == {"ridge": Range(1, 100, log=True), "rows_min": Range(100, 400, whole=True)}
    assert space_of("logit", {}) == space_of("logit") == dict(SPACES["logit"])


@pytest.mark.parametrize(
    ("model", "given", "text"),
    [
        ("market", {}, "nothing to tune in model market"),
        ("logit", {"rige": [1, 2]}, "did you mean ridge"),
        ("logit", {"ridge": [2, 1]}, "LOW below HIGH"),
        ("logit", {"ridge": [0, 1, "log"]}, "above 0 for log"),
        ("logit", {"ridge": 3}, r"tune\.space\.ridge"),
        ("logit", {"ridge": [1, 2, "logs"]}, r"tune\.space\.ridge"),
        ("logit", [1], r"tune\.space"),
    ],
)
def test_a_wrong_range_is_one_line(model: str, given: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        space_of(model, given)
    assert "\n" not in str(caught.value)
