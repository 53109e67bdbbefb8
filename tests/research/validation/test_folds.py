"""Fold boundaries and the days purged next to them, compared with plain loops over events and days."""

from __future__ import annotations

import dataclasses
import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import zone_of
from engine.errors import ConfigurationError
from engine.tape import NEVER, Tape
from research.validation.folds import Calendar, boundaries, cut_folds, date_of, first_date, instant_of, merge_calendars
from research.validation.rules import Rules
from research.validation.splits import splits_of, training_of
from tests.engine.backtesting.test_run import tape as tape_of
from tests.property.tapes import random_tape

DAY = dt.timedelta(days=1)
NEW_YEAR = dt.date(2024, 1, 1)


def calendar(counts: list[int], seasons: dict[str, dt.date] | None = None) -> Calendar:
    """The given numbers of events, day by day from 1 January 2024."""
    days = {NEW_YEAR + number * DAY: count for number, count in enumerate(counts) if count}
    return Calendar(days, seasons or {})


def rules(**given: object) -> Rules:
    return Rules(**{"folds": 3, **given})  # type: ignore[arg-type]


def test_folds_by_time_are_equally_long() -> None:
    assert boundaries(calendar([1] * 12), rules()) == tuple(NEW_YEAR + at * DAY for at in (0, 4, 8, 12))
    found = boundaries(calendar([1, *[0] * 98, 1]), rules(folds=7))
    lengths = [(high - low).days for low, high in pairwise(found)]
    assert sum(lengths) == 100 and set(lengths) == {14, 15}
    assert boundaries(calendar([1, 1, 1]), rules()) == tuple(NEW_YEAR + at * DAY for at in range(4))


def test_folds_by_count_hold_equal_numbers_of_events() -> None:
    assert boundaries(calendar([1, 1, 4, 0, 3, 3]), rules(folds_by="count")) == (
        NEW_YEAR, NEW_YEAR + 4 * DAY, NEW_YEAR + 5 * DAY, NEW_YEAR + 6 * DAY,
    )  # fmt: skip  # 6, 3 and 3 of them
    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, 700).tolist()
    found = boundaries(calendar(counts), rules(folds=9, folds_by="count"))
    held = [sum(counts[(low - NEW_YEAR).days : (high - NEW_YEAR).days]) for low, high in pairwise(found)]
    assert sum(held) == sum(counts)
    assert max(held) - min(held) <= 2 * max(counts)


def test_a_day_with_most_events_still_leaves_room_for_all_folds() -> None:
    for counts in ([50, 1, 1, 1], [1, 1, 1, 50], [1, 50, 1, 1], [1, 1, 50, 1]):
        found = boundaries(calendar(counts), rules(folds=4, folds_by="count"))
        assert found == tuple(NEW_YEAR + at * DAY for at in range(5))


def test_folds_by_season_start_with_seasons() -> None:
    starts = {str(year): dt.date(year, 8, 10) for year in range(2010, 2017)}
    events = dict.fromkeys(starts.values(), 1) | {dt.date(2017, 5, 20): 1}
    found = boundaries(Calendar(events, starts), rules(folds_by="season"))
    assert found == (dt.date(2010, 8, 10), dt.date(2013, 8, 10), dt.date(2015, 8, 10), dt.date(2017, 5, 21))
    with pytest.raises(ConfigurationError, match="too few seasons"):
        boundaries(Calendar(events, starts), rules(folds=8, folds_by="season"))


@pytest.mark.parametrize("by", ["time", "count"])
def test_too_few_days_are_refused(by: str) -> None:
    with pytest.raises(ConfigurationError, match="too few days"):
        boundaries(calendar([1, 1]), rules(folds_by=by))


def test_calendars_of_several_universes_are_merged() -> None:
    one = Calendar({NEW_YEAR: 3, NEW_YEAR + DAY: 1}, {"a": NEW_YEAR + DAY})
    other = Calendar({NEW_YEAR: 2, NEW_YEAR - DAY: 5}, {"a": NEW_YEAR, "b": NEW_YEAR - DAY})
    found = merge_calendars([one, other])
    assert found.events == {NEW_YEAR - DAY: 5, NEW_YEAR: 3, NEW_YEAR + DAY: 1}
    assert found.seasons == {"a": NEW_YEAR, "b": NEW_YEAR - DAY}


