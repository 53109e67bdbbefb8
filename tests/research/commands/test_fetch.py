"""`bea data fetch` at the fake service of The Odds API, over HTTP: what is asked, what it costs, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import home
from engine.store import Store
from research.commands.main import main
from tests.commands import answer
from tests.live.adapters.the_odds_api.service import KEY, START_NS, Service, serving


@pytest.fixture()
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    monkeypatch.setenv("BEA_ODDS_API_KEY", KEY)
    monkeypatch.delenv("BEA_LEDGER_URL", raising=False)
    monkeypatch.setattr("time.time_ns", lambda: START_NS)
    with serving() as found:
        yield found


def words(service: Service, *more: str) -> list[str]:
    name = "the_odds_api"
    return ["data", "fetch", name, f"{name}.host={service.url}", f"{name}.sports=soccer_epl", *more]


def test_prices_and_scores_of_now_are_kept_and_imported(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, *words(service, "--market", "1x2", "--market", "totals", "--json"))
    assert (found["calls"], found["credits_most"]) == (2, 4) and service.server.credits == 4
    assert found["answers"] == ["/sports/soccer_epl/odds now: 2 events", "/sports/soccer_epl/scores now: 2 events"]
    stored = answer(capsys, "data", "import", "the_odds_api", found["folder"], "--json")
    assert stored["events"]["new"] == 2 and stored["quotes"]["new"] > 10 and not stored["refused"]
    assert not [path for path in home().rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_snapshots_of_the_past_cost_ten_times_and_are_asked_for_once(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    past = words(service, "--market", "1x2", "--from", "2026-09-19", "--until", "2026-09-20", "--every", "12h")
    assert answer(capsys, *past, "--estimate", "--json")["credits_most"] == 20 and not service.server.calls
    assert main(past) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 calls, at most 20 credits\n") and "odds 2026-09-19T12:00:00Z: " in said
    assert f"bea data import the_odds_api {home() / 'data' / 'raw' / 'the_odds_api'}" in said
    assert main(past) == 0 and service.server.calls == 2
    stored = answer(capsys, "data", "import", "the_odds_api", str(home() / "data" / "raw" / "the_odds_api"), "--json")
    assert stored["events"]["new"] == 2 and stored["quotes"]["new"] > 10 and not stored["refused"]
    known = Store.open(home() / "data" / "store").quotes()["known_at"].unique().sort().dt.to_string("%d %H:%M:%S")
    assert known.to_list() == ["18 23:55:39", "19 11:55:39"]


def test_the_budget_of_the_day_stops_it_and_the_next_day_goes_on(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    past = words(service, "--market", "1x2", "--from", "2026-09-17", "--until", "2026-09-20")
    past.insert(3, "the_odds_api.credits_a_day=25")
    assert main(past) == 1
    said = capsys.readouterr()
    assert "stopped after 2 of 3 calls in The Odds API" in said.err and "5 are left" in said.err
    assert said.out.count(" events\n") == 2
    monkeypatch.setattr("time.time_ns", lambda: START_NS + 20 * 3600 * 10**9)
    assert main(past) == 0 and service.server.calls == 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--market", "btts"], "such a market is not asked for by the sport in --market"),
        (["--from", "2026-09-19"], "not a span of days"),
        (["--from", "2026-09-19", "--until", "2026-09-19"], "not a span of days"),
        (["--from", "2000-01-01", "--until", "2026-01-01", "--every", "1s"], "too many snapshots"),
        (["--from", "2026-09-18", "--until", "2026-09-19", "--every", "soon"], "not a duration in --every"),
    ],
)
def test_words_that_are_refused(
    more: list[str], message: str, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(service, *more)) == 2
    assert message in capsys.readouterr().err and not service.wire.heard


def test_a_feed_without_a_history_says_so(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "pinnacle"]) == 2
    assert "pinnacle has no history in this version: expected the_odds_api\n" in capsys.readouterr().err
    (home() / "feeds").mkdir()
    (home() / "feeds" / "mine.py").write_text("")
    assert main(["data", "fetch", "mine"]) == 2 and "no function open_history" in capsys.readouterr().err
    assert main(["data", "fetch", "mone"]) == 2
    assert (said := capsys.readouterr().err).endswith("did you mean mine?\n") and "in bea data fetch NAME: " in said
