"""Numbers and lines in the forms that files have."""

from __future__ import annotations

import numpy as np

from engine.source.prices import LineRule, read_lines, to_floats
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table


def test_a_number_in_every_form_and_what_is_none() -> None:
    values, empty = to_floats(
        ["\u2212110", " +150 ", "1.95", "", "1,95", "1 000", "１２", "1_0", "0x10", "x", "\u2013", "6."]
    )
    assert values[:3].tolist() == [-110.0, 150.0, 1.95]
    assert np.isnan(values[3:]).all() and empty.tolist() == [False] * 3 + [True] + [False] * 8


def test_a_pick_em_line_is_zero_and_a_wrong_line_is_named() -> None:
    texts = ["PK", "pick'em", "\u22123.5", "-1.1", "12", "EVEN"]
    table, quarantine = Table(["line"], [[text] for text in texts], list(range(2, 8))), Quarantine()
    lines, _ = read_lines(table, "line", LineRule(limit=10.0), quarantine)
    assert lines[:3].tolist() == [0.0, 0.0, -3.5] and np.isnan(lines[3:]).all()
    assert quarantine.frame(Origin("x", "x", ""))["reason"].to_list() == [
        "line is not a multiple of 0.25",
        "line is beyond 10",
        "line is not a number",
    ]
