"""The session: both logins, keep-alive, renewal, every refusal, and that nothing secret is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.errors import ConfigurationError
from engine.live.adapters.betfair.login import BAN_NS, KEY, PASSWORD, USER, Account, Session
from engine.live.clock import WorldClock
from engine.live.wire.request import Reply, Request, WireFailure
from engine.logs.secrets import Secrets

ACCOUNT = Account("somebody", "a pass&word", "app-key-1")


class Identity:
    """The identity service. `answers` come first; then what a sound service says."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.heard, self.given = list(answers), list[Request](), 0

    def exchange(self, request: Request) -> Reply:
        self.heard.append(request)
        answer = self.answers.pop(0) if self.answers else self.usual(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())

    def usual(self, request: Request) -> dict[str, Any]:
        self.given += "login" in request.url
        token = f"token-number-{self.given}"
        if request.url.endswith("certlogin"):
            return {"sessionToken": token, "loginStatus": "SUCCESS"}
        return {"token": token, "product": "app-key-1", "status": "SUCCESS", "error": ""}

    @property
    def paths(self) -> list[str]:
        return [request.url.removeprefix("https://") for request in self.heard]


def made(identity: Identity, **more: Any) -> tuple[Session, WorldClock, Secrets]:
    clock, secrets = WorldClock(), Secrets()
    return Session(identity, ACCOUNT, clock, secrets, **more), clock, secrets


@pytest.mark.parametrize(
    ("place", "with_certificate", "url"),
    [
        ("com", False, "identitysso.betfair.com/api/login"),
        ("com", True, "identitysso-cert.betfair.com/api/certlogin"),
        ("it", False, "identitysso.betfair.it/api/login"),
        ("es", True, "identitysso-cert.betfair.es/api/certlogin"),
        ("ro", False, "identitysso.betfair.ro/api/login"),
        ("se", False, "identitysso.betfair.se/api/login"),
        ("au", True, "identitysso-cert.betfair.com.au/api/certlogin"),
    ],
)
def test_both_logins_of_every_place(place: str, with_certificate: bool, url: str) -> None:
    identity = Identity()
    session, _, secrets = made(identity, jurisdiction=place, with_certificate=with_certificate)
    assert session.token() == session.token() == "token-number-1" and identity.paths == [url]
    (request,) = identity.heard
    assert parse_qs(request.content.decode()) == {"username": ["somebody"], "password": ["a pass&word"]}
    assert request.headers["X-Application"] == "app-key-1" and request.method == "POST"
    assert "token-number-1" not in secrets.clean("it is token-number-1")


@pytest.mark.parametrize(("place", "after_s"), [("com", 7_200), ("it", 480), ("es", 480)])
def test_a_session_is_kept_alive_well_before_it_ends(place: str, after_s: int) -> None:
    identity = Identity()
    session, clock, _ = made(identity, jurisdiction=place)
    session.token()
    clock.sleep_ns(after_s * SECOND_NS - 1)
    session.token()
    assert len(identity.heard) == 1
    clock.sleep_ns(1)
    assert session.token() == "token-number-1"
    assert identity.paths[1:] == [f"identitysso.betfair.{place}/api/keepAlive"]
    assert identity.heard[1].headers["X-Authentication"] == "token-number-1"
    session.token()
    assert len(identity.heard) == 2


def test_a_keep_alive_that_finds_no_session_logs_in_and_one_without_an_answer_is_repeated() -> None:
    identity = Identity()
    session, clock, _ = made(identity)
    session.token()
    clock.sleep_ns(2 * HOUR_NS)
    for failure in (WireFailure("timeout"), {"token": "", "status": "FAIL", "error": "INTERNAL_ERROR"}):
        identity.answers = [failure]
        assert session.token() == session.token() == "token-number-1"
        clock.sleep_ns(10 * SECOND_NS)
    identity.answers = [{"token": "", "status": "FAIL", "error": "NO_SESSION"}]
    assert session.token() == "token-number-2"


