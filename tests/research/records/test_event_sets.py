"""Sets of events: how far two overlap, by ids and by the data of the matches."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from research.records.event_sets import KEPT, EventSet, Prints, overlap
from tests.research.records.test_trials import DATES, events, ids


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_a_sample_of_many_events_knows_their_overlap(share: float) -> None:
    n = 60_000
    own, other = events(0, n), events(round(n * (1 - share)), round(n * (2 - share)))
    assert len(own.sample) == KEPT and (np.diff(own.sample) > 0).all()
    assert overlap(own, other) == pytest.approx(share, abs=4 * 0.5 / KEPT**0.5)
    small = events(round(n * (1 - share)), round(n * (1 - share)) + 3_000)
    wanted = len(set(ids(0, n)) & set(ids(round(n * (1 - share)), round(n * (1 - share)) + 3_000))) / 3_000
    assert overlap(own, small) == overlap(small, own) == pytest.approx(wanted, abs=0.2)


def test_a_set_that_the_sample_cannot_know_counts_where_dates_meet() -> None:
    many = events(0, 400_000)
    inside = [number for number in range(300) if ids(number, number + 1)[0] <= many.sample[-1]]
    few = EventSet.of_hashes(ids(0, 300)[[n for n in range(300) if n not in inside][:5]], *DATES, ())
    assert overlap(few, many) == overlap(many, few) == 1.0
    elsewhere = EventSet(few.events, few.sample, "2021-01-01", "2021-02-01")
    assert overlap(elsewhere, many) == overlap(many, elsewhere) == 0.0
    assert overlap(EventSet(few.events, few.sample), many) == 1.0
    assert overlap(events(0, 0), many) == 0.0


def test_order_and_copies_of_events_do_not_matter() -> None:
    mixed = np.concatenate([ids(0, 500), ids(100, 200)])
    np.random.default_rng(0).shuffle(mixed)
    assert EventSet.of_hashes(mixed, *DATES, ()).hash == events(0, 500).hash != events(0, 501).hash


def season(
    league: str, clubs: list[str], year: int, shift: int = 0, rename: str = "", sport: str = "football"
) -> pl.DataFrame:
    """Every club meets every other at home once, no pair twice within a month; ids of that very spelling."""
    rows = []
    for home, away in itertools.permutations(range(len(clubs)), 2):
        round_ = (home + away) % len(clubs) + len(clubs) * (home > away)
        day = dt.date(year, 8, 1) + dt.timedelta(days=7 * round_ + shift)
        rows.append((sport, league, day, clubs[home] + rename, clubs[away] + rename))
    frame = pl.DataFrame(rows, schema=["sport", "competition", "date", "home", "away"], orient="row")
    return frame.with_columns(event_id=pl.concat_str(pl.all().cast(pl.String)).hash().reinterpret(signed=True))


ENGLAND = ["Man United", "Arsenal", "Nott\u2019m Forest", "Sheffield Weds", "West Brom", "Leeds", "QPR", "Everton"]
SPAIN = ["Real Madrid", "Barcelona", "Ath Bilbao", "Sevilla", "Valencia", "Betis", "La Coruna", "Villarreal"]


def of(frame: pl.DataFrame) -> EventSet:
    return EventSet.of_events(frame, *DATES, ("football_data",))


@pytest.mark.parametrize(
    "other",
    [
        season("Premier League", ENGLAND, 2020),
        season("E0", ENGLAND, 2020, shift=1),
        season("E0", ENGLAND, 2020, shift=-1),
        season("E0", ENGLAND, 2020, rename=" FC"),
        season("E0", [club.upper() for club in ENGLAND], 2020),
        season(
            "EPL",
            [
                "Manchester United FC", "AFC Arsenal", "Nottingham Forest", "Sheffield Wednesday",
                "West Bromwich Albion", "Leeds United", "Queens Park Rangers", "Everton FC",
            ],
            2020,
            shift=1,
        ),
    ],
)  # fmt: skip
def test_the_same_matches_under_other_names(other: pl.DataFrame) -> None:
    own = season("E0", ENGLAND, 2020)
    assert not set(own["event_id"]) & set(other["event_id"])
    assert overlap(of(own), of(other)) == overlap(of(other), of(own)) >= 0.7
    assert of(own).hash != of(other).hash


#: names of football-data.co.uk, and of a feed that writes them in full
SHORT = [
    "Ath Bilbao", "Ath Madrid", "Alaves", "Barcelona", "Betis", "Celta", "Espanol", "Getafe", "La Coruna",
    "Real Madrid", "Sociedad", "Vallecano", "Dortmund", "Leverkusen", "M'gladbach", "FC Koln", "Verona", "Rennes",
    "Lyon", "Man City",
]  # fmt: skip
FULL = [
    "Athletic Bilbao", "Atl\u00e9tico Madrid", "Deportivo Alav\u00e9s", "FC Barcelona", "Real Betis", "Celta Vigo",
    "Espanyol", "Getafe CF", "Deportivo La Coru\u00f1a", "Real Madrid", "Real Sociedad", "Rayo Vallecano",
    "Borussia Dortmund", "Bayer Leverkusen", "Borussia M\u00f6nchengladbach", "1. FC K\u00f6ln", "Hellas Verona",
    "Stade Rennais", "Olympique Lyonnais", "Manchester City",
]  # fmt: skip


def test_a_feed_that_writes_names_in_full() -> None:
    assert overlap(of(season("SP1", SHORT, 2019)), of(season("La Liga", FULL, 2019, shift=1))) > 0.8


def test_other_matches_are_others() -> None:
    own = of(season("E0", ENGLAND, 2020))
    assert overlap(own, of(season("SP1", SPAIN, 2020))) == 0.0, "another league on the same days"
    assert overlap(own, of(season("E0", ENGLAND, 2021))) == 0.0, "another season of the same clubs"
    assert overlap(own, of(season("E0", ENGLAND, 2020, shift=2))) == 0.0
    half = pl.concat([season("A", ENGLAND, 2020).head(28), season("B", SPAIN, 2020).head(28)])
    assert overlap(own, of(half)) == 0.5


def test_exchanged_sides_and_the_order_of_a_players_names() -> None:
    players = ["Federer R.", "Nadal R.", "Djokovic N.", "Del Potro J.M."]
    other = ["Roger Federer", "Rafael Nadal", "Novak Djokovic", "Juan Martin Del Potro"]
    own = season("ATP", players, 2015, sport="tennis")
    told = season("Tour", other, 2015, sport="tennis").rename({"home": "away", "away": "home"})
    assert overlap(of(own), of(told)) == 1.0


def test_a_set_without_prints_is_compared_by_ids() -> None:
    frame = season("E0", ENGLAND, 2020)
    old = EventSet.of_hashes(frame["event_id"].to_numpy(), *DATES, ())
    assert overlap(of(frame), old) == overlap(old, of(frame)) == 1.0
    assert overlap(old, of(season("Premier League", ENGLAND, 2020))) == 0.0
    assert of(frame).hash != old.hash, "a set with prints is another one; it overlaps the old one by its ids"


@pytest.mark.parametrize("share", [0.0, 0.4, 0.6, 1.0])
def test_a_sample_of_many_matches_knows_their_overlap(share: float) -> None:
    keys, days = np.repeat(ids(0, 10_000), 6), np.tile(np.arange(6) * 30, 10_000)
    cut = round(10_000 * (1 - share))
    other = np.repeat(ids(cut, cut + 10_000), 6)
    one, two = Prints.of(keys, days), Prints.of(other, days + 1)
    assert one.matches == 60_000 and len(one.keys) == KEPT
    found = one.shared(two)
    assert found is not None and found == pytest.approx(share, abs=4 * 0.5 / (KEPT / 6) ** 0.5)
    again = Prints.from_plain(one.plain())
    assert again.matches == one.matches and again.shared(two) == found
    assert Prints.from_plain(None).matches == 0 and Prints().shared(one) is None


def test_samples_of_sets_of_different_sizes_are_compared_where_both_are_whole() -> None:
    one = Prints.of(np.repeat(ids(0, 10_000), 6), np.tile(np.arange(6) * 30, 10_000))
    large = Prints.of(np.repeat(ids(0, 40_000), 6), np.tile(np.arange(6) * 30, 40_000))
    assert one.shared(large) == large.shared(one) == 1.0
    few = Prints.of(large.keys[-1:], large.days[-1:])
    assert few.shared(large) is None, "its key may have been cut off"
