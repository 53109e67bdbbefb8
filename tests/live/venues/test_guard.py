"""The guard of the paper venue: noise of a book stops it, an honest strategy never does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError
from engine.live.bets.journal import Journal
from engine.live.breakers.contract import resume_entry
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.guards import OpenGuards
from engine.live.execution.settings import ExecutionSettings
from engine.live.feed import Mark, Quote
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.venue import Outcome, Receipt
from engine.live.venues.guard import PaperSettings, is_far
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices
from tests.live.clock import MovedClock
from tests.live.execution.world import MemoryLedger
from tests.live.venues.orders import BANKROLL, T0_NS, order, venue

GUARD = PaperSettings()
DAY_S = 86_400


def quoted(event: int, at_s: int, odds: float, bookmaker: str = "aaa") -> Quote:
    return Quote(T0_NS + at_s * SECOND_NS, event, "1x2", None, "home", bookmaker, "back", odds)


def bet(made: PaperVenue, number: int, event: int, at_s: int, odds: float, **values: Any) -> Receipt:
    at_ns = T0_NS + at_s * SECOND_NS
    (answer,) = made.place(
        [order(number, event_id=event, odds=odds, decided_at_ns=at_ns, expires_ns=at_ns, stake_minor=100, **values)]
    )
    assert isinstance(answer, Receipt)
    return answer


def noisy(source: ObservedPrices, event: int, at_s: int, *, books: int) -> float:
    """A fair price of 2.00 for a minute, then 15.0 for an instant at one bookmaker."""
    for book in range(books):
        source.see(quoted(event, at_s - 30, 2.0, f"book{book}"))
    for back in (50, 40, 30, 20):
        source.see(quoted(event, at_s - back, 2.0))
    source.see(quoted(event, at_s, 15.0))
    source.see(Mark(T0_NS + at_s * SECOND_NS))
    return 15.0


@pytest.mark.parametrize("books", [3, 0])
def test_a_night_of_noise_in_the_book_stops_the_venue(tmp_path: Path, books: int) -> None:
    """With other bookmakers to compare with, and with the price's own past alone."""
    source, told = ObservedPrices(), list[str]()
    made = venue(source, tmp_path / "venue.db", guard=GUARD, on_finding=told.append)
    rng, outcomes = np.random.default_rng(4), []
    for number in range(1, 60):
        odds = noisy(source, number, number * 60, books=books)
        receipt = bet(made, number, number, number * 60, odds)
        outcomes.append(receipt.reason or str(receipt.outcome))
        if receipt.outcome is Outcome.PLACED:
            made.settle(receipt.key, 1_400 if rng.random() < 0.5 else -100, at_ns=T0_NS + number * 60 * SECOND_NS)
    assert outcomes == ["placed"] * 20 + ["implausible"] * 39
    assert len(told) == 1 and "\n" not in told[0]
    assert told[0].startswith("prices far from all others on 2024-05-01: expected at most 4, found 20 of 20 fills")
    assert made.balance_minor() < BANKROLL + 20 * 1_400
    made.close()
    made = venue(source, tmp_path / "venue.db", guard=GUARD, on_finding=told.append)
    assert bet(made, 99, 1, 5_000, 2.0).reason == "implausible", "a restart does not end it"
    made.acknowledge("ann", "a test")
    assert bet(made, 100, 1, 5_000, 2.0).outcome is Outcome.PLACED and len(told) == 1
    made.close()


def test_the_stop_is_a_breaker_in_the_ledger_and_ends_with_it(tmp_path: Path) -> None:
    source = ObservedPrices()
    made = venue(source, tmp_path / "venue.db", guard=GUARD)
    ledger = MemoryLedger()
    journal = Journal(ledger, [made])
    executor = Executor(journal, made, MovedClock(), ExecutionSettings(), guards=OpenGuards(journal.book))
    opening = Entry(Kind.CAPITAL, "capital:1", 0, money=Money(cash=BANKROLL, capital=-BANKROLL))
    journal.write([opening])
    for number in range(1, 22):
        odds = noisy(source, number, number * 60, books=3)
        wanted = order(number, event_id=number, odds=odds, decided_at_ns=T0_NS + number * 60 * SECOND_NS,
                       stake_minor=100, expires_ns=1 << 62)  # fmt: skip
        (last,) = executor.submit([Intent(wanted)])
    trips = [row.entry for row in ledger.rows if row.entry.kind is Kind.TRIPPED]
    assert [entry.body["breaker"] for entry in trips] == ["plausibility/venue/paper"]
    assert last.cause == "implausible" and "found 20 of 20 fills" in trips[0].body["cause"]
    journal.write([resume_entry("plausibility/venue/paper", 1, 0, "the feed is mended", "ann")])
    assert bet(made, 99, 1, 5_000, 2.0).outcome is Outcome.PLACED
    made.close()
    made = venue(source, tmp_path / "venue.db", guard=GUARD)
    for row in ledger.rows:
        made.apply(row)  # a restart reads everything again
    assert bet(made, 100, 1, 5_000, 2.0).outcome is Outcome.PLACED


