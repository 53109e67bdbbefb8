"""Values that mean the same have one form; values that do not keep their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from research.config.canonical import canonical

OWN = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Mine:
    name: ClassVar[str] = "mine"
    steps: tuple[float, ...] = (1.0, 2.0)
    word: str = "a"
"""


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("strategy.markets", "1x2", ["1x2"]),
        ("strategy.markets", ["totals", "btts", "totals", "1x2"], ["1x2", "btts", "totals"]),
        ("strategy.fair", "pinnacle", "pinnacle"),
        ("strategy.lines", None, None),
        ("strategy.lines", [3.5, 2.5], [2.5, 3.5]),
        ("strategy.complete_price", True, True),
        ("data.instants", ["snapshot", "close", "open"], ["open", "close", "snapshot"]),
        ("data.decide_at", "before_start:120m", "before_start:2h"),
        ("data.decide_at", "quote", "quote"),
        ("risk.streak_cool_off", "1d", "24h"),
        ("risk.drawdown_reset_after", "720h", "30d"),
        ("execution.delay", "0s", "0d"),
        ("execution.unresolved", {"after": "168h", "settle": "void"}, {"after": "7d", "settle": "void"}),
        ("strategy.odds_min", 1.0, None),
        ("strategy.odds_min", 1.5, 1.5),
        ("risk.one_per_market", True, True),
    ],
)
def test_one_form(key: str, value: Any, wanted: Any) -> None:
    assert canonical(key, value, "value") == wanted
    assert canonical(key, wanted, "value") == wanted, "the form is its own form"


def test_the_order_of_a_users_own_list_may_mean_something(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    assert canonical("strategy.steps", [2.0, 1.0], "mine", str(path)) == [2.0, 1.0]
    assert canonical("strategy.steps", 2.0, "mine", str(path)) == [2.0]
    assert canonical("strategy.word", "b", "mine", str(path)) == "b"


def test_the_shares_of_a_gate_are_in_the_order_of_its_regimes() -> None:
    for shares in ([0.0, 1.0], [1.0, 0.0], [1.0, 1.0]):
        assert canonical("strategy.shares", shares, "regime_gated") == shares, "each of them is another trial"
    assert canonical("strategy.inputs", "volatility", "regime_gated") == ["volatility"]
    assert canonical("strategy.base_parameters", ["price=max", "fair=avg"], "regime_gated") == ["fair=avg", "price=max"]
