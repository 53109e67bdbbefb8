"""200 short schedules over HTTPS without a violation."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.pinnacle_server.world import PinnacleWorld
from tests.schedules.__main__ import Tally
from tests.schedules.checks import Violated


class ShortWorld(PinnacleWorld):
    """One decision, and what follows from it."""

    decisions: ClassVar[tuple[int, int]] = (1, 1)
    audits: ClassVar[int] = 1


def test_no_short_schedule_over_https_violates_an_invariant() -> None:
    tally = Tally()
    for seed in range(200):
        world = ShortWorld(ShortWorld.draw(seed))
        try:
            world.run()
        except Violated as violated:
            pytest.fail(f"seed {seed}: {violated}")
        tally.add(world)
    assert len(tally.faults) > 20 and sum(tally.transitions.values()) > 300
