"""The risk breakers of the kernel, on record."""

from __future__ import annotations

import numpy as np
import pytest

from engine.configuration import Configuration
from engine.kernel import account
from engine.live.breakers import RiskState
from engine.live.ledger.entries import Kind
from tests.live.breakers.scene import Scene

CALM = RiskState(
    drawdown_warn_frac=0.15, drawdown_stop_frac=0.2, streak_warn=3.0, streak_stop=5.0, daily_loss_frac=0.05
)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("drawdown", {"drawdown_frac": 0.21, "halted": True}),
        ("streak", {"streak": 5, "cooling": True}),
        ("daily_loss", {"day_loss_frac": 0.06, "day_blocked": True}),
    ],
)
def test_each_is_on_record_while_the_kernel_stops_bets(name: str, bad: dict[str, object]) -> None:
    scene = Scene()
    assert scene.turn(CALM) == []
    (entry,) = scene.turn(CALM._replace(**bad))
    assert (entry.kind, entry.key) == (Kind.TRIPPED, f"tripped:{name}:1") and scene.state(name) == "open"
    assert scene.reason() == ""  # the kernel says it
    scene.restart()
    assert scene.turn(CALM._replace(**bad)) == [] and scene.person(name) == ()
    assert [entry.kind for entry in scene.turn(CALM)] == [Kind.RESUMED]


def test_with_real_money_the_drawdown_ends_by_a_person_only() -> None:
    scene = Scene(mode="live")
    scene.turn(CALM._replace(drawdown_frac=0.21, halted=True))
    assert scene.turn(CALM) == [] and scene.reason() == "breaker_drawdown"
    (entry,) = scene.person("drawdown", "deposit made")
    assert entry.body["person"] == "ann" and scene.reason() == ""


def test_warnings_come_before_stops() -> None:
    scene = Scene()
    scene.turn(CALM._replace(drawdown_frac=0.15, streak=3))
    assert scene.breakers.warnings() == ("drawdown", "streak")
    rows = {row.breaker: row.left_frac for row in scene.breakers.distances()}
    assert rows["drawdown"] == pytest.approx(0.25) and rows["streak"] == pytest.approx(0.4)
    scene.turn(CALM)
    assert scene.breakers.warnings() == ()


def test_a_rule_without_a_limit_is_off() -> None:
    scene = Scene()
    scene.turn(CALM._replace(drawdown_stop_frac=float("inf")))
    rows = {row.breaker: row.state for row in scene.breakers.distances()}
    assert (rows["drawdown"], rows["streak"], rows["daily_loss"]) == ("off", "closed", "closed")


def test_the_state_is_that_of_the_kernels_account() -> None:
    params = Configuration(drawdown_warn_frac=0.15, drawdown_stop_frac=0.2, daily_loss_frac=0.05).params()
    cells, ends = np.zeros(account.N_CELLS), np.full(2, account.NEVER)
    account.begin(cells, 100_000.0)
    cells[account.CASH], cells[account.OPEN] = 70_000.0, 9_000.0
    account.close(cells, ends, np.int64(10**18), params)
    state = RiskState.of(cells, params)
    assert state.drawdown_frac == pytest.approx(0.21) == state.day_loss_frac
    assert state.halted and state.day_blocked and not state.cooling and state.drawdown_stop_frac == 0.2
