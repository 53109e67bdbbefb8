"""The worked example of a feed of the user, from its file in the home folder to settled bets on paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.live.ledger.entries import Kind
from research.commands.main import main
from tests.commands import answer
from tests.promoted import entries, own_copy
from tests.research.trading.conftest import ROOT

MATCH = {"home": "Ajax", "away": "PSV", "starts": "2025-01-05T15:00:00+00:00"}
LEVEL = {"pinnacle": {"home": 2.6, "draw": 3.9, "away": 2.7}, "b365": {"home": 2.5, "draw": 3.4, "away": 2.6}}


@pytest.fixture()
def own_home(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the promotion ``demo`` and the feed ``lines``."""
    home = own_copy(promoted_home, tmp_path, monkeypatch)
    shutil.copytree(ROOT / "examples" / "feeds", home / "feeds")
    return home


def write(home: Path, *lines: dict[str, Any] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (home / "odds.jsonl").write_text("".join(f"{text}\n" for text in texts))


def traded(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return answer(capsys, "paper", "demo", "--feed", "lines", "runner.poll_ms=1", "--json", *words)


def kinds(*wanted: Kind) -> Sequence[str]:
    return [one.entry.kind.value for one in entries() if one.entry.kind in wanted]


def test_a_line_of_prices_is_a_bet_and_a_line_with_a_score_settles_it(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own_home, MATCH | {"prices": LEVEL}, MATCH | {"score": [1, 1]}, {"end": True})
    found = traded(capsys)
    assert (found["stopped"], found["feed"], found["bets"]) == ("the feed has ended", "lines", {"settled": 1})
    (bet,) = [one.entry.body for one in entries() if one.entry.kind is Kind.INTENDED]
    assert (bet["selection"], bet["bookmaker"], bet["odds"]) == ("draw", "pinnacle", 3.9)
    assert found["pnl_minor"] == round(bet["stake_minor"] * 2.9)
    assert [one.entry.body["is_live"] for one in entries() if one.entry.kind is Kind.STARTED] == [True]
    assert list((own_home / "data" / "feed" / "demo").iterdir()), "what it heard is recorded"


def test_a_bet_that_is_open_at_the_end_is_settled_by_the_next_run(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own_home, MATCH | {"prices": LEVEL}, {"end": True})
    assert traded(capsys)["bets"] == {"placed": 1}
    write(own_home, MATCH | {"score": [2, 0]}, {"end": True})
    assert traded(capsys, "--wind-down")["bets"] == {"settled": 1}
    assert kinds(Kind.INTENDED, Kind.SETTLED) == ["intended", "settled"]


def test_a_replay_does_not_trade_the_past_into_the_ledger_of_a_live_feed(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own_home, MATCH | {"prices": LEVEL}, {"end": True})
    assert traded(capsys)["bets"] == {"placed": 1}
    before = len(entries())
    assert main(["paper", "demo", "--feed", "store"]) == 2
    assert "a replay would trade the past into it" in capsys.readouterr().err and len(entries()) == before
    assert traded(capsys)["bets"] == {"placed": 1}, "the live feed goes on"


def test_a_line_that_cannot_be_read_stops_nothing_and_is_told(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own_home, "{", MATCH | {"starts": "2025-01-05T15:00:00"}, MATCH | {"prices": LEVEL}, "[]", {"end": True})
    assert traded(capsys)["bets"] == {"placed": 1}
    log = (own_home / "data" / "logs" / "demo.log").read_text()
    assert [f"bad_line number {number}" in log for number in (1, 2, 3, 4)] == [True, True, False, True]


def test_the_settings_are_those_of_the_file_and_of_words(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_home / "live").mkdir()
    (own_home / "live" / "lines.yaml").write_text("file: other.jsonl\n")
    write(own_home, {"end": True})
    (own_home / "odds.jsonl").rename(own_home / "third.jsonl")
    assert traded(capsys, "lines.file=third.jsonl")["feed"] == "lines"
    settings = next(one.entry.body["settings"] for one in entries() if one.entry.kind is Kind.STARTED)
    assert settings["lines"]["file"] == "third.jsonl"
    assert main(["paper", "demo", "--feed", "lines", "lines.fil=x"]) == 2
    assert "did you mean file?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--feed", "line"],
            "no such feed in --feed: expected replay, store, the_odds_api, betfair, pinnacle, lines or",
        ),
        (["--feed", "lines", "--until", "2026-01-01"], "only a replay has days and a speed"),
        (["--feed", "lines", "--speed", "60x"], "only a replay has days and a speed"),
    ],
)
def test_words_that_are_refused(
    words: list[str], message: str, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["paper", "demo", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_feed_that_does_not_listen_to_the_world_is_none(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = own_home / "feeds" / "lines.py"
    file.write_text(file.read_text().replace("is_live: bool = True", "is_live: bool = False"))
    assert main(["paper", "demo", "--feed", "lines"]) == 2
    assert "the feed does not listen to the world in --feed lines" in capsys.readouterr().err


def test_a_feed_without_a_price_to_bet_on_is_told_in_one_line(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(own_home / "feeds" / "odds.jsonl", own_home)  # totals; the promotion bets on 1x2
    assert main(["paper", "demo", "--feed", "lines", "runner.poll_ms=1"]) == 0
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert "can bet on none of the prices of lines (4 so far): it wants 1x2 of " in warning
    assert warning.endswith("found totals of avg, max")
    write(own_home, MATCH | {"prices": LEVEL}, {"end": True})
    assert main(["paper", "demo", "--feed", "lines", "runner.poll_ms=1"]) == 0
    assert "warning: " not in capsys.readouterr().err


def test_a_promotion_says_what_a_feed_must_bring(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "promotions", "demo", "--json")["bets_on"]
    assert (found["markets"], found["bookmakers"]) == (["1x2"], None)
    assert main(["promotions", "demo"]) == 0
    assert "markets 1x2; bookmakers all; " in capsys.readouterr().out
