"""Each cause of a difference, planted: found by its name, with its money, and nothing else unexplained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.backtesting.run import replay
from engine.errors import LedgerError
from engine.live.breakers.days import DayFold
from engine.live.feed import Fixture, Message, Quote
from engine.live.judgement.judge import Leg
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.promotion.bands import Position, Standing
from research.commands.drift import show
from research.drift.causes import MEANINGS, Cause
from research.drift.days import days_of
from research.drift.drift import Drift, drift_of, lines_of
from research.drift.page import page
from research.drift.sentences import standing_cells
from research.drift.span import covered
from research.drift.traded import Traded
from research.promotion.deployed import Deployed
from research.promotion.reference import day_table, merged
from research.tapes.builder import Tapes
from tests.parity.drive import of_bet, placed, rejected
from tests.research.drift.day import World, together, traded

#: makes the world in which the n-th proposal, or settlement, goes otherwise
Planted = Callable[[int], World]


def checked(measured: Drift) -> Drift:
    """A drift whose lines of money add up, to the cent."""
    total = measured.profit_minor - measured.profit_backtest_minor
    assert sum(line.cost_minor for line in measured.lines) == total == measured.pairs["cost_minor"].sum()
    assert sum(line.decisions for line in measured.lines) == measured.n_decisions
    assert measured.equity_minor - measured.equity_backtest_minor == total
    return measured


def drift(deployed: Deployed, tapes: Tapes, world: World) -> Drift:
    """The drift of a day in a world of its own."""
    return checked(drift_of(deployed, traded(deployed, tapes, world), tapes))


def decisions(measured: Drift) -> dict[Cause, int]:
    return {line.cause: line.decisions for line in measured.lines if line.decisions or line.cost_minor}


def money(measured: Drift) -> dict[Cause, int]:
    return {line.cause: line.cost_minor for line in measured.lines if line.cost_minor}


def test_a_day_like_the_backtest_is_identical_to_the_cent(
    deployed: Deployed, tapes: Tapes, same: list[Recorded]
) -> None:
    measured = checked(drift_of(deployed, same, tapes))
    assert decisions(measured) == {Cause.IDENTICAL: len(tapes.tape(deployed.spec))} and money(measured) == {}
    assert measured.unexplained == 0 and (measured.pairs["reason"] == "placed").sum() >= 40
    assert measured.profit_minor == measured.profit_backtest_minor != 0
    path = replay(tapes.tape(deployed.spec), deployed.params, deployed.seed)
    assert measured.profit_minor == path.daily["pnl_minor"].sum()
    of_backtest = merged(day_table(path, tapes.tape(deployed.spec)).head(-1))  # the last day has not ended
    of_ledger = days_of(Traded.of(same), tapes.tape(deployed.spec), int(deployed.params.bankroll_minor))
    for mine, own in zip(of_ledger, of_backtest, strict=True):
        sums = {name: getattr(mine, name) for name in ("clv_sum", "return_frac", "surprise_sum")}
        assert mine == replace(own, **sums)
        assert list(sums.values()) == pytest.approx([getattr(own, name) for name in sums])
    assert sum(own.surprise_n for own in of_backtest) >= 40


def test_the_breakers_count_the_days_of_a_ledger_as_a_drift_does(
    deployed: Deployed, tapes: Tapes, same: list[Recorded]
) -> None:
    fold = DayFold()
    for recorded in same:
        fold.apply(recorded)
    of_drift = days_of(Traded.of(same), tapes.tape(deployed.spec), int(deployed.params.bankroll_minor))
    of_breakers = fold.days()
    assert len(of_breakers) > 20
    for mine, own in zip(of_breakers, of_drift, strict=True):
        sums = {"return_frac": mine.return_frac, "surprise_sum": mine.surprise_sum}
        assert mine == replace(own, clv_sum=0.0, clv_n=0, **sums)  # without CLOSED entries
        assert list(sums.values()) == pytest.approx([own.return_frac, own.surprise_sum])


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


def test_another_stake_than_the_rules_give_is_unexplained_and_an_older_price_is_latency(
    deployed: Deployed, tapes: Tapes
) -> None:
    """The runner saw other prices of one event, of an earlier instant. Of another bet it asked for too much."""
    tape = tapes.tape(deployed.spec)
    event = int(tape.events["event_id"][int(tape.event[5])])

    def hear(message: Message) -> Message:
        if isinstance(message, Quote) and message.event_id == event:
            return replace(message, odds=message.odds * 1.05, known_at_ns=message.known_at_ns - 60 * 10**9)
        if isinstance(message, Fixture) and message.values["event_id"] == event:
            return replace(message, known_at_ns=message.known_at_ns - 60 * 10**9)
        return message

    def ask(number: int, entry: Entry) -> Entry:
        if number != 20:
            return entry
        stake = entry.money.reserved + 100
        return replace(entry, money=Money(cash=-stake, reserved=stake), body={**entry.body, "stake_minor": stake})

    def answer(number: int, legs: Sequence[Leg], at_ns: int) -> list[Entry] | None:
        more = [replace(leg, order=replace(leg.order, stake_minor=leg.order.stake_minor + 100)) for leg in legs]
        filled = [placed(leg, leg.order.stake_minor, 0, leg.order.odds, at_ns) for leg in more]
        return filled if number == 20 else None

    world = World(answer, ask=ask, hear=hear)
    measured = drift(deployed, tapes, world)
    found = decisions(measured)
    assert found.pop(Cause.LATENCY) == 3 and found.pop(Cause.UNKNOWN) == 1 == measured.unexplained
    assert set(found) <= {Cause.IDENTICAL, Cause.FOLLOWS}
    unknown = measured.pairs.filter(pl.col("cause") == "unknown").row(0, named=True)
    assert unknown["id"] == world.proposed[19]


def test_a_decision_that_is_on_no_record_is_unexplained_unless_no_runner_was_there(
    deployed: Deployed, tapes: Tapes, same: list[Recorded]
) -> None:
    def bets(body: Mapping[str, Any]) -> bool:
        return any(row["key"] for row in body["decisions"])

    missed = next(r for r in same[20:] if r.entry.kind is Kind.DECIDED and not bets(r.entry.body))
    rest = [recorded for recorded in same if recorded is not missed]
    measured = checked(drift_of(deployed, rest, tapes))
    lost = decisions(measured)[Cause.UNKNOWN]
    assert lost == len(missed.entry.body["decisions"]) == measured.unexplained
    place = same.index(missed)
    again = replace(missed, entry=Entry(Kind.STARTED, "started:2", missed.entry.at_ns + 1))
    measured = checked(drift_of(deployed, [*rest[:place], again, *rest[place:]], tapes))
    assert decisions(measured)[Cause.STOPPED] == lost and measured.unexplained == 0


def test_what_a_person_states_is_a_line_of_money(deployed: Deployed, tapes: Tapes, same: list[Recorded]) -> None:
    money_of = Money(cash=250, adjustment=-250)
    stated = Entry(Kind.ADJUSTED, "adjusted:1", same[-1].entry.at_ns, money=money_of, body={"reason": "goodwill"})
    measured = checked(drift_of(deployed, [*same, replace(same[-1], entry=stated)], tapes))
    assert money(measured) == {Cause.STATED: 250} and measured.unexplained == 0
    assert decisions(measured)[Cause.IDENTICAL] == measured.n_decisions


def test_commission_that_differs_without_a_bet_that_does(
    deployed: Deployed, tapes: Tapes, same: list[Recorded]
) -> None:
    def charged(more: int) -> list[Recorded]:
        place = next(i for i, r in enumerate(same) if r.entry.kind is Kind.COMMISSION)
        entry = same[place].entry
        paid = replace(entry.money, cash=entry.money.cash - more, commission=entry.money.commission + more)
        return [*same[:place], replace(same[place], entry=replace(entry, money=paid)), *same[place + 1 :]]

    assert money(checked(drift_of(deployed, charged(1), tapes))) == {Cause.ROUNDING: -1}
    measured = checked(drift_of(deployed, charged(40), tapes))
    assert money(measured)[Cause.UNKNOWN] == -40 and measured.unexplained >= 1


def test_a_ledger_of_another_promotion_and_an_empty_one_are_refused(
    deployed: Deployed, tapes: Tapes, same: list[Recorded]
) -> None:
    assert same[1].entry.kind is Kind.OPENED and same[2].entry.kind is Kind.STARTED
    other = replace(same[1], entry=replace(same[1].entry, body={"promotion": "0" * 32}))
    with pytest.raises(LedgerError, match="of another promotion"):
        drift_of(deployed, [other, *same[2:]], tapes)
    with pytest.raises(LedgerError, match=r"nothing was decided yet.*bea paper day"):
        drift_of(deployed, same[:3], tapes)


def test_the_page_and_the_lines_of_a_terminal_say_the_same(
    deployed: Deployed, tapes: Tapes, same: list[Recorded], capsys: pytest.CaptureFixture[str]
) -> None:
    measured = drift_of(deployed, same, tapes)
    some = measured.pairs.with_row_index("i")
    causes = [cause.value for cause in Cause]
    mixed = some.with_columns(
        cause=pl.Series([causes[i % len(causes)] if i < 60 else "identical" for i in range(some.height)]),
        cost_minor=pl.when(pl.col("i") < 60).then(pl.col("i").cast(pl.Int64) - 21).otherwise(0),
    ).drop("i")
    total = int(mixed["cost_minor"].sum())
    other = replace(measured, pairs=mixed, lines=lines_of(mixed), profit_minor=measured.profit_backtest_minor + total)
    html = page(other)
    assert "55 of 918 decisions differ from the backtest; they gained 5.10 EUR." in html.replace("\u202f", " ")
    assert "5 differences without an explanation" in html and "Stop the promotion" in html
    assert all(meaning in html for meaning in MEANINGS.values()) and "venue rounding" in html
    assert html.count("<svg") == 4 and "<script src" not in html and page(other) == html
    show(other, Path("report.html"))
    text = capsys.readouterr().out
    assert "55 of 918 decisions differ" in text and "unknown\t5\t" in text and "report.html" in text
    assert other.document()["causes"]["unknown"]["decisions"] == 5


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [({}, None, 918), ({"until": "2022-12-01"}, {}, 918), ({"from": "2022-12-01"}, {"from": "2022-12-01"}, None)],
)
def test_the_events_of_each_go_are_those_that_it_was_told_to(
    first: dict[str, str], second: dict[str, str] | None, expected: int | None,
    deployed: Deployed, tapes: Tapes, same: list[Recorded],
) -> None:  # fmt: skip
    half = 1_669_852_800 * 10**9  # 1 December 2022, UTC
    entries = [*same[:2], replace(same[2], entry=replace(same[2].entry, body=first)), *same[3:]]
    if second is not None:
        place = next(i for i, r in enumerate(entries) if r.entry.at_ns > half)
        again = replace(same[2], entry=Entry(Kind.STARTED, "started:2", entries[place - 1].entry.at_ns, body=second))
        entries.insert(place, again)
    tape, events = tapes.tape(deployed.spec), tapes.whole(deployed.spec)[0]
    mask = covered(Traded.of(entries), tape, events)
    later = int((tape.decided_at >= half - 3600 * 10**9).sum())
    assert mask.sum() == (later if expected is None else expected) and 0 < later < len(tape)


def test_a_share_has_no_band_above_one() -> None:
    standing = Standing("fill_rate", 9, 0.916, 0.733, 1.009, Position.INSIDE)
    assert standing_cells(standing) == ("orders filled", "91.6%", "73.3% to 100.0%", "inside")
