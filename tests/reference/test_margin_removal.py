"""Margin removal against a table made with 50 digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.betting import METHODS, fair_probabilities


@pytest.mark.parametrize("method", METHODS)
def test_the_high_precision_table(reference_dir: Path, method: str) -> None:
    books = json.loads((reference_dir / "reference" / "margin_removal.json").read_text())["books"]
    asked = [book for book in books if method in book]
    assert asked
    for book in asked:
        got = fair_probabilities([book["odds"]], method, float(book["target"]))[0]
        want = [float(digits) for digits in book[method]["prob"]]
        assert np.abs(got - want).max() < 1e-14, book["odds"]


def test_where_the_table_has_no_shin_there_is_none(reference_dir: Path) -> None:
    books = json.loads((reference_dir / "reference" / "margin_removal.json").read_text())["books"]
    for book in books:
        if "shin" not in book:
            with pytest.raises(ValueError, match="one winner"):
                fair_probabilities([book["odds"]], "shin", float(book["target"]))
