"""2,000 schedules without a violation, the same bytes for the same seed, and planted bugs that they find."""

from __future__ import annotations

import pytest

from tests.schedules.__main__ import Tally, first_violation
from tests.schedules.checks import Violated
from tests.schedules.planted import PLANTED
from tests.schedules.shrink import shrunk, violation
from tests.schedules.steps import Schedule, Step, draw
from tests.schedules.world import World

#: seeds that found each planted bug when they were last looked for: a few around them are enough
SEEDS = range(2_000)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(SEEDS), 500))
def test_no_schedule_violates_an_invariant(first: int) -> None:
    tally = Tally()
    for seed in SEEDS[first : first + 500]:
        world = World(draw(seed))
        try:
            world.run()
        except Violated as violated:
            pytest.fail(f"seed {seed}: {violated}; python -m tests.schedules --first {seed} --seeds 1")
        tally.add(world)
    assert len(tally.faults) > 30 and sum(tally.transitions.values()) > 5_000


def test_the_same_seed_gives_the_same_bytes() -> None:
    for seed in range(0, 40, 3):
        heads = []
        for _ in range(2):
            world = World(draw(seed))
            world.run()
            heads.append((world.disk.state.hash, world.clock.now, world.truth.desk.venue.balance_minor()))
        assert heads[0] == heads[1], seed


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    with PLANTED[name]():
        seed, invariant = first_violation(SEEDS)
    assert seed is not None and invariant


def test_a_failing_schedule_is_shrunk_to_its_shortest_form() -> None:
    with PLANTED["a 5xx is a rejection"]():
        short = shrunk(draw(first_violation(SEEDS)[0] or 0))
        assert violation(short) == "I4"
        assert len(short.steps) <= 3 and {"fault", "bet"} <= {step.kind for step in short.steps}
        for place in range(len(short.steps)):
            assert violation(short._replace(steps=short.steps[:place] + short.steps[place + 1 :])) != "I4"
    assert violation(short) == ""


def test_each_step_is_a_method_of_the_world() -> None:
    kinds = {step.kind for seed in range(300) for step in draw(seed).steps}
    assert all(hasattr(World, f"_{kind}") for kind in kinds) and len(kinds) > 15


def test_a_schedule_without_steps_is_quiet() -> None:
    world = World(Schedule(0, "short", (Step("bet", (0, 1, "back", 2.0, 500, 60)),)))
    world.run()
    assert [row.entry.kind.value for row in world.disk.rows if row.entry.intent] == [
        "intended",
        "sent",
        "placed",
        "settled",
    ]
