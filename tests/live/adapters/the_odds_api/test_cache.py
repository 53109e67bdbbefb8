"""The shared cache: asked once, paid once, never beyond the budget, and old prices are marked; on both databases."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.errors import ConfigurationError
from engine.live.adapters.the_odds_api import calls
from engine.live.adapters.the_odds_api.cache import Cache, Kept, answers, cache_sessions, spending
from engine.live.adapters.the_odds_api.calls import Priced
from engine.live.adapters.the_odds_api.client import Answer, Client, NoCredits, NotThere, Usage
from engine.live.adapters.the_odds_api.games import Games
from engine.live.adapters.the_odds_api.polling import age_most_ns
from engine.live.adapters.the_odds_api.raw import RawAnswers
from engine.live.adapters.the_odds_api.reading import Reader
from engine.live.adapters.the_odds_api.settings import OddsApiSettings
from engine.live.clock import SystemClock
from engine.live.feed import FeedFailure, Quota
from engine.live.ledger.session import sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.wire.http import HttpWire
from tests.live.adapters.the_odds_api.service import KEY, START_NS, Service, serving
from tests.live.ledger.conftest import postgres, settings
from tests.odds_server.world import Game, OddsWorld

__all__ = ["postgres", "settings"]
ODDS = calls.odds("soccer_epl", Priced(("h2h",), ("eu",)))
EVENTS = calls.events("soccer_epl")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    with serving() as found:
        yield found


@pytest.fixture
def cache(service: Service, settings: LedgerSettings, tmp_path: Path) -> Cache:
    made = service.cache(settings, tmp_path / "raw", 3)
    with made._sessions.first() as connection:
        connection.execute(answers.delete())
        connection.execute(spending.delete())
    return made


def test_an_answer_is_asked_for_once_as_long_as_it_is_young(service: Service, cache: Cache) -> None:
    first = cache.get(ODDS, 30 * SECOND_NS)
    service.clock.sleep_ns(30 * SECOND_NS)
    assert cache.get(ODDS, 30 * SECOND_NS) == first and not first.stale and service.server.calls == 1
    service.clock.sleep_ns(1)
    assert cache.get(ODDS, 30 * SECOND_NS).received_ns > first.received_ns and service.server.calls == 2


def test_another_process_takes_the_answer_that_is_there(
    service: Service, cache: Cache, settings: LedgerSettings, tmp_path: Path
) -> None:
    first = cache.get(ODDS, SECOND_NS)
    other = service.cache(settings, tmp_path / "raw", 3)
    assert other.get(ODDS, SECOND_NS) == first and service.server.calls == 1 and other.spent().credits == 1


def test_an_answer_of_the_future_is_asked_for_again(service: Service, cache: Cache) -> None:
    cache.get(EVENTS, SECOND_NS)
    service.clock.reach(START_NS - HOUR_NS)
    assert cache.get(EVENTS, SECOND_NS).received_ns == START_NS - HOUR_NS


def test_the_budget_of_a_day_is_never_exceeded_and_begins_anew_at_midnight(service: Service, cache: Cache) -> None:
    for _ in range(3):
        cache.get(ODDS, 0)
        service.clock.sleep_ns(SECOND_NS)
    kept = cache.get(ODDS, 0)
    assert kept.stale and "credits_a_day = 3" in kept.cause and service.server.calls == 3
    with pytest.raises(NoCredits):
        cache.get(calls.scores("soccer_epl"), 0)
    assert cache.get(EVENTS, 0).value, "a free call passes"
    assert (cache.spent().calls, cache.spent().credits, cache.spent().used) == (4, 3, 3)
    service.clock.sleep_ns(DAY_NS)
    assert not cache.get(ODDS, 0).stale and cache.spent().credits == 1


def test_answers_that_were_lost_stay_booked_and_end_at_the_budget(service: Service, cache: Cache) -> None:
    service.server.faults = ["cut"] * 9
    with pytest.raises(FeedFailure, match="no answer"):
        cache.get(ODDS, 0)
    service.clock.sleep_ns(3 * SECOND_NS)
    assert (cache.spent().calls, cache.spent().credits) == (3, 3)
    with pytest.raises(NoCredits):
        cache.get(ODDS, 0)
    assert len(service.wire.heard) == 3


def test_what_a_call_did_cost_takes_the_place_of_what_it_may_cost(service: Service, cache: Cache) -> None:
    service.server.world.games = service.server.world.games[:1]
    service.clock.reach(START_NS + 6 * HOUR_NS)
    assert cache.get(ODDS, 0).value == [] and cache.spent().credits == 0
    assert cache.quota().spent == 0 and cache.quota().budget_left == 3
    service.server.headers = False
    service.clock.sleep_ns(SECOND_NS)
    cache.get(ODDS, 0)
    assert cache.spent().credits == 1, "without a word of the service, the most"


def test_the_quota_is_that_of_the_key_of_the_day_and_of_the_process(
    service: Service, cache: Cache, settings: LedgerSettings, tmp_path: Path
) -> None:
    assert cache.quota() == Quota(None, 3, 3, 0)
    service.server.remaining = 100
    cache.get(ODDS, 0)
    other = service.cache(settings, tmp_path / "raw", 3)
    other.get(calls.scores("soccer_epl", 3), 0)
    assert (cache.quota(), other.quota()) == (Quota(97, 3, 0, 1), Quota(97, 3, 0, 2))
    service.clock.sleep_ns(DAY_NS)
    assert cache.quota() == Quota(97, 3, 3, 1), "a new day; the service has said nothing new"
    service.server.faults = ["cut"] * 9
    with contextlib.suppress(FeedFailure):
        cache.get(ODDS, 0)
    assert cache.quota() == Quota(97, 3, 0, 4), "what lost answers may have cost"


@pytest.mark.parametrize("fault", ["500", "dropped", "no_json"])
def test_without_an_answer_the_old_one_is_given_as_stale(service: Service, cache: Cache, fault: str) -> None:
    service.server.faults = [fault] * 3
    with pytest.raises(FeedFailure):
        cache.get(EVENTS, SECOND_NS)
    service.server.faults = []
    service.clock.sleep_ns(3 * SECOND_NS)
    first = cache.get(EVENTS, SECOND_NS)
    service.clock.sleep_ns(2 * SECOND_NS)
    service.server.faults = [fault] * 3
    kept = cache.get(EVENTS, SECOND_NS)
    assert kept.stale and kept.value == first.value and kept.received_ns == first.received_ns and kept.cause
    service.server.faults = []
    service.clock.sleep_ns(3 * SECOND_NS)
    assert not cache.get(EVENTS, SECOND_NS).stale, "the next one asks again"


def test_a_failure_is_one_for_all_processes_for_three_seconds(
    service: Service, cache: Cache, settings: LedgerSettings, tmp_path: Path
) -> None:
    other = service.cache(settings, tmp_path / "raw", 3)
    service.server.faults = ["500"] * 3
    for one in (cache, other, other):
        with pytest.raises(FeedFailure, match="status 500"):
            one.get(EVENTS, SECOND_NS)
    assert len(service.wire.heard) == 3, "the tries of the first one"
    assert other.get(calls.sports(), SECOND_NS).value, "other calls go on"
    service.clock.sleep_ns(3 * SECOND_NS)
    assert other.get(EVENTS, SECOND_NS).value and len(service.wire.heard) == 5


def test_a_refused_key_is_told_and_the_next_one_asks_again(service: Service, cache: Cache) -> None:
    service.server.keys = set()
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            cache.get(EVENTS, SECOND_NS)
    service.server.keys = {KEY}
    assert cache.get(EVENTS, SECOND_NS).value
    with pytest.raises(NotThere):
        cache.get(calls.event_odds("soccer_epl", "c" * 32, Priced(("h2h",), ("eu",))), 0)


def test_who_finds_another_one_asking_waits_for_the_answer(
    service: Service, cache: Cache, settings: LedgerSettings, tmp_path: Path
) -> None:
    kept, is_ours, _ = cache._look(EVENTS, 0)
    assert (kept, is_ours) == (None, True) and cache._look(EVENTS, 0) == (None, False, "")
    found: list[object] = []
    other = service.cache(settings, tmp_path / "raw")
    waiter = threading.Thread(target=lambda: found.append(other.get(EVENTS, 10**15)))
    done = cache._ask(EVENTS, None)
    waiter.start()
    waiter.join()
    assert found == [done] and service.server.calls == 1


def test_of_four_that_ask_at_one_instant_one_asks_the_service(
    service: Service, cache: Cache, settings: LedgerSettings, tmp_path: Path
) -> None:
    honest, clock = service.wire.handle, SystemClock()
    service.wire.handle = lambda heard: replace(honest(heard), seconds=0.1)
    found: list[Kept] = []

    def ask() -> None:
        with HttpWire() as wire, contextlib.closing(cache_sessions(settings, clock)) as sessions:
            client = Client(wire, KEY, clock, random.Random(1), timeout_s=5.0, host=service.url)
            started.wait()
            found.append(Cache(sessions, client, clock, 9, RawAnswers(tmp_path, KEY)).get(ODDS, 60 * SECOND_NS))

    started, threads = threading.Barrier(4), [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len({one.received_ns for one in found}) == 1 and not any(one.stale for one in found)
    assert service.server.calls == 1 and service.server.credits == 1


def test_a_process_that_died_while_asking_holds_nobody_up_for_long(service: Service, cache: Cache) -> None:
    assert cache._look(EVENTS, 0)[1]
    before = service.clock.wall_ns()
    assert cache.get(EVENTS, 0).value and service.clock.wall_ns() - before <= 61 * SECOND_NS


def test_answers_that_nobody_asks_for_any_more_go(service: Service, cache: Cache) -> None:
    cache.get(EVENTS, 0)
    service.clock.sleep_ns(2 * DAY_NS)
    cache.get(calls.sports(), 0)
    with cache._sessions.read() as connection:
        assert [row.call for row in connection.execute(answers.select())] == ["/sports"]


def test_games_and_versions_of_results_are_those_of_the_database(home: Path, settings: LedgerSettings) -> None:
    world = OddsWorld()
    heads = [
        world.head(Game(name * 32, "baseball_mlb", "Boston Red Sox", "New York Yankees", START_NS + hours * HOUR_NS))
        for name, hours in (("c", 1), ("d", 7))
    ]
    found, versions = list[list[int]](), list[int]()
    for listed, said in ((heads, "2-1"), (heads[1:], "2-1"), (heads[::-1], "2-2")):
        with contextlib.closing(cache_sessions(settings, SystemClock())) as sessions:
            games = Games(sessions)
            read = Reader(300 * SECOND_NS, games.followed).read(listed, START_NS)
            found.append(sorted(read.events, key=lambda event: read.events[event]["starts_at"]))
            versions.append(games.version(-7, said))
    first, second = found[0]
    assert first != second and found == [[first, second], [second], [first, second]] and versions == [1, 1, 2]


def test_raw_answers_are_whole_in_order_and_without_the_key(tmp_path: Path) -> None:
    raw = RawAnswers(tmp_path / "raw", KEY)
    content = b'[ {"id":"x","note":"' + KEY.encode() + b'"} ]'
    first = raw.keep(ODDS, Answer(content, [], 10**18 + 7_000, Usage()))
    again = raw.keep(ODDS, Answer(content, [], 10**18 + 9_000, Usage()))
    other = raw.keep(ODDS, Answer(b"[]", [], 10**18 + 8_000, Usage()))
    assert first < other < again and first.parent.name == "2001-09-09" and "sports-soccer_epl-odds" in first.name
    text = gzip.decompress(first.read_bytes())
    assert KEY.encode() not in text and content.replace(KEY.encode(), b"[secret]") in text
    document = json.loads(text)
    assert document["timestamp"] == "2001-09-09T01:46:40.000007Z" and document["call"] == ODDS.key
    assert len(list((tmp_path / "raw").rglob("*.gz"))) == 3


def test_the_pace_follows_the_next_start() -> None:
    pace = OddsApiSettings(last_hour_s=24, near_s=600, far_s=1_800)

    def seconds(*hours: float, in_play: bool = False) -> float:
        return age_most_ns([round(h * HOUR_NS) for h in hours], 0, pace, in_play=in_play) / SECOND_NS

    assert seconds() == seconds(48) == seconds(-1) == seconds(-5, in_play=True) == 1_800
    assert seconds(0.5) == seconds(48, 0.5) == seconds(-1, in_play=True) == 24
    assert seconds(3) == 600 and seconds(1 + 60 / 3600) == 36 and seconds(1 + 1 / 3600) == 24
    assert seconds(6 + 700 / 3600) == 700 and seconds(6 + 1 / 3600) == 600


_OPEN = """
import sys
from pathlib import Path
from engine.live.clock import SystemClock
from engine.live.ledger.session import sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.wire.http import HttpWire
for number in range(20):
    sessions = sqlite_sessions(Path(sys.argv[1]) / f"{number}.db", LedgerSettings(), SystemClock(), create=True)
    with sessions.first() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (a INT)")
    sessions.close()
"""


@pytest.mark.slow
def test_two_processes_may_make_one_new_file_at_once(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", _OPEN, str(tmp_path)]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    sqlite_sessions(tmp_path / "0.db", LedgerSettings(), SystemClock()).close()


@pytest.mark.parametrize(
    "words",
    [{"regions": "", "bookmakers": ""}, {"regions": "EU!"}, {"sports": "soccer-epl"}, {"credits_a_day": -1},
     {"last_hour_s": 1}, {"far_s": float("nan")}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="the_odds_api"):
        OddsApiSettings(**words)  # type: ignore[arg-type]
