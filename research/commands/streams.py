"""Output streams that lose no run: any encoding, and readers that leave early.

A run is stored before its table is printed. A terminal that cannot show a letter, or a closed pipe, must therefore not
turn a finished command into a failed one.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any, Final

#: what the output uses beyond ASCII, in ASCII
_PLAIN: Final = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": "-",
    "\N{BULLET}": "*",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": "O",
}
#: name of the error handler, as `codecs` knows it
PLAIN: Final = "bea_plain"


def plain_letters(text: str, encoding: str) -> str:
    """A text with every letter that an encoding lacks replaced by its plain form, or by a question mark.

    >>> plain_letters("\\u22125.1% of Łódź – 東京", "ascii")
    '-5.1% of Lodz - ??'
    """
    return "".join(letter if _fits(letter, encoding) else _plain(letter, encoding) for letter in text)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


def _plain(letter: str, encoding: str) -> str:
    if letter.isspace():
        return " "
    decomposed = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    for form in (_PLAIN.get(letter, ""), decomposed):
        if form and _fits(form, encoding):
            return form
    return "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain_letters(error.object[error.start : error.end], error.encoding), error.end


codecs.register_error(PLAIN, _replace)


class _Forgiving(io.TextIOWrapper):
    """A stream whose reader may leave early: what follows is dropped, and the command goes on."""

    def write(self, text: str, /) -> int:
        """Write a text; a reader that has left is no error."""
        try:
            return super().write(text)
        except BrokenPipeError:
            return len(text)

    def flush(self) -> None:
        """Flush; a reader that has left is no error."""
        with suppress(BrokenPipeError):
            super().flush()


def prepare() -> None:
    """Make the streams of this process take any text, and open those that are closed on nothing."""
    sys.stdout, sys.stderr = _opened(sys.stdout), _opened(sys.stderr)


def _opened(stream: Any) -> Any:
    """The stream as one that does not fail; one on the null device if it is closed."""
    if stream is None or stream.closed:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # stays open as long as the process
    if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, _Forgiving):
        return stream
    encoding, lines = stream.encoding, stream.line_buffering
    errors = PLAIN if stream.errors in ("strict", "surrogateescape") else stream.errors
    return _Forgiving(stream.detach(), encoding=encoding, errors=errors, line_buffering=lines)


def takes(text: str) -> bool:
    """Whether stdout can show a text as it is."""
    return _fits(text, getattr(sys.stdout, "encoding", None) or "utf-8")
