"""The risk breakers of the kernel, on record: when one starts to stop bets, and when it ends.

The kernel refuses the bets, by its own rules and with its own reasons; here is written down that it does. One rule is
added: with real money the drawdown breaker ends by a person only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.live.breakers.contract import Context, Distance, Latch, RiskState, Trip, Wanted
from engine.live.ledger.entries import Recorded

_WORDS: Final = {
    "drawdown": "the drawdown is {:.1%}, the limit {:.1%}",
    "streak": "{:.0f} losses in a row, the limit is {:.0f}",
    "daily_loss": "the loss of the day is {:.1%}, the limit {:.1%}",
}


class RiskBreaker:
    """One of ``drawdown``, ``streak`` and ``daily_loss``.

    Parameters
    ----------
    name : str
    human : bool
        Whether only a person ends it.
    """

    def __init__(self, name: str, *, human: bool = False) -> None:
        self.name, self.human = name, human
        self._measured, self._limit, self._warn, self._active = float("nan"), float("nan"), float("inf"), False
        self._latch = Latch(name)

    def look(self, risk: RiskState) -> None:
        """Measure; `check` does it too."""
        self._measured, self._warn, self._limit, self._active = {
            "drawdown": (risk.drawdown_frac, risk.drawdown_warn_frac, risk.drawdown_stop_frac, risk.halted),
            "streak": (float(risk.streak), risk.streak_warn, risk.streak_stop, risk.cooling),
            "daily_loss": (risk.day_loss_frac, float("inf"), risk.daily_loss_frac, risk.day_blocked),
        }[self.name]

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`."""
        if context.risk is None:
            return None
        self.look(context.risk)
        if self._latch.tripped:
            return None if self._active or self._latch.human else "ended by its rule"
        if not self._active:
            return None
        cause = _WORDS[self.name].format(self._measured, self._limit)
        return Trip(self.name, cause, self._measured, self._limit, self.human)

    @property
    def warns(self) -> bool:
        """Whether the measured value is at its warning."""
        return self._measured >= self._warn

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`: only where a person must end it, for the kernel gives the reason of its own rule."""
        return f"breaker_{self.name}" if self._latch.tripped and self._latch.human else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        row = self._latch.distance(self._measured, self._limit)
        is_off = row.state == "closed" and self._limit == float("inf")
        return replace(row, state="off") if is_off else row

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        self._latch.apply(recorded)
