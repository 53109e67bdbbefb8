"""What a search found: leaks, faults of the data, coverage; as one document."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import polars as pl

from research.leakage.coverage import Coverage
from research.leakage.laboratory import OFFER
from research.leakage.mutation import DELAYED
from research.leakage.prices import Fault

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


@dataclass(frozen=True)
class Suspect:
    """One value that differs.

    Attributes
    ----------
    row : polars.DataFrame
        Its opportunity, the columns `OFFER`; one row.
    column : str
    instant_ns : int
    kind : str
        The mutation that showed it.
    """

    row: pl.DataFrame
    column: str
    instant_ns: int
    kind: str


#: examples that are kept of a column
_EXAMPLES: Final = 5
_REPEATED: Final = "other values over the same store: random numbers without a seed, the order of a set, the clock"


@dataclass
class _Column:
    """What is known of one leaking column."""

    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    suspect: Suspect | None = None
    cause: str = ""


class Gathered:
    """Collects differences by column.

    Parameters
    ----------
    events : polars.DataFrame
        Of the store, for their names.
    """

    def __init__(self, events: pl.DataFrame) -> None:
        self._events = events.select("event_id", "competition", "date", "home", "away")
        self._columns: dict[str, _Column] = {}
        self._faults: list[Leak] = []

    def add(self, kind: str, column: str, instant_ns: int, rows: pl.DataFrame) -> None:
        """Values that differ (`difference.differences`) under a mutation at an instant; the earliest is the example."""
        known = self._columns.setdefault(column, _Column())
        known.kinds[kind] += rows.height
        first = rows.head(1)
        better = known.suspect is None or (known.suspect.kind == DELAYED and kind != DELAYED)
        if better:
            known.suspect = Suspect(first.select(OFFER), column, instant_ns, kind)
        if better or len(known.examples) < _EXAMPLES:
            value, other = first["whole"][0], first["other"][0]
            known.examples.insert(
                0 if better else len(known.examples), self._example(kind, first, instant_ns, (value, other))
            )
            del known.examples[_EXAMPLES:]

    def failed(self, kind: str, instant_ns: int, text: str) -> None:
        """The strategy failed under a mutation at an instant."""
        known = self._columns.setdefault(FAILED, _Column())
        known.kinds[kind] += 1
        known.cause = "it cannot decide with what was known at the instant: it takes the whole history for granted"
        if len(known.examples) < _EXAMPLES:
            known.examples.append(Example(kind, iso(instant_ns), value="decides", other=text))

    def early(self, rows: pl.DataFrame) -> str:
        """Opportunities at prices of the future (`known.taken_early`); gives the cause in words."""
        known = self._columns.setdefault("odds", _Column())
        known.kinds[KNOWN_AT] += rows.height
        kinds = rows["instant"].value_counts(sort=True)["instant"].to_list()
        what = {"close": "closing prices", "open": "opening prices"}.get(kinds[0], "later prices")
        known.cause = f"the odds are {what} of the same bet, known only after the decision"
        first = rows.head(1)
        told = f"known at {_moment(first['known_at'][0])}"
        known.examples.append(self._example(KNOWN_AT, first, _ns(first["decided_at"]), (first["odds"][0], told)))
        return known.cause

    def recorded(self, fault: Fault, row: pl.DataFrame) -> None:
        """Opening prices that are closing prices, with one of them."""
        cause = f"closing prices recorded as opening prices, or the other way round: {fault.words()}"
        example = self._example(RECORDED, row, _ns(row["decided_at"]), (row["odds"][0], row["odds"][0]))
        self._faults.append(Leak("odds", {RECORDED: fault.still}, (example,), cause))

    def suspects(self) -> list[Suspect]:
        """The value of each column whose cause is to be looked for."""
        return [one.suspect for one in self._columns.values() if one.suspect is not None]

    def explain(self, column: str, cause: str) -> None:
        """Note the cause of a column."""
        self._columns[column].cause = cause

    def leaks(self) -> tuple[Leak, ...]:
        """Everything found, the most often changed column first."""
        found = [
            Leak(name, dict(one.kinds), tuple(one.examples), one.cause or self._without_cause(one))
            for name, one in self._columns.items()
        ]
        found.sort(key=lambda leak: -sum(leak.kinds.values()))
        return (*found, *self._faults)

    def _without_cause(self, column: _Column) -> str:
        return _REPEATED if column.suspect and "repeated" in column.kinds else "as of the columns before"

    def _example(self, kind: str, row: pl.DataFrame, instant_ns: int, values: tuple[Any, Any]) -> Example:
        bet = row.select(OFFER).row(0, named=True)
        event = self._events.filter(pl.col("event_id") == bet["event_id"])
        named = event.row(0, named=True) if event.height else {}
        bet |= {name: str(named.get(name, "")) for name in ("home", "away", "date", "competition")}
        bet |= {"decided_at": _moment(bet["decided_at"]), "value": _plain(values[0]), "other": _plain(values[1])}
        return Example(kind, iso(instant_ns), **bet)


def iso(instant_ns: int) -> str:
    """An instant, UTC nanoseconds, as ISO text."""
    return _moment(pl.Series([instant_ns]).cast(pl.Datetime("ns", "UTC"))[0])


def _moment(value: Any) -> str:
    return str(value.isoformat())


def _ns(column: pl.Series) -> int:
    return int(column.cast(pl.Datetime("ns", "UTC")).cast(pl.Int64)[0])


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
