"""Bets at Pinnacle: codes, live delay, lines, request ids, credentials, spoilt answers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.errors import BeaError, ConfigurationError
from engine.live.adapters.pinnacle.api import PASSWORD, USER
from engine.live.adapters.pinnacle.codes import DOCUMENTED, DUPLICATES, NOT_TAKEN, REFUSED, STOPS
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.adapters.pinnacle.open import venue_over
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.pinnacle.venue import PinnacleVenue, answer_of
from engine.live.adapters.registry import Around
from engine.live.venue import (
    ACCOUNT_STOPPED,
    INSUFFICIENT_FUNDS,
    NotTaken,
    Outcome,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
    VenueFailure,
)
from engine.live.wire.request import Reply, Request
from engine.logs.secrets import Secrets
from tests.live.clock import MovedClock
from tests.live.venues.orders import BANKROLL, order
from tests.pinnacle_server.line import ENVIRONMENT, Line, venue_of
from tests.pinnacle_server.service import Everything, Service
from tests.venue_server.desk import Desk
from tests.venue_server.faults import FAULTS


class Scene:
    """The adapter over HTTPS at the fake service."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.desk = Desk(":memory:", self.clock.wall_ns)
        self.desk.venue.deposit("capital:1", BANKROLL)
        self.service = Service(self.desk)
        self.line = Line(self.service, self.clock)
        self.venue = venue_of(self.line)

    def said(self, status: int, content: dict[str, Any]) -> Receipt | VenueFailure:
        """What becomes of a bet that is answered so."""
        self.service.refusals.append((status, content))
        try:
            (answer,) = self.venue.place([order()])
        except VenueFailure as failure:
            return failure
        return answer


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_every_documented_code_is_handled(scene: Scene) -> None:
    for code in sorted(DOCUMENTED):
        said = scene.said(200, {"status": "PROCESSED_WITH_ERROR", "errorCode": code})
        if code in REFUSED:
            assert isinstance(said, Receipt) and (said.outcome, said.reason) == (Outcome.REJECTED, code.lower())
        elif code in STOPS:
            assert isinstance(said, Receipt) and said.reason == ACCOUNT_STOPPED
        elif code == "INSUFFICIENT_FUNDS":
            assert isinstance(said, Receipt) and said.reason == INSUFFICIENT_FUNDS
        elif code in NOT_TAKEN:
            assert isinstance(said, NotTaken)
        else:
            assert isinstance(said, Unanswered) and (said.cause == "duplicate") == (code in DUPLICATES)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_REQUEST_DATA", "invalid_request_data"), (401, "INVALID_CREDENTIALS", ACCOUNT_STOPPED),
        (401, "INVALID_AUTHORIZATION_HEADER", ACCOUNT_STOPPED), (403, "ACCOUNT_INACTIVE", ACCOUNT_STOPPED),
        (403, "NO_API_ACCESS", ACCOUNT_STOPPED),
    ],
)  # fmt: skip
def test_an_error_status_refuses_or_stops(status: int, code: str, expected: str) -> None:
    said = answer_of(order(), Reply(status, json.dumps({"code": code}).encode()))
    assert isinstance(said, Receipt) and (said.outcome, said.reason) == (Outcome.REJECTED, expected)


def test_resubmit_and_too_many_requests_are_not_taken() -> None:
    for status, code in ((400, "RESUBMIT_REQUEST"), (429, "TOO_MANY_REQUESTS")):
        said = answer_of(order(), Reply(status, json.dumps({"code": code}).encode(), {"retry-after": "2"}))
        assert isinstance(said, NotTaken) and said.retry_after_ns == 2_000_000_000


