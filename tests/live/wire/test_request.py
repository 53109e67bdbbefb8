"""Replies: JSON that is none, and waits that a service asks for."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.wire.request import Reply


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": Infinity}', b"\xff", b'{"a": 1', b"[" * 100_000])
def test_what_is_no_json_is_none(content: bytes) -> None:
    assert Reply(200, content).json() is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2), ("", None), ("-1", None), ("soon", None), ("Wed, 21 Oct 2099 07:28:00 GMT", 100), ("\u0662", None)],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    received = 4_096_250_780 * SECOND_NS  # 100 s before the date
    found = Reply(429, b"", {"retry-after": text}, received).retry_after_ns()
    assert found == (None if seconds is None else seconds * SECOND_NS)
