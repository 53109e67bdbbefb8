"""Ranges in which the parameters of models are tuned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.errors import ConfigurationError, unknown_name
from research.models import by_name, made


@dataclass(frozen=True)
class Range:
    """Values of a number, both ends included.

    Attributes
    ----------
    low, high : float
    log : bool
        Drawn evenly on the logarithm.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for infinite or misordered ends, and broken ends of whole numbers."""
        ends = self.low, self.high
        expected = "[LOW, HIGH] with LOW below HIGH, above 0 for log"
        if self.whole and not all(float(end).is_integer() for end in ends):
            expected = "whole numbers"
        elif self.low < self.high and all(map(math.isfinite, ends)) and not (self.log and self.low <= 0):
            return
        found = f"[{self.low:g}, {self.high:g}]"
        raise ConfigurationError("no range", where="tune.space", expected=expected, found=found)


#: the project's own, by model
SPACES: Final[Mapping[str, Mapping[str, Range]]] = {
    "logit": {"ridge": Range(0.1, 1000.0, log=True)},
    "lightgbm": {
        "leaves": Range(3, 24, log=True, whole=True),
        "rows_leaf": Range(30, 600, log=True, whole=True),
        "rate": Range(0.01, 0.15, log=True),
        "ridge": Range(0.1, 300.0, log=True),
        "share": Range(0.3, 1.0),
    },
}
_WORDS: Final = ("log", "whole")


def space_of(model: str, given: Any = None, parameters: Mapping[str, Any] | None = None) -> dict[str, Range]:
    """The ranges of a model's parameters, in the order of their names.

    Parameters
    ----------
    model : str
    given : mapping, optional
        Ranges by parameter instead of the project's: ``[LOW, HIGH]`` and any of the words ``log`` and ``whole``. A
        parameter that is a whole number has whole numbers only.
    parameters : mapping, optional
        The model's other parameters.

    Raises
    ------
    ConfigurationError
        The model has no such parameter, it is no number or refuses an end of its range, a range cannot be read, or
        there is nothing to tune.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ConfigurationError(
            "wrong value", where="tune.space", expected="{PARAMETER: [LOW, HIGH]}", found=str(given)
        )
    known = {field.name: field.default for field in fields(by_name(model))} if model else {}
    for name in given or ():
        if name not in known:
            raise unknown_name("parameter", name, tuple(known), where="tune.space")
        if isinstance(known[name], bool) or not isinstance(known[name], int | float):
            raise ConfigurationError(
                "no number to tune", where=f"tune.space.{name}", expected="a parameter that is a number",
                found=f"{name}={known[name]}",
            )  # fmt: skip
    ranges = dict(SPACES.get(model, {}))
    if given:
        ranges = {name: _read(name, value, isinstance(known[name], int)) for name, value in given.items()}
    if not ranges:
        raise ConfigurationError(
            f"nothing to tune in model {model or 'that is not chosen'}", where="tune", expected="a model with a space",
            found=f"spaces of {', '.join(sorted(SPACES))}", todo="give tune.space, or leave out tune=optuna",
        )  # fmt: skip
    for name, one in ranges.items():
        for end in (one.low, one.high):
            _check_taken(model, dict(parameters or {}) | {name: int(end) if one.whole else end}, name)
    return dict(sorted(ranges.items()))


def _check_taken(model: str, parameters: Mapping[str, Any], name: str) -> None:
    try:
        made(model, parameters)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"model {model} refuses an end of the range", where=f"tune.space.{name}", expected=error.expected,
            found=str(parameters[name]), todo="" if error.expected else str(error),
        ) from None  # fmt: skip


def _read(name: str, value: Any, whole: bool) -> Range:
    words = value[2:] if isinstance(value, list | tuple) else []
    numbers = value[:2] if isinstance(value, list | tuple) else []
    are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers)
    if len(numbers) < 2 or not are_numbers or any(word not in _WORDS for word in words):
        raise ConfigurationError(
            "wrong value", where=f"tune.space.{name}", expected="[LOW, HIGH], and any of log, whole", found=str(value)
        )
    return Range(numbers[0], numbers[1], log="log" in words, whole=whole or "whole" in words)
