"""Prices and results as messages: what the import of the kept answers gives, and nothing old that looks new."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.errors import BeaError, ConfigurationError, LedgerFailure
from engine.live.adapters.registry import Coverage
from engine.live.adapters.the_odds_api.feed import OddsApiFeed
from engine.live.adapters.the_odds_api.reading import Reader, instant
from engine.live.feed import Feed, FeedFailure, Fixture, Gap, Mark, Message, Quota, Quote, Result
from engine.live.feeds.sieve import refusal_of
from engine.live.ledger.settings import LedgerSettings
from engine.source.read import read_files
from engine.store import Store
from tests.live.adapters.the_odds_api.service import FOOTBALL, GAMES, START_NS, Service, opened, serving
from tests.odds_server.world import Game, iso
from tests.wire_server.server import answer


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    monkeypatch.delenv("BEA_LEDGER_URL", raising=False)
    with serving() as found:
        yield found


def heard(service: Service, feed: Feed, hours: float) -> list[Message]:
    """All messages of so long; a failure is named by its text."""
    until, found = service.clock.wall_ns() + round(hours * HOUR_NS), list[Message]()
    while service.clock.wall_ns() < until:
        try:
            found += feed.poll(30 * SECOND_NS) or ()
        except FeedFailure:
            service.clock.sleep_ns(SECOND_NS)
    return found


def of(kind: type, messages: Sequence[Message]) -> list[Any]:
    return [message for message in messages if isinstance(message, kind)]


def test_events_prices_and_results_of_a_match(service: Service) -> None:
    messages = heard(service, opened(service), 6)
    assert not [message for message in messages if refusal_of(message)]
    marks = [message.known_at_ns for message in of(Mark, messages)]
    assert marks == sorted(set(marks)) and marks[-1] >= START_NS + 6 * HOUR_NS - 60 * SECOND_NS
    first, second = of(Fixture, messages)
    assert (first.values["home"], first.values["status"]) == ("Arsenal", "scheduled") and second.values[
        "home"
    ] == "Leeds"
    (result,) = of(Result, messages)
    assert (result.values["home_score"], result.values["away_score"], result.version) == (2, 1, 1)
    assert result.values["event_id"] == first.values["event_id"]
    assert START_NS + 5 * HOUR_NS <= result.known_at_ns <= START_NS + 5 * HOUR_NS + 600 * SECOND_NS
    quotes = of(Quote, messages)
    assert {(quote.market, quote.selection) for quote in quotes} >= {("1x2", "draw"), ("totals", "over")}
    assert {quote.side for quote in quotes} == {"back", "lay"} and {quote.size_minor for quote in quotes} == {None, 0.0}


def test_what_it_says_is_what_the_import_of_its_answers_says(service: Service, tmp_path: Path) -> None:
    world, feed = service.server.world, opened(service)
    messages = heard(service, feed, 0.2)
    world.patches[GAMES[0].id, "pinnacle"] = None
    messages += heard(service, feed, 0.2)
    del world.patches[GAMES[0].id, "pinnacle"]
    old = world.odds(GAMES[0], service.clock.wall_ns(), ["pinnacle"], ["h2h", "totals"], limits=False, of_event=False)
    old["bookmakers"][0]["markets"][0]["last_update"] = iso(service.clock.wall_ns() - 400 * SECOND_NS)
    del old["bookmakers"][0]["markets"][1]["outcomes"][0]
    world.patches[GAMES[0].id, "pinnacle"] = old["bookmakers"][0]
    messages += heard(service, feed, 0.2)
    games = world.games[:]
    del world.games[0]
    messages += heard(service, feed, 0.2)
    world.games[:] = games
    messages += heard(service, feed, 1)
    columns = [
        "event_id", "market", "line", "selection", "bookmaker", "side", "odds", "known_at", "size_minor", "instant",
        "suspect",
    ]  # fmt: skip
    files = list(read_files("the_odds_api", [tmp_path / "data" / "raw" / "the_odds_api"]))
    assert files and not [batch.refused for batch in files if batch.refused]
    assert sum(batch.counts.prices_quarantined + batch.counts.rows_quarantined for batch in files) == 0
    imported = (
        pl.concat(batch.quotes for batch in files)
        .with_columns(pl.col("known_at").cast(pl.Int64), pl.col("suspect") & pl.col("size_minor").is_null())
        .select(columns)
    )
    said = [
        (q.event_id, q.market, q.line, q.selection, q.bookmaker, q.side, q.odds, q.known_at_ns, q.size_minor, q.kind,
         q.suspect and q.size_minor is None) for q in of(Quote, messages)
    ]  # fmt: skip
    assert {one[-1] for one in said} == {False, True}
    assert len(said) > 300 and sum(one[8] == 0 for one in said) > 20 and set(imported.iter_rows()) == set(said)


def test_the_quota_follows_the_answers_and_says_when_the_budget_is_used_up(service: Service) -> None:
    service.server.remaining = 500
    feed = opened(service, credits_a_day=3, near_s=60)
    assert isinstance(feed, OddsApiFeed) and feed.quota is None
    feed.poll(0)
    assert feed.quota == Quota(498, 3, 1, 2)
    heard(service, feed, 0.1)
    assert feed.quota == Quota(498, 3, 1, 2), "two markets cost two: that is more than is left"


def test_a_price_that_is_gone_comes_again_with_size_0(service: Service) -> None:
    feed = opened(service)
    before = of(Quote, heard(service, feed, 0.01))
    service.server.world.patches[GAMES[0].id, "pinnacle"] = None
    after = of(Quote, heard(service, feed, 1))
    gone = {(q.market, q.selection, q.odds) for q in after if q.size_minor == 0}
    held = {
        (q.market, q.selection, q.odds)
        for q in before
        if q.bookmaker == "pinnacle" and q.event_id == before[0].event_id
    }
    assert gone == held and len(held) == 5


def test_a_market_that_was_read_long_ago_has_size_0_from_the_start(service: Service) -> None:
    feed = opened(service)
    world = service.server.world
    document = world.odds(GAMES[0], START_NS, ["pinnacle"], ["h2h", "totals"], limits=False, of_event=False)
    old = document["bookmakers"][0]
    old["markets"][0]["last_update"] = iso(START_NS - 400 * SECOND_NS)
    world.patches[GAMES[0].id, "pinnacle"] = old
    messages = heard(service, feed, 0.01)
    (event,) = [one.values["event_id"] for one in of(Fixture, messages) if one.values["home"] == "Arsenal"]
    said = [(q.market, q.size_minor) for q in of(Quote, messages) if (q.event_id, q.bookmaker) == (event, "pinnacle")]
    assert set(said) == {("1x2", 0.0), ("totals", None)}


def test_when_the_service_fails_everything_is_stale_and_the_failure_is_told(service: Service, tmp_path: Path) -> None:
    feed = opened(service)
    heard(service, feed, 0.01)
    service.server.faults = ["500"] * 1_000
    service.clock.sleep_ns(HOUR_NS)
    batch = feed.poll(0) or ()
    assert of(Gap, batch) and isinstance(batch[-1], Mark) and not [q for q in of(Quote, batch) if not q.stale]
    with pytest.raises(FeedFailure):
        feed.poll(0)
    heard(service, feed, 0.01)  # it fails again and again
    (kept,) = (tmp_path / "data" / "raw" / "the_odds_api").rglob("*-gone-*odds*")
    said = json.loads(gzip.decompress(kept.read_bytes()))
    lost = [outcome for event in said["data"] for book in event["bookmakers"] for market in book["markets"]
            for outcome in market["outcomes"] if market["gone"]]  # fmt: skip
    stale = of(Quote, batch)
    assert len(lost) == len(stale) and instant(said["timestamp"]) == stale[0].known_at_ns // 1_000 * 1_000
    service.server.faults = []
    assert [q for q in of(Quote, heard(service, feed, 0.1)) if not q.stale]


def test_an_answer_that_cannot_be_read_is_not_kept_for_as_long_as_others(service: Service) -> None:
    service.clock.reach(START_NS - 20 * HOUR_NS)
    feed, fault = opened(service), answer([{"id": 1}])
    honest = service.wire.handle
    service.wire.handle = lambda heard: fault
    heard(service, feed, 0.01)
    service.wire.handle = honest
    assert not of(Quote, heard(service, feed, 0.001)), "it is stored"
    assert of(Quote, heard(service, feed, 0.02)), "and replaced long before far_s"


def test_a_feed_that_starts_again_says_at_once_what_the_database_has(service: Service) -> None:
    before = of(Quote, heard(service, opened(service), 0.01))
    calls = service.server.calls
    after = of(Quote, opened(service).poll(0) or ())
    assert service.server.calls == calls and {q.odds for q in after} == {q.odds for q in before}


def test_markets_that_the_list_does_not_have_are_asked_for_event_by_event_near_the_start(service: Service) -> None:
    messages = heard(service, opened(service, Coverage("football", markets=("btts",))), 4)
    quotes = of(Quote, messages)
    assert {(q.market, q.selection) for q in quotes} == {("btts", "yes"), ("btts", "no")}
    assert {q.event_id for q in quotes} == {of(Fixture, messages)[0].values["event_id"]}
    paths = [one.path for one in service.wire.heard]
    assert any(path.endswith(f"{GAMES[0].id}/odds") for path in paths) and not any(
        GAMES[1].id in path for path in paths
    )


def test_two_games_of_one_pair_are_two_events(service: Service) -> None:
    service.server.world.games[:] = doubleheader()
    messages = heard(service, opened(service, BASEBALL), 0.01)
    assert len({one.values["event_id"] for one in of(Fixture, messages)}) == 2
    assert len({q.event_id for q in of(Quote, messages)}) == 2


BASEBALL = Coverage("baseball", markets=("moneyline",))


def doubleheader() -> list[Game]:
    return [Game(letter * 32, "baseball_mlb", "Boston Red Sox", "New York Yankees", START_NS + hours * HOUR_NS, score)
            for letter, hours, score in (("c", 1, (5, 2)), ("d", 7, (1, 3)))]  # fmt: skip


@pytest.mark.parametrize("again", [False, True])
def test_a_second_game_that_is_listed_alone_keeps_its_event(service: Service, tmp_path: Path, *, again: bool) -> None:
    games = doubleheader()
    service.server.world.games[:] = games
    feed = opened(service, BASEBALL)
    messages = heard(service, feed, 0.01)
    events = {one.starts_ns: one.values["event_id"] for one in of(Fixture, messages)}
    first, second = (events[game.starts_ns] for game in games)
    if again:  # a feed of another process, with what the database has
        feed = opened(service, BASEBALL)
    service.clock.reach(games[0].starts_ns + 4 * HOUR_NS)
    service.server.world.games[:] = games[1:]
    messages = heard(service, feed, 0.01)
    assert {q.event_id for q in of(Quote, messages) if q.size_minor is None} == {second}
    service.server.world.games[:] = games
    for hours in (1, 6):
        service.clock.reach(games[1].starts_ns + hours * HOUR_NS)
        messages += heard(service, feed, 0.01)
    results = {one.values["event_id"]: one.values["home_score"] for one in of(Result, messages)}
    assert results == {first: 5, second: 1}
    if not again:
        assert imported(tmp_path) == {(first, games[0].id, 5), (second, games[1].id, 1)}


def test_a_result_keeps_its_version_over_a_restart_and_gets_the_next_one_when_it_is_corrected(service: Service) -> None:
    service.clock.reach(GAMES[0].starts_ns + 3 * HOUR_NS)
    found = list[tuple[int, int]]()
    for score in ((2, 1), (2, 1), (2, 2), (2, 2)):
        service.server.world.games[0] = replace(GAMES[0], score=score)
        service.clock.sleep_ns(600 * SECOND_NS)
        (result,) = of(Result, heard(service, opened(service), 0.001))
        found.append((result.values["away_score"], result.version))
    assert found == [(1, 1), (1, 1), (2, 2), (2, 2)]


def imported(folder: Path) -> set[tuple[int, str, int | None]]:
    """Event, id and home score of each event in a store that the kept answers make."""
    store = Store.create_or_open(folder / "store")
    store.apply(read_files("the_odds_api", [folder / "data" / "raw" / "the_odds_api"], today=date(2100, 1, 1)))
    return set(store.events().select("event_id", "game_id", "home_score").iter_rows())


@pytest.mark.parametrize("sport", ["soccer_epl", "baseball_mlb"])
def test_a_game_put_off_to_another_day_is_the_same_event(service: Service, tmp_path: Path, sport: str) -> None:
    game = Game("e" * 32, sport, "Leeds", "Fulham", START_NS + HOUR_NS, (3, 1))
    service.server.world.games[:] = [game]
    coverage = BASEBALL if sport == "baseball_mlb" else FOOTBALL
    feed = opened(service, coverage)
    (first,) = of(Fixture, heard(service, feed, 0.01))
    moved = replace(game, starts_ns=game.starts_ns + 50 * HOUR_NS)
    service.server.world.games[0] = moved
    service.clock.sleep_ns(HOUR_NS // 2)
    (second,) = of(Fixture, heard(service, feed, 0.01))
    assert second.values["event_id"] == first.values["event_id"] and second.starts_ns == moved.starts_ns
    service.clock.reach(moved.starts_ns + 6 * HOUR_NS)
    (result,) = of(Result, heard(service, feed, 0.01))
    assert (result.values["event_id"], result.values["home_score"]) == (first.values["event_id"], 3)
    if sport == "baseball_mlb":
        assert imported(tmp_path) == {(first.values["event_id"], game.id, 3)}


def test_a_game_with_another_id_is_another_event_unless_it_begins_when_the_first_did(service: Service) -> None:
    first = doubleheader()[0]
    other = replace(first, id="f" * 32)
    service.server.world.games[:] = [first]
    feed, found = opened(service, BASEBALL), list[int]()
    for game in (first, other, replace(first, starts_ns=first.starts_ns + 45 * 60 * SECOND_NS)):
        service.server.world.games[:] = [game]
        service.clock.sleep_ns(600 * SECOND_NS)
        found.append(next(q.event_id for q in of(Quote, heard(service, feed, 0.01)) if q.size_minor is None))
    assert found[0] == found[1] != found[2]


def test_a_start_that_moves_within_its_day_is_the_same_event(service: Service) -> None:
    feed = opened(service)
    heard(service, feed, 0.01)
    moved = Game(GAMES[0].id, "soccer_epl", "Arsenal", "Chelsea", GAMES[0].starts_ns + HOUR_NS)
    service.server.world.games[0] = moved
    (fixture,) = of(Fixture, heard(service, feed, 1))
    assert fixture.starts_ns == moved.starts_ns and fixture.values["home"] == "Arsenal"


def test_spreads_belong_to_the_named_team_and_sizes_need_bet_limits(service: Service) -> None:
    feed = opened(service, Coverage("football", markets=("asian_handicap",)), bet_limits=True)
    quotes = of(Quote, heard(service, feed, 0.01))
    assert {(q.selection, q.line) for q in quotes} == {("home", -0.5), ("away", -0.5)}
    assert {q.size_minor for q in quotes if q.bookmaker == "betfair_ex_eu"} == {None}


def test_what_no_season_or_market_has_is_refused_at_the_start(service: Service) -> None:
    with pytest.raises(ConfigurationError, match="correct_score"):
        opened(service, Coverage("football", markets=("correct_score",)))
    with pytest.raises(ConfigurationError, match="in season"):
        opened(service, Coverage("football", ("NOWHERE",), ("1x2",)))
    service.server.faults = ["500"] * 3
    with pytest.raises(BeaError, match="in season"):
        opened(service, Coverage("tennis", markets=("moneyline",)))
    assert isinstance(opened(service, Coverage("football", ("E0",), ("1x2",)), sports="soccer_epl"), OddsApiFeed)


def test_the_cache_is_where_the_settings_of_the_ledger_say(service: Service, tmp_path: Path) -> None:
    nowhere = LedgerSettings(url="postgresql://127.0.0.1:1/nowhere")
    with pytest.raises(LedgerFailure):
        opened(service, ledger=nowhere)
    assert not (tmp_path / "data" / "cache").exists()


def spoilt(generator: random.Random, value: Any) -> Any:
    """A document with one thing that is not as it was."""
    text = json.dumps(value)
    if generator.random() < 0.3:  # bytes
        raw = bytearray(text.encode())
        for _ in range(generator.randint(1, 4)):
            raw[generator.randrange(len(raw))] = generator.randrange(256)
        try:
            return json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda word: 0)
        except (ValueError, RecursionError):
            return [raw.hex()]
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            places.append((node, key))
            if isinstance(inner, dict | list):
                walk(inner)

    document = json.loads(text)
    walk(document)
    node, key = generator.choice(places)
    if isinstance(node, dict) and generator.random() < 0.25:
        del node[key]
    else:
        node[key] = generator.choice(
            [
                None,
                "",
                "x",
                -1,
                0,
                1.0,
                1e308,
                -1e-9,
                10**30,
                True,
                [],
                {},
                [[]],
                {"key": None},
                "1.9",
                "NaN",
                "é\n",
                "\ud800",
            ]
        )
    return document


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_spoilt_answers_raise_nothing_but_a_failure_of_the_feed(seed: int) -> None:
    generator, reader, refused = random.Random(seed), Reader(300 * SECOND_NS), 0
    with serving() as service:
        world = service.server.world
        odds = [
            world.odds(g, START_NS, ["pinnacle", "betfair_ex_eu"], ["h2h"], limits=True, of_event=False) for g in GAMES
        ]
        scores = [world.score(game, START_NS + 6 * HOUR_NS) for game in GAMES]
    for number in range(75):
        document = spoilt(generator, odds if number % 2 else scores)
        try:
            read = reader.read(document, START_NS)
        except FeedFailure:
            refused += 1
            continue
        for event in read.events.values():
            assert event["home"] and event["away"]
        assert all(quote[6] > 1.0 for quote in read.quotes)
    assert refused < 75
