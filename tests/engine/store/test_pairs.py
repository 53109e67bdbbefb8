"""Pairs of stored matches that may be one match."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations, permutations

import numpy as np
import polars as pl
import pytest

from engine.store.pairs import Pairs, find_pairs
from tests.engine.store.batches import batch, match

DAY = date(2021, 8, 14)
TEAMS = ["Northport", "Eastham", "Westbury Town", "Southmoor", "Dunley", "Dunley United", "Hexworth", "Quarrow"]


def find(*rows: dict, sport: str = "football") -> Pairs:
    frames = [batch([row], sport=row.pop("sport", sport)).events for row in rows]
    return find_pairs(pl.concat(frames))


def season(competition: str, days: int = 7, names: dict[str, str] | None = None) -> list[dict]:
    """Every pair of teams at home and away, one round of matches each `days` days."""
    named = [(names or {}).get(team, team) for team in TEAMS]
    rounds: list[list[tuple[str, str]]] = []
    for pair in permutations(named, 2):
        free = (r for r in rounds if not {*pair} & {team for other in r for team in other})
        found = next(free, None)
        if found is None:
            rounds.append([pair])
        else:
            found.append(pair)
    return [
        match(
            home, away, DAY + timedelta(days=days * number), competition, home_score=(number + k) % 5, away_score=k % 3
        )
        for number, pairs in enumerate(rounds)
        for k, (home, away) in enumerate(pairs)
    ]


def summary(pairs: Pairs) -> list[tuple[str, str]]:
    return pairs.matches.select("differs", "results").rows()


def test_a_season_has_no_pairs() -> None:
    assert not find(*season("E0")).matches.height


@pytest.mark.parametrize("far", ["Northport Town", "North Port", "The Harbour Side"])
def test_a_club_under_another_name_on_one_date(far: str) -> None:
    pairs = find(match("Northport", "Eastham", DAY), match(far, "Eastham", DAY), match("Dunley", "Quarrow", DAY))
    assert summary(pairs) == [("names", "equal")]
    assert pairs.names.select("name", "name_other", "pairs").rows() in (
        [("Northport", far, 1)],
        [(far, "Northport", 1)],
    )


def test_both_clubs_under_near_names() -> None:
    pairs = find(match("Northport", "Eastham", DAY), match("Northport Town", "FC Eastham", DAY))
    assert summary(pairs) == [("names", "equal")] and pairs.names.height == 2


def test_one_match_in_two_competitions() -> None:
    pairs = find(match("Northport", "Eastham", DAY), match("Northport", "Eastham", DAY, "Premier League"))
    assert summary(pairs) == [("competition", "equal")]
    row = pairs.matches.row(0, named=True)
    assert (row["competition"], row["competition_other"]) == ("E0", "Premier League")
    other = match("Northport", "Eastham", DAY, "Premier League", home_score=4, away_score=4, winner="draw")
    assert summary(find(match("Northport", "Eastham", DAY), other)) == [("competition", "differ")]
    scheduled = match("Northport", "Eastham", DAY, "Premier League", status="scheduled")
    assert summary(find(match("Northport", "Eastham", DAY), scheduled)) == [("competition", "unknown")]


@pytest.mark.parametrize("competition", ["E0", "Premier League"])
def test_a_day_off(competition: str) -> None:
    other = match("Northport", "Eastham", DAY + timedelta(days=1), competition)
    expected = "date" if competition == "E0" else "competition, date"
    assert summary(find(match("Northport", "Eastham", DAY), other)) == [(expected, "equal")]
    late = match("Northport", "Eastham", DAY + timedelta(days=3), competition)
    assert not find(match("Northport", "Eastham", DAY), late).matches.height


def test_home_and_away_exchanged() -> None:
    swapped = match("Eastham", "Northport", DAY, home_score=0, away_score=1, winner="away")
    pairs = find(match("Northport", "Eastham", DAY), swapped)
    assert summary(pairs) == [("sides", "equal")] and not pairs.names.height
    renamed = match("Eastham", "Northport Town", DAY, home_score=0, away_score=1, winner="away")
    pairs = find(match("Northport", "Eastham", DAY), renamed)
    assert summary(pairs) == [("names, sides", "equal")]
    assert set(pairs.names.select("name", "name_other").row(0)) == {"Northport", "Northport Town"}


def test_every_match_that_stands_more_than_once_is_in_a_pair() -> None:
    swapped = match("Eastham", "Northport", DAY, home_score=0, away_score=1, winner="away")
    pairs = find(match("Northport", "Eastham", DAY), match("Northport", "Eastham", DAY + timedelta(days=1)), swapped)
    assert sorted(summary(pairs)) == [("date", "equal"), ("sides", "equal")]


def test_two_sources_for_a_season() -> None:
    names = {"Northport": "NFC", "Eastham": "Eastham Town", "Hexworth": "The Foxes"}
    pairs = find(*season("E0"), *season("Premier League", names=names))
    n = len(TEAMS) * (len(TEAMS) - 1)
    assert pairs.competitions.rows() == [("football", "E0", "Premier League", n)]
    assert pairs.matches.height == n and set(pairs.matches["results"]) == {"equal"}
    found = {(row["name"], row["name_other"]) for row in pairs.names.to_dicts()}
    assert found == set(names.items())
    one = pairs.matches["event_id"].to_list() + pairs.matches["event_id_other"].to_list()
    assert len(one) == len(set(one)), "a match is in one pair"


def test_competitions_that_share_matches_need_one_equal_side_only() -> None:
    """Too few matches for a schedule: `NFC` is found because its opponents and dates are those of Northport."""
    first = [row for row in season("E0") if row["date"] < DAY + timedelta(days=28)]
    names = {"Northport": "Harbour Side", "Eastham": "The Foxes"}
    other = [
        {
            **row,
            "competition": "EPL",
            "home": names.get(row["home"], row["home"]),
            "away": names.get(row["away"], row["away"]),
        }
        for row in first
    ]
    assert not {("Northport", "Eastham")} & {(row["home"], row["away"]) for row in first[1:]}
    pairs = find(*first, *other)
    assert pairs.matches.height == len(first)
    assert {(row["name"], row["name_other"]) for row in pairs.names.to_dicts()} == set(names.items())


@pytest.mark.parametrize("competition", ["E0", "Premier League"])
def test_names_that_are_wholly_other_are_found_by_their_schedule(competition: str) -> None:
    names = {team: f"{chr(1040 + k)}{k}" for k, team in enumerate(TEAMS)}
    pairs = find(*season("E0"), *season(competition, names=names))
    assert pairs.matches.height == len(TEAMS) * (len(TEAMS) - 1) and set(pairs.matches["results"]) == {"equal"}
    assert {frozenset((row["name"], row["name_other"])) for row in pairs.names.to_dicts()} == {
        frozenset(pair) for pair in names.items()
    }


def test_names_that_meet_are_different() -> None:
    rows = [match("Dunley", "Eastham", DAY), match("Dunley United", "Eastham", DAY)]
    assert find(*rows).matches.height == 1
    assert not find(*rows, match("Dunley United", "Dunley", DAY + timedelta(days=70))).matches.height


def test_a_reserve_team_and_other_sports_are_other_matches() -> None:
    one = match("Northport", "Eastham", DAY)
    assert not find(one, match("Northport B", "Eastham B", DAY, "Reserves")).matches.height
    hockey = match("Northport", "Eastham", DAY, sport="ice_hockey")
    assert not find(match("Northport", "Eastham", DAY), hockey).matches.height


def test_a_sport_under_two_names() -> None:
    rows = [match("Northport", "Eastham", DAY, sport=sport) for sport in ("football", "soccer")]
    pairs = find(*rows)
    assert summary(pairs) == [("sport", "equal")] and pairs.matches["sport"].to_list() == ["football"]


def test_a_series_on_following_days_is_no_pair() -> None:
    rows = [
        match("Northport", "Eastham", DAY + timedelta(days=k), starts_at_basis="recorded", home_score=k % 2 + 1)
        for k in range(4)
    ]
    assert not find(*rows, sport="baseball").matches.height
    other = [{**row, "competition": "MLB"} for row in rows]
    pairs = find(*rows, *other, sport="baseball")
    assert summary(pairs) == [("competition", "equal")] * 4


def test_two_games_of_one_day_are_no_pair() -> None:
    events = batch([match("Northport", "Eastham", DAY)], sport="baseball").events
    second = events.with_columns(pl.col("event_id") + 1, pl.col("home_score") + 1)
    assert not find_pairs(pl.concat([events, second])).matches.height


def test_a_player_may_play_twice_a_day() -> None:
    rows = [match("Adams A.", other, DAY, "ATP Open", neutral=True) for other in ("Baker B.", "Carter C.")]
    assert not find(*rows, sport="tennis").matches.height
    near = match("Adams A.", "Baker Bo.", DAY, "ATP Open", neutral=True)
    pairs = find(match("Adams A.", "Baker B.", DAY, "ATP Open", neutral=True), near, sport="tennis")
    assert summary(pairs) == [("names", "equal")]


def test_a_player_under_another_name_may_change_the_alphabetical_order() -> None:
    one = match("Baker B.", "Zimmer A.", DAY, "Open", neutral=True, home_score=2, away_score=0)
    other = match("Andrea Zimmer", "Baker B.", DAY, "Open", neutral=True, home_score=0, away_score=2, winner="away")
    pairs = find(one, other, sport="tennis")
    assert summary(pairs) == [("names", "equal")]
    assert set(pairs.names.select("name", "name_other").row(0)) == {"Zimmer A.", "Andrea Zimmer"}


def test_an_exchanged_match_under_another_name() -> None:
    swapped = match("Eastham", "The Harbour Side", DAY, home_score=0, away_score=1, winner="away")
    assert summary(find(match("Northport", "Eastham", DAY), swapped)) == [("names, sides", "equal")]
    other = match("Eastham", "The Harbour Side", DAY, home_score=3, away_score=1)
    assert not find(match("Northport", "Eastham", DAY), other).matches.height, "another result: another match"


def test_winners_without_scores_are_compared() -> None:
    rows = [
        match("Northport", "Eastham", DAY, competition, home_score=None, away_score=None, winner=winner)
        for competition, winner in (("E0", "home"), ("EPL", "home"), ("Cup", "away"))
    ]
    assert summary(find(*rows[:2])) == [("competition", "equal")]
    assert summary(find(rows[0], rows[2])) == [("competition", "differ")]


def test_two_games_of_one_day_in_two_competitions_are_two_pairs() -> None:
    rows = [
        match("Northport", "Eastham", DAY, competition, home_score=score)
        for competition in ("A", "B")
        for score in (3, 5)
    ]
    frames = [batch([row], sport="baseball").events for row in rows]
    numbers = [frame.with_columns(pl.col("event_id") + k % 2) for k, frame in enumerate(frames)]
    assert summary(find_pairs(pl.concat(numbers))) == [("competition", "equal")] * 2


def test_the_order_of_the_events_does_not_matter() -> None:
    rows = [*season("E0"), *season("Premier League", names={"Northport": "NFC"})]
    events = pl.concat([batch([row]).events for row in rows])
    one, other = find_pairs(events), find_pairs(events.sample(fraction=1.0, shuffle=True, seed=1))
    assert one.matches.equals(other.matches) and one.names.equals(other.names)
    assert one.competitions.equals(other.competitions)


def test_equal_results_everywhere_say_nothing() -> None:
    """All matches of two leagues end 1-0 on the same dates."""
    one = [{**row, "home_score": 1, "away_score": 0} for row in season("E0")]
    names = {team: f"{chr(1040 + k)}{k}" for k, team in enumerate(TEAMS)}
    other = [{**row, "home_score": 1, "away_score": 0} for row in season("E1", names=names)]
    assert not find(*one, *other).matches.height


def test_no_events() -> None:
    pairs = find_pairs(batch([match("A", "B", DAY)]).events.clear())
    assert not pairs.matches.height and not pairs.names.height and not pairs.competitions.height


def test_a_large_store_has_no_false_pairs() -> None:
    """60,000 matches of 40 leagues whose clubs have like names."""
    clubs = [
        [f"{a}{b} L{c}" for a in ("North", "East", "Wel", "Hex") for b in ("ham", "port", "ley")] for c in range(40)
    ]
    goals = iter(np.random.default_rng(1).integers(0, 4, 200_000).tolist())
    rows = [
        match(
            *(home, away, date(2000, 1, 1) + timedelta(days=7 * k + 91 * year), f"L{league}"),
            home_score=next(goals),
            away_score=next(goals),
        )
        for league, teams in enumerate(clubs)
        for year in range(23)
        for k, (home, away) in enumerate(combinations(teams, 2))
    ]
    events = batch(rows).events
    assert events.height > 50_000
    assert not find_pairs(events).matches.height
