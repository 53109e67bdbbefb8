"""Why an import did not keep something, in lines for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.store.reasons import Reason

#: Reasons of one kind that are printed, at most; the others are counted.
_MAX_REASONS: Final = 5
_LONGEST_VALUE: Final = 40
_TITLES: Final = {"row": "quarantined rows", "cell": "quarantined cells", "flag": "flagged and kept"}


def lines(reasons: Sequence[Reason]) -> list[str]:
    """One line for each of the most frequent reasons of each kind: count, reason, and the place of the first."""
    texts = []
    for kind, title in _TITLES.items():
        of_kind = [reason for reason in reasons if reason.kind == kind]
        shown = of_kind if len(of_kind) == _MAX_REASONS + 1 else of_kind[:_MAX_REASONS]
        texts += [f"{title}: {_line(reason)}" for reason in shown]
        rest = of_kind[len(shown) :]
        if rest:
            number = sum(reason.count for reason in rest)
            texts.append(f"{title}: {number} more for {len(rest)} other reasons (--json lists all)")
    return texts


def _line(reason: Reason) -> str:
    place = reason.file if reason.line is None else f"{reason.file}:{reason.line}"
    value = "" if reason.kind == "row" or not reason.value else " = " + reason.value[:_LONGEST_VALUE]
    cell = f", {reason.column}{value}" if reason.column else ""
    first = "first: " if reason.count > 1 else ""
    return f"{reason.count} x {reason.reason} ({first}{place}{cell})"
