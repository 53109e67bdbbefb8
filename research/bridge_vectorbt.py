"""A bet log as a vectorbt portfolio: for its plots, and as an independent check of the engine's equity path.

vectorbt knows no bets, but a back bet at odds o is a contract bought at 1/o that settles at 1 if won, at 0 if lost, and
in between for half wins, half losses and voids. Bets that overlap go to different columns of a group with shared cash.
Open bets then count at cost, as in the engine, and the equity is computed by vectorbt alone.

Only this module imports vectorbt. Its licence is Apache-2.0 with the Commons Clause. It takes seconds to import and
compiles at first use, so it is imported when `portfolio` is called.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError, check_frame

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: price of a lost contract: vectorbt does not accept 0
_NOTHING: Final = 1e-12
#: (slope, level) by state: the profit per unit staked at odds o is slope * (o - 1) + level
_PAYOFFS: Final = {"win": (1.0, 0.0), "half_win": (0.5, 0.0), "void": (0.0, 0.0), "half_lose": (0.0, -0.5)}
_COLUMNS: Final = ("decided_at", "settled_at", "odds_placed", "stake_minor", "pnl_minor", "state")


def portfolio(bets: pl.DataFrame, bankroll_minor: float, *, fraction: float | None = None) -> Any:
    """Turn a bet log into a `vectorbt.Portfolio`.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets` or `Run.bets(config)`: one row for each bet, by time of decision. Back bets
        only.
    bankroll_minor : float
        Opening bankroll in minor units.
    fraction : float, optional
        Stake of every bet as a share of vectorbt's own equity (percent staking without caps). By default the stakes of
        the log are used.

    Returns
    -------
    vectorbt.Portfolio
        One group of columns, and one row for each instant with a decision or settlement. ``value()`` is the equity
        after the instant: cash plus open stakes at cost, before commission, not rounded to whole minor units. A bet
        without `settled_at` stays open.

    Raises
    ------
    DataError
        A column is missing, the log holds a lay bet, or it is empty.
    """
    check_frame(bets, "bets")
    _check(bets)
    import pandas as pd
    import vectorbt as vbt
    from vectorbt.portfolio.enums import SizeType

    instants, opened, closed = _instants(bets)
    columns = _columns(opened, closed)
    shape = (len(instants), int(columns.max()) + 1)
    price, size = np.full(shape, np.nan), np.full(shape, np.nan)
    kinds = np.full(shape, int(SizeType.Amount), dtype=np.int64)
    odds = bets["odds_placed"].to_numpy()
    stakes = bets["stake_minor"].to_numpy().astype(np.float64)
    settles = closed < len(instants)
    price[opened, columns] = 1.0 / odds
    size[opened, columns] = stakes * odds if fraction is None else fraction
    if fraction is not None:
        kinds[opened, columns] = int(SizeType.TargetPercent)
    price[closed[settles], columns[settles]] = _settlement_prices(bets)[settles]
    size[closed[settles], columns[settles]] = 0.0
    kinds[closed[settles], columns[settles]] = int(SizeType.TargetAmount)
    prices = pd.DataFrame(price, index=pd.DatetimeIndex(instants, tz="UTC")).ffill().bfill()
    return vbt.Portfolio.from_orders(
        prices, size, size_type=kinds, init_cash=bankroll_minor, cash_sharing=True, group_by=True, call_seq="auto"
    )


def equity(bets: pl.DataFrame, bankroll_minor: float, *, fraction: float | None = None) -> pl.DataFrame:
    """Equity of `portfolio` as a frame; parameters and errors as there.

    Returns
    -------
    polars.DataFrame
        at (UTC, nanoseconds), and equity_minor after all decisions and settlements of that instant.
    """
    value = portfolio(bets, bankroll_minor, fraction=fraction).value()
    at = pl.Series("at", value.index.asi8).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"at": at, "equity_minor": value.to_numpy(dtype=np.float64)})


def _check(bets: pl.DataFrame) -> None:
    missing = [name for name in _COLUMNS if name not in bets.columns]
    if missing:
        found = ", ".join(bets.columns)
        raise DataError(f"column {missing[0]} is missing", where="bets", expected=", ".join(_COLUMNS), found=found)
    if not bets.height:
        raise DataError("no bets", where="bets", expected="at least one bet", found="an empty log")
    if "side" in bets.columns and (bets["side"] == "lay").any():
        raise DataError("a lay bet cannot be a bought contract", where="bets", expected="back bets", found="lay bets")


def _instants(bets: pl.DataFrame) -> tuple[Longs, Longs, Longs]:
    """All instants, ascending; and for each bet the positions of decision and settlement (`len(instants)` if open)."""
    decided = bets["decided_at"].cast(pl.Int64).to_numpy()
    ends = bets["settled_at"].cast(pl.Int64)
    settles = ends.is_not_null().to_numpy()
    settled = ends.fill_null(0).to_numpy()
    instants = np.unique(np.concatenate([decided, settled[settles]]))
    closed = np.where(settles, np.searchsorted(instants, settled), len(instants))
    return instants, np.searchsorted(instants, decided), closed


def _columns(opened: Longs, closed: Longs) -> Longs:
    """A column for each bet, so that bets of a column do not overlap; as few columns as possible."""
    columns = np.empty(len(opened), dtype=np.int64)
    busy: list[tuple[int, int]] = []
    for bet in np.lexsort((closed, opened)):
        free = busy and busy[0][0] < opened[bet]
        column = heappop(busy)[1] if free else len(busy)
        columns[bet] = column
        heappush(busy, (int(closed[bet]), column))
    return columns


def _settlement_prices(bets: pl.DataFrame) -> Floats:
    """Price at which each contract settles: (1 + profit per unit) / odds; for a dead heat from the P&L of the log."""
    odds = bets["odds_placed"].to_numpy()
    prices = np.full(len(odds), _NOTHING)
    states = bets["state"].to_numpy()
    for state, (slope, level) in _PAYOFFS.items():
        prices = np.where(states == state, (1.0 + slope * (odds - 1.0) + level) / odds, prices)
    dead_heat = states == "dead_heat"
    if dead_heat.any():
        stake, pnl = bets["stake_minor"].to_numpy(), bets["pnl_minor"].fill_null(0).to_numpy()
        prices = np.where(dead_heat, np.maximum((stake + pnl) / (stake * odds), _NOTHING), prices)
    return np.asarray(prices, dtype=np.float64)
