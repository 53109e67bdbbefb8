"""The sentences of a comparison: who is ahead, how to read it, what each run shows by itself, and the caveats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS
from research.report.activity import activity, stopped
from research.report.comparison.pairs import Pair
from research.report.comparison.sides import Comparison, Side
from research.report.data import ReportData
from research.report.sentences import net_interval, warnings
from research.report.text import LEVEL, count, listing, number, percent, sentence_case, span
from research.report.verdict import size

_BACKTEST: Final = "One backtest: nothing corrects for a search, and nothing was tested out of sample."


def statement(comparison: Comparison, pairs: Sequence[Pair]) -> str:
    """The headline: which run has the higher yield on the common events, if the difference is clear."""
    where = " out of sample" if comparison.out_of_sample else ""
    if len(pairs) == 1:
        return _of_two(pairs[0], where)
    signs = [(pair, pair.sign(len(pairs))) for pair in pairs]
    clear = [f"{p.first} over {p.second}" if sign > 0 else f"{p.second} over {p.first}" for p, sign in signs if sign]
    if not clear:
        return f"No two of these {number(len(comparison.sides))} runs differ clearly in yield{where}."
    verb = "differs" if len(clear) == 1 else "differ"
    return f"{number(len(clear))} of {count(len(pairs), 'pair')} {verb} clearly in yield{where}: {listing(clear)}."


def _of_two(pair: Pair, where: str) -> str:
    ratios, difference = pair.ratios["yield"], pair.ratios["yield"].difference
    if not ratios.common:
        return f"{pair.first} and {pair.second} have no event in common: nothing can be compared{where}."
    events = f"{count(ratios.common, 'event')} that both bet on{where}"
    if not difference.known:
        return f"{pair.first} and {pair.second} share too little to be compared: {events}."
    interval = f"{LEVEL} interval of the difference {span(difference.low, difference.high, 2)}"
    sign = pair.sign(1)
    if not sign:
        return f"{pair.first} and {pair.second} do not differ clearly in yield on the {events}: {interval}."
    ahead, behind = (pair.first, pair.second) if sign > 0 else (pair.second, pair.first)
    points = f"{number(abs(difference.estimate) * 100, 2)} points"
    return f"{ahead} has a yield {points} higher than {behind} on the {events}: {interval}."


def reading(comparison: Comparison, pairs: Sequence[Pair]) -> str:
    """What the headline is based on, and what it does not mean."""
    text = (
        "The comparison uses the out-of-sample paths, after commission."
        if comparison.out_of_sample
        else "The comparison uses configurations that were selected on these same bets, before commission."
    )
    if len(pairs) > 1:
        text += (
            f" A difference is clear if its {LEVEL} interval excludes zero after Bonferroni's correction for "
            f"{number(len(pairs))} pairs."
        )
    return text + " Being ahead is no evidence of an edge: what each run shows by itself is listed below."


def how() -> str:
    """How the intervals of differences are made."""
    return (
        "Each pair is compared on the events that both runs bet on. An event is resampled with the bets of both runs, "
        f"so the luck they share cancels out. An interval needs {FEWEST_BETS} common events on {FEWEST_DAYS} days, "
        "and bets that differ."
    )


def by_itself(side: Side) -> tuple[str, str]:
    """What a run shows by itself: its verdict, and a line on its out-of-sample path and its configuration."""
    measured = f"{side.configuration.label} in sample: {_measured(side)}."
    if side.verdict is None:
        return " ".join((_BACKTEST, *side.lines)), measured
    path = "" if side.verdict.evidence else f"{sentence_case(size(side.out_of_sample))}. "
    return " ".join(side.lines), path + measured


def _measured(side: Side) -> str:
    metrics = side.configuration.metrics
    if not metrics.get("n_bets"):
        return "no bets were placed"
    text = f"yield {percent(metrics['yield'], 2)}"
    interval = net_interval(side.configuration)
    if interval is not None and interval.known:
        text += f" ({LEVEL} interval {span(interval.low, interval.high)})"
    text += f" over {count(int(metrics['n_bets']), 'bet')}"
    return f"{text}, maximum drawdown {percent(metrics['max_drawdown_frac'])}"


def caveats(comparison: Comparison) -> list[tuple[str, str]]:
    """The caveats of the runs: a name with the letters it applies to, and a sentence each."""
    letters: dict[tuple[str, str], list[str]] = {}
    for side in comparison.sides:
        results = side.configuration.bets.select().clear()
        data = ReportData(side.run, results, (), "yield", (side.configuration,), side.manifest)
        lines = warnings(data)
        if side.missing:
            lines.append(("No path", f"The bets of the configuration are not available: {side.missing}."))
        lines += _ends(side)
        for line in lines:
            letters.setdefault(line, []).append(side.letter)
    return [(f"{name} ({', '.join(sides)})", text) for (name, text), sides in letters.items()]


def _ends(side: Side) -> list[tuple[str, str]]:
    """That the betting stopped long before the data end, or that a path went bankrupt."""
    label, found = side.configuration.label, []
    paths = [(label, side.configuration.when)]
    if side.path_daily is not None:
        paths.append(("The out-of-sample path", activity(side.path_daily, side.configuration.end)))
    for who, when in paths:
        if when is not None and when.stopped:
            found.append(("Betting stopped", stopped(when, who)))
        if when is not None and when.bankrupt is not None:
            found.append(("Bankrupt", f"{who} went bankrupt on {when.bankrupt}."))
    return found
