"""Values of the overrides of a sweep, in Hydra's grammar. Ranges are computed in decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    OverrideType,
    QuotedString,
    RangeSweep,
)

from engine.errors import ConfigurationError

_MOST_VALUES = 10_000_000


@dataclass(frozen=True)
class Word:
    """One override of a sweep.

    Attributes
    ----------
    key : str
        Dotted key or group.
    values : tuple
        One value, or several to sweep over.
    text : str
        The override as typed.
    plain : bool
        True for ``key=value``; false for ``+key=``, ``++key=`` and ``~key``, which are passed to Hydra unchanged.
    """

    key: str
    values: tuple[Any, ...]
    text: str
    plain: bool


def read(override: Override, options: Sequence[str]) -> Word:
    """The values of one parsed override.

    Parameters
    ----------
    override : Override
        As returned by Hydra's parser.
    options : sequence of str
        Options of the group with this name; empty if the key is not a group.

    Raises
    ------
    ConfigurationError
        An interval, a shuffle, a glob on a key that is not a group, or a range without values.
    """
    text = override.input_line or ""
    plain = override.type == OverrideType.CHANGE
    if override.type == OverrideType.DEL:
        return Word(override.key_or_group, (), text, False)
    if override.value_type is None or not override.is_sweep_override():
        return Word(override.key_or_group, (override.value(),), text, plain)
    if not plain:
        raise ConfigurationError(f"{text}: only existing keys can be swept", todo="leave out the +")
    return Word(override.key_or_group, values(override._value, text, options), text, True)


def values(swept: Any, text: str, options: Sequence[str] = ()) -> tuple[Any, ...]:
    """Values of a parsed sweep in the order written, without repetitions; parameters and errors as in `read`."""
    if isinstance(swept, IntervalSweep):
        raise ConfigurationError(
            f"{text}: an interval has no values to sweep over", todo="use range(start,stop,step) or choice(a,b,...)"
        )
    if getattr(swept, "shuffle", False):
        raise ConfigurationError(f"{text}: the order of a sweep is fixed", todo="leave out shuffle()")
    if isinstance(swept, RangeSweep):
        return _range(swept, text)
    if isinstance(swept, Glob):
        if not options:
            raise ConfigurationError(f"{text}: a glob works with groups only", todo="use choice(a,b,...)")
        items: list[Any] = swept.filter(list(options))
    elif isinstance(swept, ChoiceSweep):
        items = [_plain(item, text, options) for item in swept.list]
    else:
        items = [_plain(item, text, options) for item in swept]
    flat = [value for item in items for value in (item if isinstance(item, _Several) else [item])]
    if not flat:
        raise ConfigurationError(f"{text}: no value")
    return tuple(_distinct(flat))


class _Several(tuple[Any, ...]):
    """Values of a sweep within a sweep, as in choice(range(0,3),7)."""


def _plain(value: Any, text: str, options: Sequence[str]) -> Any:
    if isinstance(value, ChoiceSweep | RangeSweep | IntervalSweep | Glob):
        return _Several(values(value, text, options))
    return Override._convert_value(value) if not isinstance(value, QuotedString) else value.text


def _range(swept: RangeSweep, text: str) -> tuple[Any, ...]:
    """start, start + step, ... without the stop; in decimals, so that steps of 0.1 are exact."""
    ends = (swept.start if swept.start is not None else 0, swept.stop, swept.step)
    if any(end is None or end != end or end in (float("inf"), float("-inf")) for end in ends):
        raise ConfigurationError(f"{text}: a range needs finite ends")
    start, stop, step = (Decimal(repr(end)) for end in ends)
    if step == 0:
        raise ConfigurationError(f"{text}: the step of a range must not be 0")
    steps, rest = divmod(stop - start, step)
    count = int(steps) + (1 if rest != 0 else 0)
    if count <= 0:
        raise ConfigurationError(f"{text}: no value", todo="a range excludes its stop")
    if count > _MOST_VALUES:
        raise ConfigurationError(f"{text}: {count:,} values", expected=f"at most {_MOST_VALUES:,}")
    if not _has_step(text) and (count == 1 or start % 1 != 0 or stop % 1 != 0):
        raise ConfigurationError(
            f"{text}: without a step a range counts by 1, which gives {count} value{'s' * (count != 1)}",
            expected="range(start,stop,step)",
            todo=f"did you mean range({start},{stop},{((stop - start) / 10).normalize():f})?",
        )
    number = int if all(isinstance(end, int) for end in ends) else float
    return tuple(number(start + step * i) for i in range(count))


def _has_step(text: str) -> bool:
    """Whether every range in an override states its step."""
    return all(inside.count(",") > 1 or "step" in inside for inside in re.findall(r"range\(([^()]*)\)", text))


def _distinct(items: list[Any]) -> list[Any]:
    seen, distinct = set(), []
    for item in items:
        mark = repr((type(item).__name__ if isinstance(item, bool | str) else "", item))
        if mark not in seen:
            seen.add(mark)
            distinct.append(item)
    return distinct
