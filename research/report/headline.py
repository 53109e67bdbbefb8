"""The first lines about a run: whether a profit is proved, how large it may be, and what could have been found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from research.inference.effective_trials import sidak_adjusted
from research.report.text import LEVEL, count, percent, sentence_case, span
from research.verdict.expected import detectable, expected_yield
from research.verdict.levels import ALPHA
from research.verdict.numerals import ordinal, percent_of_level

if TYPE_CHECKING:
    from research.records.run import RunRecord
    from research.verdict.findings import Findings
    from research.verdict.judge import Condition, OutOfSample, Verdict

#: an edge beyond this is not stated as a number: no bettor would call it an edge that could have been found
_BEYOND: Final = 1.0
#: what is said of a run of an earlier version, which tested the returns on the bankroll alone
_BY_OLD_TESTS: Final = " by the tests of an earlier version, not at level stakes (force=true makes the run anew)"


def first_lines(run: RunRecord) -> tuple[str, ...]:
    """What a run says about profit and price by today's ledger, a line each.

    Of a backtest only about price, since nothing of it is out of sample; nothing without tests of luck.
    """
    findings, verdict = run.findings, run.verdict()
    if findings is None:
        return ()
    price = run.price_verdict().sentence
    return (price,) if verdict is None else (profit_line(verdict, findings, run.trials().effective), price)


def not_entered(run: RunRecord) -> list[str]:
    """A line where the trial ledger lost the entry of a run, so that its trials and sweeps may be too few."""
    from research.records.trials import Ledger

    head = run.manifest.get("ledger_head")  # none on simulated data and in runs of earlier versions
    if not head or Ledger().holds(head):
        return []
    return ["The trial ledger lost the entry of this run: its trials and sweeps may be too few (`bea trials verify`)."]


def profit_line(verdict: Verdict, findings: Findings, trials: float) -> str:
    """The verdict of money in one line, with what could have been found where nothing was; parameters as below."""
    found = "" if verdict.evidence else could_have_been_found(findings, verdict.levels.main, trials)
    return f"{profit(verdict, findings, trials)}{f' {found}' if found else ''}"


def profit(verdict: Verdict, findings: Findings, trials: float) -> str:
    """The verdict of money, and the first reason against it or the yield to expect.

    Parameters
    ----------
    verdict : Verdict
    findings : Findings
    trials : float
        Effective number of trials in the ledger.
    """
    if verdict.evidence:
        by = "" if findings.evidence.level is not None else _BY_OLD_TESTS
        return f"Profit: evidence of an edge{by}. {_expected(verdict, findings, trials)}"
    failed = verdict.failed[0]
    return f"Profit: not proved. {sentence_case(failed.brief)}{_spent(failed, verdict, findings, trials)}."


def _spent(failed: Condition, verdict: Verdict, findings: Findings, trials: float) -> str:
    """That a p-value would have been low enough for a first sweep, and is not for this one; empty otherwise."""
    evidence = findings.evidence
    p_values = {"a": evidence.p_all, "b": sidak_adjusted(evidence.p_selected, max(trials, 1.0))}
    if verdict.look == 1 or not p_values.get(failed.letter, math.nan) <= ALPHA:
        return ""
    at = percent_of_level(verdict.levels.main)
    return f", and the {ordinal(verdict.look)} sweep on these matches is tested at {at}"


def state(condition: Condition, verdict: Verdict) -> str:
    """``holds``, ``fails``, or ``not needed`` where the other gate is open."""
    if condition.holds:
        return "holds"
    return "fails" if condition in verdict.failed else "not needed"


def could_have_been_found(findings: Findings, level: float, trials: float) -> str:
    """Which edge these bets could have shown, after the search and in a single test; empty where it is not known."""
    size = findings.size
    if size is None:
        return ""
    searched, single = detectable(findings, level, trials)
    if math.isnan(searched):
        return ""
    bets = count(size.bets, "bet") if size.bets else "these bets"
    if searched > _BEYOND:
        return f"With {bets}, no edge of a size that exists could have been seen."
    text = f"With {bets}, an edge below {percent(searched)} could hardly have been seen"
    return f"{text}." if trials < 1.5 and level == ALPHA else f"{text}; in a single test, one below {percent(single)}."


def _expected(verdict: Verdict, findings: Findings, trials: float) -> str:
    found = expected_yield(verdict, findings, trials)
    if found is None:
        return _of_path(findings.out_of_sample)
    measured, now = found
    who = "the portfolio of all configurations" if verdict.gate == "ensemble" else f"#{findings.selected}"
    shown = f"the {percent(measured.estimate)} that {who} shows at level stakes"
    if now.known and now.low > 0.0:
        interval = f"{LEVEL} interval {span(now.low, now.high)}"
        return f"Expect a yield of {percent(now.middle)} ({interval}), less than {shown} because it passed."
    # an upper end above what was measured would contradict "less"
    ends = [f"about {percent(now.middle)}"] * (now.middle > 0.0)
    ends += [f"at most {percent(now.high)}"] * (now.high < measured.estimate)
    if not now.known or not ends:
        return f"Its size is not known: expect much less than {shown}."
    return f"Expect less than {shown} because it passed: {' and '.join(ends)}."


def _of_path(out_of_sample: OutOfSample | None) -> str:
    """The out-of-sample yield of a run of an earlier version; its interval only where it is above zero."""
    if out_of_sample is None or not out_of_sample.bets:
        return "Its size is not known."
    text = f"The out-of-sample yield is {percent(out_of_sample.estimate)} over {count(out_of_sample.bets, 'bet')}"
    if out_of_sample.low > 0.0:
        text += f" ({LEVEL} interval {span(out_of_sample.low, out_of_sample.high)})"
    return f"{text}; expect less, since it is shown because it passed."
