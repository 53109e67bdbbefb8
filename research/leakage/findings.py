"""Findings of a search: leaks, faults of the data and coverage, also as one document."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import polars as pl

from engine.betting.sport import earliest_result
from research.leakage.coverage import Coverage
from research.leakage.decisions import OFFER
from research.leakage.mutation import DELAYED
from research.leakage.prices import Fault

#: kinds of finding that no mutation shows: other values on an exact copy, odds of the future, faulty opening prices,
#: results before the end of their game
REPEATED, KNOWN_AT, RECORDED, TOO_EARLY = "repeated", "known_at", "recorded", "too early"
#: stands for the column if the strategy fails on a changed copy
FAILED = "(failed)"


@dataclass(frozen=True)
class Example:
    """One decision that a leak changed.

    Attributes
    ----------
    kind : str
        Kind of the mutation or check.
    instant : str
        Only rows that became known after it were changed; ISO, UTC.
    decided_at : str
        ISO, UTC; empty if the strategy failed.
    event_id : int or None
    home, away, date, competition : str
        The fixture, with the date as the source writes it.
    market, selection, bookmaker, side : str
    line : float or None
    value : object
        Value on the original history.
    other : object
        Value on the changed copy.
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
        """Event and bet as text."""
        line = "" if self.line is None else f" {self.line:g}"
        event = f"{self.home} – {self.away} ({self.competition} {self.date})" if self.home else "no event"
        bet = f"{self.market}{line} {self.selection}".strip()
        return (f"{event}, {bet}" if bet else event) + (f" at {self.bookmaker}" if self.bookmaker else "")


@dataclass(frozen=True)
class Leak:
    """A column whose values depend on information from the future.

    Attributes
    ----------
    column : str
        Column of the opportunities; ``kernel.<name>`` for the kernel's output; ``(row)`` for opportunities that appear
        or disappear; ``(failed)`` if the strategy fails.
    kinds : dict of str to int
        Kinds of mutation that showed it, with the number of values that changed over all instants.
    examples : tuple of Example
        The cause was sought with the first.
    cause : str
        Likely cause.
    """

    column: str
    kinds: dict[str, int]
    examples: tuple[Example, ...]
    cause: str


@dataclass(frozen=True)
class Findings:
    """Outcome of a search.

    Attributes
    ----------
    leaks : tuple of Leak
    coverage : Coverage
    unjudged : tuple of str
        Reasons why the search cannot report "no leak"; empty if it can.
    notes : tuple of str
    seed : int
    instants : tuple of str
        Instants that were tested; ISO, UTC.
    """

    leaks: tuple[Leak, ...]
    coverage: Coverage
    unjudged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    instants: tuple[str, ...] = field(default=())

    @property
    def judged(self) -> bool:
        """Whether the search was thorough enough to report that there is no leak."""
        return not self.unjudged

    @property
    def outcome(self) -> str:
        """``leak``; else ``clean``, or ``too_few`` if the search was not thorough enough."""
        return "leak" if self.leaks else "clean" if self.judged else "too_few"

    def document(self) -> dict[str, Any]:
        """The findings as values that JSON knows."""
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
    """A value that differs on a changed copy, whose cause is sought.

    Attributes
    ----------
    row : polars.DataFrame
        Columns `OFFER` of its opportunity; one row.
    column : str
    instant_ns : int
        UTC nanoseconds.
    kind : str
        Kind of the mutation that showed it.
    """

    row: pl.DataFrame
    column: str
    instant_ns: int
    kind: str


#: examples of a column, at most
_MAX_EXAMPLES: Final = 5
_REPEATED: Final = "other values on the same store: random numbers without a seed, the order of a set, the clock"


@dataclass
class _Column:
    """What was collected about one column."""

    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    suspect: Suspect | None = None
    cause: str = ""


