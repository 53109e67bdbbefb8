"""Each fault of a venue, a disk or a process, the code that handles it, and the test that fails without that code.

``python -m tests.mutants.faults --page docs/faults.md`` takes the handling of each fault out in a process of its own,
runs its test there, and writes the page. The exit status is 1 if a test passes although the handling is gone. No file
is changed: the process loads the changed text of the one module.
"""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutants.mutant import ROOT, Mutant, run_forked

_T: Final = "tests/live/execution/"
_BETS: Final = "tests/live/bets/"
_EXECUTOR: Final = "engine/live/execution/executor.py"
_EVIDENCE: Final = "engine/live/execution/evidence.py"
_RECONCILE: Final = "engine/live/execution/reconcile.py"
_STATEMENTS: Final = "engine/live/execution/statements.py"


class Promise(NamedTuple):
    """What is promised about a fault.

    Attributes
    ----------
    faults : str
        Rows of the table of faults; ``start``: what is checked before anything runs.
    promise : str
        What happens.
    taken_out : Mutant
        The handling, taken out; its `what` says which.
    """

    faults: str
    promise: str
    taken_out: Mutant


def _row(faults: str, promise: str, what: str, path: str, old: str, new: str, test: str) -> Promise:
    return Promise(faults, promise, Mutant(what, path, old, new, test))


