"""Folds: calendar spans of a sweep, and where they stand among the days of each tape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.clock import day_of, day_start
from engine.errors import ConfigurationError
from engine.tape import NEVER, Tape
from research.validation.rules import Rules

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Calendar:
    """Events by day, and the first day of each season."""

    events: Mapping[dt.date, int]
    seasons: Mapping[str, dt.date]


def joined(calendars: Sequence[Calendar]) -> Calendar:
    """One calendar of several universes: of each day the most events, of each season the first day."""
    events: dict[dt.date, int] = {}
    seasons: dict[str, dt.date] = {}
    for one in calendars:
        for day, count in one.events.items():
            events[day] = max(events.get(day, 0), count)
        for season, day in one.seasons.items():
            seasons[season] = min(seasons.get(season, day), day)
    return Calendar(events, seasons)


def borders(calendar: Calendar, rules: Rules) -> tuple[dt.date, ...]:
    """First day of each fold, and the day after the last one; (folds + 1,).

    By ``time`` folds are equally long, by ``count`` they hold equally many events as far as days allow, by ``season``
    they begin with a season and hold equally many (the first ones one more, where they cannot).

    Raises
    ------
    ConfigurationError
        Fewer days, or fewer seasons, than folds.
    """
    days = sorted(calendar.events)
    first, end = days[0], days[-1] + dt.timedelta(days=1)
    length = (end - first).days
    if rules.folds_by == "season":
        starts = sorted(set(calendar.seasons.values()))
        _enough(len(starts), rules, "seasons that begin on different days")
        groups = np.array_split(np.array(starts, dtype=object), rules.folds)
        return (first, *(group[0] for group in groups[1:]), end)
    if rules.folds_by == "count":
        _enough(len(days), rules, "days with events")
        total = np.cumsum([calendar.events[day] for day in days])
        shares = np.arange(1, rules.folds) * total[-1] / rules.folds
        places = np.searchsorted(total, shares, side="left") + 1
        for number in range(len(places)):  # a day that holds more than a fold's share still begins one fold alone
            low = places[number - 1] + 1 if number else 1
            places[number] = min(max(places[number], low), len(days) - (len(places) - number))
        return (first, *(days[int(place)] for place in places), end)
    _enough(length, rules, "days")
    return tuple(first + dt.timedelta(days=round(length * number / rules.folds)) for number in range(rules.folds + 1))


def _enough(found: int, rules: Rules, what: str) -> None:
    if found < rules.folds:
        raise ConfigurationError(
            f"too few {what} to cut folds",
            where="validation.folds",
            expected=f"at least {rules.folds}",
            found=str(found),
            todo="choose more data, fewer validation.folds, or validation=none",
        )


@dataclass(frozen=True)
class Cuts:
    """Where folds lie among the days of one tape.

    Attributes
    ----------
    days : int64 (folds, 5)
        Borders of the four parts of each fold, numbers of days of the tape, ascending: days that a fold tested before
        reaches into; days that no other fold reaches into; days that folds on both sides reach into; days that a fold
        tested behind reaches into. The second or the third part has no day.
    touching : bool (folds, folds)
        [tested, other]: whether the tested fold reaches into the other one, by an event that lies in both or by the
        embargo. Neighbours always do.
    length : int64 (folds,)
        Calendar days of each fold, those before and behind the tape's own among them.
    """

    days: Longs
    touching: Flags = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    length: Longs = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def purged(self) -> int:
        """Days that are not learned from beside a tested fold, over all borders."""
        if not len(self.days):
            return 0
        head, _, both, tail = np.diff(self.days, axis=1).T
        return int((head + both)[1:].sum() + (both + tail)[:-1].sum())


def cuts_of(tape: Tape, dates: Sequence[dt.date], embargo_days: int) -> Cuts:
    """The folds among the days of a tape.

    Days before the first border belong to the first fold, days behind the last one to the last. An event with decisions
    or settlements on both sides of a border is on neither side of it: the days from its first decision to its last
    settlement are purged from what is learned.
    """
    n_days, folds = len(tape.midnights), len(dates) - 1
    starts = np.array([0, *(_day_of(tape, date) for date in dates[1:-1]), n_days], dtype=np.int64)
    starts = np.maximum.accumulate(np.clip(starts, 0, n_days))
    first, last = _spans(tape)
    table = np.empty((folds, 5), np.int64)
    for fold, (low, high) in enumerate(pairwise(starts)):
        after = 0 if fold == 0 else max(_behind(first, last, low), embargo_days)
        before = 0 if fold == folds - 1 else _ahead(first, last, high)
        head, tail = min(low + after, high), max(high - before, low)
        table[fold] = low, min(head, tail), tail, max(head, tail), high
    return Cuts(table, _touching(starts, first, last, embargo_days), _lengths(tape, dates))


def _touching(starts: Longs, first: Longs, last: Longs, embargo_days: int) -> Flags:
    """`Cuts.touching`, of the first days of folds and the spans of events."""
    folds = len(starts) - 1
    near: Flags = np.abs(np.subtract.outer(np.arange(folds), np.arange(folds))) == 1
    for fold in range(folds):
        end = starts[fold + 1]
        reach = last[first < end].max(initial=-1)
        shared = np.flatnonzero((starts[:-1] <= reach) & (np.arange(folds) > fold))
        near[fold, shared] = near[shared, fold] = True
        near[fold] |= (starts[:-1] < end + embargo_days) & (np.arange(folds) > fold)
    return near


def _lengths(tape: Tape, dates: Sequence[dt.date]) -> Longs:
    """`Cuts.length`."""
    ends = list(dates)
    if len(tape.midnights):
        begin = first_date(tape)
        ends[0], ends[-1] = min(ends[0], begin), max(ends[-1], begin + dt.timedelta(days=len(tape.midnights)))
    return np.array([(end - start).days for start, end in pairwise(ends)], np.int64)


def instant_of(tape: Tape, day: int) -> int:
    """The midnight at which a day of a tape begins, UTC nanoseconds."""
    return int(tape.first_midnight if day == 0 else tape.midnights[day - 1])


def first_date(tape: Tape) -> dt.date:
    """The calendar day of a tape's first midnight, in its own zone."""
    return date_of(tape, 0)


