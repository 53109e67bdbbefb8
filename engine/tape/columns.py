"""The columns of a tape: all opportunities and settlements of a universe in time order, with dense ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bytes = NDArray[np.int8]

#: `settled_at` of a bet without a known result, which stays open to the end of the run.
NEVER: Final = np.int64(np.iinfo(np.int64).max)

#: Columns of `Tape.refused`.
REFUSED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "reason": pl.String,
    "rows": pl.Int64,
    "example": pl.String,
}


@dataclass(frozen=True)
class Tape:
    """All opportunities of a universe, one per row, in the order in which they are decided.

    Rows are sorted by (decided_at, priority descending, id). The legs of a group are adjacent, at the position of the
    leg with the highest priority.

    A lay bet is stored as the back bet of equal risk: `odds`, `prob`, `state` and `close_prob` are those of the back
    bet, and `quoted` holds the venue's lay odds. A column with the same value in every row takes no memory.

    Attributes
    ----------
    id : int64 (n,)
        `identity.opportunity_ids`.
    decided_at, settled_at : int64 (n,)
        UTC nanoseconds. `settled_at` is later than `decided_at`, and `NEVER` if unknown.
    quoted, odds : float64 (n,)
        Decimal odds of the venue, and of the back bet of equal risk after tax (the same for an untaxed back bet). NaN:
        missing.
    filled : float64 (n,)
        Odds of the venue when the order arrives; `quoted` without a delay. NaN: there is no price any more.
    is_lay : int8 (n,)
        1 for a lay.
    ladder : int8 (n,)
        1 if the venue uses the price ladder of Betfair.
    prob, edge_frac : float64 (n,)
        Probability that our bet wins in full; expected value per unit at risk before commission. NaN: missing.
    kelly_frac : float64 (n,)
        Full-Kelly fraction of the staking base, for staking rules that read this column. NaN: missing.
    stake_weight : float64 (n,)
        Factor on the stake of the staking rule; 1 for a single bet.
    size_minor : float64 (n,)
        Largest stake (for a lay, liability) that the price takes, minor units; +inf: no known limit.
    offer : int64 (n,)
        Dense id of the recorded offer that the order meets: one price, from when it came into the book until it has
        left it. What our bets take of it is gone for later ones. -1, the default: none is recorded.
    offer_minor : float64 (n,)
        Size of that offer on arrival (for a lay, backer's stake), minor units; +inf, the default: not known.
    stake_min_minor : float64 (n,)
        Smallest stake (for a lay, backer's stake) that the venue takes, minor units; 0: none.
    priority : float64 (n,)
        Order among opportunities of the same instant, highest first; `edge_frac` by default.
    state : int8 (n,)
        `State` of our bet: for a lay, the reverse of the selection's, except DEAD_HEAT. UNKNOWN if settled_at is NEVER.
    dead_heat_share : float64 (n,)
        Share of the stake (of an each-way bet: of its win part) that wins in a dead heat; 1 otherwise.
    place_share : float64 (n,)
        Share of the place part of an each-way bet that is paid in a dead heat for the last place; 1 otherwise, and by
        default.
    reduction_frac : float64 (n,)
        Reduction factor for runners removed after the bet; 0: none.
    reduction_rule : int8 (n,)
        `codes.Reduction`: whether the factor comes off the price (the default) or off the winnings.
    each_way_frac : float64 (n,)
        Fraction of the odds above 1 that the place part of an each-way bet pays; 0: a win bet.
    exit_odds : float64 (n,)
        Odds of the bet on the other side that closes a CASHED bet; NaN otherwise.
    tax_stake_frac, tax_winnings_frac : float64 (n,)
        Tax as a fraction of the stake, taken before the bet, and of the profit of a bet.
    commission_rate : float64 (n,)
        Commission rate of the bookmaker, as a fraction of net winnings.
    close_prob : float64 (n,)
        Fair closing probability that our bet wins: CLV = odds taken * close_prob - 1. NaN: missing.
    group : int64 (n,)
        Dense id of the group, -1 for a single bet. The legs of a group share event and instant.
    event, competition : int64 (n,)
        Dense ids from 0.
    question : int64 (n,)
        Dense id of (event, market, line), the unit of `one_per_market`.
    market : int64 (n,)
        Dense id of (event, market, line, bookmaker), the unit whose net winnings are charged commission.
    bookmaker : int64 (n,)
        Dense id of the bookmaker, the unit of wallets and limits.
    settle_order : int64 (m,)
        Rows with a known result, sorted by (settled_at, row).
    midnights : int64 (d,)
        Midnights in the zone of the run, UTC nanoseconds: from the first after the first decision to the first that is
        not before the last decision or settlement. What settles exactly at midnight belongs to the day that ends.
    first_midnight : int
        The midnight at or before the first decision, UTC nanoseconds.
    rows : polars.DataFrame
        Labels of each row for the bet log: event_id, market, line, selection, bookmaker, side, instant, regime. Texts
        are Categorical.
    events : polars.DataFrame
        One row per dense event id: event_id, sport, competition, season, date, home, away.
    zone : str
        Name of the time zone of the calendar days.
    hash : str
        Hash of the content above, 32 hex digits.
    refused : polars.DataFrame
        Rows left off the tape: reason, number of rows, and the first one as an example. Not part of the hash.
    """

    id: Longs
    decided_at: Longs
    settled_at: Longs
    quoted: Floats
    filled: Floats
    odds: Floats
    is_lay: Bytes
    ladder: Bytes
    prob: Floats
    edge_frac: Floats
    kelly_frac: Floats
    stake_weight: Floats
    size_minor: Floats
    stake_min_minor: Floats
    priority: Floats
    state: Bytes
    dead_heat_share: Floats
    reduction_frac: Floats
    each_way_frac: Floats
    exit_odds: Floats
    tax_stake_frac: Floats
    tax_winnings_frac: Floats
    commission_rate: Floats
    close_prob: Floats
    group: Longs
    event: Longs
    competition: Longs
    question: Longs
    market: Longs
    bookmaker: Longs
    settle_order: Longs
    midnights: Longs
    first_midnight: int
    rows: pl.DataFrame
    events: pl.DataFrame
    zone: str
    hash: str
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REFUSED))
    place_share: Floats = field(default_factory=lambda: np.ones(1))
    reduction_rule: Bytes = field(default_factory=lambda: np.zeros(1, np.int8))
    offer: Longs = field(default_factory=lambda: np.full(1, -1))
    offer_minor: Floats = field(default_factory=lambda: np.full(1, np.inf))

    def __post_init__(self) -> None:
        for name in ("place_share", "reduction_rule", "offer", "offer_minor"):
            if len(getattr(self, name)) == 1:  # one value stands for every row
                object.__setattr__(self, name, np.broadcast_to(getattr(self, name), self.id.shape))
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                object.__setattr__(self, name, slim(column))
        object.__setattr__(self, "rows", self.rows.with_columns(pl.col(pl.String).cast(pl.Categorical)))

    @property
    def bookmaker_names(self) -> list[str]:
        """Names of the bookmakers, each at the place of its dense id."""
        named = self.rows.select(pl.col("bookmaker").cast(pl.String)).with_columns(dense=pl.Series(self.bookmaker))
        return named.unique("dense").sort("dense")["bookmaker"].to_list()

    def __len__(self) -> int:
        return len(self.id)


def slim(column: NDArray[Any]) -> NDArray[Any]:
    """The same column; if all its values are equal, a broadcast view of one value that takes no memory."""
    bits = column.view(f"i{column.itemsize}") if column.strides == (column.itemsize,) else column[:0]
    if len(bits) < 2 or not bits[0] == bits[-1] == bits[len(bits) // 2] or not (bits == bits[0]).all():
        return column
    return np.broadcast_to(column[:1].copy(), column.shape)
