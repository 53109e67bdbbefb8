"""What one row of the table of fast parameters states, and how a row is written (`engine.kernel.params`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["number", "whole", "flag", "duration", "choice"]

INF = math.inf
#: every whole number up to this one is a float64
WHOLE_MAX = 2.0**53


@dataclass(frozen=True)
class Parameter:
    """One fast parameter: a number that the kernel reads.

    Attributes
    ----------
    name : str
        Field of `Params` and of `engine.configuration.Configuration`. Its last word is the unit.
    keys : tuple of str
        Keys of the configuration that set it. The first one that a configuration has is used.
    default : float, bool or IntEnum
        Value of ``Configuration()``. Its type is the type of the field.
    help : str
        Meaning, in one line.
    unit : str
        Unit of the user's value.
    kind : Kind
        Type of the user's value. A ``duration`` is a text such as ``30d`` and becomes nanoseconds, a ``choice`` is one
        of `words`.
    words : mapping of str to float
        Words of a choice, each with its number.
    null : float or None
        The number of the kernel for null (the limit is off). None: null is not allowed.
    absent : float or None
        The number where a configuration has none of the keys. None: that of null, or the default.
    low, high : float
        Range of the number, ends included. The number of null is always allowed.
    above, below : float
        Bounds of the number that are not part of the range.
    of_rule : mapping of float to mapping
        Other values of these attributes under a staking rule.
    finite : bool
        Whether infinity is refused.
    at_most : str
        Another parameter that this one must not exceed. Empty: none.
    decides : bool
        Whether a decision in lanes reads it: it is then a field of `DecisionParams`.
    shared : bool
        Whether it must be equal in all lanes of a block.
    lanes_only : float or None
        The only number that the walk in lanes can handle; a configuration with another one walks alone. None: any.
    """

    name: str
    keys: tuple[str, ...]
    default: Any
    help: str
    unit: str = ""
    kind: Kind = "number"
    words: Mapping[str, float] = field(default_factory=dict)
    null: float | None = None
    absent: float | None = None
    low: float = -INF
    high: float = INF
    above: float = -INF
    below: float = INF
    of_rule: Mapping[float, Mapping[str, Any]] = field(default_factory=dict)
    finite: bool = False
    at_most: str = ""
    decides: bool = False
    shared: bool = False
    lanes_only: float | None = None

    @property
    def missing(self) -> float:
        """The number where a configuration has null, or none of the keys."""
        if self.absent is not None:
            return self.absent
        return float(self.default) if self.null is None else self.null

    def under(self, staking: float) -> Parameter:
        """The parameter with its range under a staking rule."""
        return replace(self, **self.of_rule[staking]) if staking in self.of_rule else self

    def allows(self, value: float) -> bool:
        """Whether a number is in range. NaN never is."""
        if self.null is not None and value == self.null:
            return True
        if not self.low <= value <= self.high or (math.isinf(value) and self.finite):
            return False
        if value <= self.above > -INF or value >= self.below < INF:
            return False
        return self.kind != "whole" or math.isinf(value) or value == math.floor(value)

    def range_text(self) -> str:
        """The range in words, such as ``a whole number of at least 1``; empty: any number."""
        ends = []
        if self.low > -INF:
            ends.append(f"at least {self.low:g}")
        if self.above > -INF:
            ends.append(f"above {self.above:g}")
        if self.high < WHOLE_MAX:
            ends.append(f"at most {self.high:g}")
        elif self.high < INF:
            ends.append("at most 2^53")
        if self.below < INF:
            ends.append(f"below {self.below:g}")
        if self.finite and self.high == INF:
            ends.append("finite")
        whole = "a whole number, " if self.kind == "whole" else ""
        nanoseconds = " ns" if self.kind == "duration" else ""
        return whole + ", ".join(ends) + nanoseconds

    def advice(self, value: float) -> str:
        """What to do about a number that is out of range: 5 for 5 % is 0.05."""
        return hundredth(value) if self.high <= 1.0 or self.below <= 2.0 else ""


def hundredth(value: float) -> str:
    """Advice on a fraction above 1, which is often a percentage.

    >>> hundredth(5.0)
    'did you mean 0.05?'
    """
    return f"did you mean {value / 100.0:.12g}?" if 1.0 < value <= 100.0 else ""


def row(default: Any, *keys: str, **facts: Any) -> Any:
    """One row of the table: a field of a dataclass that carries its `Parameter`.

    Parameters
    ----------
    default : float, bool or IntEnum
        Value of ``Configuration()``.
    *keys : str
        Keys of the configuration that set it.
    **facts
        The other attributes of `Parameter`, but for the name: that is the name of the field.
    """
    return field(default=default, metadata={"parameter": {"keys": keys, "default": default, **facts}})


def cap(key: str, about: str, **facts: Any) -> Any:
    """The row of a cap on stakes, as a fraction of equity, that is off unless it is set; arguments as of `row`.

    Open stakes never exceed the equity, so a cap above 1 is a mistake.
    """
    facts = {"high": 1.0} | facts
    return row(INF, key, help=about, unit="fraction of equity", null=INF, low=0.0, decides=True, **facts)
