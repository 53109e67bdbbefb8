"""One runner at a time: who gets the lease, when, and what the one that lost it may still do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Fenced, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.lease import this_process
from engine.live.ledger.memory import MemoryDisk, MemoryStore, no_faults
from engine.live.ledger.opening import connect, ledger_path, open_ledger, start
from engine.live.ledger.settings import MS_NS, LedgerSettings
from engine.live.ledger.store import Unfinished
from tests.live.clock import MovedClock
from tests.live.ledger.conftest import Open
from tests.live.ledger.entries import FAST, OPENED, intended

TTL, MARGIN, POLL = FAST.lease_ttl_ms * MS_NS, FAST.takeover_margin_ms * MS_NS, FAST.poll_ms * MS_NS


def runner(
    disk: MemoryDisk, clock: MovedClock, holder: str, faults: Callable[[str], None] = no_faults
) -> ChainedLedger:
    """A runner with the lease."""
    return start(ChainedLedger(MemoryStore(disk, faults), clock, FAST), OPENED, holder)


def test_a_second_runner_waits_the_holders_time_and_the_margin_and_the_first_is_fenced() -> None:
    disk, clock, other = MemoryDisk(), MovedClock(), MovedClock(wall_ns=5, monotonic_ns=10**12)
    first = runner(disk, clock, "a")
    disk.state = replace(disk.state, ttl_ns=2 * TTL)  # the holder's time counts
    second = runner(disk, other, "b")
    assert 2 * TTL + MARGIN <= other.monotonic - 10**12 < 2 * TTL + MARGIN + POLL
    assert (first.epoch, second.epoch) == (1, 2)
    for act in (lambda: first.append([intended(1)]), first.renew):
        with pytest.raises(Fenced, match=r"another runner has taken the lease.*b, epoch 2"):
            act()
    assert [row.epoch for row in second.append([intended(1)])] == [2]
    first.close()  # takes nothing from the second
    assert disk.state.holder == "b"


def test_a_holder_that_renews_is_not_robbed() -> None:
    disk, clock, other = MemoryDisk(), MovedClock(), MovedClock()
    first = runner(disk, clock, "a")
    other.during = first.renew
    with pytest.raises(Fenced, match=r"another runner holds the lease.*a, epoch 1"):
        runner(disk, other, "b")
    assert other.monotonic == POLL and disk.state.holder == "a"


@pytest.mark.parametrize("jump_ns", [-3_600 * 10**9, 3_600 * 10**9])
def test_a_wall_clock_that_jumps_neither_prolongs_nor_ends_a_lease(jump_ns: int) -> None:
    disk, clock, other = MemoryDisk(), MovedClock(), MovedClock()
    first = runner(disk, clock, "a")
    clock.wall += jump_ns
    other.wall += jump_ns
    assert first.lease_left_ns() == TTL
    clock.monotonic += TTL
    assert first.lease_left_ns() == 0
    with pytest.raises(Fenced, match="run out"):
        first.append([intended(1)])
    runner(disk, other, "b")
    assert MARGIN + TTL <= other.monotonic < MARGIN + TTL + POLL


def test_a_lease_counts_from_before_its_renewal_and_an_old_append_renews_it() -> None:
    disk, clock = MemoryDisk(), MovedClock()
    slow = [0]
    ledger = runner(disk, clock, "a", lambda step: setattr(clock, "monotonic", clock.monotonic + slow[0]))
    slow[0] = 7
    beat = disk.state.beat
    ledger.renew()
    assert ledger.lease_left_ns() == TTL - 21 and disk.state.beat == beat + 1  # three steps of a transaction
    ledger.append([intended(1)])
    assert disk.state.beat == beat + 1
    clock.monotonic += FAST.renew_after_ms * MS_NS
    ledger.append([intended(2)])
    assert ledger.lease_left_ns() == TTL - 21 and disk.state.beat == beat + 2


def test_an_append_renews_a_lease_at_the_age_of_the_settings_and_not_before() -> None:
    disk, clock = MemoryDisk(), MovedClock(monotonic_ns=10**15)
    ledger = runner(disk, clock, "a")
    beat, age_ns = disk.state.beat, FAST.renew_after_ms * MS_NS
    clock.monotonic += age_ns - 1
    ledger.append([intended(1)])
    assert disk.state.beat == beat and ledger.lease_left_ns() == TTL - age_ns + 1
    clock.monotonic += 1
    ledger.append([intended(2)])
    assert disk.state.beat == beat + 1 and ledger.lease_left_ns() == TTL
    assert disk.state.wall_ns == clock.wall and disk.state.exclusive
    ledger.close()
    assert (ledger.epoch, ledger.lease_left_ns(), disk.state.holder, disk.state.exclusive) == (0, 0, "", False)
    with pytest.raises(Fenced, match="no lease"):
        ledger.append([intended(3)])


def test_a_lease_that_ran_out_while_nobody_took_it_can_be_renewed() -> None:
    disk, clock = MemoryDisk(), MovedClock()
    ledger = runner(disk, clock, "a")
    clock.monotonic += 10 * TTL
    ledger.renew()
    assert len(ledger.append([intended(1)])) == 1


def test_a_lease_whose_commit_had_no_answer_is_ours_without_waiting() -> None:
    disk, clock = MemoryDisk(), MovedClock()
    answers = iter([None, None, Unfinished("connection lost")])

    def lose(step: str) -> None:
        if (error := next(answers, None)) is not None:
            raise error

    ledger = runner(disk, clock, "a", lose)
    assert ledger.epoch == 1 == disk.state.epoch and clock.monotonic == FAST.retry_wait_ms * MS_NS


def test_attempts_end_with_a_failure() -> None:
    disk, clock = MemoryDisk(), MovedClock()
    lost = [False]

    def lose(step: str) -> None:
        if lost[0]:
            raise Unfinished("connection lost")

    ledger = runner(disk, clock, "a", lose)
    lost[0], before = True, clock.monotonic
    with pytest.raises(LedgerFailure, match=f"connection lost, {FAST.retries + 1} attempts"):
        ledger.append([intended(1)])
    assert clock.monotonic - before == FAST.retry_wait_ms * MS_NS * (2**FAST.retries - 1)
    assert len(disk.rows) == 1


def test_a_dead_process_is_succeeded_at_once_and_one_that_lives_is_not() -> None:
    disk, clock, other = MemoryDisk(), MovedClock(), MovedClock()
    runner(disk, clock, "a")
    disk.owner = None  # the system frees the lock of a process that ends
    second = runner(disk, other, "b")
    assert other.monotonic == 0 and disk.state.exclusive
    disk.owner = object()  # an old process that still has the lock
    third = MovedClock()
    second.renew()  # no longer exclusive
    assert not disk.state.exclusive
    disk.owner = None
    runner(disk, third, "c")
    assert third.monotonic >= TTL + MARGIN


def test_a_closed_ledger_leaves_the_lease_to_the_next(opening: Open) -> None:
    first = opening(clock=MovedClock())
    first.close()
    first.close()
    clock = MovedClock()
    assert opening(clock=clock).epoch == 2 and clock.monotonic == 0


def test_a_file_is_locked_until_its_ledger_is_closed_and_then_nothing_is_left_open(home: Path) -> None:
    first = open_ledger("spring", OPENED, settings=FAST)
    first.renew()
    assert first.state().exclusive  # the lock that it has is still its own
    other = connect("spring", FAST, MovedClock())
    assert not other.alone()
    first.close()
    assert other.alone() and other.alone()
    other.close()
    assert not Path(f"{ledger_path('spring')}-wal").exists()  # SQLite takes it away with the last connection


def test_two_runners_on_a_database(home: object, settings: LedgerSettings, opening: Open) -> None:
    first, clock = opening(clock=MovedClock(), holder="a"), MovedClock()
    clock.during = first.renew
    with pytest.raises(Fenced, match=r"holds the lease.*a, epoch 1"):
        open_ledger("spring", OPENED, settings=settings, clock=clock, holder="b")
    assert len(first.append([intended(1)])) == 1
    second = opening(clock=MovedClock(), holder="b")  # the first one sleeps: it renews no more
    with pytest.raises(Fenced, match="b, epoch 2"):
        first.append([intended(2)])
    with pytest.raises(Fenced, match="b, epoch 2"):
        first.renew()
    assert [row.epoch for row in second.append([intended(2)])] == [2]


def test_names_of_holders_differ() -> None:
    assert this_process() != this_process()


def test_a_holder_that_ended_shows_at_once_where_a_lock_tells(opening: Open, settings: LedgerSettings) -> None:
    ledger = opening()
    reader = ChainedLedger(connect("spring", settings, SystemClock()), SystemClock(), settings)
    assert not reader.holder_ended() and not ledger.holder_ended()
    ledger.close()
    assert reader.holder_ended() == (not settings.url)  # a database on another machine tells nothing
    if not settings.url:
        ledger_path("spring").with_suffix(".lock").unlink()
        assert not reader.holder_ended()
    reader.close()
