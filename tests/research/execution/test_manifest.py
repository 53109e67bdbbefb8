"""Notes of a run on opportunities that are not on its tapes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import research
from research.execution.manifest import close_notes, refusal_notes, regime_notes
from research.tapes.regimes import Turns


def built(*refused: tuple[str, int, str]) -> Any:
    return SimpleNamespace(refused=refused)


def test_each_reason_has_a_note_with_number_and_example() -> None:
    assert refusal_notes([built()]) == []
    assert refusal_notes([built(("late", 1, "A B"), ("no score", 1200, "C D"))]) == [
        "1 opportunity is left out: late; such as A B",
        "1,200 opportunities are left out: no score; such as C D",
    ]


def test_the_largest_number_of_several_tapes_is_said() -> None:
    notes = refusal_notes([built(("late", 2, "A B")), built(("late", 7, "C D")), built()])
    assert notes == ["up to 7 opportunities are left out: late; such as C D"]


def gated(unknown: int, rows: int) -> Any:
    return SimpleNamespace(turns=Turns(2.0, None, unknown), n_rows=rows)


def test_opportunities_without_a_known_regime_have_a_note() -> None:
    none = SimpleNamespace(turns=None, n_rows=10)
    assert regime_notes([none, gated(0, 10)]) == []
    (whole,), (part,) = regime_notes([gated(1200, 1200)]), regime_notes([gated(3, 50), gated(7, 50), none])
    assert whole.startswith("no regime is known yet at all 1,200 opportunities: strategy.share_unknown counts there")
    assert "at up to 7 of 50 opportunities" in part


def test_a_run_that_decides_at_closing_prices_is_called_not_executable() -> None:
    assert close_notes([("open", "snapshot"), ("open",)]) == []
    (note,) = close_notes([("open", "snapshot"), ("open", "close")])
    assert note.startswith("not executable: decisions know closing prices")


def test_bets_that_know_closing_prices_are_never_evidence() -> None:
    line = ["data=sample", "strategy=line_move", "strategy.move_min=.01,.02", "report=false"]
    run = research.sweep([*line, "data.instants=[open,close]"])
    verdict, price = run.verdict(), run.price_verdict()
    assert verdict is not None and not verdict.evidence and run.manifest["data"]["closes_seen"]
    assert not verdict.conditions[-1].holds and "the decisions know closing prices" in verdict.conditions[-1].sentence
    assert price.status == "silent" and "decisions know closing prices" in price.sentence
    honest = research.sweep(["data=sample", "strategy=value", "strategy.edge_min=.01,.02", "report=false"])
    assert "decisions know" not in honest.price_verdict().sentence and not honest.manifest["data"]["closes_seen"]
