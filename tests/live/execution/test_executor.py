"""The executor against a scripted venue: what each answer, and each lack of one, comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError, Fenced, KeyConflict
from engine.live.bets.states import BetState
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.settings import ExecutionSettings
from engine.live.venue import (
    DUPLICATE,
    IMPLAUSIBLE,
    INSUFFICIENT_FUNDS,
    ForeignBet,
    NotTaken,
    Order,
    Outcome,
    ProofClass,
    ReadFailed,
    Receipt,
    Unanswered,
)
from tests.live.execution.world import START_NS, Said, ScriptedVenue, World, accept_and_raise, order, stated


def money(world: World) -> tuple[int, int, int]:
    """Cash, reserved and stakes."""
    balances = world.book.balances
    assert sum(balances.values()) == 0
    return balances["cash"], balances["reserved"], balances["stakes"]


def test_a_bet_is_intended_then_sent_then_placed_and_each_is_committed_before_the_next() -> None:
    world, seen = World(), []

    def look(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
        seen.append((world.kinds(orders[0].key), money(world)))
        return [venue.take(orders[0])]

    world.venue.script = [look]
    (bet,) = world.submit(order())
    assert seen == [(["intended", "sent"], (99_000, 1_000, 0))]
    assert bet.state is BetState.PLACED and bet.odds == 2.0 and bet.venue_bet_id == "v1"
    assert bet.sent["deadline_ns"] == START_NS + 19 * SECOND_NS  # 3 s to connect and 16 s for the answer
    assert money(world) == (99_000, 0, 1_000)
    assert world.points == [
        "intent.before_commit",
        "intent.after_commit",
        "sent.before_commit",
        "sent.after_commit",
        "send.before_first_byte",
        "send.after_answer",
        "receipt.before_commit",
        "receipt.after_commit",
    ]
    assert world.guards.causes == [""]


@pytest.mark.parametrize("times", [1, 3])
def test_what_was_provably_not_taken_is_sent_again_under_the_same_key(times: int) -> None:
    world = World()
    world.venue.script = [NotTaken("connect")] * times
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED
    assert world.venue.requests == [[bet.key]] * (times + 1)
    assert world.kinds(bet.key) == ["intended", *["sent"] * (times + 1), "placed"]
    assert sum(world.clock.slept) == (2**times - 1) * 250_000_000


def test_no_more_attempts_than_the_settings_allow() -> None:
    world = World(settings=ExecutionSettings(attempts_most=2))
    world.venue.script = [NotTaken("dns")] * 5
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause, bet.attempts) == (BetState.ABANDONED, "dns", 2)
    assert len(world.venue.requests) == 2 and money(world) == (100_000, 0, 0)


def test_the_retry_budget_holds_for_all_bets_together_and_comes_back_after_a_minute() -> None:
    world = World(settings=ExecutionSettings(retries_per_minute=1))
    world.venue.script = [NotTaken("dns")] * 3
    first, second = world.submit(order(1))[0], None
    assert first.state is BetState.ABANDONED and first.attempts == 2
    world.venue.script = [NotTaken("dns")]
    (second,) = world.submit(order(2, clock=world.clock))
    assert second.state is BetState.ABANDONED and second.attempts == 1
    world.clock.pass_s(61)
    world.venue.script = [NotTaken("dns")]
    (third,) = world.submit(order(3, clock=world.clock))
    assert third.state is BetState.PLACED and third.attempts == 2


@pytest.mark.parametrize(("asked_s", "state", "slept_s"), [(5, "placed", 5), (86_400, "abandoned", 0)])
def test_a_wait_that_the_venue_asks_for_is_kept_and_capped_by_the_window(
    asked_s: int, state: str, slept_s: int
) -> None:
    world = World()
    world.venue.script = [NotTaken("status_429", asked_s * SECOND_NS)]
    (bet,) = world.submit(order())
    assert bet.state == state and sum(world.clock.slept) == slept_s * SECOND_NS


def test_jitter_shortens_a_wait_and_comes_from_the_generator() -> None:
    waits = []
    for seed in (1, 1, 2):
        world = World()
        world.executor.generator = np.random.default_rng(seed)
        world.venue.script = [NotTaken("dns")]
        world.submit(order())
        waits.append(sum(world.clock.slept))
    assert waits[0] == waits[1] != waits[2] and all(125_000_000 <= wait < 250_000_000 for wait in waits)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unanswered("timeout"), "timeout"),
        (Unanswered("status_503"), "status_503"),
        (ReadFailed("reset"), "reset"),
        (ValueError("truncated"), "error_ValueError"),
        (ConnectionResetError(), "error_ConnectionResetError"),
    ],
)
def test_any_other_end_of_a_send_is_unknown_and_the_stake_stays_reserved(error: Exception, cause: str) -> None:
    world = World()
    world.venue.script = [accept_and_raise(error)]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, cause)
    assert money(world) == (99_000, 1_000, 0) and len(world.venue.requests) == 1
    assert world.guards.causes == [cause]


BAD = [
    ({"outcome": "shrug"}, "status_word"),
    ({"matched_minor": 1.5}, "amounts"),
    ({"matched_minor": -1}, "amounts"),
    ({"odds": float("nan")}, "odds"),
    ({"odds": 1.0}, "odds"),
    ({"odds": "2.0"}, "odds"),
    ({"matched_minor": 0}, "sizes"),
    ({"open_minor": 5}, "sizes"),
    ({"outcome": Outcome.PARTIAL}, "sizes"),
    ({"outcome": Outcome.REJECTED}, "sizes"),
    ({"outcome": Outcome.PENDING}, "sizes"),
    ({"outcome": Outcome.LAPSED, "open_minor": 1}, "sizes"),
    ({"venue_bet_id": ""}, "no_bet_id"),
    ({"outcome": Outcome.SETTLED, "pnl_minor": 1.5}, "profit"),
]


@pytest.mark.parametrize(("change", "fault"), BAD)
def test_a_receipt_without_a_definite_meaning_is_unknown(change: dict[str, object], fault: str) -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [replace(venue.take(orders[0]), **change)]]  # type: ignore[arg-type]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, f"unreadable_{fault}")


def test_a_settled_bet_as_the_answer_to_a_send_is_looked_up() -> None:
    world = World()
    world.venue.script = [stated(Outcome.SETTLED, odds=2.0, matched_minor=1000, pnl_minor=1000)]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, "settled_already")


def test_an_answer_for_another_reference_becomes_no_receipt_and_alarms() -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [replace(venue.take(orders[0]), key="00" * 16)]]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, "wrong_reference")
    assert [alarm.name for alarm in world.alarms] == ["wrong_reference"] and world.points[-1] == "alert.before"


def test_duplicate_on_the_first_send_is_no_rejection() -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED, reason=DUPLICATE)]]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, "duplicate")


def test_a_refusal_frees_the_stake_and_is_not_retried() -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED, reason="suspended")]]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.REJECTED, "suspended")
    assert len(world.venue.requests) == 1 and money(world) == (100_000, 0, 0) and not world.breakers()


def test_want_of_money_halts() -> None:
    world = World()
    refused = [lambda venue, orders: [Receipt(orders[0].key, "", Outcome.REJECTED, reason=INSUFFICIENT_FUNDS)]]
    world.venue.script = list(refused)
    (bet,) = world.submit(order())
    assert bet.state is BetState.REJECTED and world.breakers() == ["funds/venue/fake"]
    assert [alarm.name for alarm in world.alarms] == ["insufficient_funds"]


@pytest.mark.parametrize(
    ("side", "odds", "trips"),
    [("back", 1.89, True), ("back", 2.4, False), ("lay", 2.0, True), ("lay", 1.5, False)],
)
def test_a_price_beyond_the_limit_is_booked_alarmed_and_trips(side: str, odds: float, trips: bool) -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=odds)]
    (bet,) = world.submit(order(side=side, backer_minor=1000 if side == "lay" else 0))
    assert bet.state is BetState.PLACED and bet.odds == odds
    assert world.breakers() == (["price/venue/fake"] if trips else [])
    assert [alarm.name for alarm in world.alarms] == (["worse_price"] if trips else [])


@pytest.mark.parametrize(("matched", "names"), [(600, []), (1200, ["more_than_asked"])])
def test_what_the_receipt_says_is_booked(matched: int, names: list[str]) -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=2.0, matched_minor=matched)]
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED and money(world) == (100_000 - matched, 0, matched)
    assert [alarm.name for alarm in world.alarms] == names


@pytest.mark.parametrize(
    ("outcome", "sizes", "then"),
    [
        (Outcome.PARTIAL, {"odds": 2.0, "matched_minor": 300, "open_minor": 700}, (99_000, 700, 300)),
        (Outcome.PARTIAL, {"open_minor": 1000}, (99_000, 1_000, 0)),
        (Outcome.PENDING, {}, (99_000, 1_000, 0)),
        (Outcome.LAPSED, {"odds": 2.0, "matched_minor": 300}, (99_700, 0, 300)),
        (Outcome.LAPSED, {}, (100_000, 0, 0)),
    ],
)
def test_money_of_each_outcome(outcome: Outcome, sizes: dict[str, object], then: tuple[int, int, int]) -> None:
    world = World()
    world.venue.script = [stated(outcome, **sizes)]
    (bet,) = world.submit(order())
    assert bet.state == outcome.value and money(world) == then


def test_an_adapter_that_names_a_wrong_reference_itself_alarms_too() -> None:
    world = World()
    world.venue.script = [Unanswered("wrong_reference")]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.UNKNOWN, "wrong_reference")
    assert [alarm.name for alarm in world.alarms] == ["wrong_reference"]


def test_a_refusal_because_results_are_too_good_trips() -> None:
    world = World()
    world.venue.script = [stated(Outcome.REJECTED, reason=IMPLAUSIBLE, raw={"finding": "9 of 9 won"})]
    (bet,) = world.submit(order())
    assert bet.state is BetState.REJECTED and world.breakers() == ["plausibility/venue/fake"]
    assert [(alarm.name, alarm.text[-11:]) for alarm in world.alarms] == [("implausible", " 9 of 9 won")]


def test_a_breaker_trips_once_for_a_whole_batch() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=1.5)]
    world.submit(*legs())
    assert world.breakers() == ["price/venue/fake"] and [a.name for a in world.alarms] == ["worse_price"] * 3


def legs() -> list[Order]:
    """Three legs of a group."""
    return [order(number, selection=name, group="g") for number, name in enumerate(("home", "draw", "away"), 1)]


def test_legs_of_a_batch_are_told_apart_by_their_reference_whatever_the_order_of_the_answer() -> None:
    world = World()

    def shuffled(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
        home, draw, away = orders
        return [
            venue.take(away),
            Receipt(draw.key, "", Outcome.REJECTED, reason="suspended"),
            venue.take(home, odds=2.1),
        ]

    world.venue.script = [shuffled]
    home, draw, away = world.submit(*legs())
    assert (home.state, home.odds) == (BetState.PLACED, 2.1)
    assert (draw.state, draw.cause) == (BetState.REJECTED, "suspended")
    assert (away.state, away.odds) == (BetState.PLACED, 2.0)
    assert world.venue.requests == [[home.key, draw.key, away.key]]


def test_one_leg_without_an_answer_is_unknown_alone_and_one_not_taken_is_sent_alone() -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [venue.take(orders[0]), Unanswered("timeout"), NotTaken("status_429")]]
    home, draw, away = world.submit(*legs())
    assert [bet.state for bet in (home, draw, away)] == [BetState.PLACED, BetState.UNKNOWN, BetState.PLACED]
    assert draw.cause == "timeout" and world.venue.requests[1:] == [[away.key]]
    assert world.guards.causes == ["", "timeout", "status_429", ""]


@pytest.mark.parametrize("case", ["moved", "short", "torn"])
def test_a_failure_that_no_place_gives_to_a_leg_is_unknown(case: str) -> None:
    world = World()

    def act(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
        home, draw, away = (venue.take(each) for each in orders)
        moved: Said = [draw, NotTaken("connect"), home]
        torn: Said = [home, replace(home, odds=3.0), draw, away]
        return {"moved": moved, "short": [home, draw], "torn": torn}[case]

    world.venue.script = [act]
    bets = world.submit(*legs())
    causes = [bet.cause for bet in bets]
    assert causes == (["two_answers", "", ""] if case == "torn" else ["", "", "no_answer_of_its_own"])
    assert len(world.venue.requests) == 1


def test_the_same_answer_twice_is_one_receipt() -> None:
    world = World()
    world.venue.script = [lambda venue, orders: [venue.take(orders[0]), venue.take(orders[0])]]
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED and world.kinds(bet.key).count("placed") == 1


def test_a_bet_id_of_another_intent_stops_the_runner_and_writes_nothing() -> None:
    world = World()
    world.submit(order(1))
    before = len(world.rows)
    world.venue.script = [stated(Outcome.PLACED, venue_bet_id="v1")]
    with pytest.raises(KeyConflict, match="belongs to two intents"):
        world.submit(order(2))
    assert len(world.rows) == before + 2  # intended and sent; no receipt


@pytest.mark.parametrize("other", [{"event_id": 8}, {"selection": "away"}, {"side": "lay"}])
def test_a_strangers_bet_under_our_reference_stops_the_runner(other: dict[str, object]) -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, **other)]
    with pytest.raises(KeyConflict, match="stranger"):
        world.submit(order())


# -- what keeps a bet from leaving ------------------------------------------------------------------------------------


def test_a_kill_between_intent_and_send_keeps_the_bet_here() -> None:
    world = World()
    world.ledger.killed = True
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "killed") and not world.venue.requests
    assert money(world) == (100_000, 0, 0)


def test_a_kill_between_two_attempts_ends_them() -> None:
    world = World()

    def refuse(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
        world.ledger.killed = True
        raise NotTaken("connect")

    world.venue.script = [refuse]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause, len(world.venue.requests)) == (BetState.ABANDONED, "killed", 1)


def test_guards_are_asked_again_before_each_send() -> None:
    world = World()
    world.executor.probe = lambda name: setattr(world.guards, "no", "stale" if name == "intent.after_commit" else "")
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "stale") and not world.venue.requests


def test_a_rate_limit_waits_inside_the_window_and_renews_the_lease_meanwhile() -> None:
    world = World()
    world.guards.wait = 30 * SECOND_NS

    def sleep(duration_ns: int) -> None:
        world.clock.pass_s(duration_ns / SECOND_NS)
        world.ledger.lease_ns -= 1000 * SECOND_NS

    world.clock.sleep_ns = sleep  # type: ignore[method-assign]
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED and bet.at_ns == START_NS + 30 * SECOND_NS
    assert world.ledger.renewed > 1


def test_a_rate_limit_beyond_the_window_abandons_at_once() -> None:
    world = World()
    world.guards.wait = 61 * SECOND_NS
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause, world.clock.slept) == (BetState.ABANDONED, "order_rate", [])


@pytest.mark.parametrize("point", ["intent.after_commit", "sent.before_commit"])
def test_nothing_leaves_after_the_window(point: str) -> None:
    world = World()
    world.executor.probe = lambda name: world.clock.pass_s(60) if name == point else None
    (bet,) = world.submit(order())
    assert bet.state is BetState.ABANDONED and not world.venue.requests
    assert bet.cause == ("window_over" if point == "intent.after_commit" else "late")


def test_a_window_is_measured_on_the_monotonic_clock() -> None:
    world = World()

    def back(name: str) -> None:
        world.clock.wall -= 3600 * SECOND_NS if name == "intent.after_commit" else 0
        world.clock.monotonic += 61 * SECOND_NS if name == "sent.before_commit" else 0

    world.executor.probe = back
    (bet,) = world.submit(order(clock=world.clock, window_s=-3600 + 60))
    assert bet.state is BetState.ABANDONED and not world.venue.requests


def test_the_window_can_end_while_the_guards_think() -> None:
    world = World()
    world.guards.wait_ns = lambda count=1: 0  # type: ignore[method-assign]
    reason = world.guards.reason

    def slow(order: Order, facts: object, at_ns: int) -> str:
        world.clock.pass_s(61)
        return reason(order, facts, at_ns)

    world.guards.reason = slow  # type: ignore[method-assign, assignment]
    first, second = world.submit(order(1), order(2))
    assert {first.cause, second.cause} == {"window_over"} and not world.venue.requests


def test_a_lease_that_does_not_outlive_the_send_is_renewed_first() -> None:
    world = World()
    world.ledger.lease_ns = 20 * SECOND_NS  # 3 + 16 + 2 are needed
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED and world.ledger.renewed == 1


def test_no_send_under_a_lease_that_stays_too_short() -> None:
    world = World()
    world.ledger.lease_left_ns = lambda: 20 * SECOND_NS  # type: ignore[method-assign]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "lease") and not world.venue.requests


@pytest.mark.parametrize(("more_ns", "state"), [(0, BetState.ABANDONED), (1, BetState.PLACED)])
def test_a_lease_must_be_longer_than_the_time_outs_and_the_margin(more_ns: int, state: BetState) -> None:
    world = World()
    world.ledger.lease_left_ns = lambda: (3 + 16 + 2) * SECOND_NS + more_ns  # type: ignore[method-assign]
    assert world.submit(order())[0].state is state


def test_no_send_under_a_lease_that_shrank_during_the_commit() -> None:
    world = World()
    world.executor.probe = lambda name: setattr(world.ledger, "lease_ns", 1) if name == "sent.before_commit" else None
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "late") and not world.venue.requests


def test_a_failing_commit_sends_nothing_and_ends_the_process() -> None:
    for point in ("intent.before_commit", "sent.before_commit"):
        world = World()
        broken = {point: Fenced("the lease is lost")}
        world.executor.probe = lambda name, w=world, b=broken: setattr(w.ledger, "broken", b.get(name))
        with pytest.raises(Fenced):
            world.submit(order())
        assert not world.venue.requests


# -- the same decision again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [None, Unanswered("timeout"), NotTaken("dns")])
def test_a_decision_that_is_made_again_stands_as_it_is(act: Exception | None) -> None:
    world = World(settings=ExecutionSettings(attempts_most=1))
    world.venue.script = [act] if act else []
    (bet,) = world.submit(order())
    rows = len(world.rows)
    world.start()
    (again,) = world.submit(order())
    assert again == bet and len(world.rows) == rows and len(world.venue.requests) == 1


def test_an_intent_that_was_never_sent_is_sent_when_its_decision_is_made_again() -> None:
    world = World()
    world.executor._intend([Intent(order(), {"sport": "football"})])
    world.start()
    (bet,) = world.submit(order())
    assert bet.state is BetState.PLACED and bet.facts == {"sport": "football"}


def test_another_decision_under_a_known_key_is_told_and_the_recorded_one_stands() -> None:
    world = World()
    world.submit(order())
    (bet,) = world.submit(order(stake_minor=2000))
    assert bet.order.stake_minor == 1000 and [alarm.name for alarm in world.alarms] == ["intent_differs"]


# -- refusals before the intent ---------------------------------------------------------------------------------------


def test_a_market_with_a_bet_that_has_long_had_no_answer_is_closed_to_us() -> None:
    world = World()
    world.venue.script = [Unanswered("timeout")]
    world.submit(order())
    assert world.executor.refuse(order(2)) == ""
    world.clock.pass_s(300)
    assert world.executor.refuse(order(2)) == "market_unknown"
    assert world.executor.refuse(order(3, event_id=8)) == ""
    assert world.executor.refuse(order(1)) == ""  # on record already
    world.guards.no = "odds_sanity"
    assert world.executor.refuse(order(3, event_id=8)) == "odds_sanity"


def test_at_a_venue_with_lists_only_one_bet_on_a_selection_is_under_way() -> None:
    world = World(ProofClass.LISTS)
    world.venue.foreign = [ForeignBet("x9", None, 50), ForeignBet("x1", None, 50)]
    world.venue.script = [Unanswered("timeout")]
    (bet,) = world.submit(order())
    assert bet.sent["bet_ids"] == ["x1", "x9"] and bet.sent["offset_minor"] == 0
    assert world.executor.refuse(order(2)) == "in_flight"
    assert world.executor.refuse(order(2, side="lay")) == ""
    assert world.executor.refuse(order(2, selection="away")) == ""


def test_legs_of_a_group_are_not_bet_at_a_venue_that_does_not_place_all_or_none() -> None:
    world = World()
    legs = [order(number, selection=name, group="g") for number, name in enumerate(("home", "away"), 1)]
    assert [world.executor.refuse(leg) for leg in legs] == ["no_groups"] * 2 and world.executor.refuse(order(3)) == ""
    world.venue.profile = replace(world.venue.profile, all_or_none=True)
    assert [world.executor.refuse(leg) for leg in legs] == [""] * 2
    world.submit(*legs)
    world.venue.profile = replace(world.venue.profile, all_or_none=False)
    assert world.executor.refuse(legs[0]) == ""  # on record already


@pytest.mark.parametrize(
    "pattern", ["[0-9a-f]{16}", "[0-9a-e]{32}", "[0-9]+", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"]
)
def test_a_venue_whose_references_cannot_carry_a_key_is_refused_at_the_start(pattern: str) -> None:
    world = World()
    profile = replace(world.venue.profile, reference_characters=pattern)
    with pytest.raises(ConfigurationError, match="references of a venue cannot carry our keys"):
        Executor(world.journal, replace(world.venue, profile=profile), world.clock, world.executor.settings)
    for fits in (replace(profile, reference_characters="[0-9A-Za-z-]{1,32}"), replace(profile, proof=ProofClass.LISTS)):
        Executor(world.journal, replace(world.venue, profile=fits), world.clock, world.executor.settings)


@pytest.mark.parametrize("failure", ["incomplete", "timeout", "error_KeyError"])
def test_no_send_without_the_snapshot_that_a_venue_with_lists_needs(failure: str) -> None:
    world = World(ProofClass.LISTS)
    failures = {"timeout": ReadFailed("timeout"), "error_KeyError": KeyError("bets")}
    world.venue.reads = [failures.get(failure, lambda reading: replace(reading, complete=False))]
    (bet,) = world.submit(order())
    assert (bet.state, bet.cause) == (BetState.ABANDONED, f"snapshot_{failure}") and not world.venue.requests


def test_nothing_to_submit() -> None:
    world = World()
    assert world.submit() == [] and len(world.rows) == 1


def test_a_key_without_an_intent_cannot_be_sent() -> None:
    with pytest.raises(KeyConflict, match="without an intent"):
        World().executor.send(["00" * 16])