def test_a_bet_is_sent_under_the_uuid_of_its_key_on_a_line_that_stands_for_its_price(scene: Scene) -> None:
    scene.venue.place([order()])
    (body,) = scene.service.bodies
    assert UUID(body["uniqueRequestId"]).hex == order().key
    assert body["lineId"] == 1001 and body["stake"] == 10.0 and body["acceptBetterLine"] is True
    settings = PinnacleSettings(accept_better_line=False)
    venue_of(scene.line, settings=settings).place([order(2)])
    assert scene.service.bodies[-1]["acceptBetterLine"] is False


def test_a_bet_in_the_live_delay_is_pending_until_it_is_decided(scene: Scene) -> None:
    for number, fault, outcome in (
        (1, "pending_then_taken", Outcome.PLACED), (2, "pending_then_refused", Outcome.REJECTED),
    ):  # fmt: skip
        scene.desk.inject(FAULTS[fault])
        (said,) = scene.venue.place([order(number)])
        assert isinstance(said, Receipt) and (said.outcome, said.venue_bet_id) == (Outcome.PENDING, "")
        assert scene.venue.look_up([said.key]).receipts[0].outcome is Outcome.PENDING
        scene.clock.sleep_ns(7_000_000_000)
        scene.desk.market.waiting.clear()
        (after,) = scene.venue.look_up([said.key]).receipts
        assert after.outcome is outcome and bool(after.venue_bet_id) == (outcome is Outcome.PLACED)


def test_a_worse_price_a_closed_line_a_lay_and_a_stake_beyond_the_maximum_are_not_sent(scene: Scene) -> None:
    scene.service.events = [1]
    wanted = {
        "price_moved": order(odds_worst=2.01), "offline": order(event_id=77), "side": order(side="lay"),
        "stake_maximum": order(stake_minor=10**12),
    }  # fmt: skip
    for reason, one in wanted.items():
        (said,) = scene.venue.place([one])
        assert isinstance(said, Receipt) and (said.outcome, said.reason) == (Outcome.REJECTED, reason)
    assert not scene.service.bodies


def test_odds_are_asked_for_once_in_two_minutes_by_delta_and_whole_after_a_failure(scene: Scene) -> None:
    def asked() -> list[str | None]:
        return [params.get("since") for path, params in scene.service.asked if path == "/v2/odds"]

    for number in (1, 2):
        scene.venue.place([order(number)])
    assert asked() == [None]
    scene.clock.sleep_ns(PACE_NS)
    scene.venue.place([order(3)])
    assert asked() == [None, "500"]
    scene.service.odds = {"leagues": "none", "last": 502}
    scene.clock.sleep_ns(PACE_NS)
    for number in (4, 5):
        with pytest.raises(NotTaken, match="lines_unreadable_leagues"):
            scene.venue.place([order(number)])
    scene.service.odds = None
    scene.clock.sleep_ns(PACE_NS)
    scene.venue.place([order(6)])
    assert asked() == [None, "500", "501", None]


def test_a_period_of_a_delta_replaces_the_whole_period_and_no_other(scene: Scene) -> None:
    scene.venue.place([order(1)])
    period = {"lineId": 1, "number": 0, "status": 1, "cutoff": "2099-01-01T00:00:00Z"}
    scene.service.odds = {"last": 501, "leagues": [{"id": 7, "events": [{"id": 1, "periods": [period]}]}]}
    scene.clock.sleep_ns(PACE_NS)
    (gone,) = scene.venue.place([order(2)])
    (there,) = scene.venue.place([order(3, event_id=2)])
    assert isinstance(gone, Receipt) and gone.reason == "offline"
    assert isinstance(there, Receipt) and there.outcome is Outcome.PLACED


def test_a_cut_off_and_an_offline_period_close_the_line(scene: Scene) -> None:
    period = {"lineId": 1001, "number": 0, "status": 1, "cutoff": "2000-01-01T00:00:00Z", "moneyline": {"home": 2.0}}
    for closed in (period, period | {"status": 2, "cutoff": "2099-01-01T00:00:00Z"}):
        scene.service.odds = {"last": 501, "leagues": [{"id": 7, "events": [{"id": 1, "periods": [closed]}]}]}
        (said,) = venue_of(scene.line).place([order()])
        assert isinstance(said, Receipt) and said.reason == "offline"


