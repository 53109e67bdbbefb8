"""What the exchange offers, asked for within its limits, in our words; and how a feed is opened on it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BeaError
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.catalogue import Catalogue, completed, offered, read_catalogue
from engine.live.adapters.betfair.login import Account, Session
from engine.live.adapters.betfair.recording import Recording
from engine.live.adapters.registry import Coverage
from engine.live.clock import WorldClock
from engine.live.linking.contract import Theirs
from engine.logs.secrets import Secrets
from engine.source.betfair.definitions import describe
from tests.betfair_exchange import exchange
from tests.live.adapters.betfair.feeding import FOOTBALL, definition, feeding, row
from tests.live.adapters.betfair.scene import Scene


def catalogue(rows: list[dict[str, Any]], coverage: Coverage = FOOTBALL) -> tuple[Catalogue, Scene]:
    scene = Scene()
    scene.exchange.listed = rows
    account = Account(exchange.USER, exchange.PASSWORD, exchange.APP_KEY)
    with ExitStack() as stack:
        session = Session(scene.line, account, scene.clock, Secrets())
        stack.callback(session.close)
        return read_catalogue(Api(scene.line, session), coverage, 0), scene


def test_an_event_is_offered_with_its_selections_and_the_ids_of_the_exchange() -> None:
    (event,) = offered(catalogue([row()])[0])
    assert (event.event, event.home, event.away, event.competition) == ("30", "Arsenal", "Leeds", "GB")
    assert [(one.market, one.selection, one.theirs) for one in event.selections] == [
        ("1x2", "home", Theirs("30", "1.1", "1", 0.0)), ("1x2", "away", Theirs("30", "1.1", "2", 0.0)),
        ("1x2", "draw", Theirs("30", "1.1", "3", 0.0)),
    ]  # fmt: skip


def test_more_markets_than_one_question_may_weigh_are_all_read() -> None:
    rows = [row(f"1.{n}", marketStartTime=f"2023-11-15T{n // 60:02d}:{n % 60:02d}:00.000Z") for n in range(450)]
    found, scene = catalogue(rows)
    assert [one.market for one in found.listed] == [f"1.{n}" for n in range(450)] and not found.passed_over
    asked = [call["params"] for call in scene.exchange.calls if call["method"].endswith("listMarketCatalogue")]
    assert [one["maxResults"] for one in asked] == [200] * 3
    assert asked[0]["filter"]["eventTypeIds"] == ["1"] and asked[0]["filter"]["marketTypeCodes"] == ["MATCH_ODDS"]


def test_what_cannot_be_offered_is_counted_by_name() -> None:
    odd = {"description": {"marketType": "NEXT_GOAL", "bettingType": "ODDS"}}
    rows = [
        row("1.2", **odd),
        row("1.3", event=7),
        row("1.4", event={"id": "31", "name": "A v B", "countryCode": "FR"}),
    ]
    found, _ = catalogue(rows, Coverage("football", ("GB",), ("1x2",)))
    assert not found.listed and dict(found.passed_over) == {
        "a market of the type NEXT_GOAL": 1, "a market that is not as documented": 1,
        "a market of another competition": 1,
    }  # fmt: skip


def test_too_many_markets_at_one_instant_are_named() -> None:
    found, _ = catalogue([row(f"1.{n}") for n in range(300)])
    assert found.passed_over == {"more markets start at one instant than one question gives": 1}


def test_a_definition_of_the_stream_gets_the_names_that_historical_files_have() -> None:
    found, _ = catalogue([row()])
    whole = describe(completed(found.listed[0], definition()))
    named = definition(eventName="Arsenal v Leeds")
    named["runners"] = [{**one, "name": row()["runners"][at]["runnerName"]} for at, one in enumerate(named["runners"])]
    assert whole == describe(named) and completed(found.listed[0], {}) == {}


def test_no_market_of_the_promotion_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BeaError, match="offers no market"), feeding(tmp_path, rows=[]):
        pass


@pytest.mark.parametrize(
    "runner",
    [
        {"id": 1, "hc": "x"},
        {"id": 1, "hc": [1]},
        {"id": 1, "hc": 10**400},
        {"id": []},
        {"id": {}},
        {"id": True},
        "x",
        None,
    ],
)
def test_a_runner_that_is_none_stays_without_a_name(runner: Any, tmp_path: Path) -> None:
    found, _ = catalogue([row()])
    known = definition()["runners"][0]
    whole = completed(found.listed[0], {"runners": [known, runner]})
    assert whole["runners"] == [known | {"name": row()["runners"][0]["runnerName"]}, runner]
    recording = Recording(tmp_path, WorldClock(), lambda market, change: completed(found.listed[0], change))
    for line in (b'{"marketDefinition"', b'["marketDefinition"]'):
        recording.take(line)
    recording.close()
