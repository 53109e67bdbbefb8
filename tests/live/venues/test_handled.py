"""Each row of the table of faults has a handling: with that taken out, the test of the row fails.

A table that stays green without its handling proves nothing. Each case here takes one handling out and expects the
failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import LedgerError
from engine.live.bets.postings import absent
from engine.live.bets.states import BetState
from engine.live.execution import evidence, executor, reconcile, statements
from engine.live.execution.audit import Auditor
from engine.live.execution.reconcile import Reconciler
from engine.live.venue import NotTaken, Outcome, ReadFailed, Reading, Receipt, Unanswered
from tests.live.venues import test_faults as faults
from tests.venue_server import client
from tests.venue_server.client import WireVenue
from tests.venue_server.profiles import SHORT_WINDOW
from tests.venue_server.wire import Reply

Patch = pytest.MonkeyPatch
Out = Callable[[Patch], object]
Check = Callable[[], object]


def send(name: str) -> Check:
    """The test of a fault of the send."""
    return lambda: faults.test_what_stands_after_a_fault_of_the_send(name)


def rejected(keys: list[str]) -> list[Receipt]:
    return [Receipt(key, "", Outcome.REJECTED, reason="no") for key in keys]


def doubt_is(answer: Callable[[list[str]], Any], *causes: str) -> Out:
    """A send without a definite answer counts as something definite."""

    def take_out(patch: Patch) -> None:
        right = WireVenue.place

        def place(self: WireVenue, orders: Any) -> Any:
            try:
                said = right(self, orders)
            except Unanswered as failure:
                if not failure.cause.startswith(causes):
                    raise
                return answer([order.key for order in orders])
            wrong = [isinstance(item, Unanswered) and item.cause.startswith(causes) for item in said]
            return [answer([o.key])[0] if no else item for o, item, no in zip(orders, said, wrong, strict=True)]

        patch.setattr(WireVenue, "place", place)

    return take_out


def not_sent(keys: list[str]) -> Any:
    raise NotTaken("no_answer")


def connect_is_doubt(patch: Patch) -> None:
    def no_answer(failure: client.TransportFailure) -> None:
        raise Unanswered(failure.kind)

    patch.setattr(client, "_no_answer", no_answer)


def strict_fields(patch: Patch) -> None:
    right = client._receipt
    patch.setattr(client, "_receipt", lambda row: right(row) if set(row) <= set(client._NAMES) else None)


def by_place(patch: Patch) -> None:
    """Rows are given to the orders by place, whatever their reference is."""
    right = WireVenue._rows_sent

    def place(self: WireVenue, orders: Any) -> Any:
        answer = self._send("place", {"orders": [client.order_json(order) for order in orders]})
        rows = right(self, answer)
        return [
            self._answer_of(order.key, {order.key: row | {"key": order.key}})
            for order, row in zip(orders, rows.values(), strict=True)
        ]

    patch.setattr(WireVenue, "place", place)


def refusals_are_doubt(patch: Patch) -> None:
    right = WireVenue._send

    def sent(self: WireVenue, operation: str, body: Any) -> Reply:
        answer = right(self, operation, body)
        if answer.status in (400, 403):
            raise Unanswered(f"status_{answer.status}")
        return answer

    patch.setattr(WireVenue, "_send", sent)


def refusals_are_sent_again(patch: Patch) -> None:
    right = WireVenue.place

    def place(self: WireVenue, orders: Any) -> Any:
        said = right(self, orders)
        if any(isinstance(item, Receipt) and item.outcome is Outcome.REJECTED for item in said):
            raise NotTaken("refused")
        return said

    patch.setattr(WireVenue, "place", place)


def added_up(patch: Patch) -> None:
    """What an answer says twice is matched twice."""
    right = WireVenue._rows_sent

    def rows_sent(self: WireVenue, answer: Reply) -> Any:
        rows, found = client._rows(answer) or [], right(self, answer)
        times = max(1, len(rows) // max(1, len(found)))
        return {key: row | {"matched_minor": row.get("matched_minor", 0) * times} for key, row in found.items()}

    patch.setattr(WireVenue, "_rows_sent", rows_sent)


def never_surprised(patch: Patch) -> None:
    for module in (executor, statements, evidence):
        patch.setattr(module, "surprises", lambda bet, receipt, venue: [])


def asked_is_matched(patch: Patch) -> None:
    right = executor.received

    def received(bet: Any, receipt: Receipt, *rest: Any) -> Any:
        full = receipt.outcome is Outcome.PLACED
        return right(bet, replace(receipt, matched_minor=bet.order.stake_minor) if full else receipt, *rest)

    patch.setattr(executor, "received", received)


def no_news_of(*states: BetState) -> Out:
    """What the venue says of bets in these states changes nothing."""

    def take_out(patch: Patch) -> None:
        right = statements._is_news
        patch.setattr(statements, "_is_news", lambda bet, receipt: bet.state not in states and right(bet, receipt))

    return take_out


def gone_when_not_shown(patch: Patch) -> None:
    """A matched bet that a list does not show counts as absent."""

    def concerned(self: Reconciler) -> list[Any]:
        states = (BetState.UNKNOWN, BetState.PLACED)
        return [bet for bet in self._journal.book if bet.state in states]

    def not_shown(self: Reconciler, key: str, now: int) -> None:
        bet = self._journal.book.get(key)
        assert bet is not None
        self.write(statements.Statement([absent(bet, [1], self._clock.wall_ns())]), self._clock.wall_ns())

    patch.setattr(Reconciler, "_concerned", concerned)
    patch.setattr(Reconciler, "_not_shown", not_shown)


def no_claims(patch: Patch) -> None:
    """Bet ids of the venue are not written down."""
    right = executor.received
    patch.setattr(executor, "received", lambda *values: replace(right(*values), venue_bet=None))


def a_failed_read_is_empty(patch: Patch) -> None:
    right = Reconciler._ask

    def ask(self: Reconciler, keys: Any) -> Reading:
        try:
            return right(self, keys)
        except ReadFailed:
            return Reading((), True)

    patch.setattr(Reconciler, "_ask", ask)


def every_list_is_whole(patch: Patch) -> None:
    right = client._reading
    patch.setattr(client, "_reading", lambda rows, complete: right(rows, True))


def settled_once(patch: Patch) -> None:
    right = statements._settle

    def settle(bet: Any, *rest: Any) -> None:
        if bet.state not in statements._DECIDED:
            right(bet, *rest)

    patch.setattr(statements, "_settle", settle)


def settled_each_time(patch: Patch) -> None:
    """A settlement that is stated again is paid again."""
    right = statements.follows

    def follows(bet: Any, receipt: Receipt, *rest: Any, **more: Any) -> Any:
        if bet.state in statements._DECIDED:
            bet = replace(bet, venue_version=0, pnl_minor=-1)
        return right(bet, receipt, *rest, **more)

    patch.setattr(reconcile, "follows", follows)


def nothing(owner: Any, name: str, value: Any = None) -> Out:
    """A function does nothing."""
    return lambda patch: patch.setattr(owner, name, lambda *a, **k: value)


def absent_at_once(fault: str) -> Check:
    """Absence after one list, without a wait."""
    profile = replace(SHORT_WINDOW, absence_reads=1, absence_wait_ns=0)
    return lambda: faults.test_a_bet_that_the_lists_show_late_is_never_called_absent(fault, profile)


LOOK_UPS = faults.test_an_hour_of_failed_look_ups_proves_nothing
LISTS = faults.test_lists_that_are_not_whole_prove_no_absence
SETTLES = faults.test_each_version_of_a_settlement_is_one_profit
HANDLED: dict[str, tuple[Out, Check]] = {
    "F01 refused": (connect_is_doubt, send("connection_refused")),
    "F02 proof of absence": (nothing(Reconciler, "_count"), send("timeout_before")),
    "F03 time-out is a failure": (doubt_is(rejected, "timeout"), send("timeout_after")),
    "F03 time-out is sent again": (doubt_is(not_sent, "timeout"), send("timeout_after")),
    "F04 reset is a failure": (doubt_is(rejected, "reset"), send("reset_after_request")),
    "F05 half an answer is a failure": (doubt_is(rejected, "reset"), send("answer_cut")),
    "F06 unreadable is a failure": (doubt_is(rejected, "unreadable"), send("html")),
    "F06 unknown word is a failure": (doubt_is(rejected, "unreadable"), send("unknown_status")),
    "F06 further fields": (strict_fields, send("extra_fields")),
    "F07 by place": (by_place, send("wrong_reference")),
    "F08 5xx is a refusal": (doubt_is(rejected, "status_5"), send("status_503_taken")),
    "F09 refusals": (refusals_are_doubt, send("status_400")),
    "F10 waits": (nothing(WireVenue, "_retry_after_ns"), send("rate_limit_absurd")),
    "F11 refused and there": (no_news_of(BetState.REJECTED), send("lying_400")),
    "F12 session": (nothing(WireVenue, "_log_in"), send("session_expired")),
    "F13 twice": (added_up, send("answer_twice")),
    "F14 late": (doubt_is(rejected, "timeout"), send("answer_late")),
    "F15 pending": (no_news_of(BetState.PENDING), send("pending_then_taken")),
    "F15 undecided": (nothing(Reconciler, "_tell_of_age"), send("pending_for_ever")),
    "F16 partial": (no_news_of(BetState.PARTIAL), send("partial_then_lapsed")),
    "F17 worse": (never_surprised, send("price_worse_taken")),
    "F18 cut": (asked_is_matched, send("stake_cut")),
    "F19 funds": (never_surprised, send("insufficient_funds")),
    "F20 no retry": (refusals_are_sent_again, send("suspended")),
    "F21 by place": (by_place, faults.test_a_batch_is_answered_order_by_order),
    "F22 duplicate": (doubt_is(rejected, "duplicate"), send("duplicate_on_first")),
    "F22 stranger": (nothing(reconcile, "check_identity"), faults.test_a_strangers_bet_under_our_key_stops_the_runner),
    "F23 absent at once": (lambda patch: None, absent_at_once("shown_after_150_s")),
    "F24 gone when not shown": (
        gone_when_not_shown,
        faults.test_a_venue_that_forgot_what_it_took_is_sent_nothing_again,
    ),
    "F25 failed reads": (a_failed_read_is_empty, lambda: LOOK_UPS("look_up_status_500")),
    "F26 capped": (every_list_is_whole, lambda: LISTS("list_capped")),
    "F27 foreign": (nothing(Auditor, "_foreign", []), faults.test_a_bet_of_somebody_else_counts_and_is_never_ours),
    "F28 ids": (no_claims, faults.test_ids_that_the_venue_uses_twice_stop_the_runner),
    "F30 each time": (settled_each_time, lambda: SETTLES("F30 twice")),
    "F31 once": (settled_once, lambda: SETTLES("F31 corrected twice")),
    "F32 once": (settled_once, lambda: SETTLES("F32 void after settlement")),
    "F33 both": (nothing(statements, "_settle"), faults.test_a_settlement_of_a_bet_without_an_answer_is_both),
    "F34 commission": (nothing(Auditor, "_compare", 0), lambda: SETTLES("F34 commission of a cent")),
}


@pytest.mark.parametrize("name", HANDLED)
def test_without_its_handling_the_test_of_a_fault_fails(name: str, monkeypatch: Patch) -> None:
    take_out, check = HANDLED[name]
    take_out(monkeypatch)
    with pytest.raises((AssertionError, LedgerError, pytest.fail.Exception)):
        check()


def test_every_row_of_the_table_is_here() -> None:
    rows = {fault.id for fault in faults.FAULTS.values()} | {f"F{number}" for number in (30, 31, 32, 33, 34)}
    assert {name.split()[0] for name in HANDLED} == rows
