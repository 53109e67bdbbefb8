"""What a search found: leaks, faults of the data, coverage; as one document."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from research.leakage.coverage import Coverage

#: kinds of finding beside the mutations
REPEATED, KNOWN_AT, RECORDED = "repeated", "known_at", "recorded"
#: the column of a strategy that fails
FAILED = "(failed)"


@dataclass(frozen=True)
class Example:
    """One decision that a leak touched.

    Attributes
    ----------
    kind : str
        Of the mutation, or of the check.
    instant : str
        The future was changed after it; ISO, UTC.
    decided_at : str
    event_id : int or None
    home, away, date, competition : str
        Who plays, and the date that the source writes.
    market, selection, bookmaker, side : str
    line : float or None
    value : object
        With the whole history.
    other : object
        With the changed one.
    """

    kind: str
    instant: str
    decided_at: str = ""
    event_id: int | None = None
    home: str = ""
    away: str = ""
    date: str = ""
    competition: str = ""
    market: str = ""
    line: float | None = None
    selection: str = ""
    bookmaker: str = ""
    side: str = ""
    value: Any = None
    other: Any = None

    def words(self) -> str:
        """The bet in a few words."""
        line = "" if self.line is None else f" {self.line:g}"
        event = f"{self.home} – {self.away} ({self.competition} {self.date})" if self.home else "no event"
        bet = f"{self.market}{line} {self.selection}".strip()
        told = [event, bet] if bet else [event]
        return ", ".join(told) + (f" at {self.bookmaker}" if self.bookmaker else "")


@dataclass(frozen=True)
class Leak:
    """A column whose early values depend on what came later.

    Attributes
    ----------
    column : str
        Of the opportunities; of the kernel's answers as ``kernel.<name>``; ``(row)``: opportunities that come or go.
    kinds : dict of str to int
        Mutations that showed it, and how many values each changed over all instants.
    examples : tuple of Example
        The first is the one that the cause was looked for with.
    cause : str
        The likely one, in words.
    """

    column: str
    kinds: dict[str, int]
    examples: tuple[Example, ...]
    cause: str


@dataclass(frozen=True)
class Findings:
    """The outcome of a search.

    Attributes
    ----------
    leaks : tuple of Leak
    coverage : Coverage
    unjudged : tuple of str
        Why nothing can be said; empty: it was judged.
    notes : tuple of str
    seed : int
    instants : tuple of str
        ISO, UTC.
    """

    leaks: tuple[Leak, ...]
    coverage: Coverage
    unjudged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    instants: tuple[str, ...] = field(default=())

    @property
    def judged(self) -> bool:
        """Whether there was enough to say that there is no leak."""
        return not self.unjudged

    @property
    def outcome(self) -> str:
        """``leak``, ``too_few`` or ``clean``."""
        return "leak" if self.leaks else "clean" if self.judged else "too_few"

    def document(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "outcome": self.outcome,
            "judged": self.judged,
            "leaks": [asdict(leak) for leak in self.leaks],
            "unjudged": list(self.unjudged),
            "notes": list(self.notes),
            "seed": self.seed,
            "instants": list(self.instants),
            "coverage": asdict(self.coverage),
        }
