"""No secret passes: by value in any form, and by what it looks like."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from engine.logs.secrets import HIDDEN, Secrets, address_secrets, environment_secrets

VALUE = 'pä"ss/word 9'


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        repr(VALUE),
        quote(VALUE),
        quote(VALUE, safe=""),
        repr(VALUE.encode()),
        base64.b64encode(VALUE.encode()).decode(),
        VALUE.encode().hex(),
    ],
)
def test_a_registered_value_is_hidden_in_every_form(text: str) -> None:
    assert Secrets([VALUE]).clean(f"x {text} y") in (
        f"x {HIDDEN} y",
        f'x "{HIDDEN}" y',
        f"x '{HIDDEN}' y",
        f"x b'{HIDDEN}' y",
    )


def test_a_value_registered_later_counts_and_a_short_one_does_not() -> None:
    secrets = Secrets(["ab"])
    assert secrets.clean("ab correct-horse") == "ab correct-horse"
    secrets.register("correct-horse")
    assert secrets.clean("ab correct-horse") == f"ab {HIDDEN}"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://me:s3cr3t@host/base", "s3cr3t"),
        ("https://host/path?token=s3cr3t&x=1", "s3cr3t"),
        ("https://host/path?x=1&api_key=s3cr3t", "s3cr3t"),
        ("{'Authorization': 'Bearer s3cr3t.abc'}", "s3cr3t"),
        ('{"X-Application": "s3cr3t"}', "s3cr3t"),
        ('{"password": "two words"}', "two words"),
        ("tgram://1234567:AAs3cr3t/99", "s3cr3t"),
        ("https://api.telegram.org/bot1234567:AAs3cr3ts3cr3t/send", "s3cr3t"),
        ("https://hooks.slack.com/services/T0/B0/s3cr3t", "s3cr3t"),
        ("mailto://me:s3cr3t@mail.example", "s3cr3t"),
        ("-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----", "s3cr3t"),
        ("Cookie: ssoid=s3cr3t", "s3cr3t"),
        ("tcp://me:s3cr3t@10.0.0.5:8786", "s3cr3t"),
        ("tcp://s3cr3t@10.0.0.5:8786", "s3cr3t"),
        ("tls://10.0.0.5:8786/s3cr3t", "s3cr3t"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, hidden: str) -> None:
    cleaned = Secrets().clean(text)
    assert hidden in text and hidden not in cleaned and HIDDEN in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "bet placed at 2.10, key 0123456789abcdef0123456789abcdef",
        "https://host/odds?sport=football&region=eu",
        "sqlite:///data/ledger/mine.db",
        "error: the lease is held; expected one runner, found two",
        "the cluster is not there in tcp://10.0.0.5:8786: start `dask worker tls://[::1]:8786 --nthreads 1`",
        "tcp://10.0.0.5:8786",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Secrets().clean(text) == text


def test_secrets_of_the_environment_and_of_addresses() -> None:
    environment = {"VENUE_API_KEY": "k1", "HOME": "/x", "DB_PASSWORD": "p1", "KEYBOARD": "us", "EMPTY_TOKEN": ""}
    assert environment_secrets(environment) == ["k1", "p1"]
    assert address_secrets("postgresql://me:pass-word@host/base") == ["pass-word"]
    assert address_secrets("https://hooks.example/a") == []
    assert address_secrets("no address") == []
    assert "AAs3cr3t" in address_secrets("slack://TTTTTT/AAs3cr3t")


@pytest.mark.parametrize(
    "part",
    ["x", "a:", "://", "token=", "token='", "/bot1", "Bearer ", "a+", "https://", "tcp://", "tcp://a:", "-----BEGIN "],
)
def test_a_long_text_takes_no_longer_for_each_letter(part: str) -> None:
    """Quadratic time on these 400,000 letters would run into the time-out of the suite."""
    assert len(Secrets(["hunter2!"]).clean(part * (400_000 // len(part)))) > 0
