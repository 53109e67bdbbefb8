"""The book refuses what must not be written, before it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import KeyConflict, LedgerError
from engine.live.bets.bet import Bet, after, order_body, reversal_money
from engine.live.bets.book import Book
from engine.live.bets.journal import Journal
from engine.live.bets.postings import abandoned, claim, intended, read, received, sent, settled, tripped, unknown
from engine.live.bets.states import BetState
from engine.live.execution.guards import OpenGuards
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.venue import Outcome, Receipt, Unanswered
from tests.live.execution.world import START_NS, World, order, stated


def placed(world: World, number: int = 1, **values: object):  # type: ignore[no-untyped-def]
    """A bet that is placed."""
    return world.submit(order(number, **values))[0]


def test_wrong_money_is_refused() -> None:
    world = World()
    entry = intended(order(), {}, START_NS)
    for money in (Money(), Money(cash=-999, reserved=999), Money(cash=-1000, stakes=1000)):
        with pytest.raises(LedgerError, match="is not possible"):
            world.journal.write([replace(entry, money=money)])
    assert len(world.rows) == 1


@pytest.mark.parametrize("case", ["sent", "unknown", "abandoned", "rejected", "placed", "settled", "reversed", "read"])
def test_every_entry_of_a_bet_moves_exactly_its_money(case: str) -> None:
    world = World()
    world.journal.write([intended(order(), {}, START_NS)])
    key = order().key

    def now() -> Bet:
        bet: Bet = world.book.get(key)
        return bet

    if case != "abandoned":
        world.journal.write([sent(now(), START_NS, START_NS, 1)] if case != "sent" else [])
    if case == "read":
        world.journal.write([unknown(now(), "timeout", START_NS)])
    receipt = Receipt(key, "v1", Outcome.PLACED, odds=2.0, matched_minor=1000)
    if case in ("settled", "reversed"):
        world.journal.write([received(now(), receipt, "fake", START_NS)])
    if case == "reversed":
        world.journal.write(settled(now(), BetState.SETTLED, 1000, 0, START_NS))
    entries = {
        "sent": lambda: [sent(now(), START_NS, START_NS, 1)],
        "unknown": lambda: [unknown(now(), "timeout", START_NS)],
        "abandoned": lambda: [abandoned(now(), "stale", START_NS)],
        "rejected": lambda: [received(now(), Receipt(key, "", Outcome.REJECTED), "fake", START_NS)],
        "placed": lambda: [received(now(), receipt, "fake", START_NS)],
        "settled": lambda: settled(now(), BetState.SETTLED, 1000, 0, START_NS),
        "reversed": lambda: settled(now(), BetState.SETTLED, -1000, 0, START_NS),
        "read": lambda: [read(now(), START_NS, 1)],
    }[case]()
    first, more = entries[0], entries[1:]
    money = replace(first.money, cash=first.money.cash + 1, adjustment=-1)
    with pytest.raises(LedgerError, match="is not possible"):
        world.journal.write([replace(first, money=money), *more])
    world.journal.write(entries)


def test_an_intent_holds_a_whole_order_a_positive_stake_and_its_own_key() -> None:
    book, entry = Book(), intended(order(), {}, START_NS)
    body = order_body(order())
    for wrong in (
        {**body, "stake_minor": 0},
        {**body, "key": "00" * 16},
        {k: v for k, v in body.items() if k != "side"},
    ):
        with pytest.raises(LedgerError, match="is not possible"):
            book.check([replace(entry, body=wrong)])


def test_facts_do_not_repeat_the_order() -> None:
    with pytest.raises(ValueError, match="odds"):
        intended(order(), {"odds": 3.0}, START_NS)


@pytest.mark.parametrize("attempt", [0, 2, None])
def test_attempts_are_numbered_without_a_gap(attempt: int | None) -> None:
    world = World()
    world.executor.guards.no = "stale"
    world.journal.write([intended(order(), {}, START_NS)])
    bet = world.book.get(order().key)
    entry = sent(bet, START_NS, START_NS, 1)
    with pytest.raises(LedgerError, match="attempt 1"):
        world.book.check([replace(entry, body={**entry.body, "attempt": attempt})])


def test_a_transition_that_the_table_does_not_have_is_refused() -> None:
    world = World()
    bet = placed(world)
    for entry in (abandoned(bet, "x", START_NS), sent(bet, START_NS, START_NS, 1), unknown(bet, "x", START_NS)):
        with pytest.raises(LedgerError, match=r"docs/states\.md from placed"):
            world.book.check([entry])


def test_a_bet_that_may_have_arrived_once_is_never_given_up() -> None:
    world = World()
    world.venue.script = [Unanswered("timeout")]
    bet = placed(world)
    world.journal.write([sent(bet, START_NS, START_NS, 1)])
    with pytest.raises(LedgerError, match="every attempt was provably not taken"):
        world.journal.write([abandoned(world.book.get(bet.key), "connect", START_NS)])


def test_a_reading_needs_a_bet_and_moves_no_money() -> None:
    world = World()
    world.venue.script = [Unanswered("timeout")]
    bet = placed(world)
    entry = read(bet, START_NS, 5)
    assert after(bet, entry).reads == 1
    with pytest.raises(LedgerError, match="no such intent"):
        after(None, entry)
    with pytest.raises(LedgerError, match="is not possible"):
        after(bet, replace(entry, money=Money(cash=1, adjustment=-1)))
    assert after(bet, Entry(Kind.ALERTED, "alerted:1", START_NS, intent=bet.key)) == bet


def test_matched_size_never_falls() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PARTIAL, odds=2.0, matched_minor=400, open_minor=600)]
    bet = placed(world)
    lower = Receipt(bet.key, "v1", Outcome.PARTIAL, odds=2.0, matched_minor=399, open_minor=601)
    with pytest.raises(LedgerError, match="at least 400 matched"):
        world.book.check([received(bet, lower, "fake", START_NS)])


@pytest.mark.parametrize(
    ("outcome", "sizes"),
    [
        (Outcome.PLACED, {"matched_minor": 0}),
        (Outcome.PLACED, {"matched_minor": 10, "open_minor": 1}),
        (Outcome.PLACED, {"matched_minor": 10, "odds": 1.0}),
        (Outcome.PARTIAL, {"matched_minor": 10}),
        (Outcome.PENDING, {"matched_minor": 1}),
        (Outcome.LAPSED, {"open_minor": 1}),
        (Outcome.PLACED, {"matched_minor": -10}),
    ],
)
def test_sizes_that_do_not_fit_the_state_are_refused(outcome: Outcome, sizes: dict[str, object]) -> None:
    world = World()
    world.venue.script = [Unanswered("timeout")]
    bet = placed(world)
    receipt = Receipt(bet.key, "v1", outcome, **{"odds": 2.0, **sizes})  # type: ignore[arg-type]
    with pytest.raises(LedgerError):
        world.book.check([received(bet, receipt, "fake", START_NS)])


def test_a_bet_id_belongs_to_one_intent_even_within_one_commit() -> None:
    world = World()
    world.venue.script = [Unanswered("timeout"), Unanswered("timeout")]
    one, two = placed(world, 1), placed(world, 2)
    receipts = [Receipt(bet.key, "same", Outcome.PLACED, odds=2.0, matched_minor=1000) for bet in (one, two)]
    entries = [received(bet, receipt, "fake", START_NS) for bet, receipt in zip((one, two), receipts, strict=True)]
    with pytest.raises(KeyConflict, match="two intents"):
        world.journal.write(entries)
    world.journal.write(entries[:1])
    with pytest.raises(KeyConflict, match="two intents"):
        world.journal.write(entries[1:])
    assert world.book.owner("fake/same") == one.key and world.book.owner("fake/other") is None


def test_a_bet_id_is_claimed_once_and_nothing_is_claimed_without_one() -> None:
    bet = placed(World())
    claims = [claim(bet, Receipt(bet.key, name, Outcome.PLACED), "v") for name in ("", bet.venue_bet_id, "other")]
    assert bet.venue_bet_id and claims == [None, None, "v/other"]


def test_a_trip_by_what_a_venue_said_needs_a_person() -> None:
    entry = tripped("identity", 3, "a stranger", START_NS)
    assert entry.key == "tripped:identity:3"
    assert entry.body == {"breaker": "identity", "n": 3, "cause": "a stranger", "human": True}


def test_a_bet_has_one_bet_id() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PENDING)]
    bet = placed(world)
    other = Receipt(bet.key, "v77", Outcome.PLACED, odds=2.0, matched_minor=1000)
    with pytest.raises(KeyConflict, match="two ids"):
        world.journal.write([received(bet, other, "fake", START_NS)])


# -- settlements ------------------------------------------------------------------------------------------------------


def accounts(world: World) -> dict[str, int]:
    """Balances that are not zero, without the deposit."""
    balances = world.book.balances
    assert sum(balances.values()) == 0
    return {name: value for name, value in balances.items() if value and name != "capital"}


def test_a_win_a_correction_to_a_loss_and_a_correction_to_void() -> None:
    world = World()
    key = placed(world).key

    def settle(outcome: BetState, pnl: int, tax: int = 0) -> None:
        world.journal.write(settled(world.book.get(key), outcome, pnl, tax, START_NS))

    settle(BetState.SETTLED, 950, 50)
    assert accounts(world) == {"cash": 100_950, "pnl": -1_000, "tax": 50}
    settle(BetState.SETTLED, -1000)
    assert accounts(world) == {"cash": 99_000, "pnl": 1_000}
    settle(BetState.VOID, 0)
    assert accounts(world) == {"cash": 100_000}
    assert world.kinds(key)[3:] == ["settled", "reversed", "settled", "reversed", "void"]
    assert world.book.get(key).version == 3 and not world.book.alive()


def test_a_settlement_gives_an_open_rest_back() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PARTIAL, odds=2.0, matched_minor=400, open_minor=600)]
    bet = placed(world)
    world.journal.write(settled(bet, BetState.SETTLED, 400, 0, START_NS))
    assert accounts(world) == {"cash": 100_400, "pnl": -400}
    world.journal.write(settled(world.book.get(bet.key), BetState.SETTLED, -400, 0, START_NS))
    assert accounts(world) == {"cash": 99_600, "pnl": 400}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("version", "settlement 1"),
        ("twice", "a reversal of settlement 1 before it"),
        ("reversal_alone", "settlement 2 in the same commit"),
        ("not_settled", "a settled bet"),
        ("profit", "profit and tax in whole minor units"),
    ],
)
def test_settlements_out_of_order_are_refused(case: str, expected: str) -> None:
    world = World()
    bet = placed(world)
    (first,) = settled(bet, BetState.SETTLED, 1000, 0, START_NS)
    if case in ("twice", "reversal_alone"):
        world.journal.write([first])
        reversal, second = settled(world.book.get(bet.key), BetState.SETTLED, -1000, 0, START_NS)
        wrong = {"twice": [second], "reversal_alone": [reversal]}[case]
    elif case == "not_settled":
        wrong = [replace(first, kind=Kind.REVERSED, key="reversed", money=reversal_money(bet))]
    else:
        body = {"version": {"version": 2}, "profit": {"pnl_minor": 10.5}}[case]
        wrong = [replace(first, body={**first.body, **body})]
    before = len(world.rows)
    with pytest.raises(LedgerError, match=f"expected {expected}"):
        world.journal.write(wrong)
    assert len(world.rows) == before


# -- the fold ---------------------------------------------------------------------------------------------------------


def test_a_ledger_with_a_missing_entry_is_refused() -> None:
    world = World()
    placed(world)
    del world.rows[2]
    with pytest.raises(LedgerError, match=r"missing.*number 3.*found 4"):
        world.start()


def test_a_ledger_in_which_two_intents_have_one_bet_id_is_refused() -> None:
    world = World()
    placed(world, 1)
    placed(world, 2)
    last = world.rows[-1]
    world.rows[-1] = replace(last, entry=replace(last.entry, venue_bet="fake/v1"))
    with pytest.raises(KeyConflict, match="two intents"):
        world.start()


def test_writing_the_same_again_changes_nothing() -> None:
    world = World()
    world.journal.write([Entry(Kind.CAPITAL, "capital:1", START_NS, money=Money(cash=100_000, capital=-100_000))])
    assert world.book.balances["cash"] == 100_000 and world.book.last_number == 1


def test_balances_and_exposure_are_sums_of_the_entries() -> None:
    world = World()
    one = placed(world, 1)
    world.venue.script = [Unanswered("timeout"), stated(Outcome.PENDING)]
    two, three = placed(world, 2, bookmaker="other"), placed(world, 3)
    cash = [(row.entry.bookmaker, row.entry.money.cash) for row in world.rows if row.entry.money.cash]
    assert cash == [("", 100_000), ("paper", -1_000), ("other", -1_000), ("paper", -1_000)]
    assert world.book.free_minor() == 98_000  # the venue may not have the second; it has the third
    assert [bet.key for bet in world.book.alive()] == [one.key, two.key, three.key]
    assert [bet.key for bet in world.book.under_way()] == [two.key, three.key]
    assert [bet.key for bet in world.book.unknown()] == [two.key]
    world.venue.say(three.key, outcome=Outcome.LAPSED, odds=2.0, matched_minor=400)
    world.reconciler.take(world.venue.bets())
    assert three.key in [bet.key for bet in world.book.alive()]  # what is matched is still at risk
    world.submit(order(4))
    world.venue.script = [stated(Outcome.LAPSED)]
    assert placed(world, 5).key not in [bet.key for bet in world.book.alive()]
    assert len(world.book) == 5 and list(world.book) == list(world.book.bets().values())


def external(world: World, number: int, name: str, risk: int, event: int | None = None, intent: str = "") -> None:
    """A bet at the venue that is not ours."""
    body = {"venue_bet_id": name, "at_risk_minor": risk, "event_id": event}
    world.journal.write([Entry(Kind.EXTERNAL, f"external:{number}", START_NS, intent=intent, body=body)])


def test_bets_that_are_not_ours_count_until_they_are_gone() -> None:
    world = World()
    external(world, 1, "x1", 500, event=7)
    external(world, 2, "x2", 300)
    assert (world.book.external_minor(), world.book.external_minor(7), world.book.external_minor(8)) == (800, 500, 0)
    external(world, 3, "x1", 0, event=7)
    assert world.book.external_minor() == 300 and world.book.external_entries == 3
    external(world, 4, "x4", 100, intent=order().key)
    assert world.book.is_adopted(order().key) and world.executor.refuse(order()) == "adopted"
    with pytest.raises(KeyConflict, match="took over"):
        placed(world)


def test_trips_and_adjustments_are_counted() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=1.5), stated(Outcome.PLACED, odds=1.5)]
    placed(world, 1)
    placed(world, 2)
    world.journal.write([Entry(Kind.ADJUSTED, "adjusted:1", START_NS, money=Money(cash=-3, adjustment=3))])
    assert world.book.trips == {"price/venue/fake": 2} and world.book.adjustments == 1
    world.start()
    assert world.book.trips == {"price/venue/fake": 2} and world.book.adjustments == 1
    assert world.book.is_tripped("price/venue/fake") and not world.book.is_tripped("clock")
    body = {"breaker": "price/venue/fake", "n": 2, "reason": "seen", "person": "ann"}
    world.journal.write([Entry(Kind.RESUMED, "resumed:1", START_NS, body=body)])
    assert not world.book.is_tripped("price/venue/fake") and world.book.trips == {"price/venue/fake": 2}


def test_open_guards_allow_everything_and_number_their_trips() -> None:
    world = World()
    guards = OpenGuards(world.book)
    assert (guards.reason(order(), {}, START_NS), guards.wait_ns()) == ("", 0)
    for number in (1, 2):
        entry = guards.trip("clock", "it jumped", START_NS)
        assert entry.key == f"tripped:clock:{number}" and entry.body["n"] == number and entry.body["human"] is True
        world.journal.write([entry])
    assert guards.heard("timeout") is None  # type: ignore[func-returns-value]


def test_an_observer_is_told_every_entry_once_in_order() -> None:
    world = World()
    placed(world)
    told: list[int] = []

    class Listener:
        def apply(self, recorded: Recorded) -> None:
            told.append(recorded.number)

    journal = Journal(world.ledger)
    journal.observe(Listener())
    assert journal.load() == 4 and journal.load() == 0 and told == [1, 2, 3, 4]


def test_what_a_bet_can_still_lose() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PARTIAL, odds=2.0, matched_minor=400, open_minor=500)]
    bet = placed(world)
    assert (bet.at_risk_minor, bet.reserved_minor, bet.stakes_minor) == (900, 500, 400)
    world.journal.write(settled(bet, BetState.SETTLED, -400, 0, START_NS))
    assert world.book.get(bet.key).at_risk_minor == 0
