"""The plan of a sweep: one row for each configuration, in the order of execution and of the results."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from engine.errors import ConfigurationError
from research.config.keys import counts, is_slow
from research.config.tape_spec import kelly_mode
from research.sweeps.where import condition


@dataclass(frozen=True)
class Branch:
    """One combination of options of the groups.

    Attributes
    ----------
    base : dict
        Dotted key to checked value.
    axes : dict
        Dotted key to its values, for the keys that are swept in this branch.
    choices : dict
        Group to option, for the groups that are swept.
    written : frozenset of str
        Keys that the user set, in words or files.
    """

    base: dict[str, Any]
    axes: dict[str, tuple[Any, ...]]
    choices: dict[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """All configurations of a command.

    Attributes
    ----------
    branches : tuple of Branch
    table : polars.DataFrame
        One row for each configuration: `config` (from 1), `branch`, `tape` (from 0, ascending), and one column for each
        key that varies (null: off, or not a key of that branch). Lists are JSON texts.
    json_columns : tuple of str
        Columns with JSON texts.
    dropped : int
        Combinations dropped by `sweep.where` or because they were repeated.
    """

    branches: tuple[Branch, ...]
    table: pl.DataFrame
    json_columns: tuple[str, ...]
    dropped: int

    def __len__(self) -> int:
        return self.table.height

    @property
    def keys(self) -> list[str]:
        """Keys that vary between configurations."""
        return [name for name in self.table.columns if name not in ("config", "branch", "tape")]

    def settings(self) -> dict[str, Any]:
        """Keys with one value for the whole command: output, force, the sweep group."""
        return self.branches[0].base

    def flat(self, config: int) -> dict[str, Any]:
        """All dotted keys and values of one configuration, numbered from 1."""
        row = self.table.row(config - 1, named=True)
        branch = self.branches[row["branch"]]
        flat = dict(branch.base)
        for key in branch.axes:
            if key in row:
                flat[key] = json.loads(row[key]) if key in self.json_columns and row[key] is not None else row[key]
        return flat

    def written(self, config: int) -> frozenset[str]:
        """Keys of one configuration that the user set; it is numbered from 1."""
        branch: Branch = self.branches[self.table["branch"][config - 1]]
        return branch.written

    def tapes(self) -> list[tuple[int, int, int]]:
        """(tape, first row, end row) of each tape; rows of a tape are contiguous."""
        edges = self.table.group_by("tape", maintain_order=True).agg(pl.len())["len"].cum_sum().to_list()
        return [(number, low, high) for number, (low, high) in enumerate(zip([0, *edges], edges, strict=False))]


def plan_of(branches: Sequence[Branch]) -> Plan:
    """The plan of some branches: all combinations that `sweep.where` keeps, without repetitions, grouped by tape.

    Raises
    ------
    ConfigurationError
        No combination is left, or there are more than `sweep.max`.
    """
    total = sum(math.prod(len(values) for values in branch.axes.values()) for branch in branches)
    most = branches[0].base.get("sweep.max", 1)
    if total > most:
        raise ConfigurationError(
            f"{total:,} configurations",
            where="the sweep",
            expected=f"at most {most:,}",
            todo=f"narrow it, or set sweep.max={total}",
        )
    keys = _varying(branches)
    kinds = {key: _column_kind(key, branches) for key in keys}
    known = {key for branch in branches for key in branch.base}
    frames = [_frame(number, branch, keys, kinds, known) for number, branch in enumerate(branches)]
    table = pl.concat(frames)
    table = table.unique(keys, keep="first", maintain_order=True) if keys else table.head(1)
    if table.is_empty():
        raise ConfigurationError(
            "no configuration is left",
            where="sweep.where",
            found=str(branches[0].base.get("sweep.where")),
            todo=f"it drops all {total:,}",
        )
    table = _numbered(table, branches, keys)
    columns = tuple(key for key in keys if kinds[key] == "json")
    return Plan(tuple(branches), _with_choices(table, branches), columns, total - table.height)


def _with_choices(table: pl.DataFrame, branches: Sequence[Branch]) -> pl.DataFrame:
    """The table with a column for each swept group, unless the key `name` of the group identifies its options."""
    groups = dict.fromkeys(group for branch in branches for group in branch.choices)
    columns = []
    for group in groups:
        options = [branch.choices.get(group) for branch in branches]
        identified = f"{group}.name" in table.columns
        if len(set(options)) > 1 and not identified:
            columns.append(pl.Series(group, options, dtype=pl.String).gather(table["branch"]))
    return table.select("config", "branch", "tape", *columns, pl.all().exclude("config", "branch", "tape"))


def _varying(branches: Sequence[Branch]) -> list[str]:
    """Keys that differ between configurations, in the order of the configuration."""
    order: dict[str, None] = {}
    for branch in branches:
        order.update(dict.fromkeys(branch.base))
    varying = []
    for key in order:
        if not counts(key):
            continue
        values = {repr(branch.base[key]) if key in branch.base else "" for branch in branches}
        if len(values) > 1 or any(len(branch.axes.get(key, ())) > 1 for branch in branches):
            varying.append(key)
    return varying


def _values_of(branch: Branch, key: str) -> tuple[Any, ...]:
    if key in branch.axes:
        return branch.axes[key]
    return (branch.base[key],) if key in branch.base else ()


def _column_kind(key: str, branches: Sequence[Branch]) -> str:
    types = {type(value) for branch in branches for value in _values_of(branch, key)} - {type(None)}
    if types <= {bool}:
        return "flag"
    if types == {int}:
        return "whole"
    if types <= {int, float}:
        return "number"
    return "text" if types == {str} else "json"


_DTYPES = {"flag": pl.Boolean, "whole": pl.Int64, "number": pl.Float64, "text": pl.String, "json": pl.String}


def _series(key: str, values: Sequence[Any], kind: str) -> pl.Series:
    if kind == "json":
        texts = [None if value is None else json.dumps(value, sort_keys=True) for value in values]
        return pl.Series(key, texts, dtype=pl.String)
    if kind == "number":
        return pl.Series(key, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return pl.Series(key, list(values), dtype=_DTYPES[kind])


def _frame(number: int, branch: Branch, keys: Sequence[str], kinds: Mapping[str, str], known: set[str]) -> pl.DataFrame:
    """Combinations of one branch that its `sweep.where` keeps; the last axis varies fastest."""
    shape = [len(values) for values in branch.axes.values()]
    total = math.prod(shape)
    places = dict(zip(branch.axes, np.unravel_index(np.arange(total), shape) if shape else (), strict=True))
    columns = [pl.repeat(number, total, dtype=pl.Int32, eager=True).alias("branch")]
    for key in keys:
        if key in branch.axes:
            columns.append(_series(key, branch.axes[key], kinds[key]).gather(places[key]))
        else:
            columns.append(_series(key, [branch.base.get(key)], kinds[key]).new_from_index(0, total))
    frame = pl.DataFrame(columns)
    where = branch.base.get("sweep.where")
    if not where:
        return frame
    names = {
        key: pl.col(key) if key in keys else _literal(branch.base.get(key))
        for key in known
        if not key.startswith("sweep.")
    }
    names |= {group: pl.lit(option) for group, option in branch.choices.items() if f"{group}.name" not in names}
    try:
        keep = frame.select(condition(where, names).fill_null(True).alias("keep"))["keep"]
    except (pl.exceptions.PolarsError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise ConfigurationError(
            "the condition compares values of different types", where="sweep.where", found=f"{where} ({first})"
        ) from error
    return frame.filter(keep if keep.len() == frame.height else keep.new_from_index(0, frame.height))


def _literal(value: Any) -> pl.Expr:
    return pl.lit(json.dumps(value) if isinstance(value, list | dict) else value)


def _numbered(table: pl.DataFrame, branches: Sequence[Branch], keys: Sequence[str]) -> pl.DataFrame:
    """The table with config and tape numbers: tapes in the order of their first row, rows of a tape contiguous."""
    kelly = [kelly_mode(branch.base["staking.name"]) for branch in branches]
    modes = pl.Series("_kelly", kelly).gather(table["branch"])
    if "staking.name" in keys:
        modes = (
            table["staking.name"].map_elements(kelly_mode, return_dtype=pl.String).alias("_kelly")
            if any("staking.name" in branch.axes for branch in branches)
            else modes
        )
    slow = [key for key in keys if is_slow(key)]
    marked = table.with_columns(modes, _row=pl.int_range(pl.len()))
    first = marked.select(pl.col("_row").min().over([*slow, "_kelly"])).to_series()
    tape = first.rank("dense").cast(pl.Int32) - 1
    ordered = marked.with_columns(tape=tape).sort("tape", "_row").drop("_kelly", "_row")
    return ordered.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("config"), "branch", "tape", *keys)


def describe(plan: Plan) -> str:
    """Numbers of configurations and tapes in words."""
    tapes = plan.table["tape"].n_unique()
    dropped = f" ({plan.dropped:,} dropped)" if plan.dropped else ""
    return f"{len(plan):,} configuration{'s' * (len(plan) != 1)}{dropped} on {tapes:,} tape{'s' * (tapes != 1)}"
