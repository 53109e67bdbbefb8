"""Views of a store in parts: together where a strategy needs them all, else one after another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.asof import decisions, view
from engine.errors import ConfigurationError
from engine.strategy import Requirement, View
from research.config.tape_spec import TapeSpec
from research.tapes import parts
from research.tapes.builder import Tapes
from tests.tapes import spec_of


def slate() -> TapeSpec:
    return spec_of(
        "strategy=slate_kelly", "strategy.price=max", "data.decide_at=before_start:1h", "staking=kelly_column"
    )


def bets(tapes: Tapes, spec: TapeSpec) -> pl.DataFrame:
    tape = tapes.fresh(spec)
    return pl.DataFrame({"at": tape.decided_at, "event": tape.event, "share": tape.kelly_frac, "prob": tape.prob})


def seen(tapes: Tapes, spec: TapeSpec) -> list[View]:
    return [one for _, views in tapes._parts(spec) for one in views]


def test_all_events_of_an_instant_reach_a_strategy_from_several_views(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bets(Tapes(), slate())
    shared = whole.group_by("at").agg(pl.col("event").n_unique(), pl.col("share").sum())
    assert shared["event"].max() > 1 and whole["share"].min() > 0.0 and shared["share"].max() <= 1.0  # type: ignore[operator]
    for module in (decisions, view):
        monkeypatch.setattr(module, "max_quotes", lambda *_, **__: 300)
    tapes = Tapes()
    assert len(seen(tapes, slate())) > 1 and bets(tapes, slate()).equals(whole)


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"scope.*decision \| event \| instant, found 'instnat'"):
        Requirement(("1x2",), scope="instnat")


def test_a_slate_that_does_not_fit_at_once_is_refused(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "max_quotes", lambda memory_mb: 300)
    with pytest.raises(ConfigurationError, match=r"the universe does not fit.*all events of an instant.*memory_mb"):
        Tapes().fresh(slate())
    assert len(Tapes().fresh(spec_of("strategy=flat_all")).prob) > 0


def test_views_with_long_paths_come_one_after_another(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows of paths than may be held: other strategies see view by view, and none is kept for the next tape."""
    spec = spec_of("strategy=line_move", "strategy.move_min=0", "data.instants=[open,close]")
    tapes = Tapes()
    whole = bets(tapes, spec)
    assert whole.height > 100 and tapes._read._last_views is not None
    for module in (decisions, view):
        monkeypatch.setattr(module, "max_quotes", lambda *_, **__: 300)
    tapes = Tapes()
    tapes._read._most = 3_000
    monkeypatch.setattr(tapes._read, "cuts", lambda store, inputs: [inputs.visible])
    assert bets(tapes, spec).equals(whole) and tapes._read._last_views is None
    lengths = [one.known().height for one in seen(tapes, spec)]
    assert len(lengths) > 3 and max(lengths) < 3_000 < sum(lengths)


def test_paths_that_do_not_fit_at_once_are_refused_where_a_strategy_is_fitted(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of("strategy=line_move", "data.instants=[open,close]")
    fitted = TapeSpec(**{**vars(spec), "fit_at": ("2020-01-01",)})
    tapes = Tapes()
    tapes._read._most = 3_000
    monkeypatch.setattr(tapes._read, "cuts", lambda store, inputs: [inputs.visible])
    with pytest.raises(ConfigurationError, match=r"a path of more than 3,000 rows.*before_start:1h"):
        tapes.fresh(fitted)
