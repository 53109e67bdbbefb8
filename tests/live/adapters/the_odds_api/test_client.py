"""Each call, answer, error code and fault of The Odds API, over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.errors import ConfigurationError
from engine.live.adapters.the_odds_api import calls
from engine.live.adapters.the_odds_api.calls import Call, Priced
from engine.live.adapters.the_odds_api.client import KEY, Client, NoCredits, NotThere, Usage
from engine.live.clock import WorldClock
from engine.live.feed import FeedFailure
from engine.live.wire.request import Reply, Request
from tests.live.adapters.the_odds_api.service import GAMES, START_NS, Notes, Service, serving

PRICED = Priced(("h2h", "totals"), ("eu", "uk"))
EVENT = GAMES[0].id
ALL = (
    calls.sports(), calls.sports(all_sports=True), calls.events("soccer_epl"), calls.odds("soccer_epl", PRICED),
    calls.event_odds("soccer_epl", EVENT, PRICED), calls.event_markets("soccer_epl", EVENT, PRICED),
    calls.participants("soccer_epl"), calls.scores("soccer_epl"), calls.scores("soccer_epl", 3),
    calls.historical_odds("soccer_epl", START_NS - HOUR_NS, PRICED),
    calls.historical_events("soccer_epl", START_NS - HOUR_NS),
    calls.historical_event_odds("soccer_epl", EVENT, START_NS - HOUR_NS, PRICED),
)  # fmt: skip


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as found:
        yield found


class Said:
    """A wire with one answer."""

    def __init__(self, status: int, content: bytes, **headers: str) -> None:
        self.reply = Reply(status, content, {name.replace("_", "-"): text for name, text in headers.items()}, 5)
        self.heard: list[Request] = []

    def exchange(self, request: Request) -> Reply:
        self.heard.append(request)
        return self.reply


def asking(wire: Said) -> Client:
    return Client(wire, "k" * 32, WorldClock(), random.Random(1), timeout_s=1.0, host="https://host")


def failure(status: int, content: bytes, **headers: str) -> Exception:
    with pytest.raises((ConfigurationError, FeedFailure)) as caught:
        asking(Said(status, content, **headers)).ask(ALL[3], Notes())
    return caught.value


@pytest.mark.parametrize("call", ALL, ids=lambda call: call.key[:60])
def test_every_call_is_answered_and_costs_at_most_what_was_said_before(service: Service, call: Call) -> None:
    notes = Notes()
    answer = service.client().ask(call, notes)
    assert answer.received_ns == START_NS and answer.value and (notes.booked, notes.told) == (1, [answer.usage])
    assert answer.usage.last is not None and answer.usage.last <= call.credits_most
    assert service.server.credits == answer.usage.last


def test_what_calls_cost() -> None:
    assert [call.credits_most for call in ALL] == [0, 0, 0, 4, 6, 1, 1, 1, 2, 40, 1, 60]
    eleven = Priced(("h2h", "spreads", "totals"), ("eu", "uk", "us"), tuple(f"book{n}" for n in range(11)))
    assert calls.odds("soccer_epl", eleven).credits_most == 6


def test_the_key_goes_in_the_query_and_times_have_no_fraction() -> None:
    wire = Said(200, b"[]")
    asking(wire).ask(calls.historical_odds("soccer_epl", 10**18 + 5, PRICED), Notes())
    (request,) = wire.heard
    assert request.params["apiKey"] == "k" * 32 and "k" * 32 not in request.url and not request.changes
    assert request.params["date"] == "2001-09-09T01:46:40Z" and request.params["regions"] == "eu,uk"
    assert calls.odds("s", Priced(("h2h",), ("eu",), (), True)).key.count("includeBetLimits=true") == 1


def test_empty_answers_are_answers_and_cost_nothing(service: Service) -> None:
    service.server.world.games[:] = [GAMES[0]]
    service.clock.reach(START_NS + 100 * HOUR_NS)
    answer = service.client().ask(ALL[3], Notes())
    assert answer.value == [] and answer.usage.last == 0


def test_quota_headers_may_be_negative_or_missing(service: Service) -> None:
    service.server.remaining = 2
    assert service.client().ask(ALL[3], Notes()).usage.remaining == -2
    service.server.headers, service.server.remaining = False, 10
    assert service.client().ask(ALL[3], Notes()).usage == Usage()
    assert Usage.of({"x-requests-used": "1e3", "x-requests-last": "-"}) == Usage()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MISSING_KEY", "set BEA_ODDS_API_KEY"), ("INVALID_KEY", "check"), ("DEACTIVATED_KEY", "subscription"),
        ("HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN", "paid plan"),
    ],
)  # fmt: skip
def test_a_401_of_the_key_or_plan_stops_with_one_line(code: str, words: str) -> None:
    error = failure(401, f'{{"message": "no", "error_code": "{code}"}}'.encode())
    assert isinstance(error, ConfigurationError) and KEY in str(error) and words in str(error)


def test_a_401_of_the_quota_is_no_matter_of_the_key() -> None:
    assert isinstance(failure(401, b'{"error_code": "OUT_OF_USAGE_CREDITS"}'), NoCredits)
    assert isinstance(failure(401, b"<html>", x_requests_remaining="-772"), NoCredits)
    assert isinstance(failure(401, b"<html>", x_requests_remaining="12"), ConfigurationError)
    assert isinstance(failure(401, b'{"error_code": "INVALID_KEY"}', x_requests_remaining="0"), ConfigurationError)


def test_the_quota_and_the_key_at_the_service(service: Service) -> None:
    service.server.remaining = 0
    with pytest.raises(NoCredits):
        service.client().ask(ALL[3], Notes())
    assert service.client().ask(ALL[2], Notes()).value
    with pytest.raises(ConfigurationError, match="INVALID_KEY"):
        service.client("another-key").ask(ALL[2], Notes())
    service.server.paid, service.server.remaining = False, 100
    with pytest.raises(ConfigurationError, match="HISTORICAL_UNAVAILABLE"):
        service.client().ask(ALL[9], Notes())


def test_what_is_gone_is_named_and_the_others_go_on(service: Service) -> None:
    with pytest.raises(NotThere, match="EVENT_NOT_FOUND"):
        service.client().ask(calls.event_odds("soccer_epl", "c" * 32, PRICED), Notes())
    assert isinstance(failure(422, b'{"error_code": "HISTORICAL_MARKETS_UNAVAILABLE_AT_DATE"}'), NotThere)


@pytest.mark.parametrize(
    "code",
    [
        "MISSING_REGION",
        "INVALID_REGION",
        "INVALID_BOOKMAKERS",
        "MISSING_MARKET",
        "INVALID_MARKET",
        "INVALID_MARKET_COMBO",
        "INVALID_DATE_FORMAT",
        "INVALID_ODDS_FORMAT",
        "INVALID_ALL_SPORTS_PARAM",
        "INVALID_SPORT",
        "INVALID_SCORES_DAYS_FROM",
        "INVALID_EVENT_IDS",
        "INVALID_EVENT_ID",
        "MISSING_HISTORICAL_TIMESTAMP",
        "INVALID_HISTORICAL_TIMESTAMP",
        "INVALID_COMMENCE_TIME_FROM",
        "INVALID_COMMENCE_TIME_TO",
        "INVALID_COMMENCE_TIME_RANGE",
        "INVALID_PARTICIPANT_ID",
        "INVALID_INCLUDE_LINKS",
        "INVALID_INCLUDE_SIDS",
        "INVALID_INCLUDE_BET_LIMITS",
        "INVALID_INCLUDE_MULTIPLIERS",
        "INVALID_INCLUDE_ROTATION_NUMBERS",
        "INVALID_STATUS",
        "A_CODE_OF_TOMORROW",
    ],
)
def test_a_bad_parameter_is_one_line_with_its_code(code: str) -> None:
    for content in (f'{{"error_code": "{code}"}}', f"<p>{code}</p>"):
        error = failure(422, content.encode())
        assert isinstance(error, ConfigurationError)
        assert code in str(error) or (code == "A_CODE_OF_TOMORROW" and "status 422" in str(error))


def test_an_unknown_sport_region_or_market_at_the_service(service: Service) -> None:
    for call, code in (
        (calls.events("soccer_moon"), "UNKNOWN_SPORT"),
        (calls.odds("soccer_epl", Priced(("h2h",), ("moon",))), "INVALID_REGION"),
        (calls.odds("soccer_epl", Priced(("btts",), ("eu",))), "INVALID_MARKET"),
    ):
        with pytest.raises(ConfigurationError, match=code):
            service.client().ask(call, Notes())


@pytest.mark.parametrize("fault", ["429", "500", "html", "cut", "short", "dropped", "silent"])
def test_what_may_pass_is_asked_again_twice_with_waits(service: Service, fault: str) -> None:
    service.server.faults, service.timeout_s = [fault, fault], 0.25 if fault == "silent" else 5.0
    assert service.client().ask(ALL[3], Notes()).value
    assert 1.5 * SECOND_NS <= service.clock.wall_ns() - START_NS <= 3 * SECOND_NS
    service.server.faults = [fault] * 3
    with pytest.raises(FeedFailure):
        service.client().ask(ALL[3], Notes())


@pytest.mark.parametrize("fault", ["no_json", "not_a_number", "text", "empty"])
def test_an_answer_that_cannot_be_read_is_a_failure(service: Service, fault: str) -> None:
    service.server.faults = [fault]
    with pytest.raises(FeedFailure, match="no JSON"):
        service.client().ask(ALL[3], Notes())


def test_no_more_than_30_calls_a_second_leave(service: Service) -> None:
    client = service.client()
    for _ in range(34):
        client.ask(calls.sports(), Notes())
    assert service.clock.wall_ns() - START_NS == pytest.approx(SECOND_NS, abs=1_000)


def test_no_text_of_a_failure_has_the_key(service: Service) -> None:
    for fault in ("dropped", "html", "no_json"):
        service.server.faults = [fault] * 3
        with pytest.raises(FeedFailure) as caught:
            service.client().ask(ALL[3], Notes())
        assert "key-of-the-test" not in repr(caught.value)


@pytest.mark.parametrize(
    ("fault", "known"),
    [("500", [0, 0]), ("429", [0, 0]), ("dropped", []), ("cut", []), ("silent", [])],
)  # fmt: skip
def test_each_try_is_booked_and_only_a_lost_answer_stays_so(service: Service, fault: str, known: list[int]) -> None:
    notes, service.timeout_s = Notes(), 0.25 if fault == "silent" else 5.0
    service.server.faults = [fault, fault]
    assert service.client().ask(ALL[3], notes).value
    assert notes.booked == 3 and [usage.last for usage in notes.told] == [*known, 4]


def test_a_try_that_never_left_costs_nothing(service: Service) -> None:
    notes, client = Notes(), service.client()
    service.wire.__exit__(None, None, None)
    with pytest.raises(FeedFailure, match="connect"):
        client.ask(ALL[3], notes)
    service.wire.__enter__()
    assert notes.booked == 3 and notes.told == [Usage(last=0)] * 3
