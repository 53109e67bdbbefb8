"""Proposals one at a time: what is refused, stale, on record already; keys of a million decisions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl

from engine.configuration import Configuration
from engine.identity import fold
from engine.live.bets.intent import intent_key
from engine.live.judgement.account import Account
from engine.live.judgement.judge import Judge, Proposal, Sitting
from engine.live.judgement.offers import Offer
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Entry, Kind, Money
from engine.schema import INSTANT_DTYPE
from tests.parity.drive import Memory, intended, placed, rejected

#: BLAKE2b of "5c5c...:-1" with the person "bea intent key", kept from the first day
KEY = "b6dd99cf5dedb55f092cd31309c69538"
AT = 1_700_000_000_000_000_000


class Prices:
    """A market in which one bookmaker's quotes are stale."""

    def event_of(self, event_id: int) -> tuple[str, str, bool]:
        return "football", "E0", event_id == 9

    def quoted_at(self, offer: Offer) -> tuple[int, bool]:
        return AT - 5, offer.bookmaker != "stale"


def offered(*rows: tuple[int, str, str], group: int | None = None) -> pl.DataFrame:
    """Opportunities as (event, selection, bookmaker), in this order of priority."""
    return pl.DataFrame(
        {
            "event_id": [row[0] for row in rows],
            "market": ["1x2"] * len(rows),
            "line": pl.Series([None] * len(rows), dtype=pl.Float64),
            "selection": [row[1] for row in rows],
            "bookmaker": [row[2] for row in rows],
            "side": ["back"] * len(rows),
            "decided_at": pl.Series([AT] * len(rows)).cast(INSTANT_DTYPE),
            "odds": [2.0] * len(rows),
            "prob": [0.6] * len(rows),
            "priority": [-float(place) for place in range(len(rows))],
            "group": pl.Series([group] * len(rows), dtype=pl.Int64),
        }
    )


def table(**numbers: float) -> tuple[Judge, Memory]:
    rules = Rules("5c" * 16, Configuration(bankroll_minor=25_000.0, amount_minor=10_000.0, **numbers))
    memory = Memory(Account(rules))
    memory.write([Entry(Kind.CAPITAL, "capital:1", 0, money=Money(cash=25_000, capital=-25_000))])
    return Judge(rules, memory.account, Prices()), memory


def reasons(sitting: Sitting) -> list[tuple[str, int]]:
    return [(row["reason"], row["stake_minor"]) for row in sitting.decisions()]


def one(sitting: Sitting) -> Proposal:
    proposal = sitting.next()
    assert proposal is not None
    return proposal


def test_each_decision_sees_what_the_one_before_took() -> None:
    judge, memory = table()
    sitting = judge.sit(AT, offered((1, "home", "a"), (2, "home", "a"), (3, "home", "a"), (4, "home", "a")))
    for stake in (10_000, 10_000, 5_000):
        leg = one(sitting).legs[0]
        assert leg.order.stake_minor == stake
        memory.write([intended(leg, AT)])
        memory.write([placed(leg, stake, 0, 2.0, AT)])
    assert sitting.next() is None
    assert reasons(sitting) == [("placed", 10_000), ("placed", 10_000), ("placed", 5_000), ("cash", 0)]


def test_what_the_venue_refuses_is_free_again() -> None:
    judge, memory = table()
    sitting = judge.sit(AT, offered((1, "home", "a"), (2, "home", "a"), (3, "home", "a")))
    first = one(sitting).legs[0]
    memory.write([intended(first, AT)])
    assert memory.account.cash_minor == 15_000
    memory.write([rejected(first, "price_moved", None, AT)])
    for _ in range(2):
        leg = one(sitting).legs[0]
        memory.write([intended(leg, AT)])
    assert sitting.next() is None
    assert reasons(sitting) == [("price_moved", 0), ("intended", 10_000), ("intended", 10_000)]


