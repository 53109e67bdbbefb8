"""The page of results: what schedules met, and where each planted bug is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_HEAD: Final = """# Schedules

Terms: [glossary](glossary.md).

A schedule is one life of the executor, its ledger and its reconciliation against a venue with faults, on a clock of
its own. It has {kinds}.

A seed gives the schedule, so a failing one can be run again, and it is shrunk to the steps that it needs. After every
step the rows of the ledger are compared with what really stands at the venue. The ledger is the one in memory, with the
commits, losses of power and failures of a disk; real databases and real processes are killed in other tests. This page
is written by the command below; do not edit it by hand.

```
python -m tests.schedules --seeds {seeds} --page docs/schedules.md
```

"""
_KINDS: Final = (
    "bets, faults of the venue, crashes at named points, losses of power,\na second runner, failures of the disk, the "
    "kill switch, clocks that are set, settlements and their corrections"
)
INVARIANTS: Final = {
    "I1": "one bet at the venue for each decision",
    "I2": "nothing reaches the venue before its SENT entry is on the disk",
    "I3": "no bet stays without an end once the faults are over",
    "I4": "what the ledger calls gone does not stand at the venue",
    "I5": "every account adds up, and at the end the ledger has the venue's money to the cent",
    "I6": "what is at risk at the venue is reserved here, and the limit holds",
    "I7": "no committed entry is lost; a second reconciliation adds nothing",
    "I8": "matched sizes never fall, and agree with the venue at the end",
    "I9": "a bet id belongs to one intent",
    "I10": "nothing is sent after a kill, a trip, the end of the window or the loss of the lease",
    "I11": "no request without an attempt on record",
    "I12": "at most ten orders a minute",
    "I13": "the same seed gives the same bytes (a test of its own)",
    "I14": "no secret is in the ledger",
}
#: faults of the world that are no faults of the venue, and what they are
OF_THE_WORLD: Final = {
    "F30": "settled", "F31": "settled anew", "F32": "void", "F34": "money differs by a cent", "F35": "postponed",
    "F36": "the process is killed", "F38": "the disk is full", "F40": "the connection is lost at a commit",
    "F41": "the power is lost", "F43": "a second runner takes over", "F44": "the clock is set",
    "F45": "killed at a point", "cancel": "cancelled at the venue while SENT here",
    "proof": "killed between two readings that prove an absence",
}  # fmt: skip


class Found(NamedTuple):
    """Where a planted bug is found: its seed, None if it is missed, and the invariant."""

    name: str
    seed: int | None
    invariant: str


class Measured(NamedTuple):
    """What a run of schedules measured."""

    seeds: int
    entries: int
    violations: int
    a_second: float
    faults: Mapping[str, int]
    transitions: Mapping[tuple[str, str], int]
    rare: Sequence[str]


def _what(name: str, names: Mapping[str, str]) -> str:
    """What a fault is: what happens in the world, and what the venue does."""
    return ", ".join(part for part in (OF_THE_WORLD.get(name), names.get(name)) if part)


def page(measured: Measured, found: Sequence[Found], names: Mapping[str, str], day: dt.date) -> str:
    """The page.

    Parameters
    ----------
    measured : Measured
    found : sequence of Found
    names : mapping of str to str
        What each fault of the venue is, by its number.
    day : date
        Of the run.
    """
    head = _HEAD.format(kinds=_KINDS, seeds=measured.seeds)
    rare = f" Met too rarely: {', '.join(measured.rare)}." if measured.rare else ""
    lines = [
        head + f"On {day.day} {day:%B %Y}: {measured.seeds:,} schedules with {measured.entries:,} entries, "
        f"{measured.violations} violations, {measured.a_second:.0f} schedules a second of one core."
        f"{rare} {sum(one.seed is not None for one in found)} of {len(found)} planted bugs are found.",
        "", "## What holds after every step", "", "| number | invariant |", "| --- | --- |",
        *(f"| {name} | {text} |" for name, text in INVARIANTS.items()),
        "", "## Planted bugs", "",
        "Each is put into the code for a run of its own; the first seed that violates an invariant finds it.",
        "", "| bug | found at seed | by |", "| --- | ---: | --- |",
        *(f"| {one.name} | {'missed' if one.seed is None else one.seed} | {one.invariant} |" for one in found),
        "", "## Faults", "", "| fault | what | times met |", "| --- | --- | ---: |",
        *(
            f"| {name if name[0] == 'F' else ''} | {_what(name, names)} | {times:,} |"
            for name, times in sorted(measured.faults.items())
        ),
        "", "## Transitions", "", "| from | to | times |", "| --- | --- | ---: |",
        *(f"| {a} | {b} | {times:,} |" for (a, b), times in sorted(measured.transitions.items())),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
