"""Whether a file writes day or month first, proved from all of its dates.

A date such as 08/12/2023 can be read both ways. 08/13/2023 can be read one way only, and shows the order of its file. A
file with dates that fail as day first, and with none that fail as month first, was written month first: the dates that
can be read both ways would be read wrong without any sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from engine.errors import SourceError
from engine.source.quarantine import Quarantine

#: In a file with dates of both orders, so many of the other order make every date that can be read both ways doubtful.
_MIXED_ROWS: Final = 3
_MIXED_SHARE: Final = 0.02
_SLOT = "\0"


def check_order(texts: Sequence[str], lines: Sequence[int], formats: Sequence[str], quarantine: Quarantine) -> None:
    """Compare the dates of a file with the order in which it is read.

    Parameters
    ----------
    texts, lines : dates as written, and their lines
    formats : formats for strptime with which the file is read; ``iso`` for ISO 8601
    quarantine : receives flags where the file has dates of both orders

    Raises
    ------
    SourceError
        Some dates can be read only the other way round, and none only this way.
    """
    pairs = [(form, turned) for form in formats if (turned := exchanged(form)) != form]
    if not pairs:
        return
    other, proved, both = [], 0, []
    for text, line in zip(texts, lines, strict=True):
        this_way = {day for form, _ in pairs if (day := _day(text, form)) is not None}
        that_way = {day for _, turned in pairs if (day := _day(text, turned)) is not None}
        if this_way and not that_way:
            proved += 1
        elif that_way and not this_way:
            other.append((line, text))
        elif this_way and this_way != that_way:
            both.append((line, text))
    if not other:
        return
    line, text = other[0]
    if not proved:
        name, turned = _order(formats[0]), exchanged(formats[0])
        raise SourceError(
            f"the dates are written {_order(turned)}, it seems",
            expected=name,
            found=f"{text[:20]!r} in line {line}; {len(other)} of {len(texts)} dates are none when read {name}",
            todo=f'write the dates {name}, or read the file by a mapping with the format "{turned}"',
        )
    if len(other) >= _MIXED_ROWS and len(other) >= _MIXED_SHARE * len(texts):
        reason = f"{len(other)} dates are written {_order(exchanged(formats[0]))}, others {_order(formats[0])}"
        quarantine.flag(None, None, text[:20], reason)
        for line, text in both:
            quarantine.flag(line, None, text[:20], "day and month may be exchanged: the file has dates of both orders")


def exchanged(form: str) -> str:
    """A format with day and month exchanged; ``iso`` gives year, day, month."""
    if form == "iso":
        return "iso, day before month"
    return form.replace("%d", _SLOT).replace("%m", "%d").replace(_SLOT, "%m")


def _order(form: str) -> str:
    """Name of the order of a format."""
    if form.startswith("iso"):
        return "year-month-day" if form == "iso" else "year-day-month"
    return "day first" if -1 < form.find("%d") < form.find("%m") else "month first"


@lru_cache(maxsize=16_384)
def _day(text: str, form: str) -> tuple[int, int, int] | None:
    """Year, month and day of a text in a format, or None."""
    try:
        if form == "iso":
            day = datetime.fromisoformat(text)
        elif form.startswith("iso"):
            if text[4:5] != "-" or text[7:8] != "-":
                return None
            day = datetime.fromisoformat(f"{text[:5]}{text[8:10]}-{text[5:7]}{text[10:]}")
        else:
            day = datetime.strptime(text, form)
    except ValueError:
        return None
    return day.year, day.month, day.day
