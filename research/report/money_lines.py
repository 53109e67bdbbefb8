"""Lines of the table of evidence about money: levels, gates, both series, what could be found, what was not tested."""

from __future__ import annotations

import math
from typing import Final

from research.inference.effective_trials import sidak_adjusted
from research.report.data import Luck
from research.report.line import Line
from research.report.text import LEVEL, NOTHING, count, listing, number, percent, sentence_case, span
from research.verdict.evidence import Evidence
from research.verdict.expected import detectable, expected_yield
from research.verdict.judge import p_text
from research.verdict.levels import ALPHA
from research.verdict.numerals import percent_of_level
from research.verdict.parts import SingleTest, SlowDependence, Untested

#: why configurations are not tested, as a reader sees it
_REASONS: Final = {
    "no bet": "no bet",
    "constant": "the same return every day",
    "not a number": "a return that is not a number",
    "few outcomes": "too few days with a gain, or with a loss",
}
#: most configurations that are named for one reason
_NAMED: Final = 6
_SPANS: Final = {"week": "weeks", "month": "months", "season": "seasons"}


def money_lines(luck: Luck) -> list[Line]:
    """The tests behind the verdict of money, and what they could have found."""
    evidence = luck.findings.evidence
    lines = [_trials(luck)]
    if luck.verdict is not None:
        lines += [_family(luck), _superior_ability(evidence)]
    lines += _alone(luck)
    if luck.verdict is not None:
        lines += [*_portfolio(luck), *_reality(evidence)]
    return [*lines, *_size(luck), *_slow(evidence.slow), *_untested(evidence.untested)]


def _trials(luck: Luck) -> Line:
    return Line(
        "Trials",
        f"{number(luck.trials.raw)} raw, {number(luck.trials.effective)} effective",
        "Raw: distinct configurations, from any command, whose events overlap these by at least half. Effective: "
        "how many independent configurations would produce as good a best by luck, from the correlation of daily "
        "returns. `bea trials` shows more.",
    )


def _family(luck: Luck) -> Line:
    assert luck.verdict is not None
    at = luck.verdict.levels
    earlier = f" Before it: {listing([run[:12] for run in luck.earlier], 4)}." if luck.earlier else ""
    return Line(
        "Sweep of the family",
        f"number {number(luck.verdict.look)}; tested at {percent_of_level(at.alpha)}",
        f"The sweeps on the same matches share one error of {percent_of_level(ALPHA)}, so each further one is tested "
        f"at a lower level. Here it is {percent_of_level(at.main)} for the best configuration and "
        f"{percent_of_level(at.ensemble)} for the portfolio of all.{earlier}",
    )


def _superior_ability(evidence: Evidence) -> Line:
    level = "" if evidence.level is None else f"; {p_text(evidence.level.p_value)} at level stakes"
    both = " Last, the same at level stakes: each bet counts one unit." if level else ""
    return Line(
        "SPA, all configurations",
        f"p {p_text(evidence.p_lower)} ≤ {p_text(evidence.p_consistent)} ≤ {p_text(evidence.p_upper)}; "
        f"{p_text(evidence.p_skewed)} corrected for skew{level}",
        f"Hansen's test of superior predictive ability: lower, consistent and upper p, studentised, "
        f"{number(evidence.resamples)} bootstrap resamples of blocks of {number(evidence.block_length, 1)} days on "
        f"average. Then the consistent p with each resample's own deviation, corrected for skew.{both} The verdict "
        "uses the largest of the consistent values.",
    )


def _alone(luck: Luck) -> list[Line]:
    evidence, selected = luck.findings.evidence, luck.findings.evidence.selected
    if selected is None:
        why = "No configuration qualified: see validation.bets_min and validation.metric_min."
        return [] if luck.verdict is None else [Line("Selected", NOTHING, why)]
    name = f"#{selected.row + 1} alone" if luck.verdict is not None else "This configuration"
    level = None if evidence.level is None else evidence.level.selected
    series = f"p {p_text(selected.p_value)}{_months(selected)}"
    if level is not None:
        series = f"p {p_text(selected.p_value)} of the bankroll{_months(selected)}, "
        series += f"{p_text(level.p_value)} at level stakes{_months(level)}"
    adjusted = p_text(sidak_adjusted(evidence.p_selected, max(luck.trials.effective, 1.0)))
    return [
        Line(
            name,
            f"{series}; {adjusted} adjusted",
            "p-value of the configuration on its own, corrected for skew. Of the bankroll: daily P&L over equity, "
            "which a staking rule can shape. At level stakes: each bet counts the same, so stakes cannot help. The "
            "larger one counts, with Šidák's correction for the effective trials.",
        )
    ]


def _months(test: SingleTest) -> str:
    return "" if test.p_months is None else f" ({p_text(test.p_months)} by {count(test.months, 'month')})"