PROMISES: Final = (
    _row(
        "F01", "a request that provably did not arrive is made again under its key, while the window lasts",
        "it counts as possibly arrived", _EXECUTOR,
        "answers = [Answer(not_taken=failure)] * len(orders)",
        "answers = [Answer(unknown=failure.cause)] * len(orders)",
        f"{_T}test_executor.py::test_what_was_provably_not_taken_is_sent_again_under_the_same_key",
    ),
    _row(
        "F02 F03 F08", "no answer, or a 5xx, is no refusal: the bet is UNKNOWN and its stake stays reserved",
        "it counts as not taken", _EXECUTOR,
        "answers = [Answer(unknown=failure.cause)] * len(orders)",
        "answers = [Answer(not_taken=NotTaken('x'))] * len(orders)",
        f"{_T}test_executor.py::test_any_other_end_of_a_send_is_unknown_and_the_stake_stays_reserved",
    ),
    _row(
        "F03", "a bet that the venue took without our hearing of it is found and booked once",
        "receipts of a look-up are not booked", _RECONCILE,
        "        for receipt in reading.receipts:\n            self.book(receipt)\n", "",
        f"{_T}test_reconcile.py::test_a_bet_that_the_venue_shows_is_booked_once",
    ),
    _row(
        "F04 F05", "a connection that breaks in the request or in the answer leaves the bet UNKNOWN",
        "an error of the adapter counts as not taken", _EXECUTOR,
        'answers = [Answer(unknown=f"error_{type(error).__name__}")] * len(orders)',
        'answers = [Answer(not_taken=NotTaken(f"error_{type(error).__name__}"))] * len(orders)',
        f"{_T}test_executor.py::test_any_other_end_of_a_send_is_unknown_and_the_stake_stays_reserved",
    ),
    _row(
        "F06", "an answer that cannot be read books nothing",
        "receipts are not checked", _EVIDENCE, "    if fault := fault_of(receipt):\n        return Answer(",
        "    if fault := '':\n        return Answer(",
        f"{_T}test_executor.py::test_a_receipt_without_a_definite_meaning_is_unknown",
    ),
    _row(
        "F07", "an answer with another reference becomes no receipt, and alarms",
        "references are not compared", _EVIDENCE, "            strangers.append(str(item.key))\n",
        "            receipts[keys[place]] = item\n",
        f"{_T}test_executor.py::test_an_answer_for_another_reference_becomes_no_receipt_and_alarms",
    ),
    _row(
        "F09 F20", "a refusal frees the stake and is not tried again",
        "a refusal is a doubt", _EVIDENCE, "    return Answer(receipt=receipt)\n",
        "    return Answer(unknown='x') if receipt.outcome is Outcome.REJECTED else Answer(receipt=receipt)\n",
        f"{_T}test_executor.py::test_a_refusal_frees_the_stake_and_is_not_retried",
    ),
    _row(
        "F10", "nothing is sent before the time that the venue asks for; a time beyond the window abandons at once",
        "the time is not kept", _EXECUTOR, "wait_ns = max(left.retry_after_ns, ", "wait_ns = max(0, ",
        f"{_T}test_executor.py::test_a_wait_that_the_venue_asks_for_is_kept_and_capped_by_the_window",
    ),
    _row(
        "F11", "a refusal that was none is booked after all, alarms and trips",
        "what is gone stays gone", _STATEMENTS, "    return bet.state in _GONE\n", "    return False\n",
        f"{_T}test_reconcile.py::test_a_bet_that_was_held_to_be_gone_and_is_there",
    ),
    _row(
        "F12", "attempts end; with a session that cannot be renewed the bet is abandoned",
        "attempts have no end", _EXECUTOR,
        "if attempts and (attempts >= self.settings.attempts_most or not self._within_budget()):", "if False:",
        f"{_T}test_faults.py"
        "::test_an_expired_session_whose_login_fails_for_an_hour_abandons_and_reads_come_back_by_themselves",
    ),
    _row(
        "F13",
        "the same fact twice, or from a second channel, is booked once",
        "every statement is news",
        _STATEMENTS,
        "    return bet.state in _GONE\n",
        "    return True\n",
        f"{_T}test_reconcile.py::test_the_same_reading_twice_writes_once",
    ),
    _row(
        "F14", "a late statement with less than is known changes nothing",
        "late statements are written", _STATEMENTS,
        "if matched < bet.matched_minor or outcome in", "if outcome in",
        f"{_T}test_reconcile.py::test_a_part_then_more_then_the_rest_lapses_and_old_statements_change_nothing",
    ),
    _row(
        "F15", "a bet that the venue never decides keeps its stake reserved and alarms",
        "no alarm", _RECONCILE, "elif bet.state is BetState.PENDING and", "elif not bet and",
        f"{_T}test_reconcile.py::test_one_that_is_never_decided_alarms_and_keeps_its_money",
    ),
    _row(
        "F15", "the stake of a bet that was pending and vanished is not booked as an adjustment",
        "any difference of the balance is", "engine/live/execution/audit.py",
        "        unseen = None if is_error else self._unseen(reading)\n",
        "        unseen = None\n",
        f"{_T}test_audit.py::test_money_of_a_bet_that_the_venue_shows_no_more_is_not_booked_as_an_adjustment",
    ),
    _row(
        "F16", "matched size never falls",
        "it may", "engine/live/bets/bet.py", "    if matched < bet.matched_minor:\n", "    if matched < 0:\n",
        f"{_BETS}test_book.py::test_matched_size_never_falls",
    ),
    _row(
        "F17", "a price beyond the limit is booked as it is, alarms and trips",
        "it is taken in silence", _EVIDENCE,
        "if receipt.matched_minor > bet.matched_minor and is_worse(order, receipt.odds):", "if False:",
        f"{_T}test_executor.py::test_a_price_beyond_the_limit_is_booked_alarmed_and_trips",
    ),
    _row(
        "F18", "a stake that the venue cut is booked as cut; the rest is free",
        "the rest stays reserved", "engine/live/bets/bet.py", "(whole if target in RESERVED else rest) -",
        "(whole if target in RESERVED else whole - matched) -",
        f"{_T}test_executor.py::test_what_the_receipt_says_is_booked",
    ),
    _row(
        "F19", "a refusal for want of money halts new bets",
        "it is a refusal like any other", _EVIDENCE,
        "receipt.reason == INSUFFICIENT_FUNDS:", "receipt.reason == '':",
        f"{_T}test_executor.py::test_want_of_money_halts",
    ),
    _row(
        "F21", "each bet of a batch has the answer with its own reference",
        "answers are taken by their place", _EVIDENCE, "answers.append(_of_receipt(receipts[key]))",
        "answers.append(_of_receipt([r for r in said if isinstance(r, Receipt)][min(place, len(receipts) - 1)]))",
        f"{_T}test_executor.py"
        "::test_legs_of_a_batch_are_told_apart_by_their_reference_whatever_the_order_of_the_answer",
    ),
    _row(
        "F22", "'duplicate' is looked up; it is no refusal",
        "it is one", _EVIDENCE, "receipt.reason == DUPLICATE:", "receipt.reason == '':",
        f"{_T}test_executor.py::test_duplicate_on_the_first_send_is_no_rejection",
    ),
    _row(
        "F22", "a stranger's bet under our reference stops the runner",
        "nobody looks what the bet is on", _EVIDENCE, "        if ours != theirs:\n", "        if ours is None:\n",
        f"{_T}test_executor.py::test_a_strangers_bet_under_our_reference_stops_the_runner",
    ),
    _row(
        "F23", "a bet that the lists show late is not absent before the wait of its class",
        "absence needs no wait", _RECONCILE, "if now - watch.last_ns < profile.absence_wait_ns:", "if False:",
        f"{_T}test_reconcile.py::test_a_bet_that_appears_late_is_never_absent_before",
    ),
    _row(
        "F24", "a list that stops to show a bet that it has shown proves nothing",
        "what is not shown is sent again or counted", _RECONCILE,
        "        if bet.state is not BetState.UNKNOWN:\n            return\n", "",
        f"{_T}test_reconcile.py::test_a_pending_bet_that_is_not_shown_stays_pending",
    ),
    _row(
        "F25", "look-ups that fail prove nothing, however long",
        "a failed look-up is an empty one", _RECONCILE,
        "            return\n        self._failures = 0\n",
        "            reading = Reading((), True)\n        self._failures = 0\n",
        f"{_T}test_reconcile.py::test_readings_that_fail_or_are_not_complete_prove_nothing_in_an_hour",
    ),
    _row(
        "F26", "a list of which a page is missing proves nothing",
        "it does", _RECONCILE, "key not in unclear and reading.complete:", "key not in unclear:",
        f"{_T}test_reconcile.py::test_readings_that_fail_or_are_not_complete_prove_nothing_in_an_hour",
    ),
    _row(
        "F27", "bets that are not ours count as exposure",
        "they are passed over", "engine/live/execution/audit.py",
        "        self._book_external(findings.external, reading.complete)\n", "",
        f"{_T}test_audit.py::test_bets_that_are_not_ours_count_and_are_not_adopted",
    ),
    _row(
        "F27", "bets that are not ours take room from the limits of what is bet",
        "the account does not see them", "engine/live/judgement/account.py",
        "            self._count_external(entry)\n", "            pass\n",
        "tests/live/judgement/test_settlement.py"
        "::test_a_bet_that_is_not_ours_takes_room_from_the_limits_and_leaves_the_equity",
    ),
    _row(
        "F28", "a bet id that two intents claim stops the runner before anything is written",
        "claims are not compared", "engine/live/bets/book.py",
        "if owner is not None and owner != entry.intent:", "if False:",
        f"{_BETS}test_book.py::test_a_bet_id_belongs_to_one_intent_even_within_one_commit",
    ),
    _row(
        "F29", "lists are read on a timer, whatever a stream says",
        "they are not", "engine/live/execution/audit.py",
        "return self.run() if self._executor.clock.monotonic_ns() >= self._due_ns else None", "return None",
        f"{_T}test_audit.py::test_an_audit_is_made_when_it_is_due",
    ),
    _row(
        "F30", "one profit for each version of a settlement",
        "versions are not counted", "engine/live/bets/bet.py",
        'if entry.body.get("version") != bet.version + 1:', "if False:",
        f"{_BETS}test_book.py::test_settlements_out_of_order_are_refused",
    ),
    _row(
        "F31", "a correction takes the settlement back and settles anew; an old version changes nothing",
        "old versions count", _STATEMENTS, "is_old = 0 < receipt.version <= bet.venue_version", "is_old = False",
        f"{_T}test_reconcile.py::test_corrections_count_once_each_and_old_versions_not_at_all",
    ),
    _row(
        "F32", "a void gives the stake back, at any time",
        "a void is passed over", _STATEMENTS,
        "if settles and receipt.outcome in (Outcome.SETTLED, Outcome.VOID)",
        "if settles and receipt.outcome is Outcome.SETTLED",
        f"{_T}test_reconcile.py::test_a_settlement_whose_money_is_not_known_yet_waits_and_a_void_needs_none",
    ),
    _row(
        "F32", "a dead heat and a part that is void settle as the result states them for each selection",
        "rulings of a result are passed over", "engine/live/judgement/settlement.py",
        "            if ruled is not None:\n", "            if False:\n",
        "tests/live/judgement/test_settlement.py"
        "::test_a_part_void_gives_its_stake_back_and_the_rest_ends_as_it_does",
    ),
    _row(
        "F33", "a settled bet that is UNKNOWN here is placed and settled",
        "a settled bet says nothing about placing", _STATEMENTS,
        "return replace(receipt, outcome=Outcome.PLACED if matched else Outcome.LAPSED, open_minor=0)", "return None",
        f"{_T}test_reconcile.py"
        "::test_a_bet_without_an_answer_in_the_settled_list_is_placed_and_settled_with_one_profit",
    ),
    _row(
        "F34", "the venue decides the money; a difference is an entry and an alarm",
        "the balance is not compared", "engine/live/execution/audit.py",
        "        if difference == 0 or difference != before", "        if True or difference != before",
        f"{_T}test_audit.py::test_a_difference_of_the_balance_is_booked_after_two_readings_that_agree",
    ),
    _row(
        "F35", "an event without a result that settles the market leaves its bets open",
        "an unknown end settles", "engine/live/judgement/settlement.py",
        "            if state == State.UNKNOWN:\n                continue\n", "",
        "tests/live/judgement/test_settlement.py::test_a_score_that_does_not_settle_the_market_leaves_the_bet_open",
    ),
    _row(
        "F35", "a bet whose event has another id at the venue goes on under its reference, and is settled once",
        "a bet without a known event is a stranger's", _EVIDENCE,
        "order.event_id if receipt.event_id is None else receipt.event_id", "receipt.event_id",
        f"{_T}test_reconcile.py::test_a_bet_whose_event_was_moved_goes_on_under_its_reference_and_is_settled_once",
    ),
    _row(
        "F36", "after a death what was SENT is UNKNOWN and looked up",
        "it stays as it is", "engine/live/execution/recovery.py",
        "        if bet.state is BetState.SENT:\n", "        if not bet:\n",
        f"{_T}test_recovery.py::test_a_bet_that_was_sent_is_unknown_and_looked_up",
    ),
    _row(
        "F37 F39", "after a failure of the disk the connection is not used again and the process ends",
        "it is asked again", "engine/live/ledger/session.py", "            self._failed = cause\n",
        "            self._failed = ''\n",
        "tests/live/ledger/test_disk.py::test_a_full_disk_is_one_line_and_the_handle_is_not_used_again",
    ),
    _row(
        "F37 F38", "nothing is sent without its commit",
        "the request does not wait for SENT", _EXECUTOR,
        "        except Killed:\n            return self._abandon(bets, \"killed\", now())\n",
        "        except Exception:  # noqa: S110\n            pass\n",
        f"{_T}test_executor.py::test_a_failing_commit_sends_nothing_and_ends_the_process",
    ),
    _row(
        "F40", "entries whose commit had no answer are written once",
        "they are not looked for", "engine/live/ledger/chained.py",
        "            if there is not None:\n                return there\n", "",
        "tests/live/ledger/test_memory.py::test_a_connection_lost_before_or_after_the_commit_leaves_the_entry_once",
    ),
    _row(
        "F42", "a restored ledger sends nothing, and looks up what it calls intended",
        "what it calls intended was never sent", "engine/live/execution/recovery.py",
        "elif bet.state is BetState.INTENDED and restored:", "elif not bet:",
        f"{_T}test_recovery.py::test_a_restored_ledger_sends_nothing_and_looks_up_what_it_calls_intended",
    ),
    _row(
        "F43", "the holder of a lease that was taken writes nothing more",
        "the epoch is not compared", "engine/live/ledger/lease.py",
        "    if (state.holder, state.epoch) != (holder, epoch):\n", "    if not holder:\n",
        "tests/live/ledger/test_lease.py::test_a_second_runner_waits_the_holders_time_and_the_margin_and_the_first_is_fenced",
    ),
    _row(
        "F43", "a process that slept between commit and send sends nothing under a lease that is too short",
        "the lease is read before the commit only", _EXECUTOR, " or not self._lease_lasts():", ":",
        f"{_T}test_executor.py::test_no_send_under_a_lease_that_shrank_during_the_commit",
    ),
    _row(
        "F43", "on paper a bet is absent only once the venue refuses its key for ever, whatever comes late",
        "the key is not closed", _RECONCILE,
        "if profile.proof is ProofClass.PAPER and not self._is_final(key):", "if False:",
        f"{_T}test_reconcile.py::test_an_absence_on_paper_waits_until_the_venue_has_closed_the_reference",
    ),
    _row(
        "F44", "a decision window is measured on the monotonic clock",
        "on the wall clock", _EXECUTOR,
        "            return enter_wall + self.clock.monotonic_ns() - enter_monotonic\n",
        "            return self.clock.wall_ns()\n",
        f"{_T}test_executor.py::test_a_window_is_measured_on_the_monotonic_clock",
    ),
    _row(
        "F44", "a clock that jumps stops new bets",
        "jumps are not noticed", "engine/live/breakers/clock_jump.py",
        "        jumped = abs(self._moved_ns) > self._jump_ns\n", "        jumped = False\n",
        "tests/live/breakers/test_clock_jump.py::test_a_jump_stops_bets_until_the_clock_has_been_quiet",
    ),
    _row(
        "F45", "the kill switch is read in the transaction that lets a request leave",
        "it is not", _EXECUTOR, "self.journal.write(rows, sending=True)", "self.journal.write(rows)",
        f"{_T}test_executor.py::test_a_kill_between_intent_and_send_keeps_the_bet_here",
    ),
    _row(
        "F46", "an old quote is not bet at",
        "age does not matter", "engine/live/breakers/guards.py",
        "return self.name if old or ", "return self.name if ",
        "tests/live/breakers/test_guards.py::test_a_quote_is_bet_at_until_its_age_is_above_the_limit",
    ),
    _row(
        "F47", "the latest quote by its instant wins; a gap makes quotes stale",
        "the last message wins", "engine/live/feeds/market.py", "if held is None or rank >= held.rank:", "if True:",
        "tests/live/feeds/test_market.py::test_a_late_quote_changes_the_book_and_makes_no_decision",
    ),
    _row(
        "F48", "values that are no price are refused with a word",
        "any number is a price", "engine/live/feeds/sieve.py",
        "if not _is_number(quote.odds) or not 1.0 < quote.odds <= HIGHEST_ODDS:", "if not _is_number(quote.odds):",
        "tests/live/feeds/test_sieve.py::test_bad_values_of_a_quote",
    ),
    _row(
        "F50", "a channel of alerts that fails is counted and stops nothing",
        "its error goes through", "engine/live/alerts/sender.py",
        "            except Exception:", "            except ZeroDivisionError:",
        "tests/live/alerts/test_sender.py::test_a_channel_that_raises_is_a_channel_that_failed",
    ),
    _row(
        "start", "a start under changed code, data or artifacts is refused",
        "hashes are not compared", "engine/promotion/checks.py",
        "        raise _moved(promotion, name, frozen.get(name, \"nothing\"), current.get(name, \"nothing\"))\n",
        "        return\n",
        "tests/engine/promotion/test_frozen.py::test_time_and_hashes_are_checked",
    ),
    _row(
        "start", "every start of a promotion makes this check",
        "it is not made", "research/promotion/deployed.py", "    check(promotion, now_ns, current)\n", "",
        "tests/research/promotion/test_deployed.py::test_code_and_data_that_moved_are_refused",
    ),
)  # fmt: skip
#: faults whose handling is not one place that can be taken out, and where they are tested
ELSEWHERE: Final = {
    "F41": "loss of power: copies of the database cut at every kind of place (`tests/live/ledger/test_disk.py`)",
    "F49": "a quota belongs to the adapter of its source (`tests/live/adapters/the_odds_api/test_cache.py`)",
}

