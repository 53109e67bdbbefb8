"""Parameters of models: each has the type of its default, and a range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from engine.errors import ConfigurationError, unknown_name

_WORDS: Final = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a name"}


def typed(kind: type[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in the types of the defaults of a model.

    A whole number is a number too; one name is a list of it. A default of another type than those (a model of the
    user's own may have one) takes any value.

    Parameters
    ----------
    kind : type
        The dataclass of the model.
    parameters : mapping of str to object

    Raises
    ------
    ConfigurationError
        The model has no such parameter, or a value is of another type; ``model.KEY`` is named.
    """
    defaults = {field.name: field.default for field in fields(kind)}
    found = {}
    for key, value in parameters.items():
        if key not in defaults:
            raise unknown_name("parameter", key, tuple(defaults), where=f"model.{key}")
        found[key] = _of_type(defaults[key], value, f"model.{key}")
    return found


def _of_type(default: Any, value: Any, where: str) -> Any:
    if isinstance(default, tuple) and all(isinstance(name, str) for name in default):
        names = (value,) if isinstance(value, str) else value
        if isinstance(names, list | tuple) and names and all(isinstance(name, str) and name for name in names):
            return tuple(names)
        raise _wrong(where, "a list of names", value)
    wanted = type(default)
    if wanted not in _WORDS:
        return tuple(value) if isinstance(value, list) else value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted or (wanted is float and not math.isfinite(value)) or value == "":
        raise _wrong(where, _WORDS[wanted], value)
    return value


def _wrong(where: str, expected: str, value: Any) -> ConfigurationError:
    return ConfigurationError("wrong value", where=where, expected=expected, found=repr(value))


def check_range(model: object, key: str, is_right: bool, expected: str) -> None:
    """Raise `ConfigurationError` for a parameter of a model that is out of its range."""
    if not is_right:
        raise ConfigurationError(
            "value out of range", where=f"model.{key}", expected=expected, found=str(getattr(model, key))
        )
