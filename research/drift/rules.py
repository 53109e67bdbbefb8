"""What each traded bet pays by the rules: its own stake and price with the result of the store."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl

from engine.kernel.codes import State
from engine.kernel.record import Ending
from engine.tape import Tape


def pnl_by_rule(decisions: pl.DataFrame, tape: Tape) -> pl.Series:
    """Profit of each bet before commission, minor units, by the leaf of the kernel.

    Parameters
    ----------
    decisions : polars.DataFrame
        `research.drift.traded.Traded.decisions`.
    tape : Tape
        With the result of each opportunity; cash-out is not traded.

    Returns
    -------
    polars.Series
        Int64; null where nothing is bet, or the store has no result.
    """
    leaf: Any = import_module("engine.kernel.live")
    place = {int(number): row for row, number in enumerate(tape.id.tolist())}
    values: list[int | None] = []
    for bet in decisions.select("id", "reason", "stake_minor", "backer_minor", "odds_placed").iter_rows(named=True):
        row = place.get(bet["id"])
        if bet["reason"] != "placed" or row is None or tape.state[row] == int(State.UNKNOWN):
            values.append(None)
            continue
        stake, backer = float(bet["stake_minor"]), float(bet["backer_minor"] or 0)
        values.append(int(leaf.settled_pnl(stake, backer, float(bet["odds_placed"]), _ending(tape, row))))
    return pl.Series("pnl_by_rule_minor", values, dtype=pl.Int64)


def _ending(tape: Tape, row: int) -> Ending:
    whole = ("is_lay", "state", "reduction_rule")
    values: dict[str, Any] = {"hedge_odds": 0.0}
    for name in Ending._fields:
        if name not in values:
            values[name] = (int if name in whole else float)(getattr(tape, name)[row])
    return Ending(**values)
