"""The guard of the paper venue: fills of a day that no market would have given stop it, with one line.

A feed with noise in it sells what nobody sells. A paper account can take thousands of such prices in a night and look
rich. So each day is judged by the rules that reports apply to a backtest (`engine.plausibility`), and all bets since
the last acknowledged finding once more when a day is over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.clock import day_of
from engine.errors import ConfigurationError
from engine.live.venue import Outcome
from engine.live.venues.account import Bet
from engine.plausibility.outliers import far_apart
from engine.plausibility.winnings import EXCESS_BOUND, implausible_yield, too_many_hits

__all__ = ["Finding", "Guard", "PaperSettings", "is_far"]

#: settlements of a day between two looks at it
_EVERY: Final = 10
_ADVICE: Final = "look for noise in the feed, a wrong settlement or a leak, then acknowledge it"


@dataclass(frozen=True)
class PaperSettings:
    """The keys of ``conf/live/paper.yaml``.

    Attributes
    ----------
    guard : bool
        Whether implausible results stop the venue.
    far_fills_frac : float
        Largest share of a day's fills at prices far from those of the other bookmakers.
    far_fills_min : int
        Fewest fills of a day, with prices to compare, that are judged by it.
    size_on_arrival : bool
        Whether, on a live feed, a delayed order also has to fit the size of the price on arrival.

    recordings : tuple of str
        Files and folders with recorded books of an exchange, which fill its orders on a replay; empty: those of the
        promotion.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    guard: bool = True
    far_fills_frac: float = 0.2
    far_fills_min: int = 20
    size_on_arrival: bool = True
    recordings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in (("far_fills_frac", 0.0, 1.0), ("far_fills_min", 1, 10**9)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigurationError(
                    "value out of range", where=f"paper.{name}", expected=f"{low:g} to {high:g}", found=f"{value:g}"
                )


class Finding(NamedTuple):
    """Why the venue stops: the day, a name that is unique in it, and one line."""

    day: str
    name: str
    text: str


@dataclass
class _Day:
    """Fills of a day, and how many of them are at prices far from all others."""

    compared: int = 0
    far: int = 0


class _Result(NamedTuple):
    """A settled bet: P&L and stake in minor units, its event, whether it won, the probability that its odds imply."""

    pnl: float
    stake: float
    event: int
    won: bool
    implied: float


class Guard:
    """Watches fills and settlements. It is a fold: the same bets in the same order give the same findings.

    Parameters
    ----------
    settings : PaperSettings
    zone : str
        Of the calendar days.
    bets : sequence of Bet
        What is there already, in the order of arrival.
    since : int
        Bets up to this number have been acknowledged; the rule over all bets leaves them out.
    """

    def __init__(self, settings: PaperSettings, zone: str, bets: Sequence[Bet] = (), since: int = 0) -> None:
        self._settings, self._zone, self._since = settings, zone, since
        self._days: dict[str, _Day] = {}
        self._results: dict[str, dict[int, _Result]] = {}
        self._last_day = ""
        for bet in bets:
            self.filled(bet)
        settled = [bet for bet in bets if "settled_at_ns" in bet.facts]
        for bet in sorted(settled, key=lambda bet: (bet.facts["settled_at_ns"], bet.number)):
            self._note(bet)

    def filled(self, bet: Bet) -> Finding | None:
        """Take a fill in; a finding if too many of its day are at prices that stand alone."""
        if "far" not in bet.facts or bet.facts["far"] is None or not bet.receipt.matched_minor:
            return None
        name = str(day_of(bet.order.decided_at_ns, self._zone))
        day = self._days.setdefault(name, _Day())
        day.compared += 1
        day.far += bool(bet.facts["far"])
        most = self._settings.far_fills_frac * day.compared
        if day.compared < self._settings.far_fills_min or day.far <= most:
            return None
        found = f"{day.far} of {day.compared} fills"
        text = f"prices far from all others on {name}: expected at most {math.floor(most)}, found {found}; {_ADVICE}"
        return Finding(name, "prices", text)

    def settled(self, bet: Bet) -> Finding | None:
        """Take a settlement in; a finding if its day, or at the end of a day all bets, won too much."""
        last = self._last_day
        name = self._note(bet)
        results = self._results[name]
        if last and name != last:
            everything = [r for part in self._results.values() for number, r in part.items() if number > self._since]
            if found := _judged(everything):
                return Finding(name, f"{found}_since_start", _text(found, f"up to {last}", everything))
        if len(results) % _EVERY == 0 and (found := _judged(list(results.values()))):
            return Finding(name, found, _text(found, f"on {name}", list(results.values())))
        return None

    def acknowledged(self, up_to: int) -> None:
        """A person has looked at what was found up to this bet."""
        self._since = up_to

    def _note(self, bet: Bet) -> str:
        """Keep a settlement, in place of an earlier version of it; the day of it."""
        name = str(day_of(int(bet.facts["settled_at_ns"]), self._zone))
        receipt, lay = bet.receipt, bet.order.side == "lay"
        for part in self._results.values():
            part.pop(bet.number, None)
        if receipt.outcome is Outcome.SETTLED and receipt.matched_minor:
            pnl = float(receipt.pnl_minor or 0)
            implied = 1.0 - 1.0 / receipt.odds if lay else 1.0 / receipt.odds
            result = _Result(pnl, float(receipt.matched_minor), bet.order.event_id, pnl > 0.0, implied)
            self._results.setdefault(name, {})[bet.number] = result
        self._results.setdefault(name, {})
        self._last_day = max(self._last_day, name)
        return name


def _judged(results: list[_Result]) -> str:
    """The name of the rule that results break; empty: none."""
    if not results:
        return ""
    pnl, stake, event, won, implied = (np.array(column) for column in zip(*results, strict=True))
    if implausible_yield(pnl, stake, event):
        return "yield"
    return "hit_rate" if too_many_hits(won, implied, event) else ""


def _text(name: str, when: str, results: list[_Result]) -> str:
    if name == "yield":
        part = sum(r.pnl for r in results) / sum(r.stake for r in results)
        return f"a yield that no book allows {when}: expected up to {EXCESS_BOUND:.0%}, found {part:.0%}; {_ADVICE}"
    expected, found = sum(r.implied for r in results), sum(r.won for r in results)
    return f"too many winners {when}: expected about {expected:.0f} by their odds, found {found}; {_ADVICE}"


def is_far(odds: float, others: list[float]) -> bool | None:
    """Whether odds are far from those of more than half of the others (`engine.plausibility.outliers`).

    None where there is nothing to compare with.
    """
    if not others:
        return None
    far = far_apart(np.full(len(others), odds), np.array(others))
    return bool(2 * far.sum() > len(others))
