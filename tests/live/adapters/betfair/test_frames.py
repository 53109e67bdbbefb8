"""Lines over TLS: split anywhere, never decoded in parts, only from the host that the certificate names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.live.adapters.betfair.frames import Frames, TlsLine
from engine.live.wire.request import WireFailure
from tests.betfair_stream.server import StreamServer
from tests.wire_server.certificates import certificates

SECOND = 10**9


@given(
    st.lists(st.binary(max_size=20).filter(lambda text: b"\r" not in text and b"\n" not in text), max_size=6),
    st.lists(st.integers(1, 7), min_size=1),
)
def test_lines_are_the_same_however_they_are_split(lines: list[bytes], sizes: list[int]) -> None:
    text, frames, found, at = b"".join(line + b"\r\n" for line in lines), Frames(), list[bytes](), 0
    for number in range(len(text)):
        size = sizes[number % len(sizes)]
        found += frames.take(text[at : at + size])
        at += size
    assert found == lines


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    frames = Frames(most_bytes=100)
    with pytest.raises(WireFailure, match="too_large"):
        [frames.take(b"x" * 40) for _ in range(3)]


def test_a_line_of_many_bytes_that_come_one_by_one() -> None:
    with StreamServer(split=1) as server:
        line = TlsLine("localhost", server.port, certificates().authority)
        found = list[bytes]()
        while not found:
            found = line.receive(SECOND)
        assert found == [b'{"op": "connection", "connectionId": "002-1"}']
        line.close()


def test_a_certificate_of_another_authority_or_name_is_refused() -> None:
    with StreamServer() as server:
        with pytest.raises(WireFailure, match="tls"):
            TlsLine("localhost", server.port)
        with pytest.raises(WireFailure, match="tls"):
            TlsLine("127.0.0.1", server.port, certificates().authority)


def test_nobody_listens() -> None:
    with StreamServer() as server:
        port = server.port
    with pytest.raises(WireFailure, match="connect"):
        TlsLine("localhost", port, certificates().authority)
