"""The likely cause of a leak: which later rows, changed alone, change the value.

The earliest decision that a leak touched is decided again in worlds in each of which only one group of the rows that
became known after it is another: the result of the event itself, other results of its day, of its participants in its
season and elsewhere, of others in its season and elsewhere; its closing prices, its other later prices, later prices
of other events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import polars as pl

from engine.schema import CLOSE
from research.leakage.difference import differences
from research.leakage.findings import FAILED, Suspect
from research.leakage.laboratory import OFFER, Decided, Laboratory
from research.leakage.mutation import DELAYED, Mutation, changed, hidden, late
from research.leakage.rows import known_after, nanoseconds, settled_after

#: groups of results, and of prices
RESULTS: Final = ("own", "same_day", "own_season", "own_elsewhere", "season", "elsewhere")
PRICES: Final = ("own_close", "own_later", "other_prices")
#: how often a group is changed in another way where the value stays
_TURNS: Final = 2
_FUTURE: Final = "; or one smoothed with later observations"


def guilty(
    lab: Laboratory, base: Decided, events: pl.DataFrame, suspect: Suspect, step: Callable[[], None]
) -> set[str]:
    """The groups of later rows each of which changes the value alone.

    Parameters
    ----------
    step : callable
        Told that one more world was tried.
    """
    found = set()
    own = events.filter(pl.col("event_id") == suspect.row["event_id"][0]).row(0, named=True)
    for name, mutations in _experiments(own, suspect):
        for mutation in mutations:
            other, done = lab.decide(mutation)
            if done.any and isinstance(other, Decided) and _touched(base, other, suspect):
                found.add(name)
            if name in found or not done.any:
                break
        step()
    if not found:
        for name, mutation in _together(_decided_ns(suspect)):
            other, _ = lab.decide(mutation)
            found |= {name} if isinstance(other, Decided) and _touched(base, other, suspect) else set()
    return found


def late_ones(lab: Laboratory, suspect: Suspect, seed: int) -> set[str]:
    """Of a value that late corrections alone changed: ``results``, ``prices``, whose lateness was not respected."""
    found = set()
    for name in ("results", "prices"):
        pair = late(suspect.instant_ns, seed, results=name == "results", prices=name == "prices")
        delayed, without = (lab.decide(one)[0] for one in pair)
        if isinstance(delayed, Decided) and isinstance(without, Decided) and _touched(without, delayed, suspect):
            found.add(name)
    return found


def _touched(base: Decided, other: Decided, suspect: Suspect) -> bool:
    one, two = (_row(answer.offers, suspect.row) for answer in (base, other))
    return suspect.column in differences(one, two, OFFER)


def _row(offers: pl.DataFrame, row: pl.DataFrame) -> pl.DataFrame:
    return offers.join(row, on=list(OFFER), how="semi", nulls_equal=True)


def _experiments(own: dict[str, Any], suspect: Suspect) -> Iterator[tuple[str, list[Mutation]]]:
    """By group: mutations of its rows that are later than the instant. A value that looks at a result or a price
    coarsely may not move at the first."""
    instant, mine, close = _decided_ns(suspect), pl.col("event_id") == own["event_id"], pl.col("instant") == CLOSE
    for name, chosen in _results(own).items():
        results = partial(_both, settled_after, instant, chosen)
        others = [changed(results, None, (turn, "cause", instant, name)) for turn in range(_TURNS)]
        yield name, [*others, hidden(results)]
    for name, chosen in {"own_close": mine & close, "own_later": mine & ~close, "other_prices": ~mine}.items():
        prices = partial(_both, known_after, instant, chosen)
        yield name, [changed(None, prices, (turn, "cause", instant, name)) for turn in range(_TURNS)]


def _together(instant_ns: int) -> list[tuple[str, Mutation]]:
    """All later results, and all later prices."""
    results = changed(lambda rows: settled_after(rows, instant_ns), None, (0, "cause", instant_ns, "results"))
    prices = changed(None, lambda rows: known_after(rows, instant_ns), (0, "cause", instant_ns, "prices"))
    return [("results", results), ("prices", prices)]


def _decided_ns(suspect: Suspect) -> int:
    return int(suspect.row.select(nanoseconds("decided_at")).item())


def _both(
    later: Callable[[pl.DataFrame, int], pl.Series], instant_ns: int, chosen: pl.Expr, rows: pl.DataFrame
) -> pl.Series:
    """Mask of the chosen rows among those later than an instant."""
    return later(rows, instant_ns) & rows.select(mask=chosen).to_series()


def _results(own: dict[str, Any]) -> dict[str, pl.Expr]:
    """Each event but one's own is in one group alone."""
    itself, day = pl.col("event_id") == own["event_id"], pl.col("date") == own["date"]
    names = [own["home"], own["away"]]
    team = pl.col("home").is_in(names) | pl.col("away").is_in(names)
    season = pl.all_horizontal(pl.col(name) == own[name] for name in ("sport", "competition", "season"))
    rest = ~itself & ~day
    return {
        "own": itself,
        "same_day": ~itself & day,
        "own_season": rest & team & season,
        "own_elsewhere": rest & team & ~season,
        "season": rest & ~team & season,
        "elsewhere": rest & ~team & ~season,
    }


def words(groups: set[str], suspect: Suspect, closing: str = "") -> str:
    """The likely cause.

    Parameters
    ----------
    groups : set of str
        As `guilty` or `late_ones` gives them.
    suspect : Suspect
    closing : str
        What is known of the odds, where they equal a later price.
    """
    if suspect.column == FAILED:
        return "the strategy cannot decide with what was known at the instant: it takes the whole history for granted"
    if suspect.kind == DELAYED:
        what = " and ".join(sorted(groups)) or "rows"
        return f"{what} used before the instant at which they were known: by their date or kind, not by that instant"
    told = [text for text in (_of_results(groups), _of_prices(groups)) if text]
    if not told:
        told = [f"later {name} together, no group of them alone" for name in sorted(groups)]
    if suspect.column == "odds" and closing:
        told.insert(0, closing)
    if suspect.column == "regime":
        told.insert(0, "a regime smoothed with the future")
    return "; ".join(told or ["later rows together"])


def _of_results(groups: set[str]) -> str:
    found = groups & set(RESULTS)
    if not found:
        return ""
    if found == {"own"}:
        return "the result of the event itself: its final score, a score at half time, its winner"
    if found & {"elsewhere"}:
        return (
            "results of the whole history, also of other seasons and others' matches: a mean over all, "
            "or a model fitted on the future" + _FUTURE
        )
    if found & {"own_elsewhere"}:
        return "all results of its participants, later seasons too: a target encoding over the whole history"
    if found & {"own_season", "season"}:
        return "results of the rest of its season: a table, or another aggregate, of the season's end"
    return "results of the same day, not known at the decision"


def _of_prices(groups: set[str]) -> str:
    if "other_prices" in groups:
        return "later prices of other events: a mean, a scale or a model over the whole history"
    own = groups & set(PRICES)
    if own == {"own_close"}:
        return "the event's own closing prices"
    return "the event's own later prices" if own else ""
