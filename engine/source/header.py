"""Refusals of a header: names that are missing or occur twice, with the nearest names that are there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from engine.errors import SourceError
from engine.source.decode import shown
from engine.source.table import duplicates

_NAMED = 3
_DELIMITERS = ";\t|"


def refuse_missing(needed: Sequence[str], header: Sequence[str], *, what: str, todo: str = "") -> None:
    """Refuse a header that lacks a name.

    Parameters
    ----------
    needed, header : names that must be there, and trimmed names that are
    what : what the file then is not
    todo : what the user can do

    Raises
    ------
    SourceError
        Names the missing columns, and for each the nearest name of the header; if there is none, the header itself.
    """
    missing = [name for name in needed if name not in header]
    if not missing:
        return
    marks = [mark for mark in _DELIMITERS if len(header) == 1 and header[0].count(mark) >= len(needed) - 1 > 0]
    if marks:
        todo = f"the columns are divided by {marks[0]!r}: save the file with commas, or name the delimiter in a mapping"
    near = [nearest(name, [other for other in header if other not in needed]) for name in missing]
    pairs = [f"{other!r} for {name}" for name, other in zip(missing, near, strict=True) if other]
    known = pairs or 2 * len(missing) < len(needed)  # else the file is something else
    names = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
    raise SourceError(
        what,
        expected=f"the column{'s' * (len(missing) > 1)} {names}" if known else ", ".join(needed),
        found=", ".join(pairs[:_NAMED]) if pairs else shown(list(header)),
        todo=todo,
    )


def refuse_duplicates(header: Sequence[str]) -> None:
    """Refuse a header in which a name occurs twice.

    Raises
    ------
    SourceError
        Names up to three of them.
    """
    names = duplicates(header)
    if names:
        found = ", ".join(names[:_NAMED])
        raise SourceError("duplicate columns in the header", found=found, todo="rename or remove one of each")


def nearest(name: str, names: Sequence[str]) -> str:
    """The name most like another, whatever the case of its letters; empty if none is alike."""
    by_form = {other.lower().replace(" ", "").replace("_", ""): other for other in names if other}
    close = difflib.get_close_matches(name.lower().replace(" ", "").replace("_", ""), by_form, 1, 0.75)
    return by_form[close[0]] if close else ""
