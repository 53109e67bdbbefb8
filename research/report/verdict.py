"""The verdict in words, and the evidence beside it: what a reader of a sweep sees first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from engine.errors import DataError
from research.inference.bootstrap import generator
from research.inference.effective_trials import sidak_adjusted
from research.inference.fair import fair_odds_test
from research.inference.sharpe import (
    Moments,
    deflated_sharpe,
    min_backtest_years,
    min_track_record,
    probabilistic_sharpe,
)
from research.report.breakdown import mean_interval, roi_interval
from research.report.data import Luck
from research.report.text import NOTHING, count, number, percent, span
from research.verdict.judge import OutOfSample, Verdict, p_text

_YEAR_DAYS: Final = 365.25
_LEVEL: Final = f"90{chr(0x202F)}%"


def headline(verdict: Verdict, outside: OutOfSample | None) -> str:
    """The one sentence of a sweep: the size of the edge with its interval, or why there is no winner."""
    if not verdict.evidence:
        return "No winner: " + "; ".join(one.brief for one in verdict.failed) + "."
    return f"Evidence of an edge: {size(outside)}."


def size(outside: OutOfSample | None) -> str:
    """The out-of-sample yield with its interval, or that there is none."""
    if outside is None:
        return "nothing was tested out of sample"
    if not outside.bets:
        return "the out-of-sample path placed no bet"
    made = "earned" if outside.estimate >= 0 else "lost"
    text = f"out of sample it {made} {percent(abs(outside.estimate))} of its stakes over {count(outside.bets, 'bet')}"
    if math.isnan(outside.low):
        return f"{text}, too few for an interval"
    return f"{text} ({_LEVEL} interval {span(outside.low, outside.high)})"


def reading(luck: Luck) -> str:
    """How to read the headline: what the rule was, and what the number of trials is."""
    tried = (
        f"{count(luck.trials.raw, 'configuration was', 'configurations were')} tried on these events so far, worth "
        f"{number(luck.trials.effective)} independent ones"
    )
    if luck.verdict is not None and luck.verdict.evidence:
        return f"All four conditions hold at 5 %. {tried}; the size is that of the path no choice has seen."
    sized = size(luck.findings.out_of_sample)
    return f"{sized[0].upper()}{sized[1:]}. {tried}. Not one row of the leaderboard below is evidence by itself."


@dataclass(frozen=True)
class Line:
    """One line of the table of evidence: what, its value, what it means."""

    name: str
    value: str
    meaning: str


def evidence_lines(luck: Luck, seed: int) -> list[Line]:
    """Everything that stands beside the verdict and is not part of its rule, but for the first three lines."""
    crossed = _crossed(luck) if luck.verdict is not None else []
    return [*_tests(luck), *_sharpe(luck), *crossed, *_prices(luck, seed)]


def _tests(luck: Luck) -> list[Line]:
    found, single, trials = luck.findings.evidence, luck.findings.evidence.selected, luck.trials
    lines = [
        Line(
            "Trials",
            f"{number(trials.raw)} raw, {number(trials.effective)} effective",
            "Distinct configurations whose events overlap these by half or more, whatever the command; effective: how "
            "many independent ones show as good a best, from the correlation of daily returns. `bea trials` explains.",
        )
    ]
    if luck.verdict is not None:
        lines.append(_ability(luck))
    if single is not None:
        alone = f"#{single.row + 1} alone" if luck.verdict is not None else "This one alone"
        lines.append(
            Line(
                alone,
                f"{p_text(single.p_value)}; {p_text(sidak_adjusted(single.p_value, trials.effective))} adjusted",
                "p of the judged configuration (a normal tail of its ratio, corrected for skew), and after Šidák's "
                "correction for the effective trials.",
            )
        )
    elif luck.verdict is not None:
        lines.append(Line("Judged", NOTHING, "No configuration qualified: see validation.bets_min and metric_min."))
    if luck.verdict is None:
        return lines
    named = ", ".join(f"#{row + 1}" for row in found.survivors[:6])
    return [
        *lines,
        Line("Reality check", p_text(found.p_reality), "White's p, not studentised."),
        Line(
            "Survivors",
            f"{number(found.n_survivors)}{f': {named}' if named else ''}",
            "Configurations that Romano and Wolf's StepM names with a chance of at most 5 % that one of them is luck.",
        ),
    ]


def _ability(luck: Luck) -> Line:
    found = luck.findings.evidence
    return Line(
        "SPA, all configurations",
        f"{p_text(found.p_lower)} ≤ {p_text(found.p_consistent)} ≤ {p_text(found.p_upper)}; "
        f"{p_text(found.p_skewed)} without skew",
        f"Hansen's lower, consistent and upper p, studentised, {number(found.resamples)} resamples of blocks of "
        f"{number(found.block_length, 1)} days on average; and the consistent one with each resample's own deviation, "
        "corrected for skew. The verdict takes the larger.",
    )


def _sharpe(luck: Luck) -> list[Line]:
    found, single, trials = luck.findings.evidence, luck.findings.evidence.selected, luck.trials
    if single is None or math.isnan(single.sharpe):
        return []
    own = Moments(single.n_days, single.sharpe, single.skew, single.kurtosis)
    null = 1.0 / max(single.n_days - 1, 1)
    raw, effective = (deflated_sharpe(own, n, null) for n in (trials.raw, trials.effective))
    across = deflated_sharpe(own, trials.effective, found.sharpe_variance)
    needed, years = min_track_record(own), min_backtest_years(trials.effective)
    annual = single.sharpe * math.sqrt(_YEAR_DAYS)
    record = f"{number(needed)} days" if math.isfinite(needed) else "none suffices"
    bets_a_day = luck.picked_bets / max(single.n_days, 1)
    in_bets = f", about {number(needed * bets_a_day)} bets" if math.isfinite(needed) and bets_a_day else ""
    return [
        Line(
            "Sharpe ratio",
            f"{number(annual, 2)} a year; above zero: {percent(probabilistic_sharpe(own))}",
            "Of daily returns, calendar days; the probability that the true one is above zero, before any correction.",
        ),
        Line(
            "Deflated Sharpe",
            f"{percent(raw)} at raw N, {percent(effective)} at effective N; across: {percent(across)}",
            "Probability of more than the best of N worthless ones shows, with the variance under the null; the raw N "
            "is the conservative one. 'Across' takes the variance over the configurations instead, which condemns a "
            "true plateau.",
        ),
        Line(
            "Track record",
            f"{record}{in_bets} needed; {number(single.n_days)} days at hand",
            "Least length at which this ratio would exceed zero at 95 %.",
        ),
        Line(
            "Backtest length",
            f"{number(years, 1)} years needed; {number(found.days / _YEAR_DAYS, 1)} at hand",
            "Below it the best of so many worthless configurations shows a Sharpe ratio of 1 a year.",
        ),
    ]


def _crossed(luck: Luck) -> list[Line]:
    found = luck.findings.evidence.overfitting
    if found is None:
        return [Line("Overfitting", NOTHING, "Too few days or configurations to cross-validate the choice.")]
    side = "inside" if found.null_low <= found.probability <= found.null_high else (
        "below" if found.probability < found.null_low else "above"
    )  # fmt: skip
    return [
        Line(
            "Overfitting (PBO)",
            f"{percent(found.probability)}; null band {span(found.null_low, found.null_high)}",
            "How often the best of one half of the days is below the middle in the other, "
            f"{number(found.splits)} splits of {number(found.configurations)} configurations; {side} the band of "
            "sweeps without any skill.",
        ),
        Line(
            "Degradation",
            f"slope {number(found.slope, 2)}; loss {percent(found.loss)}",
            "Slope of the metric out of sample on the one in sample; how often the chosen one loses out of sample.",
        ),
    ]


def _prices(luck: Luck, seed: int) -> list[Line]:
    bets, daily = luck.path_bets, luck.path_daily
    if bets is None or daily is None or not bets.height:
        return []
    clv = mean_interval(bets, "clv", seed)
    value = NOTHING if math.isnan(clv.estimate) else percent(clv.estimate, 2)
    if clv.known:
        value += f" ({_LEVEL} {span(clv.low, clv.high, 2)})"
    roi = roi_interval(bets, float(daily["equity_start_minor"][0]), seed)
    shown = percent(roi.estimate) + (f" ({_LEVEL} {span(roi.low, roi.high)})" if roi.known else "")
    lines = [
        Line(f"ROI {luck.sample}", shown, "P&L of these bets over the opening bankroll; events resampled."),
        Line(
            f"CLV {luck.sample}",
            value,
            "Mean closing line value of these bets: what the market's last fair prices say of the yield.",
        ),
    ]
    try:
        fair = fair_odds_test(bets, generator(seed, "fair"), paid_at="fair")
        placed = fair_odds_test(bets, generator(seed, "fair"))
    except DataError as error:
        return [*lines, Line("Fair closing odds", NOTHING, f"Not told: {error.line()}.")]
    if fair.n_bets:
        exact = "simulated" if math.isnan(fair.p_exact) else "exact"
        lines.append(
            Line(
                "Fair closing odds",
                f"p {p_text(fair.p_value)} at fair odds; {p_text(placed.p_value)} at the odds taken ({exact})",
                f"Chance of a yield this high if each of {count(fair.n_bets, 'bet')} {luck.sample} won with its fair "
                "closing probability: paid fairly, and paid as it was (then it is more than the close explains).",
            )
        )
    return lines
