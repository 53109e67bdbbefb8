"""The same match under two competitions, sources or zones is one match; other matches are others."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from research.execution.assess import out_of_sample_yield
from research.tapes.matches import match_ids, match_keys

DAY = dt.date(2020, 3, 7)


def bets(*rows: tuple[int, str, int, str, str], sport: str = "football") -> pl.DataFrame:
    """event_id, competition, days after the first, home, away."""
    frame = pl.DataFrame(rows, schema=["event_id", "competition", "days", "home", "away"], orient="row")
    date = pl.lit(DAY) + pl.duration(days=pl.col("days"))
    return frame.with_columns(sport=pl.lit(sport), date=date.cast(pl.Date))


def test_copies_have_the_number_of_the_first() -> None:
    frame = bets(
        (7, "E0", 0, "Man United", "Arsenal"),
        (3, "Premier League", 1, "Manchester United FC", "Arsenal FC"),
        (7, "E0", 0, "Man United", "Arsenal"),
        (9, "EPL", 0, "Arsenal", "Man Utd"),
        (4, "E0", 0, "Everton", "Leeds"),
    )
    assert match_ids(frame).tolist() == [3, 3, 3, 3, 4]
    assert match_ids(frame.head(1)).tolist() == [7] and len(match_ids(frame.clear())) == 0


@pytest.mark.parametrize(
    "other",
    [
        (2, "E1", 2, "Man United", "Arsenal"),  # two days later
        (2, "E1", 0, "Man City", "Arsenal"),  # like letters, another club
        (2, "E1", 0, "Man United", "Ars Arsenalia B"),
        (2, "E1", 0, "Man United Women", "Arsenal Women"),
        (2, "E1", 0, "Everton", "Leeds"),
    ],
)
def test_other_matches_keep_their_numbers(other: tuple[int, str, int, str, str]) -> None:
    assert match_ids(bets((1, "E0", 0, "Man United", "Arsenal"), other)).tolist() == [1, 2]


def test_a_zone_moves_a_football_match_by_a_day_and_never_a_baseball_game() -> None:
    rows = ((1, "E0", 0, "Arsenal", "Leeds"), (2, "E0", 1, "Arsenal", "Leeds"))
    assert match_ids(bets(*rows)).tolist() == [1, 1]
    assert match_ids(bets(*rows, sport="baseball")).tolist() == [1, 2]


def test_games_of_a_series_are_matched_one_to_one() -> None:
    own = [(n, "MLB", n, "Yankees", "Red Sox") for n in range(3)]
    copies = [(10 + n, "American League", n, "Yankees", "Red Sox") for n in range(3)]
    assert match_ids(bets(*own, *copies, sport="baseball")).tolist() == [0, 1, 2, 0, 1, 2]
    later = [(10 + n, "American League", n + 1, "Yankees", "Red Sox") for n in range(3)]
    found = match_ids(bets(*own, *later, sport="baseball"))
    assert len(set(found.tolist())) == 4, "three games, and a copy of a fourth at the end"


def test_rows_without_names_are_their_own_matches() -> None:
    assert match_ids(pl.DataFrame({"event_id": [5, 6, 5]})).tolist() == [5, 6, 5]


def test_the_key_of_two_sides_does_not_depend_on_order_or_spelling() -> None:
    keys = match_keys(
        bets(
            (1, "A", 0, "1. FC K\u00f6ln", "M'gladbach"),
            (2, "A", 0, "Monchengladbach", "Koln"),
            (3, "A", 0, "Koln", "Leverkusen"),
        )
    )
    assert keys[0] == keys[1] != keys[2] and keys.dtype == np.int64


def test_copies_in_a_store_double_nothing() -> None:
    """Condition (c): the interval of a path is the same when every match stands in the store twice."""
    rng = np.random.default_rng(2)
    clubs = [f"{letters} Town" for letters in ("Abc", "Bcd", "Cde", "Def", "Efg", "Fgh", "Ghi", "Hij")]
    rows = [(n, "E0", 3 * n, clubs[n % 8], clubs[(n + 1 + n // 8 % 6) % 8]) for n in range(400)]
    own = bets(*rows).with_columns(
        day=pl.col("date"),
        stake_minor=pl.lit(100.0),
        net_minor=pl.Series(np.where(rng.random(400) < 0.53, 100.0, -100.0)),
    )
    copies = own.with_columns(event_id=pl.col("event_id") + 1_000, competition=pl.lit("Premier League"))
    doubled = pl.concat([own, copies])
    alone, both = out_of_sample_yield(own, 3), out_of_sample_yield(doubled, 3)
    assert (both.low, both.lower, both.high) == pytest.approx((alone.low, alone.lower, alone.high), rel=1e-9)
    apart = out_of_sample_yield(doubled.drop("home", "away"), 3)
    assert apart.high - apart.low < 0.8 * (both.high - both.low), "as if they were other matches"
