"""Names that may mean the same participant."""

from __future__ import annotations

import pytest

from engine.names import near, near_pairs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Crystal Palace", "Crystal Palace"),
        ("Nott'm Forest", "Nottingham Forest"),
        ("Man United", "Manchester Utd"),
        ("QPR", "Queens Park Rangers"),
        ("M'gladbach", "B. Monchengladbach"),
        ("Ath Madrid", "Atlético Madrid"),
        ("Wolves", "Wolverhampton"),
        ("Ein Frankfurt", "Eintracht Frankfurt"),
        ("Inverness C", "Inverness Caledonian Thistle"),
        ("VVV-Venlo", "VVV Venlo"),
        ("Kaiserslautern", "1. FC Kaiserslautem"),
        ("Carreno Busta P.", "Carreno-Busta P."),
        ("Northport", "Northport Town"),
    ],
)
def test_near(one: str, other: str) -> None:
    assert near(one, other) and near(other, one)
    assert one == other or near_pairs([one, other, "Zq"]) == {tuple(sorted((one, other)))}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Man City", "Man United"),
        ("Sheffield United", "Sheffield Weds"),
        ("Bristol City", "Bristol Rvs"),
        ("Real Madrid", "Real Madrid B"),
        ("Northport", "Northport Women"),
        ("Zverev A.", "Zverev M."),
        ("Beck A.", "Beck K."),
        ("LA", "LAC"),
        ("Porto", "Port Vale"),
        ("Caen", "Castellon"),
        ("Aves", "Rio Ave"),
        ("???", "Northport"),
    ],
)
def test_not_near(one: str, other: str) -> None:
    assert not near(one, other) and not near(other, one)
    assert not near_pairs([one, other])
