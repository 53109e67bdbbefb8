"""Letters of names."""

from __future__ import annotations

import pytest

from engine.names import fold


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nott'm Forest", "nottm forest"),
        ("Nott’m  Forest", "nottm forest"),
        ("Saint-Étienne", "saint etienne"),
        ("1. FC KÖLN", "1 fc koln"),
        ("Preußen", "preussen"),
        ("", ""),
    ],
)
def test_fold(name: str, folded: str) -> None:
    assert fold(name) == folded
