"""The example of a model of the user's own, put into the home of a test, and edited there."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ROOT


def put(home: Path) -> Path:
    """The file of the example in a home."""
    (home / "models").mkdir()
    return Path(shutil.copy(ROOT / "examples" / "models" / "elo_bands.py", home / "models"))


def edited(file: Path, old: str, new: str) -> None:
    """Other text in the file."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def with_own_elo(file: Path, added: str = "") -> Path:
    """Let the model read a feature of the user's own: that of the project under another name, and more text."""
    feature = file.parents[1] / "features" / "own_elo.py"
    feature.parent.mkdir()
    feature.write_text((ROOT / "research" / "features" / "elo.py").read_text().replace('"elo"', '"own_elo"') + added)
    edited(file, '"elo.diff"', '"own_elo.diff"')
    edited(file, 'features=("elo",)', 'features=("own_elo",)')
    return feature
