"""Facts about sports: what their score counts, and how long a game takes at least.

A name of a sport is compared by its letters only, and a league may follow it: ``Ice Hockey``, ``ice_hockey`` and
``icehockey_nhl`` are one sport.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from engine.clock import HOUR_NS
from engine.schema import INSTANT_DTYPE, REGULATION, SETS, WITH_OVERTIME

_MINUTE_NS: Final = HOUR_NS // 60


@dataclass(frozen=True)
class Sport:
    """A sport.

    Attributes
    ----------
    names : tuple of str
        Its names, letters only.
    score_scope : str
        Scope of its score where a source does not state another one: the score that tables print.
    span_ns : int
        From the start to the first instant at which a result is taken as known, nanoseconds.
    has_tour : bool
        Whether players meet on neutral ground all year, each competition being one tournament of a tour, as in tennis.
    """

    names: tuple[str, ...]
    score_scope: str
    span_ns: int
    has_tour: bool = False


#: Spans, with their sources: what a full game usually takes.
SPORTS: Final = (
    # IFAB Laws of the Game 7: two halves of 45 minutes, 15 minutes between them, and added time
    Sport(("football", "soccer"), REGULATION, 2 * HOUR_NS),
    # MLB: nine innings took 2:36 (2024) to 3:10 (2021) on average (Baseball-Reference, league averages by year)
    Sport(("baseball", "mlb", "npb", "kbo"), WITH_OVERTIME, 3 * HOUR_NS),
    # NBA rule 5: four quarters of 12 minutes; with pauses a game takes 2:15 to 2:30
    Sport(("basketball", "nba", "wnba", "ncaab"), WITH_OVERTIME, 150 * _MINUTE_NS),
    # NHL rule 77: three periods of 20 minutes and two intermissions of 18; with stoppages about 2:30
    Sport(("icehockey", "hockey", "nhl", "khl"), WITH_OVERTIME, 150 * _MINUTE_NS),
    # NFL rule 4: four quarters of 15 minutes; with pauses a game takes about 3:10
    Sport(("americanfootball", "canadianfootball", "nfl", "ncaaf", "cfl"), WITH_OVERTIME, 3 * HOUR_NS),
    # a best of three takes 1:30 to 2:00 (ATP and WTA match statistics), a best of five longer
    Sport(("tennis",), SETS, 2 * HOUR_NS, has_tour=True),
    # FIVB rules 6 and 18: three to five sets of 25 to 30 minutes, with pauses
    Sport(("volleyball",), SETS, 2 * HOUR_NS),
    Sport(("beachvolleyball",), SETS, 2 * HOUR_NS, has_tour=True),
    Sport(("tabletennis", "badminton", "squash", "padel"), SETS, HOUR_NS, has_tour=True),
    Sport(("snooker", "darts"), SETS, 2 * HOUR_NS, has_tour=True),
    # World Rugby law 5 and RFL law 7: two halves of 40 minutes and a pause of up to 15
    Sport(("rugby", "rugbyunion", "rugbyleague"), REGULATION, 2 * HOUR_NS),
    # IHF rule 2: two halves of 30 minutes and a pause of 10 to 15
    Sport(("handball",), REGULATION, 90 * _MINUTE_NS),
    # AFL law 10: four quarters of 20 minutes without stoppages; about 2:30
    Sport(("australianrules", "aussierules", "afl"), REGULATION, 150 * _MINUTE_NS),
    # ICC playing conditions: 40 overs in 3:10; 100 overs in two sessions of 3:30 and a pause; five days of play
    Sport(("cricket",), REGULATION, 3 * HOUR_NS),
    Sport(("cricketodi", "odicricket", "onedaycricket"), REGULATION, 7 * HOUR_NS),
    Sport(("crickettest", "testcricket", "crickettestmatch"), REGULATION, 4 * 24 * HOUR_NS),
    # twelve rounds of three minutes and eleven of one between them
    Sport(("boxing", "mma", "mixedmartialarts", "ufc"), REGULATION, HOUR_NS, has_tour=True),
    Sport(("horseracing", "greyhounds", "greyhoundracing", "harnessracing"), REGULATION, 2 * _MINUTE_NS),
)
#: Any other sport. Its score counts for every market; its result is taken as known after 3 hours; its events on neutral
#: ground are those of a tour.
OTHER: Final = Sport((), REGULATION, 3 * HOUR_NS, has_tour=True)

#: Basis of a result that was moved to the end of the span of its sport.
SPAN_BASIS: Final = "assumed:start_and_span"


@lru_cache(maxsize=4_096)
def sport_of(name: str) -> Sport:
    """The sport with this name; `OTHER` if there is none."""
    words = [re.sub(r"[^a-z]", "", word) for word in re.split(r"[\s_\-./]+", name.lower())]
    for count in range(len(words), 0, -1):
        letters = "".join(words[:count])
        for sport in SPORTS:
            if letters in sport.names:
                return sport
    return OTHER


def of_sports(names: Iterable[str | None]) -> dict[str, Sport]:
    """The sport of each distinct name."""
    return {name: sport_of(name) for name in names if name is not None}


def earliest_result(events: pl.DataFrame) -> pl.Series:
    """First instant at which the result of each event can be known: its start and the span of its sport.

    Parameters
    ----------
    events : polars.DataFrame
        sport, starts_at.

    Returns
    -------
    Datetime(ns, UTC) (n,), null where the start is.
    """
    spans = {name: sport.span_ns for name, sport in of_sports(events["sport"].unique().to_list()).items()}
    span = pl.col("sport").replace_strict(spans, default=OTHER.span_ns, return_dtype=pl.Int64)
    start = pl.col("starts_at").cast(INSTANT_DTYPE).cast(pl.Int64)
    return events.select((start + span).cast(INSTANT_DTYPE).alias("earliest")).to_series()


def known_too_early(events: pl.DataFrame) -> pl.DataFrame:
    """Events whose result is known before the game can be over."""
    early = pl.Series(events["settled_at"].cast(INSTANT_DTYPE) < earliest_result(events))
    return events.filter(early.fill_null(False))


def with_possible_results(events: pl.DataFrame) -> pl.DataFrame:
    """Events whose results are not known before the game can be over.

    `settled_at` becomes the later one of itself and `earliest_result`; a null stays. Where it moves, the column
    `settled_at_basis`, if there is one, becomes `SPAN_BASIS`.
    """
    earliest = earliest_result(events)
    too_early = pl.Series(events["settled_at"].cast(INSTANT_DTYPE) < earliest).fill_null(False)
    if not too_early.any():
        return events
    mask = pl.lit(too_early)
    moved = [
        pl.when(mask).then(pl.lit(earliest)).otherwise(pl.col("settled_at").cast(INSTANT_DTYPE)).alias("settled_at")
    ]
    if "settled_at_basis" in events.columns:
        moved.append(pl.when(mask).then(pl.lit(SPAN_BASIS)).otherwise("settled_at_basis").alias("settled_at_basis"))
    return events.with_columns(moved)