def _portfolio(luck: Luck) -> list[Line]:
    level, size = luck.findings.evidence.level, luck.findings.size
    if level is None or level.ensemble is None:
        return []
    measured = None if size is None else size.ensemble
    value = "" if measured is None else f"yield {percent(measured.estimate, 2)}; "
    return [
        Line(
            "Portfolio of all",
            f"{value}p {p_text(level.ensemble.p_value)}{_months(level.ensemble)}",
            "All configurations together, with equal turnover each, at level stakes. Nothing is selected inside the "
            "sweep, so nothing is adjusted. It finds an edge that many configurations share.",
        )
    ]


def _reality(evidence: Evidence) -> list[Line]:
    named = ", ".join(f"#{row + 1}" for row in evidence.survivors[:6])
    return [
        Line(
            "Reality check",
            f"p {p_text(evidence.p_reality)}",
            "White's test over all configurations, not studentised.",
        ),
        Line(
            "Survivors",
            f"{number(evidence.n_survivors)}{f': {named}' if named else ''}",
            "Configurations that Romano and Wolf's StepM test names; the chance that any of them is there by luck is "
            f"at most {percent(ALPHA, 0)}.",
        ),
    ]


def _size(luck: Luck) -> list[Line]:
    """What could have been found; with evidence, the yield before and after the correction."""
    findings, verdict = luck.findings, luck.verdict
    level = ALPHA if verdict is None else verdict.levels.main
    searched, single = detectable(findings, level, luck.trials.effective)
    if math.isnan(searched):
        return []
    lines = [
        Line(
            "Edge that could be found",
            f"{percent(searched)}; in a single test {percent(single)}",
            "True edge at which these bets would show evidence in 80 of 100 cases, at the level adjusted for all "
            "trials; and the same if nothing had been searched. A smaller edge may be there and is not seen.",
        )
    ]
    found = None if verdict is None else expected_yield(verdict, findings, luck.trials.effective)
    if found is None:
        return lines
    measured, now = found
    interval = f" ({LEVEL} interval {span(now.low, now.high)})" if now.known and now.low > 0.0 else ""
    value = f"{percent(now.middle)}{interval}" if now.known else NOTHING
    return [
        *lines,
        Line(
            "Yield to expect",
            f"{value}; measured {percent(measured.estimate)}",
            "The yield at level stakes, corrected for being shown only because it passed: conditional on the test and "
            "on being selected. The truth lies in about 90 of 100 such intervals.",
        ),
    ]


def slow_words(slow: SlowDependence) -> str:
    """What was found about slow dependence, without a full stop."""
    known = [(span_, ratio) for span_, ratio in slow.ratios.items() if not math.isnan(ratio)]
    return ", ".join(f"{_SPANS.get(span_, span_)} {number(ratio, 2)}" for span_, ratio in known)


def _slow(slow: SlowDependence | None) -> list[Line]:
    if slow is None or math.isnan(slow.p_value):
        return []
    return [
        Line(
            "Slow dependence",
            f"{slow_words(slow)}; p {p_text(slow.p_value)}",
            "Variance of the sums of weeks, months and seasons over that of independent days: near 1 if the days are "
            "independent. An edge that comes and goes over months makes it larger, and the other tests too sure.",
        )
    ]


def _untested(untested: tuple[Untested, ...]) -> list[Line]:
    if not untested:
        return []
    parts = [f"{number(one.count)}: {_REASONS.get(one.reason, one.reason)}" for one in untested]
    return [
        Line(
            "Not tested",
            "; ".join(parts),
            f"Configurations without a p-value, since nothing can be said about them: {untested_words(untested)}. They "
            "count as tried.",
        )
    ]


def untested_words(untested: tuple[Untested, ...]) -> str:
    """The first configurations of each reason by number, without a full stop."""
    parts = []
    for one in untested:
        named = [f"#{row + 1}" for row in one.rows[:_NAMED]]
        more = [f"{number(one.count - len(named))} more"] if one.count > len(named) else []
        parts.append(f"{listing(named + more, _NAMED + 1)} ({_REASONS.get(one.reason, one.reason)})")
    return "; ".join(parts)


#: reasons that are a fault of the data or of a rule, and not just too few bets
_FAULTS: Final = ("constant", "not a number")


def doubts(evidence: Evidence) -> list[tuple[str, str]]:
    """Caveats about the tests: a name and a sentence each."""
    lines, slow = [], evidence.slow
    if slow is not None and slow.significant:
        lines.append(
            (
                "Slow dependence",
                f"Luck or the edge comes and goes over weeks or months: their sums vary more than those of independent "
                f"days ({slow_words(slow)}; p {p_text(slow.p_value)}). The tests by days are too sure, so the selected "
                "configuration is tested by months too. Short data cannot tell a passing edge from a lasting one.",
            )
        )
    faults = tuple(one for one in evidence.untested if one.reason in _FAULTS)
    if faults:
        lines.append(("Not tested", f"{sentence_case(untested_words(faults))}: look for a fault of the data or rule."))
    return lines
