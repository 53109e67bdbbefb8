"""The verdict: evidence of an edge, or no winner, with reasons; a pure function of numbers.

There is evidence if and only if all four conditions hold, at 5 %. (a) The consistent p-value of Hansen's studentised
test over all configurations of the sweep is at most 5 %, both with his fixed omega and with each resample's own
deviation and a correction for skew. (b) The p-value of the selected configuration, adjusted by Sidak for the effective
number of trials in the ledger, is at most 5 %. (c) The yield of the stitched out-of-sample path is above zero at
one-sided 80 %, with events resampled. (d) Every plausibility flag and every leak has been acknowledged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from research.inference.effective_trials import sidak_adjusted

LEVEL: Final = 0.05
#: share of the one-sided end of the yield that condition (c) compares with zero
OUT_OF_SAMPLE_LEVEL: Final = 0.20


@dataclass(frozen=True)
class OutOfSample:
    """Yield of the stitched out-of-sample path.

    Attributes
    ----------
    bets, days : int
        Bets placed; days on which they were decided.
    estimate : float
        Yield; NaN without a bet.
    low, high : float
        90 % interval, events resampled; NaN with too few bets (`bootstrap.enough`).
    lower : float
        Lower end at one-sided 80 % from the same resamples, for condition (c); NaN likewise.
    """

    bets: int
    days: int
    estimate: float
    low: float
    high: float
    lower: float


@dataclass(frozen=True)
class Condition:
    """One condition of the verdict.

    Attributes
    ----------
    letter : str
        ``a`` to ``d``.
    holds : bool
    sentence : str
        What was found, without a full stop.
    brief : str
        The same in few words, for a headline.
    """

    letter: str
    holds: bool
    sentence: str
    brief: str


@dataclass(frozen=True)
class Verdict:
    """Whether there is evidence of an edge, and the four conditions."""

    conditions: tuple[Condition, ...]

    @property
    def evidence(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds for condition in self.conditions)

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions that do not hold."""
        return tuple(condition for condition in self.conditions if not condition.holds)


def judge(
    p_all: float,
    p_single: float,
    trials: float,
    out_of_sample: OutOfSample | None,
    flags: Sequence[str] = (),
) -> Verdict:
    """Reach the verdict.

    Parameters
    ----------
    p_all : float
        p-value over all configurations of the sweep (`evidence.Evidence.p_all`); NaN: none bet.
    p_single : float
        p-value of the selected configuration, not adjusted; NaN: none qualified.
    trials : float
        Effective number of trials in the ledger; less than 1 counts as 1.
    out_of_sample : OutOfSample or None
        None: nothing was validated.
    flags : sequence of str
        Flags that have not been acknowledged.
    """
    return Verdict(
        (_all_configurations(p_all), _selected(p_single, trials), _path(out_of_sample), _plausibility(flags))
    )


def p_text(value: float) -> str:
    """A p-value as text: three digits, or "below 0.001".

    >>> p_text(0.0312), p_text(0.0004)
    ('0.031', 'below 0.001')
    """
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _share(p_value: float) -> str:
    return "fewer than 1 of 1,000" if p_value < 0.001 else f"{max(1, round(100 * p_value))} of 100"


def _all_configurations(p_value: float) -> Condition:
    if math.isnan(p_value):
        return Condition("a", False, "no configuration placed a bet", "no configuration placed a bet")
    sentence = f"luck alone gives a best result this good in {_share(p_value)} such sweeps (SPA p {p_text(p_value)})"
    return Condition(
        "a", p_value <= LEVEL, sentence, f"luck alone can explain the best result (SPA p {p_text(p_value)})"
    )


def _selected(p_value: float, trials: float) -> Condition:
    if math.isnan(p_value):
        return Condition("b", False, "no configuration qualified for selection", "no configuration qualified")
    adjusted = sidak_adjusted(p_value, max(trials, 1.0))
    number = f"{max(trials, 1.0):,.0f} independent trial{'s' * (round(trials) > 1)}"
    sentence = f"the selected configuration has p {p_text(p_value)}, or {p_text(adjusted)} adjusted for {number}"
    brief = f"the selected configuration has p {p_text(adjusted)} adjusted for {number}"
    return Condition("b", adjusted <= LEVEL, sentence, brief)


def _path(out_of_sample: OutOfSample | None) -> Condition:
    if out_of_sample is None:
        return Condition("c", False, "nothing was tested out of sample", "nothing was tested out of sample")
    if not out_of_sample.bets:
        return Condition("c", False, "the out-of-sample path placed no bet", "no bet was placed out of sample")
    if math.isnan(out_of_sample.lower):
        number = f"{out_of_sample.bets:,} out-of-sample bet{'s' * (out_of_sample.bets > 1)}"
        sentence = f"{number} on {out_of_sample.days:,} days are too few for a test"
        return Condition("c", False, sentence, "too few out-of-sample bets for a test")
    sign = "above" if out_of_sample.lower > 0.0 else "not above"
    size = f"{100 * out_of_sample.estimate:.1f}".replace("-", "\N{MINUS SIGN}")
    sentence = f"the out-of-sample yield of {size} % is {sign} zero at one-sided 80 %"
    return Condition("c", out_of_sample.lower > 0.0, sentence, f"the out-of-sample yield is {sign} zero")


def _plausibility(flags: Sequence[str]) -> Condition:
    if flags:
        names = ", ".join(flags)
        return Condition("d", False, f"flags that nobody has acknowledged: {names}", f"flagged: {names}")
    return Condition("d", True, "there is no unacknowledged flag or leak", "nothing is flagged")
