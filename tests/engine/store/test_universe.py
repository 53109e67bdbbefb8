"""Names of a universe are found in whatever Unicode form they are written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from engine.store import Store, Universe
from tests.engine.store.batches import batch, match


def test_a_name_with_an_accent_is_found_in_both_forms(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch([match("A", "B", date(2021, 8, 14), competition="Primera Divisi\u00f3n")])])
    for name in ("Primera Divisi\u00f3n", "Primera Divisio\u0301n"):
        assert store.events(Universe(competitions=(name,))).height == 1
