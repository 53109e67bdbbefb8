"""The paper venue: its memory, its money, settlements that follow a ledger, delayed orders, groups, its database."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import SECOND_NS
from engine.errors import LedgerError
from engine.live.feed import Fixture, Mark, Quote
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.venue import DUPLICATE, NotTaken, Order, Outcome, ReadFailed, Receipt, Unanswered
from engine.live.venues.account import PaperConflict
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices
from tests.live.venues.orders import BANKROLL, T0_NS, order, prices, quote, venue


def one(made: PaperVenue, wanted: Order) -> Receipt:
    """The receipt of a single order."""
    (answer,) = made.place([wanted])
    assert isinstance(answer, Receipt)
    return answer


def recorded(kind: Kind, key: str, *, intent: str = "", cash: int = 0, **body: Any) -> Recorded:
    """An entry as the journal gives it to observers."""
    entry = Entry(kind, key, T0_NS, intent=intent, money=Money(cash=cash, capital=-cash), body=body)
    return Recorded(1, 1, 0, entry, "", "", "")


def test_a_bet_is_remembered_after_a_restart_and_never_made_twice(tmp_path: Path) -> None:
    path, source = tmp_path / "venue.db", prices(quote(0, 2.0))
    first = venue(source, path)
    receipt = one(first, order())
    rejected = one(first, order(2, odds=2.5))
    first.close()
    again = venue(source, path)
    assert again.place([order(), order(2, odds=2.5)]) == [receipt, rejected]
    assert again.look_up([order().key]).receipts == (receipt,) and again.balance_minor() == BANKROLL - 1_000
    assert (rejected.outcome, rejected.reason, rejected.venue_bet_id) == (Outcome.REJECTED, "price_moved", "")


def test_another_order_under_a_known_key_is_unknown_to_the_sender() -> None:
    made = venue(prices(quote(0, 2.0)))
    receipt = one(made, order())
    for other in (order(stake_minor=2_000), order(event_id=2), order(group="g")):
        (answer,) = made.place([other])
        assert isinstance(answer, Unanswered) and answer.cause == DUPLICATE
    assert made.look_up([order().key]).receipts == (receipt,) and made.balance_minor() == BANKROLL - 1_000


def test_money_that_is_not_there_cannot_be_bet() -> None:
    made = venue(prices(quote(0, 2.0)))
    assert one(made, order(1, stake_minor=BANKROLL - 500)).outcome is Outcome.PLACED
    refused = one(made, order(2, stake_minor=501))
    assert (refused.outcome, refused.reason) == (Outcome.REJECTED, "insufficient_funds")
    assert one(made, order(3, stake_minor=500)).outcome is Outcome.PLACED and made.balance_minor() == 0


def test_each_wallet_has_its_own_money() -> None:
    made = venue(prices(quote(0, 2.0), quote(0, 2.0, bookmaker="bbb")), wallets=True)
    made.deposit("capital:2", 700, "aaa")
    made.deposit("capital:2", 700, "aaa")
    assert one(made, order(1, bookmaker="bbb")).reason == "insufficient_funds"
    assert one(made, order(2, stake_minor=700)).outcome is Outcome.PLACED
    assert one(made, order(3, stake_minor=100)).reason == "insufficient_funds"


def test_the_balance_is_what_the_ledger_says() -> None:
    """Deposits, settlements, corrections and commission of the entries move the same money, however often they come."""
    made = venue(prices(quote(0, 2.0)))
    key = one(made, order()).key
    entries = [
        (recorded(Kind.CAPITAL, "capital:7", cash=5_000), 5_000),
        (recorded(Kind.SETTLED, f"settled:{key}:1", intent=key, cash=1_950, pnl_minor=950, version=1), 1_950),
        (recorded(Kind.COMMISSION, "commission:1:1x2::aaa:1", cash=-19), -19),
        (recorded(Kind.REVERSED, f"reversed:{key}:1", intent=key, cash=-1_950), 0),
        (recorded(Kind.SETTLED, f"settled:{key}:2", intent=key, cash=0, pnl_minor=-1_000, version=2), -1_950),
        (recorded(Kind.COMMISSION, "commission:1:1x2::aaa:2", cash=19), 19),
        (recorded(Kind.VOID, f"settled:{key}:3", intent=key, cash=1_000, pnl_minor=0, version=3), 1_000),
    ]
    expected = made.balance_minor()
    for number, (entry, change) in enumerate(entries):
        expected += change
        for _ in range(2):
            made.apply(entry)
        for earlier, _ in entries[:number]:
            made.apply(earlier)  # as after a restart
        assert made.balance_minor() == expected
    (bet,) = made.look_up([key]).receipts
    assert (bet.outcome, bet.pnl_minor, bet.version, bet.matched_minor) == (Outcome.VOID, 0, 3, 1_000)
    assert expected == BANKROLL + 5_000


def test_a_version_of_a_settlement_has_one_amount() -> None:
    made = venue(prices(quote(0, 2.0)))
    key = one(made, order()).key
    made.settle(key, 1_000)
    with pytest.raises(PaperConflict, match="another amount"):
        made.settle(key, 900)
    assert made.balance_minor() == BANKROLL + 1_000
    with pytest.raises(NotTaken):
        made.settle(order(2).key, 1)
    with pytest.raises(LedgerError, match="does not hold a bet that the ledger settles"):
        made.apply(recorded(Kind.SETTLED, "settled:x:1", intent=order(2).key, pnl_minor=1, version=1))


def test_a_bet_that_was_matched_and_then_fails_gives_its_stake_back() -> None:
    made = venue(prices(quote(0, 2.0)))
    key = one(made, order()).key
    failed = made.settle(key, 0, void=True)
    assert (failed.outcome, failed.matched_minor) == (Outcome.VOID, 1_000)
    assert made.balance_minor() == BANKROLL and made.look_up([key]).receipts == (failed,)


def test_winners_are_limited_by_the_rule_of_the_walk() -> None:
    """After a profit of 500 the bookmaker halves its limit of 1,000."""
    made = venue(
        prices(quote(0, 2.0)), terms={"aaa": {"limit_minor": 1_000.0}},
        limiting_profit_minor=500.0, limiting_factor=0.5, fill_min_frac=0.8,
    )  # fmt: skip
    first, second = one(made, order(1)), one(made, order(2))
    made.settle(first.key, 499)
    assert one(made, order(3)).matched_minor == 1_000
    made.settle(second.key, 1)
    assert one(made, order(4)).reason == "size"
    assert one(made, order(5, stake_minor=600)).matched_minor == 500  # 500 of 600 is more than 80 %


def test_a_delayed_order_in_a_replay_is_answered_at_once_with_what_will_have_happened() -> None:
    later = prices(quote(0, 2.0), quote(14, 2.2), quote(15, 2.1), quote(20, 1.5))
    assert one(venue(later, delay_s=5), order()).odds == 2.1
    gone = one(venue(prices(quote(0, 2.0), quote(14, 2.2)), delay_s=5), order())
    assert (gone.outcome, gone.reason) == (Outcome.REJECTED, "price_moved")
    settled = prices(quote(0, 2.0), quote(20, 2.0), settled_after_s=20)
    assert one(venue(settled, delay_s=5), order()).reason == "price_moved"


def test_no_order_is_filled_beyond_its_own_limit() -> None:
    """The tolerance of the configuration allows 1.95; the order does not."""
    later = prices(quote(0, 2.0), quote(15, 1.95))
    made = venue(later, delay_s=5, price_tolerance_frac=0.05)
    assert one(made, order(1, odds_worst=1.95)).odds == 1.95
    assert one(made, order(2, odds_worst=1.96)).reason == "price_moved"
    lay = {"side": "lay", "backer_minor": 1_000}
    laid = prices(quote(0, 2.0, side="lay"), quote(15, 2.05, side="lay"))
    made = venue(laid, delay_s=5, price_tolerance_frac=0.05)
    assert one(made, order(1, odds_worst=2.05, **lay)).odds == 2.05
    assert one(made, order(2, odds_worst=2.04, **lay)).reason == "price_moved"


def test_every_change_is_flushed_to_the_disk(tmp_path: Path) -> None:
    made = venue(prices(quote(0, 2.0)), tmp_path / "venue.db")
    found = [made.account._database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2], "2 is FULL"


def test_a_change_that_fails_half_way_leaves_nothing_behind() -> None:
    made = venue(prices(quote(0, 2.0)))
    with pytest.raises(PaperConflict), made.account.changing():
        made.account.move("capital:2", "", 5_000)
        made.account.move("capital:1", "", 1)
    assert made.balance_minor() == BANKROLL and "capital:2" not in made.account.references
    made.deposit("capital:2", 5_000)
    assert made.balance_minor() == BANKROLL + 5_000


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "venue.db").write_text("not a database, but long enough to look like a file of some kind " * 20)
    with pytest.raises(LedgerError, match="the paper venue's database failed"):
        venue(prices(quote(0, 2.0)), tmp_path / "venue.db")


def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    made = venue(prices(quote(0, 2.0)), tmp_path / "venue.db")
    (pages,) = made.account._database.execute("PRAGMA page_count").fetchone()
    made.account._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="found database or disk is full; free some space"):
        for number in range(2, 2_000):
            made.deposit(f"capital:{number}:{'x' * 200}", 1)


def test_an_order_that_waits_needs_its_money_too() -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):
        source.see(message)
    made = venue(source, delay_s=5)
    assert one(made, order(1, stake_minor=BANKROLL - 500)).outcome is Outcome.PENDING
    assert one(made, order(2, stake_minor=501)).reason == "insufficient_funds"
    with pytest.raises(NotTaken, match="no_such_bet"):
        made.match(order(2).key, 1, 0, odds=2.0)


def fixture(event_id: int = 1) -> Fixture:
    return Fixture(T0_NS, {"event_id": event_id, "starts_at": T0_NS + 3_600 * SECOND_NS})


def seen(seconds: int, odds: float, **values: Any) -> Quote:
    return Quote(T0_NS + seconds * SECOND_NS, 1, "1x2", None, "home", "aaa", "back", odds, **values)


def test_a_delayed_order_on_a_live_feed_waits_for_its_price(tmp_path: Path) -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):
        source.see(message)
    made = venue(source, tmp_path / "venue.db", delay_s=5)
    waiting = one(made, order())
    assert (waiting.outcome, waiting.matched_minor, waiting.open_minor) == (Outcome.PENDING, 0, 1_000)
    assert made.balance_minor() == BANKROLL - 1_000
    source.see(seen(14, 1.9))
    source.see(Mark(T0_NS + 14 * SECOND_NS))
    assert made.look_up([order().key]).receipts == (waiting,)
    made.close()
    made = venue(source, tmp_path / "venue.db", delay_s=5)  # a restart in between
    source.see(seen(16, 2.05))
    source.see(Mark(T0_NS + 16 * SECOND_NS))
    (filled,) = made.bets().receipts
    assert (filled.outcome, filled.odds, filled.matched_minor) == (Outcome.PLACED, 2.05, 1_000)
    assert made.place([order()]) == [filled] and made.balance_minor() == BANKROLL - 1_000


def test_after_the_start_no_price_comes_any_more() -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):
        source.see(message)
    made = venue(source, delay_s=5)
    assert one(made, order()).outcome is Outcome.PENDING
    source.see(seen(3_601, 2.0))
    source.see(seen(3_602, 2.0, kind="in_play"))
    source.see(Mark(T0_NS + 3_602 * SECOND_NS))
    (refused,) = made.look_up([order().key]).receipts
    assert (refused.outcome, refused.reason) == (Outcome.REJECTED, "price_moved")
    assert made.balance_minor() == BANKROLL


def test_a_live_feed_fills_no_more_than_the_price_on_arrival_takes() -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0, size_minor=5_000.0), seen(16, 2.0, size_minor=400.0),
                    Mark(T0_NS + 16 * SECOND_NS)):  # fmt: skip
        source.see(message)
    assert one(venue(source, delay_s=5, size_on_arrival=True), order()).matched_minor == 400
    assert one(venue(source, delay_s=5), order()).matched_minor == 1_000


def test_a_cancelled_order_that_waits_gives_its_money_back() -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):
        source.see(message)
    made = venue(source, delay_s=5)
    one(made, order())
    lapsed = made.cancel(order().key)
    assert (lapsed.outcome, lapsed.matched_minor, lapsed.open_minor) == (Outcome.LAPSED, 0, 0)
    source.see(seen(16, 2.0))
    source.see(Mark(T0_NS + 16 * SECOND_NS))
    assert made.look_up([order().key]).receipts == (lapsed,) and made.balance_minor() == BANKROLL


def test_the_legs_of_a_group_are_placed_together_or_not_at_all() -> None:
    source = prices(quote(0, 2.0), quote(0, 3.0, selection="away"), quote(0, 3.5, selection="draw", size_minor=300.0))
    made = venue(source)
    home, away = order(1, group="g"), order(2, group="g", selection="away", odds=3.0)
    draw = order(3, group="g", selection="draw", odds=3.5)
    assert [r.outcome for r in made.place([home, away])] == [Outcome.PLACED, Outcome.PLACED]
    legs = [replace(leg, key=order(n).key) for n, leg in enumerate((home, away, draw), 10)]
    assert [r.reason for r in made.place(legs)] == ["group", "group", "size"]
    moved = [replace(leg, key=order(n).key) for n, leg in enumerate((home, replace(away, odds=3.2)), 20)]
    assert [r.reason for r in made.place(moved)] == ["group", "price_moved"]
    both = [moved[1], draw]
    both = [replace(leg, key=order(n).key) for n, leg in enumerate(both, 30)]
    assert [r.reason for r in made.place(both)] == ["group", "size"], "a stake that fails comes before any price"
    assert made.balance_minor() == BANKROLL - 2_000


def test_a_group_waits_as_a_whole() -> None:
    source = ObservedPrices()
    away = {"event_id": 1, "market": "1x2", "line": None, "selection": "away", "bookmaker": "aaa", "side": "back"}
    first = [seen(0, 2.0), Quote(T0_NS, odds=3.0, **away), seen(16, 2.0), Mark(T0_NS + 16 * SECOND_NS)]
    for message in (fixture(), *first):
        source.see(message)
    made = venue(source, delay_s=5)
    legs = [order(1, group="g"), order(2, group="g", selection="away", odds=3.0)]
    assert [r.outcome for r in made.place(legs)] == [Outcome.PENDING] * 2
    source.see(Quote(T0_NS + 17 * SECOND_NS, odds=2.0, **away))
    source.see(Mark(T0_NS + 17 * SECOND_NS))
    assert [r.reason for r in made.look_up([leg.key for leg in legs]).receipts] == ["group", "price_moved"]
    assert made.balance_minor() == BANKROLL


def test_prices_stale_in_play_or_seen_twice_change_nothing() -> None:
    source = ObservedPrices()
    for message in (seen(0, 2.0), seen(5, 2.6, stale=True), seen(6, 2.7, kind="in_play"), seen(7, math.nan),
                    seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):  # fmt: skip
        source.see(message)
    assert source.offered(order()).odds == 2.0 and one(venue(source), order()).odds == 2.0
    assert one(venue(source), order(odds=2.6)).reason == "price_moved"


def test_a_database_that_fails_leaves_the_bet_unknown_and_the_memory_true(tmp_path: Path) -> None:
    path = tmp_path / "venue.db"
    made = venue(prices(quote(0, 2.0)), path)
    made.account._database.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unanswered, match="database"):
        made.place([order()])
    other.execute("ROLLBACK")
    assert made.look_up([order().key]).receipts == () and made.balance_minor() == BANKROLL
    assert one(made, order()).outcome is Outcome.PLACED
    made.close()
    with pytest.raises(Unanswered):
        made.place([order(2)])
    assert ReadFailed("x").cause == "x"


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    venue(prices(quote(0, 2.0)), tmp_path / "venue.db").close()
    database = sqlite3.connect(tmp_path / "venue.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(LedgerError, match="newer version"):
        venue(prices(quote(0, 2.0)), tmp_path / "venue.db")


def test_matching_more_is_cumulative_and_never_less() -> None:
    source = ObservedPrices()
    for message in (fixture(), seen(0, 2.0), Mark(T0_NS + 10 * SECOND_NS)):
        source.see(message)
    made = venue(source, delay_s=5)
    key = one(made, order()).key
    part = made.match(key, 300, 700, odds=2.0)
    assert (part.outcome, part.matched_minor, part.open_minor) == (Outcome.PARTIAL, 300, 700)
    for matched, rest in ((200, 800), (300, 701), (1_001, 0)):
        with pytest.raises(NotTaken):
            made.match(key, matched, rest, odds=2.0)
    assert made.match(key, 600, 0, odds=2.0).outcome is Outcome.LAPSED
    assert made.balance_minor() == BANKROLL - 600


STEPS = st.lists(
    st.tuples(st.sampled_from(["place", "settle", "cancel", "restart"]), st.integers(1, 6), st.integers(-9, 9)),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS)
def test_money_adds_up_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    """Free money and money at risk are what was paid in and what the settled bets brought, after every step."""
    source = prices(quote(0, 2.0, size_minor=700.0))
    made = venue(source)
    versions: dict[str, int] = {}
    for action, number, amount in steps:
        key = order(number).key
        bet = made.account.bets.get(key)
        if action == "place":
            made.place([order(number, stake_minor=100 * number)])
        elif action == "settle" and bet is not None and bet.receipt.matched_minor:
            versions[key] = versions.get(key, 0) + 1
            made.settle(key, max(amount * 50, -bet.receipt.matched_minor), version=versions[key])
        elif action == "cancel" and bet is not None:
            made.cancel(key)
        elif action == "restart":
            made.account._load()
        bets = made.account.bets.values()
        at_risk = sum(bet.at_risk_minor for bet in bets)
        profit = sum(bet.receipt.pnl_minor or 0 for bet in bets)
        assert made.balance_minor() + at_risk == BANKROLL + profit
        assert all(bet.receipt.matched_minor <= min(700, bet.order.stake_minor) for bet in bets)
