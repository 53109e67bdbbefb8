"""`bea reconcile`: what it prints, and what it refuses, over a scripted venue and a ledger in memory."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from engine.live.venue import ForeignBet, Unanswered
from research.commands import reconcile
from research.commands.main import main
from tests.live.execution.test_reckoning import Mark
from tests.live.execution.world import World, order


@pytest.fixture()
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A ledger with one bet without an answer."""
    made = World()
    made.venue.script = [Unanswered("timeout")]
    made.submit(order())
    made.start()
    opened(made, monkeypatch)
    return made


def opened(world: World, patch: pytest.MonkeyPatch) -> None:
    """Let `bea reconcile` find this world."""
    world.ledger.restored, world.ledger.adopt = Mark().restored, Mark().adopt  # type: ignore[attr-defined]
    room = SimpleNamespace(journal=world.journal, executor=world.executor)
    trading = SimpleNamespace(parts=SimpleNamespace(room=room), close=lambda: None)
    patch.setattr(reconcile, "_opened", lambda name, stack: trading)


def test_what_differs_is_listed_and_ends_with_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.venue.foreign = [ForeignBet("x1", 7, 500)]
    assert main(["reconcile", "demo"]) == 1
    assert capsys.readouterr().out == f"no answer yet: {order().key}\nnot ours: bet id x1, 500 at risk\n"
    assert main(["reconcile", "demo", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["unknown"] == [order().key] and told["external"] == ["x1"] and told["agrees"] is False


def test_a_person_says_what_became_of_a_bet(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--resolve", order().key, "--to", "placed", "--odds", "2.1", "--matched-minor", "900", "--bet-id", "v7"]
    world.venue.balance = 99_100
    assert main(["reconcile", "demo", *words, "--reason", "seen on the site", "--person", "ann"]) == 0
    assert capsys.readouterr().out == "ledger and venue agree\n"
    bet = world.book.get(order().key)
    assert (bet.state, bet.odds, bet.matched_minor, bet.venue_bet_id) == ("placed", 2.1, 900, "v7")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--adopt"], "a reason is needed"),
        (["--resolve", "00", "--reason", "x"], "belong together"),
        (["--adopt", "--reason", "x"], "nothing to adopt"),
        (["--resolve", "00", "--to", "rejected", "--reason", "x"], "no such bet"),
    ],
)
def test_words_that_are_refused(
    words: list[str], message: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reconcile", "demo", *words]) == 2
    assert message in capsys.readouterr().err


def test_after_an_adoption_ledger_and_venue_are_compared_again(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(world.rows)
    world.submit(order(2))
    world.rows[:] = before  # the ledger loses the second bet
    world.start()
    world.follow()
    opened(world, monkeypatch)
    world.venue.balance -= order(2).stake_minor
    resolved = ["--resolve", order().key, "--to", "rejected"]
    assert main(["reconcile", "demo", *resolved, "--reason", "not there", "--person", "ann"]) == 1
    said = capsys.readouterr().out
    assert f"at the venue and not in the ledger: {order(2).key}" in said and "the balance differs by" in said
    assert main(["reconcile", "demo", "--adopt", "--reason", "seen", "--person", "ann"]) == 0
    assert capsys.readouterr().out == f"taken over: {order(2).key}\nledger and venue agree\n"
