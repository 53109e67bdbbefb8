"""Newton's method on functions with a known minimum."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import DataError
from research.regression.newton import Array, minimised


def test_it_finds_a_minimum_that_is_known_where_a_whole_step_would_jump_past_it() -> None:
    def terms(point: Array) -> tuple[float, Array, Array]:  # ln cosh: from 2 a whole step lands at -11.6 and diverges
        return (
            float(np.log(np.cosh(point - 0.25)).sum()),
            np.tanh(point - 0.25),
            np.diag(1.0 / np.cosh(point - 0.25) ** 2),
        )

    point, hessian = minimised(np.array([2.0, -3.0]), terms, "a test")
    assert np.allclose(point, 0.25, atol=1e-5) and np.allclose(hessian, np.eye(2), atol=1e-5)


def test_a_function_without_a_minimum_is_refused_in_one_line() -> None:
    def terms(point: Array) -> tuple[float, Array, Array]:
        return float(-point[0]), np.array([-1.0]), np.array([[0.0]])

    with pytest.raises(DataError, match=r"^a fit has no finite optimum in a slope: expected .*; give it a longer past"):
        minimised(np.zeros(1), terms, "a slope")


def test_a_point_on_its_way_to_infinity_and_a_direction_that_is_open_are_refused() -> None:
    def falling(point: Array) -> tuple[float, Array, Array]:  # exp(-x): no minimum, while the decrement falls to 0
        value = np.exp(-point)
        return float(value.sum()), -value, np.diag(value)

    def open_direction(point: Array) -> tuple[float, Array, Array]:  # only the sum counts, but for rounding
        bend = np.full((2, 2), 2.0) + 1e-11 * np.eye(2)
        return float(point @ bend @ point) / 2 - float(point.sum()), bend @ point - 1.0, bend

    for terms, size in ((falling, 1), (open_direction, 2)):
        with pytest.raises(DataError, match="a fit has no finite optimum in a slope"):
            minimised(np.zeros(size), terms, "a slope")
