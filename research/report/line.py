"""A line of the table of evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of the table of evidence: a name, its value, and what it means."""

    name: str
    value: str
    meaning: str
