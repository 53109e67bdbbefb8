"""The verdict in words, and the evidence beside it: what a reader of a sweep sees first."""

from __future__ import annotations

import math
from typing import Final

from engine.errors import DataError
from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS, generator
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
from research.report.headline import could_have_been_found
from research.report.line import Line
from research.report.money_lines import money_lines
from research.report.text import LEVEL, NOTHING, count, number, percent, sentence_case, span
from research.verdict.judge import OutOfSample, p_text

_YEAR_DAYS: Final = 365.25


def size(out_of_sample: OutOfSample | None) -> str:
    """The out-of-sample yield with its interval, or why there is none; no capital letter, no full stop."""
    if out_of_sample is None:
        return "nothing was tested out of sample"
    if not out_of_sample.bets:
        return "the out-of-sample path placed no bets"
    text = f"the out-of-sample yield is {percent(out_of_sample.estimate)} over {count(out_of_sample.bets, 'bet')}"
    if math.isnan(out_of_sample.low):
        few = f"an interval needs {FEWEST_BETS} bets on {FEWEST_DAYS} days"
        return f"{text} on {count(out_of_sample.days, 'day')}: {few}"
    return f"{text} ({LEVEL} interval {span(out_of_sample.low, out_of_sample.high)})"


def reading(luck: Luck) -> str:
    """How to read the headline: what could have been found, the rule, and the number of trials."""
    tried = (
        f"So far {count(luck.trials.raw, 'configuration was', 'configurations were')} tried on these events, "
        f"equivalent to {count(round(luck.trials.effective), 'independent trial')}"
    )
    if luck.verdict is None:
        return f"{tried}."
    cost = sentence_case(luck.verdict.spending)
    if luck.verdict.evidence:
        return f"{cost}. {tried}. The leaderboard is in sample: no single row of it is evidence."
    found = could_have_been_found(luck.findings, luck.verdict.levels.main, luck.trials.effective)
    lead = f"{found} " if found else ""
    return (
        f"{lead}{sentence_case(size(luck.findings.out_of_sample))}. {tried}. {cost}. "
        "No single row of the leaderboard is evidence."
    )


def evidence_lines(luck: Luck, seed: int) -> list[Line]:
    """The table of evidence: the tests behind the verdict first, then figures that the verdict does not use."""
    overfitting = _cross_validation(luck) if luck.verdict is not None else []
    return [*money_lines(luck), *_sharpe(luck), *overfitting, *_prices(luck, seed)]


def _sharpe(luck: Luck) -> list[Line]:
    evidence, selected, trials = luck.findings.evidence, luck.findings.evidence.selected, luck.trials
    if selected is None or math.isnan(selected.sharpe):
        return []
    moments = Moments(selected.n_days, selected.sharpe, selected.skew, selected.kurtosis)
    null = 1.0 / max(selected.n_days - 1, 1)
    raw, effective = (deflated_sharpe(moments, n, null) for n in (trials.raw, trials.effective))
    across = deflated_sharpe(moments, trials.effective, evidence.sharpe_variance)
    needed, years = min_track_record(moments), min_backtest_years(trials.effective)
    annual = selected.sharpe * math.sqrt(_YEAR_DAYS)
    record = f"{number(needed)} days" if math.isfinite(needed) else "no length is long enough"
    bets_a_day = luck.selected_bets / max(selected.n_days, 1)
    in_bets = f" (about {number(needed * bets_a_day)} bets)" if math.isfinite(needed) and bets_a_day else ""
    return [
        Line(
            "Sharpe ratio",
            f"{number(annual, 2)} per year; above zero: {percent(probabilistic_sharpe(moments))}",
            "Sharpe ratio of daily returns over all calendar days, per year; and the probability that the true ratio "
            "is above zero, without any correction for the search.",
        ),
        Line(
            "Deflated Sharpe",
            f"{percent(raw)} at raw N, {percent(effective)} at effective N; across: {percent(across)}",
            "Probability that the ratio beats the best of N configurations without skill. Raw N is the conservative "
            "choice. 'Across' uses the variance between the configurations instead of the variance under the null; it "
            "is too harsh on a true plateau.",
        ),
        Line(
            "Track record",
            f"{record}{in_bets}{' needed' if math.isfinite(needed) else ''}; {number(selected.n_days)} days available",
            "Shortest track record at which this ratio would be above zero at 95%.",
        ),
        Line(
            "Backtest length",
            f"{number(years, 1)} years needed; {number(evidence.days / _YEAR_DAYS, 1)} available",
            "In a shorter backtest the best of this many configurations without skill is expected to show a Sharpe "
            "ratio of 1 per year.",
        ),
    ]


