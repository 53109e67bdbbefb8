"""Why opportunities became no bets: the funnel of reasons."""

from __future__ import annotations

import polars as pl

from research.report.drawing import Canvas, fits
from research.report.figure import Figure, Numbers
from research.report.naming import reason_name
from research.report.text import count, listing, number, percent


def funnel(reasons: pl.DataFrame) -> Figure:
    """How many opportunities ended at each check, in the order of the checks.

    Parameters
    ----------
    reasons : polars.DataFrame
        From `run.reasons(config)`: reason, count.
    """
    question = "Why were bets not placed?"
    counts = {str(reason): int(amount) for reason, amount in reasons.select("reason", "count").iter_rows()}
    total, placed = sum(counts.values()), counts.get("placed", 0)
    if not total:
        return Figure("funnel", question, "There was no opportunity to bet.")
    answer = _answer(counts, total, placed)
    shown = [(reason, amount) for reason, amount in counts.items() if amount or reason == "placed"]

    def draw(width: float, css: str) -> str:
        return _draw(shown, total, width).svg(answer, css)

    left, rows = total, []
    for reason, amount in counts.items():
        rows.append((reason_name(reason), number(amount), percent(amount / total, 2), number(left)))
        left -= amount
    table = Numbers(("reason", "opportunities", "share", "reached this check"), tuple(rows))
    return Figure("funnel", question, answer, draw, table, full=True)


def _answer(counts: dict[str, int], total: int, placed: int) -> str:
    text = f"{number(placed)} of {count(total, 'opportunity', 'opportunities')} ({percent(placed / total)}) became bets"
    refused = {reason: amount for reason, amount in counts.items() if reason != "placed" and amount}
    if refused:
        most = max(refused, key=lambda reason: refused[reason])
        text += f"; the most common reason for refusal is: {reason_name(most)} ({percent(refused[most] / total)})"
    breakers = {reason: amount for reason, amount in refused.items() if reason.startswith("breaker")}
    if breakers:
        parts = [f"{reason_name(r).removeprefix('breaker: ')} {percent(a / total)}" for r, a in breakers.items()]
        text += f". Breakers refused {percent(sum(breakers.values()) / total)}: {listing(parts)}"
    return text + "."


def _draw(shown: list[tuple[str, int]], total: int, width: float) -> Canvas:
    narrow = width < 500
    step = 46 if narrow else 30
    names = 0.0 if narrow else max(fits(reason_name(reason)) for reason, _ in shown) + 10
    numbers = fits(number(total)) + fits("100.0%") + 22
    canvas = Canvas(width, 18.0 + step * len(shown))
    canvas.text(width, 11, "opportunities, share", "muted", "end")
    track = width - names - numbers - 14
    left = total
    for place, (reason, amount) in enumerate(shown):
        top = 18 + step * place
        middle = top + (34 if narrow else step / 2)
        text_y = top + 15 if narrow else middle + 4.5
        css = "gain" if reason == "placed" else "warn" if reason.startswith("breaker") else "refused"
        start = 0.0 if reason == "placed" else (left - amount) / total
        canvas.text(0 if narrow else names - 10, text_y, reason_name(reason), "", "start" if narrow else "end")
        canvas.rect((names, middle - 7), (track, 14), "track")
        canvas.rect((names + track * start, middle - 7), (max(track * amount / total, 1.5), 14), f"bar {css}")
        canvas.text(width - fits("100.0%") - 10, middle + 4.5, number(amount), "", "end")
        canvas.text(width, middle + 4.5, percent(amount / total), "muted", "end")
        tip = f"{reason_name(reason)}: {number(amount)} of {number(total)}, {percent(amount / total, 2)}"
        canvas.rect((0, top), (width, step), "hit", tip)
        left -= amount
    return canvas
