"""Models, one file each, found by name: ``research/models/NAME.py`` has a frozen dataclass whose `name` is NAME.

A model of the user is a file ``BEA_HOME/models/NAME.py`` with such a class.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import polars as pl

from engine.errors import ConfigurationError, unknown_name
from engine.paths import home
from research.forecasting.checks import check_contract
from research.forecasting.contract import MARKETS, Forecaster, Inputs, Model
from research.models._parameters import typed
from research.user_file import MODELS, all_failures_named, failures_named, load_module, user_files

#: models of the user that kept their contract, with the states of their files
_HELD: Final = set[Any]()


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
        There is no such model or parameter, a value is of another type or out of its range, or the class breaks the
        contract of a model.
    """
    kind, file = by_name(name), own().get(name)
    given, where = typed(kind, parameters or {}), str(file or f"{__name__}.{name}")
    with nullcontext() if file is None else failures_named(file):
        model = kind(**given)
        if not isinstance(model, Model):
            raise ConfigurationError(
                "the class breaks the contract of a model", where=where, expected="methods inputs, fit and restored"
            )
        _check_inputs(model.inputs(), where)
    return model


def _check_inputs(needed: Any, where: str) -> None:
    """Raise `ConfigurationError` for what is no `Inputs` of names."""
    is_listed = isinstance(needed, Inputs) and isinstance(needed.features, tuple) and isinstance(needed.markets, tuple)
    if is_listed and all(isinstance(one, str) for one in needed.features) and set(needed.markets) <= set(MARKETS):
        return
    expected = f"Inputs(features=('NAME',)), and of the markets {', '.join(MARKETS)}"
    raise ConfigurationError("wrong inputs of a model", where=where, expected=expected, found=str(needed)[:120])


def check_market(model: Model, market: str, where: str) -> None:
    """Raise `ConfigurationError` where a model is not for a market (`Inputs.markets`); `where` is the key of that."""
    known = model.inputs().markets
    if market not in known:
        raise ConfigurationError(
            f"model {model.name} is not for this market", where=where,
            expected=" | ".join(known) or "features that have a market in common", found=market,
        )  # fmt: skip


def fitted(model: Model, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Forecaster:
    """A model fitted on the past; one in a file of the user is held to its contract at its first fit.

    Parameters
    ----------
    model : Model
    past, outcomes
        As in `research.forecasting.contract.Model.fit`.

    Raises
    ------
    DataError
        There is no fit, or the model breaks its contract.
    """
    forecaster = model.fit(past, outcomes)
    files = _files_of(model)
    state = (repr(model), *((file, file.stat().st_mtime_ns) for file in files))
    if files and state not in _HELD:
        check_contract(model, forecaster, past, outcomes)
        _HELD.add(state)
    return forecaster


def failures_of(model: Model) -> AbstractContextManager[None]:
    """Errors in the files of a model of the user become one line that names file and line."""
    return all_failures_named(_files_of(model))


def _files_of(model: Model) -> list[Path]:
    return [part for part in _code_of(model) if isinstance(part, Path)]


def defaults(name: str) -> dict[str, Any]:
    """The group ``model`` of a configuration: the name and every parameter with its default."""
    model = by_name(name)()
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return {"name": name} | {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def modules_of(name: str, parameters: Mapping[str, Any] | None = None) -> tuple[str | Path, ...]:
    """Code of a model: its module or the file of the user, and that of the models that its parameters name."""
    return _code_of(made(name, parameters))


def _code_of(model: Model) -> tuple[str | Path, ...]:
    known, name = names(), model.name
    modules: list[str | Path] = [own().get(name) or f"{__name__}.{name}"]
    for field in fields(model):  # type: ignore[arg-type]
        value = getattr(model, field.name)
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, str) and part in known and part != name:
                modules += modules_of(part)
    return tuple(dict.fromkeys(modules))
