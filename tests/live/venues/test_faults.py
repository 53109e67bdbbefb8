"""Each fault of a venue through executor and reconciliation: what stands in the end, there and in the ledger."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.clock import SECOND_NS
from engine.errors import KeyConflict
from engine.live.venue import Outcome, Profile
from tests.live.execution.world import START_NS, order
from tests.live.venues.line import FREE, Line
from tests.venue_server.desk import Desk
from tests.venue_server.faults import FAULTS
from tests.venue_server.profiles import LISTS, LOOK_UP, SHORT_WINDOW


class End(NamedTuple):
    """How a fault ends: state, bets at the venue, the state right after the send, alarms, breakers."""

    state: str
    bets: int
    first: str = ""
    alarms: tuple[str, ...] = ()
    breakers: tuple[str, ...] = ()


LOST = End("placed", 1, "unknown")
NEVER = End("rejected", 0, "unknown")
PLACED, REFUSED = End("placed", 1, "placed"), End("rejected", 0, "rejected")
ENDS = {
    "connection_refused": PLACED,
    "timeout_before": NEVER,
    "timeout_after": LOST,
    "reset_in_request": NEVER,
    "reset_after_request": LOST,
    "answer_cut": LOST,
    "length_too_long": LOST,
    "chunk_missing": LOST,
    "json_truncated": LOST,
    "html": LOST,
    "empty_body": LOST,
    "unknown_status": LOST,
    "extra_fields": PLACED,
    "missing_fields": LOST,
    "wrong_reference": LOST._replace(alarms=("wrong_reference",)),
    **{f"status_{code}_taken": LOST for code in (500, 502, 503, 504)},
    **{f"status_{code}": NEVER for code in (500, 502, 503, 504)},
    "status_400": REFUSED,
    "status_401": PLACED,
    "status_403": REFUSED,
    "business_refusal": REFUSED,
    "rate_limit": PLACED,
    "rate_limit_without_time": PLACED,
    "rate_limit_absurd": End("abandoned", 0, "abandoned"),
    "rate_limit_date": End("abandoned", 0, "abandoned"),
    "lying_429": PLACED,
    "lying_400": End("placed", 1, "rejected", ("bet_after_all",), ("proof/venue/look_up",)),
    "session_expired": PLACED,
    "answer_twice": PLACED,
    "answer_late": LOST,
    "pending_then_taken": End("placed", 1, "pending"),
    "pending_then_refused": End("rejected", 0, "pending"),
    "pending_for_ever": End("pending", 1, "pending", ("bet_undecided",)),
    "partial_then_matched": End("placed", 1, "partial"),
    "partial_then_lapsed": End("lapsed", 1, "partial"),
    "partial_for_ever": End("partial", 1, "partial"),
    "price_moved": REFUSED,
    "price_better": PLACED,
    "price_worse_taken": PLACED._replace(alarms=("worse_price",), breakers=("price/venue/look_up",)),
    "stake_cut": PLACED,
    "stake_rounded": PLACED,
    "insufficient_funds": REFUSED._replace(alarms=("insufficient_funds",), breakers=("funds/venue/look_up",)),
    **dict.fromkeys(("suspended", "postponed", "started", "cut_off"), REFUSED),
    "batch_backwards": PLACED,
    "duplicate_on_first": NEVER,
}


@pytest.mark.parametrize("name", ENDS)
def test_what_stands_after_a_fault_of_the_send(name: str) -> None:
    world, end = Line(), ENDS[name]
    world.inject(name)
    (bet,) = world.submit(order(clock=world.clock))
    assert str(bet.state) == end.first
    world.run_s(120, 2)
    world.auditor.run()
    world.run_s(600, 20)
    assert (world.state(), world.at_venue()) == (end.state, end.bets)
    assert tuple(dict.fromkeys(alarm.name for alarm in world.alarms)) == end.alarms
    assert tuple(world.breakers()) == end.breakers
    truth, bet = world.desk.truth(order().key), world.bet()
    matched = (truth.matched_minor, truth.odds) if truth else (0, 0.0)
    assert (bet.matched_minor, bet.odds if bet.matched_minor else 0.0) == matched and world.agrees()
    assert world.desk.sent[order().key] <= bet.attempts, "no request that the ledger does not know"


@pytest.mark.parametrize("name", ["connection_refused", "rate_limit_without_time", "login_fails"])
def test_a_fault_that_lasts_ends_with_the_window(name: str) -> None:
    world = Line()
    world.inject(name, 10**6)
    if name == "login_fails":
        world.inject("session_expired", 10**6)
    (bet,) = world.submit(order(clock=world.clock))
    assert (str(bet.state), world.at_venue()) == ("abandoned", 0) and world.agrees()
    assert bet.attempts > 1


@pytest.mark.parametrize(("name", "profile"), [("shown_after_0.1_s", SHORT_WINDOW), ("shown_after_30_s", SHORT_WINDOW),
                                               ("shown_after_150_s", SHORT_WINDOW), ("shown_after_150_s", LISTS),
                                               ("timeout_after", LISTS), ("timeout_before", LISTS)])  # fmt: skip
def test_a_bet_that_the_lists_show_late_is_never_called_absent(name: str, profile: Profile) -> None:
    world = Line(profile)
    world.inject(name)
    (bet,) = world.submit(order(clock=world.clock))
    assert str(bet.state) == "unknown"
    states = []
    for _ in range(200):
        world.run_s(10, 5)
        states.append(world.state())
    last = "rejected" if name == "timeout_before" else "placed"
    assert set(states) <= {"unknown", last} and states[-1] == last
    assert world.at_venue() == (name != "timeout_before") and world.agrees()


@pytest.mark.parametrize("name", ["look_up_timeout", "look_up_status_500", "look_up_refused"])
def test_an_hour_of_failed_look_ups_proves_nothing(name: str) -> None:
    world = Line()
    world.inject("timeout_after")
    world.inject(name, 10**6, 3_600)
    world.submit(order(clock=world.clock))
    while world.clock.wall_ns() < START_NS + 3_500 * SECOND_NS:
        world.run_s(20, 20)
    assert world.state() == "unknown" and world.bet().reads == 0
    assert {"reads_fail", "bet_unknown"} <= {alarm.name for alarm in world.alarms}
    world.run_s(900, 20)
    assert world.state() == "placed" and world.agrees()


@pytest.mark.parametrize("name", ["list_flickers", "list_cached", "list_capped", "list_twice"])
def test_lists_that_are_not_whole_prove_no_absence(name: str) -> None:
    world = Line()
    world.inject("timeout_after")
    world.inject(name, 10**6)
    world.submit(order(clock=world.clock))
    world.run_s(900, 5)
    assert world.state() == ("unknown" if name == "list_capped" else "placed")
    world.desk.heal()
    world.run_s(900, 20)
    assert world.state() == "placed" and world.agrees() and world.kinds(order().key).count("placed") == 1


def test_a_venue_that_forgot_what_it_took_is_sent_nothing_again() -> None:
    world = Line()
    world.inject("timeout_after")
    world.submit(order(clock=world.clock))
    world.run_s(60, 2)
    assert world.state() == "placed"
    sent = world.desk.sent[order().key]
    world.inject("list_flickers", 10**6)
    world.run_s(600, 10)
    assert world.state() == "placed" and world.desk.sent[order().key] == sent == 1


def test_a_batch_is_answered_order_by_order() -> None:
    world = Line()
    world.inject("batch_mixed")
    orders = [order(number, clock=world.clock, stake_minor=100 * number) for number in (1, 2, 3)]
    assert [str(bet.state) for bet in world.submit(*orders)] == ["placed", "unknown", "rejected"]
    world.run_s(120, 2)
    assert [world.state(number) for number in (1, 2, 3)] == ["placed", "placed", "rejected"] and world.agrees()


def test_a_strangers_bet_under_our_key_stops_the_runner() -> None:
    world = Line()
    world.inject("key_of_a_stranger")
    world.submit(order(clock=world.clock))
    with pytest.raises(KeyConflict, match="stranger"):
        world.run_s(60, 2)


def test_a_bet_of_somebody_else_counts_and_is_never_ours() -> None:
    for profile in (LOOK_UP, LISTS):
        world = Line(profile)
        world.submit(order(clock=world.clock))
        world.inject("foreign_bet")
        assert [bet.venue_bet_id for bet in world.auditor.run().external] == ["hand-1"]
        assert next(alarm.name for alarm in world.alarms) == "bet_external"
        assert world.book.external_minor() == 700


@pytest.mark.parametrize("name", ["bets_timeout", "bets_status_500"])
def test_an_audit_that_cannot_read_finds_nothing(name: str) -> None:
    world = Line()
    world.submit(order(clock=world.clock))
    world.inject(name)
    assert world.auditor.run().failed and not world.alarms
    assert not world.auditor.run().failed and world.agrees()


def test_ids_that_the_venue_uses_twice_stop_the_runner() -> None:
    world = Line()
    world.submit(order(1, clock=world.clock))
    world.inject("ids_reused", 10**6)
    with pytest.raises(KeyConflict, match="bet id"):
        world.submit(order(2, clock=world.clock))


Settle = Callable[[Desk, str], Any]
SETTLEMENTS: dict[str, tuple[list[Settle], int, str]] = {
    "F30 twice": ([lambda d, k: d.settle(k, 900), lambda d, k: d.settle(k, 900)], 900, "settled"),
    "F31 corrected twice": (
        [lambda d, k: d.settle(k, 900), lambda d, k: d.settle(k, -1_000, 2), lambda d, k: d.settle(k, 0, 3, void=True)],
        0, "void",
    ),
    "F32 void after settlement": (
        [lambda d, k: d.settle(k, 900), lambda d, k: d.settle(k, 0, 2, void=True)], 0, "void",
    ),
    "F32 part void": ([lambda d, k: d.settle(k, 450)], 450, "settled"),
    "matched and then failed": ([lambda d, k: d.settle(k, 0, void=True)], 0, "void"),
    "F34 commission of a cent": ([lambda d, k: d.settle(k, 900, commission_minor=19)], 881, "settled"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTLEMENTS)
def test_each_version_of_a_settlement_is_one_profit(name: str) -> None:
    changes, profit, state = SETTLEMENTS[name]
    world = Line()
    world.submit(order(clock=world.clock))
    for change in changes:
        change(world.desk, order().key)
        for _ in range(2):
            world.auditor.run()
        assert world.agrees(), "the money of the venue is that of the ledger after each version"
    assert world.state() == state and world.desk.venue.balance_minor() == FREE + profit
    assert ("balance_differs" in {alarm.name for alarm in world.alarms}) == name.startswith("F34")


def test_a_settlement_of_a_bet_without_an_answer_is_both() -> None:
    """F33: the list of settled bets shows a bet that is unknown here."""
    world = Line()
    world.inject("timeout_after")
    world.submit(order(clock=world.clock))
    world.desk.settle(order().key, -1_000)
    world.run_s(120, 2)
    assert world.state() == "settled" and world.agrees()
    assert {"placed", "settled"} <= set(world.kinds(order().key))


def test_a_cancel_while_the_venue_has_it_and_we_have_not_heard() -> None:
    """The answer is lost, the bet waits at the venue, and we cancel it by its key before we know of it."""
    world = Line()
    world.inject("partial_for_ever")
    world.submit(order(clock=world.clock))
    receipt = world.venue.cancel(order().key)
    assert (receipt.outcome, receipt.matched_minor) == (Outcome.LAPSED, 500)
    world.run_s(60, 2)
    assert world.state() == "lapsed" and world.agrees()


def test_every_fault_is_used_here() -> None:
    text = Path(__file__).read_text()
    assert [name for name in FAULTS if name not in ENDS and f'"{name}"' not in text] == []
    rows = {fault.id for fault in FAULTS.values()}
    assert rows == {f"F{number:02}" for number in range(1, 29)}


def test_the_guide_names_every_fault_and_tests_that_exist() -> None:
    root = Path(__file__).resolve().parents[3]
    guide = (root / "docs" / "venues.md").read_text()
    rows = [line for line in guide.splitlines() if re.match(r"\| F\d\d", line)]
    named = set(re.findall(r"`([a-z0-9_.]+)`", "\n".join(rows)))
    tests = {name for name in named if name.startswith("test_")}
    assert named - tests == set(FAULTS)
    texts = [
        (root / path).read_text() for path in ("tests/contract/test_venues.py", "tests/live/venues/test_faults.py")
    ]
    assert [name for name in tests if not any(f"def {name}(" in text for text in texts)] == []
    for name in FAULTS:
        row = next(line for line in rows if f"`{name}`" in line)
        assert row.startswith("| F30") or FAULTS[name].id in row.split("|")[1], name
