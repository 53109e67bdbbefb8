"""Which events and quotes a run looks at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from engine.errors import ConfigurationError

Names = tuple[str, ...] | None


@dataclass(frozen=True)
class Universe:
    """A selection of the store; None stands for all.

    Parameters
    ----------
    sports, competitions, seasons : tuple of str, optional
        Partitions that are read; the others are not even opened.
    first_date, last_date : date, optional
        First and last date of an event (the date the source writes), both included.
    markets, bookmakers, instants, sides : tuple of str, optional
        Which quotes; they do not narrow the events.
    partitions : tuple of (sport, competition, season), optional
        Only these, as `Store.parts` cuts a universe.
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
                raise ConfigurationError(f"{name} is one word", expected="a list of names", found=repr(value))
            if value is not None and not value:
                raise ConfigurationError(f"{name} is an empty list", todo="leave it out (null) for all of them")
        if self.first_date and self.last_date and self.first_date > self.last_date:
            raise ConfigurationError(
                "first_date is later than last_date", found=f"{self.first_date} > {self.last_date}"
            )


def check_names(kind: str, wanted: Names, known: Iterable[str], *, where: str) -> None:
    """Raise `ConfigurationError` for the first name that the store does not hold, with the nearest right ones."""
    names = sorted(set(known))
    for name in wanted or ():
        if name in names:
            continue
        folded = {n.lower(): n for n in names}
        near = [folded[n] for n in difflib.get_close_matches(str(name).lower(), folded, n=3, cutoff=0.5)]
        raise ConfigurationError(
            f"unknown {kind} {name!r}",
            where=where,
            expected=" or ".join(near) if near else ", ".join(names[:12]) + (" ..." if len(names) > 12 else ""),
        )
