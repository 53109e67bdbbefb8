"""Why rows and cells of an import are in the quarantine: counts by reason, with a first example of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import polars as pl

#: Values that stand in a reason: texts in quotation marks, numbers and dates. Reasons that differ in them are one.
_VALUES: Final = r"""\s*('[^']*'|"[^"]*"|-?\d[\d.,:TZ-]*)%?"""
_KINDS: Final = ("row", "cell", "flag")


@dataclass(frozen=True)
class Reason:
    """A reason of an import, how often it was given, and where for the first time.

    Attributes
    ----------
    kind : str
        ``row`` (not kept), ``cell`` (not kept, its row is) or ``flag`` (kept).
    reason : str
        The reason, with dots in place of numbers and quoted texts where they are not the same everywhere.
    count : int
    file, line, column, value : str, int or None, str or None, str or None
        The first example. Without a line, it is about the whole file.
    """

    kind: str
    reason: str
    count: int
    file: str
    line: int | None
    column: str | None
    value: str | None


def without_values(reason: pl.Expr) -> pl.Expr:
    """The reasons of a column without the numbers and quoted texts in them."""
    return reason.str.replace_all(_VALUES, " …").str.replace_all("…/odds", "1/odds", literal=True).str.strip_chars()


def add_reasons(known: dict[tuple[str, str], Reason], quarantine: pl.DataFrame) -> None:
    """Add the entries of one file, a frame of the schema QUARANTINE, to the reasons by kind and text without values."""
    if not quarantine.height:
        return
    entries = quarantine.filter(pl.col("kind").is_in(_KINDS)).with_columns(
        without_values(pl.col("reason")).alias("_text")
    )
    examples = pl.col("reason", "file", "line", "column", "value").first()
    groups = entries.group_by("kind", "_text", maintain_order=True).agg(
        pl.len().alias("_n"), pl.col("reason").n_unique().alias("_texts"), examples
    )
    for kind, text, count, texts, reason, *example in groups.iter_rows():
        found = Reason(kind, reason if texts == 1 else text, count, *example)
        before = known.get((kind, text), found)
        if before is not found:
            same = before.reason if before.reason == found.reason else text
            found = replace(before, reason=same, count=before.count + count)
        known[kind, text] = found


def sorted_reasons(known: dict[tuple[str, str], Reason]) -> list[Reason]:
    """Rows first, then cells, then flags; the most frequent first."""
    return sorted(known.values(), key=lambda r: (_KINDS.index(r.kind), -r.count, r.reason))
