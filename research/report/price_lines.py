"""Lines of the table of evidence about price, and the calibration of the closing line that it is measured with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.asof.calibration import BANDS
from research.inference.closing_calibration import CalibratedCell, ClosingCalibration
from research.report.line import Line
from research.report.text import LEVEL, NOTHING, count, number, percent, span
from research.verdict.judge import p_text
from research.verdict.numerals import ordinal, percent_of_level
from research.verdict.price import PriceFindings, PriceLeader, PriceVerdict, closing_line_of


def price_lines(verdict: PriceVerdict | None) -> list[Line]:
    """The numbers behind the verdict of price; empty where nothing was measured."""
    if verdict is None or verdict.findings is None:
        return []
    findings, leader = verdict.findings, verdict.findings.leader
    left = findings.few + findings.aggregate + findings.uncalibrated + findings.untestable
    lines = [_tested(findings)] if findings.tested or left else []
    return lines if leader is None else [*_measured(verdict, findings, leader), *lines]


def _measured(verdict: PriceVerdict, findings: PriceFindings, leader: PriceLeader) -> list[Line]:
    line, method = closing_line_of(findings.bookmaker), findings.method.replace("_", " ")
    return [
        Line(
            "Closing line value",
            f"#{leader.config}: {percent(leader.clv_frac, 2)} ({LEVEL} interval "
            f"{span(verdict.clv_low, verdict.clv_high, 2)})",
            f"Mean over {count(leader.bets, 'bet')} at level stakes against {line}, its margin removed by the {method} "
            f"method; {percent(leader.closed_frac, 0)} of the bets have a closing price. The interval holds for the "
            "best of all trials.",
        ),
        Line(
            "Error of the close",
            f"{percent(leader.tau, 2)} ({LEVEL} interval {span(leader.tau_low, leader.tau_high, 2)})",
            "How far the closing line may be wrong at the odds of these bets (tau), measured on the matches of the "
            "store. It is the same for all bets, so more bets do not make it smaller.",
        ),
        Line(
            "Price and profit",
            f"{percent(leader.theta, 2)} ({LEVEL} interval {span(verdict.theta_low, verdict.theta_high, 2)})",
            f"The closing line value, moved towards the yield of {percent(leader.yield_frac, 2)} by a weight of "
            f"{number(leader.weight, 2)}: the less the close is known, the more the yield counts. The interval "
            "includes the error of the close.",
        ),
        Line(
            "Test of price",
            f"p {p_text(findings.p_all)} over all; {p_text(verdict.p_adjusted)} adjusted; tested at "
            f"{percent_of_level(verdict.alpha)}",
            "How often luck and a biased close give the best configuration as high a value; and the same for the "
            f"leader alone, adjusted for the effective trials.{_read(verdict)}",
        ),
    ]


def _read(verdict: PriceVerdict) -> str:
    if verdict.read == 1:
        return ""
    return (
        f" This is the {ordinal(verdict.read)} backtest on these matches: backtests that are read one after another "
        "are many chances, so the trials count as often, and the interval is wider."
    )


def _tested(findings: PriceFindings) -> Line:
    parts = [
        (findings.few, "with too few bets that have a closing price"),
        (findings.aggregate, "at prices that no single bookmaker offered"),
        (findings.uncalibrated, "at odds where the close is not calibrated"),
        (findings.untestable, "with results that are constant or not a number"),
    ]
    told = "; ".join(f"{number(amount)} {words}" for amount, words in parts if amount)
    return Line(
        "Tested for price",
        f"{count(findings.tested, 'configuration')}",
        f"Those with enough bets that have a closing price. Left out: {told or 'none'}.",
    )


@dataclass(frozen=True)
class ClosingTable:
    """The calibration of one bookmaker's closing prices as a table.

    Attributes
    ----------
    lead : str
        What was measured, and on what.
    heads : tuple of str
    rows : tuple of tuple of str
        By sport, market and band of odds.
    """

    lead: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


HEADS = ("market", "fair closing odds", "matches", "return at these odds, %", "90% interval, %")


def closing_tables(closing: Sequence[ClosingCalibration] | None) -> list[ClosingTable]:
    """One table for each bookmaker, method and set of matches; empty where nothing was measured."""
    groups: dict[ClosingCalibration, list[CalibratedCell]] = {}
    for one in closing or ():
        known = groups.setdefault(replace(one, cells=()), [])
        known += [cell for cell in one.bands if cell not in known]
    return [_table(whose, cells) for whose, cells in groups.items() if cells]


def _table(whose: ClosingCalibration, cells: Sequence[CalibratedCell]) -> ClosingTable:
    several = len({cell.sport for cell in cells}) > 1
    lead = (
        f"{closing_line_of(whose.bookmaker)}, margin removed by the {whose.method.replace('_', ' ')} method, on "
        f"{count(whose.matches, 'match', 'matches')} of the store from {whose.first_date} to {whose.last_date}. If it "
        "is fair, a bet on every selection at these odds returns zero. Below zero the close overrates such bets, and "
        "their closing line value is too large by as much."
    )
    return ClosingTable(lead, HEADS, tuple(_row(cell, several=several) for cell in cells))


def _row(cell: CalibratedCell, *, several: bool) -> tuple[str, ...]:
    market = f"{cell.sport} {cell.market}" if several else cell.market
    ends = cell.interval
    known = ends is not None and all(math.isfinite(end) for end in ends)
    interval = f"{number(100 * ends[0], 2)} to {number(100 * ends[1], 2)}" if known and ends is not None else NOTHING
    return market, _odds(cell.band), number(cell.matches), number(100 * cell.mean, 2), interval


def _odds(band: int) -> str:
    """A band of odds in words: ``below 1.5``, ``1.5 to 2.5``, ``10 and more``."""
    ends = [f"{limit:g}" for limit in BANDS]
    if band == 0:
        return f"below {ends[0]}"
    return f"{ends[band - 1]} to {ends[band]}" if band < len(ends) else f"{ends[-1]} and more"
