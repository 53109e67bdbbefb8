"""Each planted leak is found, with its column, event and cause. Its honest version raises no alarm."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from engine.store.store import Store
from research.leakage.decisions import Subject
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Example, Findings, Leak
from tests.conftest import ROOT
from tests.once import once
from tests.research.leakage.planted import IDEAS, MODELS, Planted, PlantedModel
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow

#: column that a leak changes, and words of the likely cause; the first eight are the usual ones of models
EXPECTED = {
    "scaler fitted on all rows": ("prob", "a mean, a scale or a model over the whole history"),
    "form without shift": ("form", "the result of the event itself"),
    "target encoding": ("target", "target encoding"),
    "season-end table": ("table", "final table"),
    "closing price as feature": ("close", "the event's own closing prices"),
    "label of the same date": ("same_date", "same day"),
    "smoothed regime": ("regime", "a regime smoothed with the future"),
    "early stopping on the test fold": ("prob", "a mean, a scale or a model over the whole history"),
    "half-time score": ("half_time", "half time"),
    "closing odds as opening odds": ("odds", "closing prices of the same bet"),
    "global mean": ("mean", "a mean"),
}
#: what is planted together
TOGETHER = (
    ("form without shift", "target encoding", "season-end table", "label of the same date"),
    ("closing price as feature", "smoothed regime", "half-time score", "global mean"),
    ("closing odds as opening odds",),
    *((name,) for name in MODELS),
)


def planted(names: tuple[str, ...], *, honest: bool) -> Subject:
    """The subject of a search for these leaks, or their honest versions."""
    if names[0] not in MODELS:
        return subject(strategy=lambda _: Planted(names, honest))
    model = PlantedModel(MODELS[names[0]], honest)
    tested = subject(strategy=lambda _: model)  # type: ignore[arg-type, return-value]
    return replace(tested, spec=replace(tested.spec, fit_at=("2018-10-01", "2019-09-15")))


def searched(store: Path) -> dict[str, tuple[Leak, Findings]]:
    """The leak of each idea, with the findings of its search."""
    leaks = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(store))
        for names in TOGETHER:
            findings = find_leaks(planted(names, honest=False), Search(instants=2, seed=1))
            by_column = {EXPECTED[name][0]: name for name in names}
            assert {leak.column for leak in findings.leaks} <= set(by_column)
            leaks |= {by_column[leak.column]: (leak, findings) for leak in findings.leaks}
    return leaks


@pytest.fixture(scope="module")
def found(small_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Leak, Findings]]:
    """What the searches found; they take half a minute, and all processes of a run share them."""

    def make(folder: Path) -> None:
        (folder / "found").write_bytes(pickle.dumps(searched(small_store)))

    content = (once(tmp_path_factory, "planted", make) / "found").read_bytes()
    found: dict[str, tuple[Leak, Findings]] = pickle.loads(content)  # noqa: S301  # written above
    return found


def test_all_are_found(found: dict[str, tuple[Leak, Findings]]) -> None:
    assert set(EXPECTED) == {*IDEAS, *MODELS}
    assert set(found) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_planted_leak_is_found(name: str, found: dict[str, tuple[Leak, Findings]], small_store: Path) -> None:
    leak, findings = found[name]
    assert EXPECTED[name][1] in leak.cause
    assert findings.outcome == "leak"
    assert leak.examples[0].kind not in ("delayed", "known_at")
    for example in leak.examples:
        if example.kind in ("truncated", "perturbed", "shuffled"):
            _check_later_rows(name, example, Store.open(small_store / "data" / "store"))


def _check_later_rows(name: str, example: Example, store: Store) -> None:
    """The example must be an event whose value could change: some rows that it depends on came later."""
    event = store.events().filter(pl.col("event_id") == example.event_id).row(0, named=True)
    assert (event["home"], event["away"], str(event["date"])) == (example.home, example.away, example.date)
    decided, instant = (datetime.fromisoformat(text) for text in (example.decided_at, example.instant))
    assert decided <= instant
    assert example.value != example.other
    later = store.events().filter(pl.col("settled_at") > instant)
    if name in ("half-time score", "form without shift"):
        assert event["settled_at"] > instant
    elif name == "label of the same date":
        assert later.filter(pl.col("date") == event["date"]).height
    elif name == "season-end table":
        same = (pl.col("season") == event["season"]) & (pl.col("home") == event["home"])
        assert later.filter(same).height
    elif name == "target encoding":
        assert later.filter(pl.col("home") == event["home"]).height
    elif name.startswith("closing"):
        assert event["starts_at"] > decided


@pytest.mark.parametrize(
    "names",
    [tuple(IDEAS), *(pytest.param((name,), marks=pytest.mark.proof) for name in MODELS)],
    ids=lambda names: names[0],
)
def test_their_honest_versions_are_clean(names: tuple[str, ...], small_home: Path) -> None:
    findings = find_leaks(planted(names, honest=True), Search(instants=5, seed=1))
    assert findings.leaks == ()
    assert all(held.instants == 5 and held.decisions > 100 for held in findings.coverage.held.values())
    assert "the strategy opens the store by itself" in findings.notes
    assert {EXPECTED[name][0] for name in names} <= set(findings.coverage.columns)
    assert "results" not in findings.coverage.untouched  # they use known results


def test_the_guide_lists_them_with_their_columns() -> None:
    text = (ROOT / "docs" / "leakage.md").read_text()
    for name, (column, _) in EXPECTED.items():
        assert f"| {name} | {column} |" in text
