"""The executor and reconciliation against the venue with faults: each fault of a send and of a list, and how it ends.

What is held against the ledger is the truth of the venue, not what it said.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.clock import SECOND_NS
from engine.errors import KeyConflict
from engine.live.bets.states import BetState
from engine.live.venue import Outcome, Profile
from tests.live.execution.world import World, order
from tests.venue_server.client import WireVenue
from tests.venue_server.desk import Desk
from tests.venue_server.direct import Direct
from tests.venue_server.faults import FAULTS
from tests.venue_server.profiles import LISTS, LOOK_UP, SHORT_WINDOW

#: a fault of the first send, and the state of the bet once it is over; no resend
ENDS = {
    "connection_refused": "placed",
    "timeout_before": "rejected",
    "timeout_after": "placed",
    "reset_in_request": "rejected",
    "reset_after_request": "placed",
    "answer_cut": "placed",
    "length_too_long": "placed",
    "chunk_missing": "placed",
    "json_truncated": "placed",
    "html": "placed",
    "empty_body": "placed",
    "unknown_status": "placed",
    "extra_fields": "placed",
    "missing_fields": "placed",
    "wrong_reference": "placed",
    **{f"status_{code}_taken": "placed" for code in (500, 502, 503, 504)},
    **{f"status_{code}": "rejected" for code in (500, 502, 503, 504, 400, 403)},
    "business_refusal": "rejected",
    "rate_limit": "placed",
    "rate_limit_without_time": "placed",
    "rate_limit_absurd": "abandoned",
    "rate_limit_date": "abandoned",
    "lying_429": "placed",
    "lying_400": "placed",
    "status_401": "placed",
    "session_expired": "placed",
    "answer_twice": "placed",
    "answer_late": "placed",
    "pending_then_taken": "placed",
    "pending_then_refused": "rejected",
    "pending_for_ever": "pending",
    "partial_then_matched": "placed",
    "partial_then_lapsed": "lapsed",
    "partial_for_ever": "partial",
    "price_moved": "rejected",
    "price_better": "placed",
    "price_worse_taken": "placed",
    "stake_cut": "placed",
    "stake_rounded": "placed",
    "insufficient_funds": "rejected",
    **dict.fromkeys(("suspended", "postponed", "started", "cut_off"), "rejected"),
    "batch_backwards": "placed",
    "duplicate_on_first": "rejected",
    "shown_after_0.1_s": "placed",
}
#: faults that call for a person, with the alarm and the breaker
ALARMS = {
    "wrong_reference": ("wrong_reference", None),
    "lying_400": ("bet_after_all", "proof/venue/{}"),
    "pending_for_ever": ("bet_undecided", None),
    "price_worse_taken": ("worse_price", "price/venue/{}"),
    "insufficient_funds": ("insufficient_funds", "funds/venue/{}"),
}
STEP_S = 2


class Street:
    """One runner, one desk, a line between them."""

    def __init__(self, profile: Profile) -> None:
        self.world = World()
        clock = self.world.clock
        self.desk = Desk(":memory:", clock.wall_ns, with_references=profile is not LISTS)
        self.desk.venue.deposit("opening", 100_000)
        self.world.venue = WireVenue(Direct(self.desk, clock.sleep_ns), profile, clock.wall_ns)  # type: ignore[assignment]
        self.world.start()

    def inject(self, *names: str, times: int = 1, seconds: float | None = None) -> None:
        """Faults for the next requests, or for so many seconds."""
        until = self.world.clock.wall + round((10**6 if seconds is None else seconds) * SECOND_NS)
        for name in names:
            self.desk.inject(FAULTS[name], times if seconds is None else 10**9, until)

    def run_s(self, seconds: float) -> None:
        """The loop of a runner for so long."""
        for _ in range(round(seconds / STEP_S)):
            self.world.clock.pass_s(STEP_S)
            self.world.reconciler.step()
            self.world.auditor.step()

    def heal_and_run(self) -> None:
        """All faults end and the time of every proof passes."""
        self.run_s(30)
        self.desk.heal()
        self.run_s(700)

    def check(self, *, unknown: bool = False) -> None:
        """The ledger says what is true, and no key was sent more often than the ledger says."""
        at_venue = 0
        for bet in self.world.book:
            truth = self.desk.truth(bet.key)
            assert self.desk.sent.get(bet.key, 0) <= bet.attempts <= 4
            if truth is None or truth.outcome is Outcome.REJECTED:
                assert bet.state in (BetState.REJECTED, BetState.ABANDONED) or unknown
                continue
            assert bet.state.value == truth.outcome.value
            assert (bet.matched_minor, bet.open_minor) == (
                truth.matched_minor,
                truth.open_minor,
            ) or not bet.matched_minor
            assert bet.venue_bet_id == truth.venue_bet_id
            at_venue += bet.at_risk_minor
        balances = self.world.book.balances
        assert sum(balances.values()) == 0 and balances["adjustment"] == 0
        if not unknown:
            assert balances["reserved"] + balances["stakes"] == at_venue
            assert self.desk.venue.balance_minor() == balances["cash"]


def ends_of(name: str, profile: Profile) -> str:
    """State of the bet of a fault of the first send."""
    if profile.resend and name in ("timeout_before", "reset_in_request", "duplicate_on_first"):
        return "placed"
    if profile.resend and name in ("status_500", "status_502", "status_503", "status_504"):
        return "placed"
    return ENDS[name]


@pytest.mark.parametrize(
    "profile", [SHORT_WINDOW, LOOK_UP, replace(LOOK_UP, resend=True)], ids=["short", "look_up", "resend"]
)
@pytest.mark.parametrize("name", sorted(ENDS))
def test_a_fault_of_a_send_ends_as_it_is_at_the_venue(name: str, profile: Profile) -> None:
    street = Street(profile)
    street.inject(name)
    (bet,) = street.world.submit(order(event_id=1))
    street.heal_and_run()
    street.check()
    assert street.desk.met[name] == 1 and street.world.state() == ends_of(name, profile)
    alarm, breaker = ALARMS.get(name, (None, None))
    names = [told.name for told in street.world.alarms]
    assert names == ([] if alarm is None else [alarm]) or set(names) == {alarm, "bet_undecided"}
    assert street.world.breakers() == ([] if breaker is None else [breaker.format(profile.name)])
    assert len([kind for kind in street.world.kinds(bet.key) if kind in ("placed", "rejected")]) <= 2


def test_every_fault_of_a_send_has_an_end() -> None:
    here = {fault.name for fault in FAULTS.values() if fault.on == "place"} - set(ENDS)
    assert here == {"batch_mixed", "key_of_a_stranger", "shown_after_30_s", "shown_after_150_s"}  # below


@pytest.mark.parametrize("name", ["shown_after_30_s", "shown_after_150_s"])
def test_a_bet_that_the_lists_show_late_is_never_absent_before(name: str) -> None:
    street = Street(SHORT_WINDOW)
    street.inject(name)
    (bet,) = street.world.submit(order(event_id=1))
    street.run_s(400)
    street.check()
    assert street.world.kinds(bet.key) == ["intended", "sent", "unknown", "placed"]


def test_a_batch_with_every_kind_of_answer_in_another_order() -> None:
    street = Street(LOOK_UP)
    street.inject("batch_mixed")
    street.world.submit(*(order(number, event_id=number) for number in (1, 2, 3)))
    assert [street.world.state(number) for number in (1, 2, 3)] == ["placed", "unknown", "rejected"]
    street.heal_and_run()
    street.check()
    assert street.world.state(2) == "placed"


def test_a_stranger_under_our_key_stops_the_runner() -> None:
    street = Street(LOOK_UP)
    street.inject("key_of_a_stranger")
    with pytest.raises(KeyConflict, match="stranger"):
        street.world.submit(order(event_id=1))
        street.run_s(60)
    assert street.world.state() == "unknown"


READS = sorted(fault.name for fault in FAULTS.values() if fault.on in ("look_up", "bets"))


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("send", ["timeout_after", "timeout_before"])
def test_a_fault_of_the_lists_for_an_hour_proves_nothing(name: str, send: str) -> None:
    street = Street(SHORT_WINDOW)
    street.inject(send)
    street.inject(name, seconds=10**6)
    street.world.submit(order(event_id=1))
    street.run_s(3600)
    if send == "timeout_before" or name.startswith("bets"):
        assert street.desk.met[name] > 5
    if name.startswith("look_up_"):
        assert "read" not in street.world.kinds(order().key)
        assert street.world.book.balances["reserved"] == (1000 if send == "timeout_before" else 0)  # the list shows it
    street.desk.heal()
    street.run_s(400)
    street.check()
    assert street.world.state() == ("placed" if send == "timeout_after" else "rejected")


@pytest.mark.parametrize("name", ["list_capped", "list_twice"])
def test_lists_that_are_capped_prove_nothing_and_double_rows_count_once(name: str) -> None:
    street = Street(LOOK_UP)
    street.inject("timeout_after")
    street.inject(name, seconds=3600)
    street.world.submit(order(1, event_id=1), order(2, event_id=2))
    street.run_s(60)
    assert (street.world.state() == "unknown") is (name == "list_capped")
    street.desk.heal()
    street.run_s(700)
    street.check()


def test_a_bet_of_somebody_else_counts_and_is_not_ours() -> None:
    street = Street(LOOK_UP)
    street.inject("foreign_bet", seconds=3600)
    street.world.submit(order(event_id=1))
    street.run_s(10)
    assert street.world.book.external_minor(1) == 700 and len(street.world.book) == 1
    assert [told.name for told in street.world.alarms] == ["bet_external"]


def test_a_bet_id_that_the_venue_gives_twice_stops_the_runner() -> None:
    street = Street(LOOK_UP)
    street.world.submit(order(1, event_id=1))
    street.inject("timeout_after")
    street.world.submit(order(2, event_id=2))
    street.inject("ids_reused", seconds=3600)
    with pytest.raises(KeyConflict, match=order(1).key):
        street.run_s(60)


def test_an_expired_session_whose_login_fails_for_an_hour_abandons_and_reads_come_back_by_themselves() -> None:
    street = Street(LOOK_UP)
    street.inject("timeout_after")
    street.world.submit(order(1, event_id=1))
    street.desk.sessions.clear()
    street.inject("login_fails", seconds=3600)
    (bet,) = street.world.submit(order(2, event_id=2, clock=street.world.clock))
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "no_session") and bet.attempts == 4
    street.run_s(1800)
    assert street.world.state(1) == "unknown" and "no_session" in street.world.guards.causes
    street.run_s(2000)
    street.check()
    assert street.world.state(1) == "placed"


@pytest.mark.parametrize("name", ["timeout_after", "timeout_before", "reset_after_request", "status_503_taken", "html"])
def test_at_a_venue_that_only_has_lists_too(name: str) -> None:
    street = Street(LISTS)
    street.inject(name)
    street.world.submit(order(event_id=1))
    street.run_s(1400)
    street.check()
    assert street.world.state() == ("rejected" if name == "timeout_before" else "placed")
