"""Bets without an answer: what proves that they are there, what proves that they are not, and what proves nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from engine.clock import SECOND_NS
from engine.errors import KeyConflict
from engine.live.bets.bet import after
from engine.live.bets.postings import intended, sent, unknown
from engine.live.execution.settings import ExecutionSettings
from engine.live.venue import (
    DUPLICATE,
    ForeignBet,
    NotTaken,
    Outcome,
    ProofClass,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
)
from tests.live.execution.world import START_NS, World, accept_and_raise, order, stated

TIMEOUT = Unanswered("timeout")
ALL = list(ProofClass)
BY_REFERENCE = [ProofClass.SHORT_WINDOW, ProofClass.LOOK_UP]
MINUTE = 60


def lost(world: World, number: int = 1, **values: object) -> str:
    """A bet that the venue never got, and that has no answer; its key."""
    world.venue.script = [TIMEOUT]
    return world.submit(order(number, clock=world.clock, **values))[0].key


def taken(world: World, number: int = 1, **values: object) -> str:
    """A bet that the venue placed without our hearing of it; its key."""
    world.venue.script = [accept_and_raise(TIMEOUT)]
    return world.submit(order(number, clock=world.clock, **values))[0].key


def entry(world: World, key: str, **values: object) -> ForeignBet:
    """A bet of ours as a list without references shows it."""
    bet = world.book.get(key)
    receipt = replace(world.venue.bets_held[key], key="") if key in world.venue.bets_held else None
    shown = ForeignBet(
        receipt.venue_bet_id if receipt else "?",
        bet.order.event_id,
        bet.order.stake_minor,
        market=bet.order.market,
        line=bet.order.line,
        selection=bet.order.selection,
        side=bet.order.side,
        odds=2.0,
        placed_at_ns=world.clock.wall,
        receipt=receipt,
    )
    return replace(shown, **values)  # type: ignore[arg-type]


# -- present ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", [*BY_REFERENCE, ProofClass.PAPER])
def test_a_bet_that_the_venue_shows_is_booked_once(proof: ProofClass) -> None:
    world = World(proof)
    key = taken(world)
    world.run_s(60)
    assert world.kinds(key) == ["intended", "sent", "unknown", "placed"]
    assert len(world.venue.requests) == 1 and world.book.balances["stakes"] == 1000
    assert world.reconciler.due_ns() is None


def test_the_first_look_up_waits_as_the_profile_says() -> None:
    world = World()
    taken(world)
    world.run_s(5)
    assert not world.venue.looked_up and world.state() == "unknown"
    assert world.reconciler.due_ns() == world.clock.monotonic + SECOND_NS
    world.run_s(1)
    assert world.state() == "placed"


def test_duplicate_on_the_first_send_is_looked_up_and_booked() -> None:
    world = World()

    def act(venue, orders):  # type: ignore[no-untyped-def]
        venue.take(orders[0])
        return [Receipt(orders[0].key, "", Outcome.REJECTED, reason=DUPLICATE)]

    world.venue.script = [act]
    world.submit(order())
    world.run_s(10)
    assert world.state() == "placed"


def test_a_bet_that_appears_late_is_never_absent_before() -> None:
    for after_s in (0.1, 30, 150):
        world = World(ProofClass.SHORT_WINDOW)
        key = taken(world)
        world.venue.visible = False
        world.run_s(after_s, after_s)
        world.run_s(10)
        assert world.state() == "unknown"
        world.venue.visible = True
        world.run_s(20)
        assert world.kinds(key) == ["intended", "sent", "unknown", "placed"]


def test_a_list_that_shows_it_and_then_does_not_changes_nothing() -> None:
    world = World()
    key = taken(world)
    world.run_s(10)
    rows = len(world.rows)
    world.venue.visible = False
    world.run_s(600, 5)
    world.auditor.run()
    assert world.state() == "placed" and len(world.venue.requests) == 1
    assert [row.entry.intent for row in world.rows[rows:]].count(key) == 0


@pytest.mark.parametrize("state", ["unknown", "pending"])
def test_pending_and_then_every_end(state: str) -> None:
    ends = {
        "placed": {"outcome": Outcome.PLACED, "odds": 2.0, "matched_minor": 1000},
        "rejected": {"outcome": Outcome.REJECTED, "reason": "suspended"},
        "partial": {"outcome": Outcome.PARTIAL, "odds": 2.0, "matched_minor": 1, "open_minor": 999},
        "lapsed": {"outcome": Outcome.LAPSED},
    }
    for name, end in ends.items():
        world = World()
        world.venue.script = [stated(Outcome.PENDING) if state == "pending" else accept_and_raise(TIMEOUT)]
        (bet,) = world.submit(order())
        world.venue.bets_held[bet.key] = Receipt(bet.key, "v1", Outcome.PENDING)
        world.run_s(30)
        assert world.state() == "pending" and world.book.balances["reserved"] == 1000
        world.venue.say(bet.key, **end)
        world.run_s(30)
        assert world.state() == name and world.kinds(bet.key).count("pending") == 1


def test_one_that_is_never_decided_alarms_and_keeps_its_money() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PENDING)]
    world.submit(order())
    world.run_s(290, 10)
    assert not world.alarms  # until it has been there for 300 s
    world.run_s(3600, 10)
    assert world.state() == "pending" and world.book.balances["reserved"] == 1000
    assert [alarm.name for alarm in world.alarms] == ["bet_undecided"]


def test_a_part_then_more_then_the_rest_lapses_and_old_statements_change_nothing() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PARTIAL, odds=2.0, matched_minor=300, open_minor=700)]
    key = world.submit(order())[0].key
    for matched, rest in ((500, 500), (300, 700), (500, 500), (500, 400), (500, 450)):
        world.venue.say(key, matched_minor=matched, open_minor=rest)
        world.run_s(20)
    assert world.kinds(key)[2:] == ["partial"] * 3
    assert (world.book.get(key).matched_minor, world.book.get(key).open_minor) == (500, 400)
    world.venue.say(key, outcome=Outcome.LAPSED, matched_minor=499, open_minor=0)
    world.run_s(20)
    assert world.state() == "partial"
    world.venue.say(key, matched_minor=500)
    world.run_s(20)
    assert world.state() == "lapsed" and world.book.balances["stakes"] == 500


def test_the_same_reading_twice_writes_once() -> None:
    world = World()
    key = taken(world)
    reading = Reading((world.venue.bets_held[key],), True)
    world.reconciler.take(reading)
    rows = len(world.rows)
    world.reconciler.take(reading)
    assert world.state() == "placed" and len(world.rows) == rows


def test_an_unreadable_receipt_and_an_unknown_reference_book_nothing_and_prove_nothing() -> None:
    world = World(absence_reads=1, absence_wait_ns=0)
    key = taken(world)
    world.venue.say(key, odds=float("nan"))
    world.run_s(30)
    assert world.state() == "unknown"
    world.reconciler.take(Reading((Receipt("00" * 16, "v9", Outcome.PENDING),), True))
    assert world.kinds("00" * 16) == []


def test_a_receipt_before_the_answer_to_its_send_waits_for_it() -> None:
    world = World()

    def act(venue, orders):  # type: ignore[no-untyped-def]
        receipt = venue.take(orders[0])
        world.reconciler.take(Reading((receipt,), True))
        assert world.state() == "sent"
        return [receipt]

    world.venue.script = [act]
    (bet,) = world.submit(order())
    assert world.kinds(bet.key) == ["intended", "sent", "placed"]


def test_a_bet_id_of_another_intent_stops_the_runner() -> None:
    world = World()
    world.submit(order(1))
    taken(world, 2)
    world.venue.say(order(2).key, venue_bet_id="v1")
    with pytest.raises(KeyConflict, match="two intents"):
        world.run_s(10)
    world.venue.say(order(2).key, venue_bet_id="v2", selection="away")
    with pytest.raises(KeyConflict, match="stranger"):
        world.run_s(10)


@pytest.mark.parametrize(("odds", "matched", "name"), [(1.5, 1000, "worse_price"), (2.0, 1500, "more_than_asked")])
def test_what_is_wrong_with_a_late_receipt_is_told_too(odds: float, matched: int, name: str) -> None:
    world = World()
    key = taken(world)
    world.venue.say(key, odds=odds, matched_minor=matched)
    world.run_s(10)
    assert world.state() == "placed" and [alarm.name for alarm in world.alarms] == [name] and len(world.breakers()) == 1


# -- absent -----------------------------------------------------------------------------------------------------------


def reads(world: World, key: str) -> list[int]:
    """When each counted reading was made, in seconds after the send."""
    return [
        row.entry.body["since_sent_ns"] // SECOND_NS
        for row in world.rows
        if row.entry.intent == key and row.entry.kind == "read"
    ]


@pytest.mark.parametrize(
    ("proof", "at"),
    [(ProofClass.SHORT_WINDOW, [180, 190, 200]), (ProofClass.LOOK_UP, [16, 26])],
)
def test_absence_is_proved_by_complete_readings_after_the_wait_and_apart(proof: ProofClass, at: list[int]) -> None:
    world = World(proof, look_up_after_ns=0)
    key = lost(world, window_s=600)
    world.run_s(at[-1] + 10)
    made = reads(world, key)
    assert len(made) == len(at) and all(0 <= ours - least < 10 for ours, least in zip(made, at, strict=True))
    assert all(later - earlier >= 10 for earlier, later in pairwise(made))
    assert world.state() == "rejected" and world.book.get(key).cause == "absent"
    last = world.rows[-1].entry
    assert last.body["proof"] == list(range(1, len(at) + 1)) and world.book.balances["reserved"] == 0
    assert len(world.venue.requests) == 1


@pytest.mark.parametrize("proof", ALL)
@pytest.mark.parametrize("broken", [ReadFailed("timeout"), ValueError("html"), "incomplete"])
def test_readings_that_fail_or_are_not_complete_prove_nothing_in_an_hour(proof: ProofClass, broken: object) -> None:
    world = World(proof)
    key = lost(world, window_s=1)
    act = broken if isinstance(broken, Exception) else lambda reading: replace(reading, complete=False)
    world.venue.reads = [act] * 4000  # type: ignore[list-item]
    world.run_s(3600, 10)
    assert world.state() == "unknown" and not reads(world, key) and world.book.balances["reserved"] == 1000
    names = [alarm.name for alarm in world.alarms]
    assert names.count("bet_unknown") == 1 and names.count("reads_fail") == (1 if broken != "incomplete" else 0)
    if broken != "incomplete":
        assert len(world.venue.looked_up) < 70  # they wait longer after each failure, up to a minute
        assert {cause for cause in world.guards.causes if cause} >= {"timeout"}
    world.venue.reads = []
    if proof is not ProofClass.LOOK_UP:  # its proof has ended with its window
        world.run_s(700, 10)
        assert world.state() == "rejected"


def test_failures_are_counted_in_a_row() -> None:
    world = World()
    lost(world)
    broken = ReadFailed("dns")
    world.venue.reads = [broken, broken, lambda reading: reading, broken, broken]
    world.run_s(200, 1)
    assert "reads_fail" not in [alarm.name for alarm in world.alarms]


def test_after_the_time_of_a_look_up_nothing_proves_an_absence() -> None:
    world = World()
    key = lost(world)
    world.venue.reads = [ReadFailed("timeout")] * 60
    world.clock.pass_s(1801)
    world.venue.reads = []
    world.run_s(600, 10)
    assert world.state() == "unknown" and not reads(world, key)


def test_after_a_restart_the_waits_begin_anew_and_wall_time_counts_for_the_window() -> None:
    world = World(ProofClass.SHORT_WINDOW)
    key = lost(world)
    world.run_s(190)
    assert len(reads(world, key)) == 1
    world.restart()
    world.run_s(170, 5)
    assert world.state() == "unknown" and len(reads(world, key)) == 1
    world.run_s(60, 5)
    assert world.state() == "rejected" and world.rows[-1].entry.body["proof"] == [2, 3, 4]
    readings = [row.entry for row in world.rows if row.entry.kind.value == "read"]
    assert [(one.key, one.body["number"]) for one in readings] == [(f"read:{key}:{n}", n) for n in (1, 2, 3, 4)]

    world = World()
    key = lost(world)
    world.clock.wall += 1801 * SECOND_NS  # the machine slept; the monotonic clock stood still
    world.run_s(60)
    assert world.state() == "unknown" and not reads(world, key)


def test_a_clock_that_went_back_after_a_restart_does_not_lengthen_the_time_of_a_look_up() -> None:
    world = World()
    key = lost(world)
    world.clock.pass_s(1000)
    world.restart()
    world.clock.wall -= 3600 * SECOND_NS
    world.clock.pass_s(900)  # 1,900 s since the send, and the venue forgets after 1,800
    world.run_s(60)
    assert world.state() == "unknown" and not reads(world, key)


def test_a_clock_that_went_back_does_not_open_the_window_again() -> None:
    world = World(resend=True)
    lost(world)
    world.clock.pass_s(61)
    world.clock.wall -= 3600 * SECOND_NS
    world.run_s(5)
    assert len(world.venue.requests) == 1


def test_a_bet_that_was_not_sent_here_and_not_found_at_the_start_is_watched_from_the_first_step() -> None:
    world = World(ProofClass.SHORT_WINDOW, resend=True)
    intent = order()
    rows = [intended(intent, {}, START_NS)]
    for make in (lambda bet: sent(bet, START_NS, START_NS, 1, {}), lambda bet: unknown(bet, "x", START_NS)):
        bet = None
        for row in rows:
            bet = after(bet, row)
        rows.append(make(bet))
    world.journal.write(rows)
    world.run_s(30)
    assert world.state() == "unknown" and not world.venue.requests and world.venue.looked_up
    assert set(world.guards.causes) == {""}


def test_a_clock_that_goes_back_does_not_shorten_a_wait() -> None:
    world = World(ProofClass.SHORT_WINDOW)
    key = lost(world)
    world.clock.wall -= 3600 * SECOND_NS
    world.run_s(175)
    assert world.state() == "unknown" and not reads(world, key)


def test_paper_knows_at_once() -> None:
    world = World(ProofClass.PAPER)
    key = lost(world, window_s=1)
    world.run_s(2)
    assert world.state() == "rejected" and len(reads(world, key)) == 1 and len(world.venue.requests) == 1
    assert world.venue.closed == [key]


def test_an_absence_on_paper_waits_until_the_venue_has_closed_the_reference() -> None:
    world = World(ProofClass.PAPER)
    key = lost(world, window_s=1)
    world.venue.reads = [lambda reading: reading, ReadFailed("database"), lambda reading: reading]
    world.clock.pass_s(2)
    world.reconciler.step()
    assert world.state() == "unknown" and not reads(world, key)
    late = world.venue.take(world.book.get(key).order)
    world.venue.reads = [lambda reading: Reading((), True)]  # it comes between the look-up and the closing
    world.run_s(30)
    assert world.state() == "placed" and world.book.get(key).venue_bet_id == late.venue_bet_id


# -- after all --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ({"outcome": Outcome.PLACED, "odds": 2.0, "matched_minor": 1000}, "placed"),
        ({"outcome": Outcome.PARTIAL, "odds": 2.0, "matched_minor": 10, "open_minor": 990}, "partial"),
        ({"outcome": Outcome.LAPSED, "odds": 2.0, "matched_minor": 10}, "placed"),
        ({"outcome": Outcome.PENDING}, "partial"),
        ({"outcome": Outcome.LAPSED}, None),
        ({"outcome": Outcome.REJECTED}, None),
    ],
)
@pytest.mark.parametrize("gone", ["absent", "refused", "abandoned"])
def test_a_bet_that_was_held_to_be_gone_and_is_there(gone: str, end: dict[str, object], state: str | None) -> None:
    world = World(settings=ExecutionSettings(attempts_most=1))
    if gone == "absent":
        key = lost(world)
        world.run_s(60)
    else:
        refusal = Receipt(order().key, "", Outcome.REJECTED, reason="status_400")
        world.venue.script = [NotTaken("status_429") if gone == "abandoned" else lambda venue, orders: [refusal]]
        key = world.submit(order())[0].key
    before = world.state()
    assert before == ("abandoned" if gone == "abandoned" else "rejected")
    world.venue.take(order(), Outcome.PENDING)
    world.venue.say(key, **end)
    world.auditor.run()
    assert world.state() == (state or before)
    assert [alarm.name for alarm in world.alarms] == (["bet_after_all"] if state else [])
    assert world.breakers() == (["proof/venue/fake"] if state else [])


def test_more_matched_after_a_rest_had_lapsed() -> None:
    world = World()
    world.venue.script = [stated(Outcome.LAPSED, odds=2.0, matched_minor=100)]
    key = world.submit(order())[0].key
    world.venue.say(key, outcome=Outcome.PLACED, matched_minor=100)
    world.auditor.run()
    assert world.state() == "lapsed"
    world.venue.say(key, matched_minor=300)
    world.auditor.run()
    assert world.state() == "placed" and world.breakers() == ["proof/venue/fake"]


# -- resend -----------------------------------------------------------------------------------------------------------


def test_resend_is_off_unless_the_profile_says_so() -> None:
    for proof in BY_REFERENCE:
        world = World(proof)
        lost(world, window_s=600)
        world.run_s(300, 5)
        assert len(world.venue.requests) == 1


def test_a_resend_needs_a_look_up_that_says_no_and_uses_the_same_key() -> None:
    world = World(resend=True)
    key = lost(world)
    world.run_s(10)
    assert world.kinds(key) == ["intended", "sent", "unknown", "sent", "placed"]
    assert world.venue.requests == [[key], [key]] and len(world.venue.looked_up) == 1
    first, second = (row.entry.at_ns for row in world.rows if row.entry.kind.value == "sent")
    assert (first, second) == (START_NS, START_NS + 6 * SECOND_NS)  # the first look-up is 6 s after the send
    world = World(resend=True)
    key = taken(world)
    world.run_s(10)
    assert world.venue.requests == [[key]] and world.state() == "placed"


@pytest.mark.parametrize(("asked_s", "requests"), [(35, 2), (37, 1)])
def test_a_short_window_allows_a_resend_until_36_s_after_the_first_send(asked_s: int, requests: int) -> None:
    world = World(ProofClass.SHORT_WINDOW, resend=True)
    lost(world, window_s=600)
    world.clock.pass_s(asked_s)
    world.reconciler.step()
    assert len(world.venue.requests) == requests


def test_a_short_window_allows_no_resend_in_another_process() -> None:
    for proof, requests in ((ProofClass.SHORT_WINDOW, 1), (ProofClass.LOOK_UP, 2)):
        world = World(proof, resend=True)
        lost(world)
        world.restart()
        assert len(world.venue.requests) == requests


def test_a_resend_ends_with_the_decision_window_the_attempts_and_the_budget() -> None:
    for settings, window_s, requests in (
        (ExecutionSettings(), 5, 1),
        (ExecutionSettings(attempts_most=1), 600, 1),
        (ExecutionSettings(attempts_most=3), 600, 3),
        (ExecutionSettings(retries_per_minute=0), 600, 1),
    ):
        world = World(settings=settings, resend=True)
        world.venue.script = [TIMEOUT] * 9
        world.submit(order(window_s=window_s))
        world.run_s(50)
        assert len(world.venue.requests) == requests, settings
        assert world.state() in ("unknown", "rejected")


@pytest.mark.parametrize("case", ["killed", "guard", "lease", "late"])
def test_what_keeps_a_resend_here_leaves_the_bet_unknown(case: str) -> None:
    world = World(resend=True)
    key = lost(world)
    if case == "killed":
        world.ledger.killed = True
    elif case == "guard":
        world.guards.no = "breaker_service"
    elif case == "lease":
        world.ledger.lease_left_ns = lambda: 1  # type: ignore[method-assign]
    else:
        world.executor.probe = lambda name: world.clock.pass_s(61) if name == "sent.before_commit" else None
    world.run_s(8)
    assert world.state() == "unknown" and world.venue.requests == [[key]]
    assert world.book.get(key).cause == ("late" if case == "late" else "timeout")
    if case == "guard":  # what cannot be sent again is counted like any other reading
        world.run_s(32)
        assert world.state() == "rejected"


@pytest.mark.parametrize(
    ("second", "cause"),
    [
        (NotTaken("connect"), "connect"),
        (Unanswered("reset"), "reset"),
        (
            lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED, reason="price_moved")],
            "refused_price_moved",
        ),
        (lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED, reason=DUPLICATE)], "duplicate"),
    ],
)
def test_no_answer_to_a_resend_but_a_bet_says_anything_about_the_request_before(second: object, cause: str) -> None:
    world = World(resend=True)
    key = lost(world)
    world.venue.script = [second]  # type: ignore[list-item]
    world.run_s(8)
    assert world.state() == "unknown" and world.book.get(key).cause == cause and world.book.get(key).attempts == 2
    assert world.book.get(key).unknown_since_ns == START_NS


def test_paper_sends_again_and_believes_the_refusal() -> None:
    world = World(ProofClass.PAPER)
    key = lost(world)
    refusal = Receipt(key, "", Outcome.REJECTED, reason="price_moved")
    world.venue.script = [NotTaken("connect"), lambda venue, orders: [refusal]]
    world.run_s(30)
    assert world.state() == "rejected" and world.book.get(key).cause == "price_moved"
    assert world.kinds(key) == ["intended", "sent", "unknown", "sent", "unknown", "sent", "rejected"]


# -- venues that only have lists --------------------------------------------------------------------------------------


def test_a_list_entry_that_fits_one_bet_only_is_that_bet() -> None:
    world = World(ProofClass.LISTS)
    key = taken(world)
    world.venue.foreign = [entry(world, key), ForeignBet("by hand", 7, 50)]
    world.run_s(20)
    assert world.kinds(key) == ["intended", "sent", "unknown", "placed"] and world.book.owner("fake/v1") == key
    world.venue.foreign = [replace(entry(world, key), receipt=None)]
    world.run_s(20)
    assert world.state() == "placed"


WRONG = [
    {"event_id": 8},
    {"market": "totals"},
    {"line": 2.5},
    {"selection": "away"},
    {"side": "lay"},
]
#: on the same selection: it may be ours after all
NEARLY = [
    {"odds": 1.8},
    {"placed_at_ns": START_NS - 61 * SECOND_NS},
    {"placed_at_ns": START_NS + 3600 * SECOND_NS},
    {"receipt": None},
    {"receipt": Receipt("", "v1", Outcome.PLACED, odds=2.0, matched_minor=999)},
]


@pytest.mark.parametrize("wrong", [*WRONG, *NEARLY])
def test_a_list_entry_that_differs_anywhere_is_not_ours(wrong: dict[str, object]) -> None:
    world = World(ProofClass.LISTS)
    key = taken(world)
    world.venue.foreign = [entry(world, key, **wrong)]
    world.run_s(30)
    assert world.state() == "unknown"
    assert [alarm.name for alarm in world.alarms] == ["bet_ambiguous"] * (wrong in NEARLY)


@pytest.mark.parametrize("wrong", [*WRONG, *NEARLY])
def test_absence_is_not_proved_while_a_new_entry_stands_on_the_selection(wrong: dict[str, object]) -> None:
    world = World(ProofClass.LISTS)
    key = taken(world)
    world.venue.foreign = [entry(world, key, **wrong)]  # and other money came in: the balance says nothing
    world.run_s(1300, 10)
    assert world.state() == ("unknown" if wrong in NEARLY else "rejected")
    assert bool(reads(world, key)) == (wrong in WRONG)


def test_a_list_entry_that_was_there_before_the_send_is_not_ours() -> None:
    world = World(ProofClass.LISTS)
    other = ForeignBet("v1", 7, 1000)
    world.venue.foreign = [other]
    key = taken(world)
    world.venue.foreign = [entry(world, key)]
    world.run_s(30)
    assert world.book.get(key).sent["bet_ids"] == ["v1"] and world.state() == "unknown"


@pytest.mark.parametrize("case", ["two entries", "two bets"])
def test_a_match_that_is_not_unique_both_ways_is_left_to_a_person(case: str) -> None:
    world = World(ProofClass.LISTS)
    key = taken(world)
    entries = [entry(world, key)]
    if case == "two entries":
        entries.append(replace(entries[0], venue_bet_id="v2"))
    else:
        lost(world, 2)
    world.venue.foreign = entries
    world.run_s(1300, 10)
    assert world.state() == "unknown" and not reads(world, key)
    assert {alarm.name for alarm in world.alarms} == {"bet_ambiguous", "bet_unknown"}


def test_absence_from_lists_needs_ten_minutes_two_lists_and_the_same_balance() -> None:
    world = World(ProofClass.LISTS)
    world.venue.balance = 100_700  # whatever the difference to the ledger is, it must stay
    key = lost(world)
    assert world.book.get(key).sent["offset_minor"] == 700
    world.run_s(590, 10)
    assert not reads(world, key)
    world.run_s(60, 10)
    assert world.state() == "rejected" and len(reads(world, key)) == 2 and reads(world, key)[0] >= 600


@pytest.mark.parametrize("failing", [None, ReadFailed("timeout")])
def test_a_balance_that_moved_or_cannot_be_read_proves_no_absence(failing: Exception | None) -> None:
    world = World(ProofClass.LISTS)
    key = lost(world)
    world.venue.balance -= 1000
    world.venue.balance_fails = failing
    world.run_s(1300, 10)
    assert world.state() == "unknown" and not reads(world, key)
    assert [alarm.name for alarm in world.alarms] == ["bet_unknown", *([] if failing else ["bet_ambiguous"])]


# -- settlement by the venue ------------------------------------------------------------------------------------------


def settled_at_venue(world: World, key: str, pnl: int | None, version: int = 1, **values: object) -> None:
    """The venue settles a bet."""
    end = {"outcome": Outcome.SETTLED, "odds": 2.0, "matched_minor": 1000, "open_minor": 0}
    world.venue.say(key, **{**end, "pnl_minor": pnl, "version": version, **values})


def test_a_bet_without_an_answer_in_the_settled_list_is_placed_and_settled_with_one_profit() -> None:
    world = World()
    key = taken(world)
    settled_at_venue(world, key, 1000)
    world.run_s(30)
    assert world.kinds(key) == ["intended", "sent", "unknown", "placed", "settled"]
    assert world.book.balances["cash"] == 101_000 and world.book.balances["pnl"] == -1000


def test_on_paper_the_results_settle() -> None:
    world = World(ProofClass.PAPER)
    key = taken(world)
    settled_at_venue(world, key, 1000)
    world.run_s(30)
    assert world.state() == "placed"


@pytest.mark.parametrize("state", ["pending", "partial", "rejected"])
def test_a_settlement_of_a_bet_that_was_not_placed_here_places_it_first(state: str) -> None:
    world = World()
    outcome, sizes = {
        "pending": (Outcome.PENDING, {}),
        "partial": (Outcome.PARTIAL, {"odds": 2.0, "matched_minor": 300, "open_minor": 700}),
        "rejected": (Outcome.REJECTED, {"reason": "x"}),
    }[state]
    world.venue.script = [stated(outcome, **sizes)]
    key = world.submit(order())[0].key
    settled_at_venue(world, key, -1000)
    world.auditor.run()
    assert world.kinds(key)[-2:] == ["placed", "settled"]
    assert world.book.balances["cash"] == 99_000


def test_a_void_of_something_that_was_never_matched_lapses() -> None:
    world = World()
    key = taken(world)
    settled_at_venue(world, key, 0, outcome=Outcome.VOID, matched_minor=0)
    world.run_s(30)
    assert world.state() == "lapsed" and world.book.balances["cash"] == 100_000


def test_corrections_count_once_each_and_old_versions_not_at_all() -> None:
    world = World()
    key = world.submit(order())[0].key
    for pnl, version, outcome in (
        (1000, 1, Outcome.SETTLED),
        (1000, 1, Outcome.SETTLED),
        (-1000, 2, Outcome.SETTLED),
        (1000, 1, Outcome.SETTLED),
        (0, 3, Outcome.VOID),
        (-1000, 2, Outcome.SETTLED),
    ):
        settled_at_venue(world, key, pnl, version, outcome=outcome)
        world.auditor.run()
    assert world.kinds(key)[3:] == ["settled", "reversed", "settled", "reversed", "void"]
    assert world.book.balances["cash"] == 100_000
    assert [alarm.name for alarm in world.alarms if "balance" not in alarm.name] == ["settlement_differs"] * 2


def test_a_settlement_whose_money_is_not_known_yet_waits_and_a_void_needs_none() -> None:
    world = World()
    key = taken(world)
    settled_at_venue(world, key, None)
    world.run_s(10)
    assert world.state() == "placed"
    settled_at_venue(world, key, None, outcome=Outcome.VOID)
    world.auditor.run()
    assert world.state() == "void" and world.book.balances["cash"] == 100_000


def test_a_pending_bet_that_is_not_shown_stays_pending() -> None:
    world = World(absence_reads=1, absence_wait_ns=0)
    world.venue.script = [stated(Outcome.PENDING)]
    world.submit(order())
    world.venue.visible = False
    world.run_s(60)
    assert world.state() == "pending" and world.venue.looked_up


def test_a_claimed_list_entry_that_states_nothing_changes_nothing() -> None:
    world = World(ProofClass.LISTS)
    world.venue.script = [stated(Outcome.PARTIAL, odds=2.0, matched_minor=300, open_minor=700)]
    key = world.submit(order())[0].key
    world.venue.foreign = [replace(entry(world, key), receipt=None)]
    world.run_s(30)
    assert world.state() == "partial"
    world.venue.say(key, outcome=Outcome.PLACED, matched_minor=1000, open_minor=0)
    world.venue.foreign = [entry(world, key)]
    world.run_s(30)
    assert world.state() == "placed"


def test_readings_count_only_as_far_apart_as_the_profile_says() -> None:
    world = World(absence_gap_ns=25 * SECOND_NS)
    key = lost(world)
    world.run_s(120)
    assert reads(world, key) == [16, 46] and world.state() == "rejected"


@pytest.mark.parametrize("proof", BY_REFERENCE)
def test_a_bet_whose_event_was_moved_goes_on_under_its_reference_and_is_settled_once(proof: ProofClass) -> None:
    world = World(proof)
    key = taken(world)
    world.venue.say(key, event_id=None)  # the event has another id now, which nobody here knows
    world.run_s(30)
    assert world.state() == "placed" and world.book.external_minor() == 0
    world.follow()
    for _ in range(3):
        world.clock.pass_s(24 * 60 * MINUTE)
        world.auditor.run()
    assert world.state() == "placed" and world.book.adjustments == 0
    world.venue.say(key, outcome=Outcome.SETTLED, pnl_minor=-1000, version=1)
    for _ in range(2):
        world.auditor.run()
    assert world.kinds(key)[-2:] == ["placed", "settled"] and world.book.external_minor() == 0
    assert len(world.book) == 1 and world.breakers() == []


def test_a_list_that_does_not_know_the_event_proves_nothing_about_a_bet_without_an_answer() -> None:
    world = World(ProofClass.LISTS)
    key = taken(world)
    world.venue.foreign = [replace(entry(world, key), event_id=None)]  # moved, and void: the balance is where it was
    world.run_s(30 * MINUTE, step_s=10)
    assert world.state() == "unknown" and [alarm.name for alarm in world.alarms].count("bet_ambiguous") == 1
    world.venue.foreign = [entry(world, key)]  # it has learned it
    world.run_s(MINUTE, step_s=10)
    assert world.state() == "placed"


@pytest.mark.parametrize(("age_s", "complete", "state"), [
    (30 * MINUTE, True, "pending"), (50 * MINUTE, True, "rejected"), (50 * MINUTE, False, "pending"),
    (8 * 24 * 3600, True, "pending"),
])  # fmt: skip
def test_a_bet_that_a_venue_forgets_when_it_declines_it_is_declined_between_two_ages(
    age_s: int, complete: bool, state: str
) -> None:
    world = World(ProofClass.LOOK_UP)
    world.venue.profile = replace(world.venue.profile, declined_ns=(45 * MINUTE * SECOND_NS, 6 * 86_400 * SECOND_NS))
    world.venue.script = [stated(Outcome.PENDING)]
    key = world.submit(order(clock=world.clock))[0].key
    world.clock.sleep_ns(age_s * SECOND_NS)
    world.venue.visible = False
    world.venue.reads = [lambda reading: replace(reading, complete=complete)] * 20
    world.run_s(120, 5)
    assert world.state() == state
    if state == "rejected":
        assert world.kinds(key).count("read") == 2 and not world.book.balances["reserved"]
