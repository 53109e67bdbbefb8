"""One form for values that mean the same, so that one configuration is one trial however it is written.

A single name is a list of it, the order of names does not matter, ``60m`` is ``1h``, and a limit at the number that
null stands for is null.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any, Final

from engine.kernel.params import PARAMETERS
from engine.schema import INSTANTS
from research.config.keys import KEYS
from research.strategies import by_name

_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"(?:(?P<before>.*):)?(?P<number>\d{1,6})(?P<unit>[smhd])")
_LIST: Final = re.compile(r"\b(tuple|list|set|frozenset|Sequence|Collection)\b")
_NULLS: Final = {key: parameter.null for parameter in PARAMETERS for key in parameter.keys}


def canonical(key: str, value: Any, strategy: str = "", file: str | None = None) -> Any:
    """The one form of the value of a key.

    Parameters
    ----------
    key : str
    value : object
        As `research.config.keys.checked` gives it.
    strategy, file : str
        Name and file of the strategy, whose parameters say which of its keys are lists.
    """
    if value is None or (not isinstance(value, bool) and isinstance(value, int | float) and _NULLS.get(key) == value):
        return None
    spec = KEYS.get(key)
    if key == "data.instants":
        return _in_order(value, INSTANTS)
    if key == "data.decide_at" or (spec is not None and spec.kind == "duration"):
        return _duration(value)
    if key == "execution.unresolved":
        return {name: _duration(term) for name, term in value.items()}
    if spec is None and key.startswith("strategy."):
        default = _lists(strategy, file).get(key.removeprefix("strategy."), MISSING)
        if default is MISSING:
            return value
        listed = list(value) if isinstance(value, list | tuple) else [value]
        return listed if file is not None or default is Ellipsis else _in_order(listed, default or ())
    return value


@lru_cache(maxsize=256)
def _lists(strategy: str, file: str | None) -> dict[str, Any]:
    """Parameters of a strategy that are lists, with their defaults; ``...``: its class says that their order counts."""
    kind: Any = by_name(strategy, file)
    return {
        field.name: None if field.default is MISSING else field.default
        for field in fields(kind)
        if _LIST.search(str(field.type))
    } | dict.fromkeys(getattr(kind, "in_order", ()), ...)


def _in_order(values: Sequence[Any], usual: Sequence[Any]) -> list[Any]:
    """Distinct values: the usual ones in the usual order, then the others sorted."""
    given = set(values)
    return [value for value in usual if value in given] + sorted(given - set(usual))


def _duration(text: str) -> str:
    """A duration in its largest unit; one below two days in hours at most. Other texts stay.

    >>> _duration("60m"), _duration("1d"), _duration("48h"), _duration("before_start:90m"), _duration("close")
    ('1h', '24h', '2d', 'before_start:90m', 'close')
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return text
    seconds = int(match["number"]) * _SECONDS[match["unit"]]
    unit = next(
        unit
        for unit in "dhms"
        if seconds % _SECONDS[unit] == 0 and (unit != "d" or seconds >= 2 * _SECONDS["d"] or not seconds)
    )
    short = f"{seconds // _SECONDS[unit]}{unit}"
    return short if match["before"] is None else f"{match['before']}:{short}"
