"""Stored links: unique by the database itself, what a person said counts, and nothing else may be bet with money."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from engine.errors import BeaError, UsageError
from engine.live.clock import WorldClock
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Link, Ours, Theirs
from engine.live.linking.propose import Offered, Proposal
from engine.live.linking.store import LinkStore, State, StoredDirectory, links, open_links
from tests.live.ledger.conftest import postgres, settings

__all__ = ["postgres", "settings"]
HOME, OVER = Ours(1, "1x2", None, "home"), Ours(1, "total_goals", 2.5, "over")
NINE, EIGHT = Theirs("9", "m", "h", 0.0), Theirs("8", "m", "h", 0.0)


@pytest.fixture()
def store(settings: LedgerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkStore]:
    """An empty store in each kind of database."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    opened = open_links(settings, WorldClock())
    with opened._sessions.first() as connection:
        connection.execute(links.delete())
    yield opened
    opened.close()


def put(store: LinkStore, *pairs: tuple[Ours, Theirs], starts_ns: int = 5) -> tuple[int, int, int, int, int]:
    offered = [Offered(theirs.event, "A", "B", starts_ns) for _, theirs in pairs]
    found = store.put("v", Proposal(tuple(Link("v", ours, theirs, 0.9) for ours, theirs in pairs), ()), offered)
    return found.new, found.same, found.replaced, found.rejected, len(found.withheld)


def test_a_proposal_comes_back_as_it_was(store: LinkStore) -> None:
    assert put(store, (HOME, NINE), (OVER, Theirs("9", "t", "o", 2.5))) == (2, 0, 0, 0, 0)
    assert put(store, (HOME, NINE), starts_ns=7) == (0, 1, 0, 0, 0)
    one, two = store.links("v")
    assert {one.link, two.link} == {Link("v", HOME, NINE, 0.9), Link("v", OVER, Theirs("9", "t", "o", 2.5), 0.9)}
    assert {one.starts_ns, two.starts_ns} == {5, 7} and one.state is State.PROPOSED and store.links("w") == []


def test_an_id_that_changed_takes_the_place_of_a_proposed_link(store: LinkStore) -> None:
    put(store, (HOME, NINE))
    assert put(store, (HOME, EIGHT)) == (0, 0, 1, 0, 0)
    assert put(store, (OVER, EIGHT)) == (0, 0, 1, 0, 0)
    assert [one.link.ours for one in store.links("v")] == [OVER]


def test_a_confirmed_link_stays_until_a_person_rejects_it(store: LinkStore) -> None:
    put(store, (HOME, NINE))
    assert store.decide("v", [1], State.CONFIRMED, "ann", "same match") == 1
    assert put(store, (HOME, EIGHT)) == put(store, (OVER, NINE)) == (0, 0, 0, 0, 1)
    (one,) = store.links("v")
    assert (one.state, one.link.confirmed_by, one.reason, one.link.theirs) == (
        State.CONFIRMED, "ann", "same match", NINE,
    )  # fmt: skip
    assert store.decide("v", [1], State.REJECTED, "bob", "its id has changed") == 1
    assert put(store, (HOME, NINE)) == (0, 0, 0, 1, 0) and put(store, (HOME, EIGHT)) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("events", "person", "reason", "words"),
    [([1], "", "x", "no person"), ([1], "ann", " ", "no reason"), ([1, 2], "ann", "x", "event 2")],
)
def test_who_says_nothing_definite_changes_nothing(
    store: LinkStore, events: list[int], person: str, reason: str, words: str
) -> None:
    put(store, (HOME, NINE))
    with pytest.raises(UsageError, match=words):
        store.decide("v", events, State.CONFIRMED, person, reason)
    assert [one.state for one in store.links("v")] == [State.PROPOSED]


@pytest.mark.parametrize(("ours", "theirs"), [(HOME, EIGHT), (OVER, NINE)])
def test_the_database_itself_refuses_a_second_link(store: LinkStore, ours: Ours, theirs: Theirs) -> None:
    put(store, (HOME, NINE))
    row = {
        "venue": "v", "event_id": ours.event_id, "market": ours.market, "line": "" if ours.line is None else "2.5",
        "selection": ours.selection, "their_event": theirs.event, "their_market": theirs.market,
        "their_selection": theirs.selection, "their_handicap": "0.0", "name": "", "starts_ns": 0, "score": 1.0,
        "state": "proposed", "person": "", "reason": "", "at_ns": 0,
    }  # fmt: skip
    with store._sessions.first() as connection:
        connection.execute(insert(links), row | {"venue": "w"})
    with pytest.raises(BeaError, match=r"(?i)unique"), store._sessions.first() as connection:
        connection.execute(insert(links), row)


def test_money_goes_only_where_a_person_has_looked_and_a_rejected_link_is_still_known(store: LinkStore) -> None:
    put(store, (HOME, NINE))
    clock = WorldClock()
    paper, money = (StoredDirectory(store, "v", clock, confirmed=confirmed) for confirmed in (False, True))
    assert paper.theirs(HOME) == NINE and money.theirs(HOME) is None and money.ours(NINE) == HOME
    store.decide("v", [1], State.CONFIRMED, "ann", "x")
    assert money.theirs(HOME) is None  # read at most every ten seconds
    clock.sleep_ns(10_000_000_000)
    assert money.theirs(HOME) == NINE
    store.decide("v", [1], State.REJECTED, "ann", "x")
    clock.sleep_ns(10_000_000_000)
    assert money.theirs(HOME) is None and money.ours(NINE) == HOME
