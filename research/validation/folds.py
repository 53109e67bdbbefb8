"""Folds: calendar spans of a sweep, and where they lie among the days of each tape."""

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
    """Number of events by day, and the first day of each season."""

    events: Mapping[dt.date, int]
    seasons: Mapping[str, dt.date]


def merge_calendars(calendars: Sequence[Calendar]) -> Calendar:
    """One calendar of several universes: the largest number of events of each day, the first day of each season."""
    events: dict[dt.date, int] = {}
    seasons: dict[str, dt.date] = {}
    for calendar in calendars:
        for day, count in calendar.events.items():
            events[day] = max(events.get(day, 0), count)
        for season, day in calendar.seasons.items():
            seasons[season] = min(seasons.get(season, day), day)
    return Calendar(events, seasons)


def boundaries(calendar: Calendar, rules: Rules) -> tuple[dt.date, ...]:
    """First day of each fold, and the day after the last fold; (folds + 1,).

    By ``time``, folds are equally long. By ``count``, they hold equal numbers of events, as far as whole days allow. By
    ``season``, they start with a season and hold equal numbers of seasons; the first folds hold one more if needed.

    Raises
    ------
    ConfigurationError
        If there are fewer days, or fewer seasons, than folds.
    """
    days = sorted(calendar.events)
    first, end = days[0], days[-1] + dt.timedelta(days=1)
    length = (end - first).days
    if rules.folds_by == "season":
        starts = sorted(set(calendar.seasons.values()))
        _check_enough(len(starts), rules, "seasons that begin on different days")
        groups = np.array_split(np.array(starts, dtype=object), rules.folds)
        return (first, *(group[0] for group in groups[1:]), end)
    if rules.folds_by == "count":
        _check_enough(len(days), rules, "days with events")
        total = np.cumsum([calendar.events[day] for day in days])
        shares = np.arange(1, rules.folds) * total[-1] / rules.folds
        places = np.searchsorted(total, shares, side="left") + 1
        for number in range(len(places)):  # a day with more events than a fold's share still starts only one fold
            low = places[number - 1] + 1 if number else 1
            places[number] = min(max(places[number], low), len(days) - (len(places) - number))
        return (first, *(days[int(place)] for place in places), end)
    _check_enough(length, rules, "days")
    return tuple(first + dt.timedelta(days=round(length * number / rules.folds)) for number in range(rules.folds + 1))


def _check_enough(number: int, rules: Rules, what: str) -> None:
    if number < rules.folds:
        raise ConfigurationError(
            f"too few {what} to cut folds",
            where="validation.folds",
            expected=f"at least {rules.folds}",
            found=str(number),
            todo="use more data, fewer validation.folds, or validation=none",
        )


@dataclass(frozen=True)
class Cuts:
    """Where the folds lie among the days of one tape.

    Attributes
    ----------
    days : int64 (folds, 5)
        Boundaries of the four parts of each fold, as day numbers of the tape, ascending. The parts are: days that an
        earlier tested fold reaches into; days that no other fold reaches into; days that folds on both sides reach
        into; days that a later tested fold reaches into. The second or the third part is empty.
    touching : bool (folds, folds)
        [tested, other]: whether the tested fold reaches into the other one, by an event that lies in both or by the
        embargo. Neighbours always do.
    calendar_days : int64 (folds,)
        Calendar days of each fold, including those before the first and after the last day of the tape.
    """

    days: Longs
    touching: Flags = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    calendar_days: Longs = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def purged(self) -> int:
        """Days next to tested folds that are excluded from training, over all boundaries."""
        if not len(self.days):
            return 0
        head, _, both, tail = np.diff(self.days, axis=1).T
        return int((head + both)[1:].sum() + (both + tail)[:-1].sum())


