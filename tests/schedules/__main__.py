"""Run schedules: ``python -m tests.schedules --seeds 20000``; ``--planted`` looks for the planted bugs.

The exit status is 1 if an invariant is violated, a planted bug is missed, or, at the venue within the process, a fault
or a transition is met too rarely. ``--venue`` runs them with the adapter of a real venue, over its wire.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.live.bets.states import TRANSITIONS
from tests.research.promotion import hindsight
from tests.schedules.checks import Violated
from tests.schedules.faults import FAULTS
from tests.schedules.page import OF_THE_WORLD, Found, Measured, page
from tests.schedules.shrink import shrunk
from tests.schedules.venues import WORLDS, planted_of, world_of
from tests.schedules.world import World

#: how often each fault and each transition is met at least in 20,000 schedules
FAULTS_LEAST, TRANSITIONS_LEAST = 30, 10
#: transitions that a venue's statements never make: of an open bet they state first that its rest is gone
OF_RESULTS: Final = frozenset({("partial", "settled"), ("partial", "void")})


class Tally:
    """What schedules met."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.transitions: Counter[tuple[str, str]] = Counter()
        self.rows = 0

    def add(self, world: World) -> None:
        """Count one that has run."""
        self.transitions += world.checks.transitions
        for name, times in world.truth.desk.met.items():
            self.faults[FAULTS[name].id] += times
        self.faults += Counter({name: times for name, times in world.faults.items() if name in OF_THE_WORLD})
        self.rows += len(world.disk.rows)

    def rare(self) -> list[str]:
        """Faults and transitions that were met too rarely."""
        named = sorted({fault.id for fault in FAULTS.values()} | set(OF_THE_WORLD))
        faults = [f"{name} {self.faults[name]}" for name in named if self.faults[name] < FAULTS_LEAST]
        wanted = {(str(row.source or "-"), str(row.target)) for row in TRANSITIONS} - OF_RESULTS
        missed = [pair for pair in sorted(wanted) if self.transitions[pair] < TRANSITIONS_LEAST]
        return faults + [f"{source} -> {target} {self.transitions[source, target]}" for source, target in missed]

    def lines(self) -> list[str]:
        """The table."""
        faults = [f"| {name} | {times} |" for name, times in sorted(self.faults.items())]
        moves = [f"| {source} -> {target} | {times} |" for (source, target), times in sorted(self.transitions.items())]
        return ["| fault | met |", "|---|---|", *faults, "", "| transition | times |", "|---|---|", *moves]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.schedules", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--planted", action="store_true", help="look for the planted bugs")
    parser.add_argument("--venue", choices=WORLDS, default="desk", help="the venue that the runner bets at")
    parser.add_argument("--page", type=Path, help="run both, and write the page of results to this file")
    options = parser.parse_args(sys.argv[1:] if arguments is None else list(arguments))
    seeds = range(options.first, options.first + options.seeds)
    if options.page:
        measured, found = run(seeds), find_planted(range(2_000))
        names: dict[str, list[str]] = {}
        for fault in FAULTS.values():
            names.setdefault(fault.id, []).append(fault.name.replace("_", " "))
        whats = {name: ", ".join(words) for name, words in names.items()}
        options.page.write_text(page(measured, found, whats, dt.date.today()), encoding="utf-8")
        return int(measured.violations > 0 or bool(measured.rare) or any(one.seed is None for one in found))
    if options.planted:
        found = find_planted(seeds) if options.venue == "desk" else find_bugs(seeds, options.venue)
        return int(any(one.seed is None for one in found))
    measured = run(seeds, world_of(options.venue))
    return int(measured.violations > 0 or (bool(measured.rare) and options.venue == "desk"))


def run(seeds: range, world_type: type[World] = World) -> Measured:
    """Run schedules in worlds of a kind, and say what they met."""
    tally, started, bad = Tally(), time.process_time(), 0
    for seed in seeds:
        world = world_type(world_type.draw(seed))
        try:
            world.run()
        except Violated as violated:
            bad += 1
            short = shrunk(world_type.draw(seed), world_type)
            sys.stdout.write(f"seed {seed} ({short.profile}): {violated}\n")
            sys.stdout.writelines(f"    {step}\n" for step in short.steps)
        tally.add(world)
    spent = time.process_time() - started
    sys.stdout.write("\n".join(tally.lines()) + "\n")
    sys.stdout.write(f"{len(seeds)} schedules from seed {seeds.start}, {tally.rows} entries, {bad} violations, ")
    sys.stdout.write(f"{len(seeds) / spent:.0f} a second of one core\n")
    rare = tally.rare()
    if rare:
        sys.stdout.write(f"met too rarely: {', '.join(rare)}\n")
    return Measured(len(seeds), tally.rows, bad, len(seeds) / spent, tally.faults, tally.transitions, rare)


def find_planted(seeds: range) -> list[Found]:
    """The first seed that finds each planted bug of the executor, and of what is judged beside it."""
    results = find_bugs(seeds)
    with tempfile.TemporaryDirectory() as home:
        os.environ["BEA_HOME"] = home
        prepared, wanted = hindsight.candidate()
        for name, spoil in hindsight.PLANTED.items():
            seed = hindsight.first_hindsight(spoil(prepared), wanted, seeds)
            results.append(_told(Found(name, seed, "" if seed is None else "a bet after the promotion")))
    return results


def find_bugs(seeds: range, venue: str = "desk") -> list[Found]:
    """The first seed that finds each bug that is planted for a venue."""
    results = []
    for name, plant in planted_of(venue).items():
        with plant():
            results.append(_told(Found(name, *first_violation(seeds, world_of(venue)))))
    return results


def _told(found: Found) -> Found:
    sys.stdout.write(f"{found.name}: {'MISSED' if found.seed is None else f'seed {found.seed}, {found.invariant}'}\n")
    sys.stdout.flush()
    return found


def first_violation(seeds: range, world_type: type[World] = World) -> tuple[int | None, str]:
    """The first seed whose schedule violates an invariant, and which."""
    for seed in seeds:
        try:
            world_type(world_type.draw(seed)).run()
        except Violated as violated:
            return seed, violated.name
    return None, ""


if __name__ == "__main__":
    sys.exit(main())
