"""Yield by odds band, season, month, regime or a name: bars with whiskers and the number of bets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from research.report.breakdown import Group, month_is_calendar, yield_groups
from research.report.charts.axes import (
    GROUP_HEADS,
    SOLID_FROM,
    bar_css,
    centred,
    group_cells,
    group_tip,
    labelled,
    whisker,
    y_axis,
    yield_range,
)
from research.report.drawing import Canvas, Scale, fits, shorten
from research.report.figure import FULL, Figure, Numbers
from research.report.text import LEVEL, count, listing, number, percent

_QUESTIONS: Final = {
    "odds": "At which odds does the yield arise?",
    "competition": "In which competitions does the yield arise?",
    "season": "Does the yield hold from season to season?",
    "month": "Does the yield hold from month to month?",
    "regime": "Does the yield depend on the regime?",
    "market": "In which markets does the yield arise?",
    "selection": "On which selections does the yield arise?",
    "bookmaker": "At which bookmakers does the yield arise?",
}
_NOUNS: Final = {
    "odds": "odds band",
    "competition": "competition",
    "season": "season",
    "month": "month",
    "regime": "regime",
    "market": "market",
    "selection": "selection",
    "bookmaker": "bookmaker",
}
_CALENDAR: Final = "Does the yield depend on the month of the year?"


def yield_by(bets: pl.DataFrame, by: str, seed: int = 0, turns: Mapping[str, float | None] | None = None) -> Figure:
    """Yield of the bets of one configuration by group, with 90 % intervals that resample events.

    Parameters
    ----------
    bets : polars.DataFrame
        From `run.bets(config)`. Reads event_id, stake_minor, pnl_minor, odds, date, and the column of the group.
    by : str
        ``odds``, ``competition``, ``season``, ``month`` (with more than 18 months: month of the year), ``regime``,
        ``market``, ``selection`` or ``bookmaker``.
    seed : int
        Seed of the bootstrap.
    turns : mapping, optional
        How regimes change along the decisions (`research.tapes.regimes.Turns`); the small print says it.
    """
    groups = yield_groups(bets, by, seed)
    question = _QUESTIONS[by]
    if by == "month" and groups and month_is_calendar(bets):
        question = _CALENDAR
    if not groups:
        return Figure(by, question, "No bets were placed.")
    names = [_short(group.name, by) for group in groups]
    answer = _answer(groups, names, _NOUNS[by])

    def draw(width: float, css: str) -> str:
        slot = (width - 66) / len(groups)
        widest = max(max(fits(name) for name in names), max(fits(number(g.n_bets)) for g in groups)) + 6
        if slot >= widest:
            return _columns(groups, names, width).svg(answer, css)
        return _rows(groups, names, width).svg(answer, css)

    hollow = any(group.n_bets < SOLID_FROM for group in groups)
    note = f"Whiskers: {LEVEL} interval, events resampled. Numbers: bets."
    note += f" Hollow: fewer than {SOLID_FROM} bets." if hollow else ""
    note += "" if turns is None else _turned(turns)
    table = Numbers((_NOUNS[by], *GROUP_HEADS), tuple((group.name, *group_cells(group)) for group in groups))
    wide = len(groups) * 44 > 470
    return Figure(f"yield-{by}", question, answer, draw, table, full=wide, note=note)


def _turned(turns: Mapping[str, float | None]) -> str:
    """How often the regime changes, and how late that is noticed."""
    text = (
        f" {turns['changes_a_season']:.1f} changes of regime a season, along all decisions: those without a stake too."
    )
    if turns["lag_days"] is not None:
        text += f" Days until a change is noticed, measured in hindsight: {turns['lag_days']:g} (median)."
    return text


def _short(name: str, by: str) -> str:
    """``2021-2022`` as ``21/22``; months without the century."""
    if by == "season" and len(name) == 9 and name[4] == "-" and (name[:4] + name[5:]).isdigit():
        return f"{name[2:4]}/{name[7:]}"
    if by == "month" and len(name) == 7:
        return name[2:]
    return name


def _answer(groups: Sequence[Group], names: Sequence[str], noun: str) -> str:
    enough = [(g, n) for g, n in zip(groups, names, strict=True) if g.n_bets >= SOLID_FROM and g.interval.known]
    if len(groups) == 1:
        only = groups[0]
        amount = count(only.n_bets, "bet")
        return f"All {amount} fall into one {noun}, {names[0]}: yield {percent(only.interval.estimate)}."
    if not enough:
        return f"No {noun} has {SOLID_FROM} bets or more: too few to conclude anything from one of them."
    if len(enough) == 1:
        group, name = enough[0]
        result = "made" if group.interval.estimate > 0 else "lost"
        clear = group.interval.low > 0 or group.interval.high < 0
        return (
            f"The only {noun} with {SOLID_FROM} bets or more, {name}, {result} money; "
            f"its interval {'excludes' if clear else 'contains'} zero."
        )
    above = [n for g, n in enough if g.interval.low > 0]
    below = [n for g, n in enough if g.interval.high < 0]
    profitable = sum(g.interval.estimate > 0 for g, _ in enough)
    text = f"{profitable} of {count(len(enough), noun)} with {SOLID_FROM} bets or more made money"
    if above:
        text += f"; interval above zero: {listing(above)}"
    if below:
        text += f"; interval below zero: {listing(below)}"
    return text + ("." if above or below else "; every interval contains zero.")


def _columns(groups: Sequence[Group], names: Sequence[str], width: float) -> Canvas:
    height = 268.0 if width < FULL else 300.0
    low, high = yield_range(groups)
    canvas = Canvas(width, height)
    scale = Scale(low, high, height - 52, 22)
    canvas.text(0, 11, "yield, % of turnover", "muted")
    y_axis(canvas, scale, width)
    slot = (width - 66) / len(groups)
    thick = min(slot * 0.56, 40)
    for place, (group, name) in enumerate(zip(groups, names, strict=True)):
        middle = 62 + slot * (place + 0.5)
        zero, top = scale(0), scale.clip(group.interval.estimate)
        tip = group_tip(group.name, group)
        canvas.rect((middle - thick / 2, min(zero, top)), (thick, abs(zero - top)), f"bar {bar_css(group)}")
        whisker(canvas, scale, middle, group)
        if not low <= group.interval.estimate <= high:
            canvas.text(middle, top + (14 if group.interval.estimate > 0 else -6), _beyond(group), "halo", "middle")
        canvas.rect((middle - slot / 2, 18), (slot, height - 18), "hit", tip)
        canvas.text(middle, height - 24, name, "", "middle")
        canvas.text(middle, height - 6, number(group.n_bets), "muted", "middle")
    return canvas


def _rows(groups: Sequence[Group], names: Sequence[str], width: float) -> Canvas:
    labels = min(max(fits(name) for name in names), width * 0.32)
    counts = max(fits(number(group.n_bets)) for group in groups) + 4
    height = 46.0 + 26 * len(groups)
    low, high = yield_range(groups)
    canvas = Canvas(width, height)
    scale = Scale(low, high, labels + 10, width - max(counts, fits("bets")) - 12)
    canvas.text(labels + 10, 11, "yield, % of turnover", "muted")
    canvas.text(width, 11, "bets", "muted", "end")
    for tick, label in labelled(low, high, max(2, min(4, int((scale.end - scale.start) / 60)))):
        canvas.line((scale(tick), 20), (scale(tick), height - 22), "zero" if tick == 0 else "grid")
        at, edge = centred(canvas, scale(tick), label)
        canvas.text(at, height - 6, label, "muted", edge)
    for place, (group, name) in enumerate(zip(groups, names, strict=True)):
        middle = 20 + 26 * (place + 0.5)
        zero, end = scale(0), scale.clip(group.interval.estimate)
        canvas.text(labels, middle + 4.5, shorten(name, labels), "", "end")
        canvas.rect((min(zero, end), middle - 7), (abs(zero - end), 14), f"bar {bar_css(group)}")
        whisker(canvas, scale, middle, group, upright=False)
        if not low <= group.interval.estimate <= high:
            canvas.text(end, middle + 4.5, _beyond(group), "halo", "end" if group.interval.estimate > 0 else "start")
        canvas.text(width, middle + 4.5, number(group.n_bets), "muted", "end")
        canvas.rect((0, middle - 13), (width, 26), "hit", group_tip(group.name, group))
    return canvas


def _beyond(group: Group) -> str:
    """Label of a bar that ends beyond the axis: its yield."""
    return percent(group.interval.estimate, 0)
