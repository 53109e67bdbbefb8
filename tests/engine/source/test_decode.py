"""Encodings, broken bytes, and files that are no text."""

from __future__ import annotations

import gzip
import random

import pytest

from engine.errors import SourceError
from engine.source.decode import decode, shown

TEXT = "Div,Date\nSP1,Málaga\nD1,Nürnberg\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_every_common_encoding(encoding: str) -> None:
    assert decode(TEXT.encode(encoding))[0] == TEXT


def test_a_broken_byte_does_not_turn_all_other_letters_into_others() -> None:
    raw = TEXT.encode().replace(b"rnb", b"r\xffb")
    text, encoding = decode(raw)
    assert encoding == "utf-8" and "Málaga" in text and text.count("\ufffd") == 1


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (gzip.compress(b"a,b\n", mtime=0), "gzip"),
        (b"PAR1....", "Parquet"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n", "image"),
        (random.Random(0).randbytes(4000), "binary data"),
        (TEXT.encode("cp500"), "binary data"),
        (("DIV,DATE,HOME,AWAY,FTHG\n" + "E0,13/08/2021,1.95,3.5,4.2\n" * 9).encode("cp500"), "without the digits"),
    ],
)
def test_a_file_that_is_no_text_is_refused_without_printing_it(raw: bytes, kind: str) -> None:
    with pytest.raises(SourceError, match=kind) as error:
        decode(raw)
    assert str(error.value).isprintable()


def test_a_header_in_a_message_is_printable_and_short() -> None:
    assert shown(["a\x1b[31m", "b\n", "c" * 200]).isprintable() and len(shown(["c" * 200])) == 80
