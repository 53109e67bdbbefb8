"""Words of the command line have the one form of names; files are read as they are now."""

from __future__ import annotations

from pathlib import Path

from omegaconf import OmegaConf

from research.config.compose import Composer, resolved


def test_a_name_in_a_word_has_the_form_of_the_store() -> None:
    for name in ("Divisi\u00f3n", "Divisio\u0301n", "Divisi\u00f3n\u200b"):
        assert Composer("backtest").compose([f"data.competitions=['{name}']"]).data.competitions == ["Divisi\u00f3n"]


def test_an_edited_file_is_read_again_and_another_command_does_not_see_what_the_last_one_changed(
    tmp_path: Path,
) -> None:
    (tmp_path / "risk").mkdir()
    own = tmp_path / "risk" / "mine.yaml"
    for number in (0.1, 0.2, 0.2):
        own.write_text(f"open_cap_frac: {number}\n")
        config = Composer("backtest", tmp_path).compose(["risk=mine"])
        assert resolved(config)["risk"]["open_cap_frac"] == number
        OmegaConf.set_struct(config, False)
        config.risk.open_cap_frac = 0.9
        config.data.store = "elsewhere"
    assert resolved(Composer("backtest").compose([]))["data"]["store"] != "elsewhere"
