"""Zones and formats of starts and of the times at which prices were known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.errors import ConfigurationError
from engine.source.mapped.times import instant_of
from engine.source.mapping import parse_mapping
from tests.engine.source.mapped.reading import read

SEEN = """
sport: {value: tennis}
competition: {value: X}
home: h
away: a
start: {column: d, format: "%d.%m.%Y", time_column: t, zone: Europe/Moscow}
known: {columns: [seen]}
bookmaker: {value: b}
prices:
  - {column: p, market: moneyline, selection: home, instant: snapshot}
"""
TEXT = "d,t,h,a,p,seen\n27.06.2025,15:00,A,B,1.5,2025-06-27 14:00\n"


def known(text: str, mapping: str) -> tuple[datetime, str]:
    quotes = read(text, mapping).quotes
    return quotes.select("known_at", "instant").row(0)


def test_a_time_without_a_zone_is_in_the_zone_of_the_start() -> None:
    assert known(TEXT, SEEN) == (datetime(2025, 6, 27, 11, tzinfo=UTC), "snapshot")
    own = SEEN.replace("columns: [seen]", "columns: [seen], zone: UTC")
    assert known(TEXT, own) == (datetime(2025, 6, 27, 14, tzinfo=UTC), "in_play")
    named = TEXT.replace("14:00\n", "14:00+00:00\n")
    assert known(named, SEEN) == (datetime(2025, 6, 27, 14, tzinfo=UTC), "in_play")


def test_formats_of_times() -> None:
    other = SEEN.replace("columns: [seen]", "columns: [seen], format: '%d.%m.%Y %H:%M'")
    assert known(TEXT.replace("2025-06-27 14:00", "27.06.2025 14:00"), other)[0].hour == 11
    assert instant_of("1700000000", "unix", "UTC") == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert instant_of("1700000000500", "unix_ms", "UTC") == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert instant_of("nan", "unix", "UTC") is None and instant_of("1e30", "unix", "UTC") is None
    pm = SEEN.replace("time_column: t", "time_column: t, time_format: '%I:%M %p'")
    assert read(TEXT.replace("15:00", "03:00 PM"), pm).events["starts_at"][0].hour == 12
    parts = SEEN.replace('column: d, format: "%d.%m.%Y"', "columns: [y, m, d]")
    assert read("y,m,d,t,h,a,p,seen\n2025,06,27,15:00,A,B,1.5,2025-06-27 14:00\n", parts).counts.prices_kept == 1


def test_a_snapshot_needs_a_time() -> None:
    with pytest.raises(ConfigurationError, match="no time"):
        parse_mapping(SEEN.replace("known: {columns: [seen]}\n", ""), "m")
    with pytest.raises(ConfigurationError, match="time zone"):
        parse_mapping(SEEN.replace("columns: [seen]", "columns: [seen], zone: Moscow"), "m")
    parsed = read(TEXT.replace("2025-06-27 14:00", ""), SEEN)
    assert parsed.quarantine["reason"].to_list() == ["no time at which its prices were known"]
    assert read(TEXT.replace("2025-06-27 14:00", "").replace("1.5", ""), SEEN).events.height == 1


def test_a_snapshot_of_a_long_table_without_a_time_is_refused() -> None:
    mapping = SEEN[: SEEN.index("known")] + (
        "long:\n  market: {value: moneyline}\n  selection: {value: home}\n  bookmaker: {value: b}\n"
        "  instant: kind\n  odds_column: p\n"
    )
    parsed = read("d,t,h,a,p,kind\n27.06.2025,15:00,A,B,1.5,snapshot\n28.06.2025,15:00,A,B,1.5,close\n", mapping)
    assert parsed.quotes["instant"].to_list() == ["close"]
    assert parsed.quarantine["reason"].to_list() == ["a price of kind snapshot without the time at which it was known"]