@pytest.mark.parametrize(("name", "chance", "pnl"), [("yield", 0.6, 300), ("hit_rate", 0.97, 30)])
def test_winnings_that_no_book_allows_stop_the_venue(name: str, chance: float, pnl: int) -> None:
    """Prices in line with all others, and results that are not: a wrong settlement, or a leak."""
    source, told, rng = ObservedPrices(), list[str](), np.random.default_rng(6)
    made = venue(source, guard=GUARD, on_finding=told.append)
    odds = 2.0 if name == "yield" else 1.9
    for number in range(1, 400):
        source.see(quoted(number, number * 10, odds))
        source.see(quoted(number, number * 10, odds, "bbb"))
        receipt = bet(made, number, number, number * 10, odds)
        if receipt.outcome is not Outcome.PLACED:
            break
        made.settle(receipt.key, pnl if rng.random() < chance else -100, at_ns=T0_NS + number * 10 * SECOND_NS)
    assert receipt.reason == "implausible" and 50 <= number < 200
    (text,) = told
    assert text.startswith("a yield that no book allows" if name == "yield" else "too many winners")


def test_what_is_spread_over_many_days_is_found_as_well() -> None:
    """Ten bets a day are too few to judge a day by; all days together are not."""
    source, told, rng = ObservedPrices(), list[str](), np.random.default_rng(7)
    made = venue(source, guard=GUARD, on_finding=told.append)
    number = 0
    for day in range(30):
        for _ in range(9):
            number += 1
            at_s = day * DAY_S + number
            source.see(quoted(number, at_s, 2.0))
            receipt = bet(made, number, number, at_s, 2.0)
            if receipt.outcome is Outcome.PLACED:
                made.settle(receipt.key, 400 if rng.random() < 0.6 else -100, at_ns=T0_NS + at_s * SECOND_NS)
    assert len(told) == 1 and "up to 2024-05-" in told[0]


def test_a_corrected_settlement_is_judged_once() -> None:
    """Sixty winners of one day that are all corrected to losers on the next: nothing to find on either day."""
    source, told = ObservedPrices(), list[str]()
    made = venue(source, guard=GUARD, on_finding=told.append)
    keys = []
    for number in range(1, 61):
        source.see(quoted(number, number, 2.0))
        keys.append(bet(made, number, number, number, 2.0).key)
    for day, pnl in ((1, -100), (2, -100), (3, 100)):
        for number, key in enumerate(keys):
            at_ns = T0_NS + (day * DAY_S + number) * SECOND_NS
            made.settle(key, pnl if number % 2 else -pnl, version=day, at_ns=at_ns)
    assert told == [] and len([r for part in made._guard._results.values() for r in part]) == 60


def test_the_end_of_a_stop_counts_once(tmp_path: Path) -> None:
    """A restart reads the end of the first stop again; it does not end the second one."""
    source = ObservedPrices()
    made = venue(source, tmp_path / "venue.db", guard=GUARD)
    ends = resume_entry("plausibility/venue/paper", 1, 0, "looked at", "ann")
    for day in (0, 1):
        for number in range(1, 22):
            at_s = day * DAY_S + number * 60
            odds = noisy(source, 100 * day + number, at_s, books=3)
            last = bet(made, 100 * day + number, 100 * day + number, at_s, odds)
        assert last.reason == "implausible"
        made.apply(Recorded(1, 1, 0, ends, "", "", ""))
    assert bet(made, 999, 1, 5_000, 2.0).reason == "implausible"


def test_an_honest_strategy_is_never_stopped() -> None:
    """An edge of 5 %, fifty bets a day for twelve days, in three worlds."""
    for seed in range(3):
        source, told, rng = ObservedPrices(), list[str](), np.random.default_rng(seed)
        made = venue(source, guard=GUARD, on_finding=told.append)
        for number in range(1, 601):
            at_s, odds = number * DAY_S // 50, float(rng.choice([1.5, 2.0, 3.0, 6.0]))
            source.see(quoted(number, at_s, odds))
            source.see(quoted(number, at_s, round(odds * 0.95, 2), "bbb"))
            receipt = bet(made, number, number, at_s, odds)
            won = rng.random() < 1.05 / odds
            made.settle(receipt.key, round(100 * (odds - 1)) if won else -100, at_ns=T0_NS + at_s * SECOND_NS)
        assert told == [] and receipt.outcome is Outcome.PLACED


def test_a_price_is_far_from_the_others_by_their_majority() -> None:
    assert is_far(15.0, [2.0, 2.1, 14.0]) is True and is_far(15.0, [2.0, 14.0]) is False
    assert is_far(2.2, [2.0, 2.1]) is False and is_far(2.0, []) is None


def test_thresholds_out_of_range_are_refused() -> None:
    for values in ({"far_fills_frac": 1.5}, {"far_fills_min": 0}, {"far_fills_frac": float("nan")}):
        with pytest.raises(ConfigurationError, match=r"paper\.far_fills"):
            PaperSettings(**values)
