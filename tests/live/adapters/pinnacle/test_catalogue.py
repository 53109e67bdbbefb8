"""What Pinnacle offers for links, and what feed and venue of a process share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from engine.clock import HOUR_NS
from engine.errors import BeaError
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.adapters.pinnacle.open import catalogue_over, venue_over
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.registry import Coverage
from engine.live.linking.contract import Links, Theirs
from engine.live.linking.propose import Known, Offered, propose
from engine.live.venue import ReadFailed
from tests.live.adapters.pinnacle.scene import FOOTBALL, START_NS, Scene, heard, serving
from tests.pinnacle_server.offer import three_way


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serving(tmp_path) as made:
        yield made


def offered(scene: Scene, coverage: Coverage = FOOTBALL) -> Sequence[Offered]:
    return catalogue_over(scene.line, PinnacleSettings(), coverage, scene.around())


def test_selections_have_the_ids_and_the_handicaps_of_pinnacle(scene: Scene) -> None:
    scene.offer.leagues[7] = ("England - Premier League", "Team2")
    scene.offer.period(
        11, moneyline=three_way(2.5, 3.4, 3.1), spreads=[{"hdp": -0.5, "home": 1.9, "away": 2.0}],
        totals=[{"points": 2.5, "over": 1.8, "under": 2.1}],
    )  # fmt: skip
    (event,) = offered(scene)
    assert (event.event, event.home, event.away, event.competition) == (
        "11", "Arsenal", "Chelsea", "England - Premier League",
    )  # fmt: skip
    assert {(one.market, one.line, one.selection, one.theirs[1:]) for one in event.selections} == {
        ("1x2", None, "home", ("0/MONEYLINE", "TEAM2", None)), ("1x2", None, "away", ("0/MONEYLINE", "TEAM1", None)),
        ("1x2", None, "draw", ("0/MONEYLINE", "DRAW", None)),
        ("asian_handicap", -0.5, "home", ("0/SPREAD", "TEAM2", -0.5)),
        ("asian_handicap", -0.5, "away", ("0/SPREAD", "TEAM1", 0.5)),
        ("totals", 2.5, "over", ("0/TOTAL_POINTS", "OVER", 2.5)),
        ("totals", 2.5, "under", ("0/TOTAL_POINTS", "UNDER", 2.5)),
    }  # fmt: skip


def test_what_is_not_offered_is_shown_by_reason(scene: Scene) -> None:
    scene.offer.match(21, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS, liveStatus=1, parentId=11)
    scene.offer.match(22, "A", "B", START_NS - HOUR_NS)
    scene.offer.match(31, "A (Corners)", "B (Corners)", START_NS + 10**13, resultingUnit="Corners")
    scene.offer.match(41, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS)
    scene.offer.period(41, moneyline=three_way(2.5, 3.4, 3.1))
    assert [one.event for one in offered(scene)] == ["41"]
    assert scene.shown == [
        "1 passed over: a live event: its prices belong to its parent",
        "1 passed over: an event that has begun",
        "1 passed over: an event that is settled by corners",
        "1 passed over: an event that is there again under a later id",
        "1 passed over: an event without a price of a market that is asked for",
    ]


def test_links_are_proposed_from_it(scene: Scene) -> None:
    known = [Known(5, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS)]
    links = propose("pinnacle", known, offered(scene)).links
    assert {link.ours.selection: link.theirs for link in links} == {
        "home": Theirs("11", "0/MONEYLINE", "TEAM1"), "draw": Theirs("11", "0/MONEYLINE", "DRAW"),
        "away": Theirs("11", "0/MONEYLINE", "TEAM2"),
    }  # fmt: skip


def test_an_offer_that_cannot_be_read_is_one_line(scene: Scene) -> None:
    scene.offer.failing = [(403, "NO_API_ACCESS")] * 2
    with pytest.raises(BeaError, match="no_api_access"):
        offered(scene)
    with pytest.raises(BeaError, match="leagues"):
        scene.feed()


def test_feed_and_venue_of_a_process_ask_for_odds_once(scene: Scene) -> None:
    venue = venue_over(scene.line, PinnacleSettings(), Links([]), scene.around())
    feed = scene.feed()
    heard(feed)
    assert venue._lines is feed._lines
    price = venue._lines.price(Theirs("11", "0/MONEYLINE", "TEAM1"))
    assert price is not None and price.odds == 2.5
    assert [path for path, _ in scene.offer.asked].count("/v2/odds") == 1
    scene.restart()
    assert scene.feed()._lines is not feed._lines


def test_one_process_at_a_time_reads_the_odds_of_a_sport(scene: Scene) -> None:
    heard(scene.feed())
    scene.secrets = type(scene.secrets)()  # as of another process
    scene.clock.sleep_ns(PACE_NS)
    asked = len(scene.service.asked)
    for opens in (scene.feed, lambda: offered(scene)):
        with pytest.raises(BeaError, match="another process reads Pinnacle's odds of this sport"):
            opens()
    assert len(scene.service.asked) == asked
    venue = venue_over(scene.line, PinnacleSettings(), Links([]), scene.around())
    assert venue.bets().complete and venue.balance_minor() > 0
    with pytest.raises(ReadFailed, match="another_process"):
        venue._lines.price(Theirs("11", "0/MONEYLINE", "TEAM1"))
    assert [path for path, _ in scene.offer.asked].count("/v2/odds") == 1
    assert scene.feed(Coverage("tennis"), PinnacleSettings(sport_id=33)) is not None
    scene.restart()
    heard(scene.feed())
