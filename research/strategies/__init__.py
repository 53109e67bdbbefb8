"""Strategies, one file each, found by the name of their file in ``conf/strategy/``.

`by_name("value")` imports ``research.strategies.value`` and nothing of the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, Final

from engine.errors import ConfigurationError
from engine.paths import conf_dir
from engine.strategy import Strategy

#: parameters in the YAML of every strategy that the kernel reads, not the strategy
FAST: Final = ("edge_min", "edge_max", "odds_min", "odds_max")


def names() -> tuple[str, ...]:
    """Names of all strategies, sorted."""
    return tuple(sorted(path.stem for path in (conf_dir() / "strategy").glob("*.yaml")))


def by_name(name: str) -> type[Strategy]:
    """The class of a strategy.

    Raises
    ------
    ConfigurationError
        Where no file of ``conf/strategy/`` has that name, or its module holds no such strategy.
    """
    known = names()
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise ConfigurationError(
            "unknown strategy",
            where="strategy.name",
            expected=", ".join(known),
            found=repr(name),
            todo=f"did you mean {near[0]}?" if near else "",
        )
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "a strategy without its module", where=f"conf/strategy/{name}.yaml", expected=str(error.name)
        ) from None
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and getattr(value, "name", None) == name:
            found: type[Strategy] = value
            return found
    raise ConfigurationError(
        "a module without its strategy", where=module.__name__, expected=f"a class whose name is {name!r}"
    )


def make(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """A strategy with its parameters; those of the kernel (`FAST`) and `name` are passed over.

    Raises
    ------
    ConfigurationError
        For an unknown strategy or parameter, or a value that the strategy refuses.
    """
    kind = by_name(name)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    given = {key: value for key, value in parameters.items() if key not in (*FAST, "name")}
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise ConfigurationError(
                "unknown parameter",
                where=f"strategy.{key}",
                expected=", ".join(known),
                todo=f"did you mean {near[0]}?" if near else "",
            )
    return kind(**given)
