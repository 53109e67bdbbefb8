"""200 short schedules over HTTPS without a violation, and planted bugs that they find."""

from __future__ import annotations

import pytest

from tests.pinnacle_server.planted import PLANTED
from tests.pinnacle_server.world import PinnacleWorld
from tests.wire_server.world import find_again, run_short


def test_no_short_schedule_over_https_violates_an_invariant() -> None:
    tally = run_short(PinnacleWorld, range(200))
    assert len(tally.faults) > 20 and sum(tally.transitions.values()) > 300


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_of_the_adapter_is_found(name: str) -> None:
    assert find_again("pinnacle", name, range(200))