class Collector:
    """Collects leaks, by column.

    Parameters
    ----------
    events : polars.DataFrame
        Events of the store; examples name them.
    """

    def __init__(self, events: pl.DataFrame) -> None:
        self._events = events.select("event_id", "competition", "date", "home", "away")
        self._columns: dict[str, _Column] = {}
        self._faults: list[Leak] = []

    def add(self, kind: str, column: str, instant_ns: int, rows: pl.DataFrame) -> None:
        """Add the values of a column that a mutation at an instant changed.

        Parameters
        ----------
        kind : str
            Kind of the mutation.
        column : str
        instant_ns : int
            UTC nanoseconds.
        rows : polars.DataFrame
            As returned by `difference.differences`; the first row becomes an example.
        """
        entry = self._columns.setdefault(column, _Column())
        entry.kinds[kind] += rows.height
        first = rows.head(1)
        better = entry.suspect is None or (entry.suspect.kind == DELAYED and kind != DELAYED)
        if better:
            entry.suspect = Suspect(first.select(OFFER), column, instant_ns, kind)
        if better or len(entry.examples) < _MAX_EXAMPLES:
            value, other = first["whole"][0], first["other"][0]
            entry.examples.insert(
                0 if better else len(entry.examples), self._example(kind, first, instant_ns, (value, other))
            )
            del entry.examples[_MAX_EXAMPLES:]

    def add_failure(self, kind: str, instant_ns: int, text: str) -> None:
        """Add a failure of the strategy, with the error text, on the copy with a mutation at an instant."""
        entry = self._columns.setdefault(FAILED, _Column())
        entry.kinds[kind] += 1
        entry.cause = "the strategy cannot decide with what was known at the instant: it needs the whole history"
        if len(entry.examples) < _MAX_EXAMPLES:
            entry.examples.append(Example(kind, iso(instant_ns), value="decides", other=text))

    def add_early(self, rows: pl.DataFrame) -> str:
        """Add opportunities at prices of the future (`prices.taken_early`); returns the cause in words."""
        entry = self._columns.setdefault("odds", _Column())
        entry.kinds[KNOWN_AT] += rows.height
        quote_kinds = rows["instant"].value_counts(sort=True)["instant"].to_list()
        prices = {"close": "closing prices", "open": "opening prices"}.get(quote_kinds[0], "later prices")
        entry.cause = f"the odds are {prices} of the same bet, known only after the decision"
        first = rows.head(1)
        known_at = f"known at {_iso_text(first['known_at'][0])}"
        entry.examples.append(self._example(KNOWN_AT, first, _ns(first["decided_at"]), (first["odds"][0], known_at)))
        return entry.cause

    def add_fault(self, fault: Fault, row: pl.DataFrame) -> None:
        """Add opening prices that equal the closing prices, with one such price."""
        cause = f"closing prices recorded as opening prices, or the other way round: {fault.words()}"
        example = self._example(RECORDED, row, _ns(row["decided_at"]), (row["odds"][0], row["odds"][0]))
        self._faults.append(Leak("odds", {RECORDED: fault.still}, (example,), cause))

    def add_results_too_early(self, events: pl.DataFrame) -> None:
        """Add events of the store whose results are known before the game can be over."""
        first = events.sort("settled_at", "event_id").head(1)
        event, may_be_known = first.row(0, named=True), earliest_result(first)[0]
        example = Example(
            TOO_EARLY,
            _iso_text(event["settled_at"]),
            event_id=event["event_id"],
            home=str(event["home"]),
            away=str(event["away"]),
            date=str(event["date"]),
            competition=str(event["competition"]),
            value=_iso_text(event["settled_at"]),
            other=_iso_text(may_be_known),
        )
        cause = "results that are known before the game can be over: import the files again"
        self._faults.append(Leak("settled_at", {TOO_EARLY: events.height}, (example,), cause))

    def suspects(self) -> list[Suspect]:
        """One value of each column whose cause is to be sought."""
        return [entry.suspect for entry in self._columns.values() if entry.suspect is not None]

    def explain(self, column: str, cause: str) -> None:
        """Set the cause of a column."""
        self._columns[column].cause = cause

    def leaks(self) -> tuple[Leak, ...]:
        """All leaks, the column with the most changed values first; faults of the data are listed last."""
        leaks = [
            Leak(name, dict(entry.kinds), tuple(entry.examples), entry.cause or _default_cause(entry))
            for name, entry in self._columns.items()
        ]
        leaks.sort(key=lambda leak: -sum(leak.kinds.values()))
        return (*leaks, *self._faults)

    def _example(self, kind: str, row: pl.DataFrame, instant_ns: int, values: tuple[Any, Any]) -> Example:
        bet = row.select(OFFER).row(0, named=True)
        event = self._events.filter(pl.col("event_id") == bet["event_id"])
        fixture = event.row(0, named=True) if event.height else {}
        bet |= {name: str(fixture.get(name, "")) for name in ("home", "away", "date", "competition")}
        bet |= {"decided_at": _iso_text(bet["decided_at"]), "value": _plain(values[0]), "other": _plain(values[1])}
        return Example(kind, iso(instant_ns), **bet)


def _default_cause(column: _Column) -> str:
    return _REPEATED if column.suspect and REPEATED in column.kinds else "not sought; see the columns above"


def iso(instant_ns: int) -> str:
    """UTC nanoseconds as ISO text."""
    return _iso_text(pl.Series([instant_ns]).cast(pl.Datetime("ns", "UTC"))[0])


def _iso_text(value: Any) -> str:
    return str(value.isoformat())


def _ns(column: pl.Series) -> int:
    return int(column.cast(pl.Datetime("ns", "UTC")).cast(pl.Int64)[0])


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
