"""Features, one file each, found by name: ``research/features/NAME.py`` has a frozen dataclass whose `name` is NAME."""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType

from engine.errors import ConfigurationError, unknown_name
from engine.strategy import Feature


def names() -> tuple[str, ...]:
    """Names of the built-in features, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def built_in(name: str) -> Feature:
    """A built-in feature.

    Raises
    ------
    ConfigurationError
        There is no such feature.
    """
    if name not in names():
        raise unknown_name("feature", name, names(), where="requires().features")
    return feature_in(importlib.import_module(f"{__name__}.{name}"), name, f"{__name__}.{name}")


def feature_in(module: ModuleType, name: str, where: str) -> Feature:
    """The feature with this name in a module; `where` is what an error calls the module.

    Raises
    ------
    ConfigurationError
        The module has no frozen dataclass with that name and the two forms of a feature.
    """
    for value in vars(module).values():
        if not isinstance(value, type) or value.__module__ != module.__name__ or getattr(value, "name", None) != name:
            continue
        if is_dataclass(value) and value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            feature = value()
            if isinstance(feature, Feature):
                return feature
    raise ConfigurationError(
        "the module has no such feature",
        where=where,
        expected=f"a frozen dataclass whose name is {name!r}, with columns, batch and start",
    )
