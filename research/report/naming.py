"""Names of configurations and of their parameters, on the page, in the terminal and in notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from research.report.text import NOTHING, visible


def short_key(key: str) -> str:
    """Heading of a parameter's column: the last part of its key, or the group where that part is `name`."""
    group, _, last = key.rpartition(".")
    return (group if last == "name" and group else last).replace("_", " ")


def value_text(value: object) -> str:
    """A value of a parameter as text."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        text = f"{value:.10g}" if abs(value) < 1e4 else f"{value:,.10g}"
        return text.replace("-", "\u2212")
    if isinstance(value, list | tuple):
        return ", ".join(value_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(item)}" for name, item in value.items())
    return visible(value)


def settings(parameters: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The parameters of a configuration as a phrase: ``strategy value, edge min 0.02, staking flat``.

    Parameters
    ----------
    parameters : mapping
        All dotted keys of the configuration.
    keys : sequence of str
        Keys to name, in order; one without a value is left out.
    """
    named = [(short_key(key), value_text(parameters.get(key))) for key in keys]
    return ", ".join(f"{name} {value}" for name, value in named if value != NOTHING)
