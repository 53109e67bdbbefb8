"""The time that a promotion was traded on paper, and the gates that it opens to money.

Only runners on a live feed count, a replay never does. A runner lives from its first entry to its last one: it holds
the lease all the while. A gap is the time between two of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from engine.clock import DAY_NS, HOUR_NS
from engine.live.ledger.entries import Kind, Recorded
from engine.promotion import Promotion
from research.promotion.gates import Gate
from research.promotion.settings import GateSettings
from research.verdict.numerals import count, number


@dataclass(frozen=True)
class PaperTime:
    """Paper trading on a live feed.

    Attributes
    ----------
    days : float
        From the first entry of a runner on a live feed to the last, by the machine's clock.
    bets : int
        Bets that the venue took in that time.
    gap_h : float
        Longest time without such a runner, hours.
    """

    days: float
    bets: int
    gap_h: float


def paper_time(entries: Iterable[Recorded]) -> PaperTime:
    """The time that a ledger shows.

    Parameters
    ----------
    entries : iterable of Recorded
        All of the ledger, in their order.
    """
    live, spans, bets = set[int](), dict[int, tuple[int, int]](), set[str]()
    for one in entries:
        if one.entry.kind is Kind.STARTED and one.entry.body.get("is_live") is True:
            live.add(one.epoch)
        if one.epoch not in live:
            continue
        first, _ = spans.get(one.epoch, (one.wall_ns, 0))
        spans[one.epoch] = first, one.wall_ns
        if one.entry.kind in (Kind.PLACED, Kind.PARTIAL):
            bets.add(one.entry.intent)
    if not spans:
        return PaperTime(0.0, 0, 0.0)
    lives = sorted(spans.values())
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(lives)]
    days = (max(last for _, last in lives) - lives[0][0]) / DAY_NS
    return PaperTime(days, len(bets), max(gaps, default=0) / HOUR_NS)


def paper_gates(
    settings: GateSettings, promotion: Promotion | None, wanted: object, time: PaperTime | None, unexplained: int | None
) -> tuple[Gate, ...]:
    """The gates between paper and money.

    Parameters
    ----------
    settings : GateSettings
    promotion : Promotion or None
        That was traded on paper; None: none is named.
    wanted : object
        Settings of the configuration that is to be promoted: those traded on paper must be the same.
    time : PaperTime or None
        None: not known.
    unexplained : int or None
        Differences that `bea drift` finds without a cause; None: not measured.
    """
    days_min, bets_min, gap_max_h = settings.paper_days_min or 0, settings.paper_bets_min or 0, settings.paper_gap_max_h
    gap_max_h = 0.0 if gap_max_h is None else gap_max_h
    expected = (
        f"at least {number(days_min)} days on a live feed",
        f"at least {number(bets_min)} bets on a live feed",
        f"at most {gap_max_h:g} hours without a runner",
        "no difference without a cause",
    )
    names = ("paper_days", "paper_bets", "paper_gap", "paper_drift")
    why = ""
    if promotion is None or time is None:
        why = "not measured: name the promotion that was traded on paper with --paper"
    elif promotion.mode != "paper" or promotion.settings != wanted:
        why = f"not measured: promotion {promotion.name} is of another configuration"
    if why or time is None:
        return tuple(Gate(name, words, why, False) for name, words in zip(names, expected, strict=True))
    found = "not measured" if unexplained is None else count(unexplained, "difference")
    seen = time.days > 0.0
    gap = f"{time.gap_h:.2f} hours" if seen else "no runner"
    return (
        Gate(names[0], expected[0], f"{time.days:.2f} days", time.days >= days_min),
        Gate(names[1], expected[1], count(time.bets, "bet"), time.bets >= bets_min),
        Gate(names[2], expected[2], gap, seen and time.gap_h <= gap_max_h),
        Gate(names[3], expected[3], found, unexplained == 0),
    )
