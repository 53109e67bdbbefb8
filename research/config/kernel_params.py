"""From columns of configuration to the numbers of the kernel, a block of configurations at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import duration_ns
from engine.configuration import Configuration
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.kernel.params import Params

Matrix = NDArray[np.float64]

_STAKING: Final = {
    "flat": Staking.FLAT,
    "percent": Staking.PERCENT,
    "kelly": Staking.KELLY,
    "target": Staking.TARGET,
    "kelly_shrunk": Staking.KELLY_COLUMN,
    "kelly_market": Staking.KELLY_COLUMN,
    "kelly_states": Staking.KELLY_COLUMN,
    "kelly_column": Staking.KELLY_COLUMN,
    "own": Staking.OWN,
}
#: field of the kernel: keys (the first that a configuration has), and the number where it has none or null
_SOURCES: Final[dict[str, tuple[tuple[str, ...], float]]] = {
    "bankroll_minor": (("bankroll_minor",), 1_000_000.0),
    "edge_min": (("strategy.edge_min",), -math.inf),
    "edge_max": (("strategy.edge_max",), math.inf),
    "odds_min": (("strategy.odds_min",), 1.0),
    "odds_max": (("strategy.odds_max",), math.inf),
    "one_per_market": (("risk.one_per_market",), 0.0),
    "staking": (("staking.name",), 0.0),
    "amount_minor": (("staking.amount_minor", "staking.profit_minor"), 0.0),
    "fraction": (("staking.fraction",), 0.0),
    "stake_cap_frac": (("staking.stake_cap_frac",), math.inf),
    "base_is_cash": (("staking.base",), 0.0),
    "bet_cap_frac": (("risk.bet_cap_frac",), math.inf),
    "event_cap_frac": (("risk.event_cap_frac",), math.inf),
    "competition_cap_frac": (("risk.competition_cap_frac",), math.inf),
    "day_cap_frac": (("risk.day_cap_frac",), math.inf),
    "open_cap_frac": (("risk.open_cap_frac",), math.inf),
    "stake_min_minor": (("execution.stake_min_minor",), 100.0),
    "stake_increment_minor": (("execution.stake_increment_minor",), 1.0),
    "commission_factor": (("execution.commission_factor",), 1.0),
    "slippage_frac": (("execution.slippage_frac",), 0.0),
    "rejection_frac": (("execution.rejection_frac",), 0.0),
    "price_tolerance_frac": (("execution.price_tolerance_frac",), 0.0),
    "fill_min_frac": (("execution.fill_min_frac",), 0.0),
    "limiting_profit_minor": (("execution.limiting_profit_minor",), math.inf),
    "limiting_factor": (("execution.limiting_factor",), 1.0),
    "wallets": (("execution.wallets",), 0.0),
    "drawdown_warn_frac": (("risk.drawdown_warn_frac",), math.inf),
    "drawdown_warn_factor": (("risk.drawdown_warn_factor",), 1.0),
    "drawdown_stop_frac": (("risk.drawdown_stop_frac",), math.inf),
    "drawdown_reset_after_ns": (("risk.drawdown_reset_after",), math.inf),
    "streak_warn": (("risk.streak_warn",), math.inf),
    "streak_stop": (("risk.streak_stop",), math.inf),
    "streak_cool_off_ns": (("risk.streak_cool_off",), math.inf),
    "daily_loss_frac": (("risk.daily_loss_frac",), math.inf),
}
_WORDS: Final[dict[str, Callable[[str], float]]] = {
    "staking.name": lambda text: float(_STAKING[text]),
    "staking.base": lambda text: float(text == "cash"),
    "risk.drawdown_reset_after": lambda text: float(duration_ns(text)),
    "risk.streak_cool_off": lambda text: float(duration_ns(text)),
}
#: fields that contradict each other, each group a set of columns whose combinations are checked
_TOGETHER: Final = (
    ("edge_min", "edge_max"),
    ("odds_min", "odds_max"),
    ("stake_increment_minor", "stake_min_minor", "bankroll_minor"),
    ("drawdown_warn_frac", "drawdown_stop_frac"),
)


def matrix(table: pl.DataFrame, bases: Mapping[int, Mapping[str, Any]], axes: Mapping[int, frozenset[str]]) -> Matrix:
    """Rows of `kernel.params.Params`, float64 (c, P); a limit that is off is infinite.

    Parameters
    ----------
    table : polars.DataFrame
        Rows of a plan's table.
    bases : mapping of int to mapping
        Dotted keys and values of each branch that stands in the table.
    axes : mapping of int to frozenset of str
        Which keys of a branch have their value in the table.
    """
    out = np.empty((table.height, len(Params._fields)))
    branches = table["branch"].to_numpy()
    for branch in np.unique(branches):
        rows = np.flatnonzero(branches == branch)
        part = table if len(rows) == table.height else table[rows]
        for number, name in enumerate(Params._fields):
            out[rows, number] = _field(name, part, bases[int(branch)], axes[int(branch)])
        if _charges(bases[int(branch)]):
            _check_factor(out[rows])
    return out


def _charges(base: Mapping[str, Any]) -> bool:
    venues = base.get("execution.venues") or {}
    rates = [one.get("commission_rate") for own in venues.values() for one in (own, *own.get("markets", {}).values())]
    return bool(base.get("execution.commission_rates")) or any(rates)


def _check_factor(rows: Matrix) -> None:
    """Kelly columns are made with the tape, at the rates themselves: another factor would not reach them."""
    staking, factor = (rows[:, Params._fields.index(name)] for name in ("staking", "commission_factor"))
    wrong = factor[(staking == Staking.KELLY_COLUMN) & (factor != 1.0)]
    if len(wrong):
        raise ConfigurationError(
            "a Kelly column does not know a commission factor",
            where="execution.commission_factor",
            expected="1",
            found=f"{wrong[0]:g}",
            todo="set the rates themselves in execution.commission_rates",
        )


def _field(name: str, part: pl.DataFrame, base: Mapping[str, Any], axes: frozenset[str]) -> Matrix | float:
    keys, absent = _SOURCES[name]
    for key in keys:
        if key in axes and key in part.columns:
            return _column(key, part[key], absent)
        if key in base:
            return _number(key, base[key], absent)
    return absent


def _column(key: str, column: pl.Series, absent: float) -> Matrix:
    if key in _WORDS:
        words = column.unique()
        numbers = pl.Series([_number(key, word, absent) for word in words], dtype=pl.Float64)
        column = column.replace_strict(words, numbers, return_dtype=pl.Float64)
    found: Matrix = column.cast(pl.Float64).fill_null(absent).to_numpy()
    return found


def _number(key: str, value: Any, absent: float) -> float:
    if value is None:
        return absent
    return _WORDS[key](value) if key in _WORDS else float(value)


def check(rows: Matrix) -> None:
    """Refuse numbers out of their range and limits that contradict each other, naming the first.

    Each distinct value, and each distinct combination of limits that belong together, is checked once.
    """
    places = {name: number for number, name in enumerate(Params._fields)}
    asked: set[int] = set()
    for names in [*((name,) for name in Params._fields), *_TOGETHER]:
        columns = rows[:, [places[name] for name in names]]
        asked |= set(np.unique(columns, axis=0, return_index=True)[1].tolist())
    for row in sorted(asked):
        configuration(rows[row])


def configuration(row: Matrix) -> Configuration:
    """One row of numbers as a checked Configuration; raises ConfigurationError in the words of the user's keys."""
    values: dict[str, Any] = {name: float(value) for name, value in zip(Params._fields, row, strict=True)}
    values |= {
        "staking": Staking(int(values["staking"])),
        "one_per_market": bool(values["one_per_market"]),
        "base_is_cash": bool(values["base_is_cash"]),
    }
    try:
        return Configuration(**values)
    except ConfigurationError as error:
        names = [name.strip() for name in error.where.split(",")]
        where = ", ".join(_SOURCES[name][0][0] if name in _SOURCES else name for name in names)
        advice = error.todo or ("change one, or drop such combinations with sweep.where" if len(names) > 1 else "")
        raise ConfigurationError(
            error.what, where=where, expected=error.expected, found=error.found, todo=advice
        ) from None
