"""Draws of a simulated sweep: true edges that depend on time, and stakes that depend on earlier results.

A progression is a sequence of stakes in units: each depends on the earlier results of the same configuration, in the
order of its bets, so the expected profit of every bet stays zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: length of a month and of a week in days
MONTH, WEEK = 30, 7
#: teams that a configuration bets on, and the correlation of a team's form with that of the week before
TEAMS, FORM = 6, 0.9
#: largest stake of a progression, in multiples of the first one
_MOST: Final = 1_000_000.0


@dataclass(frozen=True)
class Days:
    """The day of each row, from 0, and the number of days."""

    of_row: Longs
    count: int


@dataclass(frozen=True)
class Bets:
    """The rows of a world in which no two configurations share a bet: day, configuration, profit per unit, odds."""

    day: Longs
    owner: Longs
    gain: Floats
    odds: Floats


def edges(kind: str, strength: float, days: Days, owner: Longs, rng: np.random.Generator) -> Floats:
    """True edge of each row, which varies with time around zero.

    Parameters
    ----------
    kind : str
        ``wander``: each configuration has an edge of its own in each month, normal with standard deviation `strength`.
        ``months``: all bets of a month share an edge, and the months have `strength` of the variance of the daily P&L
        of a configuration. ``form``: the edge is the form of one of the `TEAMS` teams of a configuration, which has
        standard deviation `strength` and changes by week as an autoregression. ``drift``: it falls from `strength` to
        its negative.
    strength : float
    days : Days
    owner : int64 (rows,)
        Configuration of each row.
    rng : numpy.random.Generator
    """
    return DEPENDENCE[kind](strength, days, owner, rng)


def _wander(strength: float, days: Days, owner: Longs, rng: np.random.Generator) -> Floats:
    monthly = rng.standard_normal((int(owner.max()) + 1, days.count // MONTH + 1))
    return strength * monthly[owner, days.of_row // MONTH]


def _months(strength: float, days: Days, owner: Longs, rng: np.random.Generator) -> Floats:
    a_day = len(owner) / (int(owner.max()) + 1) / days.count  # bets of a configuration; the variance of a bet is 1
    monthly = rng.standard_normal(days.count // MONTH + 1)
    return (strength / a_day) ** 0.5 * monthly[days.of_row // MONTH]


def _form(strength: float, days: Days, owner: Longs, rng: np.random.Generator) -> Floats:
    weeks, shape = days.count // WEEK + 1, (int(owner.max()) + 1, TEAMS)
    form = np.empty((weeks, *shape))
    form[0] = rng.standard_normal(shape)
    for week in range(1, weeks):
        form[week] = FORM * form[week - 1] + (1.0 - FORM**2) ** 0.5 * rng.standard_normal(shape)
    return strength * form[days.of_row // WEEK, owner, rng.integers(0, TEAMS, len(owner))]


def _drift(strength: float, days: Days, owner: Longs, rng: np.random.Generator) -> Floats:
    return strength * (1.0 - 2.0 * days.of_row / (days.count - 1))


DEPENDENCE: Final[dict[str, Callable[[float, Days, Longs, np.random.Generator], Floats]]] = {
    "wander": _wander,
    "months": _months,
    "form": _form,
    "drift": _drift,
}


class Account(NamedTuple):
    """Accounts of all configurations between two bets, in units, each (configurations,)."""

    equity: Floats
    peak: Floats
    stake: Floats
    profit: Floats


def _dalembert(account: Account, odds: Floats) -> Floats:
    return np.maximum(1.0, account.stake - np.sign(account.profit))


def _martingale(account: Account, odds: Floats) -> Floats:
    return np.where(account.profit < 0.0, 2.0 * account.stake, 1.0)


def _recover(account: Account, odds: Floats) -> Floats:
    return np.maximum(1.0, (account.peak - account.equity) / (odds - 1.0))


#: the next stake of each configuration from its account after the last bet
PROGRESSIONS: Final[dict[str, Callable[[Account, Floats], Floats]]] = {
    "dalembert": _dalembert,
    "martingale": _martingale,
    "martingale_days": _martingale,
    "recover": _recover,
}


def weights(kind: str, bets: Bets, bankroll: float) -> Floats:
    """Stake of each row in units.

    ``dalembert``: one unit more after a loss, one less after a win, at least one. ``martingale``: doubled after a loss,
    one unit after a win. ``martingale_days``: doubled after a day with a loss, one unit after a day with a profit.
    ``recover``: what brings the account back to its peak if the bet wins, at least one unit. No stake is above the
    account or `_MOST` units; an account of less than one unit goes on with its rest until the walk refuses it.

    Parameters
    ----------
    kind : str
    bets : Bets
    bankroll : float
        Opening bankroll in units.
    """
    by_day = kind == "martingale_days"
    turn = bets.day if by_day else _number_of_bet(bets.owner)
    count, turns = int(bets.owner.max()) + 1, int(turn.max()) + 1
    gain = np.zeros((turns, count))
    np.add.at(gain, (turn, bets.owner), bets.gain)
    odds = np.full((turns, count), 2.0)
    odds[turn, bets.owner] = bets.odds
    played = np.zeros((turns, count))
    np.add.at(played, (turn, bets.owner), 1.0)
    stakes = _stakes(PROGRESSIONS[kind], gain, np.where(played > 0.0, odds, np.nan), bankroll)
    return stakes[turn, bets.owner]


def _stakes(rule: Callable[[Account, Floats], Floats], gain: Floats, odds: Floats, bankroll: float) -> Floats:
    """Stakes by turn and configuration; a turn with odds of NaN has no bet and changes nothing."""
    count = gain.shape[1]
    stakes, equity = np.ones_like(gain), np.full(count, bankroll)
    peak, stake, profit = equity.copy(), np.ones(count), np.zeros(count)
    for turn in range(len(gain)):
        plays = ~np.isnan(odds[turn])
        asked = rule(Account(equity, peak, stake, profit), np.where(plays, odds[turn], 2.0))
        asked = asked if turn else np.ones(count)
        placed = np.minimum(np.minimum(asked, _MOST), np.maximum(equity, 0.01))
        stake = np.where(plays, placed, stake)
        profit = np.where(plays, placed * gain[turn], profit)
        equity = equity + np.where(plays, profit, 0.0)
        peak = np.maximum(peak, equity)
        stakes[turn] = stake
    return stakes


def _number_of_bet(owner: Longs) -> Longs:
    """How many bets of the same configuration come before each row."""
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    number = np.empty(len(owner), np.int64)
    number[order] = np.arange(len(owner)) - np.repeat(first, counts)
    return number
