"""Time on paper: only runners on a live feed count, and nothing is rounded in a promotion's favour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.clock import DAY_NS, HOUR_NS
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.promotion import Promotion
from research.promotion.paper_time import PaperTime, paper_gates, paper_time
from research.promotion.settings import read_settings

NAMES = ("paper_days", "paper_bets", "paper_gap", "paper_drift")


def entry(epoch: int, wall_ns: int, kind: Kind, intent: str = "", **body: Any) -> Recorded:
    """An entry of a runner; its own clock of the world says nothing here."""
    return Recorded(1, epoch, wall_ns, Entry(kind, f"{kind}:{wall_ns}", 0, intent, body=body), "", "", "")


def runner(epoch: int, first_ns: int, last_ns: int, is_live: bool, bets: int = 0) -> list[Recorded]:
    """A runner's entries: its start, bets in its middle, its end."""
    middle = (first_ns + last_ns) // 2
    return [
        entry(epoch, first_ns, Kind.STARTED, is_live=is_live),
        *(entry(epoch, middle, Kind.PLACED, f"{epoch}-{number}") for number in range(bets)),
        entry(epoch, last_ns, Kind.STOPPED),
    ]


def test_a_replay_never_counts() -> None:
    entries = [*runner(1, 0, 40 * DAY_NS, False, 500), *runner(2, 41 * DAY_NS, 42 * DAY_NS, True, 3)]
    assert paper_time(entries) == PaperTime(1.0, 3, 0.0)
    assert paper_time(runner(1, 0, 40 * DAY_NS, False, 500)) == PaperTime(0.0, 0, 0.0)
    assert paper_time([]) == PaperTime(0.0, 0, 0.0)


def test_days_gaps_and_bets_are_those_of_the_machine_s_clock() -> None:
    entries = [
        *runner(1, 0, 10 * DAY_NS, True, 40),
        *runner(2, 10 * DAY_NS + 23 * HOUR_NS, 20 * DAY_NS, True, 40),
        *runner(3, 20 * DAY_NS, 20 * DAY_NS + HOUR_NS, False, 40),  # a replay in between closes no gap
        *runner(4, 21 * DAY_NS + 6 * HOUR_NS, 31 * DAY_NS, True, 40),
    ]
    assert paper_time(entries) == PaperTime(31.0, 120, 30.0)


def test_a_bet_that_fills_in_parts_is_one_bet() -> None:
    entries = runner(1, 0, DAY_NS, True)
    parts = [entry(1, 5, Kind.PARTIAL, "a"), entry(1, 6, Kind.PLACED, "a"), entry(1, 7, Kind.REJECTED, "b")]
    assert paper_time([entries[0], *parts, entries[1]]).bets == 1


def promotion(mode: str = "paper") -> Promotion:
    """A promotion that was traded."""
    settings = {"bankroll_minor": 1}
    return Promotion("p", mode, "r", 1, settings, 0, "EUR", "UTC", (), {}, {}, {}, (), 0, 1)


@pytest.mark.parametrize(
    ("time", "unexplained", "closed"),
    [
        (PaperTime(30.0, 100, 24.0), 0, []),
        (PaperTime(29.99, 100, 24.0), 0, ["paper_days"]),
        (PaperTime(30.0, 99, 24.0), 0, ["paper_bets"]),
        (PaperTime(30.0, 100, 24.01), 0, ["paper_gap"]),
        (PaperTime(30.0, 100, 24.0), 1, ["paper_drift"]),
        (PaperTime(30.0, 100, 24.0), None, ["paper_drift"]),
        (PaperTime(0.0, 0, 0.0), 0, ["paper_days", "paper_bets", "paper_gap"]),
        (None, None, list(NAMES)),
    ],
)
def test_each_gate_closes_by_its_own_number(time: PaperTime | None, unexplained: int | None, closed: list[str]) -> None:
    settings = read_settings("live").gates
    gates = paper_gates(settings, promotion(), {"bankroll_minor": 1}, time, unexplained)
    assert tuple(gate.name for gate in gates) == NAMES
    assert [gate.name for gate in gates if not gate.passed] == closed
    assert set(NAMES) <= set(read_settings("live").never_acknowledged)


def test_another_configuration_on_paper_opens_nothing() -> None:
    settings, time = read_settings("live").gates, PaperTime(90.0, 1_000, 0.0)
    same = {"bankroll_minor": 1}
    for traded, wanted in ((promotion(), {"bankroll_minor": 2}), (promotion("live"), same), (None, same)):
        gates = paper_gates(settings, traded, wanted, time, 0)
        assert not any(gate.passed for gate in gates) and all("not measured" in gate.found for gate in gates)
    assert all(gate.passed for gate in paper_gates(settings, replace(promotion(), name="q"), same, time, 0))
