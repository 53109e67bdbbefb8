"""`bea paper --feed the_odds_api`: the adapter of the registry under a runner, over HTTP to the fake service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import DAY_NS
from engine.live.feed import Fixture, Quote
from engine.live.feeds.recorded import Recorded
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.paths import home
from engine.promotion import load, publish
from research.commands.live import status_of
from research.commands.main import main
from research.report.status import lines
from research.trading.screen import Screen
from tests.commands import answer
from tests.live.adapters.the_odds_api.service import KEY, START_NS, Service, serving
from tests.promoted import entries, own_copy


@pytest.fixture()
def service(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A home with the promotion ``odds``, made when the fake service begins."""
    own_copy(promoted_home, tmp_path, monkeypatch)
    monkeypatch.setattr("time.time_ns", lambda: START_NS)
    monkeypatch.setenv("BEA_ODDS_API_KEY", KEY)
    publish(replace(load("demo"), name="odds", created_ns=START_NS - DAY_NS, expires_ns=START_NS + DAY_NS))
    with serving() as found:
        yield found


def words(service: Service) -> list[str]:
    sports = "the_odds_api.sports=soccer_epl"
    return ["paper", "odds", "--feed", "the_odds_api", f"the_odds_api.host={service.url}", sports, "runner.poll_ms=1",
            "runner.renew_every_ms=1"]  # fmt: skip


def test_prices_of_the_service_are_decided_on_and_recorded(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[Screen] = []
    seen: list[str] = []

    def turn(screen: Screen) -> None:
        turns.append(screen)
        if len(turns) == 5:
            seen.extend(lines(status_of("odds"), START_NS))
            with closing(look("odds")) as ledger:
                ledger.control(Command.STOP, person="ann", reason="enough")

    monkeypatch.setattr(Screen, "turn", turn)
    found: dict[str, Any] = answer(capsys, *words(service), "--json")
    assert found["feed"] == "the_odds_api" and found["stopped"].endswith("enough")
    assert found["quota"]["spent"] == service.server.credits > 0, "of the calls that the service answered"
    assert found["quota"]["budget_left"] == found["quota"]["budget"] - service.server.credits
    assert found["quota"]["left"] == service.server.remaining
    assert [line for line in seen if line.startswith("Credits: ")], "another process reads it from the pulse"
    started = next(one.entry.body for one in entries("odds") if one.entry.kind is Kind.STARTED)
    assert started["is_live"] and KEY not in str(started)
    feed, messages = Recorded(home() / "data" / "feed" / "odds"), []
    while (batch := feed.poll(0)) is not None:
        messages += batch
    assert {one.values["home"] for one in messages if isinstance(one, Fixture)} == {"Arsenal", "Leeds"}
    books = {one.bookmaker for one in messages if isinstance(one, Quote)}
    assert {"pinnacle", "betfair_ex_eu"} <= books and sum(found["reasons"].values()) > 0
    log = (home() / "data" / "logs" / "odds.log").read_text()
    assert service.server.calls and KEY not in log


def test_a_key_that_lacks_is_one_line(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEA_ODDS_API_KEY")
    assert main(words(service)) == 2
    assert "a credential is missing in BEA_ODDS_API_KEY" in capsys.readouterr().err and not service.wire.heard
