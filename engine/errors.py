"""Every error that a user can cause, as one tree.

A message says what, where, expected, found, and what to do, in one line. The command line prints it without a
traceback and leaves with `exit_status`.

    BeaError                 1
    ├── UsageError           2   a word of the command or a key of the configuration is wrong
    │   └── ConfigurationError
    └── DataError            1   a file, a store or a frame is not what it should be
        ├── SourceError          a raw file is refused
        ├── StoreError           the store is missing, damaged or of another schema version
        └── TapeError            a frame of opportunities breaks the contract
"""

from __future__ import annotations

__all__ = [
    "BeaError",
    "ConfigurationError",
    "DataError",
    "SourceError",
    "StoreError",
    "TapeError",
    "UsageError",
]


class BeaError(Exception):
    """Base of all errors that are told to the user in one line.

    Parameters
    ----------
    what : str
        What went wrong, without a full stop.
    where, expected, found, todo : str, optional
        The file, key or command it concerns; what should have been there; what was; what to do about it.
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
    """The store is sound, but nothing in it is part of the universe asked for."""


class TapeError(DataError):
    """A frame of opportunities breaks the contract of the tape."""