def test_the_lists_are_read_to_their_last_page_and_show_bets_of_others(scene: Scene) -> None:
    scene.service.page_rows = 2
    for number in range(1, 6):
        scene.venue.place([order(number)])
    assert len(scene.venue.bets().receipts) == 5
    scene.desk.inject(FAULTS["foreign_bet"])
    reading = scene.venue.bets()
    assert [(bet.event_id, bet.at_risk_minor) for bet in reading.foreign] == [(1, 700)]


def test_after_half_an_hour_a_bet_is_found_in_the_lists(scene: Scene) -> None:
    scene.venue.place([order()])
    scene.clock.sleep_ns(31 * 60 * 10**9)
    (found,) = scene.venue.look_up([order().key]).receipts
    assert found.outcome is Outcome.PLACED


@dataclass
class Opening:
    """What surrounds an adapter that is opened."""

    scene: Scene
    stack: ExitStack
    shown: list[str]
    secrets: Secrets

    def open(
        self, credentials: Mapping[str, str], settings: PinnacleSettings | None = None, *, dry_run: bool = False
    ) -> PinnacleVenue:
        """The venue."""
        around = Around(
            credentials, self.secrets, self.scene.clock, Path(), self.shown.append, dry_run, self.stack.callback
        )  # fmt: skip
        return venue_over(self.scene.line, settings or PinnacleSettings(), Everything(), around)


@pytest.fixture
def opening(scene: Scene) -> Iterator[Opening]:
    with ExitStack() as stack:
        yield Opening(scene, stack, [], Secrets())


def test_opening_checks_credentials_and_currency(opening: Opening) -> None:
    assert opening.open(ENVIRONMENT).balance_minor() == BANKROLL
    with pytest.raises(ConfigurationError, match="another currency"):
        opening.open(ENVIRONMENT, PinnacleSettings(currency="GBP"))
    with pytest.raises(ConfigurationError, match=PASSWORD):
        opening.open({USER: "somebody"})
    with pytest.raises(BeaError, match="invalid_credentials"):
        opening.open(ENVIRONMENT | {PASSWORD: "otherword"})


def test_a_dry_run_shows_the_bet_without_secrets_and_sends_none(opening: Opening) -> None:
    venue = opening.open(ENVIRONMENT, dry_run=True)
    with pytest.raises(NotTaken, match="dry_run"):
        venue.place([order()])
    (text,) = opening.shown
    assert "/v4/bets/straight" in text and ENVIRONMENT[PASSWORD] not in text and not opening.scene.service.bodies
    header = venue._api._headers["authorization"]
    assert header.split()[1] not in opening.secrets.clean(header)


class Spoilt:
    """A wire whose answers are changed: fields by the schema, or bytes."""

    def __init__(self, scene: Scene, generator: random.Random) -> None:
        self._line, self._generator = Replied(scene), generator

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        reply, draw = self._line.exchange(request), self._generator
        if draw.random() < 0.4:
            return reply
        return spoiled(reply, draw)


def spoiled(reply: Reply, draw: random.Random) -> Reply:
    """An answer with other bytes, or with another field and perhaps another status."""
    if draw.random() < 0.5:
        content = bytearray(reply.content)
        for _ in range(draw.randint(1, 4)):
            if content:
                content[draw.randrange(len(content))] = draw.randrange(256)
        return replace(reply, content=bytes(content))
    value = reply.json()
    _mutate(value, draw)
    return replace(reply, content=json.dumps(value).encode(), status=draw.choice([200, 200, 200, 400, 403, 500]))


