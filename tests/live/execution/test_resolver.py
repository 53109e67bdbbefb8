"""What the runner asks of recovery, reconciliation and audit."""

from __future__ import annotations

import pytest

from engine.live.execution import resolver
from engine.live.execution.executor import Intent
from engine.live.execution.resolver import VenueResolver
from engine.live.venue import ForeignBet, Outcome
from tests.live.execution.world import World, order, stated


def test_a_start_brings_what_was_left_into_order_and_compares_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[str, object]] = []
    monkeypatch.setattr(resolver._LOG, "warning", lambda event, **words: said.append({"event": event, **words}))
    world = World()
    world.executor._intend([Intent(order(1))])
    world.venue.foreign = [ForeignBet("w-1", 7, 300)]
    world.start()
    VenueResolver(world.executor).recover()
    assert world.state(1) == "placed" and world.book.external_minor() == 300
    assert said == [{"event": "recovered", "resumed": 1, "abandoned": 0, "doubtful": 0}]
    world.start()
    VenueResolver(world.executor).recover()
    assert len(said) == 1  # nothing was left, so nothing is said


def test_the_audit_asks_the_market_for_the_competition_of_an_event() -> None:
    world = World()
    world.venue.foreign = [ForeignBet("w-1", 7, 300)]
    VenueResolver(world.executor, competition_of={7: ("football", "E0")}.get).recover()
    assert world.book.external["w-1"].competition == "E0"


def test_a_restored_ledger_sends_nothing_at_its_start() -> None:
    world = World()
    world.executor._intend([Intent(order(1))])
    world.start()
    VenueResolver(world.executor, restored=True).recover()
    assert world.state(1) == "unknown" and world.venue.requests == [] and world.book.is_tripped("restored")


def test_a_bet_without_an_end_is_looked_up_until_it_has_one() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PENDING)]
    asked = VenueResolver(world.executor)
    assert not asked.pending()
    world.submit(order())
    assert asked.pending()
    for _ in range(60):
        world.clock.pass_s(1)
        asked.step()
    assert world.venue.looked_up and asked.pending()
    world.venue.say(order().key, outcome=Outcome.PLACED, odds=2.0, matched_minor=1000)
    for _ in range(600):
        world.clock.pass_s(1)
        asked.step()
    assert world.state() == "placed" and not asked.pending()


@pytest.mark.parametrize("audits", [True, False])
def test_the_account_is_read_from_time_to_time_where_that_is_wanted(audits: bool) -> None:
    world = World()
    asked = VenueResolver(world.executor, audits=audits)
    asked.recover()
    world.venue.foreign = [ForeignBet("w-1", 7, 300)]
    world.clock.pass_s(7 * 24 * 3600)
    asked.step()
    assert world.book.external_minor() == (300 if audits else 0)
