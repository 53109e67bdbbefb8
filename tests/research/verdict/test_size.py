"""Yields at level stakes as they are stored."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest

from engine.files import json_line
from research.inference.conditional import Measured
from research.verdict.size import Size


def test_infinity_and_nan_survive_as_null() -> None:
    found = Size(Measured(0.05, 0.02), Measured(0.01, 0.01, 0.4), 0.02, 512)
    assert Size.from_plain(json.loads(json_line(asdict(found)))) == found
    nothing = Size.from_plain(json.loads(json_line(asdict(Size(None, None, math.nan, 0)))))
    assert nothing.selected is None and nothing.ensemble is None and math.isnan(nothing.error)


def test_a_damaged_document_is_none() -> None:
    with pytest.raises(KeyError):
        Size.from_plain({"selected": None, "ensemble": None})