def test_a_token_that_a_service_refuses_is_renewed_once() -> None:
    identity = Identity()
    session, _, _ = made(identity)
    first = session.token()
    session.expired(first)
    assert session.token() == "token-number-2"
    session.expired(first)  # a second connection says the same of the old one
    assert session.token() == "token-number-2" and identity.given == 2


REFUSALS = (
    "INVALID_USERNAME_OR_PASSWORD", "ACCOUNT_NOW_LOCKED", "CERT_AUTH_REQUIRED", "BETTING_RESTRICTED_LOCATION",
    "SUSPENDED", "SELF_EXCLUDED", "KYC_SUSPEND", "SOMETHING_NEW",
)  # fmt: skip


@pytest.mark.parametrize("word", REFUSALS)
@pytest.mark.parametrize(
    "form",
    [
        lambda word: (False, {"token": "", "status": "FAIL", "error": word}),
        lambda word: (False, {"token": "t", "status": "LIMITED_ACCESS", "error": word}),
        lambda word: (False, {"token": "t", "status": "LOGIN_RESTRICTED", "error": word}),
        lambda word: (True, {"loginStatus": word}),
    ],
)
def test_a_definite_refusal_is_one_line_and_never_tried_again(
    word: str, form: Callable[[str], tuple[bool, dict[str, str]]]
) -> None:
    with_certificate, answer = form(word)
    identity = Identity(answer)
    session, clock, _ = made(identity, with_certificate=with_certificate)
    for _ in range(3):
        with pytest.raises(ConfigurationError, match=word) as caught:
            session.token()
        assert "somebody" not in str(caught.value) and "a pass&word" not in str(caught.value)
        clock.sleep_ns(HOUR_NS)
    assert len(identity.heard) == 1


def test_after_a_ban_no_login_is_sent_for_20_minutes() -> None:
    identity = Identity({"loginStatus": "TEMPORARY_BAN_TOO_MANY_REQUESTS"})
    session, clock, _ = made(identity, with_certificate=True)
    with pytest.raises(WireFailure, match="login TEMPORARY_BAN"):
        session.token()
    clock.sleep_ns(BAN_NS - 1)
    with pytest.raises(WireFailure, match="login not yet"):
        session.token()
    assert len(identity.heard) == 1
    clock.sleep_ns(1)
    assert session.token() == "token-number-1"


def test_logins_of_one_process_stay_far_below_the_ban() -> None:
    identity = Identity()
    session, clock, _ = made(identity)
    for _ in range(10):
        session.expired(session.token())
    with pytest.raises(WireFailure, match="login not yet"):
        session.token()
    clock.sleep_ns(60 * SECOND_NS)
    assert session.token() == "token-number-11"


@pytest.mark.parametrize(
    "answer",
    [
        Reply(503, b""), Reply(200, b"<html>"), Reply(200, b"[]"), Reply(200, b"{}"), WireFailure("timeout"),
        {"status": "SUCCESS", "token": ""}, {"status": "SUCCESS", "token": 7}, {"status": "SUCCESS"},
        {"status": "FAIL", "error": "INTERNAL_ERROR"},
    ],
)  # fmt: skip
def test_no_answer_and_half_an_answer_are_no_session_and_may_be_tried_again(answer: Any) -> None:
    session, _, _ = made(Identity(answer))
    with pytest.raises(WireFailure):
        session.token()
    assert session.token() == "token-number-1"


def test_logging_out_forgets_the_token_whatever_comes_of_it() -> None:
    identity = Identity()
    session, _, _ = made(identity)
    session.close()
    assert identity.heard == []
    session.token()
    identity.answers = [WireFailure("reset")]
    session.close()
    assert identity.paths[-1] == "identitysso.betfair.com/api/logout" and session.token() == "token-number-2"


def test_an_account_is_read_and_shown_nowhere() -> None:
    secrets = Secrets()
    account = Account.read({USER: "somebody", PASSWORD: "a password", KEY: "app-key-1"}, secrets)
    assert account == Account("somebody", "a password", "app-key-1") and "password" not in repr(account)
    assert secrets.clean("a password") != "a password"
    with pytest.raises(ConfigurationError, match=KEY):
        Account.read({USER: "somebody", PASSWORD: "a password"}, Secrets())
