"""About how long a command takes in all, and how much memory.

The constants are seconds on the machine that `tests.bench.estimates` ran on. A short piece of fixed work tells how much
slower this machine is now, with whatever else it does. What is over already is known and not estimated.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.machine import cores
from engine.tape import Tape
from research.execution.progress import seconds
from research.sweeps.plan import Plan, describe

#: interpreter and imports before the clock of a command runs; the report and the end after its results
_START_S: Final = 1.6
_END_S: Final = 1.3
#: the kernel's code is read, results are written
_UNITS_S: Final = 0.3
#: a step (a row of the tape for one configuration), alone and in lanes
_STEP_S: Final = 1.5e-8
_STEP_IN_LANES_S: Final = 1e-9
#: a configuration, and each of its days where they are kept
_CONFIGURATION_S: Final = 3.6e-5
_DAY_S: Final = 2.5e-8
#: a later tape: at least, and as a share of the first one, which also reads the data
_TAPE_S: Final = 0.03
_LATER_TAPE: Final = 0.3
#: folds, tests against luck, the path out of sample: in all, and each day of a configuration
_ASSESSED_S: Final = 1.5
_ASSESSED_DAY_S: Final = 9.5e-8
#: of the fixed work
_WORK_S: Final = 4.4e-3
_REPETITIONS: Final = 5

_TAPE_ROW_BYTES: Final = 420
_BASE_BYTES: Final = 350_000_000
#: of the tests against luck: bytes a configuration, most bytes
_ASSESSED_BYTES: Final = 8_000
_ASSESSED_MOST_BYTES: Final = 1_200_000_000


@dataclass(frozen=True)
class Sofar:
    """What is known when the first tape is built.

    Attributes
    ----------
    passed_s : float
        Seconds since the command began: reading, compiling, the first tape.
    tape_s : float
        Seconds that the first tape took.
    slowness : float
        How much longer this machine takes now than the one of the constants (`slowness`).
    """

    passed_s: float
    tape_s: float
    slowness: float


def slowness() -> float:
    """How much longer a fixed piece of work takes here and now than where the constants were measured; takes 25 ms."""
    values, spans = np.random.default_rng(1).standard_normal(100_000), []
    for _ in range(_REPETITIONS):
        started = time.perf_counter()
        np.cumsum(np.sort(values))
        spans.append(time.perf_counter() - started)
    return statistics.fmean(spans) / _WORK_S


def estimate(plan: Plan, tape: Tape, threads: int | None, sofar: Sofar, *, assessed: bool) -> str:
    """First line of a command: how many configurations and tapes, about how long in all, and how much memory.

    Parameters
    ----------
    plan : Plan
    tape : Tape
        The first one; the others are taken to be as long.
    threads : int or None
        None: all processors.
    sofar : Sofar
    assessed : bool
        Whether the results are tested against luck, as those of a sweep are.
    """
    count, n_rows = min(threads or cores(), cores()), len(tape)
    bytes_ = _BASE_BYTES + n_rows * (_TAPE_ROW_BYTES + 100 * count) + plan.table.estimated_size() * 2
    if assessed:
        bytes_ += min(len(plan) * _ASSESSED_BYTES, _ASSESSED_MOST_BYTES)
    later = (plan.table["tape"].n_unique() - 1) * max(_LATER_TAPE * sofar.tape_s, _TAPE_S * sofar.slowness)
    work = _START_S + _END_S + work_s(plan, tape, count, assessed=assessed)
    span = sofar.passed_s + later + work * sofar.slowness
    return (
        f"{describe(plan)} of about {n_rows:,} opportunities: "
        f"about {seconds(max(span, 1.0))} in all on {count} core{'s' * (count != 1)}, {bytes_ / 1e6:,.0f} MB"
    )


def work_s(plan: Plan, tape: Tape, count: int, *, assessed: bool) -> float:
    """Seconds from the first tape to the results on `count` cores of the machine of the constants; no further tapes."""
    from engine.backtesting.plan import LEAST, fits

    tapes = plan.table["tape"].n_unique()
    in_lanes = len(plan) >= LEAST * tapes and fits(tape)
    step_s = _STEP_IN_LANES_S if in_lanes else _STEP_S
    days = len(tape.midnights) if assessed else 0
    walks = len(plan) * (len(tape) * step_s / count + _CONFIGURATION_S + days * _DAY_S)
    tests = _ASSESSED_S + len(plan) * days * _ASSESSED_DAY_S if assessed else 0.0
    return _UNITS_S + walks + tests
