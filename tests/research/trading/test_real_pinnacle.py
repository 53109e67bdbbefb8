"""`bea paper --feed pinnacle` and `bea links pinnacle`: the adapter of the registry, over HTTPS to the fake service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import DAY_NS
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.feed import Fixture, Quote
from engine.live.feeds.recorded import Recorded
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.paths import home
from engine.promotion import load, publish
from research.commands.main import main
from research.trading.screen import Screen
from tests.commands import answer
from tests.live.adapters.pinnacle.scene import START_NS, Scene, serving
from tests.pinnacle_server.offer import three_way
from tests.pinnacle_server.service import PASSWORD, USER
from tests.promoted import entries, own_copy

WORDS = ["paper", "pin", "--feed", "pinnacle", "runner.poll_ms=1", "--json"]


@pytest.fixture()
def scene(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A home with the promotion ``pin``, made when the fake service begins, and the service at the end of the line."""
    own_copy(promoted_home, tmp_path, monkeypatch)
    monkeypatch.setattr("time.time_ns", lambda: START_NS)
    monkeypatch.setenv("BEA_PINNACLE_USERNAME", USER)
    monkeypatch.setenv("BEA_PINNACLE_PASSWORD", PASSWORD)
    publish(replace(load("demo"), name="pin", created_ns=START_NS - DAY_NS, expires_ns=START_NS + DAY_NS))
    with serving(tmp_path) as found:
        line: Any = found.line
        line.close = lambda: None
        monkeypatch.setattr("engine.live.adapters.pinnacle.open.HttpWire", lambda **_: line)
        yield found


def our_name(league: str) -> None:
    """Give a league of Pinnacle the name of the competition of the promotion."""
    (home() / "aliases").mkdir()
    (home() / "aliases" / "competitions.yaml").write_text(json.dumps({"football": {league: "SIM1"}}))


def test_prices_are_decided_on_and_the_catalogue_links_their_events(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    our_name("England - Premier League")
    scene.offer.period(11, moneyline=three_way(2.6, 3.9, 2.7))
    scene.offer.match(31, "A (Corners)", "B (Corners)", START_NS + DAY_NS, resultingUnit="Corners")
    turns: list[Screen] = []

    def turn(screen: Screen) -> None:
        turns.append(screen)
        if len(turns) == 5:
            with closing(look("pin")) as ledger:
                ledger.control(Command.STOP, person="ann", reason="enough")

    monkeypatch.setattr(Screen, "turn", turn)
    found: dict[str, Any] = answer(capsys, *WORDS)
    assert found["feed"] == "pinnacle" and found["stopped"].endswith("enough") and sum(found["reasons"].values()) > 0
    assert found["passed_over"] == {"an event that is settled by corners": 1}
    assert main(["status", "pin"]) == 0
    assert "Passed over: 1 × an event that is settled by corners" in capsys.readouterr().out
    feed, messages = Recorded(home() / "data" / "feed" / "pin"), []
    while (batch := feed.poll(0)) is not None:
        messages += batch
    assert {one.values["home"] for one in messages if isinstance(one, Fixture)} == {"Arsenal", "Leeds"}
    prices = {one.selection: one.odds for one in messages if isinstance(one, Quote)}
    assert prices == {"home": 2.6, "draw": 3.9, "away": 2.7}
    (started,) = [one.entry.body for one in entries("pin") if one.entry.kind is Kind.STARTED]
    assert started["is_live"] and PASSWORD not in (home() / "data" / "logs" / "pin.log").read_text()
    scene.clock.reach(START_NS + 2 * PACE_NS)
    monkeypatch.setattr("time.time_ns", scene.clock.wall_ns)
    assert answer(capsys, "links", "pinnacle", "propose", "--json")["new"] == 3
    (event,) = {one["link"]["ours"]["event_id"] for one in answer(capsys, "links", "pinnacle", "--json")["links"]}
    assert event == next(one.event_id for one in messages if isinstance(one, Quote))


def test_a_league_without_our_name_is_refused_with_what_to_do(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WORDS) != 0
    said = capsys.readouterr().err
    assert "Pinnacle has none of the competitions" in said and "aliases/competitions.yaml" in said


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_venue_whose_settings_are_of_another_sport_is_refused_before_anything_is_asked(
    scene: Scene, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    words = ["live", "pin", "--venue", "pinnacle", "--feed", "pinnacle", *more]
    assert main([*words, "pinnacle.sport_id=33"]) != 0
    assert "found 33 tennis" in capsys.readouterr().err and not scene.service.asked
