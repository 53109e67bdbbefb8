"""From columns of configuration to the numbers of the kernel, for a block of configurations at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import duration_ns
from engine.configuration import Configuration
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.kernel.parameter import Parameter
from engine.kernel.params import FIELD, PARAMETERS, Params

Matrix = NDArray[np.float64]

_BY_NAME: Final = {parameter.name: parameter for parameter in PARAMETERS}


def matrix(table: pl.DataFrame, bases: Mapping[int, Mapping[str, Any]], axes: Mapping[int, frozenset[str]]) -> Matrix:
    """The numbers of many configurations.

    Parameters
    ----------
    table : polars.DataFrame
        Rows of a plan's table.
    bases : mapping of int to mapping
        Dotted keys and values of each branch in the table.
    axes : mapping of int to frozenset of str
        The keys of a branch that have their values in the table.

    Returns
    -------
    float64 (c, P)
        Columns as in `engine.kernel.params.Params`. A limit that is off is infinite.

    Raises
    ------
    ConfigurationError
        A commission factor other than 1 beside a Kelly column.
    """
    out = np.empty((table.height, len(PARAMETERS)))
    branches = table["branch"].to_numpy()
    for branch in np.unique(branches):
        rows = np.flatnonzero(branches == branch)
        part = table if len(rows) == table.height else table[rows]
        for number, parameter in enumerate(PARAMETERS):
            out[rows, number] = _numbers(parameter, part, bases[int(branch)], axes[int(branch)])
        if _charges_commission(bases[int(branch)]):
            _check_factor(out[rows])
    return out


def _charges_commission(base: Mapping[str, Any]) -> bool:
    venues = base.get("execution.venues") or {}
    terms = [entry for venue in venues.values() for entry in (venue, *venue.get("markets", {}).values())]
    return bool(base.get("execution.commission_rates")) or any(entry.get("commission_rate") for entry in terms)


def _check_factor(rows: Matrix) -> None:
    """Refuse a commission factor beside a Kelly column, which is computed with the tape at the rates as they are."""
    staking, factor = rows[:, FIELD["staking"]], rows[:, FIELD["commission_factor"]]
    wrong = factor[(staking == Staking.KELLY_COLUMN) & (factor != 1.0)]
    if len(wrong):
        raise ConfigurationError(
            "a commission factor does not change a Kelly column",
            where="execution.commission_factor",
            expected="1",
            found=f"{wrong[0]:g}",
            todo="set the rates themselves in execution.commission_rates",
        )


def _numbers(parameter: Parameter, part: pl.DataFrame, base: Mapping[str, Any], axes: frozenset[str]) -> Matrix | float:
    for key in parameter.keys:
        if key in axes and key in part.columns:
            return _column(parameter, part[key])
        if key in base:
            return number_of(parameter, base[key])
    return parameter.missing


def _column(parameter: Parameter, column: pl.Series) -> Matrix:
    if parameter.kind in ("choice", "duration"):
        words = column.unique()
        numbers = pl.Series([number_of(parameter, word) for word in words], dtype=pl.Float64)
        column = column.replace_strict(words, numbers, return_dtype=pl.Float64)
    values: Matrix = column.cast(pl.Float64).to_numpy()
    return np.where(np.isnan(values), parameter.missing, values) if column.null_count() else values


def number_of(parameter: Parameter, value: Any) -> float:
    """The number of the kernel for a checked value of the user (the word of a choice, a duration, null, ...)."""
    if value is None:
        return parameter.missing
    if parameter.kind == "choice":
        return float(parameter.words[value])
    return float(duration_ns(value) if parameter.kind == "duration" else value)


def check(rows: Matrix) -> None:
    """Raise ConfigurationError for the first row with a number out of range, or with limits that contradict each other.

    Each distinct value is checked once. So is each pair of limits of which one must not exceed the other, and
    each pair of a number and the staking rule that states its range.
    """
    columns = [[FIELD[parameter.name]] for parameter in PARAMETERS]
    columns += [[FIELD[parameter.name], FIELD[parameter.at_most]] for parameter in PARAMETERS if parameter.at_most]
    columns += [[FIELD[parameter.name], FIELD["staking"]] for parameter in PARAMETERS if parameter.of_rule]
    to_check: set[int] = set()
    for pair in columns:
        to_check |= set(np.unique(rows[:, pair], axis=0, return_index=True)[1].tolist())
    for row in sorted(to_check):
        configuration(rows[row])


def params_of(flat: Mapping[str, Any]) -> tuple[Configuration, Params]:
    """The fast part of one configuration, checked, by name and as the numbers that the kernel reads.

    Parameters
    ----------
    flat : mapping
        Every key by dotted name.

    Raises
    ------
    ConfigurationError
    """
    (row,) = matrix(pl.DataFrame({"branch": [0]}), {0: flat}, {0: frozenset()})
    return configuration(row), Params(*row.tolist())


def configuration(row: Matrix) -> Configuration:
    """One row of numbers as a checked Configuration; raises ConfigurationError in terms of the user's keys."""
    types = [type(parameter.default) for parameter in PARAMETERS]
    values = [kind(value) for kind, value in zip(types, row.tolist(), strict=True)]
    try:
        return Configuration(*values)
    except ConfigurationError as error:
        names = [name.strip() for name in error.where.split(",")]
        where = ", ".join(_BY_NAME[name].keys[0] if name in _BY_NAME else name for name in names)
        advice = error.todo or ("change one, or drop such combinations with sweep.where" if len(names) > 1 else "")
        raise ConfigurationError(
            error.what, where=where, expected=error.expected, found=error.found, todo=advice
        ) from None
