"""Start-up: what an earlier process left in each state, and that recovering may be interrupted and done again."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.bets.postings import sent
from engine.live.crash_points import CRASH_POINTS
from engine.live.execution.executor import Intent
from engine.live.execution.recovery import recover
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.entries import Kind
from engine.live.venue import NotTaken, Outcome, ProofClass, Receipt, Unanswered
from tests.live.execution.world import START_NS, World, accept_and_raise, order, stated


class Died(BaseException):
    """The process ended here."""


def die_at(world: World, point: str, times: int = 1) -> None:
    """End the process the n-th time it passes a point."""
    left = [times]

    def probe(name: str) -> None:
        left[0] -= name == point
        if not left[0]:
            raise Died

    world.executor.probe = probe
    world.reconciler._probe = probe


def intend(world: World, *orders: object) -> None:
    """Intents without a send."""
    world.executor._intend([Intent(each) for each in orders])  # type: ignore[arg-type]


def test_an_intent_with_an_open_window_is_sent_and_one_without_is_given_up() -> None:
    world = World()
    intend(world, order(1, window_s=60), order(2, window_s=600))
    world.clock.pass_s(60)
    found = world.restart()
    assert (world.state(1), world.state(2)) == ("abandoned", "placed")
    assert found == ((order(2).key,), (order(1).key,), ())
    assert world.book.get(order(1).key).cause == "restart"


def test_intents_are_given_up_if_the_settings_say_so() -> None:
    world = World(settings=ExecutionSettings(on_restart="abandon"))
    intend(world, order())
    world.restart()
    assert world.state() == "abandoned" and not world.venue.requests


def test_legs_of_a_group_are_sent_together_and_single_bets_alone() -> None:
    world = World()
    intend(world, order(1, group="g"), order(2), order(3, group="g"), order(4))
    world.restart()
    keys = {number: order(number).key for number in range(1, 5)}
    assert world.venue.requests == [[keys[1], keys[3]], [keys[2]], [keys[4]]]


def test_guards_and_the_kill_switch_hold_at_a_start_too() -> None:
    world = World()
    intend(world, order())
    world.start()
    world.ledger.killed = True
    recover(world.executor, world.reconciler)
    assert world.state() == "abandoned" and world.book.get(order().key).cause == "killed" and not world.venue.requests


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize("proof", list(ProofClass))
def test_a_bet_that_was_sent_is_unknown_and_looked_up(proof: ProofClass, placed: bool) -> None:
    world = World(proof)
    if placed and proof is not ProofClass.LISTS:
        world.venue.script = [lambda venue, orders: [venue.take(orders[0])]]
    die_at(world, "send.after_answer" if placed else "send.before_first_byte")
    with pytest.raises(Died):
        world.submit(order())
    assert world.state() == "sent"
    world.points.clear()
    found = world.restart()
    assert world.points[:2] == ["reconcile.before_commit", "reconcile.after_commit"]
    assert found.doubtful == (order().key,)
    by_reference = placed and proof is not ProofClass.LISTS
    expected = "placed" if by_reference or proof is ProofClass.PAPER else "unknown"
    assert world.state() == expected
    assert len(world.venue.requests) == (1 if placed or proof is ProofClass.PAPER else 0)


def test_a_bet_that_was_pending_is_watched_from_the_start() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PENDING)]
    key = world.submit(order())[0].key
    world.venue.say(key, outcome=Outcome.PLACED, odds=2.0, matched_minor=1000)
    world.restart()
    assert world.state() == "placed"


POINTS = [
    "intent.before_commit",
    "intent.after_commit",
    "sent.before_commit",
    "sent.after_commit",
    "send.before_first_byte",
    "send.after_answer",
    "receipt.before_commit",
    "receipt.after_commit",
]
LATER = ["reconcile.before_read", "reconcile.before_commit", "reconcile.after_commit", *POINTS[2:]]


@pytest.mark.parametrize("second", [None, *LATER])
@pytest.mark.parametrize("first", POINTS)
def test_a_day_that_dies_at_one_point_or_two_ends_as_an_undisturbed_one(first: str, second: str | None) -> None:
    quiet = World(ProofClass.PAPER)
    quiet.submit(order())
    world = World(ProofClass.PAPER)
    die_at(world, first)
    with pytest.raises(Died):
        world.submit(order())
    world.clock.monotonic += 999 * SECOND_NS
    world.start()
    if second is not None:
        die_at(world, second)
        try:
            recover(world.executor, world.reconciler)
            world.submit(order())
        except Died:
            world.start()
    world.restart()
    (bet,) = world.submit(order())
    undisturbed = quiet.book.get(bet.key)
    same = ("order", "state", "odds", "matched_minor", "venue_bet_id")
    assert [getattr(bet, name) for name in same] == [getattr(undisturbed, name) for name in same]
    assert world.book.balances == quiet.book.balances and len(world.venue.bets_held) == 1


def test_a_crash_between_the_commit_and_the_alert_leaves_the_trip() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=1.2)]
    die_at(world, "alert.before")
    with pytest.raises(Died):
        world.submit(order())
    world.restart()
    assert world.state() == "placed" and world.book.is_tripped("price/venue/fake") and not world.alarms


# -- restored from a backup -------------------------------------------------------------------------------------------


def test_a_restored_ledger_sends_nothing_and_looks_up_what_it_calls_intended() -> None:
    world = World()
    intend(world, order(1), order(2))
    backup = list(world.rows)
    world.executor.send([order(1).key])  # after the backup was made
    world.rows[:] = backup
    found = world.restart(restored=True)
    assert found.resumed == () and set(found.doubtful) == {order(1).key, order(2).key}
    assert (world.state(1), world.state(2)) == ("placed", "unknown")
    assert len(world.venue.requests) == 1 and world.book.is_tripped("restored")
    rows = len(world.rows)
    world.restart(restored=True)
    assert world.book.trips["restored"] == 1 and len(world.rows) == rows
    world.run_s(60)
    assert world.state(2) == "rejected"


def test_an_attempt_that_may_have_been_made_has_a_number_of_its_own() -> None:
    world = World()
    intend(world, order())
    world.restart(restored=True)
    bet = world.book.get(order().key)
    assert bet.attempts == 1 and bet.sent["restored"] is True and sent(bet, START_NS, START_NS, 1).body["attempt"] == 2


# -- nothing is left out ----------------------------------------------------------------------------------------------

OURS = {
    name for name in CRASH_POINTS if name.split(".")[0] in ("intent", "sent", "send", "receipt", "alert", "reconcile")
}


def test_every_crash_point_of_the_executor_and_of_reconciliation_is_passed() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=1.2)]
    world.submit(order(1))
    world.venue.script = [accept_and_raise(Unanswered("timeout"))]
    world.submit(order(2))
    world.run_s(10)
    assert set(world.points) == OURS - {"receipt.inside_commit"}  # that one is the ledger's


def test_entries_of_a_bet_have_the_names_of_its_states() -> None:
    world = World(settings=ExecutionSettings(attempts_most=1))
    world.venue.script = [NotTaken("dns"), lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED)]]
    world.submit(order(1))
    world.submit(order(2))
    assert {row.entry.kind for row in world.rows} == {
        Kind.CAPITAL,
        Kind.INTENDED,
        Kind.SENT,
        Kind.ABANDONED,
        Kind.REJECTED,
    }
    assert world.book.get(order(2).key).cause == "refused"
