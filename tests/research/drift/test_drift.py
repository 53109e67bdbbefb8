"""Each cause of a difference, planted: found by its name, with its money, and nothing else unexplained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from engine.live.feed import Fixture, Message, Quote
from engine.live.judge import Leg
from engine.live.ledger.entries import Entry, Kind, Money
from research.drift.causes import Cause
from research.drift.drift import Drift, drift_of
from research.promotion.deployed import Deployed
from research.tapes.builder import Tapes
from tests.parity.drive import of_bet, placed, rejected
from tests.research.drift.day import World, together, traded

#: number of the proposal, or of the instant, that goes otherwise
THIRD = 3
#: makes the world in which the n-th proposal, or settlement, goes otherwise
Planted = Callable[[int], World]


def drift(deployed: Deployed, tapes: Tapes, world: World | None = None, more: Sequence[Entry] = ()) -> Drift:
    """The drift of a day; the money of its lines adds up, to the cent."""
    measured = drift_of(deployed, traded(deployed, tapes, world, more), tapes)
    total = measured.profit_minor - measured.profit_backtest_minor
    assert sum(line.cost_minor for line in measured.lines) == total == measured.pairs["cost_minor"].sum()
    assert sum(line.decisions for line in measured.lines) == measured.n_decisions
    assert measured.equity_minor - measured.equity_backtest_minor == total
    return measured


def decisions(measured: Drift) -> dict[Cause, int]:
    return {line.cause: line.decisions for line in measured.lines if line.decisions or line.cost_minor}


def money(measured: Drift) -> dict[Cause, int]:
    return {line.cause: line.cost_minor for line in measured.lines if line.cost_minor}


def test_a_day_like_the_backtest_is_identical_to_the_cent(deployed: Deployed, tapes: Tapes) -> None:
    same = drift(deployed, tapes)
    assert decisions(same) == {Cause.IDENTICAL: len(tapes.tape(deployed.spec))} and money(same) == {}
    assert same.unexplained == 0 and (same.pairs["reason"] == "placed").sum() >= 40
    assert same.profit_minor == same.profit_backtest_minor != 0


def reject(word: str) -> Planted:
    return lambda n: World(
        lambda number, legs, at: [rejected(leg, word, None, at) for leg in legs] if number == n else None
    )


def refuse(word: str) -> Planted:
    return lambda n: World(refuse=lambda number, legs: word if number == n else "")


def fill(odds: float = 0.0, stake: float = 1.0) -> Planted:
    """A bet is filled at other odds, and at a share of its stake."""

    def answer(legs: Sequence[Leg], at_ns: int) -> list[Entry]:
        return [placed(leg, int(leg.order.stake_minor * stake), 0, leg.order.odds + odds, at_ns) for leg in legs]

    return lambda n: World(lambda number, legs, at: answer(legs, at) if number == n else None)


def settled(change: int) -> Planted:
    """A settlement pays another amount."""

    def paid(first: Entry) -> Entry:
        money = replace(first.money, cash=first.money.cash + change, pnl=first.money.pnl - change)
        return replace(first, money=money, body={**first.body, "pnl_minor": first.body["pnl_minor"] + change})

    return lambda n: World(settle=lambda number, entries: [paid(entries[0]), *entries[1:]] if number == n else entries)


def unanswered(n: int) -> World:
    def answer(legs: Sequence[Leg], at_ns: int) -> list[Entry]:
        return [of_bet(Kind.UNKNOWN, leg, at_ns, Money(), {"cause": "time-out"}) for leg in legs]

    return World(lambda number, legs, at: answer(legs, at) if number == n else None)


#: what happens to the third, sixth, ... proposal, or settlement
PLANTED: list[tuple[str, Planted, Cause]] = [
    ("not filled", reject("price_moved"), Cause.PRICE_MOVED),
    ("filled at a worse price", fill(odds=-0.3), Cause.PRICE_MOVED),
    ("refused by the venue", reject("rejected"), Cause.REJECTION),
    ("proved absent", reject("absent"), Cause.REJECTION),
    ("cut", fill(stake=0.5), Cause.LIMIT),
    ("nothing taken", reject("size"), Cause.LIMIT),
    ("an old quote", refuse("stale"), Cause.STALE),
    ("no price", refuse("odds_sanity"), Cause.STALE),
    ("a breaker", refuse("breaker_service"), Cause.BREAKER),
    ("the kill switch", refuse("killed"), Cause.BREAKER),
    ("the window is over", reject("window_over"), Cause.LATENCY),
    ("no answer", unanswered, Cause.LATENCY),
    ("odds rounded down", fill(odds=-0.01), Cause.ROUNDING),
]
#: what happens at the settlements after them
PAID: list[tuple[Planted, Cause]] = [(settled(-1), Cause.ROUNDING), (settled(-700), Cause.STATED)]


def test_every_planted_difference_has_its_cause_and_the_rest_follows(deployed: Deployed, tapes: Tapes) -> None:
    worlds = [plant(3 * place) for place, (_, plant, _) in enumerate(PLANTED, start=1)]
    worlds += [plant(2 + 5 * place) for place, (plant, _) in enumerate(PAID)]
    world = together(worlds)
    measured = drift(deployed, tapes, world)
    causes = dict(measured.pairs.filter(pl.col("id").is_not_null()).select("id", "cause").iter_rows())
    found = {name: causes[world.proposed[3 * place - 1]] for place, (name, _, _) in enumerate(PLANTED, start=1)}
    assert found == {name: cause.value for name, _, cause in PLANTED}
    keys = dict(measured.pairs.filter(pl.col("key").is_not_null()).select("key", "cause").iter_rows())
    assert [keys[world.settled[1 + 5 * place]] for place in range(2)] == [cause.value for _, cause in PAID]
    rest = decisions(measured)
    assert sum(rest.pop(cause, 0) for cause in {cause for _, _, cause in PLANTED} | {Cause.STATED}) == 15
    assert set(rest) == {Cause.IDENTICAL, Cause.FOLLOWS} and measured.unexplained == 0
    assert measured.n_decisions == len(tapes.tape(deployed.spec))
    assert abs(money(measured)[Cause.STATED] + 700) < 20, "its own stake differs too"
    assert money(measured)[Cause.FOLLOWS] != 0


def test_the_stakes_that_follow_from_a_difference_are_judged_again(deployed: Deployed, tapes: Tapes) -> None:
    measured = drift(deployed, tapes, settled(-50_000)(1))
    assert decisions(measured)[Cause.FOLLOWS] > 20 and money(measured)[Cause.FOLLOWS] != 0
    assert money(measured)[Cause.STATED] == -50_000 and measured.unexplained == 0


def test_another_stake_than_the_rules_give_is_unexplained(deployed: Deployed, tapes: Tapes) -> None:
    def ask(number: int, entry: Entry) -> Entry:
        if number != THIRD:
            return entry
        stake = entry.money.reserved + 100
        return replace(entry, money=Money(cash=-stake, reserved=stake), body={**entry.body, "stake_minor": stake})

    def answer(number: int, legs: Sequence[Leg], at_ns: int) -> list[Entry] | None:
        more = [replace(leg, order=replace(leg.order, stake_minor=leg.order.stake_minor + 100)) for leg in legs]
        filled = [placed(leg, leg.order.stake_minor, 0, leg.order.odds, at_ns) for leg in more]
        return filled if number == THIRD else None

    measured = drift(deployed, tapes, World(answer, ask=ask))
    assert decisions(measured)[Cause.UNKNOWN] == 1 == measured.unexplained


def test_a_decision_that_is_on_no_record_is_unexplained_unless_no_runner_was_there(
    deployed: Deployed, tapes: Tapes
) -> None:
    missed = World(decide=lambda number: number != THIRD)
    entries = traded(deployed, tapes, missed)
    measured = drift_of(deployed, entries, tapes)
    lost = decisions(measured)[Cause.UNKNOWN]
    assert lost > 0 and measured.unexplained == lost
    at = measured.pairs.filter(measured.pairs["cause"] == "unknown")["decided_ns"][0]
    place = next(i for i, r in enumerate(entries) if r.entry.at_ns > at)
    again = Entry(Kind.STARTED, "started:2", at + 1)
    entries.insert(place, replace(entries[0], entry=again))
    measured = drift_of(deployed, entries, tapes)
    assert decisions(measured)[Cause.STOPPED] == lost and measured.unexplained == 0


def test_an_older_price_is_latency(deployed: Deployed, tapes: Tapes) -> None:
    """A quote comes with other odds and an earlier instant: the runner saw the price before it."""
    seen = tapes.tape(deployed.spec)
    event = int(seen.events["event_id"][int(seen.event[5])])

    def hear(message: Message) -> Message | None:
        if isinstance(message, Quote) and message.event_id == event:
            return replace(message, odds=message.odds * 1.05, known_at_ns=message.known_at_ns - 60 * 10**9)
        if isinstance(message, Fixture) and message.values["event_id"] == event:
            return replace(message, known_at_ns=message.known_at_ns - 60 * 10**9)
        return message

    measured = drift(deployed, tapes, World(hear=hear))
    found = decisions(measured)
    assert found.pop(Cause.LATENCY) >= 1 and set(found) <= {Cause.IDENTICAL, Cause.FOLLOWS}


def test_what_a_person_states_is_a_line_of_money(deployed: Deployed, tapes: Tapes) -> None:
    body = {"reason": "a goodwill payment"}
    more = [Entry(Kind.ADJUSTED, "adjusted:1", 10**19 // 8, money=Money(cash=250, adjustment=-250), body=body)]
    measured = drift(deployed, tapes, more=more)
    assert money(measured) == {Cause.STATED: 250} and measured.unexplained == 0
    assert decisions(measured)[Cause.IDENTICAL] == measured.n_decisions
