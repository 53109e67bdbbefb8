"""Models, one file each, found by name: ``research/models/NAME.py`` has a frozen dataclass whose `name` is NAME.

A model of the user is a file ``BEA_HOME/models/NAME.py`` with such a class.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import ConfigurationError, unknown_name
from engine.paths import home
from research.forecasting.contract import Model
from research.models._parameters import typed
from research.user_file import MODELS, failures_named, load_module, user_files


def names() -> tuple[str, ...]:
    """Names of all models, sorted: the built-in ones and those of the user."""
    return tuple(sorted({*built_in(), *own()}))


@cache
def built_in() -> tuple[str, ...]:
    """Names of the built-in models, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def own() -> dict[str, Path]:
    """Files of the user's models, ``BEA_HOME/models/NAME.py``, by name."""
    return user_files(MODELS, [home()])


def by_name(name: str) -> type[Any]:
    """The class of a model.

    Raises
    ------
    ConfigurationError
        There is no such model, or two; the file of the user cannot be imported, or has no such class.
    """
    file = own().get(name)
    if file is None and name not in built_in():
        raise unknown_name("model", name, names(), where="model")
    if file is None:
        return _class_in(importlib.import_module(f"{__name__}.{name}"), name, f"{__name__}.{name}")
    if name in built_in():
        raise ConfigurationError(
            f"two models are named {name}", where=str(file), todo="give the file and its class another name"
        )
    with failures_named(file):
        return _class_in(load_module(file), name, str(file))


def _class_in(module: ModuleType, name: str, where: str) -> type[Any]:
    """The model with this name in a module; `where` is what an error calls the module."""
    for value in vars(module).values():
        if not isinstance(value, type) or value.__module__ != module.__name__ or getattr(value, "name", None) != name:
            continue
        if is_dataclass(value) and value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            if bare := [one.name for one in fields(value) if one.default is one.default_factory is MISSING]:
                raise ConfigurationError(
                    "a parameter of a model needs a default", where=where, expected=f"{bare[0]} = VALUE", found="none"
                )
            return value
    raise ConfigurationError(
        "the module has no such model", where=where, expected=f"a frozen dataclass whose name is {name!r}"
    )


def made(name: str, parameters: Mapping[str, Any] | None = None) -> Model:
    """A model with some of its parameters; the others have their defaults.

    Raises
    ------
    ConfigurationError
        There is no such model or parameter, or a value is of another type or out of its range.
    """
    kind, file = by_name(name), own().get(name)
    given = typed(kind, parameters or {})
    with nullcontext() if file is None else failures_named(file):
        model = kind(**given)
    if not isinstance(model, Model):
        raise ConfigurationError(
            "the class breaks the contract of a model", where=str(file or f"{__name__}.{name}"),
            expected="methods inputs, fit and restored",
        )  # fmt: skip
    return model


def defaults(name: str) -> dict[str, Any]:
    """The group ``model`` of a configuration: the name and every parameter with its default."""
    model = by_name(name)()
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return {"name": name} | {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def modules_of(name: str, parameters: Mapping[str, Any] | None = None) -> tuple[str | Path, ...]:
    """Code of a model: its module or the file of the user, and that of the models that its parameters name."""
    model, known = made(name, parameters), names()
    modules: list[str | Path] = [own().get(name) or f"{__name__}.{name}"]
    for field in fields(model):  # type: ignore[arg-type]
        value = getattr(model, field.name)
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, str) and part in known and part != name:
                modules += modules_of(part)
    return tuple(dict.fromkeys(modules))
