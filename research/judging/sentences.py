"""A judgement in words: the headline, the cells of its tables, the self-test."""

from __future__ import annotations

import math
from typing import Final

from research.judging.blocks import FEWEST, Interval
from research.judging.earnings import Earning
from research.judging.judgement import Judgement
from research.judging.sample import days_of
from research.judging.settings import CLOSE
from research.judging.table import TOO_FEW, Row
from research.report.text import NOTHING, listing, number

__all__ = [
    "EARNING_HEADS",
    "HEADS",
    "cells",
    "earning_cells",
    "headline",
    "money_words",
    "reading",
    "self_test_lines",
    "spread",
]

HEADS: Final = ("model", "verdict", "n", "log loss", "RPS", "Brier", "ECE", "to the close", "to pre-match", "weight")


def headline(judgement: Judgement) -> str:
    """How many events, of what, and how many models add to the market."""
    judged = judgement.sample.judged
    adding = [row.model for row in judgement.rows if row.adds]
    tested = len(judgement.rows) - 1
    span = " to ".join(days_of(judged))
    if not tested:
        return f"{number(judged.height)} events, {span}: nothing but the closing price was judged."
    if all(row.verdict == TOO_FEW for row in judgement.rows if row.model != CLOSE):
        return f"{number(judged.height)} events, {span}: in fewer than {FEWEST} weeks, too few to tell."
    none = f"none of {number(tested)} forecasts adds" if tested > 1 else "the forecast adds nothing"
    said = f"{listing(adding)} add{'s' * (len(adding) == 1)}" if adding else none
    return f"{number(judged.height)} events, {span}: {said} to the closing market."


def cells(row: Row) -> tuple[str, ...]:
    """The cells of a model, in the order of `HEADS`; a market has no difference to itself."""
    scores = (f"{value:.4f}" for value in (row.log_loss, row.rps, row.brier, row.ece))
    against = (row.vs_close, row.vs_open)
    differences = (NOTHING if found.value == found.low == found.high else spread(found, 4) for found in against)
    return row.model, row.verdict, number(row.n), *scores, *differences, spread(row.pool.weight, 2)


EARNING_HEADS: Final = ("forecast", "bets", "yield, %", "closing line value, %")


def earning_cells(one: Earning) -> tuple[str, ...]:
    """The cells of the bets on a forecast, in the order of `EARNING_HEADS`."""
    return one.model, number(one.bets), *(spread(_percent(found), 2) for found in (one.returned, one.clv))


def _percent(found: Interval) -> Interval:
    return Interval(100.0 * found.value, 100.0 * found.low, 100.0 * found.high)


def money_words(judgement: Judgement) -> str:
    """The verdict of money over all forecasts."""
    money = judgement.money
    if money.evidence:
        return "Evidence of an edge."
    return f"No evidence of an edge: {'; '.join(one.brief for one in money.failed)}."


def reading(judgement: Judgement) -> str:
    """How the page is to be read."""
    fits = {fit.until_ns for fit in judgement.fits}
    fitted = f"Models were fitted {number(len(fits))} times, on what was settled before. " if fits else ""
    return (
        f"{fitted}A forecast adds to the market if its weight beside the closing price is above zero, in 5% of cases "
        "wrongly for all forecasts together. A price that knows all that a model knows gives it a weight of zero."
    )


def self_test_lines(judgement: Judgement) -> list[str]:
    """One line for each check of the harness."""
    said = {True: "passed", False: "FAILED", None: "too few events"}
    return [f"{said[check.passed]}: {check.name} ({check.words})" for check in judgement.checks]


def spread(values: Interval, digits: int) -> str:
    """An estimate with its interval if that is known, signs shown."""
    if not math.isfinite(values.value):
        return NOTHING
    if not values.known:
        return f"{values.value:+.{digits}f}"
    return f"{values.value:+.{digits}f} ({values.low:+.{digits}f} to {values.high:+.{digits}f})"
