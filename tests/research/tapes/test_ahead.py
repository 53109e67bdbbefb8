"""A feature that looks ahead is refused before a tape is built, in one line; built-in and honest ones are not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError
from engine.store.store import Store
from research.features import built_in, names
from research.tapes import builder, parts
from research.tapes.ahead import check_features, of_the_user, some_decisions
from research.tapes.builder import Tapes
from tests.contract.planted_features import IDEAS, PlantedFeature
from tests.contract.test_features import feature, history
from tests.research.tapes.test_features import own_home, spec, write

__all__ = ["own_home"]


@pytest.mark.parametrize("idea", list(IDEAS))
def test_a_planted_mistake_is_refused_and_its_honest_version_is_not(idea: str) -> None:
    events, decisions = history(3)
    planted = PlantedFeature(IDEAS[idea])
    with pytest.raises(DataError, match=r"a feature looks ahead.*planted\.(n|goals), L\d.*expected .* found \d+"):
        check_features([planted], events, decisions)
    check_features([replace(planted, honest=True)], events, decisions)


def test_the_example_is_true() -> None:
    events, decisions = history(3)
    with pytest.raises(DataError) as caught:
        check_features([PlantedFeature(IDEAS["settled at the decision"])], events, decisions)
    text = str(caught.value)
    assert "\n" not in text
    instant = text.split("decided at ")[1][:16]
    at = decisions.filter(pl.col("decided_at").dt.strftime("%Y-%m-%d %H:%M") == instant)["decided_at"][0]
    seen, known = (
        events.filter(condition).height for condition in (pl.col("settled_at") <= at, pl.col("settled_at") < at)
    )
    assert f"expected {known} without the results settled later" in text and f"found {seen}" in text


@dataclass(frozen=True)
class TwoForms(PlantedFeature):
    """Its batch form counts what the other does not."""

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """One more."""
        return super().batch(results, asked).with_columns(pl.col("n") + (len(asked) > 1))


def test_two_forms_that_differ_are_refused() -> None:
    events, decisions = history(3)
    with pytest.raises(DataError, match="the two forms of a feature differ"):
        check_features([TwoForms(IDEAS["season-end table"], honest=True)], events, decisions)


def test_built_in_features_keep_it_and_are_not_tested_again_at_each_tape() -> None:
    events, decisions = history(3)
    check_features([feature(name) for name in names()], events, decisions)
    own = PlantedFeature(IDEAS["season-end table"])
    assert of_the_user([built_in("elo"), own]) == (own,)


@pytest.mark.slow
def test_a_tape_is_not_built_on_it(own_home: Path) -> None:
    assert Tapes().tape(spec()).prob.shape == (672,)
    write(own_home, True)
    with pytest.raises(DataError, match=r"a feature looks ahead.*own\.n_played"):
        Tapes().tape(spec())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["batch", "value"])
def test_a_feature_that_fails_is_named_with_its_line(own_home: Path, form: str) -> None:
    path = own_home / "features" / "own.py"
    start = f"    def {form}(self, {'results, asked' if form == 'batch' else 'event, decided_ns'}):\n"
    path.write_text(path.read_text().replace(start, start + '        raise KeyError("x")\n'))
    line = path.read_text().splitlines().index('        raise KeyError("x")') + 1
    with pytest.raises(ConfigurationError, match=rf"failed in .*own\.py:{line}: found KeyError: 'x'"):
        Tapes().tape(spec())


@pytest.mark.slow
def test_a_feature_that_looks_ahead_late_in_the_store_is_found(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions are drawn from all parts of the store, not from the first one."""
    monkeypatch.setattr(parts, "max_quotes", lambda memory_mb: 300)
    tapes = Tapes()
    days = sorted(tapes.rows(spec()).calendar["events"])
    path, late = own_home / "features" / "own.py", days[len(days) * 3 // 4]
    path.write_text(path.read_text().replace("if False:", f'if str(asked["decided_at"].max()) > "{late}":'))
    with pytest.raises(DataError, match=r"a feature looks ahead.*own\.n_played"):
        Tapes().tape(spec())
    found = some_decisions(Store.open(own_home / "data" / "store"), Tapes().inputs(spec()), days)
    assert found["decided_at"].dt.date().n_unique() > 4 and found.height == found.n_unique()


@pytest.mark.slow
def test_tapes_of_the_same_features_and_rows_ask_once(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(builder, "check_features", lambda own, events, quotes: asked.append(own[0].name))
    tapes = Tapes()
    for of in (spec(), replace(spec(), kelly="states"), spec(["data.last_date=2021-09-30"])):
        tapes.tape(of)
    assert asked == ["own", "own"], "anew for other rows only"
    tapes.tape(replace(spec(), decide_at="before_start:2h"))
    write(own_home, True)
    tapes.tape(replace(spec(), decide_at="before_start:2h", kelly="states"))
    assert len(asked) == 4, "anew for other decisions and for other code"
