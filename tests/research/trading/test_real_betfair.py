"""`bea live` at Betfair: the adapter of the registry behind the locks, over HTTPS to the fake exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.live.clock import SystemClock
from engine.live.ledger.entries import Kind
from engine.live.linking.contract import Link, Ours, Theirs
from engine.live.linking.propose import Offered, Proposal
from engine.live.linking.store import open_links
from research.commands.main import main
from research.config.live import ledger_settings
from tests.betfair_exchange.exchange import APP_KEY, PASSWORD, USER, Exchange
from tests.betfair_exchange.line import Line
from tests.commands import answer
from tests.promoted import NOW_NS, entries, own_copy
from tests.research.trading.test_real_money import MATCH, Scene
from tests.venue_server.desk import Desk

PRICES = MATCH | {"prices": {"betfair_exchange": {"home": 2.6, "draw": 3.9, "away": 2.7}}}
WORDS = ["live", "money", "--venue", "betfair", "--feed", "lines", "runner.poll_ms=1"]


@pytest.fixture()
def exchange(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Scene, Exchange]]:
    """A home whose locks are open for Betfair, and the exchange at the other end of the line."""
    home = own_copy(promoted_home, tmp_path, monkeypatch)
    there = Exchange(Desk(tmp_path / "exchange.db", lambda: NOW_NS))
    there.desk.venue.deposit("capital:1", 2_000_000)
    line: Any = Line(there, SystemClock())
    line.close = lambda: None
    monkeypatch.setattr("engine.live.adapters.betfair.open.HttpWire", lambda **_: line)
    for name, value in (("USERNAME", USER), ("PASSWORD", PASSWORD), ("APP_KEY", APP_KEY)):
        monkeypatch.setenv(f"BEA_BETFAIR_{name}", value)
    scene = Scene(home, "https://desk.example", monkeypatch, venue="betfair", currency="GBP")
    scene.file(name="betfair", account=USER, currency="GBP")
    scene.types(f"betfair {USER}")
    scene.hears(PRICES)
    yield scene, there


def link(capsys: pytest.CaptureFixture[str]) -> None:
    """Confirm that the draw of the match is selection 12 of market 1.100001."""
    answer(capsys, "paper", "demo", "--feed", "lines", "runner.poll_ms=1", "--json")
    (event,) = {one.entry.body["event_id"] for one in entries() if one.entry.kind is Kind.INTENDED}
    found = Link("betfair", Ours(event, "1x2", None, "draw"), Theirs("1", "1.100001", "12", 0.0), 1.0)
    with closing(open_links(ledger_settings(), SystemClock())) as store:
        store.put("betfair", Proposal((found,), ()), [Offered("1", "Ajax", "PSV", NOW_NS, "", ())])
    assert main(["links", "betfair", "confirm", str(event), "--reason", "looked"]) == 0


def test_a_bet_goes_to_the_exchange_with_its_ids_and_the_account_is_shown(
    exchange: tuple[Scene, Exchange], capsys: pytest.CaptureFixture[str]
) -> None:
    _, there = exchange
    link(capsys)
    assert main(WORDS) == 0
    said = capsys.readouterr().out
    assert "REAL MONEY: money bets at betfair" in said and "20,000.00 GBP free" in said
    (call,) = [one for one in there.calls if one["method"].endswith("placeOrders")]
    (instruction,) = call["params"]["instructions"]
    assert (call["params"]["marketId"], instruction["selectionId"]) == ("1.100001", 12)
    (placed,) = [one.entry.body for one in entries("money") if one.entry.kind is Kind.PLACED]
    assert placed["matched_minor"] == 10_000 and PASSWORD not in said
    assert answer(capsys, "reconcile", "money", "--json")["agrees"]


def test_a_dry_run_shows_the_request_of_the_exchange(
    exchange: tuple[Scene, Exchange], capsys: pytest.CaptureFixture[str]
) -> None:
    _, there = exchange
    link(capsys)
    capsys.readouterr()
    assert main([*WORDS, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "placeOrders" in said and '"1.100001"' in said and "api.betfair.com" in said
    assert not [one for one in there.calls if one["method"].endswith("placeOrders")]
    assert APP_KEY not in said and "session-" not in said


def test_an_account_in_another_currency_than_the_settings_is_refused(
    exchange: tuple[Scene, Exchange], capsys: pytest.CaptureFixture[str]
) -> None:
    _, there = exchange
    there.currency = "EUR"
    assert main(WORDS) != 0
    assert "the account has another currency" in capsys.readouterr().err
