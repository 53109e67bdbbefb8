"""A start that only settles, over the scene: the strategy of the plan would go on, and nothing asks it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.entries import Kind
from engine.live.running.winding import NOTHING_OPEN, Idle, without_sends
from tests.live.running import scene


def test_nothing_is_decided_deposited_or_sent_while_bets_end(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("scene")
    scene.History.cut(3, folder)
    history = scene.History.read(folder)
    with ExitStack() as stack:
        parts = scene.opened(history, stack)
        parts.runner.on_turn = lambda: parts.runner.stop("enough") if parts.room.account.at_risk else None
        parts.run()
        left = {bet.key for bet in parts.room.journal.book.alive()}
    count = len(scene.entries())
    assert left
    with ExitStack() as stack:
        parts = scene.opened(history, stack, around=scene.Around(winds_down=True))
        assert parts.run() == NOTHING_OPEN and parts.status("scene").winds_down
    new = [one.entry for one in scene.entries()[count:]]
    assert {entry.intent for entry in new if entry.kind in (Kind.SETTLED, Kind.VOID)} == left
    assert not {entry.kind for entry in new} & {Kind.DECIDED, Kind.INTENDED, Kind.SENT, Kind.CAPITAL}
    with ExitStack() as stack:  # it may be traded again: what came meanwhile is over
        assert scene.opened(history, stack).run() == "the feed has ended"
    assert Kind.INTENDED in {one.entry.kind for one in scene.entries()[count + len(new) :]}


def test_an_executor_without_sends_gives_up_and_asks_once() -> None:
    settings = without_sends(ExecutionSettings(attempts_most=9, lease_margin_ms=7))
    assert (settings.on_restart, settings.attempts_most, settings.lease_margin_ms) == ("abandon", 1, 7)


def test_what_never_bets_names_its_markets() -> None:
    assert Idle(("1x2", "totals")).requires().markets == ("1x2", "totals") and Idle().requires().markets == ()
