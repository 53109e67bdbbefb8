"""Hydra's grammar of values, read exactly: which values a word of a sweep stands for, in decimals."""

from __future__ import annotations

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
        What it stands for: one value, or several to sweep over.
    text : str
        As it was written.
    plain : bool
        True for ``key=value``; False for ``+key=``, ``++key=`` and ``~key``, which go to Hydra as they are.
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
        As Hydra's parser gives it.
    options : sequence of str
        Options of the group of that name; empty where the key is no group.

    Raises
    ------
    ConfigurationError
        An interval, a shuffle, a glob of no group, a range without values.
    """
    text = override.input_line or ""
    plain = override.type == OverrideType.CHANGE
    if override.type == OverrideType.DEL:
        return Word(override.key_or_group, (), text, False)
    if override.value_type is None or not override.is_sweep_override():
        return Word(override.key_or_group, (override.value(),), text, plain)
    if not plain:
        raise ConfigurationError(f"{text}: only keys that are there can be swept", todo="leave out the +")
    return Word(override.key_or_group, values(override._value, text, options), text, True)


def values(swept: Any, text: str, options: Sequence[str] = ()) -> tuple[Any, ...]:
    """Values of a parsed sweep, in the order written, equal ones once."""
    if isinstance(swept, IntervalSweep):
        raise ConfigurationError(
            f"{text}: an interval has no values of its own", todo="use range(start,stop,step) or choice(a,b,...)"
        )
    if getattr(swept, "shuffle", False):
        raise ConfigurationError(f"{text}: the order of a sweep is fixed", todo="leave out shuffle()")
    if isinstance(swept, RangeSweep):
        return _range(swept, text)
    if isinstance(swept, Glob):
        if not options:
            raise ConfigurationError(f"{text}: a glob is for groups only", todo="use choice(a,b,...)")
        found: list[Any] = swept.filter(list(options))
    elif isinstance(swept, ChoiceSweep):
        found = [_plain(one, text, options) for one in swept.list]
    else:
        found = [_plain(one, text, options) for one in swept]
    flat = [one for item in found for one in (item if isinstance(item, _Several) else [item])]
    if not flat:
        raise ConfigurationError(f"{text}: no value at all")
    return tuple(_distinct(flat))


class _Several(tuple[Any, ...]):
    """Values of a sweep inside a sweep: choice(range(0,3),7)."""


def _plain(value: Any, text: str, options: Sequence[str]) -> Any:
    if isinstance(value, ChoiceSweep | RangeSweep | IntervalSweep | Glob):
        return _Several(values(value, text, options))
    return Override._convert_value(value) if not isinstance(value, QuotedString) else value.text


def _range(swept: RangeSweep, text: str) -> tuple[Any, ...]:
    """start, start + step, ... without the stop; in decimals, so that 0.1 is a tenth."""
    ends = (swept.start if swept.start is not None else 0, swept.stop, swept.step)
    if any(end is None or end != end or end in (float("inf"), float("-inf")) for end in ends):
        raise ConfigurationError(f"{text}: a range needs finite ends")
    start, stop, step = (Decimal(repr(end)) for end in ends)
    if step == 0:
        raise ConfigurationError(f"{text}: the step of a range is not 0")
    whole, rest = divmod(stop - start, step)
    count = int(whole) + (1 if rest != 0 else 0)
    if count <= 0:
        raise ConfigurationError(f"{text}: no value at all", todo="a range excludes its stop")
    if count > _MOST_VALUES:
        raise ConfigurationError(f"{text}: {count:,} values", expected=f"at most {_MOST_VALUES:,}")
    number = int if all(isinstance(end, int) for end in ends) else float
    return tuple(number(start + step * i) for i in range(count))


def _distinct(items: list[Any]) -> list[Any]:
    seen, kept = set(), []
    for item in items:
        mark = repr((type(item).__name__ if isinstance(item, bool | str) else "", item))
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return kept
