"""Links are proposed where each side has one clear partner; everything else is refused by name."""

from __future__ import annotations

import random
from itertools import permutations

import pytest

from engine.live.linking.contract import Ours, Theirs
from engine.live.linking.propose import LEAST, Known, Offered, Proposal, Selection, propose

HOUR = 3_600_000_000_000
CITY = Known(1, "Manchester City", "Chelsea", 100 * HOUR)


def offer(event: str, home: str, away: str, hours: float = 100.0, **selections: str) -> Offered:
    named = selections or {"home": f"{event}h", "away": f"{event}a"}
    parts = tuple(Selection("1x2", None, ours, Theirs(event, f"m{event}", theirs)) for ours, theirs in named.items())
    return Offered(event, home, away, int(hours * HOUR), "", parts)


def pairs(found: Proposal) -> dict[int, str]:
    return {link.ours.event_id: link.theirs.event for link in found.links}


@pytest.mark.parametrize(
    ("home", "away", "hours", "score"),
    [
        ("Manchester City", "Chelsea", 100, 1.0),
        ("MANCHESTER CITY", "Chelsea", 100.08, 1.0),
        ("Man City", "Chelsea", 100, 0.8),
        ("Manchester City", "Chelsea", 102.9, 0.9),
        ("Manchester City", "Chelsea", 124, 0.6),
    ],
)
def test_the_score_is_that_of_names_and_start(home: str, away: str, hours: float, score: float) -> None:
    (one, two) = propose("v", [CITY], [offer("9", home, away, hours)]).links
    assert one.score == two.score == pytest.approx(score)
    assert (one.ours, one.theirs) == (Ours(1, "1x2", None, "home"), Theirs("9", "m9", "9h"))
    assert one.confirmed_by == ""


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        ([offer("9", "Chelsea", "Manchester City")], "the other way round"),
        ([offer("9", "Manchester United", "Chelsea")], "none of our events"),
        ([offer("9", "Manchester City", "Chelsea W")], "none of our events"),
        ([offer("9", "Manchester City", "Chelsea", 137)], "none of our events"),
        ([offer("9", "Man City", "Chelsea", 124)], "not sure enough"),
        ([offer("9", "", "")], "no event of two sides"),
        ([offer("8", "Manchester City", "Chelsea"), offer("9", "Manchester City", "Chelsea")], "ambiguous: another"),
        ([offer("8", "Manchester City", "Chelsea"), offer("8", "Arsenal", "Spurs")], "is there twice"),
    ],
)
def test_what_is_not_clear_is_refused(offered: list[Offered], reason: str) -> None:
    found = propose("v", [CITY], offered)
    assert found.links == () and [reason in one.reason for one in found.refused].count(True) >= 1


def test_two_games_of_one_pair_are_told_apart_by_their_start_and_not_guessed_where_it_lies_between() -> None:
    ours = [Known(1, "Cubs", "Reds", 100 * HOUR), Known(2, "Cubs", "Reds", 104 * HOUR)]
    assert pairs(propose("v", ours, [offer("8", "Cubs", "Reds", 100), offer("9", "Cubs", "Reds", 104)])) == {
        1: "8",
        2: "9",
    }
    between = propose("v", ours, [offer("8", "Cubs", "Reds", 102)])
    assert between.links == () and "ambiguous" in between.refused[0].reason


def test_a_selection_that_is_there_twice_is_left_out_and_the_others_stay() -> None:
    double = offer("9", "Manchester City", "Chelsea")
    twice = Offered(
        "9", double.home, double.away, double.starts_ns, "",
        (*double.selections, Selection("1x2", None, "home", Theirs("9", "other", "h"))),
    )  # fmt: skip
    found = propose("v", [CITY], [twice])
    assert [link.ours.selection for link in found.links] == ["away"]
    assert len(found.refused) == 2 and "2 selections are 1x2 home" in found.refused[0].reason


def test_one_selection_of_the_venue_is_never_two_of_ours() -> None:
    same = Theirs("9", "m", "s")
    double = Offered(
        "9", "Manchester City", "Chelsea", CITY.starts_ns, "",
        (Selection("1x2", None, "home", same), Selection("1x2", None, "away", same)),
    )  # fmt: skip
    found = propose("v", [CITY], [double])
    assert found.links == () and len(found.refused) == 2


def test_the_tables_of_names_are_used() -> None:
    found = propose(
        "v", [CITY], [offer("9", "Citizens", "Chelsea")], lambda name: {"Citizens": "Man City"}.get(name, name)
    )
    assert pairs(found) == {1: "9"}


def test_orders_change_nothing_and_links_are_unique_both_ways() -> None:
    draw = random.Random(16)
    clubs = [
        "Real Madrid",
        "Real Sociedad",
        "Real",
        "Atletico Madrid",
        "Ath Madrid",
        "Athletic Club",
        "Betis",
        "R Betis",
    ]
    for _ in range(60):
        ours = [Known(n, *draw.sample(clubs, 2), draw.randrange(100, 140) * HOUR) for n in range(4)]
        theirs = [offer(str(n), *draw.sample(clubs, 2), draw.randrange(100, 140)) for n in range(3)]
        found = propose("v", ours, theirs)
        assert all(propose("v", ours, order) == found for order in permutations(theirs))
        assert propose("v", ours[::-1], theirs).links == found.links
        assert (
            len({link.ours for link in found.links}) == len({link.theirs for link in found.links}) == len(found.links)
        )
        assert all(LEAST <= link.score <= 1.0 for link in found.links)
        assert len(found.links) + 2 * len(found.refused) == 6  # each offer has two selections
