"""Models, one file each, found by name: ``research/models/NAME.py`` has a frozen dataclass whose `name` is NAME."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError, unknown_name
from research.forecasting.contract import Model


def names() -> tuple[str, ...]:
    """Names of the built-in models, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def by_name(name: str) -> type[Any]:
    """The class of a built-in model.

    Raises
    ------
    ConfigurationError
        There is no such model.
    """
    if name not in names():
        raise unknown_name("model", name, names(), where="model")
    module = importlib.import_module(f"{__name__}.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and is_dataclass(value) and getattr(value, "name", None) == name:
            return value
    raise ConfigurationError(
        "the module has no such model", where=module.__name__, expected=f"a dataclass named {name!r}"
    )


def made(name: str, parameters: Mapping[str, Any] | None = None) -> Model:
    """A built-in model with some of its parameters; the others have their defaults.

    Raises
    ------
    ConfigurationError
        There is no such model or parameter, or a value is out of its range.
    """
    kind, given = by_name(name), {}
    for key, value in (parameters or {}).items():
        given[key] = tuple(value) if isinstance(value, list) else value
    known = [field.name for field in fields(kind)]
    for parameter in given:
        if parameter not in known:
            raise unknown_name("parameter", parameter, known, where=f"model.{parameter}")
    model = kind(**given)
    if not isinstance(model, Model):
        raise ConfigurationError("the class breaks the contract of a model", where=f"research.models.{name}")
    return model


def defaults(name: str) -> dict[str, Any]:
    """The group ``model`` of a configuration: the name and every parameter with its default."""
    model = by_name(name)()
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return {"name": name} | {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def modules_of(name: str, parameters: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Modules of a model: its own, and those of the models that its parameters name, as a stack does."""
    model, known, modules = made(name, parameters), names(), [f"{__name__}.{name}"]
    for field in fields(model):  # type: ignore[arg-type]
        value = getattr(model, field.name)
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, str) and part in known and part != name:
                modules += modules_of(part)
    return tuple(dict.fromkeys(modules))
