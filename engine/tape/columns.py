"""What a tape is: every opportunity and settlement of a universe in time order, as flat columns with dense ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bytes = NDArray[np.int8]

#: `settled_at` of a bet whose end is not known: it stays open to the end
NEVER: Final = np.int64(np.iinfo(np.int64).max)

#: Columns of `Tape.refused`.
REFUSED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "reason": pl.String,
    "rows": pl.Int64,
    "example": pl.String,
}


@dataclass(frozen=True)
class Tape:
    """One row an opportunity, sorted by (decided_at, priority descending, id); the legs of a group stand together where
    their strongest leg stands.

    A lay row is stored as the back row of equal risk (`odds`, `prob` and the state probabilities, `state` and
    `close_prob` already turned); `quoted` keeps the venue's own odds.

    A column that holds one value throughout (no lay bets, no taxes) takes no memory.

    Attributes
    ----------
    id : int64 (n,)
        `identity.opportunity_ids`.
    decided_at, settled_at : int64 (n,)
        UTC nanoseconds; `settled_at` is `NEVER` where unknown, else later than `decided_at`.
    quoted, odds : float64 (n,)
        Venue's decimal odds; odds of the back row of equal risk after tax (equal for a back row without one). NaN:
        missing.
    filled : float64 (n,)
        Venue's odds when the order arrives: `quoted` without a delay. NaN: no price is there any more.
    is_lay : int8 (n,)
        1 for a lay row.
    ladder : int8 (n,)
        1 where prices stand on the ladder of Betfair.
    prob, edge_frac : float64 (n,)
        Probability of our full win; expected profit per unit at risk before commission. NaN: missing.
    kelly_frac : float64 (n,)
        Full-Kelly fraction of the base where the staking rule reads a column; NaN where it has none.
    stake_weight : float64 (n,)
        Factor on the stake of the rule, 1 for a single bet.
    size_minor : float64 (n,)
        Largest stake (liability of a lay) that the price takes; +inf: no limit known.
    stake_min_minor : float64 (n,)
        Least stake that the venue takes (of a lay: backer's stake); 0: none.
    priority : float64 (n,)
    state : int8 (n,)
        `schema.State` of OUR bet (turned for a lay, except DEAD_HEAT); UNKNOWN where settled_at is NEVER.
    dead_heat_share : float64 (n,)
        Share d of the selection in a dead heat; 1 elsewhere.
    reduction_frac : float64 (n,)
        Reduction factor of runners removed after the bet; 0: none.
    each_way_frac : float64 (n,)
        Fraction of the odds that the place part of an each-way bet pays; 0: a win bet.
    exit_odds : float64 (n,)
        Venue's odds of the bet on the other side that closes a CASHED one; NaN elsewhere.
    tax_stake_frac, tax_winnings_frac : float64 (n,)
        Part of the stake that is taken before it is bet; part of a bet's profit that is taken.
    commission_rate : float64 (n,)
        Rate of the row's bookmaker.
    close_prob : float64 (n,)
        Fair closing probability of our win, NaN where there is none: CLV = odds taken * close_prob - 1.
    group : int64 (n,)
        Dense number of the group, -1 for a single bet. The legs of a group share event and instant.
    event, competition : int64 (n,)
        Dense ids from 0.
    question : int64 (n,)
        Dense id of (event, market, line): `one_per_market` looks at this one.
    market : int64 (n,)
        Dense id of (event, market, line, bookmaker): commission is charged on the net of this one.
    bookmaker : int64 (n,)
        Dense id of the bookmaker: wallets and limits are its own.
    settle_order : int64 (m,)
        Rows with a known end, by (settled_at, row).
    midnights : int64 (d,)
        Midnights of the run's zone after the first decision, up to the first one that ends the last action's day: what
        settles exactly at midnight belongs to the ending day.
    first_midnight : int
        The midnight at or before the first decision, UTC nanoseconds.
    rows : polars.DataFrame
        What a bet log shows of each row: event_id, market, line, selection, bookmaker, side, instant, regime; texts
        as Categorical.
    events : polars.DataFrame
        One row a dense event id: event_id, sport, competition, season, date, home, away.
    zone : str
        Name of the zone in which days roll.
    hash : str
        Hash of the content above, hex.
    refused : polars.DataFrame
        What was not put on the tape: reason, rows, and the first row as an example. Not part of the hash.
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

    def __post_init__(self) -> None:
        for name, kept in vars(self).items():
            if isinstance(kept, np.ndarray):
                object.__setattr__(self, name, slim(kept))
        object.__setattr__(self, "rows", self.rows.with_columns(pl.col(pl.String).cast(pl.Categorical)))

    def __len__(self) -> int:
        return len(self.id)


def slim(column: NDArray[Any]) -> NDArray[Any]:
    """A column as it is; one that holds a single value throughout as a view of that value, without its memory."""
    bits = column.view(f"i{column.itemsize}") if column.strides == (column.itemsize,) else column[:0]
    if len(bits) < 2 or not bits[0] == bits[-1] == bits[len(bits) // 2] or not (bits == bits[0]).all():
        return column
    return np.broadcast_to(column[:1].copy(), column.shape)