_HEAD: Final = """# Faults

Terms: [glossary](glossary.md).

What is promised when something fails, and how it is tested. This page is written by the command below; do not edit it
by hand. For each row the handling of the fault is taken out in a process of its own, and the named test is run there:
it must fail, and it passes where nothing is changed. Names are those of files below `tests/live`, or whole. The faults
that a venue can show are in the [guide to venues](venues.md), the states of a bet in [their page](states.md). `start`:
what is checked before anything runs.

```
python -m tests.mutants.faults --page docs/faults.md
```
"""


def page(found: Sequence[tuple[Promise, bool]], day: dt.date) -> str:
    """The page of results."""
    lines = ["| fault | promise | taken out | the test that fails | result |", "| --- | --- | --- | --- | --- |"]
    for (faults, promise, mutant), survives in found:
        test = mutant.test.removeprefix("tests/live/").replace("::", " ")
        result = "**not found**" if survives else "found"
        lines.append(f"| {faults} | {promise} | {mutant.what} (`{mutant.path}`) | {test} | {result} |")
    lines += ["", "| fault | |", "| --- | --- |", *(f"| {fault} | {text} |" for fault, text in ELSEWHERE.items())]
    count = sum(not survives for _, survives in found)
    written = f"On {day.day} {day:%B %Y}, {count} of {len(found)} are found."
    return "\n".join([_HEAD, written, "", *lines, ""])


