"""Bets on runners of a race: won, lost, void, dead heats, and removals before and after the bet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.kernel.codes import Reduction, State
from engine.kernel.price import reduced
from engine.schema import EVENTS, EVENTS_OPTIONAL, OPPORTUNITIES
from engine.tape.build import build_tape
from engine.tape.columns import Tape

OFF = datetime(2022, 4, 15, 5, 30, tzinfo=UTC)
BET = OFF - timedelta(hours=1)
BET_NS = int(BET.timestamp()) * 10**9


def tape_of(finish: str | None, market: str = "winner", runners: str = "789") -> Tape:
    """Back bets on each runner of one race, an hour before it."""
    event = dict.fromkeys([*EVENTS, *EVENTS_OPTIONAL]) | {
        "event_id": 1, "sport": "horse_racing", "competition": "Ascot", "season": "2022", "date": OFF.date(),
        "home": "field", "away": "race", "neutral": True, "starts_at": OFF, "starts_at_basis": "recorded",
        "settled_at": OFF + timedelta(minutes=5), "settled_at_basis": "recorded", "status": "played",
        "source": "betfair_history", "raw_file": "0", "raw_line": 1, f"{market}_finish": finish,
    }  # fmt: skip
    bets = [
        {
            "event_id": 1, "market": market, "line": None, "selection": runner, "bookmaker": "betfair_exchange",
            "side": "back", "decided_at": BET, "odds": 8.6, "prob": 0.2,
        }
        for runner in runners
    ]  # fmt: skip
    return build_tape(
        pl.DataFrame(bets, schema=OPPORTUNITIES), pl.DataFrame([event], schema={**EVENTS, **EVENTS_OPTIONAL})
    )


def test_each_runner_ends_as_its_source_says() -> None:
    tape = tape_of("7:won 8:lost 9:void")
    assert sorted(tape.state) == sorted([State.WIN, State.LOSE, State.VOID])


def test_winners_of_a_dead_heat_share() -> None:
    tape = tape_of("7:won 8:won 9:lost share:0.5")
    assert sorted(zip(tape.state, tape.dead_heat_share, strict=True)) == [
        (State.LOSE, 1.0), (State.DEAD_HEAT, 0.5), (State.DEAD_HEAT, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize("finish", ["7:tied 8:tied 9:tied", "17:won 18:lost", None])
def test_a_runner_of_whom_nobody_can_say_how_it_ended_is_left_out_and_named(finish: str | None) -> None:
    tape = tape_of(finish)
    assert len(tape.state) == 0 and tape.refused["reason"].str.contains("no word how the runner ended").all()
    assert tape.refused.row(0)[1] == 3


@pytest.mark.parametrize(
    ("market", "after", "expected"),
    [
        ("winner", [(10, 0.162)], 7.21),
        ("winner", [(10, 0.024)], 8.6),
        ("winner", [(-10, 0.162)], 8.6),
        ("winner", [(10, 0.1), (20, 0.2), (30, 0.02)], 6.19),
        ("place", [(10, 0.25)], 6.7),
        ("place", [(10, 0.024)], 8.4176),
    ],
)
def test_removals_after_the_bet_lower_its_price(market: str, after: list[tuple[int, float]], expected: float) -> None:
    words = [f"removed:{BET_NS + seconds * 10**9}:{factor}" for seconds, factor in after]
    tape = tape_of(" ".join(["7:won", *words]), market, "7")
    rule = Reduction.EXCHANGE_PLACE if market == "place" else Reduction.EXCHANGE_WIN
    assert tape.reduction_rule[0] == rule
    assert reduced(8.6, tape.reduction_frac[0], int(tape.reduction_rule[0])) == pytest.approx(expected)
