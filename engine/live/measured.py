"""The days of a ledger as the bands of its promotion measure them: a fold of entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.clock import zone_of
from engine.live.ledger.entries import Kind, Recorded
from engine.promotion.bands import Day, Standing, band_position

#: reasons of decisions that were sent to a venue and not filled
NOT_FILLED: Final = ("price_moved", "rejected")
_PLACED: Final = "placed"
_NOTHING: Final = Day(0, 0, 0, 0, 0.0, 0, 0.0)


class MeasuredDays:
    """Takes entries in and gives the days since the ledger was opened (`engine.promotion.bands.Day`).

    The closing line is no part of the ledger, so that `clv_n` is 0; `bea drift` adds it.

    Parameters
    ----------
    zone : str
        Of the calendar days.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone_of(zone)
        self._days: list[Day] = []
        self._dates: list[dt.date] = []
        self._start_minor = 0  # equity when the last day began
        self._equity_minor = 0

    @property
    def days(self) -> tuple[Day, ...]:
        """Days with a decision, in order; what was settled before the first one is in none."""
        return tuple(self._days)

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The date of each day."""
        return tuple(self._dates)

    def standings(self, bands: Mapping[str, Any]) -> tuple[Standing, ...]:
        """Where the measures are (`engine.promotion.bands.band_position`)."""
        return band_position(self._days, bands)

    def apply(self, recorded: Recorded) -> None:
        """Take an entry of the ledger in."""
        entry, money = recorded.entry, recorded.entry.money
        if entry.kind is Kind.CAPITAL:
            self._equity_minor -= money.capital
            self._start_minor -= money.capital
        elif entry.kind is Kind.DECIDED:
            self._decided(entry.at_ns, entry.body.get("decisions", ()))
        elif entry.kind in (Kind.SETTLED, Kind.VOID, Kind.REVERSED, Kind.COMMISSION):
            profit = -(money.pnl + money.commission + money.tax)
            self._equity_minor += profit
            self._add(stake_minor=-money.stakes, pnl_minor=profit)
        elif entry.kind is Kind.ADJUSTED:
            self._equity_minor -= money.adjustment
            self._start_minor -= money.adjustment

    def _decided(self, at_ns: int, decisions: Any) -> None:
        if not decisions:
            return
        date = dt.datetime.fromtimestamp(at_ns // 1_000_000_000, self._zone).date()
        if not self._dates or date != self._dates[-1]:
            self._dates.append(date)
            self._days.append(_NOTHING)
            self._start_minor = self._equity_minor
        reasons = [decision["reason"] for decision in decisions]
        placed = reasons.count(_PLACED)
        self._add(bets=placed, attempts=placed + sum(reasons.count(name) for name in NOT_FILLED))

    def _add(self, **more: int) -> None:
        if not self._days:
            return
        day = self._days[-1]
        day = replace(day, **{name: getattr(day, name) + value for name, value in more.items()})
        start = self._start_minor
        self._days[-1] = replace(day, return_frac=day.pnl_minor / start if start > 0 else 0.0)
