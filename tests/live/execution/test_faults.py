"""The executor and reconciliation against the venue with faults: each fault of a send and of a list, and how it ends.

What is held against the ledger is the truth of the venue, not what it said.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import KeyConflict
from engine.live.bets.states import BetState
from engine.live.venue import Outcome, Profile
from tests.live.execution.world import order
from tests.live.venues.line import Line
from tests.live.venues.test_faults import ENDS as OF_THE_LINE
from tests.venue_server.faults import FAULTS
from tests.venue_server.profiles import LISTS, LOOK_UP, SHORT_WINDOW

#: a fault of the first send, and the state of the bet once it is over; no resend
ENDS = {**{name: end.state for name, end in OF_THE_LINE.items()}, "shown_after_0.1_s": "placed"}
#: faults that call for a person, with the alarm and the breaker
ALARMS = {
    "wrong_reference": ("wrong_reference", None),
    "lying_400": ("bet_after_all", "proof/venue/{}"),
    "pending_for_ever": ("bet_undecided", None),
    "price_worse_taken": ("worse_price", "price/venue/{}"),
    "insufficient_funds": ("insufficient_funds", "funds/venue/{}"),
}
STEP_S = 2


class Street(Line):
    """A line whose runner reads the whole account from time to time, too."""

    def run_s(self, seconds: float, step_s: float = STEP_S) -> None:
        """The loop of a runner for so long."""
        for _ in range(round(seconds / step_s)):
            self.clock.pass_s(step_s)
            self.reconciler.step()
            self.auditor.step()

    def heal_and_run(self) -> None:
        """All faults end and the time of every proof passes."""
        self.run_s(30)
        self.desk.heal()
        self.run_s(700)

    def check(self, *, unknown: bool = False) -> None:
        """The ledger says what is true, and no key was sent more often than the ledger says."""
        at_venue = 0
        for bet in self.book:
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
        balances = self.book.balances
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
    (bet,) = street.submit(order(event_id=1))
    street.heal_and_run()
    street.check()
    assert street.desk.met[name] == 1 and street.state() == ends_of(name, profile)
    alarm, breaker = ALARMS.get(name, (None, None))
    names = [told.name for told in street.alarms]
    assert names == ([] if alarm is None else [alarm]) or set(names) == {alarm, "bet_undecided"}
    assert street.breakers() == ([] if breaker is None else [breaker.format(profile.name)])
    assert len([kind for kind in street.kinds(bet.key) if kind in ("placed", "rejected")]) <= 2


def test_every_fault_of_a_send_has_an_end() -> None:
    here = {fault.name for fault in FAULTS.values() if fault.on == "place"} - set(ENDS)
    assert here == {"batch_mixed", "key_of_a_stranger", "shown_after_30_s", "shown_after_150_s"}  # below


@pytest.mark.parametrize("name", ["shown_after_30_s", "shown_after_150_s"])
def test_a_bet_that_the_lists_show_late_is_never_absent_before(name: str) -> None:
    street = Street(SHORT_WINDOW)
    street.inject(name)
    (bet,) = street.submit(order(event_id=1))
    street.run_s(400)
    street.check()
    assert street.kinds(bet.key) == ["intended", "sent", "unknown", "placed"]


def test_a_batch_with_every_kind_of_answer_in_another_order() -> None:
    street = Street(LOOK_UP)
    street.inject("batch_mixed")
    street.submit(*(order(number, event_id=number) for number in (1, 2, 3)))
    assert [street.state(number) for number in (1, 2, 3)] == ["placed", "unknown", "rejected"]
    street.heal_and_run()
    street.check()
    assert street.state(2) == "placed"


def test_a_stranger_under_our_key_stops_the_runner() -> None:
    street = Street(LOOK_UP)
    street.inject("key_of_a_stranger")
    with pytest.raises(KeyConflict, match="stranger"):
        street.submit(order(event_id=1))
        street.run_s(60)
    assert street.state() == "unknown"


READS = sorted(fault.name for fault in FAULTS.values() if fault.on in ("look_up", "bets"))


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("send", ["timeout_after", "timeout_before"])
def test_a_fault_of_the_lists_for_an_hour_proves_nothing(name: str, send: str) -> None:
    street = Street(SHORT_WINDOW)
    street.inject(send)
    street.inject(name, 10**9, 10**6)
    street.submit(order(event_id=1))
    street.run_s(3600)
    if send == "timeout_before" or name.startswith("bets"):
        assert street.desk.met[name] > 5
    if name.startswith("look_up_"):
        assert "read" not in street.kinds(order().key)
        assert street.book.balances["reserved"] == (1000 if send == "timeout_before" else 0)  # the list shows it
    street.desk.heal()
    street.run_s(400)
    street.check()
    assert street.state() == ("placed" if send == "timeout_after" else "rejected")


@pytest.mark.parametrize("name", ["list_capped", "list_twice"])
def test_lists_that_are_capped_prove_nothing_and_double_rows_count_once(name: str) -> None:
    street = Street(LOOK_UP)
    street.inject("timeout_after")
    street.inject(name, 10**9, 3600)
    street.submit(order(1, event_id=1), order(2, event_id=2))
    street.run_s(60)
    assert (street.state() == "unknown") is (name == "list_capped")
    street.desk.heal()
    street.run_s(700)
    street.check()


def test_a_bet_of_somebody_else_counts_and_is_not_ours() -> None:
    street = Street(LOOK_UP)
    street.inject("foreign_bet", 10**9, 3600)
    street.submit(order(event_id=1))
    street.run_s(10)
    assert street.book.external_minor(1) == 700 and len(street.book) == 1
    assert [told.name for told in street.alarms] == ["bet_external"]


def test_a_bet_id_that_the_venue_gives_twice_stops_the_runner() -> None:
    street = Street(LOOK_UP)
    street.submit(order(1, event_id=1))
    street.inject("timeout_after")
    street.submit(order(2, event_id=2))
    street.inject("ids_reused", 10**9, 3600)
    with pytest.raises(KeyConflict, match=order(1).key):
        street.run_s(60)


def test_an_expired_session_whose_login_fails_for_an_hour_abandons_and_reads_come_back_by_themselves() -> None:
    street = Street(LOOK_UP)
    street.inject("timeout_after")
    street.submit(order(1, event_id=1))
    street.desk.sessions.clear()
    street.inject("login_fails", 10**9, 3600)
    (bet,) = street.submit(order(2, event_id=2, clock=street.clock))
    assert (bet.state, bet.cause) == (BetState.ABANDONED, "no_session") and bet.attempts == 4
    street.run_s(1800)
    assert street.state(1) == "unknown" and "no_session" in street.guards.causes
    street.run_s(2000)
    street.check()
    assert street.state(1) == "placed"


@pytest.mark.parametrize("name", ["timeout_after", "timeout_before", "reset_after_request", "status_503_taken", "html"])
def test_at_a_venue_that_only_has_lists_too(name: str) -> None:
    street = Street(LISTS)
    street.inject(name)
    street.submit(order(event_id=1))
    street.run_s(1400)
    street.check()
    assert street.state() == ("rejected" if name == "timeout_before" else "placed")
