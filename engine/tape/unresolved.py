"""Events that never got a result: abandoned, postponed for good, or never played. Bets on them are void.

A bookmaker waits some days and then returns the stakes. An event counts as unresolved where it has no result and the
history of its competition goes on for that long after its start. Fixtures that are still to come stay open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.betting.sport import with_possible_results
from engine.clock import DAY_NS, duration_ns
from engine.errors import ConfigurationError
from engine.schema import INSTANT_DTYPE, VOID_STATUSES

#: How long a bookmaker waits for a result by default.
AFTER: Final = "7d"
VOID, OPEN = "void", "open"
#: Basis of the instant at which an unresolved event becomes void.
VOID_BASIS: Final = "assumed:unresolved"
_KEY: Final = "execution.unresolved"
_COMPETITION: Final = ["sport", "competition"]


@dataclass(frozen=True)
class Unresolved:
    """What happens to bets on an event without a result.

    Attributes
    ----------
    after : str
        How long after the start a result may still come, such as ``7d``; at least ``1d``.
    settle : str
        ``void``: the stakes come back then. ``open``: the bets stay open.

    Raises
    ------
    ConfigurationError
        A value is wrong.
    """

    after: str = AFTER
    settle: str = VOID

    def __post_init__(self) -> None:
        if self.settle not in (VOID, OPEN):
            raise ConfigurationError(
                "unknown value", where=f"{_KEY}.settle", expected=f"{VOID} or {OPEN}", found=str(self.settle)
            )
        if duration_ns(str(self.after), f"{_KEY}.after") < DAY_NS:
            raise ConfigurationError(
                "too short a time to wait for a result", where=f"{_KEY}.after", expected="1d or more", found=self.after
            )

    @property
    def after_ns(self) -> int:
        """`after` in nanoseconds."""
        return duration_ns(self.after, f"{_KEY}.after")


def without_result() -> pl.Expr:
    """Whether an event has no result: it was not played, or nobody knows when its result was known."""
    return (pl.col("status") == "scheduled") | pl.col("settled_at").is_null()


def latest_results(events: pl.DataFrame) -> pl.DataFrame:
    """The last instant at which a result of each competition became known: sport, competition, latest."""
    known = events.filter(~without_result())
    return known.group_by(_COMPETITION).agg(pl.col("settled_at").cast(INSTANT_DTYPE).max().alias("latest"))


def is_unresolved(events: pl.DataFrame, latest: pl.DataFrame, rule: Unresolved) -> pl.Series:
    """Whether each event stayed without a result for as long as the rule waits, while its competition went on.

    Parameters
    ----------
    events : polars.DataFrame
        sport, competition, starts_at, settled_at, status.
    latest : polars.DataFrame
        The latest instant of each competition: sport, competition, latest. A competition that it lacks has none.
    rule : Unresolved

    Returns
    -------
    Boolean (n,)
    """
    joined = events.join(latest, on=_COMPETITION, how="left", nulls_equal=True, maintain_order="left")
    ends = pl.col("starts_at").cast(INSTANT_DTYPE).cast(pl.Int64) + rule.after_ns
    by_then = ends <= pl.col("latest").cast(INSTANT_DTYPE).cast(pl.Int64)
    return joined.select((without_result() & by_then).fill_null(False).alias("unresolved")).to_series()


def with_unresolved(
    events: pl.DataFrame, rule: Unresolved | None = None, latest: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Events whose unresolved ones are postponed and settled when the bookmakers stop waiting.

    A bookmaker's own terms on postponed events hold (`terms.Venue`): by default their bets are void.

    Parameters
    ----------
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    rule : Unresolved, optional
        Default: void after 7 days.
    latest : polars.DataFrame, optional
        The latest instant of each competition, as in `is_unresolved`. Default: its last result among the events.

    Returns
    -------
    polars.DataFrame
        With status ``postponed`` (other statuses that mean void stay), and `settled_at` the start and the time that the
        rule waits. With ``open`` the events as they are.
    """
    rule = rule or Unresolved()
    if rule.settle == OPEN or events.is_empty():
        return events
    mask = is_unresolved(events, latest_results(events) if latest is None else latest, rule)
    if not mask.any():
        return events
    void, keeps = pl.lit(mask), pl.col("status").is_in(VOID_STATUSES)
    ends = (pl.col("starts_at").cast(INSTANT_DTYPE).cast(pl.Int64) + rule.after_ns).cast(INSTANT_DTYPE)
    changed = [
        pl.when(void & ~keeps).then(pl.lit("postponed")).otherwise("status").alias("status"),
        pl.when(void).then(ends).otherwise(pl.col("settled_at").cast(INSTANT_DTYPE)).alias("settled_at"),
    ]
    if "settled_at_basis" in events.columns:
        basis = pl.when(void).then(pl.lit(VOID_BASIS)).otherwise("settled_at_basis")
        changed.append(basis.alias("settled_at_basis"))
    return events.with_columns(changed)


def prepared(events: pl.DataFrame, rule: Unresolved | None = None, latest: pl.DataFrame | None = None) -> pl.DataFrame:
    """Events as a tape settles them: no result before the game can be over, and none for ever outstanding.

    Parameters
    ----------
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    rule, latest : optional
        As in `with_unresolved`.
    """
    return with_possible_results(with_unresolved(with_possible_results(events), rule, latest))
