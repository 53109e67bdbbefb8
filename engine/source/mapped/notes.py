"""What a note behind a score says: the scope of the score, or the status of the event."""

from __future__ import annotations

from typing import Final

from engine.schema import WITH_OVERTIME

#: Usual notes, in lower case and without full stops. Scores after extra time, overtime or a shoot-out include it.
NOTES: Final[dict[str, str]] = {
    **dict.fromkeys(("ft", "full time", "final"), ""),
    **dict.fromkeys(("et", "aet", "after extra time", "n v", "nv"), WITH_OVERTIME),
    **dict.fromkeys(("ot", "aot", "f/ot", "after overtime"), WITH_OVERTIME),
    **dict.fromkeys(("pen", "pens", "penalties", "p", "ap", "aps", "after penalties", "so", "f/so"), WITH_OVERTIME),
    **dict.fromkeys(("award", "awarded", "awd"), "awarded"),
    **dict.fromkeys(("ret", "retired"), "retired"),
    **dict.fromkeys(("wo", "w/o", "walkover"), "walkover"),
    **dict.fromkeys(("dsq", "disqualified"), "disqualified"),
    **dict.fromkeys(("abn", "abd", "aband", "abandoned"), "abandoned"),
    **dict.fromkeys(("postp", "postponed", "ppd"), "postponed"),
    **dict.fromkeys(("canc", "cancelled", "canceled"), "abandoned"),
}


def note_of(text: str, own: dict[str, str]) -> str | None:
    """What a note says: a scope, a status, or nothing (empty). None for an unknown note.

    Parameters
    ----------
    text : str
        The note as it is written; case and full stops do not matter.
    own : dict
        Notes of the mapping, which come before the usual ones.
    """
    word = _plain(text)
    words = {_plain(note): said for note, said in own.items()}
    return "" if not word else words.get(word, NOTES.get(word))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace(".", "").split())
