"""Further scores of a table, such as first half and corners. Cells that cannot be used are quarantined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from engine.schema import score_columns
from engine.source.quarantine import Quarantine
from engine.source.table import Table

#: A number of goals, corners or games, also as a spreadsheet writes it: 2.0
INTEGER: Final = re.compile(r"(\d{1,3})(?:\.0*)?", re.ASCII)
Score = tuple[int, int] | None
#: Reason of a pair with one number only.
_HALF: Final = "incomplete score: the other side has none"


def read_further_scores(
    table: Table,
    columns: Mapping[str, tuple[str, str]],
    finals: Sequence[Score],
    quarantine: Quarantine,
    *,
    within: Sequence[str] = (),
) -> dict[str, list[int | None]]:
    """Columns of further scores, one value per row of the table.

    Parameters
    ----------
    table : Table
        n rows.
    columns : mapping of str to (str, str)
        Column of the home side and of the away side, by scope (`schema.FURTHER_SCOPES`).
    finals : sequence of (int, int) or None, n
        The final score; None: the event has no result, and no further score is read.
    quarantine : Quarantine
        Takes cells without a whole number, scores of one side only, and first halves above the final score.
    within : sequence of str
        Scopes whose score cannot be above the final one.

    Returns
    -------
    dict of list of int or None
        The columns of `schema.score_columns`; only scopes for which the table has both columns.
    """
    scores: dict[str, list[int | None]] = {}
    for scope, names in columns.items():
        if not set(names) <= set(table.header):
            continue
        texts = [table.column(name) for name in names]
        pairs = [
            _pair((texts[0][row], texts[1][row]), names, line, quarantine, final if scope in within else None)
            if final is not None
            else None
            for row, (line, final) in enumerate(zip(table.lines, finals, strict=True))
        ]
        for side, name in enumerate(score_columns(scope)):
            scores[name] = [None if pair is None else pair[side] for pair in pairs]
    return scores


def _pair(texts: tuple[str, str], names: tuple[str, str], line: int, quarantine: Quarantine, most: Score) -> Score:
    matches = [INTEGER.fullmatch(text) for text in texts]
    if not matches[0] or not matches[1]:
        for name, text, match in zip(names, texts, matches, strict=True):
            if text:
                quarantine.cell(line, name, text, _HALF if match else "score is not a whole number")
        return None
    score = int(matches[0][1]), int(matches[1][1])
    if most is not None and (score[0] > most[0] or score[1] > most[1]):
        for name, text in zip(names, texts, strict=True):
            quarantine.cell(line, name, text, f"above the final score {most[0]}-{most[1]}")
        return None
    return score
