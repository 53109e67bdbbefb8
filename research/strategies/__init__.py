"""Strategies, one file each, found by name.

A built-in strategy is ``research/strategies/NAME.py`` with its defaults in ``conf/strategy/NAME.yaml``. A strategy of
the user is a file in a folder of the user (`research.user_file`). Only the requested strategy is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from engine.errors import ConfigurationError
from engine.paths import conf_dir
from engine.strategy import Strategy
from research.user_file import failures_named, load_module

#: keys of the group `strategy` that are filters of the kernel, not parameters of the strategy
FAST: Final = ("edge_min", "edge_max", "odds_min", "odds_max")
_NO_PARAMETER: Final = (*FAST, "name", "file")
#: built-in strategies with a model, which are fitted before they decide (`engine.strategy.Learner`)
FITTED: Final = ("model_value",)


def names() -> tuple[str, ...]:
    """Names of the built-in strategies that need no fit, sorted; those that do are `FITTED`."""
    known = {path.stem for path in (conf_dir() / "strategy").glob("*.yaml")}
    return tuple(sorted(known.difference(FITTED)))


def by_name(name: str, file: str | None = None) -> type[Strategy]:
    """The class of a strategy.

    Parameters
    ----------
    name : str
        Name of the file, and class attribute `name` of the strategy.
    file : str, optional
        File of a strategy of the user. By default a built-in strategy.

    Raises
    ------
    ConfigurationError
        There is no such strategy, its module cannot be imported, or the module has no class with that name, or two.
    """
    module = _built_in(name) if file is None else load_module(file)
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    found = list(dict.fromkeys(value for value in own if getattr(value, "name", None) == name))
    where, expected = file or module.__name__, f"a class whose name is {name!r}"
    if not found:
        raise ConfigurationError("the module has no such strategy", where=where, expected=expected)
    if len(found) > 1:  # a learner and what it returns: which one is meant decides whether anything is fitted
        classes = ", ".join(value.__name__ for value in found)
        todo = "give the others another name"
        raise ConfigurationError("two strategies of one name", where=where, expected=expected, found=classes, todo=todo)
    strategy: type[Strategy] = found[0]
    if not is_dataclass(strategy) or not strategy.__dataclass_params__.frozen:
        raise ConfigurationError(
            "a strategy must be a frozen dataclass", where=where, found=f"class {strategy.__name__}"
        )
    return strategy


def _built_in(name: str) -> ModuleType:
    known = tuple(sorted((*names(), *FITTED)))
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
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "the strategy has no module", where=f"conf/strategy/{name}.yaml", expected=str(error.name)
        ) from None


def defaults(name: str, file: str) -> dict[str, Any]:
    """The group `strategy` for a strategy of the user: name, file, parameters, and all filters off.

    A parameter without a default is ``???``: Hydra requires a value.
    """
    kind = by_name(name, file)
    parameters: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.default_factory is not MISSING:
            parameters[field.name] = _as_list(field.default_factory())
        else:
            parameters[field.name] = "???" if field.default is MISSING else _as_list(field.default)
    return {"name": name, "file": file, **parameters, **dict.fromkeys(FAST)}


def _as_list(value: Any) -> Any:
    return [_as_list(item) for item in value] if isinstance(value, tuple | list) else value


def make(name: str, parameters: Mapping[str, Any], file: str | None = None) -> Strategy:
    """Make a strategy.

    Parameters
    ----------
    name : str
    parameters : mapping of str to object
        Keys of the group `strategy`. Filters, name and file are ignored.
    file : str, optional
        As in `by_name`.

    Raises
    ------
    ConfigurationError
        Unknown strategy or parameter, or a wrong value.
    """
    kind = by_name(name, file)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    arguments = {key: value for key, value in parameters.items() if key not in _NO_PARAMETER}
    _check_model(name, arguments, known)
    for key in arguments:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise ConfigurationError(
                "unknown parameter",
                where=f"strategy.{key}",
                expected=", ".join(known),
                todo=f"did you mean {near[0]}?" if near else "",
            )
    if file is None:
        return _chosen(kind(**arguments))
    with failures_named(Path(file)):
        return kind(**arguments)


def _chosen(strategy: Any) -> Strategy:
    """The strategy that was made, or the one that its parameters choose instead (`chosen`)."""
    choose = getattr(strategy, "chosen", None)
    chosen: Strategy = strategy if choose is None else choose()
    return chosen


def _check_model(name: str, arguments: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise if a model is chosen for a strategy that has none, or none for one that needs it."""
    if "model_parameters" in arguments and "model_parameters" not in known:
        found = f"model={arguments.get('model')}"
        of_base = f"use strategy.base=model_value strategy.base_parameters=[model:{arguments.get('model')}]"
        todo = of_base if "base_parameters" in known else "use strategy=model"
        raise ConfigurationError(f"strategy {name} has no model", where="model", found=found, todo=todo)
    if "model_parameters" in known and "model" in arguments and arguments.get("artifact") is not None:
        raise ConfigurationError(
            "two models", where="strategy.artifact", found=f"model={arguments['model']}", todo="leave out model=NAME"
        )
    if "model_parameters" in known and "model" not in arguments and arguments.get("artifact") is None:
        from research.models import names as models

        raise ConfigurationError(
            "no model is chosen",
            where=f"strategy {name}",
            expected="model=" + "|".join(models()),
            todo="add model=NAME",
        )
