"""The likely cause of a leak: which later rows, changed alone, change the value.

The earliest decision that a leak changed is decided again on further copies. In each of them only one group of the
rows that became known after the decision is changed. The groups of results are: the event itself, other events of the
same day, other events of its participants (in its season and in others), and all remaining events (likewise). The
groups of prices are: its closing prices, its other later prices, and later prices of other events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import polars as pl

from engine.schema import CLOSE
from research.leakage.decisions import OFFER, Decider, Decisions
from research.leakage.difference import differences
from research.leakage.findings import Suspect
from research.leakage.mutation import DELAYED, Mutation, changed, delayed_and_removed, without_results
from research.leakage.rows import known_after, nanoseconds, settled_after

#: groups of results, and of prices
RESULTS: Final = ("own", "same_day", "own_season", "own_elsewhere", "season", "elsewhere")
PRICES: Final = ("own_close", "own_later", "other_prices")
#: different changes of a group that are tried while the value stays the same
_TRIES: Final = 2
_SMOOTHED: Final = "; or one smoothed with later observations"


def guilty_groups(
    decider: Decider, base: Decisions, events: pl.DataFrame, suspect: Suspect, step: Callable[[], None]
) -> set[str]:
    """The groups of later rows that change the value when they alone are changed.

    Parameters
    ----------
    decider : Decider
    base : Decisions
        Decisions on the original history.
    events : polars.DataFrame
        Events of the store.
    suspect : Suspect
    step : callable
        Called after each group.

    Returns
    -------
    set of str
        Members of `RESULTS` and `PRICES`. If no group alone changes the value: ``results`` and ``prices``, as far as
        all later rows of them together do.
    """
    groups = set()
    event = events.filter(pl.col("event_id") == suspect.row["event_id"][0]).row(0, named=True)
    for name, mutations in _mutations_by_group(event, suspect):
        for mutation in mutations:
            other, rows = decider.decide(mutation)
            if rows.any and isinstance(other, Decisions) and _differs(base, other, suspect):
                groups.add(name)
            if name in groups or not rows.any:
                break
        step()
    if not groups:
        for name, mutation in _all_later(_decided_ns(suspect)):
            other, _ = decider.decide(mutation)
            if isinstance(other, Decisions) and _differs(base, other, suspect):
                groups.add(name)
    return groups


def late_groups(decider: Decider, suspect: Suspect, seed: int) -> set[str]:
    """Of ``results`` and ``prices``, those whose late corrections change a value that only `DELAYED` changed."""
    groups = set()
    for name in ("results", "prices"):
        mutations = delayed_and_removed(suspect.instant_ns, seed, results=name == "results", prices=name == "prices")
        delayed, removed = (decider.decide(mutation)[0] for mutation in mutations)
        if isinstance(delayed, Decisions) and isinstance(removed, Decisions) and _differs(removed, delayed, suspect):
            groups.add(name)
    return groups


def _differs(base: Decisions, other: Decisions, suspect: Suspect) -> bool:
    before, after = (
        decisions.offers.join(suspect.row, on=list(OFFER), how="semi", nulls_equal=True) for decisions in (base, other)
    )
    return suspect.column in differences(before, after, OFFER)


def _mutations_by_group(event: dict[str, Any], suspect: Suspect) -> Iterator[tuple[str, list[Mutation]]]:
    """Name of a group, and mutations of its rows that became known after the decision.

    There are several mutations of a group, since a value that depends on it only roughly may not react to the first.
    """
    instant, own, close = _decided_ns(suspect), pl.col("event_id") == event["event_id"], pl.col("instant") == CLOSE
    for name, condition in _result_groups(event).items():
        results = partial(_later_rows, settled_after, instant, condition)
        changes = [changed(results, None, (number, "cause", instant, name)) for number in range(_TRIES)]
        yield name, [*changes, without_results(results)]
    for name, condition in {"own_close": own & close, "own_later": own & ~close, "other_prices": ~own}.items():
        prices = partial(_later_rows, known_after, instant, condition)
        yield name, [changed(None, prices, (number, "cause", instant, name)) for number in range(_TRIES)]


def _all_later(instant_ns: int) -> list[tuple[str, Mutation]]:
    """Mutations of all later results, and of all later prices."""
    results = changed(lambda rows: settled_after(rows, instant_ns), None, (0, "cause", instant_ns, "results"))
    prices = changed(None, lambda rows: known_after(rows, instant_ns), (0, "cause", instant_ns, "prices"))
    return [("results", results), ("prices", prices)]


def _decided_ns(suspect: Suspect) -> int:
    return int(suspect.row.select(nanoseconds("decided_at")).item())


def _later_rows(
    later: Callable[[pl.DataFrame, int], pl.Series], instant_ns: int, condition: pl.Expr, rows: pl.DataFrame
) -> pl.Series:
    """Mask of the rows that are later than an instant and fulfil a condition."""
    return later(rows, instant_ns) & rows.select(mask=condition).to_series()


def _result_groups(event: dict[str, Any]) -> dict[str, pl.Expr]:
    """Conditions of the groups of results, seen from an event. Every event belongs to exactly one group."""
    own, same_day = pl.col("event_id") == event["event_id"], pl.col("date") == event["date"]
    names = [event["home"], event["away"]]
    participants = pl.col("home").is_in(names) | pl.col("away").is_in(names)
    season = pl.all_horizontal(pl.col(name) == event[name] for name in ("sport", "competition", "season"))
    rest = ~own & ~same_day
    return {
        "own": own,
        "same_day": ~own & same_day,
        "own_season": rest & participants & season,
        "own_elsewhere": rest & participants & ~season,
        "season": rest & ~participants & season,
        "elsewhere": rest & ~participants & ~season,
    }


def words(groups: set[str], suspect: Suspect, early_odds: str = "") -> str:
    """The likely cause in words.

    Parameters
    ----------
    groups : set of str
        As returned by `guilty_groups` or `late_groups`.
    suspect : Suspect
    early_odds : str
        Cause to add for the column ``odds`` if the odds equal later prices; empty if they do not.
    """
    if suspect.kind == DELAYED:
        rows = " and ".join(sorted(groups)) or "rows"
        return f"{rows} used before the instant at which they were known: by their date or kind, not by that instant"
    causes = [text for text in (_results_cause(groups), _prices_cause(groups)) if text]
    if not causes:
        causes = [f"later {name} together, no group of them alone" for name in sorted(groups)]
    if suspect.column == "odds" and early_odds:
        causes.insert(0, early_odds)
    if suspect.column == "regime":
        causes.insert(0, "a regime smoothed with the future")
    return "; ".join(causes or ["later rows together"])


def _results_cause(groups: set[str]) -> str:
    results = groups & set(RESULTS)
    if not results:
        return ""
    if results == {"own"}:
        return "the result of the event itself: its final score, a score at half time, its winner"
    if "elsewhere" in results:
        return (
            "results of the whole history, including other seasons and matches of others: a mean over all, "
            "or a model fitted on the future" + _SMOOTHED
        )
    if "own_elsewhere" in results:
        return "all results of its participants, including later seasons: a target encoding over the whole history"
    if results & {"own_season", "season"}:
        return "results of the rest of its season: a final table, or another statistic of the whole season"
    return "results of the same day, not known at the decision"


def _prices_cause(groups: set[str]) -> str:
    if "other_prices" in groups:
        return "later prices of other events: a mean, a scale or a model over the whole history"
    own = groups & set(PRICES)
    if own == {"own_close"}:
        return "the event's own closing prices"
    return "the event's own later prices" if own else ""