class Replied:
    """The answers of the service without a socket."""

    def __init__(self, scene: Scene) -> None:
        self._service = scene.service

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        from urllib.parse import urlsplit

        from tests.wire_server.server import Heard

        path = urlsplit(request.url).path
        said = self._service.handle(Heard(request.method, path, request.params, request.headers, request.content))
        return Reply(said.status, said.content)


def _mutate(value: Any, draw: random.Random) -> None:
    """Change one field somewhere."""
    while isinstance(value, dict | list) and value:
        name: Any = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
        if isinstance(value[name], dict | list) and value[name] and draw.random() < 0.8:
            value = value[name]
            continue
        if isinstance(value, dict) and draw.random() < 0.2:
            del value[name]
        else:
            value[name] = draw.choice([None, -1, 0, 1e300, 10**40, "", "x", "NaN", [], {}, [1], True, {"a": 1}])
        return


def spoilt(seeds: range) -> set[str]:
    """What came of calls whose answers were spoilt; every bet that stands has an id of the venue."""
    met, base = set(), Scene()
    base.service.events = [1]
    base.service.page_rows = 3
    for number in (1, 2, 3, 4):
        base.venue.place([order(number)])
    base.desk.settle(order(1).key, 900)
    for seed in seeds:
        draw = random.Random(seed)  # a seed of a test
        base.line.exchange = Spoilt(base, draw).exchange  # type: ignore[method-assign]
        venue = venue_of(base.line)
        try:
            call = draw.randrange(4)
            found: Any = [
                lambda v=venue, s=seed: v.place([order(10 + s, stake_minor=1)]),
                lambda v=venue: v.look_up([order(number).key for number in (1, 2, 3)]),
                venue.bets,
                venue.balance_minor,
            ][call]()
        except VenueFailure as failure:
            met.add(type(failure).__name__)
            continue
        met.add(type(found).__name__)
        receipts = found.receipts if isinstance(found, Reading) else found if isinstance(found, list) else ()
        for receipt in receipts:
            stands = isinstance(receipt, Receipt) and receipt.outcome not in (Outcome.REJECTED, Outcome.PENDING)
            assert not stands or receipt.venue_bet_id, receipt
    return met


def test_spoilt_answers_never_leave_the_contract() -> None:
    assert {"Unanswered", "NotTaken", "ReadFailed", "Reading", "list", "int"} <= spoilt(range(600))


def test_a_read_that_a_cache_kept_is_no_reading(scene: Scene) -> None:
    scene.venue.place([order()])
    scene.desk.inject(FAULTS["list_cached"], times=2)
    scene.venue.look_up([order().key])
    scene.clock.sleep_ns(5_000_000_000)
    with pytest.raises(ReadFailed, match="cached"):
        scene.venue.look_up([order().key])


def test_a_line_is_checked_before_a_bet_once_in_two_minutes(scene: Scene) -> None:
    scene.venue.place([order(1)])
    asked = [params for path, params in scene.service.asked if path == "/v1/line"]
    assert [(one["leagueId"], one["eventId"], one["betType"], one["team"]) for one in asked] == [
        ("7", "1", "MONEYLINE", "Team1"),
    ]  # fmt: skip
    scene.service.line = {"status": "NOT_EXISTS"}
    assert isinstance(scene.venue.place([order(2)])[0], Receipt) and len(scene.service.bodies) == 2
    for number, (line, reason) in enumerate(
        [
            ({"status": "NOT_EXISTS"}, "offline"), ({"price": 1.5}, "price_moved"),
            ({"maxRiskStake": 9.99}, "stake_maximum"), ({"minRiskStake": 10.01}, "stake_minimum"),
        ]
    ):  # fmt: skip
        scene.clock.sleep_ns(PACE_NS)
        scene.service.line = line
        (said,) = scene.venue.place([order(3 + number, odds_worst=1.9)])
        assert isinstance(said, Receipt) and (said.outcome, said.reason) == (Outcome.REJECTED, reason)
    for line in ({"status": "SOMETHING"}, {"price": None}, {"lineId": "x"}):
        scene.clock.sleep_ns(PACE_NS)
        scene.service.line = line
        with pytest.raises(NotTaken, match="lines_unreadable_"):
            scene.venue.place([order(9)])
    assert len(scene.service.bodies) == 2


