"""The copies of one instant: what is decided on a changed future, and on late corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from research.leakage.copier import Changed
from research.leakage.decisions import Decider, Decisions, Failure
from research.leakage.mutation import (
    DELAYED,
    PERTURBED,
    SHUFFLED,
    TRUNCATED,
    Mutation,
    delayed_and_removed,
    perturbed,
    shuffled,
    truncated,
)

#: what is decided on a copy, and how many rows were changed in it
Answer = tuple[Decisions | Failure, Changed]
#: the copy that `DELAYED` is compared with, in place of the original
REMOVED: Final = "removed"


@dataclass(frozen=True)
class InstantSearch:
    """The copies of an instant, by kind; all but `REMOVED` are kinds of `research.leakage.mutation.KINDS`.

    Attributes
    ----------
    instant_ns : int
        UTC nanoseconds.
    answers : mapping of str to Answer
    """

    instant_ns: int
    answers: dict[str, Answer]


def mutations_at(instant_ns: int, seed: int) -> dict[str, Mutation]:
    """The mutations of an instant, by kind."""
    delay, remove = delayed_and_removed(instant_ns, seed)
    return {
        TRUNCATED: truncated(instant_ns),
        PERTURBED: perturbed(instant_ns, seed),
        SHUFFLED: shuffled(instant_ns, seed),
        DELAYED: delay,
        REMOVED: remove,
    }


def in_turn(
    decider: Decider, instants: Sequence[int], seed: int, step: Callable[[int], None]
) -> Iterator[InstantSearch]:
    """Search one instant after another in this process; `step` is told how many copies were decided on."""
    for instant in instants:
        yield search_at(decider, instant, seed, lambda: step(1))


def search_at(decider: Decider, instant_ns: int, seed: int, step: Callable[[], None]) -> InstantSearch:
    """Decide on all copies of an instant; `step` is called after each."""
    answers = {}
    for kind, mutation in mutations_at(instant_ns, seed).items():
        answers[kind] = decider.decide(mutation)
        step()
    return InstantSearch(instant_ns, answers)
