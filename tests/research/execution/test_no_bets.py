"""Why a run placed no bet, in words."""

from __future__ import annotations

import pytest

from research.execution.no_bets import _together


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["strategy=value, data.seasons=[a,b]"], "strategy=value, data.seasons=[a,b]"),
        (
            ["alpha=0.05, markets=[totals]", "alpha=0.06, markets=[totals]", "alpha=0.07, markets=[totals]"],
            "alpha=0.05, markets=[totals] (also with alpha=0.06, alpha=0.07)",
        ),
        (["a=1, b=1", "a=2, b=2"], "a=1, b=1 (also with a=2 and b=2)"),
        (["a=1, b=1", "a=1"], "a=1, b=1 or a=1"),
    ],
)
def test_tapes_with_one_cause_are_told_together(settings: list[str], words: str) -> None:
    assert _together(settings) == words
