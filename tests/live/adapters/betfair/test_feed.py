"""The feed at the fake stream over TLS: prices, what becomes stale, losses, results, and its own recordings."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SECOND_NS
from engine.errors import BeaError
from engine.live.adapters.betfair.feed import FOLLOW_NS, FORCED_NS, RESTATE_NS
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.feed import FeedFailure, Fixture, Gap, Mark, Quote, Result
from engine.live.feeds.sieve import refusal_of
from engine.source.betfair.history import read_file
from engine.source.quarantine import Origin
from tests.live.adapters.betfair.feeding import NAMES, Feeding, best, closed, definition, feeding, placing, row
from tests.live.adapters.betfair.mutations import held, spoilt, through


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Feeding]:
    with feeding(tmp_path) as found:
        yield found


def short(quotes: list[Any]) -> set[tuple[Any, ...]]:
    return {(q.selection, q.side, q.odds, q.size_minor, q.kind, q.stale) for q in quotes if isinstance(q, Quote)}


def test_best_prices_and_sizes_come_after_their_event_with_the_names_of_the_catalogue(one: Feeding) -> None:
    found = one.until(Quote)
    (fixture,) = [m for m in found if isinstance(m, Fixture)]
    assert (fixture.values["home"], fixture.values["away"], fixture.values["competition"]) == ("Arsenal", "Leeds", "GB")
    assert isinstance(found[0], Fixture | Mark) and short(found) == {
        ("home", "back", 2.0, 1000.0, "snapshot", False), ("home", "lay", 2.1, 1000.0, "snapshot", False),
        ("away", "back", 3.5, 1000.0, "snapshot", False), ("away", "lay", 3.6, 1000.0, "snapshot", False),
    }  # fmt: skip


def test_a_price_that_is_withdrawn_or_suspended_is_stale_and_in_play_is_marked(one: Feeding) -> None:
    one.until(Quote)
    one.server.publish({"id": "1.1", "rc": [{"id": 2, "batb": [[0, 3.5, 0]]}]})
    assert short(one.quotes()) == {("away", "back", 3.5, 1000.0, "snapshot", True)}
    one.server.publish({"id": "1.1", "marketDefinition": definition(status="SUSPENDED")})
    assert {(q.selection, q.side) for q in one.quotes() if q.stale} == {
        ("home", "back"), ("home", "lay"), ("away", "lay"),
    }  # fmt: skip
    one.server.publish({"id": "1.1", "marketDefinition": definition(inPlay=True)})
    again = one.quotes()
    assert len(again) == 3 and {(q.kind, q.stale) for q in again} == {("in_play", False)}


def test_a_lost_connection_is_a_gap_and_everything_stale_until_a_whole_image(one: Feeding) -> None:
    one.until(Quote)
    one.server.drop()
    found = one.until(Gap)
    assert {q.stale for q in found if isinstance(q, Quote)} == {True}
    with pytest.raises(FeedFailure, match="the stream is lost"):
        one.feed.poll(0)
    assert short(one.until(Quote, 300)) and "clk" not in one.server.heard[-1]


def spoil(one: Feeding, *changes: dict[str, Any]) -> None:
    """Changes that cannot be read; an image does not repeat them."""
    for change in changes or ({"id": "1.1", "rc": [{"id": 1, "ltp": "much"}]},):
        held = copy.deepcopy(one.server._books)
        one.server.publish(change)
        one.server._books = held


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Feeding]:
    """A feed of two matches, whose prices have come."""
    event = {"id": "31", "name": "Derby v Bury", "countryCode": "GB"}
    with feeding(tmp_path, rows=[row(), row("1.2", event=event)]) as found:
        found.server.publish({"id": "1.2", "marketDefinition": definition(eventId="31"), "rc": [best(1, 4.0)]})
        assert len(short(found.until(Quote))) == 6
        yield found


def test_an_unreadable_change_makes_its_market_stale_until_an_image_and_the_others_go_on(two: Feeding) -> None:
    spoil(two)
    stale = [q for q in two.feed.poll(0) if isinstance(q, Quote)]
    assert len(stale) == 4 and all(q.stale for q in stale)
    two.server.publish({"id": "1.2", "rc": [best(1, 4.2)]})  # under way when the image is asked for
    asked = len(two.server.heard)
    found = [m for _ in range(4) for m in two.feed.poll(SECOND_NS // 10)]
    fresh = [q for q in found if isinstance(q, Quote)]
    assert {q.odds for q in fresh if q.event_id != stale[0].event_id} == {4.2, 4.3}
    assert len([q for q in fresh if q.event_id == stale[0].event_id]) == 4 and not any(q.stale for q in fresh)
    assert not any(isinstance(m, Gap) for m in found) and two.server.connections == 1
    (request,) = two.server.heard[asked:]
    assert request["op"] == "marketSubscription" and "clk" not in request


def test_a_market_that_stays_unreadable_asks_for_images_ever_more_seldom(two: Feeding) -> None:
    book = two.server._books["1.1"]["rc"][(1, 0)]
    book["ltp"] = "much"
    two.server.image()
    asked, began_ns, heard = list[int](), two.clock.monotonic_ns(), len(two.server.heard)
    while len(asked) < 6:
        two.server.beat()
        found = two.poll() + two.poll()
        assert not any(isinstance(m, Gap) or (isinstance(m, Quote) and m.odds > 3.9) for m in found)
        asked += [(two.clock.monotonic_ns() - began_ns) // SECOND_NS] * (len(two.server.heard) - heard)
        heard = len(two.server.heard)
        two.clock.sleep_ns(SECOND_NS // 2)
    assert asked == [0, 1, 3, 7, 15, 31]
    del book["ltp"]
    two.clock.sleep_ns(FORCED_NS)
    two.server.beat()
    assert {q.stale for q in two.quotes(6)} == {False} and two.server.connections == 1


def test_after_an_unreadable_change_a_market_waits_for_its_image_whatever_else_comes_of_it() -> None:
    named, message = definition(eventName="Arsenal v Leeds"), {"op": "mcm", "pt": 1_700_000_000_000}
    image = {"id": "1.1", "img": True, "marketDefinition": named, "rc": [best()]}
    half = {"id": "1.1", "marketDefinition": named, "rc": [{"id": 1, "batb": [[1, 1.5, 9.0]]}]}
    spoilt = {"id": "1.1", "rc": [7]}
    feed, found = through([message | {"ct": "SUB_IMAGE", "mc": [image]}, message | {"mc": [spoilt, half]}])
    assert all(q.stale for q in held(found).values()) and feed.passed_over["a change of a market before its image"] == 1
    _, found = through([message | {"ct": "SUB_IMAGE", "mc": [image]}, message | {"mc": [spoilt, image]}])
    assert len(held(found)) == 2 and not any(q.stale for q in held(found).values())


def test_a_session_that_is_over_is_noticed_while_the_stream_goes_on(tmp_path: Path) -> None:
    with placing(tmp_path) as place, ExitStack() as stack:
        one = place.opened(stack, BetfairSettings(jurisdiction="it", heartbeat_ms=500))
        one.until(Quote)
        place.scene.desk.sessions.remove("session-1")  # as Betfair does there after 20 minutes
        one.clock.sleep_ns(600 * SECOND_NS)
        one.server.beat()
        one.poll()
        assert "session-1" in place.scene.desk.sessions and place.server.connections == 1  # a new login


def test_every_hour_markets_that_start_next_take_the_places_of_those_that_have_ended(tmp_path: Path) -> None:
    rows = [row(f"1.{n}", marketStartTime=f"2023-11-15T0{n // 60}:{n % 60:02d}:00.000Z") for n in range(1, 202)]
    with placing(tmp_path, rows) as place, ExitStack() as stack:
        one = place.opened(stack)
        one.until(Quote)
        ids = one.server.heard[-1]["marketFilter"]["marketIds"]
        assert ids == [f"1.{n}" for n in range(1, 201)]
        assert place.shown == [
            "1 markets that start later are followed when others have ended: a subscription has 200"
        ]  # fmt: skip
        one.server.publish({"id": "1.201", "marketDefinition": definition(eventId="31"), "rc": [best(1, 4.0)]})
        one.server.publish({"id": "1.1", "marketDefinition": definition(winner=2, status="CLOSED")})
        one.until(Result)
        place.scene.exchange.listed = rows[1:]  # the catalogue has no closed markets
        one.clock.sleep_ns(FOLLOW_NS)
        one.server.beat()
        found = one.until(Quote)
        assert {q.odds for q in found if isinstance(q, Quote) and not q.stale} == {4.0, 4.1}
        assert set(one.server.heard[-1]["marketFilter"]["marketIds"]) == {*ids, "1.201"} - {"1.1"}
        assert one.server.connections == 1 and len(place.shown) == 1
        place.scene.exchange.listed = [{"odd": 1}]  # a catalogue that cannot be read changes nothing
        one.clock.sleep_ns(FOLLOW_NS)
        one.server.beat()
        heard = len(one.server.heard)
        assert not any(isinstance(m, Gap) for m in one.poll()) and len(one.server.heard) == heard


def test_a_change_of_nobody_makes_everything_stale_until_the_image(two: Feeding) -> None:
    with two.server._lock:
        for connection in two.server._open:
            connection.send({"op": "mcm", "id": connection.number, "pt": two.server.pt, "mc": [7]}, two.server.clk)
    assert [q.stale for q in two.feed.poll(0) if isinstance(q, Quote)] == [True] * 6
    assert [q.stale for q in two.quotes()] == [False] * 6 and two.server.connections == 1


def test_while_the_stream_is_unreliable_nothing_is_fresh_and_then_what_came_meanwhile_is(one: Feeding) -> None:
    one.until(Quote)
    one.server.beat(status=503)
    assert [q.stale for q in one.quotes()] == [True] * 4
    one.server.publish({"id": "1.1", "rc": [best(1, 2.4)]}, status=503)
    one.server.beat(status=503)
    assert not one.quotes() and one.server.connections == 1
    one.server.publish({"id": "1.1", "marketDefinition": definition(winner=2, status="CLOSED")}, status=503)
    assert [m.values["winner"] for m in one.until(Result) if isinstance(m, Result)] == ["away"]
    one.server.publish({"id": "1.1", "marketDefinition": definition()}, status=503)
    one.server.beat(status=None)
    assert {(q.selection, q.odds) for q in one.quotes() if not q.stale} == {
        ("home", 2.4), ("home", 2.5), ("away", 3.5), ("away", 3.6),
    }  # fmt: skip


def test_of_two_copies_of_a_market_in_an_image_the_later_version_counts() -> None:
    def image(version: int, odds: float) -> dict[str, Any]:
        named = definition(eventName="Arsenal v Leeds", version=version)
        return {"id": "1.1", "img": True, "marketDefinition": named, "rc": [best(1, odds)]}

    message = {"op": "mcm", "pt": 1_700_000_000_000, "ct": "SUB_IMAGE"}
    for copies in ([image(9, 2.0), image(8, 3.0)], [image(8, 3.0), image(9, 2.0)]):
        feed, found = through([message | {"mc": copies}])
        assert [q for q in held(found).values() if q.side == "back"][-1].odds == 2.0
    later = {"op": "mcm", "pt": 1_700_000_001_000, "mc": [image(7, 5.0)]}  # versions may fall, but not in one image
    feed, found = through([message | {"mc": [image(9, 2.0)]}, later])
    assert [q for q in held(found).values() if q.side == "back"][-1].odds == 5.0 and not feed.passed_over


def test_a_market_that_an_image_in_the_middle_has_not_is_stale(one: Feeding) -> None:
    one.until(Quote)
    one.server._books.clear()
    one.server.image()
    assert len([q for q in one.quotes() if q.stale]) == 4


def test_a_price_that_stands_is_said_again_while_heartbeats_come(one: Feeding) -> None:
    one.until(Quote)
    assert not one.quotes()
    one.clock.sleep_ns(RESTATE_NS)
    one.server.pt += RESTATE_NS // 1_000_000
    one.server.beat()
    again = one.quotes()
    assert len(again) == 4 and not any(q.stale for q in again) and RESTATE_NS < 450 * SECOND_NS


def test_the_final_status_of_the_runners_is_the_result(one: Feeding) -> None:
    one.until(Quote)
    one.server.publish({"id": "1.1", "marketDefinition": definition(winner=2, status="CLOSED")})
    (result,) = [m for m in one.until(Result) if isinstance(m, Result)]
    assert (result.values["winner"], result.values["status"], result.version) == ("away", "played", 1)
    one.server.publish({"id": "1.1", "marketDefinition": definition(winner=1, status="CLOSED")})
    (result,) = [m for m in one.until(Result) if isinstance(m, Result)]
    assert (result.values["winner"], result.version) == ("home", 2)


def test_in_another_currency_sizes_are_not_known(tmp_path: Path) -> None:
    with feeding(tmp_path, settings=BetfairSettings(currency="EUR", heartbeat_ms=500)) as one:
        assert {q.size_minor for q in one.until(Quote) if isinstance(q, Quote)} == {None}


def test_the_import_of_an_own_recording_gives_the_quotes_and_events_of_the_feed(tmp_path: Path) -> None:
    with feeding(tmp_path) as one:
        found = one.until(Quote)
        for odds in (2.2, 2.4, 2.3):
            one.server.pt += 2_000
            one.server.publish({"id": "1.1", "rc": [best(1, odds)]})
            found += one.quotes()
    (path,) = (tmp_path / "data" / "raw" / "betfair").iterdir()
    parsed = read_file(path, Origin("betfair_history", path.name, ""))
    columns = ("event_id", "market", "selection", "bookmaker", "side", "odds", "size_minor", "instant")
    stored = list(parsed.quotes.select(columns).iter_rows())
    told = [
        (q.event_id, q.market, q.selection, q.bookmaker, q.side, q.odds, q.size_minor, q.kind)
        for q in found if isinstance(q, Quote)
    ]  # fmt: skip
    assert len(told) == 10 and sorted(stored) == sorted(told)
    (fixture,) = [m for m in found if isinstance(m, Fixture)]
    assert parsed.events["event_id"].to_list() == [fixture.values["event_id"]]


def test_spoilt_messages_never_leave_the_contract() -> None:
    assert spoilt(1_000, seed=1) > 1_000


def test_real_messages_go_through_and_settle(reference_dir: Path) -> None:
    """A race of the recordings: last traded prices, and the end of each runner."""
    lines = (reference_dir / "data" / "betfair" / "stream" / "1.197931750").read_bytes().splitlines()
    feed, found = through([json.loads(line) for line in lines])
    assert not feed.passed_over and not any(refusal_of(m) for m in found)
    assert len([m for m in found if isinstance(m, Quote)]) > 500
    (result,) = [m for m in found if isinstance(m, Result)]
    parsed = read_file(
        reference_dir / "data" / "betfair" / "stream" / "1.197931750", Origin("betfair_history", "stream", "")
    )
    (stored,) = parsed.events.iter_rows(named=True)
    names = ("event_id", "status", "winner_finish", "home", "away")
    assert [result.values[name] for name in names] == [stored[name] for name in names]
    assert ":won" in result.values["winner_finish"]


def test_markets_that_closed_while_nothing_ran_end_as_their_books_say(home: Path) -> None:
    with placing(
        home,
        [row(f"1.{n}", event={"id": f"{n}", "name": "Arsenal v Leeds", "countryCode": f"C{n}"}) for n in range(1, 131)],
    ) as place:
        books, later = (
            place.scene.exchange.closed,
            row("1.999", event={"id": "999", "name": "Arsenal v Leeds", "countryCode": "FR"}),
        )
        with ExitStack() as stack:
            place.opened(stack)
        place.scene.exchange.listed = [later]
        books |= {f"1.{n}": closed(n % 4, f"1.{n}") for n in range(1, 101)}
        books["1.3"] = closed(0, "1.3", runners=[{"selectionId": n, "status": "REMOVED"} for n in NAMES])
        books["1.5"] = closed(1, "1.5", runners="none")
        books["1.6"] = closed(2, "1.6", runners=[{"selectionId": [2], "status": "WINNER"}])
        with ExitStack() as stack:
            first = [one for one in place.opened(stack).feed.poll(0) if isinstance(one, Result)]
            said = "how 1 markets ended that closed meanwhile is asked again at the next start"
            assert place.shown == [f"{said}: runners", f"{said}: selectionId"] and len(first) == 73
        books["1.5"] = closed(0, "1.5", runners=[{"selectionId": 1, "status": "WINNER"}])
        books["1.6"] = closed(2, "1.6")
        with ExitStack() as stack:
            found = [one for one in place.opened(stack).feed.poll(0) if isinstance(one, Result)]
    ends = {one.values["competition"]: (one.values["status"], one.values["winner"]) for one in found}
    assert len(found) == len(ends) == 75 and {one.version for one in found} == {1}  # of 100, a winner of 3 in 4
    assert (ends["C1"], ends["C2"], ends["C3"]) == (("played", "home"), ("played", "away"), ("abandoned", None))
    assert ends["C5"] == ("played", "home")
    asked = [len(one["marketIds"]) for one in place.scene.asked("listMarketBook")]
    assert max(asked) == 100 and asked[-3:] == [100, 30, 70]


def test_promotions_of_one_sport_keep_their_markets_in_one_file(home: Path) -> None:
    path = home / "data" / "betfair" / "markets-football.json"
    one, other = (
        row(name, event={"id": name, "name": "Arsenal v Leeds", "countryCode": name}) for name in ("1.1", "1.2")
    )
    with placing(home, [one]) as place, ExitStack() as stack:
        first = place.opened(stack)
        place.scene.exchange.listed = [other]
        place.opened(stack)
        place.scene.exchange.listed = [one, row("1.4")]
        place.scene.clock.sleep_ns(FOLLOW_NS)
        first.poll()
    assert set(json.loads(path.read_text())["markets"]) == {"1.1", "1.2", "1.4"}


def test_a_file_of_markets_that_is_damaged_is_named(home: Path) -> None:
    path = home / "data" / "betfair" / "markets-football.json"
    with placing(home) as place:
        with ExitStack() as stack:
            place.opened(stack)
        path.write_text(path.read_text().replace("runners", "riders"))
        with ExitStack() as stack, pytest.raises(BeaError, match="the markets of Betfair"):
            place.opened(stack)


def test_prices_of_a_delayed_key_are_named_once(home: Path) -> None:
    with placing(home) as place, ExitStack() as stack:
        place.server.conflate_ms = 180_000
        one = place.opened(stack)
        one.until(Quote)
        place.server.image()
        one.poll()
        assert place.shown == ["warning: prices of Betfair come up to 180 s late: is the key a delayed one?"]


def test_a_matched_price_of_1_that_hides_a_runner_is_no_price(one: Feeding) -> None:
    one.until(Quote)
    one.server.publish({"id": "1.1", "rc": [{"id": 1, "ltp": 2.4}]})
    assert [(q.bookmaker, q.odds, q.stale) for q in one.quotes()] == [("betfair_traded", 2.4, False)]
    one.server.publish({"id": "1.1", "rc": [{"id": 1, "ltp": 1.0}]})
    assert [(q.bookmaker, q.odds, q.stale) for q in one.quotes()] == [("betfair_traded", 2.4, True)]
