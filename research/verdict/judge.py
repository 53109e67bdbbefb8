"""The verdict of money: evidence of an edge, or no winner, with reasons; a pure function of numbers.

There is evidence if and only if ((a and b) or e) and c and d. (a) The p-value over all configurations of the sweep
is at most the main level: the larger of the returns on equity and of level stakes, each the larger of Hansen's
consistent p-value with his fixed omega and of one corrected for skew. (b) The p-value of the selected configuration,
the larger of the same two series, adjusted by Sidak for the effective number of trials in the ledger, is at most the
main level. (e) The p-value of the portfolio of all configurations with equal turnover is at most the level of the
ensemble: nothing is selected inside the sweep. (c) The yield of the stitched out-of-sample path is above zero at
one-sided 80 %, with matches resampled. (d) No configuration that is judged carries a plausibility flag or a leak that
nobody has acknowledged, and the decisions know no closing prices. A flagged configuration is set aside: it is neither
selected nor judged, and counts as tried.
The levels depend on how many sweeps of the family came before (`research.verdict.levels`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from research.inference.effective_trials import sidak_adjusted
from research.verdict.levels import Levels, levels
from research.verdict.numerals import count, number, ordinal, percent, percent_of_level, shares_of_sweeps

#: share of the one-sided end of the yield that condition (c) compares with zero
OUT_OF_SAMPLE_LEVEL: Final = 0.20


#: by which gate a sweep has evidence: the best configuration (a and b), the portfolio of all (e), or both
Gate = Literal["selected", "ensemble", "both"]


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
        90 % interval, matches resampled; NaN with too few bets (`bootstrap.enough`) or for `reason`.
    lower : float
        Lower end at one-sided 80 % from the same resamples, for condition (c); NaN likewise.
    reason : str
        Why there is no interval although there are enough bets; empty otherwise and in runs of earlier versions.
    """

    bets: int
    days: int
    estimate: float
    low: float
    high: float
    lower: float
    reason: str = ""


@dataclass(frozen=True)
class PValues:
    """p-values of the tests of money, not adjusted.

    Attributes
    ----------
    every : float
        Over all configurations of the sweep (`evidence.Evidence.p_all`); NaN: none bet.
    selected : float
        Of the selected configuration (`evidence.Evidence.p_selected`); NaN: none qualified.
    ensemble : float
        Of the portfolio of all configurations (`evidence.Evidence.p_ensemble`); NaN: not tested, as in runs of earlier
        versions.
    """

    every: float
    selected: float
    ensemble: float = math.nan


@dataclass(frozen=True)
class Search:
    """How much was tried on these matches.

    Attributes
    ----------
    effective : float
        Effective number of trials in the ledger; less than 1 counts as 1.
    look : int
        Which sweep of its family this is, from 1.
    """

    effective: float
    look: int = 1


@dataclass(frozen=True)
class Flagged:
    """Plausibility flags and leaks of a sweep.

    Attributes
    ----------
    flags : sequence of str
        Flags of the configurations that are judged, as far as they have not been acknowledged.
    set_aside : int
        Number of flagged configurations that are not judged.
    most : bool
        Whether more configurations are set aside as implausible than are left that bet: a fault that they all share is
        likelier then than a few bad rows, and the rest are not to be trusted either.
    closes_seen : bool
        Whether decisions know closing prices, so that nobody could have placed the bets.
    """

    flags: Sequence[str] = ()
    set_aside: int = 0
    most: bool = False
    closes_seen: bool = False


@dataclass(frozen=True)
class Condition:
    """One condition of the verdict.

    Attributes
    ----------
    letter : str
        ``a`` to ``e``.
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
    """Whether there is evidence of an edge, and why.

    Attributes
    ----------
    conditions : tuple of Condition
        (a), (b), (e), (c), (d): the two gates first.
    look : int
        Which sweep of its family this is, from 1.
    levels : Levels
        The levels that it was tested at.
    """

    conditions: tuple[Condition, ...]
    look: int
    levels: Levels

    def condition(self, letter: str) -> Condition:
        """The condition with this letter."""
        return next(one for one in self.conditions if one.letter == letter)

    @property
    def gate(self) -> Gate | None:
        """The gate that is open: ``selected`` (a and b hold), ``ensemble`` (e holds), ``both``; None if neither."""
        selected = self.condition("a").holds and self.condition("b").holds
        ensemble = self.condition("e").holds
        if selected and ensemble:
            return "both"
        return "selected" if selected else "ensemble" if ensemble else None

    @property
    def evidence(self) -> bool:
        """Whether there is evidence: ((a and b) or e) and c and d."""
        return self.gate is not None and self.condition("c").holds and self.condition("d").holds

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions that stand against evidence: none of (a), (b), (e) where one gate is open."""
        against = "cd" if self.gate else "abecd"
        return tuple(one for one in self.conditions if not one.holds and one.letter in against)

    @property
    def spending(self) -> str:
        """Which sweep of the family this is, and what that costs; without a full stop."""
        at = f"tested at {percent_of_level(self.levels.alpha)}"
        if self.look == 1:
            return f"first sweep on these matches: {at}"
        return f"{ordinal(self.look)} sweep on these matches: {at} instead of {percent_of_level(levels(1).alpha)}"


