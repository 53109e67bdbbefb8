"""What every adapter of a venue must do. A new adapter joins with a function that makes a `Case`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from engine.live.adapters.registry import Around
from engine.live.clock import SystemClock
from engine.live.linking.contract import Link, Links, Ours, Theirs
from engine.live.venue import (
    DUPLICATE,
    NotTaken,
    Order,
    Outcome,
    ProofClass,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
    Venue,
    VenueFailure,
)
from engine.logs.secrets import Secrets
from examples.venues.desk import Settings, open_venue
from tests.betfair_exchange.exchange import Exchange
from tests.betfair_exchange.line import Line, venue_of
from tests.live.venues.books import recorded
from tests.live.venues.example_desk import DeskServer
from tests.live.venues.orders import BANKROLL, order, prices, quote, venue
from tests.pinnacle_server import line as pinnacle_line
from tests.pinnacle_server.service import Service
from tests.venue_server.client import WireVenue
from tests.venue_server.desk import Desk
from tests.venue_server.direct import Direct
from tests.venue_server.faults import FAULTS
from tests.venue_server.process import VenueProcess
from tests.venue_server.profiles import LISTS, LOOK_UP, PROFILES


@dataclass
class Case:
    """A venue under test.

    Attributes
    ----------
    venue : Venue
        With `BANKROLL` in its account and no bet; it takes every `order`.
    settle : callable
        Settles the bet of a key with a P&L, as a version.
    inject : callable or None
        Lets a named fault meet the next request; None: the venue is in this process and has no line to fail.
    """

    venue: Venue
    settle: Callable[[str, int, int], None]
    inject: Callable[[str], None] | None = None
    one_whole_bet: bool = False  # a request carries one bet, which is taken as a whole or not at all
    has_session: bool = True


def paper(tmp_path: Path) -> Iterator[Case]:
    """The paper venue."""
    made = venue(prices(quote(0, 2.0), quote(20, 2.0)), tmp_path / "venue.db")
    yield Case(made, lambda key, pnl, version: made.settle(key, pnl, version=version) and None)
    made.close()


def exchange(tmp_path: Path) -> Iterator[Case]:
    """The paper venue that takes its fills from a recorded book."""
    made = venue(prices(quote(0, 2.0), quote(20, 2.0)), tmp_path / "venue.db")
    made.fills = recorded(made.fills, tmp_path / "recording", {"atb": [[2.0, 1e6]]})
    yield Case(made, lambda key, pnl, version: made.settle(key, pnl, version=version) and None)
    made.close()


def direct(profile_number: int) -> Callable[[Path], Iterator[Case]]:
    """The adapter of the wire, within this process, with a profile."""

    def make(tmp_path: Path) -> Iterator[Case]:
        profile = PROFILES[profile_number]
        desk = Desk(tmp_path / "venue.db", lambda: 0, with_references=profile.proof is not ProofClass.LISTS)
        desk.venue.deposit("capital:1", BANKROLL)
        yield Case(WireVenue(Direct(desk), profile), desk.settle, lambda name: desk.inject(FAULTS[name]) and None)

    return make


def http(tmp_path: Path) -> Iterator[Case]:
    """The adapter of the wire over a real connection to a real process."""
    process = the_process()
    process.control("open", path=str(tmp_path / "venue.db"))
    process.control("deposit", reference="capital:1", amount_minor=BANKROLL)

    def inject(name: str) -> None:
        process.control("inject", fault=name)
        process.next_timeout_s = 0.3 if "timeout" in name else None

    yield Case(
        WireVenue(process, LOOK_UP),
        lambda key, pnl, version: process.control("settle", key=key, pnl_minor=pnl, version=version),
        inject,
    )


def betfair(tmp_path: Path) -> Iterator[Case]:
    """The adapter of Betfair over HTTPS."""
    desk = Desk(tmp_path / "venue.db", lambda: 0)
    desk.venue.deposit("capital:1", BANKROLL)
    line = Line(Exchange(desk))

    def inject(name: str) -> None:
        desk.inject(FAULTS[name])
        line.silent = "timeout" in name

    yield Case(venue_of(line), desk.settle, inject)


def pinnacle(tmp_path: Path) -> Iterator[Case]:
    """The adapter of Pinnacle over HTTPS."""
    desk = Desk(tmp_path / "venue.db", lambda: 0)
    desk.venue.deposit("capital:1", BANKROLL)
    line = pinnacle_line.Line(Service(desk))

    def inject(name: str) -> None:
        desk.inject(FAULTS[name])
        line.silent = "timeout" in name

    yield Case(pinnacle_line.venue_of(line), desk.settle, inject, one_whole_bet=True, has_session=False)


def example(tmp_path: Path) -> Iterator[Case]:
    """The worked example of a venue of the user, over HTTP."""
    links = Links([Link("desk", Ours(1, "1x2", None, "home"), Theirs("e1", "1x2", "1"), 1.0)])
    environment = {"DESK_USERNAME": "jane-doe", "DESK_PASSWORD": "hunter2hunter2"}
    with DeskServer(tmp_path / "venue.db") as server, ExitStack() as stack:
        server.desk.venue.deposit("capital:1", BANKROLL)
        around = Around(
            environment, Secrets(), SystemClock(), tmp_path, print, dry_run=False, at_end=stack.callback
        )  # fmt: skip
        made = open_venue(Settings(server.url), links, around)

        def inject(name: str) -> None:
            server.desk.inject(FAULTS[name])
            made.session.timeout_s = 0.05 if "timeout" in name else 16.0  # type: ignore[attr-defined]

        yield Case(made, server.desk.settle, inject)


@cache
def the_process() -> VenueProcess:
    """One process for all tests of this file; each has a truth of its own."""
    return VenueProcess(Path(":memory:"))


@pytest.fixture(scope="module", autouse=True)
def _end_of_the_process() -> Iterator[None]:
    yield
    if the_process.cache_info().currsize:
        the_process().close()
        the_process.cache_clear()


MAKERS = {
    "paper": paper,
    "exchange": exchange,
    "short": direct(0),
    "look_up": direct(1),
    "lists": direct(2),
    "http": http,
    "betfair": betfair,
    "pinnacle": pinnacle,
    "example": example,
}


@pytest.fixture(params=list(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    yield from MAKERS[request.param](tmp_path)


def placed(case: Case, *orders: Order) -> list[Receipt]:
    """The receipts of orders that are all taken; what one request cannot carry goes with the next."""
    receipts: dict[str, Receipt] = {}
    while left := [order for order in orders if order.key not in receipts]:
        answers = case.venue.place(left)
        taken = {answer.key: answer for answer in answers if isinstance(answer, Receipt)}
        assert taken and all(isinstance(answer, Receipt | NotTaken) for answer in answers), answers
        receipts |= taken
    return [receipts[order.key] for order in orders]


def placed_again(case: Case, wanted: Order) -> Receipt:
    """The receipt of an order that may stand: a venue that only says that it knows the order is asked for it."""
    try:
        return placed(case, wanted)[0]
    except Unanswered as failure:
        assert failure.cause == DUPLICATE
        return case.venue.look_up([wanted.key]).receipts[0]


def knows_references(case: Case) -> bool:
    return case.venue.profile.proof is not ProofClass.LISTS


def test_each_answer_echoes_its_order_and_comes_in_its_place(case: Case) -> None:
    orders = [order(number, stake_minor=100 * number) for number in (3, 1, 2, 5)]
    receipts = placed(case, *orders)
    assert [receipt.key for receipt in receipts] == [o.key for o in orders]
    assert [receipt.matched_minor for receipt in receipts] == [300, 100, 200, 500]
    assert len({receipt.venue_bet_id for receipt in receipts} - {""}) == 4


def test_money_is_whole_and_never_more_than_was_asked_for(case: Case) -> None:
    (receipt,) = placed(case, order(stake_minor=777))
    assert receipt.outcome is Outcome.PLACED and receipt.odds == 2.0
    assert all(isinstance(amount, int) for amount in (receipt.matched_minor, receipt.open_minor, receipt.backer_minor))
    assert receipt.matched_minor + receipt.open_minor == 777
    assert case.venue.balance_minor() == BANKROLL - 777


def test_the_same_order_again_is_the_same_bet(case: Case) -> None:
    (first,) = placed(case, order())
    again = placed_again(case, order())
    assert again.venue_bet_id == first.venue_bet_id and case.venue.balance_minor() == BANKROLL - 1_000


def test_another_order_under_a_known_key_is_no_receipt(case: Case) -> None:
    placed(case, order())
    try:
        (answer,) = case.venue.place([order(stake_minor=5_000)])
    except Unanswered as failure:
        answer = failure
    assert isinstance(answer, Unanswered) and case.venue.balance_minor() == BANKROLL - 1_000


def test_a_look_up_finds_every_bet_and_no_other(case: Case) -> None:
    many = [order(number, stake_minor=100) for number in range(1, 121)]
    ids = {receipt.key: receipt.venue_bet_id for receipt in placed(case, *many)}
    unknown = order(999).key
    reading = case.venue.look_up([*ids, unknown])
    assert reading.complete and len(case.venue.bets().receipts + case.venue.bets().foreign) == 120
    found = {receipt.key: receipt.venue_bet_id for receipt in reading.receipts}
    assert found == (ids if knows_references(case) else {})


def test_a_list_without_references_still_shows_what_is_bet_on(case: Case) -> None:
    (receipt,) = placed(case, order())
    reading = case.venue.bets()
    rows = reading.receipts or reading.foreign
    assert [row.venue_bet_id for row in rows] == [receipt.venue_bet_id]
    wanted = {"event_id": 1, "selection": "home", "side": "back", "odds": 2.0, "at_risk_minor": 1_000}
    assert {name: getattr(rows[0], name) for name in wanted} == wanted
    assert bool(reading.foreign) != knows_references(case)


def test_a_settlement_is_shown_with_its_money_and_its_version(case: Case) -> None:
    (receipt,) = placed(case, order())
    for version, pnl in ((1, 900), (2, -1_000)):
        case.settle(receipt.key, pnl, version)
        case.settle(receipt.key, pnl, version)
        assert case.venue.balance_minor() == BANKROLL + pnl
        if knows_references(case):
            (shown,) = case.venue.look_up([receipt.key]).receipts
            assert (shown.outcome, shown.pnl_minor) == (Outcome.SETTLED, pnl) and shown.version in (0, version)
            assert shown.matched_minor == 1_000


def test_cancelling_changes_nothing_of_what_is_matched(case: Case) -> None:
    (receipt,) = placed(case, order())
    after = case.venue.cancel(receipt.key)
    stated = replace(after, raw=receipt.raw, event_id=receipt.event_id, selection=receipt.selection)
    assert stated == receipt and after.selection in ("", "home")
    with pytest.raises(NotTaken):
        case.venue.cancel(order(999).key)


def test_a_closed_reference_takes_no_order_any_more(case: Case) -> None:
    if case.venue.profile.proof is not ProofClass.PAPER:
        with pytest.raises(ReadFailed):
            case.venue.close_key(order().key)
        return
    for _ in range(2):
        assert case.venue.close_key(order().key) == Reading((), complete=True)
    assert placed(case, order())[0].outcome is Outcome.REJECTED
    assert case.venue.balance_minor() == BANKROLL
    (receipt,) = placed(case, order(2))
    assert case.venue.close_key(receipt.key).receipts == (receipt,)
    assert case.venue.place([order(2)]) == [receipt]


@pytest.mark.parametrize(
    ("fault", "failure", "bets"),
    [
        ("timeout_after", Unanswered, 1), ("timeout_before", Unanswered, 0), ("reset_after_request", Unanswered, 1),
        ("answer_cut", Unanswered, 1), ("length_too_long", Unanswered, 1), ("chunk_missing", Unanswered, 1),
        ("json_truncated", Unanswered, 1), ("html", Unanswered, 1), ("status_503_taken", Unanswered, 1),
        ("status_500", Unanswered, 0), ("rate_limit", NotTaken, 0),
    ],
)  # fmt: skip
def test_a_failed_send_says_whether_it_may_have_arrived(
    case: Case, fault: str, failure: type[VenueFailure], bets: int
) -> None:
    if case.inject is None:
        assert case.venue.profile.proof is ProofClass.PAPER
        return
    case.inject(fault)
    with pytest.raises(failure) as raised:
        case.venue.place([order()])
    assert " " not in raised.value.cause
    assert case.venue.balance_minor() == BANKROLL - 1_000 * bets
    if knows_references(case):
        assert len(case.venue.look_up([order().key]).receipts) == bets
    assert placed_again(case, order()).outcome is Outcome.PLACED
    assert case.venue.balance_minor() == BANKROLL - 1_000


@pytest.mark.parametrize("fault", ["look_up_timeout", "look_up_status_500"])
def test_a_failed_read_is_no_reading(case: Case, fault: str) -> None:
    placed(case, order())
    if case.inject is None:
        assert case.venue.look_up([order().key]).complete
        return
    case.inject(fault)
    with pytest.raises(ReadFailed):
        case.venue.look_up([order().key])
    assert case.venue.look_up([order().key]).complete


def test_an_incomplete_list_says_so(case: Case) -> None:
    placed(case, order(), order(2))
    if case.inject is None:
        assert case.venue.bets().complete
        return
    case.inject("list_capped")
    assert not case.venue.bets().complete


def test_answers_in_another_order_are_told_apart_by_reference(case: Case) -> None:
    orders = [order(number, stake_minor=100 * number) for number in (1, 2, 3)]
    if case.one_whole_bet:
        answers = case.venue.place(orders)
        assert [type(answer) for answer in answers] == [Receipt, NotTaken, NotTaken]
        return
    if case.inject is not None:
        case.inject("batch_mixed")
    first, second, third = case.venue.place(orders)
    assert isinstance(first, Receipt) and first.matched_minor == 100 and first.key == orders[0].key
    if case.inject is not None:
        assert isinstance(second, Unanswered) and second.cause == "status_timeout"
        assert isinstance(third, Receipt) and (third.outcome, third.key) == (Outcome.REJECTED, orders[2].key)


def test_matched_money_is_cumulative(case: Case) -> None:
    if case.inject is None or case.one_whole_bet or not knows_references(case):
        (receipt,) = placed(case, order())
        assert receipt.matched_minor == 1_000
        return
    case.inject("partial_for_ever")
    (receipt,) = placed(case, order())
    assert (receipt.outcome, receipt.matched_minor, receipt.open_minor) == (Outcome.PARTIAL, 500, 500)
    assert case.venue.balance_minor() == BANKROLL - 1_000
    lapsed = case.venue.cancel(receipt.key)
    assert (lapsed.outcome, lapsed.matched_minor, lapsed.open_minor) == (Outcome.LAPSED, 500, 0)
    assert case.venue.balance_minor() == BANKROLL - 500


def test_an_ended_session_is_renewed_and_nothing_is_sent_again_by_itself(case: Case) -> None:
    if case.inject is not None and case.has_session:
        case.inject("status_401")
        with pytest.raises(NotTaken, match="no_session"):
            case.venue.place([order()])
        assert case.venue.balance_minor() == BANKROLL
    (receipt,) = placed(case, order())
    assert receipt.outcome is Outcome.PLACED and case.venue.balance_minor() == BANKROLL - 1_000


def test_every_reference_fits_the_venue(case: Case) -> None:
    import re

    assert re.fullmatch(case.venue.profile.reference_characters, order().key)
    assert replace(case.venue.profile, name="other").proof is case.venue.profile.proof


def test_a_venue_that_is_down_took_nothing(tmp_path: Path) -> None:
    process = VenueProcess(tmp_path / "venue.db", with_references=False)
    process.control("deposit", reference="capital:1", amount_minor=BANKROLL)
    wire = WireVenue(process, LISTS)
    (receipt,) = wire.place([order()])
    process.kill()
    with pytest.raises(NotTaken, match="connect"):
        wire.place([order(2)])
    with pytest.raises(ReadFailed):
        wire.bets()
    process.start()
    assert isinstance(receipt, Receipt)
    assert [bet.venue_bet_id for bet in wire.bets().foreign] == [receipt.venue_bet_id]
    process.close()
