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


def test_a_whole_number_is_drawn_from_whole_numbers_without_being_told() -> None:
    assert space_of("lightgbm", {"leaves": [4, 32], "rate": [0.1, 1]}) == {
        "leaves": Range(4, 32, whole=True), "rate": Range(0.1, 1),
    }  # fmt: skip


def test_the_ranges_of_a_configuration_come_instead() -> None:
    found = space_of("logit", {"ridge": [1, 100, "log"], "rows_min": [100, 400]})
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
        ("logit", {"ridge": [1, float("inf")]}, "no range"),
        ("logit", {"ridge": [float("nan"), 2]}, "no range"),
        ("logit", {"rows_min": [4.5, 9]}, r"expected whole numbers, found \[4\.5, 9\]"),
        ("logit", {"features": [1, 2]}, "expected a parameter that is a number"),
        ("lightgbm", {"monotone": [0, 1]}, "found monotone=True"),
        ("lightgbm", {"held_out": [0.1, 2]}, r"refuses an end of the range in tune\.space\.held_out: .* found 2"),
        ("lightgbm", {"leaves": [1, 8]}, "expected 2 to 131072, found 1"),
    ],
)
def test_a_wrong_range_is_one_line(model: str, given: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        space_of(model, given)
    assert "\n" not in str(caught.value)
