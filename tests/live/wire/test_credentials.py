"""Credentials, and what a dry run shows of a request."""

from __future__ import annotations

import pytest

from engine.errors import ConfigurationError
from engine.live.wire.credentials import credential
from engine.live.wire.dry_run import DryRun
from engine.live.wire.request import Reply, Request, WireFailure
from engine.logs.secrets import Secrets


def test_a_credential_comes_from_the_environment_and_no_text_shows_it_from_then_on() -> None:
    secrets = Secrets()
    assert credential("BEA_TEST_KEY", {"BEA_TEST_KEY": "hunter2hunter2"}, secrets) == "hunter2hunter2"
    assert "hunter2" not in secrets.clean("sent hunter2hunter2 to the host")


def test_a_credential_that_is_nowhere_is_one_line_that_says_where_to_put_it() -> None:
    with pytest.raises(ConfigurationError, match=r"BEA_TEST_KEY.*keyring set"):
        credential("BEA_TEST_KEY", {}, Secrets())


def test_a_dry_run_shows_orders_without_secrets_and_lets_reads_pass() -> None:
    class Wire:
        def exchange(self, request: Request) -> Reply:
            assert not request.changes
            return Reply(200, b"")

    told: list[str] = []
    wire = DryRun(Wire(), told.append, Secrets(["hunter2hunter2"]))
    assert wire.exchange(Request("GET", "https://host")).status == 200 and not told
    with pytest.raises(WireFailure) as caught:
        wire.exchange(Request("POST", "https://host/bets", content=b'{"key": "hunter2hunter2"}', changes=True))
    assert not caught.value.may_have_arrived and "hunter2" not in told[0] and told[0].startswith("POST https://host")
