"""The verdict of price: do the bets beat the closing line? A pure function of numbers, apart from the verdict of money.

The bets beat the closing line if and only if (1) the p-value of the best configuration against all of its sweep, and
(2) its p-value adjusted for all trials in the ledger, are at most the level of the sweep;
(3) the 90 % interval of its mean closing line value, which holds for the best of that many trials, begins above the
error that the close may have: the upper end of the 90 % interval of tau;
and (4) its yield is not significantly below its closing line value (one-sided 5 %), given that error. The tests are
those of `research.inference.closing_line`.

(1) and (2) take the error of the close as drawn anew, with tau as measured. But the close of a store has one bias that
does not change, and its calibration has an error of its own: where tau happens to be measured too small, (1) and (2)
hold too easily. (3) holds for such a store too: its own chance of error is that the bias lies beyond its interval.

There is no verdict where nothing can be said: without enough closing prices, where no calibrated close is there to
measure with, where the decisions know closing prices, and where the price taken is an aggregate such as the highest of
the market, which nobody offered.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from engine.files import read_json
from research.inference.closing_error import adjusted_p_value, simultaneous_factor
from research.verdict.numerals import (
    count,
    number,
    ordinal,
    percent,
    percent_of_level,
    sentence_case,
    shares_of_sweeps,
)

PRICE: Final = "price.json"
#: one-sided level at which a yield is called too far below the closing line value, and its normal quantile
GAP_LEVEL: Final = 0.05
_GAP_QUANTILE: Final = -1.6448536269514722
#: level of the intervals
INTERVAL_LEVEL: Final = 0.90
#: fewest bets with a closing price, fewest days with one, and the least share of the bets that must have one
FEWEST_CLOSED: Final = 100
FEWEST_DAYS: Final = 30
LEAST_CLOSED_FRAC: Final = 0.90

Status = Literal["beats", "not proved", "silent", "not measured"]


@dataclass(frozen=True)
class PriceLeader:
    """The configuration that beats the closing line by most, measured at level stakes.

    Attributes
    ----------
    config : int
        Its number.
    bets : int
        Its bets with a closing price.
    days : int
        Days with such a bet.
    closed_frac : float
        Share of its settled bets that has one.
    yield_frac, clv_frac : float
        Yield and mean closing line value.
    clv_error, gap_error : float
        Sampling standard errors of the mean closing line value, and of the yield less it.
    weight, theta, luck, bias : float
        As in `research.inference.closing_line.ClosingLine`.
    tau, tau_low, tau_high : float
        Error of the close at the odds of these bets, and its 90 % interval.
    """

    config: int
    bets: int
    days: int
    closed_frac: float
    yield_frac: float
    clv_frac: float
    clv_error: float
    gap_error: float
    weight: float
    theta: float
    luck: float
    bias: float
    tau: float
    tau_low: float
    tau_high: float

    @property
    def statistic(self) -> float:
        """theta over its standard error."""
        return self.theta / math.hypot(self.luck, self.bias)

    @property
    def gap_statistic(self) -> float:
        """Yield less closing line value over its standard error; the close may be wrong by the upper end of tau."""
        error = math.hypot(self.gap_error, self.tau_high)
        return (self.yield_frac - self.clv_frac) / error if error > 0.0 else 0.0


@dataclass(frozen=True)
class PriceFindings:
    """Numbers behind the verdict of price, except those of the trial ledger.

    Attributes
    ----------
    silent : str
        Why there is no verdict, without a full stop; empty if there is one.
    bookmaker, method : str
        Whose closing prices, and how their margin is removed.
    tested : int
        Configurations that could be tested.
    few, aggregate, uncalibrated, untestable : int
        Configurations that bet and could not: with too few bets that have a closing price; at prices that nobody
        offered; at odds where the close is not calibrated; with results that are constant or not a number.
    p_all : float
        p-value of the best against all configurations that could be tested; NaN without a verdict.
    leader : PriceLeader or None
        None without a verdict.
    rulers : float
        Effective number of independent errors of the close among the configurations that could be tested: 1 if all bet
        at the same odds.
    """

    silent: str
    bookmaker: str
    method: str
    tested: int = 0
    few: int = 0
    aggregate: int = 0
    uncalibrated: int = 0
    p_all: float = math.nan
    leader: PriceLeader | None = None
    rulers: float = 1.0
    untestable: int = 0

    @property
    def betting(self) -> int:
        """Configurations that bet, whether they could be tested or not."""
        return self.tested + self.few + self.aggregate + self.uncalibrated + self.untestable

    def plain(self) -> dict[str, Any]:
        """As a JSON document; NaN is written as null."""
        return asdict(self)

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> PriceFindings:
        """From a JSON document; raises KeyError or TypeError if it is none of these."""
        leader = document["leader"]
        return cls(
            **document
            | {
                "p_all": math.nan if document["p_all"] is None else float(document["p_all"]),
                "leader": None if leader is None else PriceLeader(**leader),
            }
        )


@dataclass(frozen=True)
class PriceVerdict:
    """Whether the bets beat the closing line.

    Attributes
    ----------
    status : str
        ``beats``, ``not proved``, ``silent`` (nothing can be said) or ``not measured`` (a run of an earlier version).
    sentence : str
        What is shown, from "Price:" to the full stop.
    look : int
        Which sweep of its family this is, from 1.
    alpha : float
        The level it was tested at.
    trials : float
        Effective number of trials in the ledger.
    p_adjusted : float
        p-value of the leader, adjusted for those trials; NaN without a leader.
    clv_low, clv_high : float
        90 % interval of the mean closing line value; it holds for the best of the trials. It does not include the
        error of the close. NaN without a leader.
    theta_low, theta_high : float
        The same for theta, with the error of the close.
    findings : PriceFindings or None
        None: not measured.
    read : int
        Which backtest of its family this is, from 1; 1 for a sweep.
    """

    status: Status
    sentence: str
    look: int
    alpha: float
    trials: float
    p_adjusted: float = math.nan
    clv_low: float = math.nan
    clv_high: float = math.nan
    theta_low: float = math.nan
    theta_high: float = math.nan
    findings: PriceFindings | None = None
    read: int = 1

    @property
    def beats(self) -> bool:
        """Whether the bets beat the closing line."""
        return self.status == "beats"

    def plain(self) -> dict[str, Any]:
        """As a JSON document; NaN is written as null."""
        return asdict(self)


def judge_price(findings: PriceFindings | None, trials: float, look: int, alpha: float, read: int = 1) -> PriceVerdict:
    """Reach the verdict of price.

    Parameters
    ----------
    findings : PriceFindings or None
        None: a run of an earlier version, which did not measure it.
    trials : float
        Effective number of trials in the ledger; less than 1 counts as 1.
    look : int
        Which sweep of its family this is, from 1.
    alpha : float
        Its level (`research.verdict.levels`).
    read : int
        Which backtest of its family this is, from 1; 1 for a sweep. Backtests that are read one after another spend no
        level, so the trials count once for each of them, and at most as often as there are trials: the k-th of
        independent backtests is adjusted for k * k trials. That spends the luck and leaves the error of the close,
        which is one and the same for all.
    """
    trials = max(trials, 1.0)
    searched = trials * min(max(float(read), 1.0), trials)
    if findings is None:
        sentence = "Price: not measured. The run was made by an earlier version; force=true makes it anew."
        return PriceVerdict("not measured", sentence, look, alpha, trials, read=read)
    leader = findings.leader
    if findings.silent or leader is None:
        return PriceVerdict(
            "silent",
            f"Price: no verdict. {sentence_case(findings.silent)}.",
            look,
            alpha,
            trials,
            findings=findings,
            read=read,
        )
    adjusted = adjusted_p_value(leader.theta, leader.luck, leader.bias, searched, findings.rulers)
    factor = simultaneous_factor(searched, INTERVAL_LEVEL)
    clv = leader.clv_frac - factor * leader.clv_error, leader.clv_frac + factor * leader.clv_error
    reach = math.hypot(factor * leader.luck, simultaneous_factor(1.0, INTERVAL_LEVEL) * leader.bias)
    worst = max(findings.p_all, adjusted)
    below = leader.gap_statistic < _GAP_QUANTILE
    beats = worst <= alpha and clv[0] > leader.tau_high and not below
    return PriceVerdict(
        "beats" if beats else "not proved",
        _sentence(findings, leader, clv, worst, (look, alpha)),
        look,
        alpha,
        trials,
        adjusted,
        *clv,
        leader.theta - reach,
        leader.theta + reach,
        findings,
        read,
    )


def closing_line_of(bookmaker: str) -> str:
    """The closing line of a bookmaker, as a reader sees it.

    >>> closing_line_of("pinnacle")
    "Pinnacle's closing line"
    """
    return f"{bookmaker.replace('_', ' ').title()}'s closing line"


def _sentence(
    findings: PriceFindings, leader: PriceLeader, clv: tuple[float, float], p_value: float, spent: tuple[int, float]
) -> str:
    line, (look, alpha) = closing_line_of(findings.bookmaker), spent
    bets = f"bets of #{leader.config}" if findings.betting > 1 else "bets"
    size = f"{percent(leader.clv_frac)} ({number(100 * clv[0], 1)} to {number(100 * clv[1], 1)})"
    if leader.clv_frac <= 0.0:
        ends = f"{number(-100 * clv[1], 1)} to {number(-100 * clv[0], 1)}"
        return f"Price: not proved. The {bets} are {percent(-leader.clv_frac)} ({ends}) below {line}."
    if leader.gap_statistic < _GAP_QUANTILE:
        below = f"their yield of {percent(leader.yield_frac)} is too far below that for luck or a biased close"
        return f"Price: not proved. The {bets} are {size} above {line}, but {below}."
    if p_value <= alpha and clv[0] > leader.tau_high:
        return f"Price: the {bets} beat {line} by {size}, more than luck and a biased close explain."
    found = f"Price: not proved. The {bets} are {size} above {line}"
    if p_value <= alpha and clv[0] > 0.0:
        return f"{found}; at these odds that close may be off by {percent(leader.tau_high)}, which could be all of it."
    if p_value <= alpha:
        return f"{found}; most of what they show is their yield, and that is no matter of price."
    found += f"; luck and a biased close do as well in {shares_of_sweeps(p_value)} cases"
    if p_value <= GAP_LEVEL and look > 1:
        found += f", and the {ordinal(look)} sweep on these matches is tested at {percent_of_level(alpha)}"
    return f"{found}."


def too_few(best_bets: int, best_days: int) -> str:
    """Why no configuration is tested where all have too few bets with a closing price."""
    has = f"the best has {count(best_bets, 'bet')} on {count(best_days, 'day')}" if best_bets else "there is none"
    return (
        f"it takes {FEWEST_CLOSED} bets with a closing price, on {FEWEST_DAYS} days, and a closing price for "
        f"{percent(LEAST_CLOSED_FRAC, 0)} of the bets; {has}"
    )


def read_price(folder: Path) -> PriceFindings | None:
    """Read the numbers of a run; None if it has none: it was made by an earlier version.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    todo = "repeat its command with force=true"
    return read_json(folder / PRICE, PriceFindings.from_plain, "the verdict of price cannot be read", todo)