def test_a_bet_is_sent_on_the_line_that_the_check_gives(scene: Scene) -> None:
    scene.service.line = {"lineId": 77, "altLineId": 5}
    (said,) = scene.venue.place([order()])
    assert isinstance(said, Receipt) and said.reason == "line_changed"
    (body,) = scene.service.bodies
    assert (body["lineId"], body["altLineId"]) == (77, 5)


@pytest.mark.parametrize("field", ["betStatus", "risk", "price", "betId"])
def test_a_row_that_cannot_be_read_leaves_the_others_and_proves_nothing(scene: Scene, field: str) -> None:
    for number in (1, 2, 3):
        scene.venue.place([order(number)])
    scene.service.spoil = lambda row: {**row, field: "?"} if row["uniqueRequestId"] == str(UUID(order(2).key)) else row
    both = scene.venue.look_up([order(1).key, order(2).key])
    assert [one.key for one in both.receipts] == [order(1).key] and not both.complete
    assert scene.venue.look_up([order(1).key]).complete
    listed = scene.venue.bets()
    assert {one.key for one in listed.receipts} == {order(1).key, order(3).key} and not listed.complete


def test_a_row_of_another_that_cannot_be_read_lets_an_absence_be_proved(scene: Scene) -> None:
    scene.venue.place([order(1)])
    scene.desk.inject(FAULTS["foreign_bet"])
    scene.service.spoil = lambda row: row if row["uniqueRequestId"] else {**row, "price": "?"}
    reading = scene.venue.look_up([order(8).key])
    assert reading.complete and not reading.receipts
    assert not scene.venue.bets().complete
    scene.service.spoil = lambda row: {**row, "uniqueRequestId": 5, "price": "?"}
    assert not scene.venue.look_up([order(8).key]).complete


def test_the_number_of_the_sport_is_one_that_is_known_and_that_of_the_promotion() -> None:
    with pytest.raises(ConfigurationError, match="not a sport of Pinnacle"):
        PinnacleSettings(sport_id=12345)
    with pytest.raises(ConfigurationError, match="33 tennis"):
        PinnacleSettings().check_sport("tennis")
    PinnacleSettings(sport_id=33).check_sport("tennis")


def test_a_league_that_appears_later_is_read_within_the_hour_and_counted_until_then(scene: Scene) -> None:
    lines = scene.venue._lines
    scene.venue.place([order(1)])
    scene.service.league = 8
    scene.service.odds = {"last": 501, "leagues": [{"id": 8, "events": [{"id": 200, "periods": []}]}]}
    for _ in range(29):
        scene.clock.sleep_ns(PACE_NS)
        lines.refresh()
    assert lines.passed_over == {"an event of a league whose home team is not known": 29}
    scene.clock.sleep_ns(PACE_NS)
    lines.refresh()
    assert lines.passed_over.total() == 29 and lines.teams(8) == ("TEAM1", "TEAM2")


def test_a_bet_that_is_declined_while_nobody_asks_is_in_no_list_after_half_an_hour(scene: Scene) -> None:
    scene.desk.inject(FAULTS["pending_then_refused"])
    scene.venue.place([order(1)])
    scene.clock.sleep_ns(7_000_000_000)
    scene.desk.market.waiting.clear()
    assert scene.venue.look_up([order(1).key]).receipts[0].outcome is Outcome.REJECTED
    scene.clock.sleep_ns(31 * 60 * 10**9)
    reading = scene.venue.look_up([order(1).key])
    assert reading.complete and not reading.receipts
    first, last = scene.venue.profile.declined_ns or (0, 0)
    assert 31 * 60 * 10**9 < first < last < 7 * 86_400 * 10**9
