"""Each planted leak is found, with its column, event and cause. Its honest version raises no alarm."""

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

#: column that a leak changes, and words of the likely cause
EXPECTED = {
    "half-time score": ("prob", "half time"),
    "closing odds as opening": ("odds", "closing prices of the same bet"),
    "season-end table": ("prob", "final table"),
    "global mean": ("prob", "a mean"),
    "target encoding": ("prob", "target encoding"),
    "same-day result": ("prob", "same day"),
    "model fitted on the future": ("prob", "fitted on the future"),
    "regime smoothed with the future": ("regime", "smoothed with the future"),
}


def search(name: str, *, honest: bool) -> Findings:
    """The findings for one planted strategy."""
    strategy = Planted(IDEAS[name], honest)
    return find_leaks(subject(strategy=lambda _: strategy), Search(instants=5 if honest else 3, seed=1))


@pytest.mark.parametrize("name", list(IDEAS))
def test_a_planted_leak_is_found(name: str, small_home: Path) -> None:
    findings = search(name, honest=False)
    column, cause = EXPECTED[name]
    leak = findings.leaks[0]
    assert leak.column == column
    assert cause in leak.cause
    assert findings.outcome == "leak"
    assert leak.examples[0].kind not in ("delayed", "known_at")
    for example in leak.examples:
        if example.kind in ("truncated", "perturbed", "shuffled"):
            _check_later_rows(name, example, Store.open(small_home / "data" / "store"))


def _check_later_rows(name: str, example: Example, store: Store) -> None:
    """The example must be an event whose value could change: some rows that it depends on came later."""
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
def test_its_honest_version_is_clean(name: str, small_home: Path) -> None:
    findings = search(name, honest=True)
    assert findings.leaks == ()
    assert all(held.instants == 5 and held.decisions > 100 for held in findings.coverage.held.values())
    assert "the strategy opens the store by itself" in findings.notes
    if name in ("season-end table", "target encoding", "model fitted on the future"):
        assert "results" not in findings.coverage.untouched  # it uses known results
