"""The shortest form of a schedule that still violates the same invariant."""

from __future__ import annotations

from tests.schedules.checks import Violated
from tests.schedules.steps import Schedule
from tests.schedules.world import World


def violation(schedule: Schedule, world: type[World] = World) -> str:
    """Number of the invariant that a schedule violates in a world; empty: none."""
    try:
        world(schedule).run()
    except Violated as violated:
        return violated.name
    return ""


def shrunk(schedule: Schedule, world: type[World] = World) -> Schedule:
    """Take steps out, ever smaller parts of the schedule, as long as the same invariant is violated."""
    name, size = violation(schedule, world), len(schedule.steps) // 2
    while name and size:
        start = 0
        while start < len(schedule.steps):
            shorter = schedule._replace(steps=schedule.steps[:start] + schedule.steps[start + size :])
            if violation(shorter, world) == name:
                schedule = shorter
            else:
                start += size
        size //= 2
    return schedule
