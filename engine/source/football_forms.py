"""What the columns of football-data.co.uk that are no prices hold, and files whose columns hold something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.errors import SourceError
from engine.names.texts import handicap, number
from engine.source.table import Table

#: Columns that come in pairs. One without the other is a lost or misspelt name.
_PAIRS: Final = (
    ("FTHG", "FTAG"), ("HG", "AG"), ("HTHG", "HTAG"), ("HS", "AS"), ("HST", "AST"), ("HF", "AF"), ("HC", "AC"),
    ("HY", "AY"), ("HR", "AR"), ("HO", "AO"), ("HBP", "ABP"), ("HHW", "AHW"), ("HFKC", "AFKC"),
)  # fmt: skip
_NUMBER: Final = r"-?\d+(\.0*)?"
_INTEGER = re.compile(_NUMBER, re.ASCII)
_LETTER = re.compile(r"[HDA]|", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d(:\d\d)?", re.ASCII)
_LINE = re.compile(r"[-+]?\d{0,3}(\.\d*)?", re.ASCII)
_NAME = re.compile(r"(?!-?[\d.:,]+$).*", re.DOTALL)
_FORMS: Final = (
    (" ".join(a + " " + b for a, b in _PAIRS) + " Bb1X2 BbOU BbAH", _INTEGER, "integers"),
    ("FTR HTR Res", _LETTER, "H, D or A"),
    ("Time", _CLOCK, "times of day"),
    ("HomeTeam AwayTeam Home Away HT AT Div Country League", _NAME, "names"),
    ("AHh AHCh BbAHh GBAH LBAH B365AH", _LINE, "lines"),
)
#: Rows that a judgement about a whole column needs.
_ROWS: Final = 5


def refuse_half_pairs(header: Sequence[str]) -> None:
    """Refuse a header with goals, shots or cards of one team only, or with goals but no result.

    Raises
    ------
    SourceError
        Names the missing column.
    """
    lost = [(a, b) for a, b in _PAIRS if a not in header and b in header]
    lost += [(b, a) for a, b in _PAIRS if b not in header and a in header]
    lost += [("FTR", "FTHG")] if "FTHG" in header and not {"FTR", "Res"} & set(header) else []
    if lost:
        raise SourceError(
            "a name is missing in the header",
            expected=f"the column {lost[0][0]} beside {lost[0][1]}",
            found="no such name",
            todo="put the lost or misspelt name right; columns behind it may hold the values of others",
        )


def refuse_other_forms(table: Table) -> None:
    """Refuse a file in which most cells of a column do not hold what its name says.

    Raises
    ------
    SourceError
        The values stand under the names of others.
    """
    for name, form, what in _columns(table):
        filled = [(line, text) for line, text in zip(table.lines, _texts(table, name), strict=True) if text]
        wrong = [(line, text) for line, text in filled if not form.fullmatch(text)]
        if len(filled) >= _ROWS and 2 * len(wrong) > len(filled):
            raise SourceError(
                f"the column {name} does not hold what its name says",
                expected=what,
                found=f"{wrong[0][1][:20]!r} in line {wrong[0][0]}, and others in {len(wrong)} of {len(filled)} rows",
                todo="compare the header with the rows: a name may be lost, so that columns moved by one",
            )


def strange_cells(table: Table) -> list[int]:
    """Number of cells of each row that do not hold what the name of their column says; n values."""
    counts = [0] * len(table.rows)
    for name, form, _ in _columns(table):
        for index, text in enumerate(_texts(table, name)):
            counts[index] += bool(text) and form.fullmatch(text) is None
    return counts


def _texts(table: Table, name: str) -> list[str]:
    """Cells of a column, with numbers in their plain form."""
    return [number(handicap(text)) for text in table.column(name)]


def _columns(table: Table) -> list[tuple[str, re.Pattern[str], str]]:
    return [(name, form, what) for names, form, what in _FORMS for name in names.split() if name in table.header]
