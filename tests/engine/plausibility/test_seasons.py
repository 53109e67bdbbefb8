"""Dates of seasons, and numbers in the place of names."""

from __future__ import annotations

from datetime import date

import pytest

from engine.plausibility.seasons import is_shifted, span_of_season


@pytest.mark.parametrize(
    ("season", "sport", "first", "last"),
    [
        ("2012-2013", "football", date(2012, 7, 1), date(2013, 6, 30)),
        ("2019-2020", "football", date(2019, 7, 1), date(2020, 8, 31)),
        ("2019-2020", "basketball", date(2019, 7, 1), date(2020, 10, 31)),
        ("2020-2021", "ice_hockey", date(2020, 7, 1), date(2021, 7, 31)),
        ("2020-2021", "football", date(2020, 7, 1), date(2021, 6, 30)),
        ("2018", "american_football", date(2018, 1, 1), date(2019, 2, 28)),
        ("2019", "american_football", date(2019, 1, 1), date(2020, 2, 29)),
        ("2013", "tennis", date(2012, 12, 1), date(2013, 12, 31)),
    ],
)
def test_the_span_of_a_season(season: str, sport: str, first: date, last: date) -> None:
    assert span_of_season(season, sport) == (first, last)


@pytest.mark.parametrize("season", ["", "21/22", "3.5", "2012-2014", "2013-2012", "season 4", "1812"])
def test_other_names_have_no_span(season: str) -> None:
    assert span_of_season(season) is None


def test_numbers_in_the_place_of_names() -> None:
    for name in ("2.35", "39", "1,8", "-0.25", " 4 ", "50 %", ".5"):
        assert is_shifted("competition", name)
    for name in ("E0", "1. Bundesliga", "Serie A", "2. Liga", "LaLiga 2", ""):
        assert not is_shifted("competition", name)
    assert is_shifted("season", "2.35") and is_shifted("season", "7")
    assert not is_shifted("season", "2021") and not is_shifted("season", "2021-2022")
    assert is_shifted("home", "1.95") and not is_shifted("home", "1860") and not is_shifted("away", "Schalke 04")
