"""Keys, chain, kill switch and lease of a ledger."""

from __future__ import annotations

import hashlib
import inspect
import json

import pytest

from engine.errors import Fenced, KeyConflict, Killed, LedgerError
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Money
from engine.live.ledger.ledger import Ledger
from engine.live.ledger.opening import look
from engine.live.ledger.settings import LedgerSettings
from tests.live.clock import MovedClock
from tests.live.ledger.conftest import Open
from tests.live.ledger.entries import OPENED, intended, placed


def test_entries_come_back_as_they_were_written_and_each_holds_the_hash_of_the_one_before(opening: Open) -> None:
    ledger = opening()
    written = [*ledger.append([intended(1), intended(2)]), *ledger.append([placed(1, "pinnacle/7")])]
    ledger.close()
    rows = list(opening().entries())
    assert rows[1:] == written and rows[0].entry == OPENED
    assert [row.number for row in rows] == [1, 2, 3, 4] and {row.epoch for row in rows} == {1}
    previous = FIRST_PREVIOUS
    for row in rows:  # the hash once more, from the documented form
        entry, money = row.entry, row.entry.money
        bet = "-" if entry.venue_bet is None else f"={entry.venue_bet}"
        fields = [
            previous,
            row.number,
            row.epoch,
            row.wall_ns,
            entry.kind.value,
            entry.key,
            entry.at_ns,
            entry.intent,
            bet,
        ]
        fields += [entry.bookmaker, money.cash, money.reserved, money.stakes, money.pnl, money.commission, money.tax]
        fields += [money.adjustment, money.capital, json.dumps(entry.body, sort_keys=True, separators=(",", ":"))]
        assert row.hash == hashlib.sha256("\n".join(map(str, fields)).encode()).hexdigest()
        assert row.previous == previous
        previous = row.hash