def test_parts_of_folds_by_hand() -> None:
    """Twelve days from noon to 14:00, one event each; one from day 3 to 5, one from 6 to 9: boundaries on 4 and 8."""
    bets = [{"at": 24.0 * day, "ends": 24.0 * day + 2, "event": f"e{day}"} for day in range(12)]
    dates = [NEW_YEAR + at * DAY for at in (0, 4, 8, 12)]
    plain = cut_folds(tape_of(list(bets)), dates, 1)
    assert plain.days.tolist() == [[0, 0, 4, 4, 4], [4, 5, 8, 8, 8], [8, 9, 12, 12, 12]]
    assert plain.purged == 2 and plain.calendar_days.tolist() == [4, 4, 4]
    long = [{"at": 72.0, "ends": 122.0, "event": "x"}, {"at": 144.0, "ends": 218.0, "event": "y"}]
    found = cut_folds(tape_of(bets + long), dates, 1)
    assert found.days.tolist() == [[0, 0, 3, 3, 4], [4, 6, 6, 6, 8], [8, 10, 12, 12, 12]]
    assert found.purged == 1 + 2 + 2 + 2
    assert found.touching.tolist() == [[False, True, False], [True, False, True], [False, True, False]]
    whole = cut_folds(tape_of([*bets, *long, {"at": 30.0, "ends": 200.0, "event": "z"}]), dates, 1)
    assert whole.days.tolist() == [[0, 0, 1, 1, 4], [4, 4, 4, 8, 8], [8, 10, 12, 12, 12]]
    assert whole.touching.tolist() == (~np.eye(3, dtype=bool)).tolist()


def test_an_embargo_longer_than_a_fold_reaches_into_the_next_but_one() -> None:
    bets = [{"at": 24.0 * day, "ends": 24.0 * day + 2, "event": f"e{day}"} for day in range(12)]
    dates = [NEW_YEAR + at * DAY for at in (0, 3, 6, 9, 12)]
    near, far = (cut_folds(tape_of(list(bets)), dates, days).touching for days in (3, 4))
    assert not near[0, 2] and far[0, 2] and not far[2, 0] and not far[0, 3]


def test_calendar_days_outside_a_tape_count() -> None:
    bets = [{"at": 24.0 * day, "ends": 24.0 * day + 2, "event": f"e{day}"} for day in (5, 6)]
    found = cut_folds(tape_of(bets), [NEW_YEAR + at * DAY for at in (0, 3, 6, 9)], 1)
    assert found.days[:, [0, -1]].tolist() == [[0, 0], [0, 1], [1, 2]]
    assert found.calendar_days.tolist() == [3, 3, 3]
    later = cut_folds(tape_of([*bets, {"at": 24.0, "ends": 24.0 * 11, "event": "l"}]), [NEW_YEAR + 2 * DAY] * 2, 0)
    assert later.calendar_days.tolist() == [11]  # from the first decision to the last settlement


def days_of(tape: Tape, instants: np.ndarray, *, ending: bool) -> list[dt.date]:
    """Calendar days of instants; a settlement at midnight belongs to the day that ends."""
    zone = zone_of(tape.zone)
    shifted = [int(at) - (1 if ending else 0) for at in instants]
    return [dt.datetime.fromtimestamp(at // 10**9, zone).date() for at in shifted]


def actions(tape: Tape) -> dict[int, set[dt.date]]:
    """Days on which a bet of the event is decided or settled."""
    known = np.flatnonzero(tape.settled_at != NEVER)
    found: dict[int, set[dt.date]] = {int(event): set() for event in tape.event}
    for event, day in zip(tape.event, days_of(tape, tape.decided_at, ending=False), strict=True):
        found[int(event)].add(day)
    for event, day in zip(tape.event[known], days_of(tape, tape.settled_at[known], ending=True), strict=True):
        found[int(event)].add(day)
    return found


def random_dates(rng: np.random.Generator, tape: Tape, folds: int) -> list[dt.date]:
    """Boundaries anywhere, also before the first and after the last day of the tape."""
    span = len(tape.midnights) + 4
    inner = sorted(rng.choice(np.arange(1, max(span, folds + 1)), folds - 1, replace=False).tolist())
    return [first_date(tape) + (at - 2) * DAY for at in (0, *inner, span)]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63 - 1), st.sampled_from(["walk_forward", "purged_kfold", "cpcv"]), st.integers(0, 4))