def judge(
    p_values: PValues, search: Search, out_of_sample: OutOfSample | None, flagged: Flagged | None = None
) -> Verdict:
    """Reach the verdict.

    Parameters
    ----------
    p_values : PValues
    search : Search
    out_of_sample : OutOfSample or None
        None: nothing was validated.
    flagged : Flagged, optional
        Default: nothing is flagged.
    """
    flagged = Flagged() if flagged is None else flagged
    level = levels(search.look)
    return Verdict(
        (
            _all_configurations(p_values.every, level.main, flagged.set_aside),
            _selected(p_values.selected, search.effective, level.main),
            _ensemble(p_values.ensemble, level.ensemble),
            _path(out_of_sample),
            _plausibility(flagged),
        ),
        search.look,
        level,
    )


def p_text(value: float) -> str:
    """A p-value as text: three digits, or "below 0.001".

    >>> p_text(0.0312), p_text(0.0004)
    ('0.031', 'below 0.001')
    """
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _all_configurations(p_value: float, level: float, set_aside: int) -> Condition:
    if math.isnan(p_value):
        text = "every configuration that bet carries a flag" if set_aside else "no configuration placed a bet"
        return Condition("a", False, text, text)
    sentence = f"luck alone gives a best result this good in {shares_of_sweeps(p_value)} such sweeps"
    brief = f"pure luck gives a result this good in {shares_of_sweeps(p_value)} such sweeps"
    tested = f"(SPA p {p_text(p_value)}, tested at {percent_of_level(level)})"
    return Condition("a", p_value <= level, f"{sentence} {tested}", brief)


def _selected(p_value: float, trials: float, level: float) -> Condition:
    if math.isnan(p_value):
        return Condition("b", False, "no configuration qualified for selection", "no configuration qualified")
    adjusted = sidak_adjusted(p_value, max(trials, 1.0))
    tries = count(max(1, round(trials)), "independent trial")
    sentence = (
        f"the selected configuration has p {p_text(p_value)}, or {p_text(adjusted)} adjusted for {tries}, "
        f"tested at {percent_of_level(level)}"
    )
    brief = f"the best of {tries} without an edge is as good in {shares_of_sweeps(adjusted)} cases"
    return Condition("b", adjusted <= level, sentence, brief)


def _ensemble(p_value: float, level: float) -> Condition:
    if math.isnan(p_value):
        text = "the portfolio of all configurations was not tested"
        return Condition("e", False, text, text)
    sentence = (
        f"the portfolio of all configurations, equal turnover each, has p {p_text(p_value)}, "
        f"tested at {percent_of_level(level)}"
    )
    brief = f"the portfolio of all configurations is as good by luck in {shares_of_sweeps(p_value)} cases"
    return Condition("e", p_value <= level, sentence, brief)


def _path(out_of_sample: OutOfSample | None) -> Condition:
    if out_of_sample is None:
        return Condition("c", False, "nothing was tested out of sample", "nothing was tested out of sample")
    if not out_of_sample.bets:
        return Condition("c", False, "the out-of-sample path placed no bet", "no bet was placed out of sample")
    if math.isnan(out_of_sample.lower):
        return _untested_path(out_of_sample)
    sign = "above" if out_of_sample.lower > 0.0 else "not above"
    sentence = (
        f"the out-of-sample yield of {percent(out_of_sample.estimate)} is {sign} zero at one-sided {percent(0.8, 0)}"
    )
    brief = f"the out-of-sample yield of {percent(out_of_sample.estimate)} is {sign} zero"
    return Condition("c", out_of_sample.lower > 0.0, sentence, brief)


def _untested_path(out_of_sample: OutOfSample) -> Condition:
    if out_of_sample.reason:
        return Condition(
            "c", False, f"the out-of-sample yield is not tested: {out_of_sample.reason}", out_of_sample.reason
        )
    bets, days = count(out_of_sample.bets, "out-of-sample bet"), count(out_of_sample.days, "day")
    verb = "is" if out_of_sample.bets == 1 else "are"
    sentence = f"{bets} on {days} {verb} too few for a test"
    return Condition("c", False, sentence, "too few out-of-sample bets for a test")


def _plausibility(flagged: Flagged) -> Condition:
    if flagged.closes_seen:
        what = "the decisions know closing prices"
        return Condition("d", False, f"{what}: nobody could have placed these bets", what)
    if flagged.flags:
        names = ", ".join(flagged.flags)
        return Condition("d", False, f"flags that nobody has acknowledged: {names}", f"flagged: {names}")
    aside = flagged.set_aside
    if flagged.most:
        what = "most configurations that bet are implausible"
        return Condition("d", False, f"{what} ({number(aside)} are set aside): look for a fault that all share", what)
    if aside:
        verb = "is" if aside == 1 else "are"
        sentence = f"{count(aside, 'flagged configuration')} {verb} set aside; nothing that is judged is flagged"
        return Condition("d", True, sentence, "nothing that is judged is flagged")
    return Condition("d", True, "there is no unacknowledged flag or leak", "nothing is flagged")
