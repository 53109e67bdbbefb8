"""Bands must not know days after their promotion: a promotion is tried at drawn instants, also with planted bugs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import polars as pl

import research
from engine.errors import PromotionError
from research.promotion import freeze
from research.promotion.freeze import Prepared, Wanted, prepare
from research.promotion.settings import read_settings
from tests.promoted import WORDS

_DAY_NS: Final = 86_400 * 10**9


class _Handed(Exception):
    """The days have reached the bands."""


def _hand(*values: Any) -> dict[str, Any]:
    raise _Handed


@contextmanager
def _stopped_at_the_bands() -> Iterator[None]:
    right = freeze.bands
    freeze.bands = _hand
    try:
        yield
    finally:
        freeze.bands = right


def candidate() -> tuple[Prepared, Wanted]:
    """A configuration of the sample whose gates are left out, in ``BEA_HOME``."""
    wanted = Wanted("hindsight", read_settings("paper"), "EUR", {})
    return replace(prepare(research.backtest(list(WORDS)), 1, wanted), gates=()), wanted


def last_ns(prepared: Prepared) -> int:
    """The last instant in the bets of the backtest, from their table alone."""
    bets = prepared.path.bets
    ends = [bets[name].cast(pl.Int64).max() for name in ("decided_at", "settled_at")]
    return max(int(end) for end in ends if end is not None)  # type: ignore[call-overload]


def first_hindsight(prepared: Prepared, wanted: Wanted, seeds: range) -> int | None:
    """The first seed at whose instant bands are drawn although a bet of theirs is later; None: there is none.

    Half of the instants are in the last day and the day after it.
    """
    last = last_ns(prepared)
    first = int(prepared.path.bets["decided_at"].cast(pl.Int64).min())  # type: ignore[arg-type]
    drawn = 0
    with _stopped_at_the_bands():
        for seed in seeds:
            rng = random.Random(seed)
            near = rng.random() < 0.5
            now = rng.randint(last - _DAY_NS, last + _DAY_NS) if near else rng.randint(first, 2 * last - first)
            try:
                freeze.promote(prepared, wanted, now)
            except _Handed:
                drawn += 1
                if now < last:
                    return seed
            except PromotionError:
                continue
    assert drawn, "every instant was refused"
    return None


def _without_a_look(prepared: Prepared) -> Prepared:
    return _until(prepared, 0)


def _by_decisions(prepared: Prepared) -> Prepared:
    return _until(prepared, int(prepared.path.bets["decided_at"].cast(pl.Int64).max()))  # type: ignore[arg-type]


def _until(prepared: Prepared, until_ns: int) -> Prepared:
    reference = replace(prepared.candidate.reference, until_ns=until_ns)
    return replace(prepared, candidate=replace(prepared.candidate, reference=reference))


PLANTED: Final[dict[str, Callable[[Prepared], Prepared]]] = {
    "a band is computed with data after the promotion": _without_a_look,
    "of the data of a band only decisions are before the promotion": _by_decisions,
}
