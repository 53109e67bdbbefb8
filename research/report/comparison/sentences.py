"""The sentences of a comparison: who is ahead, how to read it, what each run says of itself, what to mind."""

from __future__ import annotations

from collections.abc import Sequence

from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS
from research.report.comparison.pairs import Pair
from research.report.comparison.sides import Comparison, Side
from research.report.data import ReportData
from research.report.sentences import net_interval, warnings
from research.report.text import count, listing, number, percent, span
from research.report.verdict import headline, size


def statement(of: Comparison, pairs: Sequence[Pair]) -> str:
    """The one sentence of the page: who earns more of each stake on the common events, if anyone does."""
    where = " out of sample" if of.outside else ""
    if len(pairs) == 1:
        return _of_two(pairs[0], where)
    apart = [(pair, pair.apart(len(pairs))) for pair in pairs]
    clear = [f"{p.first} over {p.second}" if sign > 0 else f"{p.second} over {p.first}" for p, sign in apart if sign]
    if not clear:
        return f"No two of these {number(len(of.sides))} can be told apart by their yield{where}."
    return (
        f"{number(len(clear))} of {count(len(pairs), 'pair')} can be told apart by the yield{where}: {listing(clear)}."
    )


def _of_two(pair: Pair, where: str) -> str:
    found, one = pair.found["yield"], pair.found["yield"].difference
    if not found.common:
        return f"{pair.first} and {pair.second} have no event in common: nothing can be compared{where}."
    events = f"the {count(found.common, 'event')} that both bet on{where}"
    if not one.known:
        return f"{pair.first} and {pair.second} share too little to tell them apart: {events.removeprefix('the ')}."
    interval = f"90\u202f% interval of the difference {span(one.low, one.high, 2)}"
    sign = pair.apart(1)
    if not sign:
        return f"{pair.first} and {pair.second} cannot be told apart by their yield on {events}: {interval}."
    ahead, behind = (pair.first, pair.second) if sign > 0 else (pair.second, pair.first)
    more = number(abs(one.estimate) * 100, 2)
    return f"{ahead} earns {more}\u202f% of its stakes more than {behind} on {events}: {interval}."


def reading(of: Comparison, pairs: Sequence[Pair]) -> str:
    """What the statement rests on and what it does not say."""
    text = (
        "Compared are the out-of-sample paths, after commission."
        if of.outside
        else "Compared are configurations that were chosen on these very bets, before commission."
    )
    if len(pairs) > 1:
        text += f" Told apart means: at 90\u202f%, corrected for all {number(len(pairs))} pairs (Bonferroni)."
    return text + " To be ahead is no evidence of an edge: what each run shows by itself stands below."


def how() -> str:
    """How the intervals of differences are made."""
    return (
        "Each two over the events that both bet on. An event is drawn with the bets of both on it, so that what they "
        f"share cancels. An interval needs {FEWEST_BETS} common events on {FEWEST_DAYS} days, and bets that differ."
    )


def of_itself(side: Side, seed: int) -> tuple[str, str]:
    """What a run shows by itself: its verdict, and the lines of its out-of-sample path and its configuration."""
    measured = f"{side.chosen.label} in sample: {_measured(side, seed)}."
    if side.verdict is None:
        return "One backtest: no search is corrected for, and nothing was tested out of sample.", measured
    sized = size(side.outside)
    rest = "" if side.verdict.evidence else f"{sized[0].upper()}{sized[1:]}. "
    return headline(side.verdict, side.outside), rest + measured


def _measured(side: Side, seed: int) -> str:
    metrics = side.chosen.metrics
    if not metrics.get("n_bets"):
        return "no bet was placed"
    text = f"yield {percent(metrics['yield'], 2)}"
    found = net_interval(side.chosen, seed)
    if found is not None and found.known:
        text += f" (90\u202f% of resampled events: {span(found.low, found.high)})"
    text += f" over {count(int(metrics['n_bets']), 'bet')}"
    return f"{text}, largest drawdown {percent(metrics['max_drawdown_frac'])}"


def to_mind(of: Comparison) -> list[tuple[str, str]]:
    """What a reader must know before believing a number: a word and a sentence each, with the letters it is true of."""
    said: dict[tuple[str, str], list[str]] = {}
    for side in of.sides:
        results = side.chosen.bets.select().clear()
        own = warnings(ReportData(side.run, results, (), "yield", (side.chosen,), side.manifest))
        if side.lack:
            own.append(("No path", f"The bets of the configuration are not there: {side.lack}."))
        for warning in own:
            said.setdefault(warning, []).append(side.letter)
    return [(f"{word} ({', '.join(letters)})", text) for (word, text), letters in said.items()]
