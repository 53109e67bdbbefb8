"""The one place that imports vectorbt: a bet log as its portfolio, to look at and to check the engine's equity path.

vectorbt has no notion of a bet, but a back bet at odds o is a contract bought at 1/o which settles at 1 (won) or 0
(lost), and at anything between for half wins and voids. Bets that overlap stand in columns of one group that shares its
cash, so that open bets count at cost as they do in the engine, and no arithmetic of ours takes part in the path.

vectorbt is licensed under Apache-2.0 with the Commons Clause, takes seconds to import and compiles at the first use; it
is imported when `portfolio` is called.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: price of a lost contract: vectorbt refuses 0
_NOTHING: Final = 1e-12
#: payoff of one unit staked at odds o is slope * (o - 1) + level
_PAYOFFS: Final = {"win": (1.0, 0.0), "half_win": (0.5, 0.0), "void": (0.0, 0.0), "half_lose": (0.0, -0.5)}
_NEEDED: Final = ("decided_at", "settled_at", "odds_placed", "stake_minor", "pnl_minor", "state")


def portfolio(bets: pl.DataFrame, bankroll_minor: float, *, fraction: float | None = None) -> Any:
    """Turn a bet log into a `vectorbt.Portfolio`.

    Parameters
    ----------
    bets : polars.DataFrame
        `engine.backtesting.path.Path.bets` or `Run.bets(config)`: one row a bet, in order of decision. Back bets alone.
    bankroll_minor : float
        Opening bankroll.
    fraction : float, optional
        Let vectorbt size every bet itself as this share of its own equity (percent staking without caps). Default: the
        stakes of the log, in which case vectorbt checks their settlement alone.

    Returns
    -------
    vectorbt.Portfolio
        One group of columns, one row an instant at which anything is decided or settled. ``value()`` is equity (cash
        and open stakes at cost) after the instant, before commission, without rounding to whole minor units; a bet
        without a known end stays open.

    Raises
    ------
    DataError
        A column is missing, the log holds a lay bet, or it is empty.
    """
    _check(bets)
    import pandas as pd
    import vectorbt as vbt
    from vectorbt.portfolio.enums import SizeType

    instants, opened, closed = _instants(bets)
    columns = _columns(opened, closed, len(instants))
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
    """Equity of `portfolio` as a table: at (UTC, nanoseconds), equity_minor after everything of that instant."""
    value = portfolio(bets, bankroll_minor, fraction=fraction).value()
    at = pl.Series("at", value.index.asi8).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"at": at, "equity_minor": value.to_numpy(dtype=np.float64)})


def _check(bets: pl.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in bets.columns]
    if missing:
        found = ", ".join(bets.columns)
        raise DataError(f"column {missing[0]} is missing", where="bets", expected=", ".join(_NEEDED), found=found)
    if not bets.height:
        raise DataError("no bets", where="bets", expected="at least one bet", found="an empty log")
    if "side" in bets.columns and (bets["side"] == "lay").any():
        raise DataError("a lay bet is no contract bought", where="bets", expected="back bets", found="lay bets")


def _instants(bets: pl.DataFrame) -> tuple[Longs, Longs, Longs]:
    """All instants in order, and the number of each bet's decision and settlement (past the end: open)."""
    decided = bets["decided_at"].cast(pl.Int64).to_numpy()
    ends = bets["settled_at"].cast(pl.Int64)
    known = ends.is_not_null().to_numpy()
    settled = ends.fill_null(0).to_numpy()
    instants = np.unique(np.concatenate([decided, settled[known]]))
    closed = np.where(known, np.searchsorted(instants, settled), len(instants))
    return instants, np.searchsorted(instants, decided), closed


def _columns(opened: Longs, closed: Longs, end: int) -> Longs:
    """A column for each bet, in which the bet before it has settled at an earlier instant; as few as it takes."""
    columns = np.empty(len(opened), dtype=np.int64)
    busy: list[tuple[int, int]] = []
    for bet in np.lexsort((closed, opened)):
        free = busy and busy[0][0] < opened[bet]
        column = heappop(busy)[1] if free else len(busy)
        columns[bet] = column
        heappush(busy, (int(closed[bet]), column))
    return columns


def _settlement_prices(bets: pl.DataFrame) -> Floats:
    """What a contract settles at: (1 + payoff) / odds. The share of a dead heat stands in the log as P&L alone."""
    odds = bets["odds_placed"].to_numpy()
    prices = np.full(len(odds), _NOTHING)
    states = bets["state"].to_numpy()
    for state, (slope, level) in _PAYOFFS.items():
        prices = np.where(states == state, (1.0 + slope * (odds - 1.0) + level) / odds, prices)
    heat = states == "dead_heat"
    if heat.any():
        stake, pnl = bets["stake_minor"].to_numpy(), bets["pnl_minor"].fill_null(0).to_numpy()
        prices = np.where(heat, np.maximum((stake + pnl) / (stake * odds), _NOTHING), prices)
    return np.asarray(prices, dtype=np.float64)
