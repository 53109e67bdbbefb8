"""A strategy with a model, traded: fitted when its calendar says so, each artifact by its hash in the ledger.

To the runner it is a strategy like any other. A fit is a pure function of what was known before its instant, so nothing
of a model is stored but its hash: after a restart the fit is made again and must give the same one.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any, ClassVar, Final

import numpy as np
import polars as pl

from engine.clock import day_of, day_start
from engine.errors import ConfigurationError, DataError
from engine.identity import digest
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.schema import OPPORTUNITIES
from engine.store.hashing import FrameHash
from engine.strategy import History, Learner, Requirement, Strategy, View

#: bytes of the hash of an artifact
_HASH_BYTES: Final = 32


@dataclass(frozen=True)
class Calendar:
    """The instants at which a model is fitted.

    Attributes
    ----------
    instants_ns : tuple of int
        UTC nanoseconds, ascending; the first one is that of the first model.
    is_daily : bool
        Whether it is fitted at every midnight from the first instant on, beyond the last one given, too.
    zone : str
        IANA name of the zone of these midnights.
    """

    instants_ns: tuple[int, ...]
    is_daily: bool = False
    zone: str = "UTC"

    def last(self, decided_ns: int) -> int | None:
        """The last fit at or before a decision, UTC nanoseconds; None before the first one."""
        place = bisect_right(self.instants_ns, decided_ns)
        if not place:
            return None
        return day_start(day_of(decided_ns, self.zone), self.zone) if self.is_daily else self.instants_ns[place - 1]


@dataclass(frozen=True)
class Learning:
    """A strategy with a model, before a runner trades it.

    Attributes
    ----------
    learner : Learner
    calendar : Calendar
    history : callable
        What was known before an instant (UTC nanoseconds): `engine.strategy.History`.
    """

    learner: Learner
    calendar: Calendar
    history: Callable[[int], History]

    def requires(self) -> Requirement:
        """As the learner."""
        return self.learner.requires()

    def model(self, record: Callable[[Entry], object]) -> Model:
        """The strategy of a runner; `record` writes an entry to its ledger."""
        return Model(self, record)


class Model:
    """A learner as a strategy that is fitted as its decisions reach the next instant of the calendar.

    It is an observer of the ledger (`apply`): a hash that is there already is compared, a new one is recorded before
    the first decision of its model.

    Parameters
    ----------
    learning : Learning
    record : callable
        Writes an entry to the ledger.
    """

    name: ClassVar[str] = "model"

    def __init__(self, learning: Learning, record: Callable[[Entry], object]) -> None:
        self._learning, self._record = learning, record
        self._hashes: dict[int, str] = {}
        self._fitted: tuple[int, Strategy] | None = None

    def requires(self) -> Requirement:
        """As the learner."""
        return self._learning.requires()

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry of the ledger; all but the hashes of artifacts are passed over."""
        if recorded.entry.kind == Kind.ARTIFACT:
            body = recorded.entry.body
            self._hashes[int(body["fitted_ns"])] = str(body["hash"])

    def opportunities(self, view: View) -> pl.DataFrame:
        """What the models offer, each decision by the last one fitted at or before it.

        Raises
        ------
        DataError
            A fit gives another model than the ledger says it gave before.
        """
        offered = []
        for fitted_ns, part in self._parts(view):
            offered.append(self._at(fitted_ns).opportunities(part))
        return pl.concat([pl.DataFrame(schema=OPPORTUNITIES), *(f for f in offered if f.width)], how="diagonal")

    def _parts(self, view: View) -> list[tuple[int, View]]:
        """The decisions of each model, in the order of the fits; those before the first one are left out."""
        instants = view.quotes["decided_at"].cast(pl.Int64).unique().sort().to_list()
        by_fit: dict[int, list[int]] = {}
        for decided_ns in instants:
            fitted_ns = self._learning.calendar.last(decided_ns)
            if fitted_ns is not None:
                by_fit.setdefault(fitted_ns, []).append(decided_ns)
        if len(by_fit) == 1 and len(instants) == len(next(iter(by_fit.values()))):
            return [(next(iter(by_fit)), view)]
        decided = pl.col("decided_at").cast(pl.Int64)
        return [(fitted_ns, view.where(decided.is_between(own[0], own[-1]))) for fitted_ns, own in by_fit.items()]

    def _at(self, fitted_ns: int) -> Strategy:
        if self._fitted is None or self._fitted[0] != fitted_ns:
            fitted = self._learning.learner.fit(self._learning.history(fitted_ns), fitted_ns)
            self._check(fitted_ns, artifact_hash(fitted))
            self._fitted = fitted_ns, fitted
        return self._fitted[1]

    def _check(self, fitted_ns: int, found: str) -> None:
        before = self._hashes.get(fitted_ns)
        if before is None:
            body = {"strategy": self._learning.learner.name, "fitted_ns": fitted_ns, "hash": found}
            self._record(Entry(Kind.ARTIFACT, f"artifact:{fitted_ns}", fitted_ns, body=body))
            self._hashes[fitted_ns] = found
        elif before != found:
            raise DataError(
                "a model fitted again is another one",
                where=f"{self._learning.learner.name} at {fitted_ns}",
                expected=before,
                found=found,
                todo="its data or its code changed, or its fit depends on more than its history",
            )


