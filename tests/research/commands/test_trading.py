"""`bea paper`, `status`, `kill`, `resume`, `stop` and `reconcile` as a user meets them: one promotion, one ledger."""

from __future__ import annotations

import contextlib
import gc
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BeaError
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.opening import look, open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.logs.secrets import Secrets
from engine.promotion import load
from research.commands.main import main
from tests.commands import answer
from tests.promoted import NOW_NS, entries, own_copy, promoted

#: two weeks of the sample, and the day after them
UNTIL = "2019-08-25"


@pytest.fixture(scope="module")
def traded_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the promotion ``demo``, traded for two weeks."""
    root = tmp_path_factory.mktemp("trading")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        patch.setattr("time.time_ns", lambda: NOW_NS)
        promoted("demo")
        assert main(["paper", "demo", "--until", UNTIL, "--json"]) == 0
        yield root


@pytest.fixture()
def own_home(traded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may change."""
    return own_copy(traded_home, tmp_path, monkeypatch)


def count(kind: Kind) -> int:
    return sum(one.entry.kind is kind for one in entries())


def told(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> Any:
    """The JSON document of a command that succeeds."""
    return answer(capsys, *words, "--json")


def test_the_status_of_a_traded_ledger_adds_up(traded_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, ["status", "demo"])
    assert (found["runner"], found["feed"], found["killed"]) == ("stopped", "replay", False)
    assert found["bets"] == {"settled": count(Kind.SETTLED)} and found["bets"]["settled"] > 3
    assert found["equity_minor"] == found["bankroll_minor"] + found["pnl_minor"] == found["cash_minor"]
    assert found["reasons"]["placed"] == found["bets"]["settled"]
    assert told(capsys, ["status"])["ledgers"] == [found]
    assert main(["status"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("demo") and "stopped" in words and "Equity" in words
    assert "Acknowledged: simulated: a test" in words
    assert all(len(line) <= 120 for line in words.splitlines())


def test_the_same_days_again_change_no_bet_and_a_recording_gives_the_same(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count(Kind.INTENDED)
    again = told(capsys, ["paper", "demo", "--until", UNTIL])
    assert again["stopped"] == "the feed has ended" and count(Kind.INTENDED) == before
    first = told(capsys, ["status", "demo"])
    recording = shutil.move(own_home / "data" / "feed" / "demo", own_home / "heard")
    shutil.rmtree(own_home / "data" / "ledger")
    other = told(capsys, ["paper", "demo", "--feed", str(recording)])
    assert {name: other[name] for name in ("bets", "reasons", "equity_minor", "equity_days_minor")} == {
        name: first[name] for name in ("bets", "reasons", "equity_minor", "equity_days_minor")
    }
    assert other["feed"] == "heard"
    walked = []
    monkeypatch.setattr("research.drift.heard.recorded_store", lambda path, folder: walked.append(path) or folder)
    for words, count_walked in (([], 1), (["--store"], 1)):
        with contextlib.suppress(BeaError):
            main(["drift", "demo", *words])
        assert len(walked) == count_walked
    assert walked == [own_home / "data" / "feed" / "demo"]


def test_the_history_is_no_work_for_the_collector_while_a_runner_decides(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.live.running.runner.Runner.run", lambda self: str(gc.get_freeze_count()))
    assert int(told(capsys, ["paper", "demo", "--until", UNTIL])["stopped"]) > 100_000
    assert gc.get_freeze_count() == 0


def test_a_user_without_a_name_can_kill(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert told(capsys, ["kill", "demo", "--reason", "odd"])["person"] == "unknown"
    assert told(capsys, ["reconcile", "demo"])["agrees"]


def test_nothing_is_sent_between_kill_and_resume(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = count(Kind.SENT)
    words = ["--reason", "odd prices", "--person", "ann"]
    assert told(capsys, ["kill", *words])["command"] == "kill"
    assert told(capsys, ["status", "demo"])["killed"]  # before a runner has read it
    held = told(capsys, ["paper", "demo", "--until", "2019-09-08"])
    assert held["killed"] and held["reasons"]["killed"] > 0 and count(Kind.SENT) == before
    assert main(["status", "demo"]) == 0 and "kill switch is set" in capsys.readouterr().out
    assert main(["resume", "demo", "--reason", "looked at", "--person", "ann"]) == 0
    free = told(capsys, ["paper", "demo", "--until", "2019-09-22"])
    assert not free["killed"] and count(Kind.SENT) > before
    ends = [one.entry.body for one in entries() if one.entry.kind is Kind.RESUMED]
    (resumed,) = (body for body in ends if body["breaker"] == "kill")
    assert (resumed["person"], resumed["reason"]) == ("ann", "looked at")


def test_a_kill_that_was_taken_back_before_a_runner_read_it_is_none(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, ["kill", "--reason", "a test"])
    assert told(capsys, ["status", "demo"])["killed"]
    with closing(look("demo")) as ledger:
        ledger.control(Command.RESUME, subject="clock", person="ann", reason="a test")
    assert told(capsys, ["status", "demo"])["killed"]
    for again in (["resume"], ["kill"], ["resume", "--breaker", "kill"]):
        told(capsys, [*again, "--reason", "a test"])
        assert told(capsys, ["status", "demo"])["killed"] is (again == ["kill"])


def test_only_a_breaker_that_is_tripped_is_resumed(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["resume", "demo", "--reason", "looked at", "--breaker"]
    assert main([*words, "model"]) == 2
    assert "expected no breaker is tripped, found model" in capsys.readouterr().err
    with closing(open_ledger("demo", Entry(Kind.OPENED, "opened", 0, body=dict(entries()[0].entry.body)))) as ledger:
        ledger.append([Entry(Kind.TRIPPED, "tripped:model:9", 9, body={"breaker": "model", "cause": "c", "n": 9})])
    assert main([*words, "modell"]) == 2
    assert "expected model, found modell" in capsys.readouterr().err
    assert main([*words, "model"]) == 0
    assert capsys.readouterr().out == "demo: model ends when the runner has read this\n"


def test_a_stop_says_whether_there_is_a_runner(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "demo"]) == 0 and capsys.readouterr().out == "demo: no runner trades it\n"
    with closing(open_ledger("demo", Entry(Kind.OPENED, "opened", 0, body=dict(entries()[0].entry.body)))):
        assert main(["stop", "demo"]) == 0
        assert capsys.readouterr().out == "demo: the runner ends after what is under way\n"


def test_a_stop_without_a_runner_ends_nothing_later(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, ["stop", "demo"])["command"] == Command.STOP
    assert told(capsys, ["paper", "demo", "--until", UNTIL])["stopped"] == "the feed has ended"


def test_whether_a_runner_is_dead_is_told_by_the_lease_that_it_holds(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Entry(Kind.OPENED, "opened", 0, body={"promotion": "5c" * 16, "currency": "EUR", "mode": "paper"})
    with closing(open_ledger("other", opened, settings=LedgerSettings(lease_ttl_ms=600_000))) as ledger:
        ledger.append([Entry(Kind.STARTED, "started:1", 0, body={"feed": "replay"})])
        for later_s, runner in ((599, "running"), (601, "dead")):
            monkeypatch.setattr("time.time_ns", lambda later_s=later_s: NOW_NS + later_s * 10**9)
            assert told(capsys, ["status", "other"])["runner"] == runner


def test_a_drift_is_looked_for_where_the_settings_say(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_home / "live").mkdir()
    (own_home / "live" / "ledger.yaml").write_text("url: nonsense\n", encoding="utf-8")
    assert main(["drift", "demo"]) == 1 and "found a file and a database" in capsys.readouterr().err


def test_ledger_and_venue_agree_also_once_the_promotion_has_ended(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, ["reconcile", "demo"])["agrees"]
    assert main(["demote", "demo", "--reason", "enough of it"]) == 0
    capsys.readouterr()
    assert main(["paper", "demo"]) == 1
    assert "enough of it" in capsys.readouterr().err
    assert main(["reconcile", "demo"]) == 0
    assert capsys.readouterr().out == "ledger and venue agree\n"


def test_a_reconciliation_makes_no_ledger(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (own_home / "data" / "ledger").glob("demo*"):
        path.unlink()
    assert main(["reconcile", "demo"]) == 1
    said = capsys.readouterr()
    assert "no such ledger" in said.err and "agree" not in said.out
    assert not list((own_home / "data" / "ledger").glob("demo*"))


def test_the_password_of_the_database_is_a_secret_wherever_it_is_given(
    traded_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Secrets] = []
    monkeypatch.setattr("engine.logs.setup.start", lambda settings, secrets, file=None: given.append(secrets))
    monkeypatch.setenv("BEA_LEDGER_URL", "postgresql://me:base-passw0rd@localhost:1/none")
    assert main(["paper", "demo"]) == 1
    assert given[-1].clean("refused: base-passw0rd") == "refused: [secret]"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["paper", "nobody"], 1, "no promotion nobody"),
        (["paper", "demo", "--feed", "nowhere"], 2, "no such feed"),
        (["paper", "demo", "--feed", "docs", "--until", "2020-01-01"], 2, "played as a whole"),
        (["paper", "demo", "--from", "yesterday"], 2, "not a date"),
        (["paper", "demo", "--from", "2031-01-01"], 1, "no event between these days"),
        (["paper", "demo", "runner.pol_ms=1"], 2, "did you mean poll_ms?"),
        (["status", "nobody"], 1, "no such ledger"),
        (["kill", "nobody"], 1, "no such ledger"),
        (["reconcile", "nobody"], 1, "nobody"),
        (["resume", "demo"], 2, "--reason"),
    ],
)
def test_words_that_are_refused(
    words: list[str], status: int, message: str, traded_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(words) == status
    said = capsys.readouterr().err
    assert message in said and said.startswith("error: ") and len(said.splitlines()) == 1


def test_a_demo_that_is_loaded_is_the_one_that_was_traded(traded_home: Path) -> None:
    opened = entries()[0].entry
    assert (opened.kind, opened.body["promotion"]) == (Kind.OPENED, load("demo").digest)


def test_an_edited_promotion_is_refused_with_both_digests(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest, path = load("demo").digest, own_home / "promotions" / "demo.json"
    path.write_text(path.read_text().replace('"currency":"EUR"', '"currency":"USD"'))
    assert main(["paper", "demo"]) == 1
    said = capsys.readouterr().err
    assert "the promotion was edited" in said and digest in said and "[secret]" not in said
