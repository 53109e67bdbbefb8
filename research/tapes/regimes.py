"""How the regimes on a tape behave: changes a season along its decisions, and days until a change is noticed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.clock import DAY_NS
from engine.strategy import History
from engine.tape import Tape
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes
from research.tapes.fitting import together
from research.tapes.past import past_of


@dataclass(frozen=True)
class Turns:
    """Changes of the regime in force along the decisions of a tape, those without a stake too.

    Attributes
    ----------
    changes_a_season : float
        Mean over the seasons of all competitions; decisions whose regime is not known are passed over.
    lag_days : float or None
        Median days from a change of state in hindsight, by the last fit, to the first decision with that state; a state
        that was left before counts the days that it lasted. None: no change in hindsight, or no hindsight known.
    unknown : int
        Opportunities of a gate whose regime is not known.
    """

    changes_a_season: float
    lag_days: float | None
    unknown: int = 0

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


def turns_of(tape: Tape, spec: TapeSpec, tapes: Tapes) -> Turns | None:
    """How the regimes of a tape turn; None for a strategy without a gate whose decisions state none.

    Parameters
    ----------
    tape : Tape
    spec : TapeSpec
        Of the tape.
    tapes : Tapes
        What it was built with: `regime_gated` needs all days of its market to measure its lags.
    """
    known, is_gated = _decisions(tape), hasattr(tapes.inputs(spec).strategy, "lags")
    unknown = int(tape.rows["regime"].null_count()) if is_gated else 0
    if known.is_empty():
        return Turns(0.0, None, unknown) if is_gated else None
    changed = (pl.col("regime") != pl.col("regime").shift()).over("competition")
    seasons = known.select("competition", "season").unique().height
    changes = int(known.select(changed.sum()).item() or 0)
    return Turns(changes / seasons, _lag(known, spec, tapes), unknown)


def _decisions(tape: Tape) -> pl.DataFrame:
    """Instant, competition, season and regime of the decisions whose regime is known, in the order of time."""
    place = tape.events.select(pl.struct("sport", "competition").alias("competition"), "season")[tape.event]
    rows = place.with_columns(at=pl.Series(tape.decided_at), regime=tape.rows["regime"])
    return rows.drop_nulls("regime").unique(["at", "competition"], keep="last").sort("at", "competition")


def _lag(known: pl.DataFrame, spec: TapeSpec, tapes: Tapes) -> float | None:
    inputs = tapes.inputs(spec)
    measured = getattr(inputs.strategy, "lags", None)  # by name: a run of another strategy needs no regimes
    if measured is None:
        return None
    days = known.select(day=pl.col("at") // DAY_NS, regime="regime").unique("day", keep="last").sort("day")
    if inputs.required.closing:
        history = past_of(tapes, spec).before(int(days["day"][-1] + 1) * DAY_NS)
    else:  # prices and results tell the regime: no feature is made again
        events, views = tapes.whole(spec)
        history = History(events, together(views).quotes)
    found = measured(history, days)
    return float(np.median(found)) if found else None
