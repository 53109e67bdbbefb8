"""`bea links` as a person uses it: propose, look, confirm; wrong words are one line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from engine.live.clock import SystemClock
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Link, Ours, Theirs
from engine.live.linking.propose import Offered, Proposal
from engine.live.linking.store import open_links
from research.commands.main import main
from tests.commands import answer


@pytest.fixture(autouse=True)
def proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with two links of event 1 at Betfair that nobody has confirmed."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    sides = ("home", "away")
    links = tuple(Link("betfair", Ours(1, "1x2", None, side), Theirs("9", "1.5", side), 0.8) for side in sides)
    with closing(open_links(LedgerSettings(), SystemClock())) as store:
        store.put("betfair", Proposal(links, ()), [Offered("9", "Man City", "Chelsea", 0)])


def test_a_person_confirms_and_later_rejects(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "links", "betfair", "confirm", "1", "--reason", "same match", "--json")["links"] == 2
    assert main(["links", "betfair"]) == 0
    line = capsys.readouterr().out
    assert "Man City v Chelsea" in line and "2 confirmed" in line and "same match" in line
    words = ("links", "betfair", "reject", "1", "--reason", "moved", "--person", "ann", "--json")
    assert answer(capsys, *words)["state"] == "rejected"
    found = answer(capsys, "links", "betfair", "--json")["links"]
    assert {(one["state"], one["person"], one["reason"]) for one in found} == {("rejected", "ann", "moved")}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("betfare", "did you mean betfair"),
        ("betfair confirm", "which events"),
        ("betfair confirm 1", "no reason"),
        ("betfair confirm 2 --reason x", "no such link"),
        ("betfair list 1", "events are confirmed or rejected"),
        ("betfair propose --days 0", "not a number of days"),
        ("betfair propose", "no coming event to link"),
        ("betfair confirm one", "not the id of an event"),
        ("betfair confirm 1 betfair.currency=EUR --reason x", "settings are those of a venue that is asked"),
        ("betfair propose betfair.curency=EUR", "did you mean currency?"),
        ("betfair propose --sport footbal", "did you mean football?"),
    ],
)
def test_wrong_words_are_one_line(words: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["links", *words.split()]) == 2
    error = capsys.readouterr().err
    assert expected in error and len(error.splitlines()) == 1
