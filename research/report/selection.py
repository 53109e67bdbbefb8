"""Sentences about what was selected: which configuration, when it bet and stopped, and what went bankrupt."""

from __future__ import annotations

from collections.abc import Sequence

from research.report.activity import betting, folds, stopped
from research.report.data import Bankrupt, Luck
from research.report.text import count, money, number, percent
from research.verdict.ruin import LEFT


def selected_lines(luck: Luck) -> list[str]:
    """The selected configuration with its settings and its span, and the bets of the out-of-sample path by fold."""
    lines, chosen = [], luck.chosen
    if luck.verdict is None:
        return []
    if chosen is not None:
        named = f" ({chosen.settings})" if chosen.settings else ""
        span = f": {betting(chosen.when)}" if chosen.when is not None else ""
        lines.append(f"Selected: #{chosen.config}{named}{span}.")
    if luck.path is not None:
        lines.append(f"Out of sample: {betting(luck.path)}. {folds(luck.findings.windows)}.")
    return lines


def stopped_lines(luck: Luck) -> list[str]:
    """That the betting of the selected configuration, or of the out-of-sample path, stopped long ago, and why."""
    lines, chosen = [], luck.chosen
    if chosen is not None and chosen.when is not None:
        who = f"#{chosen.config}" if luck.verdict is not None else "The configuration"
        lines.append(stopped(chosen.when, who))
    if luck.path is not None:
        lines.append(stopped(luck.path, "The out-of-sample path"))
    return [line for line in lines if line]


def bankrupt_lines(luck: Luck | None, first: Sequence[Bankrupt], amount: int) -> list[str]:
    """Which configurations went bankrupt, when and why; whether the out-of-sample path did.

    Parameters
    ----------
    luck : Luck or None
    first : sequence of Bankrupt
        Those that are named.
    amount : int
        Number of all.
    """
    lines = []
    if luck is not None and luck.path is not None and luck.path.bankrupt is not None:
        lines.append(f"The out-of-sample path went bankrupt on {luck.path.bankrupt}.")
    if not first:
        return lines
    left = f"{percent(LEFT, 0)} or less of the bankroll was left"
    if luck is not None and luck.verdict is None:
        only = first[0]
        return [f"The configuration went bankrupt on {only.date} ({left}): {_lost(only)}."]
    more = f"; and {number(amount - len(first))} more" if amount > len(first) else ""
    named = "; ".join(
        f"#{one.config} on {one.date}, {_lost(one)}" + (f" ({one.settings})" if one.settings else "") for one in first
    )
    return [*lines, f"{count(amount, 'configuration')} went bankrupt ({left}): {named}{more}."]


def _lost(one: Bankrupt) -> str:
    """Why it went bankrupt: what its bets lost."""
    return f"{count(one.bets, 'bet')} with a yield of {percent(one.yield_frac)} lost {money(one.lost_minor)}"