def test_no_event_is_in_training_and_test(draw: int, name: str, embargo: int) -> None:
    rng = np.random.default_rng(draw)
    tape = random_tape(rng, int(rng.integers(2, 80)))
    if draw % 2:  # short events: more training days remain
        tape = dataclasses.replace(tape, event=np.arange(len(tape)))
    folds = int(rng.integers(3, 7))
    dates = random_dates(rng, tape, folds)
    cuts = cut_folds(tape, dates, embargo)
    assert (np.diff(cuts.days.ravel()) >= 0).all() and cuts.days[0, 0] == 0
    assert cuts.days[-1, -1] == len(tape.midnights)
    acts, own = actions(tape), rules(name=name, folds=folds)
    for tested in splits_of(own):
        use = training_of(tested, own, cuts.touching).use
        training_parts = {
            date_of(tape, day)
            for fold, part in zip(*np.nonzero(use), strict=True)
            for day in range(cuts.days[fold, part], cuts.days[fold, part + 1])
        }
        shown = {date_of(tape, day) for fold in tested for day in range(cuts.days[fold, 0], cuts.days[fold, -1])}
        assert not training_parts & shown
        for days in acts.values():
            assert not (days & training_parts and days & shown), (tested, sorted(days))
        if name == "walk_forward":
            assert not training_parts or not shown or max(training_parts) < min(shown)
            continue
        for fold in tested:
            end = cuts.days[fold, -1]
            if fold < folds - 1 and end > cuts.days[fold, 0]:
                inside = {date_of(tape, day) for day in range(end, min(end + embargo, len(tape.midnights)))}
                assert not training_parts & inside


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63 - 1))
def test_no_more_days_are_purged_than_necessary(draw: int) -> None:
    """Two folds: the days on each side of the boundary that share an event with the other side."""
    rng = np.random.default_rng(draw)
    tape = random_tape(rng, int(rng.integers(2, 60)))
    tape = dataclasses.replace(tape, event=np.arange(len(tape)))
    dates = random_dates(rng, tape, 2)
    cuts, acts = cut_folds(tape, dates, 0), actions(tape)
    across = [days for days in acts.values() if min(days) < dates[1] <= max(days)]
    boundary = int(cuts.days[1, 0])
    assert cuts.days[0, 2] == boundary - max(((dates[1] - min(days)).days for days in across), default=0)
    assert cuts.days[1, 1] == boundary + max(((max(days) - dates[1]).days + 1 for days in across), default=0)


def test_days_and_instants_of_a_tape_where_clocks_change() -> None:
    tape = tape_of([{"at": 24.0 * 85, "ends": 24.0 * 95, "event": "e"}], zone="Europe/London")
    assert [date_of(tape, day) for day in range(11)] == [dt.date(2024, 3, 26) + day * DAY for day in range(11)]
    for day in range(11):
        midnight = dt.datetime.combine(dt.date(2024, 3, 26) + day * DAY, dt.time(), zone_of("Europe/London"))
        assert instant_of(tape, day) == int(midnight.timestamp()) * 10**9


def test_bets_that_never_settle_are_kept_on_one_side_too() -> None:
    bets = [{"at": 24.0 * day, "ends": 24.0 * day + 2, "event": f"e{day}"} for day in range(8)]
    tape = tape_of([*bets, {"at": 60.0, "event": "x", "ends": 400.0}, {"at": 108.0, "event": "x", "ends": 400.0}])
    own = np.flatnonzero(tape.settled_at == tape.settled_at.max())
    settled = tape.settled_at.copy()
    settled[own] = NEVER
    never = dataclasses.replace(tape, settled_at=settled, settle_order=tape.settle_order[:-2])
    found = cut_folds(never, [NEW_YEAR, NEW_YEAR + 4 * DAY, NEW_YEAR + 8 * DAY], 0)
    assert found.days[:, 1:4].tolist() == [[0, 3, 3], [6, len(tape.midnights), len(tape.midnights)]]