def date_of(tape: Tape, day: int) -> dt.date:
    """The calendar day of a day of a tape, in its own zone."""
    return day_of(instant_of(tape, day), tape.zone)


def _day_of(tape: Tape, date: dt.date) -> int:
    """Number of the tape's day with that date; a day that the zone skips has none of its own."""
    instant = day_start(date, tape.zone)
    if instant <= tape.first_midnight:
        return 0
    return int(np.searchsorted(tape.midnights, instant, side="left")) + 1


def _spans(tape: Tape) -> tuple[Longs, Longs]:
    """Day of the first decision and of the last action of each event; what never settles acts when it is decided."""
    known = tape.settled_at != NEVER
    n_events = int(tape.event.max()) + 1 if len(tape) else 0
    first = np.full(n_events, len(tape.midnights), np.int64)
    last = np.full(n_events, -1, np.int64)
    decided = np.searchsorted(tape.midnights, tape.decided_at, side="right")
    np.minimum.at(first, tape.event, decided)
    np.maximum.at(last, tape.event, decided)
    np.maximum.at(last, tape.event[known], np.searchsorted(tape.midnights, tape.settled_at[known], side="left"))
    return first, last


def _ahead(first: Longs, last: Longs, border: int) -> int:
    """Days before a border that share an event with the days behind it."""
    across = (first < border) & (last >= border)
    return int(border - first[across].min()) if across.any() else 0


def _behind(first: Longs, last: Longs, border: int) -> int:
    """Days from a border on that share an event with the days before it."""
    across = (first < border) & (last >= border)
    return int(last[across].max() + 1 - border) if across.any() else 0