def test_a_breaker_refuses_with_its_own_word() -> None:
    judge, _ = table()
    sitting = judge.sit(AT, offered((1, "home", "a"), (2, "home", "a")))
    one(sitting)
    sitting.refuse("order_rate")
    one(sitting)
    sitting.refuse("killed")
    assert sitting.next() is None and reasons(sitting) == [("order_rate", 0), ("killed", 0)]
    assert all(row["key"] is None for row in sitting.decisions())


def test_stale_quotes_and_settled_events_are_no_proposals() -> None:
    judge, _ = table()
    sitting = judge.sit(AT, offered((1, "home", "stale"), (9, "home", "a")))
    assert sitting.next() is None and reasons(sitting) == [("stale", 0), ("settled", 0)]


def test_a_stale_leg_keeps_its_group_from_being_sent() -> None:
    judge, _ = table()
    sitting = judge.sit(AT, offered((1, "home", "a"), (1, "draw", "stale"), (1, "away", "a"), group=1))
    assert sitting.next() is None and reasons(sitting) == [("group", 0), ("stale", 0), ("group", 0)]


def test_legs_come_together_and_a_stop_in_between_is_made_good() -> None:
    judge, memory = table()
    frame = offered((1, "home", "a"), (1, "draw", "a"), group=1)
    legs = one(judge.sit(AT, frame)).legs
    assert [leg.order.group for leg in legs] == [f"1:{AT}:1"] * 2
    memory.write([intended(leg, AT) for leg in legs])  # and the process dies before it sends them
    again = judge.sit(AT, frame)
    assert one(again).legs == legs
    memory.write([placed(leg, leg.order.stake_minor, 0, 2.0, AT) for leg in legs])
    assert again.next() is None and reasons(again) == [("placed", 10_000)] * 2


def test_nothing_is_decided_twice() -> None:
    judge, memory = table()
    frame = offered((1, "home", "a"), (2, "home", "a"))
    leg = one(judge.sit(AT, frame)).legs[0]
    memory.write([intended(leg, AT), placed(leg, 10_000, 0, 2.0, AT)])
    before, work = memory.account.cells.copy(), memory.account.positions.work
    counted = [array.copy() for array in (work.taken, work.commission_market_open, work.open_on_event, work.wallet)]
    again = judge.sit(AT, frame)
    second = one(again).legs[0]
    assert second.order.event_id == 2
    again.refuse("killed")
    assert again.next() is None and reasons(again) == [("placed", 10_000), ("killed", 0)]
    assert memory.account.cells.tobytes() == before.tobytes()
    work = memory.account.positions.work
    after = (work.taken, work.commission_market_open, work.open_on_event, work.wallet)
    assert [array.tobytes() for array in after] == [array.tobytes() for array in counted]
    assert work.taken.sum() == work.commission_market_open.sum() == 1


def test_the_order_says_what_may_be_accepted() -> None:
    judge, _ = table(price_tolerance_frac=0.1, slippage_frac=0.02)
    order = one(judge.sit(AT, offered((1, "home", "a")))).legs[0].order
    assert order.odds == 2.0 and order.odds_worst == 1.0 + (1.8 - 1.0) * 0.98
    assert order.expires_ns == AT + 60_000_000_000 and order.key == intent_key("5c" * 16, order.opportunity_id)


def distinct_keys(n: int) -> int:
    """Number of different keys of `n` opportunities with different identities."""
    ids = fold([np.arange(n) % 1_000, np.arange(n) // 1_000])
    return len({intent_key("5c" * 16, identity) for identity in ids.tolist()})


def test_decisions_never_share_a_key() -> None:
    assert distinct_keys(50_000) == 50_000


def test_a_key_is_the_same_on_every_machine_and_in_every_process() -> None:
    script = "from engine.live.bets.intent import intent_key; print(intent_key('5c' * 16, -1))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == intent_key("5c" * 16, -1) == KEY
    assert intent_key("5d" * 16, -1) != KEY != intent_key("5c" * 16, 1)
