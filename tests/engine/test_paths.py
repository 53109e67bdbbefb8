"""The home of data and runs: chosen, the checkout, or one place for an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import paths


def test_the_home_is_chosen_or_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(tmp_path / "mine"))
    assert paths.home_and_origin() == (tmp_path / "mine", "BEA_HOME")
    monkeypatch.setenv("BEA_HOME", "~/mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.home() == tmp_path / "mine"
    monkeypatch.delenv("BEA_HOME")
    assert paths.home_and_origin() == (Path(paths.__file__).resolve().parents[1], "the checkout")


def test_an_installed_package_has_one_home_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(paths, "_PACKAGES", tmp_path / "site-packages")
    for folder in (tmp_path, tmp_path / "a", tmp_path / "b"):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        assert paths.home_and_origin() == (tmp_path / "bea", "the default")
    monkeypatch.setenv("BEA_HOME", ".")
    assert paths.home() == Path.cwd()
