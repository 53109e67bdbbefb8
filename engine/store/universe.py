"""The part of a store that a run uses."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from engine.errors import ConfigurationError

Names = tuple[str, ...] | None


@dataclass(frozen=True)
class Universe:
    """A subset of the events and quotes of a store; None means all.

    Parameters
    ----------
    sports, competitions, seasons : tuple of str, optional
        Partitions to read; files of others are not opened.
    first_date, last_date : date, optional
        First and last date of an event, both included (the date as written by the source).
    markets, bookmakers, instants, sides : tuple of str, optional
        Quotes to read; they do not restrict the events. `instants` are quote kinds.
    partitions : tuple of (sport, competition, season), optional
        Partitions to read, as cut by `Store.parts`.

    Raises
    ------
    ConfigurationError
        A field is a text or an empty list, or the dates are in the wrong order.
    """

    sports: Names = None
    competitions: Names = None
    seasons: Names = None
    first_date: date | None = None
    last_date: date | None = None
    markets: Names = None
    bookmakers: Names = None
    instants: Names = None
    sides: Names = None
    partitions: tuple[tuple[str, str, str], ...] | None = None

    def __post_init__(self) -> None:
        for name in ("sports", "competitions", "seasons", "markets", "bookmakers", "instants", "sides"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise ConfigurationError(f"{name} is a single text", expected="a list of names", found=repr(value))
            if value is not None and not value:
                raise ConfigurationError(f"{name} is an empty list", todo="use null, or leave the key out, for all")
            if value is not None:  # names of the store are in Unicode form C (engine.names.texts)
                object.__setattr__(self, name, tuple(unicodedata.normalize("NFC", text) for text in value))
        if self.first_date and self.last_date and self.first_date > self.last_date:
            raise ConfigurationError(
                "first_date is later than last_date", found=f"{self.first_date} > {self.last_date}"
            )
