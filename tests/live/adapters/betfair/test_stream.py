"""The connection that is kept, against a server over TLS with every documented answer and fault."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.errors import ConfigurationError
from engine.exchange.book import Books
from engine.live.adapters.betfair.frames import Line
from engine.live.adapters.betfair.stream import ANSWERS, Arrived, Lost, Stream
from engine.live.adapters.betfair.subscription import MARKETS, Subscription, market_filter
from engine.live.clock import WorldClock
from tests.betfair_stream.line import VirtualLine
from tests.betfair_stream.server import StreamServer

SECOND = 10**9
#: streams of a test, closed at its end
OPENED: list[Stream] = []


@dataclass
class Login:
    app_key: str = "app-key-1"
    tokens: list[str] = field(default_factory=lambda: ["session-1"])
    gone: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.tokens[0]

    def expired(self, token: str) -> None:
        self.gone.append(token)
        if len(self.tokens) > 1:
            self.tokens.pop(0)


class Followed:
    """A stream, and the books that it makes."""

    def __init__(self, server: StreamServer, login: Login | None = None, markets: tuple[str, ...] = ("1.1",)) -> None:
        self.clock, self.login, self.kept = WorldClock(), login or Login(), list[bytes]()
        subscription = Subscription(MARKETS, market_filter(markets), 500)

        def dial() -> Line:
            return VirtualLine(server, self.clock)

        self.stream = Stream(dial, self.login, subscription, self.clock, random.Random(1), self.kept.append)
        self.books, self.kinds = Books(), list[str]()
        OPENED.append(self.stream)

    def step(self, timeout_ns: int = SECOND) -> Arrived | Lost | None:
        found = self.stream.poll(timeout_ns)
        for message in found.messages if isinstance(found, Arrived) else ():
            self.kinds.append(message.get("ct", "update"))
            if message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in (None, "SEG_START"):
                self.books.forget()
            for change in message.get("mc", ()):
                self.books.apply(change, message["pt"])
        return found

    def until(self, kind: type, steps: int = 200) -> Any:
        for _ in range(steps):
            if isinstance(found := self.step(), kind):
                return found
        raise AssertionError(f"no {kind.__name__} in {steps} steps")

    def best(self, market: str = "1.1", side: str = "back") -> list[tuple[float, float]]:
        return self.books.markets[market].runners[7, 0.0].best(side)


def change(price: float, size: float, market: str = "1.1") -> dict[str, Any]:
    return {"id": market, "rc": [{"id": 7, "atb": [[price, size]]}]}


@pytest.fixture
def server() -> Iterator[StreamServer]:
    with StreamServer() as made:
        made.publish(change(2.0, 10.0))
        yield made
    while OPENED:
        OPENED.pop().close()


def test_hello_authentication_subscription_image_and_updates(server: StreamServer) -> None:
    followed = Followed(server)
    followed.until(Arrived)
    assert followed.kinds == ["SUB_IMAGE"] and followed.best() == [(2.0, 10.0)]
    assert [request["op"] for request in server.heard] == ["authentication", "marketSubscription"]
    assert server.heard[0] == {"op": "authentication", "id": 1, "appKey": "app-key-1", "session": "session-1"}
    assert (followed.stream.connection_id, followed.stream.connections_left) == ("002-1", 9)
    server.publish(change(2.0, 0.0))
    server.publish(change(1.9, 4.0))
    followed.until(Arrived), followed.until(Arrived)
    assert followed.best() == [(1.9, 4.0)]
    assert len(followed.kept) == 3 and b"session-1" not in b"".join(followed.kept)


def test_bytes_one_by_one_and_segments_of_several_markets(server: StreamServer) -> None:
    server.split, server.segments = 3, True
    for market in ("1.2", "1.3"):
        server.publish(change(3.0, 1.0, market))
    followed = Followed(server, markets=("1.1", "1.2", "1.3", "1.404"))
    followed.until(Arrived)
    assert followed.kinds == ["SUB_IMAGE"] * 3 and set(followed.books.markets) == {"1.1", "1.2", "1.3"}


def test_a_broken_connection_is_taken_up_from_its_clock(server: StreamServer) -> None:
    followed = Followed(server)
    followed.until(Arrived)
    server.drop()
    lost = followed.until(Lost)
    assert lost.was_up and lost.cause in ("cut", "reset")
    server.publish(change(2.2, 5.0))
    followed.until(Arrived)
    assert followed.kinds[-1] == "RESUB_DELTA" and followed.best() == [(2.2, 5.0), (2.0, 10.0)]
    first, second = (request for request in server.heard if request["op"] == "marketSubscription")
    assert second == first | {"id": second["id"], "initialClk": "I1", "clk": "C1"} and second["id"] > first["id"]


def test_a_clock_that_is_too_old_starts_clean_and_at_once(server: StreamServer) -> None:
    followed = Followed(server)
    followed.until(Arrived)
    server.oldest_clk = 5
    for number in range(6):
        server.publish(change(2.2, 5.0 + number, "1.9"))
    server.drop()
    followed.until(Lost)
    assert followed.until(Lost).cause == "INVALID_CLOCK"
    followed.until(Arrived)
    assert followed.kinds[-1] == "SUB_IMAGE" and "clk" not in server.heard[-1]


def test_silence_of_two_heartbeats_is_a_loss_and_a_heartbeat_is_none(server: StreamServer) -> None:
    followed = Followed(server)
    followed.until(Arrived)
    server.beat()
    followed.until(Arrived)
    assert followed.kinds[-1] == "HEARTBEAT"
    at = followed.clock.monotonic_ns()
    lost = followed.until(Lost)
    assert lost.cause == "silent" and lost.was_up and followed.clock.monotonic_ns() - at == SECOND
    followed.until(Arrived)
    assert followed.kinds[-1] == "RESUB_DELTA"


def test_an_image_in_the_middle_replaces_everything(server: StreamServer) -> None:
    followed = Followed(server)
    followed.until(Arrived)
    followed.books.apply(change(9.0, 9.0), 0)
    server.image()
    followed.until(Arrived)
    assert followed.kinds == ["SUB_IMAGE", "SUB_IMAGE"] and followed.best() == [(2.0, 10.0)]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("refuse", None), ("no_hello", "timeout"), ("no_image", "silent"), ("cut_frame", None),
        ("unreadable", "unreadable"), ("bad_utf8", "unreadable"), ("not_whole", "unreadable"),
        ("lost_segment", "SEG_END without SEG_START"), ("stray_segment", "a whole message after SEG_START"),
    ],
)  # fmt: skip
def test_after_each_fault_it_connects_again_and_the_book_is_whole(
    server: StreamServer, fault: str, cause: str | None
) -> None:
    server.faults = [fault]
    followed = Followed(server)
    lost = followed.until(Lost)
    assert lost.cause == cause if cause else lost.cause in ("cut", "reset")
    server.publish(change(2.4, 3.0))
    followed.until(Arrived)
    while followed.best() != [(2.4, 3.0), (2.0, 10.0)]:
        followed.until(Arrived, 5)
    assert server.connections == 2


def test_messages_of_the_subscription_before_are_not_taken(server: StreamServer) -> None:
    server.faults = ["old_id"]
    followed = Followed(server)
    followed.until(Arrived)
    assert followed.kinds == ["SUB_IMAGE"] and followed.stream.subscription.passed_over == 1
    assert len(followed.kept) == 1


@pytest.mark.parametrize("step", ["authentication", "subscription"])
@pytest.mark.parametrize("code", [*ANSWERS, "SOMETHING_NEW"])
def test_every_error_code_has_its_answer(server: StreamServer, step: str, code: str) -> None:
    server.faults = [f"{step}:{code}"]
    followed = Followed(server)
    answer = ANSWERS.get(code, "wait")
    if answer == "stop":
        with pytest.raises(ConfigurationError, match=code) as caught:
            followed.until(Arrived)
        assert "session-1" not in str(caught.value) and "app-key-1" not in str(caught.value)
        return
    assert followed.until(Lost).cause == code
    at = followed.clock.monotonic_ns()
    followed.until(Arrived)
    waited = followed.clock.monotonic_ns() - at
    assert 0.5 * SECOND <= waited <= SECOND if answer == "wait" else waited == 0
    assert followed.login.gone == (["session-1"] if answer == "login" else [])


def test_a_session_that_is_over_is_renewed_once_at_once(server: StreamServer) -> None:
    followed = Followed(server, Login(tokens=["gone", "session-1"]))
    assert followed.until(Lost).cause == "INVALID_SESSION_INFORMATION"
    followed.until(Arrived)
    assert followed.login.gone == ["gone"] and followed.clock.monotonic_ns() == 0


def test_a_wrong_key_and_too_many_markets_stop_with_one_line(server: StreamServer) -> None:
    with pytest.raises(ConfigurationError, match="check BEA_BETFAIR_APP_KEY"):
        Followed(server, Login(app_key="wrong-key")).until(Arrived)
    server.most_markets = 1
    with pytest.raises(ConfigurationError, match="follow fewer markets"):
        Followed(server, markets=("1.1", "1.2")).until(Arrived)


def test_waits_double_up_to_a_minute_and_end_with_the_first_change(server: StreamServer) -> None:
    server.faults = ["refuse"] * 10
    followed = Followed(server)
    waits, at = [], 0
    for _ in range(10):
        followed.until(Lost)
        now = followed.clock.monotonic_ns()
        waits.append((now - at) / SECOND)
        at = now
    expected = [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert waits[0] == 0 and all(0.5 * most <= wait <= most for wait, most in zip(waits, expected, strict=True))
    followed.until(Arrived)
    server.drop()
    followed.until(Lost)
    at = followed.clock.monotonic_ns()
    followed.until(Arrived)
    assert followed.clock.monotonic_ns() - at <= SECOND


def test_a_poll_does_not_outlast_its_time(server: StreamServer) -> None:
    server.faults = ["refuse"]
    followed = Followed(server)
    followed.until(Lost)
    at = followed.clock.monotonic_ns()
    assert followed.step(SECOND // 10) is None and followed.clock.monotonic_ns() - at == SECOND // 10
