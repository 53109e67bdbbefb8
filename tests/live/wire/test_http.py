"""The wire over HTTP against a server that fails in every way that a connection can."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from engine.live.wire.http import HttpWire
from engine.live.wire.request import Request, WireFailure
from tests.venue_server.wire import Delivery
from tests.wire_server.certificates import certificates
from tests.wire_server.server import Answer, Heard, WireServer, answer


def cause_of(act: Callable[[], object]) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        act()
    return caught.value


def test_an_answer_comes_back_whole_with_its_status_and_headers() -> None:
    def handle(heard: Heard) -> Answer:
        return answer({"query": dict(heard.params), "body": heard.json()}, 422, x_used="7")

    with WireServer(handle) as server, HttpWire(wall_ns=lambda: 5) as wire:
        reply = wire.exchange(Request("POST", f"{server.url}/a", {"b": "c d"}, {"x": "y"}, b"[1]"))
    assert reply.json() == {"query": {"b": "c d"}, "body": [1]}
    assert (reply.status, reply.headers["x-used"], reply.received_ns) == (422, "7", 5)
    assert server.heard[0].headers["x"] == "y"


@pytest.mark.parametrize(
    ("delivery", "cause"),
    [
        (Delivery.DROPPED, "reset"),
        (Delivery.CUT, "cut"),
        (Delivery.SHORT, "cut"),
        (Delivery.UNCHUNKED, "cut"),
        (Delivery.SILENT, "timeout"),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure_after_which_the_request_may_have_arrived(
    delivery: Delivery, cause: str
) -> None:
    with WireServer(lambda heard: Answer(200, b"[]", delivery=delivery)) as server, HttpWire() as wire:
        failure = cause_of(lambda: wire.exchange(Request("GET", server.url, timeout_s=0.3)))
    assert failure.may_have_arrived and failure.cause in (cause, "reset")


def test_a_drip_of_bytes_does_not_outlast_the_time_out() -> None:
    with WireServer(lambda heard: Answer(200, b"x" * 9, seconds=1.0)) as server, HttpWire() as wire:
        failure = cause_of(lambda: wire.exchange(Request("GET", server.url, timeout_s=0.05)))
    assert failure.cause == "timeout"


def test_nothing_leaves_for_a_host_that_refuses_or_has_no_name() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with HttpWire() as wire:
        refused = cause_of(lambda: wire.exchange(Request("GET", f"http://127.0.0.1:{port}")))
        unnamed = cause_of(lambda: wire.exchange(Request("GET", "http://no-such-host.invalid")))
        for none in ("desk.example/session", "http://[::1", "ftp://desk.example"):
            failure = cause_of(lambda none=none: wire.exchange(Request("GET", none)))
            assert failure.cause == "address" and not failure.may_have_arrived
    assert (refused.cause, unnamed.cause) == ("connect", "dns")
    assert not refused.may_have_arrived and not unnamed.may_have_arrived


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent() -> None:
    known = certificates()
    with WireServer(lambda heard: answer({}), known.server) as server:
        with HttpWire(certificates=known.authority) as wire:
            assert wire.exchange(Request("GET", server.url)).status == 200
        with HttpWire() as wire:
            failure = cause_of(lambda: wire.exchange(Request("GET", server.url)))
    assert failure.cause == "tls" and len(server.heard) == 1


def test_no_redirect_is_followed() -> None:
    with WireServer(lambda heard: Answer(302, headers={"location": "/other"})) as server, HttpWire() as wire:
        assert wire.exchange(Request("GET", server.url)).status == 302
    assert len(server.heard) == 1


def test_an_answer_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.live.wire.http.MOST_BYTES", 10)
    with WireServer(lambda heard: Answer(200, b"x" * 11)) as server, HttpWire() as wire:
        assert cause_of(lambda: wire.exchange(Request("GET", server.url))).cause == "too_large"
