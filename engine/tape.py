"""The tape: every opportunity and every settlement of a universe in time order, as flat columns with dense ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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
    """One row an opportunity, sorted by (decided_at, priority descending, group, id); legs of a group adjacent.

    A lay row is stored as the back row of equal risk (`odds`, `prob` and the state probabilities, `state` and
    `close_prob` already turned); `quoted` keeps the venue's own odds.

    Attributes
    ----------
    id : int64 (n,)
        `identity.opportunity_ids`.
    decided_at, settled_at : int64 (n,)
        UTC nanoseconds; `settled_at` is `NEVER` where unknown, else later than `decided_at`.
    quoted, odds : float64 (n,)
        Venue's decimal odds; odds of the back row of equal risk (equal for a back row). NaN: missing.
    is_lay : int8 (n,)
        1 for a lay row.
    prob, edge_frac : float64 (n,)
        Probability of our full win; expected profit per unit at risk before commission. NaN: missing.
    kelly_frac : float64 (n,)
        Full-Kelly fraction of the base where the staking rule reads a column; NaN where it has none.
    stake_weight : float64 (n,)
        Factor on the stake of the rule, 1 for a single bet.
    size_minor : float64 (n,)
        Largest stake (liability of a lay) that the price takes; +inf: no limit known.
    priority : float64 (n,)
    state : int8 (n,)
        `schema.State` of OUR bet (turned for a lay, except DEAD_HEAT); UNKNOWN where settled_at is NEVER.
    dead_heat_share : float64 (n,)
        Share d of the selection in a dead heat; 1 elsewhere.
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
    settle_order : int64 (m,)
        Rows with a known end, by (settled_at, row).
    midnights : int64 (d,)
        Midnights of the run's zone after the first decision, up to the first one after the last action.
    first_midnight : int
        The midnight at or before the first decision, UTC nanoseconds.
    rows : polars.DataFrame
        What a bet log shows of each row: event_id, market, line, selection, bookmaker, side, instant, regime.
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
    odds: Floats
    is_lay: Bytes
    prob: Floats
    edge_frac: Floats
    kelly_frac: Floats
    stake_weight: Floats
    size_minor: Floats
    priority: Floats
    state: Bytes
    dead_heat_share: Floats
    commission_rate: Floats
    close_prob: Floats
    group: Longs
    event: Longs
    competition: Longs
    question: Longs
    market: Longs
    settle_order: Longs
    midnights: Longs
    first_midnight: int
    rows: pl.DataFrame
    events: pl.DataFrame
    zone: str
    hash: str
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REFUSED))

    def __len__(self) -> int:
        return len(self.id)

    def save(self, path: str | Path) -> None:
        """Write the tape to one file, atomically: a kill leaves the old file or the new one.

        Raises
        ------
        TapeError
            Where the file cannot be written.
        """
        from engine.tape_file import save

        save(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Tape:
        """Read a tape that `save` wrote.

        Raises
        ------
        TapeError
            Where the file is missing, is no tape of this version, or its bytes do not have the hash they were written
            with.
        """
        from engine.tape_file import load

        return load(Path(path))


def from_frame(
    frame: pl.DataFrame, *, zone: str = "UTC", commission_rates: Mapping[str, float] | None = None, kelly: str = "none"
) -> Tape:
    """A tape of the user's own bets: no source, no store, no strategy.

    Parameters
    ----------
    frame : polars.DataFrame
        One row a possible bet. Required columns:

        - ``decided_at``, ``settled_at``: Datetime of any unit and zone, turned into UTC nanoseconds; without a zone
          they are read as UTC. Texts and dates are refused. A null ``settled_at`` is a bet that stays open.
        - ``odds`` (decimal), ``prob`` (of the selection's full win); null: missing, the bet is not taken.
        - ``result``: how the selection ended: win, half_win, void, half_lose, lose, unknown, dead_heat (which needs
          ``share``, the part of the stake that wins). A lay bet wins where its selection loses.

        Optional: ``event`` (text or integer; by default each row is an event of its own, named by its place),
        ``sport``, ``competition``, ``season``, ``date``, ``home``, ``away``, ``market``, ``line``, ``selection``,
        ``bookmaker``, ``side`` (back, lay), ``instant``, ``close_prob`` (fair closing probability of the selection),
        ``share``, and the columns of `schema.OPTIONAL`. Other columns are refused, so that no typing error is silent.
    zone, commission_rates, kelly
        As in `tape_build.build`.

    Raises
    ------
    TapeError
        In one line: the column, what was expected, what was found.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from engine.tape import from_frame
    >>> tape = from_frame(pl.DataFrame({
    ...     "decided_at": [datetime(2024, 8, 17, 9), datetime(2024, 8, 17, 9)],
    ...     "settled_at": [datetime(2024, 8, 17, 18), None],
    ...     "odds": [2.5, 1.8],
    ...     "prob": [0.45, 0.5],
    ...     "result": ["win", "unknown"],
    ... }))
    >>> len(tape), tape.edge_frac.tolist()
    (2, [0.125, -0.09999999999999998])
    """
    from engine.tape_frame import from_frame as build

    return build(frame, zone=zone, commission_rates=commission_rates, kelly=kelly)