def test_the_same_entries_again_are_those_that_stand_there(opening: Open) -> None:
    ledger = opening()
    written = ledger.append([intended(1), placed(1, "pinnacle/7")])
    assert list(ledger.append([intended(1), placed(1, "pinnacle/7")])) == list(written)
    assert list(ledger.append([intended(1)])) == list(written[:1])
    assert ledger.append([]) == ()
    assert len(list(ledger.entries())) == 3


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ([intended(1, stake=501)], "a key is there with other content"),
        ([placed(2, "pinnacle/7")], "a venue bet belongs to another entry"),
        ([intended(1), intended(2)], "a part of a batch is there already"),
        ([intended(3), intended(3)], "one key twice"),
        ([placed(3, "b/1"), placed(4, "b/1")], "one venue bet twice"),
    ],
)
def test_other_content_under_a_key_or_venue_bet_is_refused(opening: Open, batch: list[Entry], words: str) -> None:
    ledger = opening()
    ledger.append([intended(1), placed(1, "pinnacle/7")])
    with pytest.raises(KeyConflict, match=words):
        ledger.append(batch)
    assert len(list(ledger.entries())) == 3


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry(Kind.READ, "read\n1", 1), "a character of key"),
        (Entry(Kind.READ, "", 1), "an empty key"),
        (Entry(Kind.READ, "read", 1, venue_bet=""), "an empty venue bet"),
        (Entry(Kind.READ, "read", 2**63), "beyond 64 bits"),
        (Entry(Kind.READ, "read", 1, money=Money(cash=0.5, capital=-0.5)), "no whole number"),  # type: ignore[arg-type]
        (Entry(Kind.READ, "read", 1, body={"odds": float("nan")}), "no plain JSON"),
        (Entry(Kind.READ, "read", 1, body={"odds": {1, 2}}), "no plain JSON"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(opening: Open, entry: Entry, words: str) -> None:
    ledger = opening()
    with pytest.raises(LedgerError, match=words):
        ledger.append([intended(1), entry])
    assert len(list(ledger.entries())) == 1


def test_money_that_does_not_sum_to_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        Money(cash=1)


def test_a_kill_keeps_out_what_would_be_sent_and_nothing_else_until_it_is_freed(
    opening: Open, settings: LedgerSettings
) -> None:
    ledger = opening()
    other = look("spring", settings=settings)
    sent = Entry(Kind.SENT, "sent:1:1", 5, body={"attempt": 1})
    ledger.append([sent], sending=True)
    assert other.control(Command.KILL, person="ann", reason="odd").number == 1
    assert other.control(Command.RESUME, subject="drawdown", person="ann", reason="checked").number == 2
    with pytest.raises(Killed):
        ledger.append([Entry(Kind.SENT, "sent:2:1", 5)], sending=True)
    with pytest.raises(Killed):  # also the one that stands there: it may not be sent any more
        ledger.append([sent], sending=True)
    ledger.append([intended(1)])
    other.control(Command.RESUME, person="ann", reason="good")
    ledger.append([Entry(Kind.SENT, "sent:2:1", 5)], sending=True)
    assert [row.entry.key for row in ledger.entries()] == ["opened", "sent:1:1", "intended:1", "sent:2:1"]
    assert [(row.command, row.subject, row.person, row.reason) for row in ledger.controls(1)] == [
        (Command.RESUME, "drawdown", "ann", "checked"),
        (Command.RESUME, "", "ann", "good"),
    ]
    other.close()


def test_places_within_a_commit_are_passed_before_anything_is_there(opening: Open, settings: LedgerSettings) -> None:
    opening().close()
    other, seen = look("spring", settings=settings), []
    ledger = opening(probe=lambda name: seen.append((name, len(list(other.entries())))))
    assert seen == [("lease.before_take", 1), ("lease.after_take", 1)]
    seen.clear()
    ledger.append([intended(1)])
    ledger.append([placed(1, "pinnacle/7")])
    settled = [Entry(Kind.SETTLED, f"settled:1:{version}", 99) for version in (1, 2)]
    ledger.append(settled[:1])
    ledger.append([Entry(Kind.REVERSED, "reversed:1:1", 99), settled[1]])
    ledger.control(Command.KILL, person="ann", reason="odd")
    ledger.control(Command.ACKNOWLEDGE, person="ann", reason="odd")
    ledger.renew()
    assert seen == [
        ("receipt.inside_commit", 2),
        ("settlement.between_rows", 4),
        ("kill.before_commit", 6),
        ("kill.after_commit", 6),
        ("lease.renew", 6),
    ]
    other.close()


def test_a_place_that_raises_takes_the_whole_commit_back(opening: Open) -> None:
    def die(name: str) -> None:
        if name in ("receipt.inside_commit", "settlement.between_rows"):
            raise KeyboardInterrupt

    ledger = opening(probe=die)
    batches = [[placed(1, "b/7")], [Entry(Kind.SETTLED, "settled:1:1", 9), Entry(Kind.SETTLED, "settled:2:1", 9)]]
    for batch in batches:
        with pytest.raises(KeyboardInterrupt):
            ledger.append(batch)
    assert len(list(ledger.entries())) == 1


def test_many_entries_are_read_in_blocks(opening: Open) -> None:
    ledger = opening()
    ledger.append([Entry(Kind.READ, f"read:{number}", number) for number in range(4_500)])
    assert [row.number for row in ledger.entries(7)] == list(range(8, 4_502))


def test_a_ledger_is_all_that_the_contract_asks_for(opening: Open) -> None:
    ledger = opening()
    for name, method in vars(Ledger).items():
        if callable(method) and not name.startswith("_"):
            assert inspect.signature(getattr(ChainedLedger, name)) == inspect.signature(method)
    ledger.append([intended(1)])
    assert ledger.last_commit_ns > 0 and "secret" not in ledger.where


def test_without_the_lease_nothing_is_written(opening: Open, settings: LedgerSettings) -> None:
    opening()
    other = look("spring", settings=settings)
    for act in (lambda: other.append([intended(1)]), other.renew):
        with pytest.raises(Fenced, match="no lease"):
            act()
    assert other.lease_left_ns() == 0 and len(list(other.entries())) == 1
    other.close()


def test_a_commit_is_timed_and_nothing_else(opening: Open) -> None:
    clock = MovedClock()
    moved = clock.monotonic_ns

    def read() -> int:
        clock.monotonic += 7
        return moved()

    clock.monotonic_ns = read  # type: ignore[method-assign]  each look takes 7 ns
    ledger = opening(clock=clock)
    ledger.append([intended(1)])
    assert ledger.last_commit_ns == 7
