"""Midnights of zones with and without daylight saving time, instants, and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.clock import DAY_NS, HOUR_NS, day_of, day_start, duration_ns, instant_ns, midnights
from engine.errors import ConfigurationError


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def days(first: str, last: str, zone: str) -> tuple[str, list[str]]:
    start, later = midnights(ns(first), ns(last), zone)
    return _text(start), [_text(int(n)) for n in later]


def _text(instant: int) -> str:
    return datetime.fromtimestamp(instant // 10**9, UTC).isoformat(timespec="minutes")[:16]


def test_midnights_in_utc() -> None:
    found = days("2024-03-01T10:00", "2024-03-02T23:59", "UTC")
    assert found == ("2024-03-01T00:00", ["2024-03-02T00:00", "2024-03-03T00:00"])


def test_midnight_starts_the_first_day_and_ends_the_last() -> None:
    found = days("2024-03-01T00:00", "2024-03-02T00:00", "UTC")
    assert found == ("2024-03-01T00:00", ["2024-03-02T00:00"])


def test_a_day_that_the_zone_skips_has_no_midnight() -> None:
    start, found = midnights(ns("2011-12-29T12:00"), ns("2012-01-01T12:00"), "Pacific/Apia")
    rolls = [start, *(int(n) for n in found)]
    assert rolls == sorted(set(rolls))


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)])
def test_days_on_which_the_clocks_change_are_shorter_or_longer(day: str, hours: int) -> None:
    start, found = midnights(ns(f"{day}T12:00"), ns(f"{day}T12:00"), "Europe/London")
    assert (int(found[0]) - start) == hours * 3600 * 10**9


def test_if_the_clocks_skip_midnight_the_day_starts_after_the_gap() -> None:
    found = days("2018-11-03T12:00", "2018-11-04T12:00", "America/Sao_Paulo")
    assert found[1][0] == "2018-11-04T03:00"  # 01:00 local, there was no 00:00


def test_midnights_far_from_greenwich() -> None:
    assert days("2024-01-01T16:00", "2024-01-01T16:00", "Asia/Tokyo") == ("2024-01-01T15:00", ["2024-01-02T15:00"])


def test_midnights_before_1970() -> None:
    assert days("1960-05-05T12:00", "1960-05-05T13:00", "UTC") == ("1960-05-05T00:00", ["1960-05-06T00:00"])


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown zone"):
        midnights(0, 0, zone)


def test_days_of_a_zone() -> None:
    late = ns("2024-06-01T23:30")
    assert day_of(late, "UTC") == date(2024, 6, 1) and day_of(late, "Europe/London") == date(2024, 6, 2)
    assert day_start(date(2024, 6, 2), "Europe/London") == ns("2024-06-01T23:00")
    with pytest.raises(ConfigurationError, match="unknown zone"):
        day_of(late, "Mars/Base")


def test_a_datetime_becomes_an_instant_without_rounding() -> None:
    assert instant_ns(datetime(2024, 6, 1, 12, 0, 0, 123_457, tzinfo=UTC)) == ns("2024-06-01T12:00") + 123_457_000
    assert instant_ns(datetime.fromisoformat("1969-12-31T23:59:59.999999+00:00")) == -1_000
    assert instant_ns(datetime.fromisoformat("1970-01-01T01:00+01:00")) == 0


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90 * 10**9), (" 30m ", HOUR_NS // 2), ("1h", HOUR_NS), ("2d", 2 * DAY_NS)]
)
def test_durations(text: str, expected: int) -> None:
    assert duration_ns(text) == expected


@pytest.mark.parametrize("text", ["", "1", "h", "1w", "-1h", "1.5h", "1h30m", "1234567s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"not a duration in some\.key"):
        duration_ns(text, "some.key")
