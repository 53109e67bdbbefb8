"""Breakers: what stops new bets, how far each one is from it, and how it ends.

A trip is an entry of the ledger, so a restart keeps it. `collection.Breakers` holds them all, `contract` says what one
is.
"""

from engine.live.breakers.closing import ClosingLines
from engine.live.breakers.collection import Breakers
from engine.live.breakers.contract import Context, Distance, RiskState, Trip, Wanted
from engine.live.breakers.settings import BreakerSettings

__all__ = ["BreakerSettings", "Breakers", "ClosingLines", "Context", "Distance", "RiskState", "Trip", "Wanted"]
