"""Codes of the kernel: how a bet ended, what a removed runner takes, why a bet was not placed, the staking rules."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """How a selection ended. `engine.kernel.settle` gives the payoff of one unit at decimal odds o."""

    UNKNOWN = 0
    LOSE = 1
    HALF_LOSE = 2
    VOID = 3
    HALF_WIN = 4
    WIN = 5
    DEAD_HEAT = 6  # with a share d: d*o - 1
    PLACE = 7  # of an each-way bet: the place part wins, the win part loses; a dead heat for the place has a share too
    CASHED = 8  # closed by a bet on the other side at a later quote


class Reduction(IntEnum):
    """How a removed runner lowers the price of a bet (`engine.kernel.price.reduced`)."""

    EXCHANGE_WIN = 0  # win and each-way markets of an exchange: off the price, from 2.5 % on
    EXCHANGE_PLACE = 1  # place markets of an exchange: off the winnings
    RULE_4 = 2  # a bookmaker's Rule 4: off the winnings


class Reason(IntEnum):
    """Why an opportunity was not taken, in the order of the checks. The last one is a bet."""

    INCOMPLETE = 0
    ODDS_RANGE = 1
    EDGE = 2
    BREAKER_DRAWDOWN = 3
    BREAKER_DAILY_LOSS = 4
    BREAKER_STREAK = 5
    ONE_PER_MARKET = 6
    CAP_BET = 7
    CAP_EVENT = 8
    CAP_COMPETITION = 9
    CAP_DAY = 10
    CAP_OPEN = 11
    SIZE = 12
    CASH = 13
    STAKE_MINIMUM = 14
    PRICE_MOVED = 15
    REJECTED = 16
    GROUP = 17
    PLACED = 18


REASONS: Final = tuple(reason.name.lower() for reason in Reason)


class Staking(IntEnum):
    """The staking rules of the kernel."""

    FLAT = 0  # amount_minor
    PERCENT = 1  # fraction of the base
    KELLY = 2  # fraction * edge net / ((odds - 1) * (1 - c)) of the base
    TARGET = 3  # the stake whose win pays amount_minor
    KELLY_COLUMN = 4  # fraction * kelly_frac of the base
    OWN = 5  # a function that the user wrote
