"""Ranges in which the parameters of models are tuned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.errors import ConfigurationError, unknown_name
from research.models import by_name


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
        """Raise `ConfigurationError` for ends in the wrong order, or a logarithm of what is not above 0."""
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ConfigurationError(
                "no range", where="tune.space", expected="[LOW, HIGH] with LOW below HIGH, above 0 for log",
                found=f"[{self.low:g}, {self.high:g}]",
            )  # fmt: skip


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


def space_of(model: str, given: Any = None) -> dict[str, Range]:
    """The ranges of a model's parameters, in the order of their names.

    Parameters
    ----------
    model : str
    given : mapping, optional
        Ranges by parameter instead of the project's: ``[LOW, HIGH]`` and any of the words ``log`` and ``whole``.

    Raises
    ------
    ConfigurationError
        The model has no such parameter, a range cannot be read, or there is nothing to tune.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ConfigurationError(
            "wrong value", where="tune.space", expected="{PARAMETER: [LOW, HIGH]}", found=str(given)
        )
    known = [field.name for field in fields(by_name(model))] if model else []
    ranges = {name: _read(name, value) for name, value in given.items()} if given else dict(SPACES.get(model, {}))
    for name in ranges:
        if name not in known:
            raise unknown_name("parameter", name, known, where="tune.space")
    if not ranges:
        raise ConfigurationError(
            f"nothing to tune in model {model or 'that is not chosen'}", where="tune", expected="a model with a space",
            found=f"spaces of {', '.join(sorted(SPACES))}", todo="give tune.space, or leave out tune=optuna",
        )  # fmt: skip
    return dict(sorted(ranges.items()))


def _read(name: str, value: Any) -> Range:
    words = value[2:] if isinstance(value, list | tuple) else []
    numbers = value[:2] if isinstance(value, list | tuple) else []
    are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers)
    if len(numbers) < 2 or not are_numbers or any(word not in _WORDS for word in words):
        raise ConfigurationError(
            "wrong value", where=f"tune.space.{name}", expected="[LOW, HIGH], and any of log, whole", found=str(value)
        )
    return Range(numbers[0], numbers[1], log="log" in words, whole="whole" in words)
