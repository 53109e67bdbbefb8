"""Weights of pools out of artifacts, against intervals made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from research.commands.main import main
from research.training.weights import Weight, weights_of
from tests.commands import answer
from tests.research.training.test_train import WORDS

STACK = {
    "model": "stack", "members": [{"model": "elo"}, {"model": "pi"}],
    "pool": {"weights": [0.75, -0.125], "errors": [0.25, 0.5]},
}  # fmt: skip


def test_a_weight_has_its_member_and_its_interval() -> None:
    """1.96 standard errors on both sides."""
    first, second = weights_of(STACK)
    assert (first.model, first.member, first.weight) == ("stack", "elo", 0.75)
    assert (second.member, second.weight) == ("pi", -0.125)
    assert (first.low, first.high) == pytest.approx((0.75 - 0.49, 0.75 + 0.49), abs=1e-4)
    assert (second.low, second.high) == pytest.approx((-0.125 - 0.98, -0.125 + 0.98), abs=1e-4)


def test_pools_inside_of_others_are_found_and_what_is_no_pool_has_none() -> None:
    blend = {"model": "market_blend", "members": [{"model": "market"}, STACK], "pool": STACK["pool"]}
    inner = weights_of({"model": "calibrated", "inner": blend, "calibration": {}})
    assert [(one.model, one.member) for one in inner] == [
        ("market_blend", "market"), ("market_blend", "stack"), ("stack", "elo"), ("stack", "pi"),
    ]  # fmt: skip
    assert weights_of({"model": "elo", "regression": {}}) == ()


def test_the_commands_show_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blend = ["model=market_blend", "model.of=[elo]", "tune.folds=2"]
    assert main(["train", WORDS[0], *WORDS[2:], *blend]) == 0
    shown = capsys.readouterr().out
    (path,) = (home / "data" / "models").glob("*.json")
    market, elo = weights_of(json.loads(path.read_text())["fitted"])
    assert isinstance(market, Weight) and market.member == "market" and elo.member == "elo"
    lines = [line.split() for line in shown.splitlines() if line.strip().startswith("market_blend")]
    expected = [
        ["market_blend", one.member, *(f"{x:.3f}" for x in (one.weight, one.low, one.high))] for one in (market, elo)
    ]
    assert lines == expected
    assert main(["models", "show", path.stem]) == 0 and shown.splitlines()[1] in capsys.readouterr().out
    assert answer(capsys, "models", "show", path.stem, "--json")["weights"] == [vars(market), vars(elo)]
