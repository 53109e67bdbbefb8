"""The ledger against the venue without a runner, and adopting what a restored ledger does not know."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.live.execution.executor import Intent
from engine.live.execution.reckoning import reckon, take_over
from engine.live.venue import ReadFailed, Unanswered
from tests.live.execution.world import World, order


class Mark:
    """The mark of a restored ledger."""

    def __init__(self, head: str = "") -> None:
        self.head = head

    def restored(self) -> str:
        """Head of the backup."""
        return self.head

    def adopt(self) -> None:
        """Take it away."""
        self.head = ""


def test_a_ledger_that_agrees() -> None:
    world = World()
    world.submit(order())
    world.follow()
    found = reckon(world.executor, world.reconciler, Mark())
    assert found.agrees and not found.unknown and not found.intended


def test_nothing_is_sent_and_nothing_given_up() -> None:
    world = World()
    world.executor._intend([Intent(order(1))])
    world.venue.script = [Unanswered("timeout")]
    world.submit(order(2))
    world.start()
    found = reckon(world.executor, world.reconciler, Mark())
    assert found.intended == (order(1).key,) and found.unknown == (order(2).key,) and not found.agrees
    assert world.state(1) == "intended" and len(world.venue.requests) == 1


def test_a_restored_ledger_is_adopted_with_every_bet_that_it_does_not_know() -> None:
    world, mark = World(), Mark("ab" * 32)
    backup = list(world.rows)
    world.submit(order(1))
    world.rows[:] = backup
    world.start()
    world.follow()
    found = reckon(world.executor, world.reconciler, mark)
    assert found.restored and [receipt.key for receipt in found.findings.strangers] == [order(1).key]
    assert world.book.is_tripped("restored") and world.book.is_tripped("identity")
    after = take_over(world.executor, mark, found, person="ann", reason="the disk died")
    assert after.adopted == (order(1).key,) and not after.restored and mark.head == ""
    assert not world.book.is_tripped("restored") and not world.book.is_tripped("identity")
    assert world.book.external_minor() == 1000 and world.executor.refuse(order(1)) == "adopted"
    world.follow()
    assert reckon(world.executor, world.reconciler, mark).agrees


def test_a_restored_ledger_without_strangers_is_adopted_too() -> None:
    world, mark = World(), Mark("ab" * 32)
    found = reckon(world.executor, world.reconciler, mark)
    assert not found.agrees
    assert take_over(world.executor, mark, found, person="ann", reason="moved").agrees and mark.head == ""


def test_an_adoption_that_was_cut_off_is_done_again() -> None:
    world, mark = World(), Mark("ab" * 32)
    found = reckon(world.executor, world.reconciler, mark)
    take_over(world.executor, mark, found, person="ann", reason="moved")
    mark.head, rows = "ab" * 32, len(world.rows)  # the breaker was ended, and the process died before the mark went
    after = take_over(world.executor, mark, found, person="ann", reason="moved")
    assert after.agrees and mark.head == "" and len(world.rows) == rows


def test_a_bet_that_a_ledger_lost_is_adopted_though_it_is_no_backup() -> None:
    world, mark = World(), Mark()
    before = list(world.rows)
    world.submit(order(1))
    world.rows[:] = before
    world.start()
    world.follow()
    mark.adopt = lambda: pytest.fail("there is no mark to take away")  # type: ignore[method-assign]
    found = reckon(world.executor, world.reconciler, mark)
    assert not found.restored and world.book.is_tripped("identity")
    after = take_over(world.executor, mark, found, person="ann", reason="seen")
    assert after.adopted == (order(1).key,) and not world.book.is_tripped("identity")


def test_what_cannot_be_adopted() -> None:
    world = World()
    found = reckon(world.executor, world.reconciler, Mark())
    with pytest.raises(UsageError, match="nothing to adopt"):
        take_over(world.executor, Mark(), found, person="ann", reason="x")
    world.venue.balance_fails = ReadFailed("timeout")
    mark = Mark("ab" * 32)
    found = reckon(world.executor, world.reconciler, mark)
    assert not found.agrees
    with pytest.raises(UsageError, match="could not be read"):
        take_over(world.executor, mark, found, person="ann", reason="x")
    assert mark.head
