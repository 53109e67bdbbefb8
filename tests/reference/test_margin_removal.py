"""Margin removal against a reference table computed with 50 digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.odds import METHODS, fair_probabilities


@pytest.mark.parametrize("method", METHODS)
def test_the_high_precision_table(reference_dir: Path, method: str) -> None:
    books = json.loads((reference_dir / "reference" / "margin_removal.json").read_text())["books"]
    with_method = [book for book in books if method in book]
    assert with_method
    for book in with_method:
        fair = fair_probabilities([book["odds"]], method, float(book["target"]))[0]
        expected = [float(digits) for digits in book[method]["prob"]]
        assert np.abs(fair - expected).max() < 1e-14, book["odds"]


def test_shin_is_refused_for_the_books_without_a_reference_value(reference_dir: Path) -> None:
    books = json.loads((reference_dir / "reference" / "margin_removal.json").read_text())["books"]
    without = [book for book in books if "shin" not in book]
    assert without
    for book in without:
        with pytest.raises(ValueError, match="one winner"):
            fair_probabilities([book["odds"]], "shin", float(book["target"]))
