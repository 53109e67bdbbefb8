"""About how long a command will take, and how much memory."""

from __future__ import annotations

from typing import Final

from engine.machine import cores
from engine.tape import Tape
from research.execution.progress import seconds
from research.sweeps.plan import Plan, describe

#: seconds of one step (a row of the tape for one configuration) on one core, alone and in lanes
_STEP_S: Final = 1.5e-8
_STEP_IN_LANES_S: Final = 1e-9
_CONFIGURATION_S: Final = 3e-5
_TAPE_ROW_BYTES: Final = 420
_BASE_BYTES: Final = 350_000_000
#: of the tests against luck: seconds a day of a configuration, seconds in all, bytes a configuration, most bytes
_ASSESSED_DAY_S: Final = 2.4e-7
_ASSESSED_S: Final = 2.0
_ASSESSED_BYTES: Final = 8_000
_ASSESSED_MOST_BYTES: Final = 1_200_000_000


def estimate(plan: Plan, tape: Tape, threads: int | None, *, assessed: bool) -> str:
    """First line of a command: how many configurations and tapes, about how long, and how much memory.

    Parameters
    ----------
    plan : Plan
    tape : Tape
        The first one; the others are taken to be as long.
    threads : int or None
        None: all processors.
    assessed : bool
        Whether the results are tested against luck, as those of a sweep are.
    """
    from engine.backtesting.plan import LEAST, fits

    count, n_rows = min(threads or cores(), cores()), len(tape)
    step_s = _STEP_IN_LANES_S if len(plan) >= LEAST and fits(tape) else _STEP_S
    span = len(plan) * (n_rows * step_s + _CONFIGURATION_S) / count
    bytes_ = _BASE_BYTES + n_rows * (_TAPE_ROW_BYTES + 100 * count) + plan.table.estimated_size() * 2
    if assessed:
        span += _ASSESSED_S + len(plan) * len(tape.midnights) * _ASSESSED_DAY_S / count
        bytes_ += min(len(plan) * _ASSESSED_BYTES, _ASSESSED_MOST_BYTES)
    return (
        f"{describe(plan)} of about {n_rows:,} opportunities: "
        f"about {seconds(max(span, 1.0))} on {count} core{'s' * (count != 1)}, {bytes_ / 1e6:,.0f} MB"
    )
