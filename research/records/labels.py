"""What a person says about a run: a name, tags and a note. They are no part of its id, its results or its page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import UsageError, printable
from engine.files import read_json, write_json

LABELS: Final = "labels.json"
#: version of the stored form
SCHEMA: Final = 1
#: most characters of a note, and most tags of a run
NOTE, TAGS = 2_000, 20

_TAG: Final = re.compile(r"[\w][\w.+-]{0,39}")
_NAME: Final = re.compile(r"[^\W\d_][\w.-]{1,59}")
_ID: Final = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True)
class Labels:
    """What was said about a run.

    Attributes
    ----------
    name : str
        Stands for its id in every command; empty: none.
    tags : tuple of str
        Sorted, each once.
    note : str
        One paragraph; empty: none.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    def named(self, name: str) -> Labels:
        """With another name; raises UsageError for one that could not stand for an id. Empty removes it."""
        if name and (not _NAME.fullmatch(name) or _ID.fullmatch(name)):
            raise UsageError(
                "not a name of a run",
                found=repr(name),
                expected="2 to 60 letters, digits, . _ or -, a letter first, and not the digits of an id",
            )
        return replace(self, name=name)

    def tagged(self, tags: Sequence[str]) -> Labels:
        """With more tags; raises UsageError for one with spaces or other marks, or beyond `TAGS`."""
        for tag in tags:
            if not _TAG.fullmatch(tag):
                raise UsageError("not a tag", found=repr(tag), expected="1 to 40 letters, digits, . _ + or -")
        wanted = tuple(sorted({*self.tags, *tags}))
        if len(wanted) > TAGS:
            raise UsageError("too many tags", found=str(len(wanted)), expected=f"at most {TAGS}")
        return replace(self, tags=wanted)

    def untagged(self, tags: Sequence[str]) -> Labels:
        """Without these tags; raises UsageError for one that the run does not have."""
        for tag in tags:
            if tag not in self.tags:
                raise UsageError(f"the run has no tag {tag}", expected=", ".join(self.tags) or "no tag", found=tag)
        return replace(self, tags=tuple(tag for tag in self.tags if tag not in tags))

    def noted(self, note: str) -> Labels:
        """With another note, in one line; raises UsageError for one longer than `NOTE`. Empty removes it."""
        text = " ".join(printable(note).split())
        if len(text) > NOTE:
            raise UsageError("the note is too long", found=f"{len(text)} characters", expected=f"at most {NOTE}")
        return replace(self, note=text)


def read_labels(folder: Path) -> Labels:
    """Labels of the run in a folder; none where nobody gave any. Raises DataError for a damaged file."""

    def read(document: Any) -> Labels:
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        name, tags, note = document["name"], document["tags"], document["note"]
        if not (isinstance(tags, list) and all(isinstance(text, str) for text in (name, note, *tags))):
            raise TypeError("not texts")
        return Labels(name, tuple(tags), note)

    return read_json(folder / LABELS, read, "the labels of the run cannot be read", "remove the file") or Labels()


def write_labels(folder: Path, labels: Labels) -> None:
    """Write the labels of the run in a folder; without any, there is no file."""
    if labels == Labels():
        (folder / LABELS).unlink(missing_ok=True)
    else:
        write_json(folder / LABELS, {"schema": SCHEMA, **asdict(labels)})