def _cross_validation(luck: Luck) -> list[Line]:
    overfitting = luck.findings.evidence.overfitting
    if overfitting is None:
        return [Line("Overfitting", NOTHING, "Too few days or configurations to cross-validate the selection.")]
    probability, low, high = overfitting.probability, overfitting.null_low, overfitting.null_high
    place = "inside" if low <= probability <= high else "below" if probability < low else "above"
    splits, configurations = overfitting.splits, overfitting.configurations
    return [
        Line(
            "Overfitting (PBO)",
            f"{percent(probability)}; no-skill range {span(low, high)}",
            "How often the best configuration of one half of the days ranks below the median in the other half, over "
            f"{count(splits, 'split')} of {count(configurations, 'configuration')}; {place} the range of sweeps "
            "without any skill.",
        ),
        Line(
            "Degradation",
            f"slope {number(overfitting.slope, 2)}; loss {percent(overfitting.loss)}",
            "Slope of the out-of-sample metric on the in-sample metric; and how often the configuration selected in "
            "sample loses money out of sample.",
        ),
    ]


def _prices(luck: Luck, seed: int) -> list[Line]:
    bets, daily = luck.path_bets, luck.path_daily
    if bets is None or daily is None or not bets.height:
        return []
    clv = mean_interval(bets, "clv", seed)
    clv_text = NOTHING if math.isnan(clv.estimate) else percent(clv.estimate, 2)
    if clv.known:
        clv_text += f" ({LEVEL} interval {span(clv.low, clv.high, 2)})"
    roi = roi_interval(bets, float(daily["equity_start_minor"][0]), seed)
    roi_text, proved = percent(roi.estimate), luck.verdict is not None and luck.verdict.evidence
    if roi.known and (roi.low > 0.0 or not proved):  # evidence never stands beside an interval that begins below zero
        roi_text += f" ({LEVEL} interval {span(roi.low, roi.high)})"
    lines = [
        Line(f"ROI {luck.sample}", roi_text, "P&L of these bets over the opening bankroll; events resampled."),
        Line(
            f"CLV {luck.sample}",
            clv_text,
            "Mean closing line value of these bets: the yield to expect if the closing odds, without margin, are fair.",
        ),
    ]
    try:
        fair = fair_odds_test(bets, generator(seed, "fair"), paid_at="fair")
        placed = fair_odds_test(bets, generator(seed, "fair"))
    except DataError as error:
        return [*lines, Line("Fair closing odds", NOTHING, f"Not available: {error.line()}.")]
    if fair.n_bets:
        each = "each of " if fair.n_bets > 1 else "the "
        exact = "simulated" if math.isnan(fair.p_exact) else "exact"
        lines.append(
            Line(
                "Fair closing odds",
                f"p {p_text(fair.p_value)} at fair odds; p {p_text(placed.p_value)} at the odds taken ({exact})",
                f"Chance of a yield this high if {each}{count(fair.n_bets, 'bet')} {luck.sample} won with its fair "
                "closing probability. At fair odds: luck alone. At the odds taken: a small p means more profit than "
                "the closing line explains.",
            )
        )
    return lines
