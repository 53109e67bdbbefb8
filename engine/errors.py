"""Every error that a user can cause, unknown names among them, and text from outside made safe to print.

A message states in one line what went wrong, where, what was expected, what was found, and what to do. The command line
prints it without a traceback and ends with `exit_status`.

    BeaError                     1
    ├── UsageError               2   a word of the command line is wrong
    │   └── ConfigurationError   2   a key or a value of the configuration is wrong
    └── DataError                1   a file, a store or a frame is not what it should be
        ├── SourceError              a raw file is refused
        ├── StoreError               the store is missing, damaged or of another schema version
        ├── EmptyUniverseError       the store holds nothing of the requested universe
        ├── TooShortError            the past has too few events for a fit; a longer one would do
        ├── TapeError                a frame of opportunities breaks the contract of the tape
        ├── PromotionError           a promotion is edited, expired, or not what is here
        └── LedgerError              a ledger cannot be used
            ├── Fenced               another runner holds the lease
            ├── Killed               the kill switch is set
            ├── KeyConflict          an entry is there already, with other content
            └── LedgerFailure        the database failed: disk full, locked, connection lost
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = [
    "BeaError",
    "ConfigurationError",
    "DataError",
    "EmptyUniverseError",
    "Fenced",
    "KeyConflict",
    "Killed",
    "LedgerError",
    "LedgerFailure",
    "PromotionError",
    "SourceError",
    "StoreError",
    "TapeError",
    "TooShortError",
    "UsageError",
    "check_above_zero",
    "check_frame",
    "check_names",
    "nearest_name",
    "printable",
    "unknown_name",
]

#: names that a message lists, at most
_LISTED: Final = 12
#: lowest similarity of a name that is proposed (`difflib`); letters of either case count as equal
_SIMILAR: Final = 0.6
_BREAKS: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")


class BeaError(Exception):
    """Base of all errors that are reported to the user in one line.

    Parameters
    ----------
    what : str
        What went wrong, without a full stop.
    where, expected, found, todo : str, optional
        The file, key or command concerned; what should have been there; what was there; what the user can do.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str = "", expected: str = "", found: str = "", todo: str = "") -> None:
        self.what, self.where, self.expected, self.found, self.todo = what, where, expected, found, todo
        super().__init__(self.line())

    def line(self) -> str:
        """The message in one line: ``<what> in <where>: expected <x>, found <y>; <what to do>``."""
        text = self.what + (f" in {self.where}" if self.where else "")
        facts = ", ".join(
            f"{word} {fact}" for word, fact in (("expected", self.expected), ("found", self.found)) if fact
        )
        text += f": {facts}" if facts else ""
        text += f"; {self.todo}" if self.todo else ""
        return " ".join(text.split())


class UsageError(BeaError):
    """A word of the command line is wrong."""

    exit_status = 2


class ConfigurationError(UsageError):
    """A key or a value of the configuration is wrong."""


class DataError(BeaError):
    """Data is not what it should be."""


class SourceError(DataError):
    """A raw file is refused as a whole."""


class StoreError(DataError):
    """The store is missing, damaged, or of another schema version."""


class EmptyUniverseError(DataError):
    """The store is sound, but holds nothing of the requested universe."""


class TooShortError(DataError):
    """The past has too few events for a fit. A longer one would do: a walk forward may begin later."""


class TapeError(DataError):
    """A frame of opportunities breaks the contract of the tape."""


class PromotionError(DataError):
    """A promotion is edited, expired, demoted, or does not fit what is here."""


class LedgerError(DataError):
    """A ledger cannot be used: newer schema, wrong promotion, damaged chain."""


class Fenced(LedgerError):
    """Another runner holds the lease. The process must end."""


class Killed(LedgerError):
    """The kill switch is set: nothing may be sent."""


class KeyConflict(LedgerError):
    """A key or a venue bet id is in the ledger with other content."""


class LedgerFailure(LedgerError):
    """The database failed. The process must end; its next start recovers."""


