"""From bytes to text: the encoding of a file, and files that are no text at all."""

from __future__ import annotations

import codecs
import re
from typing import Final

from engine.errors import SourceError, printable

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: First bytes of files that are no text, and their kind.
_KINDS: Final = (
    (
        b"PK\x03\x04",
        "a workbook (.xlsx) or a zip archive",
        "save the sheet as CSV, or give the archive its suffix .zip",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook (.xls)", "save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip file", "give it its suffix .gz, or unpack it"),
    (b"BZh", "a bzip2 file", "give it its suffix .bz2, or unpack it"),
    (b"\xfd7zXZ\x00", "an xz file", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a rar archive", "unpack it"),
    (b"PAR1", "a Parquet file", "save it as CSV"),
    (b"ARROW1", "an Arrow file", "save it as CSV"),
    (b"SQLite format 3", "a SQLite database", "save its table as CSV"),
    (b"%PDF", "a PDF document", "save its table as CSV"),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"GIF8", "an image", ""),
)
#: Control characters. In a text they stand for broken bytes.
CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
#: Largest share of control characters in a text. Data that is no text has a quarter and more.
_MOST_CONTROLS: Final = 0.1
#: Smallest share of ASCII in a table of a Western encoding: its digits and delimiters.
_LEAST_ASCII: Final = 0.6
_SAMPLE: Final = 20_000


def decode(raw: bytes) -> tuple[str, str]:
    """Text of a file and the name of its encoding.

    The encoding follows from the byte order mark, or from the zero bytes of UTF-16 without a mark. Otherwise it is
    UTF-8, also where single bytes are broken: these become U+FFFD. A file whose letters are not UTF-8 is read as
    cp1252, and as latin-1 (which has a letter for every byte) where it has bytes that cp1252 lacks.

    Raises
    ------
    SourceError
        The file is no text: a workbook, an archive, an image, or other binary data.
    """
    for start, kind, todo in _KINDS:
        if raw.startswith(start):
            raise SourceError("not a table of text", expected="CSV", found=kind, todo=todo)
    text, encoding = _decoded(raw)
    sample = text[:_SAMPLE]
    if len(CONTROLS.findall(sample)) > _MOST_CONTROLS * len(sample):
        raise SourceError("not a table of text", expected="CSV", found="binary data")
    if encoding in ("cp1252", "latin-1") and sum(map(str.isascii, sample)) < _LEAST_ASCII * len(sample):
        found = "data without the digits and commas of a table"
        raise SourceError("not a table of text", expected="CSV", found=found, todo="save it as UTF-8")
    return text, encoding


def _decoded(raw: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace"), encoding
    zeros = _zeros(raw)
    if zeros:
        return raw.decode(zeros, errors="replace"), zeros
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = raw.decode("utf-8", errors="replace")
    broken = text.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    letters = sum(1 for letter in text if letter > "\x7f") - text.count("\ufffd")
    if letters >= broken:
        return text, "utf-8"
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _zeros(raw: bytes) -> str:
    """UTF-16 without a mark, which has a zero in most pairs of bytes; else an empty text."""
    sample = raw[: 2 * (_SAMPLE // 2)]
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    if second > 0.8 * pairs and first < 0.1 * pairs:
        return "utf-16-le"
    if first > 0.8 * pairs and second < 0.1 * pairs:
        return "utf-16-be"
    return ""


def shown(cells: list[str], width: int = 80) -> str:
    """Cells of a header for a message: in one line, without control characters, cut to a width."""
    return printable(",".join(cells), width)
