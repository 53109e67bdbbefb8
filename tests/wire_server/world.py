"""The world of schedules whose runner bets over HTTPS, and short schedules of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Final

import pytest

from engine.live.execution.settings import ExecutionSettings
from engine.live.venue import Order
from tests.schedules.__main__ import Tally, first_violation
from tests.schedules.checks import Violated
from tests.schedules.venues import planted_of, world_of
from tests.schedules.world import World
from tests.wire_server.line import Service

DOCS: Final = Path(__file__).parents[2] / "docs"


class WireWorld(World):
    """As `World`; requests go over HTTPS on the loopback, and a time-out there takes its time on the virtual clock.

    Attributes
    ----------
    service : Service
        The fake service of the venue.
    """

    execution: ClassVar[ExecutionSettings] = ExecutionSettings(list_every_s=3_600, look_up_every_s=60)
    decisions: ClassVar[tuple[int, int]] = (1, 3)
    service: Service

    def run(self) -> None:
        """As `World.run`; an error of the fake service itself is none of the runner."""
        super().run()
        if self.service.broken is not None:
            raise AssertionError("the fake service is broken") from self.service.broken

    def order_of(self, key: str) -> Order | None:
        """The order of the runner with this key."""
        return next((order for order in self.orders.values() if order.key == key), None)


def run_short(world_type: type[WireWorld], seeds: range) -> Tally:
    """Run schedules of one decision and what follows from it; the test fails at the first violation."""

    class ShortWorld(world_type):  # type: ignore[misc, valid-type]
        decisions: ClassVar[tuple[int, int]] = (1, 1)
        audits: ClassVar[int] = 1

    tally = Tally()
    for seed in seeds:
        world = ShortWorld(ShortWorld.draw(seed))
        try:
            world.run()
        except Violated as violated:
            pytest.fail(f"seed {seed}: {violated}")
        tally.add(world)
    return tally


def find_again(venue: str, name: str, others: range) -> str:
    """The invariant by which a planted bug is found: in the schedule of the venue's page, or in one of some others.

    The page is that of the last long run; schedules may have changed since.
    """
    stated = re.search(rf"^\| {re.escape(name)} \| (\d+) \|", (DOCS / f"{venue}.md").read_text("utf-8"), re.MULTILINE)
    assert stated is not None, f"python -m tests.schedules --venue {venue} --planted --seeds 2000"
    known = range(int(stated.group(1)), int(stated.group(1)) + 1)
    with planted_of(venue)[name]():
        for seeds in (known, known, known, others):  # on a busy machine a request without a fault may be too late
            seed, invariant = first_violation(seeds, world_of(venue))
            if seed is not None:
                return invariant
    return ""
