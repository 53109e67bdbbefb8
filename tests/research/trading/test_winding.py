"""Open bets of a promotion that may be traded no more are settled by a start that does nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from engine.live.bets.states import ENDED
from engine.live.crash_points import Probe, no_probe
from engine.live.ledger.entries import Kind, Recorded
from research.commands.main import main
from research.drift.traded import Traded
from research.promotion import hashes
from research.promotion.deployed import start
from research.trading.history import Wish
from research.trading.settings import live_settings
from research.trading.setup import compose
from tests.commands import answer
from tests.promoted import NOW_NS, entries, own_copy

LAST = date(2019, 8, 25)
DAY_NS = 86_400_000_000_000
#: what settles a bet, and commission
ENDS: Final = (Kind.SETTLED, Kind.VOID, Kind.COMMISSION)

#: how the same days end undisturbed
WHOLE: Final[dict[str, tuple[Any, ...]]] = {}


class Stopped(Exception):
    """The process ends here."""


@pytest.fixture(scope="module")
def shared(promoted_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of that home, traded until bets are open."""
    root = tmp_path_factory.mktemp("winding") / "home"
    shutil.copytree(promoted_home, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        patch.setattr("time.time_ns", lambda: NOW_NS)
        trade()
        WHOLE.update(ended(entries()))
        shutil.move(root / "data" / "ledger", root / "whole")
        trade(until_open=True)
        yield root


@pytest.fixture()
def own_home(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may change; the strategy's file stays where it was promoted from."""
    return own_copy(shared, tmp_path, monkeypatch)


def trade(*, probe: Probe = no_probe, until_open: bool = False) -> None:
    """Trade two weeks, or until bets are open, or until the probe ends it."""
    trading = compose(start("demo", NOW_NS), live_settings(), Wish(last=LAST), probe=probe)
    if until_open:
        trading.runner.on_turn = lambda: trading.status().open_bets and trading.runner.stop("a test")  # type: ignore[assignment,return-value]
    with closing(trading), suppress(Stopped):
        trading.runner.run()


def ended(recorded: list[Recorded]) -> dict[str, tuple[Any, ...]]:
    """What ended bets and charged them: money and instant by key of the entry."""
    return {one.entry.key: (one.entry.money, one.entry.at_ns) for one in recorded if one.entry.kind in ENDS}


def open_keys(recorded: list[Recorded]) -> set[str]:
    """Keys of the bets that are open."""
    states = {one.entry.intent: one.entry.kind.value for one in recorded if one.entry.intent}
    return {key for key, state in states.items() if state not in ENDED}


def wind_down(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """The document of a start that only settles."""
    return answer(capsys, "paper", "demo", "--wind-down", "--json", *words)


def demoted(home: Path, patch: pytest.MonkeyPatch) -> None:
    assert main(["demote", "demo", "--reason", "no edge"]) == 0


def expired(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("time.time_ns", lambda: NOW_NS + 91 * DAY_NS)


def changed(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hashes, "source_hash", lambda: "0" * 16)


@pytest.mark.parametrize(("end", "line"), [(demoted, "is demoted"), (expired, "has expired"), (changed, "the code")])
def test_open_bets_of_a_promotion_that_has_ended_are_settled_as_if_it_went_on(
    end: Callable[[Path, pytest.MonkeyPatch], None],
    line: str,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = entries()
    left = open_keys(before)
    assert left
    end(own_home, monkeypatch)
    capsys.readouterr()
    assert main(["paper", "demo"]) == 1
    said = capsys.readouterr().err
    assert line in said and "`bea paper demo --wind-down` settles its open bets" in said and said.count("\n") == 1
    monkeypatch.setattr("research.promotion.deployed.strategy_of", _never)  # it need not be there any more
    found = wind_down(capsys)
    assert (found["stopped"], found["open_bets"], found["winds_down"]) == ("nothing is open", [], True)
    new = entries()[len(before) :]
    assert not {one.entry.kind for one in new} & {Kind.INTENDED, Kind.SENT, Kind.DECIDED, Kind.CAPITAL}
    assert {one.entry.intent for one in new if one.entry.kind in ENDS} == left
    assert ended(entries()) == {key: WHOLE[key] for key in ended(entries())}
    assert found["equity_minor"] == found["cash_minor"] == found["bankroll_minor"] + found["pnl_minor"]
    count = len(entries())
    assert wind_down(capsys)["stopped"] == "nothing is open"  # once more: a start and a stop
    assert [one.entry.kind for one in entries()[count:]] == [Kind.STARTED, Kind.STOPPED]
    assert main(["status", "demo"]) == 0
    assert "it only settled what was open (--wind-down)" in " ".join(capsys.readouterr().out.split())


def _never(*_: object) -> Any:
    raise AssertionError("the strategy is loaded")


def test_a_bet_that_was_only_intended_is_given_up(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def probe(point: str) -> None:
        if point == "intent.after_commit":
            raise Stopped

    shutil.rmtree(own_home / "data" / "ledger")
    trade(probe=probe)
    (key,) = open_keys(entries())
    assert wind_down(capsys)["bets"] == {"abandoned": 1}
    assert entries()[-2].entry.intent == key and open_keys(entries()) == set()


def test_what_waits_for_a_result_is_named(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = len(open_keys(entries()))
    assert left
    nothing = own_home / "data" / "feed" / "nothing"
    nothing.mkdir()
    first = sorted((own_home / "data" / "feed" / "demo").iterdir())[0]
    shutil.copy(first, nothing)  # the recording ends before the matches do
    capsys.readouterr()
    assert main(["paper", "demo", "--wind-down", "--feed", str(nothing)]) == 0
    assert f"{left} bet" in capsys.readouterr().out.splitlines()[-1]
    assert len(open_keys(entries())) == left


def test_while_it_only_settles_nobody_is_there_who_decides(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wind_down(capsys)
    traded = Traded.of(entries())
    ((stopped_ns, end_ns),) = traded.gaps
    assert end_ns == 2**63 - 1 and traded.was_stopped(stopped_ns + 1) and len(traded.starts) == 1
    trade()
    ((_, end_ns),) = Traded.of(entries()).gaps
    assert end_ns < 2**63 - 1 and len(Traded.of(entries()).starts) == 2


def test_days_cannot_be_chosen_and_a_ledger_must_be_there(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paper", "demo", "--wind-down", "--until", "2020-01-01"]) == 2
    assert "every open bet is settled" in capsys.readouterr().err
    shutil.rmtree(own_home / "data" / "ledger")
    assert main(["paper", "demo", "--wind-down"]) == 1
    assert "no such ledger" in capsys.readouterr().err
