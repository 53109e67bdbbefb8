"""Midnights of zones with and without summer time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.clock import midnights
from engine.errors import ConfigurationError


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def days(first: str, last: str, zone: str) -> tuple[str, list[str]]:
    start, found = midnights(ns(first), ns(last), zone)
    return _text(start), [_text(int(n)) for n in found]


def _text(instant: int) -> str:
    return datetime.fromtimestamp(instant // 10**9, UTC).isoformat(timespec="minutes")[:16]


def test_utc() -> None:
    found = days("2024-03-01T10:00", "2024-03-02T23:59", "UTC")
    assert found == ("2024-03-01T00:00", ["2024-03-02T00:00", "2024-03-03T00:00"])


def test_a_first_decision_at_midnight_is_of_the_new_day_and_a_last_action_at_midnight_of_the_old() -> None:
    found = days("2024-03-01T00:00", "2024-03-02T00:00", "UTC")
    assert found == ("2024-03-01T00:00", ["2024-03-02T00:00"])


def test_a_day_that_the_zone_skips_has_no_midnight_of_its_own() -> None:
    start, found = midnights(ns("2011-12-29T12:00"), ns("2012-01-01T12:00"), "Pacific/Apia")
    rolls = [start, *(int(n) for n in found)]
    assert rolls == sorted(set(rolls))


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)])
def test_days_of_summer_time_change_are_shorter_or_longer(day: str, hours: int) -> None:
    start, found = midnights(ns(f"{day}T12:00"), ns(f"{day}T12:00"), "Europe/London")
    assert (int(found[0]) - start) == hours * 3600 * 10**9


def test_a_midnight_that_the_clocks_skip_is_the_first_instant_of_the_day() -> None:
    found = days("2018-11-03T12:00", "2018-11-04T12:00", "America/Sao_Paulo")
    assert found[1][0] == "2018-11-04T03:00"  # 01:00 local, there was no 00:00


def test_far_from_greenwich() -> None:
    assert days("2024-01-01T16:00", "2024-01-01T16:00", "Asia/Tokyo") == ("2024-01-01T15:00", ["2024-01-02T15:00"])


def test_before_1970() -> None:
    assert days("1960-05-05T12:00", "1960-05-05T13:00", "UTC") == ("1960-05-05T00:00", ["1960-05-06T00:00"])


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown zone"):
        midnights(0, 0, zone)
