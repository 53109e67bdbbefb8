"""One form for every text from outside: composed letters, plain spaces, nothing invisible, and the signs of numbers.

Names of clubs, players and bookmakers come from many programs. The same name can be written with one letter or with a
letter and an accent (Unicode forms C and D), with a no-break space, or with an invisible character in it. All readers,
mappings, tables of names and names in a configuration use the one form of this module, so that equal names are equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

#: Characters that end a line or a page inside a cell. They become a space.
_BREAKS: Final = "\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DASH = re.compile(rf"\A([{_DASHES}])(?=[\d.])")
_EVENS: Final = frozenset({"even", "evens", "ev", "evs"})
_PICK: Final = frozenset({"pk", "pick", "pickem", "pick'em", "pick\u2019em", "pick em"})


def clean(text: str) -> str:
    """The one form of a text: Unicode form C, every kind of space as a plain one, without invisible characters.

    Invisible are control characters, marks of direction, zero-width characters, soft hyphens and byte order marks. Tabs
    and line ends stay.

    Examples
    --------
    >>> clean("Ma\\u0301laga\\u200b\\u00a0CF") == "M\\u00e1laga CF"
    True
    """
    if text.isascii() and not _CONTROLS.search(text):
        return text
    table: dict[int, str | None] = {}
    for letter in set(text):
        if letter in "\t\n\r":
            continue
        kind = unicodedata.category(letter)
        if kind == "Zs" or letter in _BREAKS:
            table[ord(letter)] = " "
        elif kind in ("Cc", "Cf"):
            table[ord(letter)] = None
    return unicodedata.normalize("NFC", text.translate(table))


def clean_name(text: str) -> str:
    """The one form of a name: `clean`, without spaces around it and with single spaces inside."""
    return " ".join(clean(text).split())


def n_invisible(text: str) -> int:
    """Number of characters that `clean` removes. A byte order mark at the very start is none."""
    if text.isascii() and not _CONTROLS.search(text):
        return 0
    return sum(
        text.count(letter)
        for letter in set(text)
        if letter not in "\t\n\r" + _BREAKS and unicodedata.category(letter) in ("Cc", "Cf")
    )


def number(text: str) -> str:
    """A number with a plain minus: a dash or U+2212 before a digit becomes ``-``. Other texts stay.

    Digits of other scripts and separators of thousands are not read: such a cell is no number, and is named.
    """
    text = text.strip()
    return text if text.isascii() else _DASH.sub("-", clean(text).strip())


def american(texts: Sequence[str]) -> list[str]:
    """American odds as numbers: ``EVEN``, ``EV``, ``evens`` and ``evs`` become ``100``. Other texts stay."""
    return ["100" if text.strip().lower() in _EVENS else text for text in texts]


def handicap(text: str) -> str:
    """A handicap line as a number: ``PK``, ``pick`` and ``pick'em`` become ``0``. Other texts stay."""
    return "0" if text.strip().lower() in _PICK else text