def artifact_hash(fitted: Any) -> str:
    """Hash of a fitted strategy by its values, 64 hexadecimal digits.

    Its class name and fields count: numbers to the last bit, texts, dates, arrays, frames, and dataclasses, mappings
    and sequences of these. An object with a method ``artifact()``, such as a fitted model, counts by what it gives:
    bytes, or a mapping of the kinds above.

    Raises
    ------
    ConfigurationError
        A field holds something else, or the strategy is no dataclass.
    """
    if not is_dataclass(fitted) and not callable(getattr(fitted, "artifact", None)):
        raise _no_hash(fitted, type(fitted).__name__)
    return digest(_plain(fitted, type(fitted).__name__), _HASH_BYTES)


def _plain(value: Any, where: str) -> Any:
    """A value as plain JSON in which no two different values look alike."""
    if value is None or isinstance(value, bool | int | str):
        return ["enum", value.value] if isinstance(value, Enum) else value
    if isinstance(value, float | np.floating):
        return ["float", float(value).hex()]
    if isinstance(value, np.generic):
        return ["array", str(value.dtype), [], value.tobytes().hex()]
    if isinstance(value, np.ndarray) and value.dtype != object:
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return ["array", value.dtype.str, list(value.shape), content]
    if isinstance(value, pl.DataFrame):
        frame_hash = FrameHash()
        frame_hash.add(value)
        return ["frame", frame_hash.hexdigest()]
    return _nested(value, where)


def _nested(value: Any, where: str) -> Any:
    if callable(getattr(value, "artifact", None)):
        content = value.artifact()
        if isinstance(content, Mapping):
            return ["artifact", type(value).__name__, _plain(content, f"{where}.artifact()")]
        return ["artifact", hashlib.sha256(content).hexdigest()]
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name: _plain(getattr(value, f.name), f"{where}.{f.name}") for f in fields(value)}
        return ["dataclass", type(value).__name__, own]
    if isinstance(value, Mapping):
        pairs = [[_plain(key, where), _plain(item, f"{where}[{key!r}]")] for key, item in value.items()]
        return ["mapping", sorted(pairs, key=lambda pair: digest(pair[0]))]
    if isinstance(value, list | tuple):
        return ["sequence", [_plain(item, f"{where}[{number}]") for number, item in enumerate(value)]]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, PurePath):  # its content is frozen by the promotion
        return ["path", str(value)]
    if hasattr(value, "isoformat"):
        return ["date", value.isoformat()]
    raise _no_hash(value, where)


def _no_hash(value: Any, where: str) -> ConfigurationError:
    return ConfigurationError(
        "a model without a hash",
        where=where,
        expected="a dataclass of numbers, texts, arrays and frames, or a method artifact() that gives bytes",
        found=type(value).__name__,
    )
