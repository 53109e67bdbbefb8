"""`bea live` from links to settled bets at the worked example of a venue, over HTTP, and what each lock keeps back."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.clock import instant_ns
from engine.errors import LedgerError
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.promotion import load, publish
from research.commands.main import main
from tests.commands import answer
from tests.live.venues.example_desk import DeskServer
from tests.promoted import NOW_NS, entries, own_copy
from tests.research.trading.conftest import ROOT

MATCH = {"home": "Ajax", "away": "PSV", "starts": "2025-01-05T15:00:00+00:00"}
PRICES = MATCH | {"prices": {"desk": {"home": 2.6, "draw": 3.9, "away": 2.7}}}
WORDS = ["live", "money", "--venue", "desk", "--feed", "lines", "runner.poll_ms=1"]
#: what the account holds: more than the bankroll of the promotion
FUNDS = 2_000_000


class Terminal(io.StringIO):
    """Where a person types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


class Scene:
    """A home with the promotion ``money`` and everything that its locks ask for."""

    server: DeskServer

    def __init__(
        self, home: Path, address: str, patch: pytest.MonkeyPatch, *, venue: str = "desk", currency: str = "EUR"
    ) -> None:
        self.home, self.address, self._patch = home, address, patch
        for kind in ("feeds", "venues"):
            shutil.copytree(ROOT / "examples" / kind, home / kind)
        self.settings()
        self.file()
        self.types("desk jane-doe")
        patch.setenv("DESK_USERNAME", "jane-doe")
        patch.setenv("DESK_PASSWORD", "hunter2hunter2")
        gate = {"name": "adapter", "expected": "", "found": venue, "passed": True, "reason": ""}
        gates = ({"name": "pbo", "expected": "", "found": "", "passed": False, "reason": "few trials"}, gate)
        publish(replace(load("demo"), name="money", mode="live", gates=gates, currency=currency))

    def settings(self, **more: Any) -> None:
        (self.home / "live").mkdir(exist_ok=True)
        (self.home / "live" / "desk.yaml").write_text(yaml.safe_dump({"address": self.address, **more}))

    def file(self, **more: Any) -> None:
        venue = {"real_money": True, "name": "desk", "account": "jane-doe", "currency": "EUR",
                 "day_loss_minor": 15_000, "order_most_minor": 10_000}  # fmt: skip
        path = self.home.parent / "real_money.yaml"
        path.write_text(yaml.safe_dump({"venue": venue | more}))
        path.chmod(0o600)
        self._patch.setenv("BEA_REAL_MONEY", str(path))

    def types(self, words: str) -> None:
        self._patch.setattr("sys.stdin", Terminal(f"{words}\n"))

    def hears(self, *lines: dict[str, Any]) -> None:
        (self.home / "odds.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, {"end": True}]))

    def links(self, capsys: pytest.CaptureFixture[str], *, confirmed: bool = True) -> int:
        """Propose links from what the paper runner heard, and confirm them; our id of the match."""
        self.hears(PRICES)
        answer(capsys, "paper", "demo", "--feed", "lines", "runner.poll_ms=1", "--json")
        assert answer(capsys, "links", "desk", "propose", "--json")["new"] == 3
        event = answer(capsys, "links", "desk", "--json")["links"][0]["link"]["ours"]["event_id"]
        if confirmed:
            assert main(["links", "desk", "confirm", str(event), "--reason", "looked"]) == 0
        return int(event)


@pytest.fixture()
def scene(promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    home = own_copy(promoted_home, tmp_path, monkeypatch)
    with DeskServer(tmp_path / "venue.db", lambda: NOW_NS) as server:
        made = Scene(home, server.url, monkeypatch)
        made.server = server
        server.desk.venue.deposit("capital:1", FUNDS)
        starts = instant_ns(datetime.fromisoformat(MATCH["starts"]))
        offered = {"id": "e1", "home": "Ajax", "away": "PSV", "starts_ns": starts, "competition": "a league"}
        server.events = [offered | {"1x2": {"home": "1", "draw": "X", "away": "2"}}]
        yield made


def bodies(kind: Kind) -> list[Any]:
    return [one.entry.body for one in entries("money") if one.entry.kind is kind]


def test_with_every_lock_open_a_bet_reaches_the_venue_with_its_own_ids(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.links(capsys)
    assert main(WORDS) == 0
    said = capsys.readouterr().out
    assert "REAL MONEY: money bets at desk, account jane-doe" in said and "type 'desk jane-doe'" in said
    assert "at most 100.00 EUR an order, at most 150.00 EUR lost a day" in said
    assert "acknowledged gate pbo: few trials" in said and "the venue says: jane-doe, 20,000.00 EUR free" in said
    (sent,) = scene.server.sent()
    assert sent["theirs"] == ["e1", "1x2", "X", None] and sent["stake_minor"] == 10_000
    assert scene.server.desk.venue.balance_minor() == FUNDS - 10_000
    (placed,), (started,), (opened,) = bodies(Kind.PLACED), bodies(Kind.STARTED), bodies(Kind.OPENED)
    assert placed["venue_bet_id"] == "1" and (opened["venue"], opened["mode"]) == ("desk", "live")
    assert started["set_aside_minor"] == FUNDS - opened["bankroll_minor"] and not bodies(Kind.ADJUSTED)
    assert "hunter2" not in (scene.home / "data" / "logs" / "money.log").read_text()


def test_the_next_start_goes_on_and_a_wind_down_settles_without_any_lock(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.links(capsys)
    assert main(WORDS) == 0
    assert answer(capsys, "reconcile", "money", "--json")["agrees"]
    scene.file(real_money=False)
    scene.server.desk.settle(scene.server.sent()[0]["key"], -10_000)
    scene.hears(MATCH | {"score": [2, 0]})
    found = answer(capsys, *WORDS, "--wind-down", "--json")
    assert found["bets"] == {"settled": 1} and found["pnl_minor"] == -10_000 and len(scene.server.sent()) == 1
    scene.file()
    scene.types("desk jane-doe")
    scene.hears(*({**PRICES, "home": home} for home in ("Feyenoord", "Twente")))
    assert main(WORDS) == 0 and len(scene.server.sent()) == 1, "another match has no link"
    assert answer(capsys, "reconcile", "money", "--json")["agrees"]


def test_the_limit_of_a_day_holds_over_a_restart(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.links(capsys)
    assert main(WORDS) == 0
    scene.types("desk jane-doe")
    scene.hears(PRICES, PRICES | {"prices": {"desk": {"home": 2.6, "draw": 4.1, "away": 2.7}}})
    assert main(WORDS) == 0
    assert len(scene.server.sent()) == 1
    assert {body["reason"] for body in bodies(Kind.REJECTED)} == {"day_loss_limit"}


def test_a_link_that_nobody_confirmed_is_not_bet_on(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.links(capsys, confirmed=False)
    assert main(WORDS) == 0
    assert not scene.server.sent() and {body["reason"] for body in bodies(Kind.REJECTED)} == {"no_link"}


def test_a_dry_run_shows_what_would_be_sent_and_keeps_nothing(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.links(capsys)
    monkeypatch.delenv("BEA_REAL_MONEY")
    capsys.readouterr()
    assert main([*WORDS, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"POST {scene.server.url}/place" in said and '"theirs": ["e1", "1x2", "X", null]' in said
    assert not scene.server.sent() and "hunter2" not in said and "session-" not in said
    with pytest.raises(LedgerError, match="no such ledger"):
        look("money")
    assert not (scene.home / "data" / "feed" / "money").exists()


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("file", "it does not allow real money"), ("account", "its account is not the one of DESK_USERNAME"),
        ("credential", "DESK_PASSWORD is neither in the environment nor in the keyring"),
        ("person", "a person must type the names"), ("pipe", "a person must type the names"),
        ("promotion", "demo passed the gates of paper"), ("currency", "the account has GBP, the ledger EUR"),
        ("venue", "file: it allows desk, not other"),
    ],
)  # fmt: skip
def test_each_lock_keeps_the_order_back(
    lock: str, words: str, scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.hears(PRICES)
    typed = list(WORDS)
    match lock:
        case "file":
            scene.file(real_money=False)
        case "account":
            scene.file(account="joe")
        case "credential":
            monkeypatch.delenv("DESK_PASSWORD")
        case "person":
            scene.types("yes")
        case "pipe":
            monkeypatch.setattr("sys.stdin", io.StringIO("desk jane-doe\n"))
        case "promotion":
            typed[1] = "demo"
        case "currency":
            scene.settings(currency="GBP")
        case "venue":
            typed[3] = "other"
            shutil.copy(scene.home / "venues" / "desk.py", scene.home / "venues" / "other.py")
    assert main(typed) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: real money stays locked") and words in said and len(said.splitlines()) == 1
    assert not scene.server.sent() and bool(scene.server.heard) == (lock in ("person", "pipe"))


def test_an_account_that_holds_less_than_the_bankroll_is_refused(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.hears(PRICES)
    scene.server.desk.venue.deposit("taken", 1 - FUNDS)
    assert main(WORDS) == 1
    assert "the account holds less than the bankroll in desk" in capsys.readouterr().err and not scene.server.sent()


def test_a_ledger_on_paper_is_not_gone_on_with(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.hears(PRICES)
    assert main(["paper", "money", "--feed", "lines", "runner.poll_ms=1"]) == 0
    capsys.readouterr()
    assert main(WORDS) == 1
    said = capsys.readouterr().err
    assert "the ledger was opened for another venue" in said and "expected desk, found paper" in said
    assert not scene.server.sent()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["live", "--venue", "desk"], "required: NAME; see"), (["links"], "required: VENUE; see"),
        (["live", "money"], "required: --venue"), (["live", "money", "--venue", "dask"], "did you mean desk?"),
        (["live", "money", "--venue", "desk"], "the venue has no feed in --venue desk: expected --feed with one of"),
        (["live", "money", "--venue", "desk", "--feed", "line"], "did you mean lines?"),
        ([*WORDS, "--dry-run", "--wind-down"], "nothing is sent in either"),
        (["links", "dask", "propose"], "did you mean desk?"),
    ],
)  # fmt: skip
def test_words_that_are_refused(
    words: list[str], message: str, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err