def nearest_name(name: str, known: Iterable[str], similar: float = _SIMILAR) -> str | None:
    """The known name most similar to a wrong one, whatever the case of its letters; None if none is `similar`.

    >>> nearest_name("Pinacle", ["b365", "pinnacle"])
    'pinnacle'
    """
    folded = {other.casefold(): other for other in sorted(set(known), reverse=True)}
    like = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=similar)
    return folded[like[0]] if like else None


def unknown_name(kind: str, name: str, known: Iterable[str], *, where: str) -> ConfigurationError:
    """The error for a name that is not known: what is known, and the nearest of it."""
    names = sorted(set(known))
    near = nearest_name(name, names)
    listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    return ConfigurationError(
        f"unknown {kind} {name!r}",
        where=where,
        expected=listed or "nothing, for there is none",
        todo=f"did you mean {near}?" if near else "",
    )


def check_names(kind: str, wanted: Iterable[str] | None, known: Iterable[str], *, where: str) -> None:
    """Raise `ConfigurationError` for the first wanted name that is not known.

    Parameters
    ----------
    kind : str
        What the names are, such as ``bookmaker``.
    wanted : iterable of str or None
        None: no name.
    known : iterable of str
    where : str
        The key or argument that holds the names.
    """
    names = set(known)
    for name in wanted or ():
        if name not in names:
            raise unknown_name(kind, str(name), names, where=where)


def check_above_zero(section: str, values: Mapping[str, float]) -> None:
    """Raise `ConfigurationError` for the first value of a section that is no finite number above 0."""
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ConfigurationError(
                "value out of range", where=f"{section}.{name}", expected="above 0", found=f"{value:g}"
            )


def check_frame(value: object, where: str, error: type[BeaError] = DataError) -> None:
    """Raise an error, with the conversion, for what is no `polars.DataFrame`; polars itself is not imported.

    Parameters
    ----------
    value : object
        What a caller gave as a frame.
    where : str
        The argument, for the message.
    error : type of BeaError
    """
    bases = [(base.__module__.partition(".")[0], base.__name__) for base in type(value).__mro__]
    if ("polars", "DataFrame") in bases:
        return
    libraries, (library, name) = {base for base, _ in bases}, bases[0]
    found, todo = f"{name} of {library}", "build one with polars.DataFrame(...)"
    if ("polars", "LazyFrame") in bases:
        found, todo = "a lazy one", "frame.collect()"
    elif "pandas" in libraries:
        found, todo = "a pandas one", "polars.from_pandas(frame)"
    elif "pyarrow" in libraries:
        found, todo = "an Arrow table", "polars.from_arrow(table)"
    elif hasattr(value, "pl"):  # a relation of DuckDB
        todo = "its method pl() gives one"
    elif hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__"):
        todo = "polars.from_dataframe(frame)"
    elif library == "numpy":
        todo = "polars.DataFrame({name: array, ...})"
    elif isinstance(value, list | tuple | dict):
        found, todo = f"a {name}", f"polars.DataFrame({'columns' if isinstance(value, dict) else 'rows'})"
    elif isinstance(value, str) or hasattr(value, "__fspath__"):
        found, todo = "a path or text", "polars.read_csv(path) or polars.read_parquet(path)"
    elif value is None:
        found = "None"
    raise error("not a frame", where=where, expected="a Polars frame", found=found, todo=todo)


def printable(text: object, width: int | None = None) -> str:
    """Text from outside, safe to print in one line.

    Line breaks and tabs become spaces. Other control characters, and marks that change the direction of writing, become
    U+FFFD. Spaces of every width stay.

    Parameters
    ----------
    text : object
        Converted with `str`.
    width : int, optional
        Largest number of characters; a longer text is cut and ends in an ellipsis.

    Examples
    --------
    >>> printable("a\\x1b[31mb\\tc")
    'a�[31mb c'
    >>> printable("a long name", 7)
    'a long…'
    """
    shown = "".join(map(_shown, str(text)))
    return shown if width is None or len(shown) <= width else shown[: width - 1] + "…"


def _shown(letter: str) -> str:
    if letter in _BREAKS:
        return " "
    return letter if letter.isprintable() or letter.isspace() else "\N{REPLACEMENT CHARACTER}"
