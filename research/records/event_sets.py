"""Sets of events as the trial ledger keeps them, and how far two of them overlap."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.identity import fold
from research.tapes.matches import ONE_MATCH_DAYS, day_numbers, match_keys

Hashes = NDArray[np.int64]

#: Events kept of a set: those with the smallest hashes, a fair sample of a larger set (K minimum values, Beyer et al.,
#: "On synopses for distinct-value estimation", SIGMOD 2007). An overlap of one half is known to 1.6 %.
KEPT: Final = 4_096


def _none() -> Hashes:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Prints:
    """The matches of a set by their data (`research.tapes.matches`), whatever they are called.

    Attributes
    ----------
    matches : int
        Their number.
    keys, days : int64 (at most KEPT,)
        Those with the smallest keys, ascending; days since 1970-01-01.
    """

    matches: int = 0
    keys: Hashes = field(default_factory=_none)
    days: Hashes = field(default_factory=_none)

    @classmethod
    def of(cls, keys: Hashes, days: Hashes) -> Prints:
        """Of matches in any order."""
        both = np.unique(np.stack([keys, days], axis=1), axis=0) if len(keys) else np.empty((0, 2), np.int64)
        return cls(len(both), both[:KEPT, 0].copy(), both[:KEPT, 1].copy())

    def plain(self) -> bytes:
        """As bytes: the number of matches, then keys, then days, each 8 bytes."""
        return b"".join(part.astype("<i8").tobytes() for part in (np.array([self.matches]), self.keys, self.days))

    @classmethod
    def from_plain(cls, content: bytes | None) -> Prints:
        """From `plain`; None, as in ledgers of earlier versions: nothing is known."""
        if not content:
            return cls()
        numbers = np.frombuffer(content, "<i8").astype(np.int64)
        kept = len(numbers) // 2
        return cls(int(numbers[0]), numbers[1 : 1 + kept], numbers[1 + kept :])

    def shared(self, other: Prints) -> float | None:
        """Common matches as a fraction of the smaller set; None where the samples cannot say.

        Matches are the same if their keys are equal and their dates at most a day apart.
        """
        small, large = (self, other) if self.matches <= other.matches else (other, self)
        ends = [part.keys[-1] for part in (small, large) if part.matches > len(part.keys)]
        inside = small.keys < min(ends) if ends else np.ones(len(small.keys), np.bool_)
        if not inside.any():
            return None
        own = [fold([small.keys[inside], small.days[inside] + shift]) for shift in _SHIFTS]
        there = fold([large.keys, large.days])
        return float(np.logical_or.reduce([np.isin(one, there) for one in own]).mean())


_SHIFTS: Final = range(-ONE_MATCH_DAYS, ONE_MATCH_DAYS + 1)


@dataclass(frozen=True)
class EventSet:
    """Events that configurations were evaluated on.

    Attributes
    ----------
    events : int
        Their number.
    sample : int64 (at most KEPT,)
        The smallest hashes of their ids, ascending.
    first_date, last_date : str
        ISO dates; empty: not known.
    sources : tuple of str
    prints : Prints
        Empty in ledgers of earlier versions.
    """

    events: int
    sample: Hashes
    first_date: str = ""
    last_date: str = ""
    sources: tuple[str, ...] = ()
    prints: Prints = field(default_factory=Prints)

    @classmethod
    def of_hashes(
        cls,
        hashes: Hashes,
        first_date: str,
        last_date: str,
        sources: Sequence[str],
        prints: Prints | None = None,
    ) -> EventSet:
        """The set of events whose ids have these 64-bit hashes, in any order, each once."""
        mixed = np.unique(hashes)
        return cls(len(mixed), mixed[:KEPT].copy(), first_date, last_date, tuple(sources), prints or Prints())

    @classmethod
    def of_events(cls, events: pl.DataFrame, first_date: str, last_date: str, sources: Sequence[str]) -> EventSet:
        """The set of these events: event_id, sport, date, home, away."""
        prints = Prints.of(match_keys(events), day_numbers(events)) if events.height else None
        return cls.of_hashes(events["event_id"].to_numpy(), first_date, last_date, sources, prints)

    @property
    def hash(self) -> bytes:
        """Hash of the content, 16 bytes."""
        prints = self.prints.plain() if self.prints.matches else b""
        return id_hash(self.events, self.sample.astype("<i8").tobytes(), prints)

    @property
    def id_hash(self) -> bytes:
        """Hash of the ids alone, 16 bytes: the same whatever version made the prints."""
        return id_hash(self.events, self.sample.astype("<i8").tobytes())


def id_hash(events: int, sample: bytes, prints: bytes = b"") -> bytes:
    """Hash of a set of events from its stored columns, 16 bytes."""
    return hashlib.blake2b(sample + str(events).encode() + prints, digest_size=16).digest()


def overlap(a: EventSet, b: EventSet) -> float:
    """Common events as a fraction of the smaller set; exact if both hold at most `KEPT` events, else an estimate.

    Events are the same by their ids or by their prints, whichever finds more. If the smaller set is so small that none
    of its events could be in the sample of the larger one, the overlap cannot be estimated. It is then 1 if their dates
    meet and 0 if not, so that no trial is lost.
    """
    if not a.events or not b.events:
        return 0.0
    known = [shared for shared in (_by_ids(a, b), _by_prints(a, b)) if shared is not None]
    return max(known) if known else float(_dates_meet(a, b))


def _by_ids(a: EventSet, b: EventSet) -> float | None:
    small, large = (a, b) if a.events <= b.events else (b, a)
    ends = [part.sample[-1] for part in (small, large) if part.events > len(part.sample)]
    comparable = small.sample[small.sample <= min(ends)] if ends else small.sample
    return float(np.isin(comparable, large.sample).mean()) if len(comparable) else None


def _by_prints(a: EventSet, b: EventSet) -> float | None:
    return a.prints.shared(b.prints) if a.prints.matches and b.prints.matches else None


def _dates_meet(a: EventSet, b: EventSet) -> bool:
    """Whether the dates of two sets overlap, or are not known."""
    known = a.first_date and b.first_date
    return not known or (a.first_date <= b.last_date and b.first_date <= a.last_date)
