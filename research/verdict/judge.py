"""The verdict: evidence of an edge, or no winner, with reasons; a pure function of numbers.

There is evidence if and only if all four conditions hold, at 5 %. (a) The consistent p-value of Hansen's studentised
test over all configurations of the sweep is at most 5 %, both with his fixed omega and with each resample's own
deviation and a correction for skew. (b) The p-value of the selected configuration, adjusted by Sidak for the effective
number of trials in the ledger, is at most 5 %. (c) The yield of the stitched out-of-sample path is above zero at
one-sided 80 %, with events resampled. (d) No configuration that is judged carries a plausibility flag or a leak that
nobody has acknowledged. A flagged configuration is set aside: it is neither selected nor judged, and counts as tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from research.inference.effective_trials import sidak_adjusted
from research.verdict.numerals import count, number, percent

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
    set_aside: int = 0,
    *,
    most_flagged: bool = False,
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
        Flags of the configurations that are judged, as far as they have not been acknowledged.
    set_aside : int
        Number of flagged configurations that are not judged.
    most_flagged : bool
        Whether more configurations are set aside as implausible than are left that bet: a fault that they all share is
        likelier then than a few bad rows, and the rest are not to be trusted either.
    """
    return Verdict(
        (
            _all_configurations(p_all, set_aside),
            _selected(p_single, trials),
            _path(out_of_sample),
            _plausibility(flags, set_aside, most_flagged),
        )
    )


def p_text(value: float) -> str:
    """A p-value as text: three digits, or "below 0.001".

    >>> p_text(0.0312), p_text(0.0004)
    ('0.031', 'below 0.001')
    """
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def shares_of_sweeps(p_value: float) -> str:
    """How often luck alone does as well.

    >>> shares_of_sweeps(0.731), shares_of_sweeps(0.0312)
    ('73 of 100', '3 of 100')
    """
    if p_value < 0.001:
        return f"fewer than 1 of {number(1000)}"
    if p_value < 0.01:
        return f"{max(1, round(1000 * p_value))} of {number(1000)}"
    return f"{round(100 * p_value)} of 100"


def _all_configurations(p_value: float, set_aside: int) -> Condition:
    if math.isnan(p_value):
        text = "every configuration that bet carries a flag" if set_aside else "no configuration placed a bet"
        return Condition("a", False, text, text)
    sentence = f"luck alone gives a best result this good in {shares_of_sweeps(p_value)} such sweeps"
    brief = f"pure luck gives a result this good in {shares_of_sweeps(p_value)} such sweeps"
    return Condition("a", p_value <= LEVEL, f"{sentence} (SPA p {p_text(p_value)})", brief)


def _selected(p_value: float, trials: float) -> Condition:
    if math.isnan(p_value):
        return Condition("b", False, "no configuration qualified for selection", "no configuration qualified")
    adjusted = sidak_adjusted(p_value, max(trials, 1.0))
    tries = count(max(1, round(trials)), "independent trial")
    sentence = f"the selected configuration has p {p_text(p_value)}, or {p_text(adjusted)} adjusted for {tries}"
    brief = f"the best of {tries} without an edge is as good in {shares_of_sweeps(adjusted)} cases"
    return Condition("b", adjusted <= LEVEL, sentence, brief)


def _path(out_of_sample: OutOfSample | None) -> Condition:
    if out_of_sample is None:
        return Condition("c", False, "nothing was tested out of sample", "nothing was tested out of sample")
    if not out_of_sample.bets:
        return Condition("c", False, "the out-of-sample path placed no bet", "no bet was placed out of sample")
    if math.isnan(out_of_sample.lower):
        bets, days = count(out_of_sample.bets, "out-of-sample bet"), count(out_of_sample.days, "day")
        verb = "is" if out_of_sample.bets == 1 else "are"
        sentence = f"{bets} on {days} {verb} too few for a test"
        return Condition("c", False, sentence, "too few out-of-sample bets for a test")
    sign = "above" if out_of_sample.lower > 0.0 else "not above"
    sentence = (
        f"the out-of-sample yield of {percent(out_of_sample.estimate)} is {sign} zero at one-sided {percent(0.8, 0)}"
    )
    brief = f"the out-of-sample yield of {percent(out_of_sample.estimate)} is {sign} zero"
    return Condition("c", out_of_sample.lower > 0.0, sentence, brief)


def _plausibility(flags: Sequence[str], set_aside: int, most_flagged: bool) -> Condition:
    if flags:
        names = ", ".join(flags)
        return Condition("d", False, f"flags that nobody has acknowledged: {names}", f"flagged: {names}")
    if most_flagged:
        what = "most configurations that bet are implausible"
        return Condition(
            "d", False, f"{what} ({number(set_aside)} are set aside): look for a fault that all share", what
        )
    if set_aside:
        verb = "is" if set_aside == 1 else "are"
        sentence = f"{count(set_aside, 'flagged configuration')} {verb} set aside; nothing that is judged is flagged"
        return Condition("d", True, sentence, "nothing that is judged is flagged")
    return Condition("d", True, "there is no unacknowledged flag or leak", "nothing is flagged")