def passes(tests: Sequence[str], mutant: Mutant | None = None) -> bool:
    """Whether tests pass in a process of their own, in which the code may be changed; it has ten minutes.

    Raises
    ------
    RuntimeError
        There is no such test, or an error outside of it.
    """
    import numba  # noqa: F401  what takes long to load is loaded once, before the processes part
    import numpy  # noqa: F401
    import polars  # noqa: F401

    words = ["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", str(ROOT)]
    ended = run_forked([*words, *(str(ROOT / test) for test in tests)], mutant.changed() if mutant else None)
    if ended in (0, 1) or ended == -signal.SIGALRM:
        return ended == 0
    raise RuntimeError(f"{tests} could not be run: {ended}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take each handling out, run its test, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="only rows of this fault")
    parser.add_argument("--page", type=Path, help="file for the page of results")
    options = parser.parse_args(sys.argv[1:] if arguments is None else list(arguments))
    chosen = [promise for promise in PROMISES if options.only in promise.faults]
    found: list[tuple[Promise, bool]] = []
    if not passes(list(dict.fromkeys(promise.taken_out.test for promise in chosen))):
        sys.stderr.write("a test fails with nothing taken out\n")
        return 1
    for promise in chosen:
        survives = passes([promise.taken_out.test], promise.taken_out)
        found.append((promise, survives))
        sys.stdout.write(f"{'SURVIVES' if survives else 'found   '} {promise.faults} {promise.taken_out.what}\n")
        sys.stdout.flush()
    if options.page:
        options.page.write_text(page(found, dt.date.today()), encoding="utf-8")
    return int(any(survives for _, survives in found))


if __name__ == "__main__":
    sys.exit(main())
