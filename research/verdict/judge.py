"""The verdict: evidence of an edge, or no winner, and why; a pure function of numbers.

Evidence is said if and only if, at 5 %, all of these hold: (a) of Hansen's studentised test over all configurations of
the sweep the consistent p is at most 5 %, with his fixed omega and with each resample's own deviation and no skew;
(b) the p-value of the judged configuration alone, adjusted by Sidak for the effective number of trials in the ledger,
is at most 5 %; (c) the yield of the stitched out-of-sample path is above zero at one-sided 80 %, events resampled;
(d) no flag of plausibility and no leak stands unacknowledged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from research.inference.effective_trials import adjusted

LEVEL: Final = 0.05
#: lower end of the yield's bootstrap distribution that condition (c) looks at
OUTSIDE_LEVEL: Final = 0.20


@dataclass(frozen=True)
class Outside:
    """Yield of the stitched out-of-sample path.

    Attributes
    ----------
    bets, days : int
        Bets placed; days on which they were decided.
    estimate : float
        NaN where there is no bet.
    low, high : float
        90 % interval, events resampled; NaN where too few bets carry one.
    lower : float
        20 % quantile of the same resamples: what condition (c) looks at; NaN as above.
    """

    bets: int
    days: int
    estimate: float
    low: float
    high: float
    lower: float


@dataclass(frozen=True)
class Condition:
    """One condition: its letter, whether it holds, the sentence that says so, and the same in few words."""

    letter: str
    holds: bool
    words: str
    brief: str


@dataclass(frozen=True)
class Verdict:
    """Whether there is evidence of an edge, and the conditions that say so."""

    conditions: tuple[Condition, ...]

    @property
    def evidence(self) -> bool:
        """All conditions hold."""
        return all(one.holds for one in self.conditions)

    @property
    def failed(self) -> tuple[Condition, ...]:
        """Those that do not."""
        return tuple(one for one in self.conditions if not one.holds)


def judge(
    p_all: float,
    p_single: float,
    trials: float,
    outside: Outside | None,
    flags: Sequence[str] = (),
) -> Verdict:
    """The verdict.

    Parameters
    ----------
    p_all : float
        Of all configurations of the sweep (`evidence.Evidence.p_all`); NaN: none bet.
    p_single : float
        Of the judged configuration alone; NaN: none qualified.
    trials : float
        Effective number of trials in the ledger, 1 at least.
    outside : Outside or None
        None: nothing was validated.
    flags : sequence of str
        What stands unacknowledged.
    """
    conditions = (_all(p_all), _one(p_single, trials), _outside(outside), _clean(flags))
    return Verdict(conditions)


def p_words(value: float) -> str:
    """A p-value as it is read: three digits, or below one in a thousand.

    >>> p_words(0.0312), p_words(0.0004)
    ('0.031', 'below 0.001')
    """
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _share(p_value: float) -> str:
    return "fewer than 1 of 1,000" if p_value < 0.001 else f"{max(1, round(100 * p_value))} of 100"


def _all(p_value: float) -> Condition:
    if math.isnan(p_value):
        return Condition("a", False, "no configuration placed a bet", "no configuration placed a bet")
    words = f"luck alone shows a best as good as this in {_share(p_value)} such sweeps (SPA p {p_words(p_value)})"
    return Condition("a", p_value <= LEVEL, words, f"luck alone can show a best as good (SPA p {p_words(p_value)})")


def _one(p_value: float, trials: float) -> Condition:
    if math.isnan(p_value):
        return Condition("b", False, "no configuration qualified to be judged", "no configuration qualified")
    found = adjusted(p_value, max(trials, 1.0))
    many = f"{max(trials, 1.0):,.0f} independent trial{'s' * (round(trials) > 1)}"
    words = f"the judged configuration alone has p {p_words(p_value)}, {p_words(found)} adjusted for {many}"
    return Condition("b", found <= LEVEL, words, f"the judged one has p {p_words(found)} adjusted for {many}")


def _outside(outside: Outside | None) -> Condition:
    if outside is None:
        return Condition("c", False, "nothing was tested out of sample", "nothing was tested out of sample")
    if not outside.bets:
        return Condition("c", False, "the out-of-sample path placed no bet", "no bet was placed out of sample")
    if math.isnan(outside.lower):
        many = f"{outside.bets:,} out-of-sample bet{'s' * (outside.bets > 1)} on {outside.days:,} days"
        return Condition("c", False, f"{many} are too few to judge", "too few out-of-sample bets to judge")
    sign = "above" if outside.lower > 0.0 else "not above"
    size = f"{100 * outside.estimate:.1f}".replace("-", "\N{MINUS SIGN}")
    words = f"the out-of-sample yield of {size} % is {sign} zero at one-sided 80 %"
    return Condition("c", outside.lower > 0.0, words, f"the out-of-sample yield is {sign} zero")


def _clean(flags: Sequence[str]) -> Condition:
    if flags:
        named = ", ".join(flags)
        return Condition("d", False, f"nobody has looked into what is flagged: {named}", f"flagged: {named}")
    return Condition("d", True, "no flag of plausibility and no leak stands unacknowledged", "nothing is flagged")
