"""Specifications of tapes from the words of `bea backtest`, and what a tape holds as a table."""

from __future__ import annotations

import polars as pl

from engine.tape import Tape
from research.config.compose import Composer
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.sweeps.planner import plan_backtest


def spec_of(*words: str) -> TapeSpec:
    """The tape of `bea backtest WORDS`."""
    return tape_spec_of(plan_backtest(Composer("backtest"), words).flat(1))


def rows_of(tape: Tape) -> pl.DataFrame:
    """Its rows: instant of the decision, probability and event."""
    return pl.DataFrame(
        {"decided": tape.decided_at, "prob": tape.prob, "event_id": tape.events["event_id"][tape.event]}
    )
