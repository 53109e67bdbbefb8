"""200 short schedules over HTTPS without a violation, planted bugs that they find, and answers that are spoilt."""

from __future__ import annotations

import pytest

from tests.betfair_exchange.answers import answer_to
from tests.betfair_exchange.planted import PLANTED
from tests.betfair_exchange.world import BetfairWorld
from tests.wire_server.world import find_again, run_short


def test_no_short_schedule_over_https_violates_an_invariant() -> None:
    tally = run_short(BetfairWorld, range(200))
    assert len(tally.faults) > 20 and sum(tally.transitions.values()) > 500


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_of_the_adapter_is_found(name: str) -> None:
    assert find_again("betfair", name, range(500))


def test_spoilt_answers_never_leave_the_contract() -> None:
    """A failure of the contract, or a result in which every bet that stands has a bet id; 10,000 by the script."""
    met = {answer_to(seed) for seed in range(800)}
    assert {"Unanswered", "NotTaken", "ReadFailed", "Reading", "Receipt", "list", "int"} <= met
