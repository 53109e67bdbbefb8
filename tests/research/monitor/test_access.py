"""What the monitor refuses: forged requests, other hosts, wrong tokens, and what it never shows."""

from __future__ import annotations

import logging
from typing import Any

import httpx2
import pytest

from engine.live.ledger.chained import ChainedLedger
from research.monitor import actions
from research.monitor.access import Access
from research.monitor.app import application
from research.monitor.guard import POLICY
from research.monitor.settings import MonitorSettings
from tests.live.clock import MovedClock
from tests.research.monitor.conftest import TOKEN_OF_TESTS, Served

KILL = "/api/ledgers/spring/kill"
BODY = {"reason": "a forged request"}


def _forged(served: Served, client: httpx2.Client, name: str) -> httpx2.Response:
    """One request that a browser of somebody who is logged in, or anybody, may be made to send."""
    origin = {"origin": served.address}
    if name == "no session":
        with served.client(headers=origin) as stranger:
            return stranger.post(KILL, json=BODY)
    if name == "a made-up session":
        with served.client(headers=origin, cookies={"bea_monitor": "x" * 43}) as stranger:
            return stranger.post(KILL, json=BODY)
    headers: dict[str, dict[str, str]] = {
        "another origin": {"origin": "https://evil.example"},
        "the null origin": {"origin": "null"},
        "the same host on another port": {"origin": "http://127.0.0.1:1"},
        "another site": origin | {"sec-fetch-site": "cross-site"},
        "a name that was pointed here": {"host": "evil.example", "origin": "http://evil.example"},
    }
    if name in headers:
        return client.post(KILL, json=BODY, headers=headers[name])
    if name == "no origin":
        del client.headers["origin"]
        return client.post(KILL, json=BODY)
    if name == "a simple body":
        return client.post(
            KILL, content=b'{"reason": "a forged request"}', headers=origin | {"content-type": "text/plain"}
        )
    if name == "a link":
        return client.get(KILL)
    return client.post(KILL, json={"reason": "  "})


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("no session", 401),
        ("a made-up session", 401),
        ("another origin", 403),
        ("the null origin", 403),
        ("the same host on another port", 403),
        ("no origin", 403),
        ("another site", 403),
        ("a name that was pointed here", 421),
        ("a simple body", 415),
        ("a link", 405),
        ("no reason", 422),
    ],
)
def test_a_forged_request_changes_nothing(served: Served, spring: ChainedLedger, name: str, status: int) -> None:
    with served.browser() as client:
        answer = _forged(served, client, name)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "id"} and error["id"] == answer.headers["x-request-id"]
    assert not spring.controls()


def test_the_same_request_from_the_page_is_carried_out(served: Served, spring: ChainedLedger) -> None:
    with served.browser() as client:
        assert client.post(KILL, json=BODY).status_code == 200
        assert client.post("/ledger/spring/kill", data=BODY).headers["location"] == "/ledger/spring"
    assert [row.person for row in spring.controls()] == ["ann", "ann"]


def test_the_cookie_and_the_headers(served: Served) -> None:
    with served.client(headers={"origin": served.address}) as client:
        answer = client.post("/login", data={"person": "ann", "token": TOKEN_OF_TESTS})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN_OF_TESTS not in cookie
        page = client.get("/ledger/spring")
    assert page.headers["content-security-policy"] == POLICY and "unsafe" not in POLICY
    assert page.headers["cache-control"] == "no-store" and page.headers["x-frame-options"] == "DENY"
    assert "<script>" not in page.text and " style=" not in page.text and " on" + "click" not in page.text


def test_nothing_is_shown_without_the_token(served: Served) -> None:
    open_to_all = {"/healthz", "/readyz", "/login", "/static/{name}"}
    routes: list[Any] = application(served.monitor).routes
    with served.client() as client:
        for route in routes:
            for method in getattr(route, "methods", None) or ():
                path = route.path.replace("{name}", "spring").replace("{day}", "2025-02-03").replace("{run}", "a")
                status = client.request(method, path).status_code
                assert route.path in open_to_all or status in (401, 405), (method, path, status)
        assert client.get("/ledger/spring", headers={"accept": "text/html"}).headers["location"] == "/login"


def test_wrong_tokens_are_limited(served: Served) -> None:
    with served.client(headers={"origin": served.address}) as client:
        for _ in range(5):
            assert client.post("/login", data={"person": "eve", "token": "wrong"}).status_code == 401
        refused = client.post("/login", data={"person": "eve", "token": TOKEN_OF_TESTS})
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
        assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 429


def test_a_limit_and_a_session_end_with_their_time() -> None:
    clock = MovedClock()
    access = Access("the right token", MonitorSettings(logins_per_minute=2, session_hours=1), clock)
    assert not access.is_token("a", "1.2.3.4") and not access.is_token("b", "1.2.3.4")
    assert access.wait_s("1.2.3.4") == 60 and access.wait_s("4.3.2.1") == 0
    clock.sleep_ns(60_000_000_000)
    assert access.wait_s("1.2.3.4") == 0 and access.is_token("the right token", "1.2.3.4")
    session = access.begin("ann")
    assert access.person(session) == "ann" and not access.person("another")
    clock.sleep_ns(3_600_000_000_000)
    assert not access.person(session)


def test_a_fault_of_the_program_is_logged_told_and_not_shown(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*words: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(actions, "kill", broken)
    with served.program() as client, caplog.at_level(logging.ERROR):
        answer = client.post(KILL, json=BODY, headers={"x-request-id": "my-id.1"})
    assert answer.status_code == 500 and "secret" not in answer.text
    assert answer.json()["error"] == {
        "code": "internal", "message": "an error of the program; the log has its id", "id": "my-id.1"
    }  # fmt: skip
    assert answer.headers["x-request-id"] == "my-id.1"
    assert [(alert.alert.name, alert.subject) for alert in served.told] == [("monitor_failed", "my-id.1")]
    assert "my-id.1" in caplog.text


def test_an_id_that_is_none_is_replaced(served: Served) -> None:
    with served.client() as client:
        for given in ("a b", "x" * 65, "<script>"):
            assert client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"] != given


def test_a_large_or_unmeasured_body_is_not_read(served: Served) -> None:
    with served.program() as client:
        assert client.post(KILL, json={"reason": "x" * 20_000}).status_code == 413
        assert client.post(KILL, content=iter([b"{}"]), headers={"content-type": "application/json"}).status_code == 413