def cut_folds(tape: Tape, dates: Sequence[dt.date], embargo_days: int) -> Cuts:
    """Locate the folds among the days of a tape.

    Days before the first boundary belong to the first fold, days after the last one to the last fold. An event with
    decisions or settlements on both sides of a boundary belongs to neither side: the days from its first decision to
    its last settlement are purged from training.

    Parameters
    ----------
    tape : Tape
    dates : sequence of date
        `boundaries`.
    embargo_days : int
        Days after a tested fold that are excluded from training.
    """
    n_days, folds = len(tape.midnights), len(dates) - 1
    starts = np.array([0, *(_day_of(tape, date) for date in dates[1:-1]), n_days], dtype=np.int64)
    starts = np.maximum.accumulate(np.clip(starts, 0, n_days))
    first, last = _spans(tape)
    table = np.empty((folds, 5), np.int64)
    for fold, (low, high) in enumerate(pairwise(starts)):
        after = 0 if fold == 0 else max(_days_after(first, last, low), embargo_days)
        before = 0 if fold == folds - 1 else _days_before(first, last, high)
        head, tail = min(low + after, high), max(high - before, low)
        table[fold] = low, min(head, tail), tail, max(head, tail), high
    return Cuts(table, _touching(starts, first, last, embargo_days), _calendar_days(tape, dates))


def _touching(starts: Longs, first: Longs, last: Longs, embargo_days: int) -> Flags:
    """`Cuts.touching`, from the first days of folds and the spans of events."""
    folds = len(starts) - 1
    near: Flags = np.abs(np.subtract.outer(np.arange(folds), np.arange(folds))) == 1
    for fold in range(folds):
        end = starts[fold + 1]
        reach = last[first < end].max(initial=-1)
        shared = np.flatnonzero((starts[:-1] <= reach) & (np.arange(folds) > fold))
        near[fold, shared] = near[shared, fold] = True
        near[fold] |= (starts[:-1] < end + embargo_days) & (np.arange(folds) > fold)
    return near


def _calendar_days(tape: Tape, dates: Sequence[dt.date]) -> Longs:
    """`Cuts.calendar_days`."""
    ends = list(dates)
    if len(tape.midnights):
        begin = first_date(tape)
        ends[0], ends[-1] = min(ends[0], begin), max(ends[-1], begin + dt.timedelta(days=len(tape.midnights)))
    return np.array([(end - start).days for start, end in pairwise(ends)], np.int64)


def instant_of(tape: Tape, day: int) -> int:
    """Midnight at which a day of a tape begins, UTC nanoseconds."""
    return int(tape.first_midnight if day == 0 else tape.midnights[day - 1])


def first_date(tape: Tape) -> dt.date:
    """Date of the first day of a tape, in the time zone of the tape."""
    return date_of(tape, 0)


def date_of(tape: Tape, day: int) -> dt.date:
    """Date of a day of a tape, in the time zone of the tape."""
    return day_of(instant_of(tape, day), tape.zone)


def _day_of(tape: Tape, date: dt.date) -> int:
    """Day number of a date on a tape; a date that the time zone skips has the number of the next day."""
    instant = day_start(date, tape.zone)
    if instant <= tape.first_midnight:
        return 0
    return int(np.searchsorted(tape.midnights, instant, side="left")) + 1


def _spans(tape: Tape) -> tuple[Longs, Longs]:
    """Days of the first decision and of the last decision or settlement of each event, (events,) each.

    A bet that never settles counts with its decision only.
    """
    known = tape.settled_at != NEVER
    n_events = int(tape.event.max()) + 1 if len(tape) else 0
    first = np.full(n_events, len(tape.midnights), np.int64)
    last = np.full(n_events, -1, np.int64)
    decided = np.searchsorted(tape.midnights, tape.decided_at, side="right")
    np.minimum.at(first, tape.event, decided)
    np.maximum.at(last, tape.event, decided)
    np.maximum.at(last, tape.event[known], np.searchsorted(tape.midnights, tape.settled_at[known], side="left"))
    return first, last


def _days_before(first: Longs, last: Longs, boundary: int) -> int:
    """Days before a boundary that share an event with the days after it."""
    across = (first < boundary) & (last >= boundary)
    return int(boundary - first[across].min()) if across.any() else 0


def _days_after(first: Longs, last: Longs, boundary: int) -> int:
    """Days from a boundary on that share an event with the days before it."""
    across = (first < boundary) & (last >= boundary)
    return int(last[across].max() + 1 - boundary) if across.any() else 0
