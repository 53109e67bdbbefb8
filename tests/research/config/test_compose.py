"""Words of the command line have the one form of names."""

from __future__ import annotations

from research.config.compose import Composer


def test_a_name_in_a_word_has_the_form_of_the_store() -> None:
    for name in ("Divisi\u00f3n", "Divisio\u0301n", "Divisi\u00f3n\u200b"):
        assert Composer("backtest").compose([f"data.competitions=['{name}']"]).data.competitions == ["Divisi\u00f3n"]
