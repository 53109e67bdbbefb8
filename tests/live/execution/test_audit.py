"""The account as a whole: bets that are not ours, unknown references, the balance, and what a person does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import KeyConflict, UsageError
from engine.live.bets.book import External
from engine.live.bets.postings import settled
from engine.live.bets.states import BetState
from engine.live.execution.audit import Auditor
from engine.live.execution.executor import Intent
from engine.live.execution.resolution import adopt, resolve
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.entries import Kind
from engine.live.venue import ForeignBet, Outcome, ProofClass, ReadFailed, Receipt, Unanswered
from tests.live.execution.world import START_NS, World, accept_and_raise, order, stated


def names(world: World) -> list[str]:
    """Names of the alarms so far."""
    return [alarm.name for alarm in world.alarms]


def test_an_audit_is_made_when_it_is_due() -> None:
    world = World(settings=ExecutionSettings(list_every_s=100))
    assert world.auditor.step() is not None and world.auditor.step() is None
    world.clock.pass_s(99)
    assert world.auditor.step() is None and world.auditor.due_ns() - world.clock.monotonic == 10**9
    world.clock.pass_s(1)
    assert world.auditor.step() is not None
    assert world.guards.causes == ["", ""]  # a reading that worked is heard, too


@pytest.mark.parametrize("failing", ["list", "balance", "bug"])
def test_an_account_that_cannot_be_read_says_nothing(failing: str) -> None:
    world = World()
    world.venue.foreign = [ForeignBet("x", 7, 10)]
    if failing == "balance":
        world.venue.balance_fails = ReadFailed("timeout")
    else:
        world.venue.reads = [ReadFailed("timeout") if failing == "list" else ValueError("html")]
    rows = len(world.rows)
    findings = world.auditor.run()
    assert findings.failed == ("error_ValueError" if failing == "bug" else "timeout")
    assert len(world.rows) == rows and world.guards.causes == [findings.failed]


def test_bets_that_are_not_ours_count_and_are_not_adopted() -> None:
    world = World(settings=ExecutionSettings(balance_tolerance_minor=10**9))
    world.venue.foreign = [ForeignBet("x1", 7, 500), ForeignBet("x2", None, 300)]
    world.auditor.run()
    assert (world.book.external_minor(7), world.book.external_minor()) == (500, 800)
    assert names(world) == ["bet_external"] * 2 and len(world.book) == 0
    rows = len(world.rows)
    world.auditor.run()
    assert len(world.rows) == rows
    world.venue.foreign = [ForeignBet("x1", 7, 200)]
    world.venue.reads = [lambda reading: replace(reading, complete=False)]
    world.auditor.run()
    assert world.book.external_minor() == 500  # x2 may be on a page that was not read
    world.auditor.run()
    assert world.book.external_minor() == 200 and names(world).count("bet_external") == 2
    assert world.points[-2:] == ["reconcile.before_commit", "reconcile.after_commit"]


def test_where_a_bet_that_is_not_ours_counts_is_learned_once_and_kept() -> None:
    world = World()
    world.venue.foreign = [ForeignBet("x1", 7, 500), ForeignBet("x2", 8, 300, bookmaker="b")]
    known: dict[int, tuple[str, str]] = {}
    auditor = Auditor(world.executor, world.reconciler, known.get)
    auditor.run()
    assert world.book.external == {"x1": External(7, 500), "x2": External(8, 300, bookmaker="b")}
    known |= {8: ("football", "E0")}
    world.executor.submit([Intent(order(), {"sport": "tennis", "competition": "ATP"})])  # on event 7
    world.follow()
    auditor.run()
    learned = {"x1": External(7, 500, "tennis", "ATP"), "x2": External(8, 300, "football", "E0", "b")}
    assert world.book.external == learned and names(world) == ["bet_external"] * 2
    rows = len(world.rows)
    world.start()
    world.auditor.run()  # nobody knows event 8 in this process
    assert world.book.external == learned and len(world.rows) == rows
    world.venue.foreign = [ForeignBet("x1", 9, 500), ForeignBet("x2", 8, 300)]  # the venue gave the event a new id
    world.auditor.run()
    assert world.book.external == learned | {"x1": External(9, 500)} and world.book.external_minor() == 800


def test_at_a_venue_with_lists_a_bet_that_may_be_ours_is_not_external() -> None:
    world = World(ProofClass.LISTS)
    world.venue.script = [accept_and_raise(Unanswered("timeout"))]
    key = world.submit(order(1))[0].key
    world.venue.script = [Unanswered("timeout")]
    world.submit(order(2, selection="away"))
    receipt = replace(world.venue.bets_held[key], key="")
    mine = ForeignBet("v1", 7, 1000, market="1x2", selection="home", side="back", odds=2.0, receipt=receipt)
    mine = replace(mine, placed_at_ns=START_NS)
    unclear = [replace(mine, venue_bet_id=name, selection="away") for name in ("v2", "v3")]
    world.venue.foreign = [mine, *unclear, ForeignBet("hand", 8, 70)]
    world.auditor.run()
    assert world.state(1) == "placed" and world.state(2) == "unknown"
    assert world.book.external == {"hand": External(8, 70)}


def test_a_reference_that_the_ledger_does_not_know_stops_new_bets_once() -> None:
    world = World()
    stranger = Receipt("cd" * 16, "v5", Outcome.PLACED, odds=2.0, matched_minor=400, event_id=7)
    world.venue.bets_held = {stranger.key: stranger, "ef" * 16: replace(stranger, key="ef" * 16, venue_bet_id="v6")}
    assert len(world.auditor.run().strangers) == 2
    world.auditor.run()
    assert world.breakers() == ["identity"] and names(world) == ["bet_stranger"] * 2


def test_a_stranger_that_a_person_adopts_counts_until_it_is_settled_and_is_never_sent() -> None:
    world = World()
    key = order().key
    stranger = Receipt(key, "v5", Outcome.PLACED, odds=2.0, matched_minor=400, event_id=7, bookmaker="b")
    world.venue.bets_held = {key: stranger}
    for person, reason in (("", "x"), ("ann", " ")):
        with pytest.raises(UsageError, match="is needed"):
            adopt(world.journal, stranger, person=person, reason=reason, at_ns=START_NS)
    adopt(world.journal, stranger, person="ann", reason="restored on Monday", at_ns=START_NS)
    last = world.rows[-1].entry
    assert (last.body["person"], last.body["why"], last.intent) == ("ann", "restored on Monday", key)
    assert last.body["bookmaker"] == "b" and world.book.external["v5"].bookmaker == "b"
    with pytest.raises(UsageError, match="knows this bet already"):
        adopt(world.journal, stranger, person="ann", reason="again", at_ns=START_NS)
    world.venue.foreign = [ForeignBet("by hand", 7, 5)]
    assert world.auditor.run().strangers == [] and world.book.external_minor(7) == 405
    world.start()
    assert world.executor.refuse(order()) == "adopted"
    with pytest.raises(KeyConflict, match="took over"):
        world.submit(order())
    world.venue.say(key, outcome=Outcome.SETTLED, pnl_minor=400)
    world.auditor.run()
    world.auditor.run()
    assert world.book.external_minor(7) == 5
    places = [row.entry.key for row in world.rows if row.entry.kind is Kind.EXTERNAL]
    assert places == ["external:1", "external:2", "external:3"]
    assert not [row for row in world.rows if row.entry.intent == key and row.entry.kind != "external"]


def test_a_difference_of_the_balance_is_booked_after_two_readings_that_agree() -> None:
    world = World()
    world.submit(order())
    world.follow()
    assert world.auditor.run().difference_minor == 0
    world.venue.balance -= 3
    assert world.auditor.run().difference_minor == -3 and world.book.adjustments == 0
    assert world.auditor.run().difference_minor == -3
    assert (
        world.book.adjustments == 1 and world.book.balances["adjustment"] == 3 and names(world) == ["balance_differs"]
    )
    assert world.auditor.run().difference_minor == 0 and world.book.adjustments == 1
    world.venue.balance += 5
    world.auditor.run()
    world.venue.balance += 5
    world.auditor.run()
    assert world.book.adjustments == 1  # two readings, two differences
    world.auditor.run()
    assert world.book.adjustments == 2 and world.book.balances["adjustment"] == -7


def test_a_difference_of_one_is_booked_as_any_other_and_each_is_numbered() -> None:
    world = World()
    for count in (1, 2):
        world.venue.balance += 1
        assert world.auditor.run().difference_minor == 1 and world.book.adjustments == count - 1
        assert world.auditor.run().difference_minor == 1 and world.rows[-1].entry.key == f"adjusted:{count}"


def test_small_differences_can_be_allowed_and_doubtful_bets_make_the_balance_unsure() -> None:
    world = World(settings=ExecutionSettings(balance_tolerance_minor=3))
    world.venue.balance -= 3
    for _ in range(3):
        assert world.auditor.run().difference_minor == 0
    world.venue.balance -= 1
    world.venue.script = [Unanswered("timeout")]
    world.submit(order())
    for _ in range(3):
        assert world.auditor.run().difference_minor == 0
    assert world.book.adjustments == 0


@pytest.mark.parametrize("proof", [ProofClass.LISTS, ProofClass.LOOK_UP])
def test_money_of_a_bet_that_the_venue_shows_no_more_is_not_booked_as_an_adjustment(proof: ProofClass) -> None:
    """Refused after it was pending: the money is back, the list lacks it, and nobody said why."""
    world = World(proof)
    world.venue.script = [stated(Outcome.PENDING, venue_bet_id="v1")]
    (bet,) = world.submit(order())
    listed = ForeignBet("v1", 7, 1000, market="1x2", selection="home", side="back", odds=2.0, placed_at_ns=START_NS)
    world.venue.foreign = [replace(listed, receipt=replace(world.venue.bets_held[bet.key], key=""))]
    world.follow()
    assert world.auditor.run().difference_minor == 0 and world.state() == "pending"
    world.venue.foreign, held = [], dict(world.venue.bets_held)
    world.venue.bets_held.clear()
    world.venue.balance += 1000
    assert [world.auditor.run().difference_minor for _ in range(4)] == [1000] * 4
    assert world.book.adjustments == 0 and names(world) == ["balance_differs"]
    assert world.alarms[-1].text.endswith(f"does not show bet {bet.key}, which is pending here")
    world.venue.bets_held = held if proof is ProofClass.LOOK_UP else {}  # it is there again; and so is the other money
    if proof is ProofClass.LOOK_UP:
        world.auditor.run()
        assert world.book.adjustments == 1 and world.book.balances["adjustment"] == -1000
        return
    refused = Receipt(bet.key, "", Outcome.REJECTED)
    resolve(world.journal, "fake", refused, person="ann", reason="the account says so", at_ns=START_NS)
    assert world.auditor.run().difference_minor == 0 and world.book.adjustments == 0
    assert world.book.balances["cash"] == 100_000


def test_what_others_risk_is_expected_to_be_missing_from_the_balance() -> None:
    world = World()
    world.venue.foreign = [ForeignBet("x", 7, 500)]
    world.venue.balance -= 500
    for _ in range(3):
        assert world.auditor.run().difference_minor == 0


def test_on_paper_a_difference_trips_and_is_not_booked_away() -> None:
    world = World(ProofClass.PAPER)
    world.venue.balance += 10
    for _ in range(4):
        world.auditor.run()
    assert world.breakers() == ["balance/venue/fake"] and world.book.adjustments == 0
    assert names(world) == ["balance_differs"]


def test_on_paper_the_money_of_an_adopted_bet_is_booked_as_a_difference() -> None:
    world = World(ProofClass.PAPER)
    lost = Receipt("ab" * 16, "v9", Outcome.PLACED, matched_minor=1000)
    adopt(world.journal, lost, person="ann", reason="restored", at_ns=START_NS)
    world.venue.balance += 600  # the bet was settled there, and won
    for _ in range(3):
        world.auditor.run()
    assert world.breakers() == [] and world.book.adjustments == 1
    assert world.book.free_minor() - world.book.external_minor() == world.venue.balance


# -- a person ---------------------------------------------------------------------------------------------------------


def test_a_person_resolves_a_bet_with_a_name_and_a_reason() -> None:
    world = World()
    world.venue.script = [Unanswered("timeout"), Unanswered("timeout")]
    one, two = (world.submit(order(number))[0] for number in (1, 2))
    found = Receipt(one.key, "v8", Outcome.PLACED, odds=2.1, matched_minor=900)
    bet = resolve(world.journal, "fake", found, person="ann", reason="seen on the site", at_ns=START_NS)
    assert (bet.state, bet.odds, bet.matched_minor) == ("placed", 2.1, 900)
    assert world.book.owner("fake/v8") == one.key
    gone = Receipt(two.key, "", Outcome.REJECTED)
    bet = resolve(world.journal, "fake", gone, person="ann", reason="support says no", at_ns=START_NS)
    assert (bet.state, bet.cause) == ("rejected", "person: support says no")
    assert [row.entry.body["person"] for row in world.rows[-2:]] == ["ann", "ann"]
    assert world.book.balances["reserved"] == 0 and world.book.balances["stakes"] == 900


def test_what_a_person_may_not_do() -> None:
    world = World()
    placed = world.submit(order(1))[0]
    world.venue.script = [Unanswered("timeout")]
    doubtful = world.submit(order(2))[0]
    cases = [
        (Receipt("00" * 16, "", Outcome.REJECTED), "no such bet"),
        (Receipt(placed.key, "", Outcome.REJECTED), "may not do this"),
        (Receipt(doubtful.key, "v9", Outcome.LAPSED), "may not do this"),
    ]
    rows = len(world.rows)
    for receipt, words in cases:
        with pytest.raises(UsageError, match=words):
            resolve(world.journal, "fake", receipt, person="ann", reason="x", at_ns=START_NS)
    assert len(world.rows) == rows


def test_a_settlement_here_and_another_at_the_venue() -> None:
    world = World()
    world.venue.script = [stated(Outcome.PLACED, odds=2.0)]
    bet = world.submit(order())[0]
    world.journal.write(settled(bet, BetState.SETTLED, 1000, 0, START_NS))
    world.venue.say(bet.key, outcome=Outcome.SETTLED, pnl_minor=-1000, version=1)
    world.auditor.run()
    assert world.book.balances["cash"] == 99_000 and names(world)[0] == "settlement_differs"
