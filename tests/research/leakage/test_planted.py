"""Each planted leak is found, with its column, its event and its cause; its honest twin raises no alarm."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from engine.store.store import Store
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Example, Findings
from tests.research.leakage.planted import IDEAS, Planted
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow

#: what a leak changes, and what the likely cause must say
EXPECTED = {
    "half-time score": ("prob", "half time"),
    "closing odds as opening": ("odds", "closing prices of the same bet"),
    "season-end table": ("prob", "season's end"),
    "global mean": ("prob", "a mean"),
    "target encoding": ("prob", "target encoding"),
    "same-day result": ("prob", "same day"),
    "model fitted on the future": ("prob", "fitted on the future"),
    "regime smoothed with the future": ("regime", "smoothed with the future"),
}


def searched(name: str, *, honest: bool) -> Findings:
    """The outcome of a search over one planted strategy."""
    made = Planted(IDEAS[name], honest)
    return find_leaks(subject(strategy=lambda _: made), Search(instants=5 if honest else 3, seed=1))


@pytest.mark.parametrize("name", list(IDEAS))
def test_a_planted_leak_is_named(name: str, small_home: Path) -> None:
    found = searched(name, honest=False)
    column, cause = EXPECTED[name]
    leak = found.leaks[0]
    assert leak.column == column
    assert cause in leak.cause
    assert found.outcome == "leak"
    assert leak.examples[0].kind not in ("delayed", "known_at")
    for example in (one for one in leak.examples if one.kind in ("truncated", "perturbed", "shuffled")):
        _has_a_future(name, example, Store.open(small_home / "data" / "store"))


def _has_a_future(name: str, example: Example, store: Store) -> None:
    """The named event is one whose value must have changed: of the rows it may depend on, some came later."""
    event = store.events().filter(pl.col("event_id") == example.event_id).row(0, named=True)
    assert (event["home"], event["away"], str(event["date"])) == (example.home, example.away, example.date)
    decided, instant = (datetime.fromisoformat(text) for text in (example.decided_at, example.instant))
    assert decided <= instant
    assert example.value != example.other
    later = store.events().filter(pl.col("settled_at") > instant)
    if name == "half-time score":
        assert event["settled_at"] > instant
    elif name == "same-day result":
        assert later.filter(pl.col("date") == event["date"]).height
    elif name == "season-end table":
        same = (pl.col("season") == event["season"]) & (pl.col("home") == event["home"])
        assert later.filter(same).height
    elif name == "target encoding":
        assert later.filter(pl.col("home") == event["home"]).height
    elif name == "closing odds as opening":
        assert event["starts_at"] > decided


@pytest.mark.parametrize("name", list(IDEAS))
def test_its_honest_twin_is_clean(name: str, small_home: Path) -> None:
    found = searched(name, honest=True)
    assert found.leaks == ()
    assert all(held.instants == 5 and held.decisions > 100 for held in found.coverage.held.values())
    assert "the strategy opens the store by itself" in found.notes
    if name in ("season-end table", "target encoding", "model fitted on the future"):
        assert "results" not in found.coverage.untouched  # it uses results, those that were known
