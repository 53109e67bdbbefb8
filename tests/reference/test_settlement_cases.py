"""Settlement against 1,125 independently computed cases. In these, a handicap is the selection's own line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.betting.settlement import states
from engine.kernel.settle import settle
from tests.payoff import ending, payoff


def test_every_case(reference_dir: Path) -> None:
    rows = json.loads((reference_dir / "reference" / "settlement.json").read_text())["rows"]
    market, selection, line, home, away, odds, pnl = (list(column) for column in zip(*rows, strict=True))
    home_line = [
        -x if m == "asian_handicap" and s == "away" else x for m, s, x in zip(market, selection, line, strict=True)
    ]
    ends = states(market, home_line, selection, home, away, [None] * len(rows), ["played"] * len(rows))
    assert len(rows) > 1000
    expected = np.array([float(x) for x in pnl])
    assert np.abs(payoff(ends, odds) - expected).max() < 1e-12
    stake = 1e6  # large enough that rounding to minor units does not matter
    paid = [settle(stake, 0.0, o, ending(int(s))) for s, o in zip(ends, odds, strict=True)]
    assert np.abs(np.array(paid) / stake - expected).max() < 1e-9
