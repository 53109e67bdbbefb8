"""Matches that the reader finds in real files, against counts worked out without the project.

The acceptance checks (`tests/test_acceptance.py`) hold bets and profits of simple rules on the same stores.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.store.store import Store

FOLDERS = ("football_data", "football_data_leagues", "football_data_rebuilt")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first test may run the acceptance checks


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_match_is_read_and_a_row_without_a_date_is_quarantined(
    folder: str, accepted: Path, reference_dir: Path
) -> None:
    expected = json.loads((reference_dir / "reference" / f"{folder}_results.json").read_text())
    store = Store.open(accepted / "work" / folder / "store")
    played = store.events().filter(status="played")
    assert played.height == expected["n_matches"] == played["event_id"].n_unique()
    assert (str(played["date"].min()), str(played["date"].max())) == (expected["first"], expected["last"])
    assert store.quarantine().filter(kind="row").height == expected["n_rows_without_a_readable_date"]
