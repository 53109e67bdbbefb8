"""The breakers of the promotion's bands: what was promised of the future does not come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.breakers.days import DayFold
from engine.live.ledger.entries import Kind, Recorded
from engine.promotion.bands import Position, Standing, band_position, end_shown

#: measures of each breaker
MODEL: Final = ("bets_a_day", "yield", "drawdown", "fill_rate")
CLV: Final = ("clv",)
CALIBRATION: Final = ("calibration",)


class BandBreaker:
    """Trips when one of its measures leaves its band at the end of a day; a person ends it.

    The bands are joint over all measures and all days, so each day is looked at once. After a person resumed, the days
    that were looked at count no more by themselves.

    Parameters
    ----------
    name : str
        ``model``, ``clv`` or ``calibration``.
    measures : sequence of str
        Of `engine.promotion.bands.MEASURES`.
    days : DayFold
        Folded before this breaker is.
    bands : mapping
        Of the promotion.
    watched : bool
        Measure, and never trip.
    """

    def __init__(
        self, name: str, measures: Sequence[str], days: DayFold, bands: Mapping[str, Any], *, watched: bool = False
    ) -> None:
        self.name, self._measures, self._bands, self._watched = name, tuple(measures), bands, watched
        self._fold = days
        self._looked = 0
        self._ended = -1
        self._standings: tuple[Standing, ...] = ()
        self._latch = Latch(name)

    def standings(self) -> tuple[Standing, ...]:
        """Where its measures are at the end of the last day."""
        if self._fold.ended != self._ended:
            self._ended = self._fold.ended
            found = band_position(self._fold.days(), self._bands, every_day=False)
            self._standings = tuple(one for one in found if one.measure in self._measures)
        return self._standings

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`."""
        if self._watched or self._latch.tripped or self._fold.ended <= self._looked:
            return None
        out = [one for one in self.standings() if one.position is Position.OUTSIDE]
        if not out:
            return None
        worst = out[0]
        limit = worst.lower if worst.value < worst.lower else worst.upper
        cause = f"{worst.measure} is {worst.value:.4g} after {worst.day} days, the band is {_band(worst)}"
        return Trip(self.name, cause, worst.value, limit, human=True)

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        return f"breaker_{self.name}" if self._latch.tripped else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`: of the measure that is nearest to an end of its band, in half widths."""
        near = min(
            ((_left(one), one) for one in map(_within_reach, self.standings()) if one.value == one.value),
            key=lambda pair: pair[0],
            default=None,
        )
        if near is None:
            return self._latch.distance(float("nan"), float("nan"), watched=self._watched)
        left, one = near
        limit = one.lower if one.value - one.lower < one.upper - one.value else one.upper
        row = self._latch.distance(one.value, limit, watched=self._watched)
        return replace(row, left_frac=0.0 if self._latch.tripped else left, measure=one.measure)

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        if self._latch.apply(recorded) and recorded.entry.kind is Kind.RESUMED:
            self._looked = self._fold.ended


def _band(one: Standing) -> str:
    both = one.lower, end_shown(one.measure, one.upper)
    ends = [f"{end:.4g}" if abs(end) < float("inf") else "open" for end in both]
    return " to ".join(ends)


def _within_reach(one: Standing) -> Standing:
    """Without an end that the measure cannot pass: not more than all orders are filled."""
    return replace(one, upper=float("inf")) if one.measure == "fill_rate" and one.upper >= 1.0 else one


def _left(one: Standing) -> float:
    """1 in the middle of the band, 0 at an end and beyond it; of a band with one end: share of that end."""
    to_lower, to_upper = one.value - one.lower, one.upper - one.value
    width = one.upper - one.lower
    if width < float("inf"):
        return max(0.0, min(to_lower, to_upper) / (width / 2)) if width > 0 else 0.0
    nearest, end = (to_lower, one.lower) if to_lower < to_upper else (to_upper, one.upper)
    return min(1.0, max(0.0, nearest / abs(end))) if nearest < float("inf") and end else 1.0
